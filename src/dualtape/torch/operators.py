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
from ..core.bind import BinaryPrimitive
from ..core.conform import unfit
from ..core.graph import Version
from ..core.inplace import write
from ..core.tensor import constant, wrap
from ..ops import arithmetic as a
from . import dtypes
from .dtypes import category
from .promotion import Number, as_operand, result_numpy
from ._tensor import Tensor, checked_result

_QUIET = modes.NO_GRAD
_LOUD = modes.BOXED


def number_like(number: Any, value: Any) -> Tensor:
    """A Python number as a constant tensor to go with `value`, in its dtype."""
    return wrap(Tensor, constant(number, value.dtype, value))  # type: ignore[return-value]


def binary(primitive: BinaryPrimitive, x: Any, y: Any, *, true_division: bool = False) -> Tensor:
    """Promote two operands as PyTorch does and call a binary primitive.

    Args:
        primitive: What to compute.
        x, y: Tensors or Python numbers, at least one tensor.
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
    """Whether a Python operator accepts `x` beside a tensor."""
    return isinstance(x, (Tensor, *Number, np.generic)) or hasattr(type(x), "edge")


def _operators(
    name: str, primitive: BinaryPrimitive, check: Callable[..., None] | None = None, division: bool = False
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    bind = primitive.bind2

    def forward(self: Tensor, other: Any) -> Any:
        value = self.value
        if isinstance(other, Tensor):
            d = value.dtype
            if d is other.value.dtype and d.kind == "f":
                return bind(self, other)
        elif (type(other) is float or type(other) is int) and value.dtype.kind == "f":
            return bind(self, number_like(other, value))
        elif not is_operand(other):
            return NotImplemented
        if check is not None:
            check(self, other)
        return binary(primitive, self, other, true_division=division)

    def reflected(self: Tensor, other: Any) -> Any:
        value = self.value
        if (type(other) is float or type(other) is int) and value.dtype.kind == "f":
            return bind(number_like(other, value), self)
        if not is_operand(other):
            return NotImplemented
        if check is not None:
            check(self, other)
        return binary(primitive, other, self, true_division=division)

    forward.__name__, reflected.__name__ = f"__{name}__", f"__r{name}__"
    return forward, reflected


def check_sub(x: Any, y: Any) -> None:
    """Raise for a subtraction of booleans."""
    bools = [isinstance(v, bool) or (isinstance(v, Tensor) and v.value.dtype.kind == "b") for v in (x, y)]
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


def updated(x: Tensor, y: Any, compute: Callable[[Any, Any], Any], general: Callable[..., Any]) -> Tensor:
    """`x op= y`: straight into the memory when nothing is recorded, else through `core.inplace`."""
    mode = modes.current()
    value = x.value
    quiet = mode & _QUIET or (x.edge is None and x.view_of is None and getattr(y, "edge", None) is None)
    if quiet and not mode & _LOUD:
        if isinstance(y, Tensor):
            other = y.value if y.value.dtype is value.dtype else None
        else:
            other = constant(y, value.dtype, value) if type(y) in (int, float) and value.dtype.kind == "f" else None
        if other is not None:
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
            version = x.version
            if version is None:
                version = x.version = Version()
            version.bump()
            return x
    return write(x, lambda old: checked_result(x, general(old, y)))  # type: ignore[return-value]


add_, radd_ = _operators("add", a.add)
sub_, rsub_ = _operators("sub", a.sub, check_sub)
mul_, rmul_ = _operators("mul", a.mul)
div_, rdiv_ = _operators("truediv", a.div, division=True)


def iadd(self: Tensor, other: Any) -> Tensor:
    """`self += other`."""
    return updated(self, other, operator.iadd, add_)


def isub(self: Tensor, other: Any) -> Tensor:
    """`self -= other`."""
    return updated(self, other, operator.isub, sub_)


def imul(self: Tensor, other: Any) -> Tensor:
    """`self *= other`."""
    return updated(self, other, operator.imul, mul_)


def itruediv(self: Tensor, other: Any) -> Tensor:
    """`self /= other`."""
    return updated(self, other, operator.itruediv, div_)


def power(self: Any, exponent: Any) -> Tensor:
    """`self ** exponent`: by number, where the exponent needs no gradient, or element by element.

    Raises:
        RuntimeError: Integers to a negative integer power.
    """
    if isinstance(self, Tensor) and isinstance(exponent, (int, float)) and not isinstance(exponent, bool):
        kind = self.value.dtype.kind
        if kind in "fcV":
            if exponent == 2:
                return a.square.bind1(self)  # type: ignore[no-any-return]
            return a.power.bind(self, exponent=exponent)  # type: ignore[no-any-return]
        if kind in "iu" and isinstance(exponent, int) and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary(a.pow, self, exponent)


def neg(self: Tensor) -> Tensor:
    """`-self`.

    Raises:
        RuntimeError: A bool tensor.
    """
    if self.value.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return a.neg.bind1(self)  # type: ignore[no-any-return]


def install() -> None:
    """Give `Tensor` its arithmetic operators."""
    operators = {
        "__add__": add_, "__radd__": radd_, "__iadd__": iadd,
        "__sub__": sub_, "__rsub__": rsub_, "__isub__": isub,
        "__mul__": mul_, "__rmul__": rmul_, "__imul__": imul,
        "__truediv__": div_, "__rtruediv__": rdiv_, "__itruediv__": itruediv,
        "__neg__": neg,
        "__pow__": power, "__rpow__": lambda self, other: power(other, self),
    }  # fmt: skip
    for name, function in operators.items():
        setattr(Tensor, name, function)


install()
