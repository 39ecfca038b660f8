"""`scipy.integrate` with derivatives: the rules for samples, and `solve_ivp`. Integrals of functions have `dt.custom_rule`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .following import floating, follows, rest_of
from .ivp import solve_ivp as solve_ivp

__getattr__ = rest_of("scipy.integrate", __name__)
_follows = follows("scipy.integrate")


def _steps(y: Any, x: Any, dx: Any, axis: int) -> Any:
    """The lengths of the steps, to go with differences of `y` along `axis`, which is the last."""
    if x is None:
        return dx
    x = floating(x)
    return np.diff(x if len(x.shape) == 1 else np.moveaxis(x, axis, -1))


@_follows
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.trapezoid`."""
    return np.trapezoid(y, x, dx, axis)


@_follows
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """`scipy.integrate.cumulative_trapezoid`."""
    y = np.moveaxis(floating(y), axis, -1)
    out = np.cumsum(_steps(y, x, dx, axis) * (y[..., 1:] + y[..., :-1]) * 0.5, -1)
    if initial is not None:
        out = np.concatenate([np.zeros((*out.shape[:-1], 1)), out], -1)
    return np.moveaxis(out, -1, axis)


@_follows
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.simpson`: for an even number of points, the last step by Cartwright's correction."""
    y = np.moveaxis(floating(y), axis, -1)
    h = _steps(y, x, dx, axis)
    n = y.shape[-1]
    h = h * np.ones(n - 1) if x is None else h
    if n == 2:
        return np.sum(0.5 * h * (y[..., 1:] + y[..., :-1]), -1)
    odd = n - 1 + n % 2  # points of whole pairs of steps
    a, b = h[..., 0 : odd - 1 : 2], h[..., 1:odd:2][..., : (odd - 1) // 2]
    left, middle, right = y[..., 0 : odd - 2 : 2], y[..., 1 : odd - 1 : 2], y[..., 2:odd:2]
    both = a + b
    total = np.sum(
        both / 6 * (left * (2 - b / a) + middle * both**2 / (a * b) + right * (2 - a / b)), -1
    )
    if odd == n:
        return total
    a, b = h[..., -2], h[..., -1]
    return total + (
        y[..., -1] * (2 * b**2 + 3 * a * b) / (6 * (a + b))
        + y[..., -2] * (b**2 + 3 * b * a) / (6 * a)
        - y[..., -3] * b**3 / (6 * a * (a + b))
    )
