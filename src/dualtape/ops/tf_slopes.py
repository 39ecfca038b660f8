"""Operations whose derivative TensorFlow computes by a kernel that keeps the cotangent 0 at 0.

The derivatives of sqrt, rsqrt and reciprocal are infinite at 0. TensorFlow's kernels for them give 0 where the cotangent
is 0, whatever it would be multiplied by; the derivatives of those kernels are plain products and quotients again,
and NaN there. Log, log1p, asin, acos and atanh multiply by a reciprocal, and acosh divides by the sinh of its result. All of this
was measured at TensorFlow 2.21.

Under `safe_gradients` the derivative of a masked slope is zero instead of NaN. It needs a rule of its own here: no NaN
came out of the first pass, so that nothing was masked in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import modes
from ..core.kinds import constant, elementwise
from .compare import eq
from .complex import cast
from .exponential import log as plain_log
from .exponential import log1p as plain_log1p
from .exponential import rsqrt as plain_rsqrt
from .special import digamma as plain_digamma
from .special import lgamma as plain_lgamma
from .trigonometric import acos as plain_acos
from .trigonometric import acosh as plain_acosh
from .trigonometric import asin as plain_asin
from .trigonometric import atanh as plain_atanh
from .trigonometric import sinh

not_zero = constant("not_zero", lambda x: np.not_equal(x, 0).astype(x.dtype))


def _unless_zero(x: Any, out: Any) -> Any:
    """`out`, and 0 where `x` is 0."""
    zero = np.equal(x, 0)
    return np.where(zero, np.zeros_like(out), out)[()] if np.any(zero) else out


masked_div = elementwise(
    "masked_div", lambda x, y: _unless_zero(x, np.divide(x, y)),
    lambda d, y: masked_div(d, y),
    lambda d, y, out: -masked_div(d, y) * out,
    doc="x / y, and 0 where x is 0, whatever y is there; so is the derivative.",
)  # fmt: skip

masked_mul = elementwise(
    "masked_mul", lambda x, y: _unless_zero(x, np.multiply(x, y)),
    lambda d, y: masked_mul(d, y), lambda d, x: masked_mul(x, d),
    masks=True, doc="x * y, and 0 where x is 0, whatever y is there.",
)  # fmt: skip

xdivy = elementwise(
    "xdivy", masked_div.eval,
    lambda d, x, y: d * masked_div(not_zero(x), y), lambda d, x, y: d * masked_div(-x, y * y),
    doc="x / y, and 0 where x is 0; so are both derivatives.",
)  # fmt: skip


def _root_rule(d: Any, y: Any, out: Any) -> Any:
    if modes.current() & modes.SAFE:
        return -2 * masked_div(d * out, y + y)
    return -2 * (d / (y + y) * out)


sqrt_slope = elementwise(
    "sqrt_slope", lambda x, y: _unless_zero(x, np.divide(x, y + y)),
    lambda d, y: d / (y + y),
    _root_rule,
    doc="x / (2 y), and 0 where x is 0: the derivative of the square root.",
)  # fmt: skip

sqrt_masked = elementwise(
    "sqrt_masked", np.sqrt, lambda d, out: sqrt_slope(d, out),
    doc="The square root; a zero cotangent stays zero at 0.",
)  # fmt: skip

rsqrt_masked = elementwise(
    "rsqrt_masked", plain_rsqrt.eval, lambda d, out: masked_mul(d, out * out * out * -0.5),
    doc="1 / sqrt(x); a zero cotangent stays zero at 0.",
)  # fmt: skip

reciprocal_masked = elementwise(
    "reciprocal_masked", np.reciprocal, lambda d, out: masked_mul(d, -out * out),
    doc="1 / x; a zero cotangent stays zero at 0.",
)  # fmt: skip

log_by_reciprocal = elementwise(
    "log_by_reciprocal", plain_log.eval, lambda d, x: d * reciprocal_masked(x),
    doc="The natural logarithm; its derivative's derivative is that of `reciprocal_masked`.",
)  # fmt: skip

log1p_by_reciprocal = elementwise(
    "log1p_by_reciprocal", plain_log1p.eval, lambda d, x: d * reciprocal_masked(1 + x),
    doc="log(1 + x); its derivative's derivative is that of `reciprocal_masked`.",
)  # fmt: skip

asin_by_root = elementwise(
    "asin_by_root",
    plain_asin.eval,
    lambda d, x: d * reciprocal_masked(sqrt_masked(1 - x * x)),
    doc="The inverse sine; its derivative's derivatives are those of the root and of its reciprocal.",
)  # fmt: skip

acos_by_root = elementwise(
    "acos_by_root",
    plain_acos.eval,
    lambda d, x: -d * reciprocal_masked(sqrt_masked(1 - x * x)),
    doc="The inverse cosine; its derivative's derivatives are those of the root and of its reciprocal.",
)  # fmt: skip

atanh_by_reciprocal = elementwise(
    "atanh_by_reciprocal",
    plain_atanh.eval,
    lambda d, x: d * reciprocal_masked(1 - x * x),
    doc="The inverse hyperbolic tangent; its derivative's derivative is that of `reciprocal_masked`.",
)  # fmt: skip

acosh_by_sinh = elementwise(
    "acosh_by_sinh", plain_acosh.eval, lambda d, out: d / sinh(out),
    doc="The inverse hyperbolic cosine; its derivative is NaN where it is itself.",
)  # fmt: skip


def _off_zero(x: Any) -> Any:
    """`x` with -1 for 0, at no loss of slope: TensorFlow's digamma is NaN at every pole, 0 included."""
    value = x.value
    if isinstance(value, (np.ndarray, np.generic)) and np.all(value):
        return x
    return x - cast(eq(x, 0), value.dtype)


def lgamma(x: Any) -> Any:
    """Return log |gamma(x)| of a tensor, with the slope NaN at 0."""
    return plain_lgamma(_off_zero(x))


def digamma(x: Any) -> Any:
    """Return the derivative of lgamma at a tensor, NaN at 0."""
    return plain_digamma(_off_zero(x))
