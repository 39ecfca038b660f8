"""The Python operators of every value, so that a rule reads `d * cos(x)` whatever it computes on.

A front end's tensor overrides them with its own conventions (promotion of dtypes, scalars); these are
the engine's: operands of one dtype, Python numbers in the dtype of the tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.forward import dtype_of
from ..core.tensor import Tensor, constant, wrap
from ..core.value import Value
from . import arithmetic as a

_NUMBERS = (int, float, complex, bool)


def coerced(x: Any, other: Any) -> Any:
    """The Python number `other` as an operand beside the value `x`, in its dtype."""
    dtype = dtype_of(x)
    if dtype.kind in "biu" and not isinstance(other, int):
        return np.asarray(other)
    if isinstance(other, complex) and dtype.kind != "c":
        return np.asarray(other)
    number = constant(other, dtype, getattr(x, "value", None))
    return wrap(x.result_class, number) if isinstance(x, Tensor) else number


def _pair(primitive: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(x: Any, y: Any) -> Any:
        return primitive(x, coerced(x, y) if isinstance(y, _NUMBERS) else y)

    def backward(x: Any, y: Any) -> Any:
        return primitive(coerced(x, y) if isinstance(y, _NUMBERS) else y, x)

    return forward, backward


def _pow(x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)):
        return a.power(x, exponent=y)
    return a.pow(x, coerced(x, y) if isinstance(y, _NUMBERS) else y)


def install() -> None:
    """Give `Value` its operators."""
    for name, primitive in (("add", a.add), ("sub", a.sub), ("mul", a.mul), ("truediv", a.div)):
        forward, backward = _pair(primitive)
        setattr(Value, f"__{name}__", forward)
        setattr(Value, f"__r{name}__", backward)
    Value.__neg__ = lambda x: a.neg(x)  # type: ignore[method-assign]
    Value.__pow__ = _pow  # type: ignore[method-assign]
    Value.__rpow__ = lambda x, y: a.pow(coerced(x, y) if isinstance(y, _NUMBERS) else y, x)  # type: ignore[method-assign]


install()
