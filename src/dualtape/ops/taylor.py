"""Taylor rules: the series of an operation's result from the series of its operands.

A rule takes the result's first coefficient and the operands' series (`series`), all of one length, and returns the
result's series (or None, where it does not hold at this point); where there are several results, a tuple of first
coefficients and a list of series. `TABLE` has one per primitive. Order k costs O(k^2) operations. An operation without a
rule is pushed forward order by order (`transforms.jets`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import arithmetic as a
from . import complex as c
from . import exponential as e
from . import guarded, logistic, select, special
from . import trigonometric as t
from .compare import logical_not
from .matmul import matmul
from .series import (
    Series,
    divided,
    followed,
    growing,
    integrated,
    may_be_zero,
    minus,
    plus,
    product,
    product_at,
    quotient,
    raised,
    root,
    scaled,
    shifted,
    times,
    whole_power,
)  # fmt: skip
from .solving import solve_p
from .spectral import ratio
from .taylor_matrices import MATRICES
from .taylor_sums import SUMS


def _power(y0: Any, x: Series, *, exponent: Any) -> Series | None:
    """None, for the order-by-order way, where the recurrence would divide 0 by 0."""
    if exponent == 0:
        return [y0, *[None] * (len(x) - 1)]
    if not isinstance(exponent, complex) and exponent > 0 and math.isfinite(exponent):
        if exponent == int(exponent):
            return whole_power(x, int(exponent), y0)
        return None if may_be_zero(x[0]) else raised(y0, x, exponent)
    return raised(y0, x, exponent)


def _cbrt(y0: Any, x: Series) -> Series | None:
    return None if may_be_zero(x[0]) else raised(y0, x, 1 / 3)


def _rpow(y0: Any, x: Series, *, base: Any) -> Series | None:
    if isinstance(base, complex) or base <= 0:
        return None
    log = math.log(base)
    return growing(y0, x, y0 * log, lambda y, k: scaled(y[k], log))


def _exp(number: float) -> Callable[..., Series]:
    def rule(y0: Any, x: Series) -> Series:
        return growing(y0, x, scaled(y0, number), lambda y, k: scaled(y[k], number))

    return rule


def _log(number: float) -> Callable[..., Series]:
    return lambda y0, x: divided(y0, x, x, 1 / number)


def _pair(sine: Any, cosine: Any, sign: int) -> tuple[Callable[..., Series], Callable[..., Series]]:
    """Rules for (sin, cos), sign -1, or (sinh, cosh): each is the other's slope."""

    def both(s0: Any, c0: Any, x: Series) -> tuple[Series, Series]:
        s, co = [s0], [c0]
        for k in range(1, len(x)):
            s.append(followed(x, co, k))
            slope = followed(x, s, k)
            co.append(slope if sign == 1 else minus(slope))
        return s, co

    return lambda y0, x: both(y0, cosine(x[0]), x)[0], lambda y0, x: both(sine(x[0]), y0, x)[1]


def _squared_slope(sign: int) -> Callable[..., Series]:
    """Tan and tanh: y' = (1 + sign y^2) x'."""

    def rule(y0: Any, x: Series) -> Series:
        return growing(
            y0, x, y0 * y0 * sign + 1, lambda y, k: scaled(product_at(y, y, k), sign)
        )  # fmt: skip

    return rule


def _sigmoid(y0: Any, x: Series) -> Series:
    return growing(
        y0, x, y0 * (1 - y0), lambda y, k: plus(y[k], minus(product_at(y, y, k)))
    )  # fmt: skip


def _inverse(
    square: Callable[[Series], Series], rooted: Callable[[Any], Any] | None, number: float = 1
) -> Callable[..., Series]:
    """The inverse functions: q y' = number * x', q a polynomial of x or its root (`rooted` of x[0])."""

    def rule(y0: Any, x: Series) -> Series:
        q = square(x)
        return divided(y0, x, q if rooted is None else root(rooted(x[0]), q), number)

    return rule


def _one_minus_square(x: Series) -> Series:
    return product(shifted(x, 1, -1), shifted(x, 1))


def _square_minus_one(x: Series) -> Series:
    return product(shifted(x, -1), shifted(x, 1))


def _square_plus_one(x: Series) -> Series:
    return shifted(product(x, x), 1)


def _error_function(number: float) -> Callable[..., Series]:
    def rule(y0: Any, x: Series) -> Series:
        minus_square = [minus(v) for v in product(x, x)]
        slope = _exp(1)(e.exp(minus_square[0]), minus_square)
        return integrated(y0, x, [scaled(v, number) for v in slope])

    return rule


def _termwise(operation: Callable[..., Any]) -> Callable[..., Series]:
    """Operations that are linear over the reals: coefficient by coefficient."""
    return lambda y0, x, **params: [
        y0,
        *[None if v is None else operation(v, **params) for v in x[1:]],
    ]


