"""Roundings, and the parts of numbers: floor, round, frac, frexp. Integers are whole already and are copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import numbers
from ..ops.views import clone
from . import return_types
from ._tensor import Tensor
from .arguments import integer, not_implemented, tensor_argument
from .pointwise import Function, published
from .registry import install, method, store, store_all


def rounding(
    name: str, primitive: Any, complex_message: str | None = None, aliases: Sequence[str] = ()
) -> Function:
    """A rounding: integers are copied, booleans and complex numbers refused."""
    bind = primitive.bind1

    def function(input: Any, *, out: Any = None) -> Tensor:
        if not isinstance(input, Tensor):
            input = tensor_argument(name, input)
        d = input.value.dtype
        if d.kind in "bc":
            if d.kind == "c" and complex_message is not None:
                raise NotImplementedError(complex_message)
            raise not_implemented(f"{name}_vml_cpu", d)
        result = clone(input) if d.kind in "iu" else bind(input)
        return result if out is None else store(out, result, name)

    doc = f"{primitive.__doc__}\n\nRaises:\n    NotImplementedError: Boolean or complex input."
    published(name, function, doc, aliases, True, True)
    return function


floor = rounding("floor", numbers.floor, "floor is not supported for complex inputs")
ceil = rounding("ceil", numbers.ceil, "ceil is not supported for complex inputs")
trunc = fix = rounding(
    "trunc", numbers.trunc, "trunc is not supported for complex inputs", ("fix",)
)
_round = rounding("round", numbers.round_p)


@method(inplace=True)
def round(input: Any, *, decimals: int = 0, out: Any = None) -> Tensor:
    """Round to `decimals` places, halves to the even digit; the derivative is 0.

    Raises:
        NotImplementedError: Boolean or complex input, or integers with decimals.
    """
    if not decimals:
        return _round(input, out=out)
    x = tensor_argument("round", input)
    d = x.value.dtype
    if d.kind in "biuc":
        raise not_implemented("round_cpu", d)
    return store(out, numbers.round(x, integer("round", decimals, "decimals")), "round")


@method(inplace=True)
def frac(input: Any, *, out: Any = None) -> Tensor:
    """The part after the point, with the sign of x.

    Raises:
        NotImplementedError: Not a floating dtype.
    """
    x = tensor_argument("frac", input)
    if x.value.dtype.kind in "biuc":
        raise not_implemented("frac_cpu", x.value.dtype)
    return store(out, numbers.frac(x), "frac")


def frexp(input: Any, *, out: Any = None) -> Any:
    """Mantissa in [0.5, 1) and integer exponent with x = mantissa * 2**exponent, a named tuple.

    Raises:
        RuntimeError: Not a floating dtype.
    """
    x = tensor_argument("frexp", input)
    if x.value.dtype.kind in "biuc":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return store_all(out, numbers.frexp(x), "frexp", return_types.frexp)


install({"frexp": frexp})


__all__ = ["ceil", "fix", "floor", "frac", "frexp", "round", "trunc"]
