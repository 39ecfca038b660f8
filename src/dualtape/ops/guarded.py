"""The subgradients' arithmetic: operations with a chosen answer where the formula has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import broadcast_shapes, elementwise
from .arithmetic import ones_like


def _div_or_zero_eval(x: Any, y: Any) -> Any:
    if np.all(y):
        return np.divide(x, y)
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.result_type(x, y))
    return np.divide(x, y, out=out, where=np.not_equal(y, 0))[()]


div_or_zero: Any = elementwise(
    "div_or_zero", _div_or_zero_eval,
    lambda d, y: div_or_zero(d, y),
    lambda d, y, out: -div_or_zero(d, y) * out,
    aval=lambda x, y: Aval(broadcast_shapes("div_or_zero", x.shape, y.shape), np.result_type(x.dtype, y.dtype)),
    doc="x / y, and 0 where y is 0, derivatives included.",
)  # fmt: skip


def _power_or_zero_eval(x: Any, *, exponent: float) -> Any:
    power = np.asarray(exponent, x.dtype)
    if exponent >= 0 or np.all(x):
        return np.power(x, power)
    return np.power(x, power, out=np.zeros_like(x), where=np.not_equal(x, 0))[()]


power_or_zero_p: Any = elementwise(
    "power_or_zero", _power_or_zero_eval,
    lambda d, x, *, exponent: d * (exponent * power_or_zero(x, exponent - 1)),
    doc="x ** exponent, and 0 where x is 0, derivatives included.",
)  # fmt: skip


def power_or_zero(x: Any, exponent: float) -> Any:
    """Return x ** exponent for x >= 0, and 0 (not infinity) at 0 where the exponent is negative."""
    return power_or_zero_p(x, exponent=exponent) if exponent else ones_like(x)
