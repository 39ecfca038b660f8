"""Taylor rules of inverses, determinants and factorisations.

NOTE [factorisations of series]
Where A = F(X) defines a factorisation X, coefficient k of F's series is linear in X[k], with the same map as in the first
derivative: so X[k] is the pushforward of what is left of A[k] once the products of lower coefficients are taken off.
Factors with orthonormal columns, Q^T Q = 1, have Q0^T Qk + Qk^T Q0 = -P with P the sum of Qj^T Q[k-j] for 0 < j < k, where the
pushforward expects 0: what -Q0 P/2 contributes to A[k] is taken off too, and put back into Q[k].
Compare Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", Optim. Methods Softw. 28, 2013.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.forward import apply
from .diagonals import tril, triu
from .factorisation import cholesky_p, exchange_rows_p, lu_p, qr_p
from .matmul import matmul
from .matrices import column, eye_like, is_complex, mh, mt, row, sum_matrix
from .series import Series, concrete, may_be_zero, minus, plus, scaled, times
from .solving import det_p, inv_p, slogdet_p, solve_p, solve_triangular_p
from .spectral import eigh_p, eigvalsh_p, svd_p, svdvals_p


def _mul(x: Any, y: Any) -> Any:
    """The product of matrices, None for zero."""
    return None if x is None or y is None else matmul(x, y)


def _on(f: Callable[[Any], Any], x: Any) -> Any:
    return None if x is None else f(x)


def _between(k: int, term: Callable[[int, int], Any]) -> Any:
    """The sum of term(j, k - j) for 0 < j < k, None for zero."""
    total = None
    for j in range(1, k):
        total = plus(total, term(j, k - j))
    return total


def _slope(primitive: Any, d: Any, x: Any, outs: Any, **params: Any) -> Any:
    """The pushforward of `d` through a primitive of one operand."""
    return apply(primitive.jvp_of(0), d, [x], outs, 0, params)


def _solve_triangular(y0: Any, a: Series, b: Series, *, upper: bool, unit: bool) -> Series:
    cut = (lambda x: triu(x, int(unit))) if upper else (lambda x: tril(x, -int(unit)))
    a = [a[0], *[_on(cut, x) for x in a[1:]]]
    y = [y0]
    for k in range(1, len(a)):
        right = b[k]
        for j in range(1, k + 1):
            right = plus(right, minus(_mul(a[j], y[k - j])))
        y.append(_on(lambda r: solve_triangular_p(a[0], r, upper=upper, unit=unit), right))
    return y


def _inv(y0: Any, a: Series, **params: Any) -> Series:
    y = [y0]
    for k in range(1, len(a)):
        total = None
        for j in range(1, k + 1):
            total = plus(total, _mul(a[j], y[k - j]))
        y.append(minus(_mul(y0, total)))
    return y


def _well_conditioned(x: Any) -> bool:
    """Whether matrices are known to be far from singular."""
    value = concrete(x)
    if value is None or not value.size:
        return False
    try:
        inverse = np.linalg.inv(value)
    except np.linalg.LinAlgError:
        return False
    with np.errstate(all="ignore"):
        size = np.abs(value).sum(-2).max(-1) * np.abs(inverse).sum(-2).max(-1)
    return bool(np.all(size < 0.001 / np.finfo(value.dtype).eps))


def _log_slopes(a: Series) -> Series:
    """The series of tr(A^-1 A'), the derivative of log det A: one shorter."""
    e = [None, *[_on(lambda d: solve_p(a[0], d), d) for d in a[1:]]]
    c: Series = []
    for k in range(len(a) - 1):
        term = scaled(e[k + 1], k + 1)
        for j in range(1, k + 1):
            term = plus(term, minus(_mul(e[j], c[k - j])))
        c.append(term)
    return [_on(lambda x: sum_matrix(x * eye_like(x)), x) for x in c]


def _det(y0: Any, a: Series) -> Series | None:
    if not _well_conditioned(a[0]) or may_be_zero(y0):
        return None
    slopes = _log_slopes(a)
    y = [y0]
    for k in range(1, len(a)):
        total = None
        for j in range(k):
            total = plus(total, times(slopes[j], y[k - 1 - j]))
        y.append(scaled(total, 1 / k))
    return y


def _slogdet(outs: tuple[Any, Any], a: Series) -> list[Series] | None:
    sign, log = outs
    if is_complex(a[0]) or not _well_conditioned(a[0]):
        return None
    slopes = _log_slopes(a)
    return [
        [sign, *[None] * len(slopes)],
        [log, *[scaled(s, 1 / (k + 1)) for k, s in enumerate(slopes)]],
    ]


def _cholesky(y0: Any, a: Series, *, upper: bool) -> Series:
    y = [y0]
    for k in range(1, len(a)):
        known = _between(
            k, lambda i, j: _mul(_on(mh, y[i]), y[j]) if upper else _mul(y[i], _on(mh, y[j]))
        )
        left = plus(a[k], minus(known))
        y.append(_on(lambda d: _slope(cholesky_p, d, a[0], (y0,), upper=upper), left))
    return y


def _lu(outs: tuple[Any, Any], a: Series, *, pivot: bool) -> list[Series] | None:
    y0, pivots = outs
    if y0.shape[-1] != y0.shape[-2]:
        return None
    y = [y0]
    for k in range(1, len(a)):
        known = _between(k, lambda i, j: _mul(_on(lambda x: tril(x, -1), y[i]), _on(triu, y[j])))
        known = _on(lambda x: exchange_rows_p(x, pivots, back=True), known)
        left = plus(a[k], minus(known))
        found = _on(lambda d: _slope(lu_p, d, a[0], outs, pivot=pivot), left)
        y.append(found[0] if isinstance(found, tuple) else found)
    return [y, [pivots, *[None] * (len(a) - 1)]]


def _lengthening(q: Series, k: int) -> Any:
    """P/2, see NOTE [factorisations of series]."""
    return scaled(_between(k, lambda i, j: _mul(_on(mt, q[i]), q[j])), 0.5)


def _qr(outs: tuple[Any, Any], a: Series) -> list[Series] | None:
    q0, r0 = outs
    if is_complex(q0):
        return None
    q, r = [q0], [r0]
    for k in range(1, len(a)):
        half = _lengthening(q, k)
        left = plus(a[k], minus(_between(k, lambda i, j: _mul(q[i], r[j]))))
        left = plus(left, _mul(q0, _mul(half, r0)))
        if left is None:
            q.append(None)
            r.append(None)
            continue
        q_dot, r_dot = _slope(qr_p, left, a[0], outs)
        q.append(plus(q_dot, minus(_mul(q0, half))))
        r.append(r_dot)
    return [q, r]


def _stretched(x: Any, values: Any) -> Any:
    """The columns of x times values, None for zero."""
    return None if x is None or values is None else x * row(values)


def _three(
    a: Series, slope: Callable[[Any], tuple[Any, Any, Any]], u0: Any, s0: Any, v0: Any, same: bool
) -> tuple[Series, Series, Series]:
    """The series of A = U diag(S) V^T; with `same`, V is U."""
    u, s, v = [u0], [s0], [v0]
    us = [_stretched(u0, s0)]
    for k in range(1, len(a)):
        p = _lengthening(u, k)
        q = p if same else _lengthening(v, k)
        inner = _between(k, lambda i, j: _stretched(u[i], s[j]))
        known = plus(_between(k, lambda i, j: _mul(us[i], _on(mt, v[j]))), _mul(inner, mt(v0)))
        left = plus(a[k], minus(known))
        longer = plus(_stretched(p, s0), _on(lambda x: column(s0) * x, q))
        left = plus(left, _mul(u0, _mul(longer, mt(v0))))
        if left is None:
            for series in (u, s, v, us):
                series.append(None)
            continue
        u_dot, s_dot, v_dot = slope(left)
        u.append(plus(u_dot, minus(_mul(u0, p))))
        v.append(u[k] if same else plus(v_dot, minus(_mul(v0, q))))
        s.append(s_dot)
        us.append(plus(inner, plus(_stretched(u[k], s0), _stretched(u0, s_dot))))
    return u, s, v


def _may_meet(values: Any) -> bool:
    """Whether two of the values may be equal, or none is known."""
    return may_be_zero(row(values) - column(values) + eye_like(values))


def _eigh(outs: tuple[Any, Any], a: Series, *, upper: bool) -> list[Series] | None:
    w, v = outs
    if is_complex(v) or _may_meet(w):
        return None

    def slope(d: Any) -> tuple[Any, Any, Any]:
        w_dot, v_dot = _slope(eigh_p, d, a[0], outs, upper=upper)
        return v_dot, w_dot, None

    vectors, values, _ = _three(a, slope, v, w, v, True)
    return [values, vectors]


def _eigvalsh(y0: Any, a: Series, *, upper: bool) -> Series | None:
    found = _eigh(eigh_p(a[0], upper=upper), a, upper=upper)
    return None if found is None else [y0, *found[0][1:]]


def _svd(outs: tuple[Any, Any, Any], a: Series, *, full: bool) -> list[Series] | None:
    u, s, vh = outs
    if is_complex(u) or u.shape[-1] != vh.shape[-2] or _may_meet(s) or may_be_zero(s):
        return None

    def slope(d: Any) -> tuple[Any, Any, Any]:
        u_dot, s_dot, vh_dot = _slope(svd_p, d, a[0], outs, full=full)
        return u_dot, s_dot, mt(vh_dot)

    left, values, right = _three(a, slope, u, s, mt(vh), False)
    return [left, values, [vh, *[_on(mt, v) for v in right[1:]]]]


def _svdvals(y0: Any, a: Series) -> Series | None:
    found = _svd(svd_p(a[0], full=False), a, full=False)
    return None if found is None else [y0, *found[1][1:]]


MATRICES: dict[Any, Callable[..., Any]] = {
    solve_triangular_p: _solve_triangular, inv_p: _inv, det_p: _det, slogdet_p: _slogdet, cholesky_p: _cholesky,
    lu_p: _lu, qr_p: _qr, eigh_p: _eigh, eigvalsh_p: _eigvalsh, svd_p: _svd, svdvals_p: _svdvals,
}  # fmt: skip
