"""Comparisons, predicates, logic and bits: functions, methods and the operators of `Tensor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.tensor import Tensor as CoreTensor
from ..ops import compare
from ._tensor import Tensor, concrete
from .arguments import invalid_combination, not_implemented, tensor_argument
from .creation import finished
from .dtypes import scalar_name
from .operators import is_operand, number_like
from .pointwise_binary import as_operands
from .promotion import result_numpy
from .registry import in_place, install, method, store

Function = Callable[..., Tensor]


# --- comparisons ------------------------------------------------------------------------------------


def _comparison(
    name: str, primitive: Any, dunder: str, aliases: Sequence[str] = (), ordered: bool = True
) -> Function:
    """A comparison of a tensor with a tensor or a number: function, methods and operator."""
    bind = primitive.bind2

    def compared(self: Any, other: Any) -> Tensor:
        if isinstance(self, Tensor):
            value = self.value
            d = value.dtype
            if isinstance(other, Tensor):
                if d is other.value.dtype and (d.kind != "c" or not ordered):
                    return bind(self, other)  # type: ignore[no-any-return]
            elif d.kind == "f" and (type(other) is float or type(other) is int):
                return bind(self, number_like(other, value))  # type: ignore[no-any-return]
        d = result_numpy(self, other)
        if ordered and d.kind == "c":
            raise not_implemented(f"{name}_cpu", d)
        return bind(*as_operands(self, other, d))  # type: ignore[no-any-return]

    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        if not isinstance(input, CoreTensor) or not is_operand(other):
            raise invalid_combination(name, (input, other))
        return store(out, compared(input, other), name)

    def operator(self: Tensor, other: Any) -> Any:
        return compared(self, other) if is_operand(other) else NotImplemented

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"`{name}`, element by element, as booleans; `other` may be a number.\n\n"
        "Raises:\n    TypeError: An operand is neither tensor nor number."
        + ("\n    NotImplementedError: Complex numbers have no order." if ordered else "")
    )
    operator.__name__ = dunder
    setattr(Tensor, dunder, operator)
    for n in (name, *aliases):
        setattr(Tensor, n, function)
        setattr(Tensor, n + "_", in_place(function, n + "_"))
    return function


eq = _comparison("eq", compare.eq, "__eq__", ordered=False)
ne = not_equal = _comparison("ne", compare.ne, "__ne__", ("not_equal",), ordered=False)
lt = less = _comparison("lt", compare.lt, "__lt__", ("less",))
le = less_equal = _comparison("le", compare.le, "__le__", ("less_equal",))
gt = greater = _comparison("gt", compare.gt, "__gt__", ("greater",))
ge = greater_equal = _comparison("ge", compare.ge, "__ge__", ("greater_equal",))


@method()
def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and equal elements; NaN equals nothing.

    Raises:
        TypeError: An operand is no tensor.
    """
    x, y = tensor_argument("equal", input), tensor_argument("equal", other, "other", 2)
    a, b = concrete(x.value, "equal()"), concrete(y.value, "equal()")
    return tuple(a.shape) == tuple(b.shape) and bool(np.all(a == b))


def _both_close(name: str, input: Any, other: Any) -> tuple[Tensor, Tensor]:
    x, y = tensor_argument(name, input), tensor_argument(name, other, "other", 2)
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            f"{scalar_name(x.value.dtype)} did not match {scalar_name(y.value.dtype)}"
        )
    return x, y


@method()
def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, element by element.

    Raises:
        RuntimeError: The dtypes differ, or a tolerance is negative.
    """
    x, y = _both_close("isclose", input, other)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")
    return compare.isclose(x, y, rtol, atol, equal_nan)  # type: ignore[no-any-return]


@method()
def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close, see `isclose`."""
    return bool(np.all(concrete(isclose(input, other, rtol, atol, equal_nan).value, "allclose()")))


def isin(
    elements: Any,
    test_elements: Any,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    out: Any = None,
) -> Tensor:
    """Whether each of `elements` is among `test_elements`; either may be a number.

    Raises:
        TypeError: Neither is a tensor.
    """
    if not (is_operand(elements) and is_operand(test_elements)) or not (
        isinstance(elements, CoreTensor) or isinstance(test_elements, CoreTensor)
    ):
        raise invalid_combination("isin", (elements, test_elements))
    x, y = as_operands(elements, test_elements, result_numpy(elements, test_elements))
    if isinstance(x.value, Box) or isinstance(y.value, Box):
        rows: Any = x
        others: Any = y
        same = (rows.unsqueeze(-1) == others.reshape(-1)).any(-1)
        return store(out, ~same if invert else same, "isin")
    found = np.isin(concrete(x.value, "isin()"), concrete(y.value, "isin()"), assume_unique, invert)
    return store(out, finished(found if found.ndim else found[()]), "isin")


# --- predicates -------------------------------------------------------------------------------------


