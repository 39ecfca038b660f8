"""Special functions in NumPy and Python alone: what `special` uses where SciPy is not installed.

All take and give float64 arrays. They are exact to about 1e-14 and slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Bernoulli numbers B2, B4, ..., B24.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip


def _normal_quantile(p: float) -> float:
    from statistics import NormalDist  # takes as long to import as all the rest of `ops.special`

    return NormalDist().inv_cdf(p)


def elementwise(f: Callable[..., float]) -> Callable[..., Array]:
    """`f` of numbers as a function of arrays; NaN where `f` has no value."""

    def element(*xs: float) -> float:
        if any(x != x for x in xs):
            return math.nan
        return f(*xs)

    return np.vectorize(element, otypes=[np.float64])


erf = elementwise(math.erf)
erfc = elementwise(math.erfc)


@elementwise
def lgamma(x: float) -> float:
    """Log |gamma(x)|, infinite at the poles."""
    if x <= 0 and x == math.floor(x):
        return math.inf
    return math.lgamma(x)


@elementwise
def ndtr(x: float) -> float:
    """The normal distribution function."""
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@elementwise
def ndtri(p: float) -> float:
    """The inverse of `ndtr`."""
    if p in (0.0, 1.0):
        return math.copysign(math.inf, p - 0.5)
    return _normal_quantile(p) if 0 < p < 1 else math.nan


@elementwise
def erfcinv(y: float) -> float:
    """The inverse of `erfc`."""
    if y in (0.0, 2.0):
        return math.copysign(math.inf, 1 - y)
    if not 0 < y < 2:
        return math.nan
    # The first digits from the normal quantile; then Newton on the side where erfc is small.
    if y > 1:
        return -_polished(2 - y)
    return _polished(y)


def _polished(y: float) -> float:
    x = -_normal_quantile(y / 2) * math.sqrt(0.5)
    for _ in range(2):
        x += (math.erfc(x) - y) * math.exp(x * x) * math.sqrt(math.pi) / 2
    return x


@elementwise
def erfinv(y: float) -> float:
    """The inverse of `erf`."""
    if abs(y) > 1:
        return math.nan
    if abs(y) == 1:
        return math.copysign(math.inf, y)
    if abs(y) > 0.5:
        return math.copysign(_polished(1 - abs(y)), y)
    x = y * math.sqrt(math.pi) / 2
    for _ in range(6):
        x -= (math.erf(x) - y) * math.exp(x * x) * math.sqrt(math.pi) / 2
    return x


@elementwise
def digamma(x: float) -> float:
    """The derivative of lgamma: Abramowitz & Stegun 6.3.5, 6.3.7 and 6.3.18."""
    if x == 0:
        return -math.copysign(math.inf, x)
    if x < 0:
        if x == math.floor(x):
            return math.nan
        return float(digamma(1 - x)) - math.pi / math.tan(math.pi * math.fmod(x, 1.0))
    total = 0.0
    while x < 12:
        total -= 1 / x
        x += 1
    if math.isinf(x):
        return x
    series = sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    return total + math.log(x) - 0.5 / x - series


@elementwise
def zeta(s: float, q: float) -> float:
    """Hurwitz's zeta function for s > 1, by the Euler-Maclaurin formula (DLMF 25.11.5)."""
    if s < 1:
        return math.nan
    if s == 1 or (q <= 0 and q == math.floor(q)):
        return math.inf
    if q < 0 and s != math.floor(s):
        return math.nan
    if math.isinf(q):
        return 0.0
    total = 0.0
    while q < 12:
        total += q**-s
        q += 1
    total += q ** (1 - s) / (s - 1) + 0.5 * q**-s
    factor = s * q ** (-s - 1)
    for j, b in enumerate(_BERNOULLI, 1):
        total += b / math.factorial(2 * j) * factor
        factor *= (s + 2 * j - 1) * (s + 2 * j) / q**2
    return float(total)
