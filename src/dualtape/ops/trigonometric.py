"""Trigonometric and hyperbolic functions and their inverses, in radians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .evaluation import in_single, one, real_only, times_into
from .exponential import rsqrt
from .guarded import div_or_zero
from .numbers import is_complex

sin = elementwise("sin", np.sin, lambda d, x: d * cos(x))
cos = elementwise("cos", np.cos, lambda d, x: -(d * sin(x)))
tan = elementwise("tan", np.tan, lambda d, out: d * (out * out + 1))

# (1-x)(1+x) and not 1 - x*x, which cancels near the ends of the domain.
asin = elementwise("asin", np.arcsin, lambda d, x: d * rsqrt((1 - x) * (1 + x)))
acos = elementwise("acos", np.arccos, lambda d, x: -(d * rsqrt((1 - x) * (1 + x))))
atan = elementwise("atan", np.arctan, lambda d, x: d / (x * x + 1))

sinh = elementwise("sinh", np.sinh, lambda d, x: d * cosh(x))
cosh = elementwise("cosh", np.cosh, lambda d, x: d * sinh(x))
tanh = elementwise("tanh", np.tanh, lambda d, out: tanh_backward(d, out))


@in_single
def _tanh_backward(x: Any, y: Any) -> Any:
    t = y * y
    t = np.subtract(one(t), t, out=t) if type(t) is np.ndarray else 1 - t
    return times_into(t, x)


# A primitive of its own for speed, and because PyTorch prints a gradient's grad_fn by this name.
tanh_backward = elementwise(
    "tanh_backward", _tanh_backward,
    lambda d, y: tanh_backward(d, y), lambda d, x, y: d * x * y * -2,
    doc="x * (1 - y*y): the cotangent x of y = tanh(z) pulled back to z.",
)  # fmt: skip


def _acosh_rule(d: Any, x: Any) -> Any:
    if is_complex(x):  # the product of the roots has its cut where acosh has it
        return d * (rsqrt(x - 1) * rsqrt(x + 1))
    return d * rsqrt((x - 1) * (x + 1))


asinh = elementwise("asinh", np.arcsinh, lambda d, x: d * rsqrt(x * x + 1))
acosh = elementwise("acosh", np.arccosh, _acosh_rule)
atanh = elementwise("atanh", np.arctanh, lambda d, x: d / ((1 - x) * (1 + x)))


def _atan2_share(d: Any, x: Any, y: Any) -> Any:
    # y / (x*x + y*y), divided twice by the norm so that the squares cannot under- or overflow.
    norm = hypot(x, y)
    return d * div_or_zero(div_or_zero(y, norm), norm)


atan2 = elementwise(
    "atan2", real_only("atan2", np.arctan2),
    lambda d, x, y: _atan2_share(d, x, y), lambda d, x, y: -_atan2_share(d, y, x),
    doc="The angle of the point (y, x): atan(x/y) in its quadrant. Derivative 0 at the origin.",
)  # fmt: skip

hypot = elementwise(
    "hypot", real_only("hypot", np.hypot),
    lambda d, x, out: d * (x / out), lambda d, y, out: d * (y / out),
    doc="sqrt(x*x + y*y) without over- or underflow. Derivative NaN at the origin, as PyTorch's.",
)  # fmt: skip

RADIANS_PER_DEGREE = math.pi / 180

deg2rad = elementwise(
    "deg2rad", real_only("deg2rad", np.deg2rad), lambda d: d * RADIANS_PER_DEGREE,
    grad_name="Deg2RadBackward0",
)  # fmt: skip
rad2deg = elementwise(
    "rad2deg", real_only("rad2deg", np.rad2deg), lambda d: d * (1 / RADIANS_PER_DEGREE),
    grad_name="Rad2DegBackward0",
)  # fmt: skip


# NOTE [sinc]
# With u = pi*x, f(u) = sin(u)/u has u f = sin(u), so its derivatives follow from
# u f^(n) = sin(u + n*pi/2) - n f^(n-1), which cancels for small u. There the power series is
# summed: f^(n)(u) = sum over even k >= n of (-1)^(k/2) / (k+1) * u^(k-n) / (k-n)!, of which terms
# up to (u/2)^60/60! of a number below 7 are enough. One primitive for all orders, so that the slope
# at 0 is right at every order (PyTorch's second derivative is NaN there).
_SERIES_BELOW = 6.0


def _sinc_derivative(x: Any, *, order: int) -> Any:
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    u = wide * math.pi
    small = abs(u) < _SERIES_BELOW + order
    near = np.where(small, u, 0)
    far = np.where(small, 1, u)
    f = np.sin(far) / far
    for n in range(1, order + 1):
        f = (np.sin(far + n * (math.pi / 2)) - n * f) / far
    return (np.where(small, _sinc_series(near, order), f) * math.pi**order).astype(x.dtype)


def _sinc_series(u: Any, order: int) -> Any:
    start = order + order % 2
    term = u ** (start - order) / math.factorial(start - order) * (-1) ** (start // 2)
    total = term / (start + 1)
    for k in range(start + 2, start + 60 + 4 * order, 2):
        term = term * (-u * u / ((k - order) * (k - order - 1)))
        total = total + term / (k + 1)
    return total


sinc_derivative = elementwise(
    "sinc_derivative", _sinc_derivative,
    lambda d, x, *, order: d * sinc_derivative(x, order=order + 1), grad_name="WhereBackward0",
    doc="The derivative of that order of sin(pi x) / (pi x) (NOTE [sinc]).",
)  # fmt: skip
sinc = elementwise(
    "sinc",
    in_single(np.sinc),
    lambda d, x: d * sinc_derivative(x, order=1),
    doc="sin(pi x) / (pi x), 1 at 0.",
)