def _predicate(
    name: str,
    primitive: Any,
    integers: bool | None = None,
    real: Callable[[], Exception] | None = None,
) -> Function:
    """A predicate of one tensor.

    Args:
        name: Its name.
        primitive: What it computes.
        integers: What it is for all integers, if that is settled.
        real: The error for complex numbers, if it refuses them.
    """

    def function(input: Any, *, out: Any = None) -> Tensor:
        x = tensor_argument(name, input)
        kind = x.value.dtype.kind
        if kind == "c" and real is not None:
            raise real()
        if kind in "biu" and integers is not None:
            return store(out, finished(np.full(tuple(x.value.shape), integers)), name)
        return store(out, primitive.bind1(x), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name}`, element by element, as booleans."
    setattr(Tensor, name, function)
    return function


isnan = _predicate("isnan", compare.isnan, integers=False)
isinf = _predicate("isinf", compare.isinf, integers=False)
isfinite = _predicate("isfinite", compare.isfinite, integers=True)
isposinf = _predicate(
    "isposinf",
    compare.isposinf,
    integers=False,
    real=lambda: RuntimeError("isposinf does not support complex inputs."),
)
isneginf = _predicate(
    "isneginf",
    compare.isneginf,
    integers=False,
    real=lambda: RuntimeError("isneginf does not support complex inputs."),
)
isreal = _predicate("isreal", compare.isreal)
signbit = _predicate(
    "signbit", compare.signbit,
    real=lambda: NotImplementedError("signbit is not implemented for complex tensors."),
)  # fmt: skip
logical_not = _predicate("logical_not", compare.logical_not)
install({"logical_not_": in_place(logical_not, "logical_not_")})


# --- logic ------------------------------------------------------------------------------------------


def _logical(name: str, primitive: Any) -> Function:
    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        x, y = tensor_argument(name, input), tensor_argument(name, other, "other", 2)
        operands = [t if t.value.dtype.kind == "b" else compare.ne(t, _zero(t)) for t in (x, y)]
        return store(out, primitive.bind2(*operands), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name}` of whether the elements are non-zero."
    setattr(Tensor, name, function)
    setattr(Tensor, name + "_", in_place(function, name + "_"))
    return function


def _zero(t: Tensor) -> Tensor:
    return number_like(0, t.value)


logical_and = _logical("logical_and", compare.logical_and)
logical_or = _logical("logical_or", compare.logical_or)
logical_xor = _logical("logical_xor", compare.logical_xor)


# --- bits -------------------------------------------------------------------------------------------


def _bitwise(name: str, primitive: Any, dunder: str, kernel: str, shift: bool = False) -> Function:
    """An operation on the bits of integers (for shifts: not booleans), and the Python operators for it."""
    refused = "fcVb" if shift else "fcV"

    def computed(x: Any, y: Any, promote_bool: bool = False) -> Tensor:
        d = result_numpy(x, y)
        if d.kind == "b" and promote_bool:
            d = np.dtype(np.int64)
        if d.kind in refused:
            raise not_implemented(kernel, d)
        return primitive.bind2(*as_operands(x, y, d))  # type: ignore[no-any-return]

    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        if not (is_operand(input) and is_operand(other)) or not (
            isinstance(input, CoreTensor) or isinstance(other, CoreTensor)
        ):
            raise invalid_combination(name, (input, other))
        return store(out, computed(input, other), name)

    def forward(self: Tensor, other: Any) -> Any:
        return computed(self, other, shift) if is_operand(other) else NotImplemented

    def reflected(self: Tensor, other: Any) -> Any:
        return computed(other, self, shift) if is_operand(other) else NotImplemented

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"`{name}` of integers{'' if shift else ' or booleans'}; a number may stand for either operand.\n\n"
        "Raises:\n    NotImplementedError: Another dtype."
    )
    setattr(Tensor, name, function)
    setattr(Tensor, name + "_", in_place(function, name + "_"))
    forward.__name__, reflected.__name__ = f"__{dunder}__", f"__r{dunder}__"
    setattr(Tensor, f"__{dunder}__", forward)
    setattr(Tensor, f"__r{dunder}__", reflected)
    setattr(Tensor, f"__i{dunder}__", in_place(forward, f"__i{dunder}__"))
    return function


bitwise_and = _bitwise("bitwise_and", compare.bitwise_and, "and", "bitwise_and_cpu")
bitwise_or = _bitwise("bitwise_or", compare.bitwise_or, "or", "bitwise_or_cpu")
bitwise_xor = _bitwise("bitwise_xor", compare.bitwise_xor, "xor", "bitwise_xor_cpu")
bitwise_left_shift = _bitwise(
    "bitwise_left_shift", compare.left_shift, "lshift", "lshift_cpu", shift=True
)
bitwise_right_shift = _bitwise(
    "bitwise_right_shift", compare.right_shift, "rshift", "rshift_cpu", shift=True
)


@method(inplace=True)
def bitwise_not(input: Any, *, out: Any = None) -> Tensor:
    """The bits of integers, or booleans, inverted.

    Raises:
        NotImplementedError: Another dtype.
    """
    x = tensor_argument("bitwise_not", input)
    if x.value.dtype.kind in "fcV":
        raise not_implemented("bitwise_not_cpu", x.value.dtype)
    return store(out, compare.bitwise_not.bind1(x), "bitwise_not")


def _invert(self: Tensor) -> Tensor:
    """`~self`.

    Raises:
        TypeError: Not an integer or boolean tensor.
    """
    if self.value.dtype.kind in "fcV":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return compare.bitwise_not.bind1(self)  # type: ignore[no-any-return]


install({"__invert__": _invert})


def _whole_numbers(name: str, primitive: Any) -> Function:
    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        x, y = tensor_argument(name, input), tensor_argument(name, other, "other", 2)
        d = result_numpy(x, y)
        if d.kind not in "iu":
            raise not_implemented(f"{name}_cpu", d)
        return store(out, primitive.bind2(*as_operands(x, y, d)), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{primitive.__doc__}\n\nRaises:\n    NotImplementedError: Not integers."
    setattr(Tensor, name, function)
    setattr(Tensor, name + "_", in_place(function, name + "_"))
    return function


gcd = _whole_numbers("gcd", compare.gcd)
lcm = _whole_numbers("lcm", compare.lcm)

__all__ = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "eq", "equal", "gcd", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "lcm", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor",
    "lt", "ne", "not_equal", "signbit",
]  # fmt: skip
