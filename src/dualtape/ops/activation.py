"""The nonlinearities of neural networks. Slopes at kinks are PyTorch's and stated with each.

The logistic family (sigmoid, log_sigmoid, softplus) is in `logistic`, tanh in `trigonometric`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.kinds import elementwise
from ..core.value import Value
from .arithmetic import is_negative
from .axes import normalize_axis
from .compare import (
    exceeds,
    less_than,
    not_at_most,
    not_between,
    not_outside,
    strictly_between,
)
from .evaluation import in_single, into, real_in_single, real_only, zero
from .exponential import exp
from .logistic import log1p_exp_minus, log_sigmoid, sigmoid
from .numbers import abs_
from .select import LARGE, keep, where
from .shape import reshape, slice_p
from .special import erf_eval
from .trigonometric import tanh

Array = np.ndarray

# Piecewise linear ones


def _relu_eval(x: Any) -> Any:
    if type(x) is Array:
        return np.maximum(x, zero(x.dtype))
    return x.dtype.type(0) if x <= 0 else x


def _relu_backward_eval(x: Any, y: Any) -> Any:
    if type(x) is Array and x.size < LARGE and x.shape == y.shape:
        out = x.copy()
        np.putmask(out, y <= zero(y.dtype), 0)
        return out
    return keep.eval(~(y <= zero(y.dtype)), x)


relu = elementwise(
    "relu", real_only("relu", _relu_eval), lambda d, out: relu_backward(d, out),
    doc="max(x, 0). The derivative at 0 is 0.",
)  # fmt: skip
relu_backward = elementwise(
    "relu_backward", _relu_backward_eval, lambda d, y: relu_backward(d, y), None,
    grad_name="ThresholdBackwardBackward0",
    doc="x where y > 0 (or NaN), else 0: the cotangent x of y = relu(z) pulled back to z.",
)  # fmt: skip


def _threshold_eval(x: Any, *, threshold: float, value: float) -> Any:
    return where.eval(x <= threshold, np.asarray(value, x.dtype)[()], x)


threshold_p = elementwise(
    "threshold", real_only("threshold", _threshold_eval),
    lambda d, x, *, threshold: keep(not_at_most(x, bound=threshold), d),
)  # fmt: skip


def threshold(x: Any, threshold: float, value: float) -> Any:
    """Return x where it is above `threshold`, and `value` elsewhere. Slope 1 above, 0 elsewhere."""
    return threshold_p(x, threshold=threshold, value=value)


def _clipped(t: Any, low: float, high: float) -> Any:
    """min(max(t, low), high) in the memory of the temporary t."""
    return _clip(t, low, high, out=t if type(t) is Array else None)


def _clip(x: Any, low: float, high: float, out: Any = None) -> Any:
    out = np.maximum(x, low, out=out)
    return np.minimum(out, high, out=out if type(out) is Array else None)


@real_in_single("hardtanh")
def _hardtanh(x: Any, *, low: float, high: float) -> Any:
    return _clip(x, low, high)


@real_in_single("hardsigmoid")
def _hardsigmoid(x: Any) -> Any:
    t = _clipped(x + 3, 0, 6)
    t /= 6
    return t


@real_in_single("hardswish")
def _hardswish(x: Any) -> Any:
    t = _hardsigmoid(x)
    t *= x
    return t


hardtanh_p = elementwise(
    "hardtanh", _hardtanh, lambda d, x, *, low, high: keep(not_outside(x, low=low, high=high), d)
)


def hardtanh(x: Any, low: float = -1.0, high: float = 1.0) -> Any:
    """Return x held between `low` and `high`. Slope 0 at the bounds (where `clamp` has 1)."""
    return hardtanh_p(x, low=low, high=high)


def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6). Slope 0 at both bounds."""
    return hardtanh_p(x, low=0.0, high=6.0)


@real_in_single("leaky_relu")
def _leaky_relu(x: Any, *, slope: float) -> Any:
    if 0 <= slope <= 1:
        return np.maximum(x, x * slope)
    return where.eval(x > 0, x, x * slope)


