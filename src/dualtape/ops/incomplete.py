"""The incomplete gamma and beta functions, regularised. They need SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .evaluation import special
from .exponential import exp, log, log1p, xlogy
from .special import digamma, lgamma


def _gamma_density(a: Any, x: Any) -> Any:
    """The derivative of gammainc(a, x) by x: the density of the gamma distribution."""
    return exp(xlogy(a - 1, x) - x - lgamma(a))


gammainc = elementwise(
    "gammainc", special("gammainc", "gammainc"),
    lambda d, a, x: d * gammainc_slope(a, x), lambda d, a, x: d * _gamma_density(a, x),
    inputs="a x", grad_name="IgammaBackward0",
    doc="The regularised lower incomplete gamma function P(a, x).",
)  # fmt: skip
gammaincc = elementwise(
    "gammaincc", special("gammaincc", "gammaincc"),
    lambda d, a, x: -(d * gammainc_slope(a, x)), lambda d, a, x: -(d * _gamma_density(a, x)),
    inputs="a x", grad_name="IgammacBackward0",
    doc="The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x).",
)  # fmt: skip


# NOTE [the derivative of P by a]
# For x <= a + 1 the series P = sum over n of t_n, t_n = x^(a+n) e^-x / gamma(a+n+1) (DLMF 8.11.4),
# term by term: dt_n/da = t_n (log x - digamma(a+n+1)). For larger x P is near 1 and the series
# would leave nothing but the rounding of a small derivative; there it is minus the derivative of
# Q = x^a e^-x h / gamma(a) with the continued fraction (DLMF 8.9.2)
#     h = 1/(x+1-a + 1(a-1)/(x+3-a + 2(a-2)/(x+5-a + ...))),
# whose convergents' numerators and denominators obey a recurrence that is differentiated along.

_TERMS = 20000


def _series_slope(a: Any, x: Any) -> Any:
    log_x = np.log(x)
    term = np.exp(a * log_x - x - lgamma.eval(a + 1))
    psi = digamma.eval(a + 1)
    total = term * (log_x - psi)
    for n in range(1, _TERMS):
        term = term * (x / (a + n))
        psi = psi + 1 / (a + n)
        change = term * (log_x - psi)
        total = total + change
        if not np.any(abs(change) > 1e-17 * abs(total)):
            break
    return total


def _fraction_slope(a: Any, x: Any) -> Any:
    # Numerators and denominators of two successive convergents, and their derivatives by a.
    p0, q0, p1, q1 = np.ones_like(x), np.zeros_like(x), np.zeros_like(x), np.ones_like(x)
    dp0, dq0, dp1, dq1 = (np.zeros_like(x) for _ in range(4))
    h, dh = p1, dp1
    # Rounding never lets all elements stand still at once, so each is settled when it has done so once.
    settled, settled_slope = np.isnan(x), np.isnan(x)
    for n in range(_TERMS):
        b = x + (2 * n + 1) - a
        c, dc = (n * (a - n), float(n)) if n else (np.ones_like(x), 0.0)
        p, q = b * p1 + c * p0, b * q1 + c * q0
        dp = b * dp1 - p1 + c * dp0 + dc * p0
        dq = b * dq1 - q1 + c * dq0 + dc * q0
        scale = 1 / q
        p0, q0, dp0, dq0 = p1 * scale, q1 * scale, dp1 * scale, dq1 * scale
        p1, q1, dp1, dq1 = p * scale, np.ones_like(x), dp * scale, dq * scale
        before, h, dh = (h, dh), p1, dp1 - p1 * dq1
        if n > 2:
            settled |= (abs(h - before[0]) <= 1e-16 * abs(h)) | np.isnan(h)
            settled_slope |= (abs(dh - before[1]) <= 1e-15 * abs(dh)) | np.isnan(dh)
            if settled.all() and settled_slope.all():
                break
    log_x = np.log(x)
    return -np.exp(a * log_x - x - lgamma.eval(a)) * (h * (log_x - digamma.eval(a)) + dh)


def _gammainc_slope(a: Any, x: Any) -> Any:
    dtype = x.dtype
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    inside = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    out = np.where((a > 0) & (x >= 0), 0.0, np.nan)  # P is 0 at 0 and 1 at infinity, whatever a is
    for where, slope in ((x <= a + 1, _series_slope), (x > a + 1, _fraction_slope)):
        chosen = inside & where
        if chosen.any():
            with np.errstate(all="ignore"):
                out[chosen] = slope(a[chosen], x[chosen])
    return out.astype(dtype)


gammainc_slope = elementwise(
    "gammainc_slope", _gammainc_slope, "missing",
    lambda d, a, x: d * (_gamma_density(a, x) * (log(x) - digamma(a))),
    inputs="a x", doc="The derivative of gammainc(a, x) by a (NOTE [the derivative of P by a]).",
)  # fmt: skip


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    lbeta = lgamma(a) + lgamma(b) - lgamma(a + b)
    return exp(xlogy(a - 1, x) + (b - 1) * log1p(-x) - lbeta)


betainc = elementwise(
    "betainc", special("betainc", "betainc"), "missing", "missing",
    lambda d, a, b, x: d * _beta_density(a, b, x),
    inputs="a b x", doc="The regularised incomplete beta function I_x(a, b); derivative by x only.",
)  # fmt: skip
