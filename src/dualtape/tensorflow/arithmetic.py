"""Elementwise operations of two operands, as functions, and as the operators of tensors and variables.

Operands of one dtype go straight to the primitive; everything else through `convert.operands`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.adapted import own_copy
from ..core.aval import FLOATS
from ..core.bind import BinaryPrimitive
from ..core.boxes import Box
from ..core.errors import ShapeError
from ..core.tensor import Tensor, constant_tensor
from ..ops import arithmetic as a
from ..ops import compare as c
from ..ops.complex import cast
from ..ops.numbers import abs_
from ..ops.tf_choices import pow_bare
from . import kernels as k
from .convert import as_tensor, operands
from .hosted import on_numbers
from .kernels import ANYTHING, Dtypes, check_dtype
from .raising import incompatible_shapes, kernel_error
from .tensor import EagerTensor, Readable, tensor

Function = Callable[..., Any]


def binary(
    op: str, primitive: BinaryPrimitive, allowed: Dtypes, doc: str, *, strict: bool = True
) -> Function:
    """Make the function of two operands that TensorFlow calls `op`.

    Args:
        op: The name in error messages.
        primitive: What to compute.
        allowed: The dtypes it takes.
        doc: What it computes.
        strict: See `convert.operands`.
    """
    bind = primitive.bind2
    kinds = allowed.kinds

    def function(x: Any, y: Any, name: str | None = None) -> EagerTensor:
        if isinstance(x, Readable):
            x = x._read()
        if isinstance(y, Readable):
            y = y._read()
        if (
            x.__class__ is not EagerTensor
            or y.__class__ is not EagerTensor
            or x.value.dtype is not y.value.dtype
        ):
            x, y = operands(op, x, y, strict=strict)
        if x.value.dtype.kind not in kinds:
            check_dtype(op, x.value.dtype, allowed)
        try:
            return bind(x, y)  # type: ignore[return-value]
        except ShapeError as error:
            raise incompatible_shapes(op, x.value.shape, y.value.shape) from error

    function.__doc__ = f"""{doc}

    Args:
        x: A tensor, or what one can be made of.
        y: As `x`, of the same dtype; the shapes broadcast.
        name: Not used.

    Raises:
        InvalidArgumentError: The dtypes differ, or have no kernel, or the shapes do not broadcast.
    """
    return own_copy(function)


def operator_pair(
    op: str, primitive: BinaryPrimitive, function: Function, kinds: str
) -> tuple[Function, Function]:
    """The operator and its reflection: for a float tensor and a Python number or another, no detours."""
    bind = primitive.bind2

    def forward(self: EagerTensor, other: Any) -> Any:
        if self.__class__ is EagerTensor:
            value = self.value
            cls = other.__class__
            if cls is not EagerTensor:
                if (cls is float or cls is int) and value.dtype in FLOATS:
                    return bind(self, constant_tensor(EagerTensor, other, value))
                if isinstance(other, Readable):
                    other = other._read()
                    cls = other.__class__
            if cls is EagerTensor:
                dtype = value.dtype
                if dtype is other.value.dtype and dtype.kind in kinds:
                    try:
                        return bind(self, other)
                    except ShapeError as error:
                        raise incompatible_shapes(op, value.shape, other.value.shape) from error
        if not is_operand(other):
            return NotImplemented
        return function(self, other)

    def reflected(self: EagerTensor, other: Any) -> Any:
        if self.__class__ is EagerTensor:
            value = self.value
            cls = other.__class__
            if (cls is float or cls is int) and value.dtype in FLOATS:
                return bind(constant_tensor(EagerTensor, other, value), self)
        if not is_operand(other):
            return NotImplemented
        return function(like(other, self), self)

    return own_copy(forward), own_copy(reflected)


def is_operand(other: Any) -> bool:
    """Whether an operator takes `other`, rather than leaving it to the reflected operator of `other`."""
    return isinstance(
        other,
        (Tensor, Readable, int, float, complex, np.ndarray, np.generic, list, tuple, str, bytes),
    ) or not hasattr(type(other), "__radd__")


def like(other: Any, x: EagerTensor) -> Any:
    """The left operand of a reflected operator; an array too takes the dtype of the tensor."""
    return other if isinstance(other, (Tensor, Readable)) else as_tensor(other, x.value.dtype)


# --- functions --------------------------------------------------------------------------------------

add = binary("AddV2", a.add, k.ADDED, "Return x + y.", strict=False)
subtract = binary("Sub", a.sub, k.SUBTRACTED, "Return x - y.", strict=False)
multiply = binary("Mul", a.mul, k.MULTIPLIED, "Return x * y.", strict=False)
realdiv = binary("RealDiv", a.div, k.INEXACT, "Return x / y for inexact dtypes.")

# True division of integers is done in a floating dtype that holds them.
_QUOTIENT = {
    np.dtype(t): np.dtype(f)
    for f, types in (
        (np.float32, (np.int8, np.uint8, np.int16, np.uint16)),
        (np.float64, (np.int32, np.uint32, np.int64, np.uint64)),
    )
    for t in types
}


def truediv(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x / y, integers divided as floats: float32 for up to 16 bits, else float64.

    Raises:
        TypeError: The dtypes differ.
        InvalidArgumentError: The shapes do not broadcast, or the dtype is bool.
    """
    if not isinstance(x, (Tensor, Readable)) and isinstance(y, (Tensor, Readable)):
        x = like(x, as_tensor(y))
    x = as_tensor(x)
    y = as_tensor(y, x.value.dtype)
    if x.value.dtype != y.value.dtype:
        raise TypeError(f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}.")
    wide = _QUOTIENT.get(x.value.dtype)
    return realdiv(x, y) if wide is None else realdiv(cast(x, wide), cast(y, wide))  # type: ignore[no-any-return]


