"""The smooth nonlinearities of neural networks, and the door to the piecewise linear ones.

The logistic family (sigmoid, log_sigmoid, softplus) is in `logistic`, tanh in `trigonometric`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.kinds import elementwise
from .axes import normalize_axis
from .compare import less_than
from .evaluation import in_single, into, real_in_single
from .exponential import exp
from .logistic import log1p_exp_minus, log_sigmoid, sigmoid
from .numbers import abs_
from .piecewise import hardshrink as hardshrink
from .piecewise import hardsigmoid as hardsigmoid
from .piecewise import hardswish as hardswish
from .piecewise import hardtanh as hardtanh
from .piecewise import leaky_relu as leaky_relu
from .piecewise import prelu as prelu
from .piecewise import relu as relu
from .piecewise import relu6 as relu6
from .piecewise import softshrink as softshrink
from .piecewise import threshold as threshold
from .select import keep, where
from .shape import slice_p
from .special import erf_eval
from .trigonometric import tanh


@real_in_single("elu")
def _elu(x: Any, *, positive: float, negative: float, rate: float) -> Any:
    t = into(np.expm1, np.minimum(x, 0) * rate)
    t *= negative
    high = np.maximum(x, 0)
    t += high if positive == 1 else high * positive
    return t


@in_single
def _elu_slope(x: Any, *, positive: float, negative: float, rate: float) -> Any:
    low = into(np.exp, np.minimum(x, 0) * rate)
    low *= negative * rate
    return where.eval(x <= 0, low, np.full_like(low, positive))


def _elu_slope_rule(d: Any, x: Any, *, negative: float, rate: float) -> Any:
    slope = elu_slope(x, positive=0.0, negative=negative * rate, rate=rate)
    return keep(less_than(x, bound=0), d * slope)


elu_p = elementwise(
    "elu", _elu,
    lambda d, x, **settings: d * elu_slope(x, **settings),
    doc="positive * x where x > 0, else negative * (exp(rate * x) - 1). Slope negative*rate at 0.",
)  # fmt: skip
elu_slope = elementwise(
    "elu_slope", _elu_slope, _elu_slope_rule, grad_name="EluBackwardBackward0",
    doc="The derivative of elu.",
)  # fmt: skip

# Klambauer et al., Self-Normalizing Neural Networks, 2017, eq. 14.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, alpha * (exp(x) - 1) elsewhere. The slope at 0 is alpha."""
    return elu_p(x, positive=1.0, negative=float(alpha), rate=1.0)


def selu(x: Any) -> Any:
    """Return the scaled elu that keeps mean 0 and variance 1. The slope at 0 is the left one."""
    return elu_p(x, positive=_SELU_SCALE, negative=_SELU_ALPHA * _SELU_SCALE, rate=1.0)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, alpha * (exp(x / alpha) - 1) elsewhere; smooth at 0.

    Raises:
        ArgumentError: `alpha` is 0.
    """
    if alpha == 0:
        raise ArgumentError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return elu_p(x, positive=1.0, negative=float(alpha), rate=1 / alpha)


@in_single
def _silu(x: Any) -> Any:
    t = sigmoid.eval(x)
    t *= x
    return t


def _silu_rule(d: Any, x: Any) -> Any:
    s = sigmoid(x)
    return d * (s * (1 + x * (1 - s)))


silu = elementwise("silu", _silu, _silu_rule, doc="x * sigmoid(x), also called swish.")


@real_in_single("mish")
def _mish(x: Any) -> Any:
    t = np.maximum(x, 0)  # of softplus
    t += log1p_exp_minus(abs(x))
    t = into(np.tanh, t)
    t *= x
    return t


def _mish_rule(d: Any, x: Any) -> Any:
    t = tanh(-log_sigmoid(-x))  # of softplus, exact on both sides
    return d * (t + x * sigmoid(x) * (1 - t * t))


mish = elementwise("mish", _mish, _mish_rule, doc="x * tanh(softplus(x)).")

_SQRT1_2 = math.sqrt(0.5)
_PDF_SCALE = 1 / math.sqrt(2 * math.pi)


@real_in_single("gelu")
def _gelu(x: Any) -> Any:
    t = erf_eval(x * _SQRT1_2)
    t += 1
    t *= x
    t *= 0.5
    return t


@in_single
def _gelu_slope(x: Any) -> Any:
    density = x * x
    density *= -0.5
    density = into(np.exp, density)
    density *= x
    density *= _PDF_SCALE
    t = erf_eval(x * _SQRT1_2)
    t += 1
    t *= 0.5
    t += density
    return t


gelu_p = elementwise(
    "gelu",
    _gelu,
    lambda d, x: d * gelu_slope(x),
    doc="x times the normal distribution function of x.",
)
gelu_slope = elementwise(
    "gelu_slope", _gelu_slope, lambda d, x: d * (exp(x * x * -0.5) * (2 - x * x) * _PDF_SCALE),
    grad_name="GeluBackwardBackward0", doc="The derivative of gelu.",
)  # fmt: skip

# Hendrycks & Gimpel, Gaussian Error Linear Units, 2016: the approximation by tanh.
_GELU_SCALE = math.sqrt(2 / math.pi)
_GELU_CUBIC = 0.044715


@real_in_single("gelu")
def _gelu_tanh(x: Any) -> Any:
    t = x * x
    t *= _GELU_CUBIC
    t += 1
    t *= x
    t *= _GELU_SCALE
    t = into(np.tanh, t)
    t += 1
    t *= x
    t *= 0.5
    return t


def _gelu_tanh_rule(d: Any, x: Any) -> Any:
    square = x * x
    t = tanh(x * (1 + square * _GELU_CUBIC) * _GELU_SCALE)
    inner_slope = (1 + square * (3 * _GELU_CUBIC)) * _GELU_SCALE
    return d * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner_slope)


gelu_tanh_p = elementwise("gelu_tanh", _gelu_tanh, _gelu_tanh_rule, grad_name="GeluBackward0")


def gelu(x: Any, approximate: str = "none") -> Any:
    """Return x * Phi(x), with Phi the normal distribution function.

    Args:
        x: Real values.
        approximate: "none", or "tanh" for the approximation by tanh (off by up to 5e-4).

    Raises:
        ArgumentError: Another approximation.
    """
    if approximate == "none":
        return gelu_p(x)
    if approximate == "tanh":
        return gelu_tanh_p(x)
    raise ArgumentError(f"approximate argument must be either none or tanh, not {approximate!r}")


def tanhshrink(x: Any) -> Any:
    """Return x - tanh(x)."""
    return x - tanh(x)


def softsign(x: Any) -> Any:
    """Return x / (1 + |x|)."""
    return x / (abs_(x) + 1)


def glu(x: Any, axis: int = -1) -> Any:
    """Return a * sigmoid(b) for the two halves a and b of x along `axis`.

    Raises:
        ShapeError: The length along the axis is odd, or x has no axes.
    """
    shape = tuple(x.shape)
    if not shape:
        raise ShapeError("glu does not support scalars because halving size must be even")
    axis = normalize_axis(axis, len(shape))
    n = shape[axis]
    if n % 2:
        raise ShapeError(f"Halving dimension must be even, but dimension {axis} is size {n}")
    before = (slice(None),) * axis
    first, second = (
        slice_p(x, index=(*before, part)) for part in (slice(0, n // 2), slice(n // 2, n))
    )
    return first * sigmoid(second)
