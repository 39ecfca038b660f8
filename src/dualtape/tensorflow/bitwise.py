"""`tf.bitwise`: bits of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ..core.missing import missing_attribute
from ..ops import compare as c
from .convert import as_tensor, operands
from .raising import dtype_not_allowed, incompatible_shapes
from .tensor import EagerTensor

_INTEGERS = "int8, int16, int32, int64, uint8, uint16, uint32, uint64"


def _integers(op: str, *values: Any) -> list[Any]:
    for x in values:
        if x.value.dtype.kind not in "iu":
            raise dtype_not_allowed(op, x.value.dtype, _INTEGERS)
    return list(values)


def _binary(op: str, compute: Any, doc: str) -> Callable[..., EagerTensor]:
    def function(x: Any, y: Any, name: str | None = None) -> EagerTensor:
        a, b = _integers(op, *operands(op, x, y))
        try:
            return compute(a, b)  # type: ignore[no-any-return]
        except ValueError:
            raise incompatible_shapes(op, a.value.shape, b.value.shape) from None

    function.__doc__ = f"""{doc}

    Raises:
        InvalidArgumentError: The numbers are no integers, or the shapes do not broadcast.
    """
    return function


bitwise_and = _binary("BitwiseAnd", c.bitwise_and, "Return the bits that both have.")
bitwise_or = _binary("BitwiseOr", c.bitwise_or, "Return the bits that one of both has.")
bitwise_xor = _binary("BitwiseXor", c.bitwise_xor, "Return the bits that just one of both has.")
left_shift = _binary("LeftShift", c.left_shift, "Return x * 2 ** y.")
right_shift = _binary("RightShift", c.right_shift, "Return x / 2 ** y, rounded down.")


def invert(x: Any, name: str | None = None) -> EagerTensor:
    """Return the bits that x has not.

    Raises:
        InvalidArgumentError: x is of no integers.
    """
    (value,) = _integers("Invert", as_tensor(x))
    return c.bitwise_not(value)  # type: ignore[no-any-return]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