def divide(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x / y as Python does; see `truediv`."""
    return truediv(x, y)


def _no_zero_divisor(op: str, function: Function) -> Function:
    def checked(x: Any, y: Any, name: str | None = None) -> EagerTensor:
        x, y = operands(op, x, y)
        # Where there are no numbers yet, the operation looks at them itself: see `raising.from_program`.
        if y.value.dtype.kind in "iu" and not isinstance(y.value, Box) and not np.all(y.value):
            raise kernel_error(op, "Integer division by zero")
        return function(x, y)  # type: ignore[no-any-return]

    checked.__doc__ = function.__doc__
    return checked


floordiv = _no_zero_divisor(
    "FloorDiv", binary("FloorDiv", a.floor_divide, k.MULTIPLIED, "Return floor(x / y).")
)
floormod = _no_zero_divisor(
    "FloorMod", binary("FloorMod", a.remainder, k.REMAINDERS, "Return x - y * floor(x / y).")
)
truncatemod = _no_zero_divisor(
    "TruncateMod", binary("TruncateMod", a.fmod, k.TRUNCATED, "Return x - y * trunc(x / y).")
)

_pow = binary("Pow", pow_bare, k.POWERS, "Return x ** y.")


def _not_negative(y: Any) -> Any:
    if np.any(y < 0):
        raise kernel_error("Pow", "Integers to negative integer powers are not allowed")
    return y


def pow(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x ** y.

    Raises:
        InvalidArgumentError: The dtypes differ, the shapes do not broadcast, or an integer is raised to a
            negative power.
        TypeError: A Python number does not fit the other operand's dtype.
    """
    if (
        isinstance(y, (int, float))
        and y
        and isinstance(x, EagerTensor)
        and x.value.dtype.kind in "fV"
    ):
        # The rule for a constant exponent takes no logarithm.
        if y == 2:
            return a.square.bind1(x)  # type: ignore[no-any-return]
        return a.power(x, exponent=y)  # type: ignore[no-any-return]
    x, y = operands("Pow", x, y, strict=True)
    if x.value.dtype.kind == "i":
        v = on_numbers(_not_negative, y.value.shape, y.value.dtype, y.value)
        y = y if v is y.value else tensor(v)
    return _pow(x, y)  # type: ignore[no-any-return]


def neg(x: Any, name: str | None = None) -> EagerTensor:
    """Return -x.

    Raises:
        InvalidArgumentError: The dtype is bool, string or unsigned.
    """
    x = x if x.__class__ is EagerTensor else as_tensor(x)
    if x.value.dtype.kind not in "fciV":
        check_dtype("Neg", x.value.dtype, k.SIGNED_COMPLEX)
    return a.neg.bind1(x)  # type: ignore[no-any-return]


negative = neg


def absolute(x: Any, name: str | None = None) -> EagerTensor:
    """Return the absolute value of x, real for complex x.

    Raises:
        InvalidArgumentError: The dtype is bool, unsigned or string.
    """
    x = as_tensor(x)
    if x.value.dtype.kind not in "fcVi":
        check_dtype("Abs", x.value.dtype, k.SIGNED)
    return abs_(x)  # type: ignore[no-any-return]


# --- comparisons ------------------------------------------------------------------------------------

less = binary("Less", c.lt, k.REALS, "Return x < y.")
less_equal = binary("LessEqual", c.le, k.REALS, "Return x <= y.")
greater = binary("Greater", c.gt, k.REALS, "Return x > y.")
greater_equal = binary("GreaterEqual", c.ge, k.REALS, "Return x >= y.")
equal = binary("Equal", c.eq, ANYTHING, "Return x == y.")
not_equal = binary("NotEqual", c.ne, ANYTHING, "Return x != y.")


def equality(op: str, function: Function, unequal: bool) -> Function:
    """`==` or `!=`: shapes that do not broadcast are simply not equal, and neither is None."""

    def compare(self: EagerTensor, other: Any) -> Any:
        if other is None:
            return unequal
        x, y = operands(op, self, other, strict=True)
        try:
            return function(x, y)
        except Exception as error:
            if isinstance(error.__cause__, ShapeError):
                return tensor(np.bool_(unequal))
            raise

    return compare


# --- logic and bits ---------------------------------------------------------------------------------


def _logical(op: str, primitive: BinaryPrimitive, doc: str) -> Function:
    def function(x: Any, y: Any, name: str | None = None) -> EagerTensor:
        x, y = operands(op, boolean(x), boolean(y))
        try:
            return primitive.bind2(x, y)  # type: ignore[return-value]
        except ShapeError as error:
            raise incompatible_shapes(op, x.value.shape, y.value.shape) from error

    function.__doc__ = f"""{doc}

    Raises:
        InvalidArgumentError: The shapes do not broadcast, or a tensor is not bool.
        TypeError: A Python value is not bool.
    """
    return function


def boolean(x: Any) -> EagerTensor:
    """A tensor of booleans.

    Raises:
        TypeError: Python values that are not.
    """
    return as_tensor(x) if isinstance(x, (Tensor, Readable)) else _from_python_bool(x)


def _from_python_bool(x: Any) -> EagerTensor:
    out = as_tensor(x)
    if out.value.dtype.kind != "b":
        raise TypeError(f"Cannot convert {x!r} to EagerTensor of dtype bool")
    return out


logical_and = _logical("LogicalAnd", c.logical_and, "Return whether both x and y are true.")
logical_or = _logical("LogicalOr", c.logical_or, "Return whether x or y is true.")


def logical_not(x: Any, name: str | None = None) -> EagerTensor:
    """Return whether x is false."""
    return c.logical_not(boolean(x))  # type: ignore[no-any-return]


def logical_xor(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return whether exactly one of x and y is true."""
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)))  # type: ignore[no-any-return]


def _bitwise(op: str, primitive: BinaryPrimitive, logical: Function, doc: str) -> Function:
    bits = binary(op, primitive, k.INTEGERS, doc)

    def function(x: Any, y: Any, name: str | None = None) -> EagerTensor:
        x, y = operands(op, x, y, strict=True)
        return logical(x, y) if x.value.dtype.kind == "b" else bits(x, y)  # type: ignore[no-any-return]

    return function


bitwise_and = _bitwise("BitwiseAnd", c.bitwise_and, logical_and, "Return x & y.")
bitwise_or = _bitwise("BitwiseOr", c.bitwise_or, logical_or, "Return x | y.")
bitwise_xor = _bitwise("BitwiseXor", c.bitwise_xor, logical_xor, "Return x ^ y.")


def invert(x: Any, name: str | None = None) -> EagerTensor:
    """Return ~x: the complement of the bits, or of a truth value."""
    x = as_tensor(x)
    if x.value.dtype.kind != "b":
        check_dtype("Invert", x.value.dtype, k.INTEGERS)
    return c.bitwise_not(x)  # type: ignore[no-any-return]


# --- the operators of tensors and variables -----------------------------------------------------------

_OPERATORS = {
    "add": operator_pair("AddV2", a.add, add, k.ADDED.kinds),
    "sub": operator_pair("Sub", a.sub, subtract, k.SUBTRACTED.kinds),
    "mul": operator_pair("Mul", a.mul, multiply, k.MULTIPLIED.kinds),
    "truediv": operator_pair("RealDiv", a.div, truediv, k.INEXACT.kinds),
}


def _slow_pair(function: Function) -> tuple[Function, Function]:
    def forward(self: EagerTensor, other: Any) -> Any:
        return function(self, other) if is_operand(other) else NotImplemented

    def reflected(self: EagerTensor, other: Any) -> Any:
        return function(like(other, self), self) if is_operand(other) else NotImplemented

    return forward, reflected


_OPERATORS |= {
    "floordiv": _slow_pair(floordiv),
    "mod": _slow_pair(floormod),
    "pow": _slow_pair(pow),
    "and": _slow_pair(bitwise_and),
    "or": _slow_pair(bitwise_or),
    "xor": _slow_pair(bitwise_xor),
}


def _reader(method: Function) -> Function:
    """The operator of a variable: that of its value."""

    def read(self: Readable, *others: Any) -> Any:
        return method(self._read(), *others)

    return read


def install() -> None:
    """Give tensors and variables their operators."""
    methods: dict[str, Function] = {
        "__neg__": neg, "__invert__": invert, "__abs__": absolute,
        "__lt__": _slow_pair(less)[0], "__le__": _slow_pair(less_equal)[0],
        "__gt__": _slow_pair(greater)[0], "__ge__": _slow_pair(greater_equal)[0],
        "__eq__": equality("Equal", equal, False), "__ne__": equality("NotEqual", not_equal, True),
    }  # fmt: skip
    for name, (forward, reflected) in _OPERATORS.items():
        methods[f"__{name}__"] = forward
        methods[f"__r{name}__"] = reflected
    for name, method in methods.items():
        method.__name__ = name
        setattr(EagerTensor, name, method)
        setattr(Readable, name, _reader(method))
    for sign, name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv"), ("**", "pow")):
        setattr(Readable, f"__i{name}__", _no_inplace(sign, name))


def _no_inplace(sign: str, name: str) -> Function:
    if name in ("add", "sub"):
        var, call = "variable", f"variable.assign_{name}(value)"
    else:
        var, call = "var", f"var.assign(var {sign} value)"

    def refuse(self: Any, other: Any) -> Any:
        raise RuntimeError(
            f"`{var} {sign}= value` with `tf.Variable`s is not supported. Use `{call}` to modify the "
            f"variable, or `out = {var} {sign} value` if you need to get a new output Tensor."
        )

    return refuse


install()
