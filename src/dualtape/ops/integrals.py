"""Functions defined by integrals that elementary functions do not give: all need SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .evaluation import special
from .exponential import exp
from .trigonometric import cos, sin

dawsn = elementwise(
    "dawsn", special("dawsn", "dawsn"), lambda d, x, out: d * (1 - x * out * 2),
    doc="Dawson's integral, exp(-x^2) times the integral of exp(t^2) from 0 to x.",
)  # fmt: skip
expint = elementwise(
    "expint", special("expint", "expi"), lambda d, x: d * exp(x) / x,
    doc="The exponential integral Ei(x), the integral of exp(t)/t from -inf to x.",
)  # fmt: skip
fresnel_cos = elementwise(
    "fresnel_cos", special("fresnel_cos", "fresnel", part=1),
    lambda d, x: d * cos(x * x * (math.pi / 2)),
    doc="The integral of cos(pi t^2 / 2) from 0 to x.",
)  # fmt: skip
fresnel_sin = elementwise(
    "fresnel_sin", special("fresnel_sin", "fresnel", part=0),
    lambda d, x: d * sin(x * x * (math.pi / 2)),
    doc="The integral of sin(pi t^2 / 2) from 0 to x.",
)  # fmt: skip

spence = elementwise(
    "spence", special("spence", "spence"), lambda d, x: d * spence_slope(x, order=0),
    doc="The integral of log(t)/(1 - t) from 1 to x: the dilogarithm of 1 - x.",
)  # fmt: skip


def _spence_slope(x: Any, *, order: int) -> Any:
    # f(x) = log(x)/(1-x) is smooth at 1: with u = 1 - x, f = -sum of u^k/(k+1) over k >= 0, summed
    # near 1. Elsewhere its derivatives follow from those of (1-x) f = log(x).
    wide = x.astype(np.float64)
    u = 1 - wide
    near = abs(u) < 0.5
    f = np.log(np.where(near, 2, wide)) / np.where(near, -1, u)
    power, series = np.where(near, u, 0), np.zeros_like(wide)
    for k in range(60 + 2 * order, order - 1, -1):  # Horner: the order-th derivative of u^k, by x
        series = series * power - (-1) ** order * math.perm(k, order) / (k + 1)
    for n in range(1, order + 1):
        log_n = (-1) ** (n - 1) * math.factorial(n - 1) / np.where(near, 2, wide) ** n
        f = (log_n + n * f) / np.where(near, -1, u)
    return np.where(near, series, f).astype(x.dtype)


spence_slope = elementwise(
    "spence_slope", _spence_slope,
    lambda d, x, *, order: d * spence_slope(x, order=order + 1),
    doc="The derivative of that order of log(x) / (1 - x), which is -1 at 1.",
)  # fmt: skip
