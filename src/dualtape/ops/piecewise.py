"""The piecewise linear nonlinearities: relu and its relatives. Slopes at kinks are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.kinds import elementwise
from .arithmetic import is_negative, zeros_like
from .compare import exceeds, strictly_between
from .evaluation import in_single, real_in_single, real_only, zero
from .select import LARGE, keep, where
from .shape import reshape

Array = np.ndarray


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
    masks=True, doc="max(x, 0). The derivative at 0 is 0.",
)  # fmt: skip
relu_backward = elementwise(
    "relu_backward", _relu_backward_eval,
    lambda d, y: relu_backward(d, y), lambda d: zeros_like(d),
    masks=True, grad_name="ThresholdBackwardBackward0",
    doc="x where y > 0 (or NaN), else 0: the cotangent x of y = relu(z) pulled back to z.",
)  # fmt: skip


# The other gates: d where x passes, else 0. They are primitives, and say that they are flat in x,
# since a second derivative that PyTorch answers with zeros must not be missing here.


def gate(name: str, passes: Callable[..., Any]) -> Any:
    """Declare the primitive (d, x) -> d where `passes(x, **params)` and 0 elsewhere."""

    def rule(d: Any, x: Any, **params: Any) -> Any:
        return primitive(d, x, **params)

    primitive = elementwise(
        name, lambda d, x, **params: keep.eval(passes(x, **params), d),
        rule, lambda d: zeros_like(d),
        inputs="d x", doc="The cotangent d where x lets it pass, 0 elsewhere.",
    )  # fmt: skip
    return primitive


threshold_backward = gate("threshold_backward", lambda x, *, threshold: ~(x <= threshold))
hardtanh_backward = gate("hardtanh_backward", lambda x, *, low, high: ~((x <= low) | (x >= high)))
shrink_backward = gate("hardshrink_backward", lambda x, *, lambd: ~((x >= -lambd) & (x <= lambd)))
leaky_relu_backward = elementwise(
    "leaky_relu_backward", in_single(lambda d, x, *, slope: where.eval(x > 0, d, d * slope)),
    lambda d, x, *, slope: leaky_relu_backward(d, x, slope=slope), lambda d: zeros_like(d),
    inputs="d x", doc="d where x > 0, and slope * d elsewhere.",
)  # fmt: skip


def _threshold_eval(x: Any, *, threshold: float, value: float) -> Any:
    return where.eval(x <= threshold, np.asarray(value, x.dtype)[()], x)


threshold_p = elementwise(
    "threshold", real_only("threshold", _threshold_eval),
    lambda d, x, *, threshold: threshold_backward(d, x, threshold=threshold), masks=True,
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
    "hardtanh",
    _hardtanh,
    lambda d, x, *, low, high: hardtanh_backward(d, x, low=low, high=high),
    masks=True,
)


def hardtanh(x: Any, low: float = -1.0, high: float = 1.0) -> Any:
    """Return x held between `low` and `high`. Slope 0 at the bounds (where `clamp` has 1)."""
    return hardtanh_p(x, low=low, high=high)


def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6). Slope 0 at both bounds."""
    return hardtanh_p(x, low=0.0, high=6.0)


@real_in_single("leaky_relu")
def _leaky_relu(x: Any, *, slope: float) -> Any:
    if 0 < slope <= 1:
        return np.maximum(x, x * slope)
    return where.eval(x > 0, x, x * slope)


leaky_relu_p = elementwise(
    "leaky_relu", _leaky_relu, lambda d, x, *, slope: leaky_relu_backward(d, x, slope=slope),
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
        weight: Shape () or (1,), or (channels,) for one per channel; the dtype of x.

    Raises:
        ShapeError: The weights are neither one nor one per channel, or have several axes.
    """
    shape, have = tuple(x.shape), tuple(weight.shape)
    if len(have) > 1:
        raise ShapeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {len(have)}"
        )
    count = have[0] if have else 1
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
    lambda d, x, *, lambd: shrink_backward(d, x, lambd=lambd),
    masks=True,
)
softshrink_p = elementwise(
    "softshrink", _softshrink, lambda d, x, *, lambd: shrink_backward(d, x, lambd=lambd)
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
