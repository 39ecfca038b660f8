"""Arithmetic with PyTorch's promotion, as functions and as the operators of `Tensor`.

The operators try the common case first (same dtype, or a float tensor and a Python number) and call the
primitive directly; everything else goes through `binary`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.adapted import own_copy
from ..core.aval import FLOATS
from ..core.bind import BinaryPrimitive
from ..core.conform import unfit
from ..core.inplace import write
from ..core.single import add_into, subtract_from
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import constant, constant_tensor
from ..core.versions import InferenceVersion, Version
from ..ops import arithmetic as a
from ..ops.complex import cast
from ..ops.views import clone
from . import dtypes
from ._tensor import Tensor, checked_result
from .arguments import invalid_combination, not_implemented
from .dtypes import category
from .promotion import Number, as_operand, result_numpy
from .registry import printed_as, store

_QUIET = modes.NO_GRAD
_LOUD = modes.BOXED
_EITHER = _QUIET | _LOUD


def number_like(number: Any, value: Any) -> Tensor:
    """A Python float or int as a constant tensor to go with `value`, in its dtype."""
    return constant_tensor(Tensor, number, value)  # type: ignore[no-any-return]


def binary(primitive: BinaryPrimitive, x: Any, y: Any, *, true_division: bool = False) -> Tensor:
    """Promote two operands as PyTorch does and call a binary primitive.

    Args:
        primitive: What to compute.
        x: A tensor or a Python number.
        y: Another, of which one is a tensor.
        true_division: Integers become the default float type.

    Raises:
        TypeError: An operand is neither tensor nor number.
    """
    dtype = result_numpy(x, y)
    if true_division and category(dtype) < 2:
        dtype = dtypes.default_numpy
    like = y.value if isinstance(y, Tensor) else x.value if isinstance(x, Tensor) else None
    return primitive.bind2(as_operand(x, dtype, Tensor, like), as_operand(y, dtype, Tensor, like))  # type: ignore[return-value]


def is_operand(x: Any) -> bool:
    """Whether a Python operator accepts `x` beside a tensor: rules of derivatives multiply by arrays."""
    return isinstance(x, (CoreTensor, *Number, np.generic, np.ndarray))


def _operators(
    name: str,
    primitive: BinaryPrimitive,
    check: Callable[..., None] | None = None,
    division: bool = False,
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    bind = primitive.bind2

    def forward(self: Tensor, other: Any) -> Any:
        value = self.value
        if isinstance(other, Tensor):
            d = value.dtype
            if d is other.value.dtype and d in FLOATS:
                return bind(self, other)
        elif (type(other) is float or type(other) is int) and value.dtype in FLOATS:
            return bind(self, constant_tensor(Tensor, other, value))
        elif not is_operand(other):
            return NotImplemented
        if check is not None:
            check(self, other)
        return binary(primitive, self, other, true_division=division)

    def reflected(self: Tensor, other: Any) -> Any:
        value = self.value
        if (type(other) is float or type(other) is int) and value.dtype in FLOATS:
            return bind(constant_tensor(Tensor, other, value), self)
        if not is_operand(other):
            return NotImplemented
        if check is not None:
            check(self, other)
        return binary(primitive, other, self, true_division=division)

    forward.__name__, reflected.__name__ = f"__{name}__", f"__r{name}__"
    return own_copy(forward), own_copy(reflected)


def rsub_(self: Tensor, other: Any) -> Any:
    """`other - self` for a number (or an array)."""
    result = _rsub(self, other)
    return result if result is NotImplemented else printed_as(result, "RsubBackward1")


def rdiv_(self: Tensor, other: Any) -> Any:
    """`other / self` for a number: `self.reciprocal() * other`, as PyTorch computes and rounds it."""
    if not is_operand(other):
        return NotImplemented
    x = cast(self, dtypes.default_numpy) if self.value.dtype.kind in "biu" else self
    return mul_(a.reciprocal.bind1(x), other)


def check_sub(x: Any, y: Any) -> None:
    """Raise for a subtraction of booleans."""
    bools = [
        isinstance(v, bool) or (isinstance(v, Tensor) and v.value.dtype.kind == "b") for v in (x, y)
    ]
    if all(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if any(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert "
            "a mask, use the `~` or `logical_not()` operator instead."
        )


def updated(
    x: Tensor, y: Any, compute: Callable[[Any, Any], Any], general: Callable[..., Any]
) -> Tensor:
    """`x op= y`: straight into the memory when nothing is recorded, else through `core.inplace`.

    Args:
        x: What is written to.
        y: The other operand.
        compute: NumPy's in-place operator.
        general: The operation out of place, with promotion.

    The user's line is taken to be two calls up.
    """
    mode = modes.current()
    value = x.value
    if mode & _EITHER == modes.NO_GRAD and type(value) is np.ndarray and isinstance(y, Tensor):
        version = x.version or x.shared_version()
        other = y.value
        if (
            other.dtype is value.dtype and other.shape == value.shape
            and type(version) is Version and value.flags.writeable
        ):  # fmt: skip
            compute(value, other)
            version.bump(4)
            return x
    quiet = mode & _QUIET or (
        x.edge is None
        and x.view_of is None
        and not (isinstance(y, Tensor) and y.current_edge() is not None)
    )
    if quiet and not mode & _LOUD:
        if isinstance(y, Tensor):
            other = y.value if y.value.dtype is value.dtype else None
        else:
            other = (
                constant(y, value.dtype, value)
                if type(y) in (int, float) and value.dtype.kind == "f"
                else None
            )
        counter = x.version
        if isinstance(counter, InferenceVersion):
            counter.check_write()
        if other is not None and (type(value) is not np.ndarray or value.flags.writeable):
            try:
                if type(value) is np.ndarray:
                    compute(value, other)
                elif other.shape == ():
                    x.value = compute(value, other)[()]
                else:
                    return write(x, lambda old: general(old, y))  # type: ignore[return-value]
            except ValueError as error:
                if "output" in str(error):
                    shape = np.broadcast_shapes(value.shape, other.shape)
                    raise RuntimeError(
                        f"output with shape {list(value.shape)} doesn't match the broadcast shape {list(shape)}"
                    ) from error
                raise unfit(a.add, (value, other), {}, error) from error
            if counter is None:
                counter = x.version = Version()
            counter.bump(4)
            return x
    return write(x, lambda old: checked_result(x, general(old, y)))  # type: ignore[return-value]


add_, radd_ = _operators("add", a.add)
sub_, _rsub = _operators("sub", a.sub, check_sub)
mul_, rmul_ = _operators("mul", a.mul)
div_, _ = _operators("truediv", a.div, division=True)


def iadd(self: Tensor, other: Any) -> Tensor:
    """`self += other`."""
    return updated(self, other, add_into, add_)


def isub(self: Tensor, other: Any) -> Tensor:
    """`self -= other`."""
    return updated(self, other, subtract_from, sub_)


def imul(self: Tensor, other: Any) -> Tensor:
    """`self *= other`."""
    return updated(self, other, operator.imul, mul_)


def itruediv(self: Tensor, other: Any) -> Tensor:
    """`self /= other`."""
    return updated(self, other, operator.itruediv, div_)


def power(self: Any, exponent: Any) -> Any:
    """`self ** exponent`; a number among the two needs no gradient.

    Raises:
        RuntimeError: Integers to a negative number.
        NotImplementedError: Booleans to booleans.
    """
    if isinstance(self, Tensor):
        kind = self.value.dtype.kind
        if kind in "fcV" and (type(exponent) is int or type(exponent) is float):
            if exponent == 2:
                return a.square.bind1(self)
            return a.power.bind(self, exponent=exponent)
    if not (is_operand(self) and is_operand(exponent)):
        return NotImplemented
    dtype = result_numpy(self, exponent)
    if not isinstance(exponent, (CoreTensor, np.ndarray)):
        exponent = exponent.item() if isinstance(exponent, np.generic) else exponent
        if dtype.kind in "biu" and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        x = as_operand(self, dtype, Tensor)
        return (
            clone(x)
            if dtype.kind == "b"
            else a.power.bind(x, exponent=int(exponent) if dtype.kind in "iu" else exponent)
        )
    if dtype.kind == "b":
        raise not_implemented("pow", dtype)
    if isinstance(self, CoreTensor) or dtype.kind in "iu":
        return binary(a.pow, self, exponent)
    base = self.item() if isinstance(self, np.generic) else self
    return a.rpow.bind(as_operand(exponent, dtype, Tensor), base=base)


def _rounded(name: str, primitive: BinaryPrimitive, kernel: str, doc: str) -> Callable[..., Any]:
    """`remainder` or `floor_divide`, which refuse booleans and complex numbers."""

    def function(input: Any, other: Any, *, out: Any = None) -> Any:
        if not (is_operand(input) and is_operand(other)) or not (
            isinstance(input, CoreTensor) or isinstance(other, CoreTensor)
        ):
            raise invalid_combination(name, (input, other))
        dtype = result_numpy(input, other)
        if dtype.kind in "bc":
            raise not_implemented(kernel, dtype)
        result = binary(primitive, input, other)
        if not isinstance(other, CoreTensor):
            printed_as(result, "RemainderBackward0")
        return store(out, result, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


remainder = _rounded(
    "remainder", a.remainder, "remainder_cpu",
    "input - other * floor(input / other), with the sign of `other`; a number may stand for either.\n\n"
    "Raises:\n    RuntimeError: An integer divided by zero.\n    NotImplementedError: Booleans or complex numbers.",
)  # fmt: skip
floor_divide = _rounded(
    "floor_divide", a.floor_divide, "div_floor_cpu",
    "floor(input / other); a number may stand for either. Nothing flows back.\n\n"
    "Raises:\n    RuntimeError: An integer divided by zero.\n    NotImplementedError: Booleans or complex numbers.",
)  # fmt: skip


def _checked(function: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    """An operator on a function: NotImplemented for what is no operand."""

    def operator(self: Tensor, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        return function(other, self) if reflected else function(self, other)

    return operator


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        return write(self, lambda old: checked_result(self, function(old, other)))

    return operator


def install() -> None:
    """Give `Tensor` its arithmetic operators."""
    operators = {
        "__add__": add_, "__radd__": radd_, "__iadd__": iadd,
        "__sub__": sub_, "__rsub__": rsub_, "__isub__": isub,
        "__mul__": mul_, "__rmul__": rmul_, "__imul__": imul,
        "__truediv__": div_, "__rtruediv__": rdiv_, "__itruediv__": itruediv,
        "__rdiv__": rdiv_, "__pow__": power, "__rpow__": _checked(power, True), "__ipow__": _in_place(power),
        "__mod__": _checked(remainder), "__rmod__": _checked(remainder, True), "__imod__": _in_place(remainder),
        "__floordiv__": _checked(floor_divide), "__rfloordiv__": _checked(floor_divide, True),
        "__ifloordiv__": _in_place(floor_divide),
    }  # fmt: skip
    for name, function in operators.items():
        function.__name__ = name
        setattr(Tensor, name, function)


install()