leaky_relu_p = elementwise(
    "leaky_relu", _leaky_relu,
    lambda d, x, *, slope: where(exceeds(x, bound=0), d, d * slope),
)  # fmt: skip


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x where it is positive and slope * x elsewhere. The derivative at 0 is `slope`."""
    return leaky_relu_p(x, slope=slope)


prelu_p = elementwise(
    "prelu", real_in_single("prelu")(lambda x, weight: where.eval(x > 0, x, weight * x)),
    lambda d, x, weight: where(exceeds(x, bound=0), d, d * weight),
    lambda d, x: keep(is_negative(x), d * x),
    inputs="x weight", grad_name="PreluKernelBackward0",
    doc="x where it is positive and weight * x elsewhere; the two broadcast.",
)  # fmt: skip


def prelu(x: Any, weight: Any) -> Any:
    """Return x where it is positive and weight * x elsewhere. At 0 the slope is `weight`.

    Args:
        x: Real values, shape (n, channels, ...), or any shape for a single weight.
        weight: One number, or one per channel, the dtype of x.

    Raises:
        ShapeError: The weights are not one, nor one per channel.
    """
    shape = tuple(x.shape)
    count = weight.size_ if isinstance(weight, Value) else weight.size
    channels = shape[1] if len(shape) > 1 else 1
    if count not in (1, channels):
        raise ShapeError(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{count} and channel size = {channels}."
        )
    weight = reshape(
        weight, (count,) + (1,) * (len(shape) - 2) if len(shape) > 1 else (1,) * len(shape)
    )
    return prelu_p(x, weight)


hardsigmoid = elementwise(
    "hardsigmoid", _hardsigmoid,
    lambda d, x: keep(strictly_between(x, low=-3, high=3), d * (1 / 6)),
    doc="min(max(x + 3, 0), 6) / 6. Slope 0 at -3 and 3.",
)  # fmt: skip

hardswish = elementwise(
    "hardswish", _hardswish,
    lambda d, x: d * hardswish_slope(x),
    doc="x * hardsigmoid(x). Slope 0 at -3 and 1 at 3.",
)  # fmt: skip


@in_single
def _hardswish_slope(x: Any) -> Any:
    middle = where.eval(x < 3, x / 3 + x.dtype.type(0.5), np.ones_like(x))
    return where.eval(x <= -3, np.zeros_like(x), middle)


hardswish_slope = elementwise(
    "hardswish_slope", _hardswish_slope,
    lambda d, x: keep(strictly_between(x, low=-3, high=3), d * (1 / 3)),
    doc="The derivative of hardswish.",
)  # fmt: skip


@real_in_single("hardshrink")
def _hardshrink(x: Any, *, lambd: float) -> Any:
    return keep.eval(~((x >= -lambd) & (x <= lambd)), x)


@real_in_single("softshrink")
def _softshrink(x: Any, *, lambd: float) -> Any:
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0)).astype(
        x.dtype, copy=False
    )


hardshrink_p = elementwise(
    "hardshrink",
    _hardshrink,
    lambda d, x, *, lambd: keep(not_between(x, low=-lambd, high=lambd), d),
)
softshrink_p = elementwise(
    "softshrink",
    _softshrink,
    lambda d, x, *, lambd: keep(not_between(x, low=-lambd, high=lambd), d),
)


def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """Return x with 0 where |x| <= lambd; the slope is 0 there, 1 elsewhere."""
    return hardshrink_p(x, lambd=lambd)


def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """Return x moved towards 0 by `lambd`, and 0 within; slope 0 where |x| <= lambd, 1 elsewhere.

    Raises:
        ArgumentError: `lambd` is negative.
    """
    if lambd < 0:
        raise ArgumentError(f"lambda must be greater or equal to 0, but found {lambd}")
    return softshrink_p(x, lambd=lambd)


# Smooth ones


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
