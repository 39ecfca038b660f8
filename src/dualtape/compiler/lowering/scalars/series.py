"""Functions by series, recurrences and continued fractions: loops over lanes, in private functions of the module.

All compute in double precision, as the primitives do. The loops run until the slowest lane is done.
"""

from __future__ import annotations

import math as numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import incomplete, integrals, polynomials, special, trigonometric
from ....ops.special_fallback import _BERNOULLI
from ...emit import flow
from ...vecmath.values import INFINITY, NAN, Value
from .rules import Dtype, Rule, apart, convert, math

DOUBLE = np.dtype(np.float64)


def _doubled(name: str, body: Callable[..., Value], needs: str = "") -> Rule:
    """A rule that computes in double: body (values, **params)."""

    def formula(out: Dtype, ins: tuple[Dtype, ...], *xs: Value, **params: Any) -> Value:
        read = [convert(x, d, DOUBLE) for x, d in zip(xs, ins, strict=True)]
        full = "_".join([name, *[str(v) for _, v in sorted(params.items())]])
        return convert(apart(full, lambda *vs: body(*vs, **params), *read), DOUBLE, out)

    return Rule(formula, "", "own", tuple(needs.split()))


# Orthogonal polynomials: see `ops.polynomials` for the recurrence.

Coefficients = Callable[[Value, Value], tuple[Any, Any, Any]]


def _by_first(first: float, rest: float) -> Callable[[Value, Value], Value]:
    return lambda k, start: start.where(k.number(first), k.number(rest))


_FAMILIES: dict[str, Coefficients] = {
    "chebyshev_t": lambda k, s: (_by_first(1, 2)(k, s), None, 1.0),
    "chebyshev_u": lambda k, s: (2.0, None, 1.0),
    "chebyshev_v": lambda k, s: (2.0, _by_first(-1, 0)(k, s), 1.0),
    "chebyshev_w": lambda k, s: (2.0, _by_first(1, 0)(k, s), 1.0),
    "hermite_h": lambda k, s: (2.0, None, k * 2.0),
    "hermite_he": lambda k, s: (1.0, None, k),
    "laguerre_l": lambda k, s: (-1 / (k + 1.0), (k * 2.0 + 1.0) / (k + 1.0), k / (k + 1.0)),
    "legendre_p": lambda k, s: ((k * 2.0 + 1.0) / (k + 1.0), None, k / (k + 1.0)),
}


def _polynomial(n: Value, x: Value, *, family: str, order: int) -> Value:
    degree = n.intrinsic("trunc")
    top = (abs(degree) < INFINITY).where(degree, degree.number(0))
    zero, one = x.number(0), x.number(1)
    rows = [one, *[zero] * order]
    out = degree.equals(0).where(rows[order], zero)

    def more(k: Value, *_: Value) -> Value:
        return (k < top).any()

    def step(k: Value, out: Value, *both: Value) -> list[Value]:
        before, rows = both[: order + 1], both[order + 1 :]
        a, b, c = _FAMILIES[family](k, k.equals(0))
        factor = x * a if b is None else x * a + b
        after = []
        for m in range(order + 1):
            term = factor * rows[m] - before[m] * c
            after.append(term + rows[m - 1] * a * float(m) if m else term)
        out = degree.equals(k + 1.0).where(after[order], out)
        return [k + 1.0, out, *rows, *after]

    found = flow.during(x.w, [zero, out, *[zero] * (order + 1), *rows], more, step)
    return degree.is_nan().where(NAN, found[1])


def _spence_slope(x: Value, *, order: int) -> Value:
    u = 1.0 - x
    near = abs(u) < 0.5
    safe = near.where(x.number(2), x)
    under = near.where(u.number(-1), u)
    f = math("log", safe) / under
    for n in range(1, order + 1):
        log_n = float((-1) ** (n - 1) * numbers.factorial(n - 1)) / _power(safe, n)
        f = (f * float(n) + log_n) / under
    terms = [
        -((-1) ** order) * numbers.perm(k, order) / (k + 1) for k in range(order, 61 + 2 * order)
    ]
    return near.where(near.where(u, u.number(0)).polynomial(terms), f)


def _power(x: Value, n: int) -> Value:
    out = x
    for _ in range(n - 1):
        out = out * x
    return out