def _atan2(y0: Any, y: Series, x: Series) -> Series | None:
    """From (x^2 + y^2) angle' = x y' - y x'; order by order where that may be 0 = 0."""
    if may_be_zero(x[0] * x[0] + y[0] * y[0]):
        return None
    out, q = [y0], [plus(u, v) for u, v in zip(product(x, x), product(y, y), strict=True)]
    for k in range(1, len(x)):
        top = None
        for j in range(1, k + 1):
            term = plus(times(y[j], x[k - j]), minus(times(x[j], y[k - j])))
            top = plus(top, scaled(term, j / k))
        for j in range(1, k):
            top = plus(top, minus(times(scaled(out[j], j / k), q[k - j])))
        out.append(None if top is None else top / q[0])
    return out


def _guarded_quotient(y0: Any, x: Series, z: Series) -> Series | None:
    return None if may_be_zero(z[0]) else quotient(y0, x, z)


def _solve(y0: Any, a: Series, b: Series) -> Series:
    y = [y0]
    for k in range(1, len(a)):
        right = b[k]
        for j in range(1, k + 1):
            if a[j] is not None and y[k - j] is not None:
                right = plus(right, minus(matmul(a[j], y[k - j])))
        y.append(None if right is None else solve_p(a[0], right))
    return y


def _hypot(y0: Any, x: Series, y: Series) -> Series:
    return root(y0, [plus(u, v) for u, v in zip(product(x, x), product(y, y), strict=True)])


def _where(y0: Any, condition: Series, x: Series, y: Series) -> Series:
    mask = condition[0]
    out = [y0]
    for u, v in zip(x[1:], y[1:], strict=True):
        u = None if u is None else select.keep(mask, u)
        out.append(plus(u, None if v is None else select.keep(logical_not(mask), v)))
    return out


TABLE: dict[Any, Callable[..., Series | None]] = dict([
    (a.add, lambda y0, x, y: [y0, *[plus(u, v) for u, v in zip(x[1:], y[1:], strict=True)]]),
    (a.sub, lambda y0, x, y: [y0, *[plus(u, minus(v)) for u, v in zip(x[1:], y[1:], strict=True)]]),
    (a.neg, _termwise(a.neg)),
    (a.mul, lambda y0, x, y: [y0, *[product_at(x, y, k) for k in range(1, len(x))]]),
    (a.div, quotient),
    (a.reciprocal, lambda y0, x: quotient(y0, [None] * len(x), x)),
    (a.square, lambda y0, x: [y0, *product(x, x)[1:]]),
    (a.power, _power),
    (a.rpow, _rpow),
    (e.exp, _exp(1)),
    (e.exp2, _exp(e.LN2)),
    (e.expm1, lambda y0, x: growing(y0, x, y0 + 1, lambda y, k: y[k])),
    (e.log, _log(1)),
    (e.log2, _log(e.LN2)),
    (e.log10, _log(e.LN10)),
    (e.log1p, lambda y0, x: divided(y0, x, shifted(x, 1))),
    (e.sqrt, root),
    (e.rsqrt, lambda y0, x: raised(y0, x, -0.5)),
    (e.cbrt, _cbrt),
    (t.tan, _squared_slope(1)),
    (t.tanh, _squared_slope(-1)),
    (t.asin, _inverse(_one_minus_square, lambda x: e.sqrt((1 - x) * (1 + x)))),
    (t.acos, _inverse(_one_minus_square, lambda x: e.sqrt((1 - x) * (1 + x)), number=-1)),
    (t.atan, _inverse(_square_plus_one, None)),
    (t.asinh, _inverse(_square_plus_one, lambda x: e.sqrt(x * x + 1))),
    (t.atanh, _inverse(_one_minus_square, None)),
    (t.atan2, _atan2),
    (t.hypot, _hypot),
    (guarded.div_or_zero, _guarded_quotient),
    (ratio, _guarded_quotient),
    (solve_p, _solve),
    (t.acosh, _inverse(_square_minus_one, lambda x: e.sqrt(x - 1) * e.sqrt(x + 1))),
    (logistic.sigmoid, _sigmoid),
    (special.erf, _error_function(2 / math.sqrt(math.pi))),
    (special.erfc, _error_function(-2 / math.sqrt(math.pi))),
    (select.where, _where),
    (c.conj, _termwise(c.conj)),
    (c.real, _termwise(c.real)),
    (c.imag, _termwise(c.imag)),
    (c.cast_p, _termwise(c.cast_p)),
    *zip((t.sin, t.cos), _pair(t.sin, t.cos, -1), strict=True),
    *zip((t.sinh, t.cosh), _pair(t.sinh, t.cosh, 1), strict=True),
    *MATRICES.items(),
    *SUMS.items(),
])  # fmt: skip
