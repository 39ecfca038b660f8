"""Exponentials, logarithms and roots."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.kinds import constant, elementwise
from .evaluation import in_single, into, real_in_single, real_only
from .logistic import sigmoid
from .select import keep

LN2 = math.log(2.0)
LN10 = math.log(10.0)

exp = elementwise("exp", np.exp, lambda d, out: d * out)
exp2 = elementwise("exp2", np.exp2, lambda d, out: d * out * LN2)
expm1 = elementwise(
    "expm1", np.expm1, lambda d, out: d * (out + 1), doc="exp(x) - 1, exact near 0."
)

log = elementwise("log", np.log, lambda d, x: d / x)
log2 = elementwise("log2", np.log2, lambda d, x: d / (x * LN2))
log10 = elementwise("log10", np.log10, lambda d, x: d / (x * LN10))
log1p = elementwise(
    "log1p", np.log1p, lambda d, x: d / (x + 1), grad_name="Log1PBackward0",
    doc="log(1 + x), exact near 0.",
)  # fmt: skip

# At 0 the slope of the root is infinite, and a zero cotangent gives NaN: PyTorch's too.
sqrt = elementwise("sqrt", np.sqrt, lambda d, out: d / (out + out))


@in_single
def _rsqrt(x: Any) -> Any:
    return into(np.reciprocal, np.sqrt(x))


rsqrt = elementwise(
    "rsqrt", _rsqrt, lambda d, out: d * (out * out * out) * -0.5, doc="1 / sqrt(x)."
)
cbrt = elementwise(
    "cbrt",
    np.cbrt,
    lambda d, out: d / (out * out * 3),
    doc="The real cube root, also of negative x.",
)


@in_single
def _logaddexp(x: Any, y: Any) -> Any:
    if x.dtype.kind != "c":
        return np.logaddexp(x, y)
    first = x.real >= y.real
    large, small = np.where(first, x, y), np.where(first, y, x)
    # Both infinite with the same real part: their difference would be NaN, PyTorch gives the
    # larger.
    same = np.isinf(large.real) & (large.real == small.real)
    return np.where(same & (large.real < 0), large, large + np.log1p(np.exp(small - large)))


logaddexp = elementwise(
    "logaddexp", _logaddexp, lambda d, x, y: d * sigmoid(x - y), lambda d, x, y: d * sigmoid(y - x),
    doc="log(exp(x) + exp(y)) without overflow.",
)  # fmt: skip
logaddexp2 = elementwise(
    "logaddexp2", real_only("logaddexp2", np.logaddexp2),
    lambda d, x, y: d * sigmoid((x - y) * LN2), lambda d, x, y: d * sigmoid((y - x) * LN2),
    doc="log2(2**x + 2**y) without overflow.",
)  # fmt: skip


def _times_log(x: Any, y: Any, log_of_y: Any) -> Any:
    return np.where((x == 0) & ~np.isnan(y), x.dtype.type(0), x * log_of_y)


@real_in_single("xlogy")
def _xlogy(x: Any, y: Any) -> Any:
    return _times_log(x, y, np.log(y))


@real_in_single("xlog1py")
def _xlog1py(x: Any, y: Any) -> Any:
    return _times_log(x, y, np.log1p(y))


# d log(y) vanishes with d, and at x = 0 it is 0 where the logarithm has no value: PyTorch's
# choices.
has_log = constant("has_log", lambda x, y: (x != 0) | ~(y <= 0), inputs="x y")
has_log1p = constant("has_log1p", lambda x, y: (x != 0) | ~(y <= -1), inputs="x y")

xlogy = elementwise(
    "xlogy", _xlogy,
    lambda d, x, y: keep(has_log(x, y), xlogy(d, y)), lambda d, x, y: d * x / y,
    doc="x * log(y), and 0 where x is 0 unless y is NaN.",
)  # fmt: skip
xlog1py = elementwise(
    "xlog1py", _xlog1py,
    lambda d, x, y: keep(has_log1p(x, y), xlog1py(d, y)), lambda d, x, y: d * x / (y + 1),
    grad_name="SpecialXlog1PyBackward0", doc="x * log1p(y), and 0 where x is 0 unless y is NaN.",
)  # fmt: skip
