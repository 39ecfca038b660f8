"""Elementwise operations with a chosen answer where the formula has none: the subgradients' arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import elementwise


def _div_or_zero_eval(x: Any, y: Any) -> Any:
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.result_type(x, y))
    return np.divide(x, y, out=out, where=np.not_equal(y, 0))


div_or_zero = elementwise(
    "div_or_zero", _div_or_zero_eval,
    lambda d, y: div_or_zero(d, y),
    lambda d, y, out: -div_or_zero(d, y) * out,
    aval=lambda x, y: Aval(np.broadcast_shapes(x.shape, y.shape), np.result_type(x.dtype, y.dtype)),
    doc="x / y, and 0 where y is 0, derivatives included.",
)  # fmt: skip
