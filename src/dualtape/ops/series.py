"""Arithmetic of truncated power series, for the Taylor rules.

A series is a list of coefficients, x(t) = x[0] + x[1] t + x[2] t^2 + ..., None for a zero one past the first.

Source of the recurrences: Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, table 13.2. They follow
from y'(t) = f'(x(t)) x'(t), coefficient by coefficient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Series = list[Any]


def plus(x: Any, y: Any) -> Any:
    """The sum, None for zero."""
    return y if x is None else x if y is None else x + y


def minus(x: Any) -> Any:
    """The negative, None for zero."""
    return None if x is None else -x


def times(x: Any, y: Any) -> Any:
    """The product, None for zero."""
    return None if x is None or y is None else x * y


def scaled(x: Any, number: Any) -> Any:
    """A number times x, None for zero."""
    return None if x is None else x if number == 1 else x * number


def product_at(x: Series, y: Series, k: int, low: int = 0, high: int | None = None) -> Any:
    """Coefficient k of a product: the sum of x[j] y[k-j] for j from `low` up to `high` (k)."""
    total = None
    for j in range(low, (k if high is None else high) + 1):
        total = plus(total, times(x[j], y[k - j]))
    return total


def product(x: Series, y: Series) -> Series:
    """The product of two series."""
    return [product_at(x, y, k) for k in range(len(x))]


def shifted(x: Series, number: float, sign: int = 1) -> Series:
    """The series of `number + sign * x`."""
    rest = x[1:] if sign == 1 else [minus(v) for v in x[1:]]
    return [(x[0] if sign == 1 else -x[0]) + number, *rest]


def followed(x: Series, slope: Series, k: int) -> Any:
    """Coefficient k of the y with y' = slope * x': the sum of j x[j] slope[k-j] for j = 1 ... k, over k."""
    total = None
    for j in range(1, k + 1):
        total = plus(total, times(scaled(x[j], j / k), slope[k - j]))
    return total


def integrated(y0: Any, x: Series, slope: Series) -> Series:
    """The y with y' = slope * x', for a slope known beforehand."""
    return [y0, *[followed(x, slope, k) for k in range(1, len(x))]]


def growing(y0: Any, x: Series, slope0: Any, slope_at: Callable[[Series, int], Any]) -> Series:
    """The y with y' = slope * x', where coefficient k of the slope follows from those of y up to k."""
    y, slope = [y0], [slope0]
    for k in range(1, len(x)):
        y.append(followed(x, slope, k))
        slope.append(slope_at(y, k))
    return y


def divided(y0: Any, x: Series, q: Series, number: float = 1) -> Series:
    """The y with q y' = number * x'."""
    y = [y0]
    for k in range(1, len(x)):
        rest = None
        for j in range(1, k):
            rest = plus(rest, times(scaled(y[j], j / k), q[k - j]))
        top = plus(scaled(x[k], number), minus(rest))
        y.append(None if top is None else top / q[0])
    return y


def quotient(y0: Any, x: Series, z: Series) -> Series:
    """The series of x / z."""
    y = [y0]
    for k in range(1, len(x)):
        top = plus(x[k], minus(product_at(y, z, k, 0, k - 1)))
        y.append(None if top is None else top / z[0])
    return y


def root(y0: Any, x: Series) -> Series:
    """The square root of a series."""
    y = [y0]
    for k in range(1, len(x)):
        top = plus(x[k], minus(product_at(y, y, k, 1, k - 1)))
        y.append(None if top is None else top / (y0 + y0))
    return y


def raised(y0: Any, x: Series, exponent: Any) -> Series:
    """X ** exponent where x[0] is not zero: from x y' = exponent * y x'."""
    y = [y0]
    for k in range(1, len(x)):
        total = None
        for j in range(1, k + 1):
            total = plus(total, scaled(times(x[j], y[k - j]), (exponent * j - (k - j)) / k))
        y.append(None if total is None else total / x[0])
    return y


def whole_power(x: Series, exponent: int, like: Any) -> Series:
    """X ** exponent for a whole exponent of one or more, by repeated squaring."""
    out: Series | None = None
    while True:
        if exponent & 1:
            out = x if out is None else product(out, x)
        exponent >>= 1
        if not exponent:
            assert out is not None
            return [like, *out[1:]]
        x = product(x, x)


def concrete(x: Any) -> Any:
    """The numbers that a value has at the bottom; None if it has none yet."""
    while not isinstance(x, (np.ndarray, np.generic)):
        inside = next(
            (v for n in ("value", "content", "primal") if (v := getattr(x, n, None)) is not None),
            None,
        )
        if inside is None:
            return None
        x = inside
    return x


def may_be_zero(x: Any) -> bool:
    """Whether a value has a zero among its numbers, or has none yet."""
    x = concrete(x)
    return x is None or not np.all(x)