def _sinc_derivative(x: Value, *, order: int) -> Value:
    u = x * numbers.pi
    small = abs(u) < trigonometric._SERIES_BELOW + order
    near, far = small.where(u, u.number(0)), small.where(u.number(1), u)
    start = order + order % 2
    terms = [
        (-1) ** (k // 2) / (numbers.factorial(k - order) * (k + 1))
        for k in range(start, start + 60 + 4 * order, 2)
    ]
    total = (near * near).polynomial(terms)
    if start > order:
        total = total * near
    f = math("sin", far) / far
    for n in range(1, order + 1):
        f = (math("sin", far + n * (numbers.pi / 2)) - f * float(n)) / far
    return small.where(total, f) * numbers.pi**order


def zeta(s: Value, q: Value) -> Value:
    """Hurwitz's zeta function for s >= 1, by the Euler-Maclaurin formula (DLMF 25.11.5)."""
    pole = (q <= 0.0) & q.intrinsic("floor").equals(q)

    top = s + 12.0  # from where on the formula is exact; or until the terms are too small to count

    def lasting(total: Value, q: Value, term: Value) -> Value:
        return (q < 0.0) | ((q < top) & (abs(term) > abs(total) * 1e-17))

    def step(total: Value, q: Value, term: Value) -> list[Value]:
        here = lasting(total, q, term)
        term = here.where(math("pow", q, -s), term)
        return [here.where(total + term, total), here.where(q + 1.0, q), term]

    start = [s.number(0), pole.where(q.number(INFINITY), q), s.number(1)]
    total, a, _ = flow.during(s.w, start, lambda *state: lasting(*state).any(), step)
    known = total
    power = math("pow", a, -s)
    total = total + power * a / (s - 1.0) + power * 0.5
    factor = s * power / a
    inverse = 1.0 / (a * a)
    for j, b in enumerate(_BERNOULLI, 1):
        total = total + factor * (b / numbers.factorial(2 * j))
        factor = factor * ((s + (2.0 * j - 1.0)) * (s + 2.0 * j) * inverse)
    total = (a < top).where(known, total)
    total = q.equals(INFINITY).where(0.0, total)
    total = ((q < 0.0) & ~s.intrinsic("floor").equals(s)).where(NAN, total)
    total = pole.where(INFINITY, total)
    total = s.equals(1.0).where(INFINITY, total)
    total = (s < 1.0).where(NAN, total)
    return s.compare("uno", q).where(NAN, total)


def _polygamma(x: Value, *, n: int) -> Value:
    sign = 1.0 if n % 2 else -1.0
    return zeta(x.number(n + 1), x) * (sign * numbers.factorial(n))


# The derivative of the incomplete gamma function by a: NOTE [the derivative of P by a] in `ops.incomplete`.


def _series_slope(a: Value, x: Value) -> Value:
    log_x = math("log", x)
    term = math("exp", a * log_x - x - math("lgamma", a + 1.0))
    psi = math("digamma", a + 1.0)
    first = term * (log_x - psi)

    def more(n: Value, *state: Value) -> Value:
        total, change = state[2:]
        return (n < float(incomplete._TERMS)).any() & (abs(change) > abs(total) * 1e-17).any()

    def step(n: Value, term: Value, psi: Value, total: Value, _: Value) -> list[Value]:
        term = term * (x / (a + n))
        psi = psi + 1.0 / (a + n)
        change = term * (log_x - psi)
        return [n + 1.0, term, psi, total + change, change]

    start = [x.number(1), term, psi, first, x.number(1)]
    return flow.during(x.w, start, more, step)[3]


def _fraction_slope(a: Value, x: Value) -> Value:
    zero, one = x.number(0), x.number(1)
    # Numerators and denominators of two successive convergents, and their derivatives by a.
    state = [one, zero, zero, one, zero, zero, zero, zero, zero, zero]

    def more(n: Value, *state: Value) -> Value:
        return state[-1].equals(0).any() & (n < float(incomplete._TERMS)).any()

    def step(n: Value, *state: Value) -> list[Value]:
        p0, q0, p1, q1, dp0, dq0, dp1, dq1, h, dh, _ = state
        b = x + (n * 2.0 + 1.0) - a
        begun = n > 0.0
        c, dc = begun.where(n * (a - n), one), n
        p, q = b * p1 + c * p0, b * q1 + c * q0
        dp = b * dp1 - p1 + c * dp0 + dc * p0
        dq = b * dq1 - q1 + c * dq0 + dc * q0
        scale = 1.0 / q
        old = [v * scale for v in (p1, q1, dp1, dq1)]
        p1, dp1, dq1 = p * scale, dp * scale, dq * scale
        slope = dp1 - p1 * dq1
        same = (abs(p1 - h) <= abs(p1) * 1e-16) & (abs(slope - dh) <= abs(slope) * 1e-15)
        done = (n > 2.0) & (same | p1.is_nan())
        done = done | n.is_nan()
        return [n + 1.0, old[0], old[1], p1, one, old[2], old[3], dp1, dq1, p1, slope,
                done.where(one, zero)]  # fmt: skip

    found = flow.during(x.w, [zero, *state, zero], more, step)
    h, dh = found[9], found[10]
    log_x = math("log", x)
    return -math("exp", a * log_x - x - math("lgamma", a)) * (h * (log_x - math("digamma", a)) + dh)


def _gammainc_slope(a: Value, x: Value) -> Value:
    inside = (a > 0.0) & (x > 0.0) & (a < INFINITY) & (x < INFINITY)
    low = inside & (x <= a + 1.0)
    high = inside & (x > a + 1.0)
    series = _series_slope(low.where(a, a.number(1)), low.where(x, x.number(1)))
    fraction = _fraction_slope(high.where(a, a.number(1)), high.where(x, x.number(3)))
    outside = ((a > 0.0) & (x >= 0.0)).where(a.number(0), a.number(NAN))
    return low.where(series, high.where(fraction, outside))


RULES: dict[Primitive, Rule] = {
    polynomials.polynomial: _doubled("polynomial", _polynomial),
    integrals.spence_slope: _doubled("spence_slope", _spence_slope, "log"),
    trigonometric.sinc_derivative: _doubled("sinc_derivative", _sinc_derivative, "sin"),
    special.zeta: _doubled("zeta", zeta, "pow"),
    special.polygamma_p: _doubled("polygamma", _polygamma, "pow"),
    incomplete.gammainc_slope: _doubled(
        "gammainc_slope", _gammainc_slope, "exp log lgamma digamma"
    ),
}
