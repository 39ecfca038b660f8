"""Inverses, linear systems and determinants.

The rules are those of M. Giles, Collected matrix derivative results for forward and reverse mode
(2008): d(A^-1) = -A^-1 dA A^-1 and d(A^-1 B) = A^-1 (dB - dA A^-1 B). All but `slogdet` are
holomorphic, so pullbacks are written for plain transposes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import LinAlgError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, constant, general
from .axes import size_of
from .complex import cast, conj, imag, real
from .diagonals import tril, triu
from .matmul import matmul
from .matrices import (
    Array,
    batch_matrices,
    each_matrix,
    eye_like,
    in_batch,
    is_complex,
    mh,
    mt,
    real_dtype,
    spread,
    sum_matrix,
)
from .series import concrete


def first_zero_pivot(a: Array) -> int:
    """The number, from 1, of the first zero on the diagonal of U in A = PLU; 0 if there is none.

    Runs only to word an error: NumPy says that a matrix is singular, not where.
    """
    a = a.astype(np.result_type(a, np.float64))
    for k in range(len(a)):
        p = k + int(np.argmax(np.abs(a[k:, k])))
        if a[p, k] == 0:
            return k + 1
        a[[k, p]] = a[[p, k]]
        a[k + 1 :, k:] -= np.outer(a[k + 1 :, k] / a[k, k], a[k, k:])
    return len(a)


def _singular(x: Array) -> tuple[int, int]:
    """Which matrix of a batch is singular, and at which pivot."""
    for i, a in enumerate(each_matrix(x)[0]):
        try:
            np.linalg.inv(a)
        except np.linalg.LinAlgError:
            return i, first_zero_pivot(a)
    raise AssertionError("no matrix of the batch is singular by itself")


def _inv_eval(x: Array, *, check: bool) -> Array:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError as err:
        if check:
            which, pivot = _singular(x)
            raise LinAlgError(
                f"linalg.inv: {in_batch(which, x.ndim > 2)}The diagonal element {pivot} is zero, "
                "the inversion could "
                "not be completed because the input matrix is singular."
            ) from err
    flat, _ = each_matrix(x)
    return np.stack([_inverse_or_infinity(a) for a in flat]).reshape(x.shape)


def _inverse_or_infinity(a: Array) -> Array:
    """The inverse; by Cramer's rule where there is none: infinities, and NaN for 0 / 0."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        with np.errstate(all="ignore"):
            return np.asarray(cofactors(a).T / np.zeros((), a.dtype))


def _inv_info_eval(x: Array) -> Array:
    flat, _ = each_matrix(x)
    info = np.zeros(len(flat), np.int32)
    for i, a in enumerate(flat):
        try:
            np.linalg.inv(a)
        except np.linalg.LinAlgError:
            info[i] = first_zero_pivot(a)
    return info.reshape(x.shape[:-2])


inv_p = general(
    "inv", _inv_eval, aval=lambda x, *, check: x,
    jvp=lambda d, out: -matmul(matmul(out, d), out),
    vjp=lambda ct, out: -matmul(matmul(mt(out), ct), mt(out)),
    batch=batch_matrices(lambda: inv_p), grad_name="LinalgInvExBackward0",
    doc="The inverse of each matrix. A singular one is an error if `check`, and otherwise has "
        "infinities.",
)  # fmt: skip

inv_info_p = constant(
    "inv_info", _inv_info_eval, aval=lambda x: Aval(x.shape[:-2], np.dtype(np.int32)),
    batch=batch_matrices(lambda: inv_info_p),
    doc="For each matrix the number of its first zero pivot, or 0 if it has an inverse.",
)  # fmt: skip


def _solve_eval(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError as err:
        which, _ = _singular(a)
        raise LinAlgError(
            f"torch.linalg.solve: {in_batch(which, a.ndim > 2)}The solver failed because the "
            "input matrix is singular."
        ) from err


def _solve_aval(a: Aval, b: Aval, **_: Any) -> Aval:
    lead = broadcast_shapes("solve", a.shape[:-2], b.shape[:-2])
    return Aval((*lead, *b.shape[-2:]), b.dtype)


def _solve_vjp(ct: Any, needs: tuple[bool, ...], a: Any, out: Any) -> tuple[Any, Any]:
    b_bar = solve_p(mt(a), ct)
    return -matmul(b_bar, mt(out)) if needs[0] else None, b_bar


solve_p = general(
    "solve", _solve_eval, inputs="a b", aval=_solve_aval,
    jvp=(lambda d, a, out: -solve_p(a, matmul(d, out)), lambda d, a: solve_p(a, d)),
    joint_vjp=_solve_vjp, batch=batch_matrices(lambda: solve_p), grad_name="LinalgSolveExBackward0",
    doc="X with A X = B, for matrices B.",
)  # fmt: skip


# Below this size, and for a batch of matrices at once, substitution in Python needs no SciPy.
_SMALL = 8


def _solve_triangular_eval(a: Array, b: Array, *, upper: bool, unit: bool) -> Array:
    n = a.shape[-1]
    if a.ndim == 2 and b.ndim == 2:
        if n > _SMALL and b.size and (trsm := _trsm(a.dtype)) is not None:
            # BLAS sees arrays by columns, transposed: X^T A^T = B^T, with A^T on the right.
            return np.asarray(trsm(1, a.T, b.T, side=1, lower=upper, diag=unit).T)
        x = b.copy()
    else:
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*lead, *b.shape[-2:])
        x = np.array(np.broadcast_to(b, shape), order="C")
        if n > _SMALL * max(1, size_of(lead)) and x.size and _trsm(a.dtype) is not None:
            many = np.broadcast_to(a, (*lead, n, n)).reshape(-1, n, n)
            rows = x.reshape(-1, *shape[-2:])
            for m, v in zip(many, rows, strict=True):
                v[...] = _solve_triangular_eval(m, v, upper=upper, unit=unit)
            return x
    with np.errstate(all="ignore"):  # a zero on the diagonal gives infinities, as in BLAS
        _substitute(a, x, upper, unit)
    return x


@lru_cache(maxsize=8)
def _trsm(dtype: np.dtype[Any]) -> Any:
    try:
        from scipy.linalg import get_blas_funcs
    except ImportError:
        return None
    return get_blas_funcs("trsm", dtype=dtype)


def _substitute(a: Array, x: Array, upper: bool, unit: bool) -> None:
    """Overwrite right-hand sides by the solution: half of the unknowns, then the other half."""
    n = a.shape[-1]
    if n > _SMALL:
        h = n // 2
        lo, hi = slice(0, h), slice(h, n)
        first, second = (hi, lo) if upper else (lo, hi)
        _substitute(a[..., first, first], x[..., first, :], upper, unit)
        x[..., second, :] -= np.matmul(a[..., second, first], x[..., first, :])
        _substitute(a[..., second, second], x[..., second, :], upper, unit)
        return
    single = a.ndim == 2 and x.ndim == 2
    for step in range(n):
        k = n - 1 - step if upper else step
        done = slice(k + 1, n) if upper else slice(0, k)
        if single:
            row = x[k]
            if step:
                row -= a[k, done].dot(x[done])
            if not unit:
                row /= a[k, k]
            continue
        if step:
            x[..., k, :] -= np.matmul(a[..., k : k + 1, done], x[..., done, :])[..., 0, :]
        if not unit:
            x[..., k, :] /= a[..., k, k, None]


def _triangle(x: Any, upper: bool, unit: bool) -> Any:
    """The elements that a triangular solve reads."""
    return triu(x, int(unit)) if upper else tril(x, -int(unit))


def _solve_triangular_vjp(
    ct: Any, needs: tuple[bool, ...], a: Any, out: Any, *, upper: bool, unit: bool
) -> tuple[Any, Any]:
    b_bar = solve_triangular_p(mt(a), ct, upper=not upper, unit=unit)
    return -_triangle(matmul(b_bar, mt(out)), upper, unit) if needs[0] else None, b_bar


solve_triangular_p = general(
    "solve_triangular", _solve_triangular_eval, inputs="a b", aval=_solve_aval,
    jvp=(
        lambda d, a, out, *, upper, unit: -solve_triangular_p(
            a, matmul(_triangle(d, upper, unit), out), upper=upper, unit=unit),
        lambda d, a, *, upper, unit: solve_triangular_p(a, d, upper=upper, unit=unit),
    ),
    joint_vjp=_solve_triangular_vjp, batch=batch_matrices(lambda: solve_triangular_p),
    grad_name="LinalgSolveTriangularBackward0",
    doc="X with A X = B, where only the upper or lower triangle of A counts; its diagonal is 1 if "
        "`unit`.",
)  # fmt: skip


def cofactors(a: Array) -> Array:
    """The derivatives of det(A) by the elements of A, right for singular A too.

    A = U S V^H gives det(U V^H) conj(U) diag(product of the other singular values) conj(V^H):
    N. Higham, What is the adjugate of a matrix? (2020).
    """
    u, s, vh = np.linalg.svd(a)
    others = _products_without_one(s)
    return np.asarray(
        _phase(u, vh) * np.matmul(u.conj() * others[..., None, :].astype(a.dtype), vh.conj())
    )


def _phase(u: Array, vh: Array) -> Array:
    return np.asarray(np.linalg.det(np.matmul(u, vh)))[..., None, None].astype(u.dtype)


def _products_without_one(s: Array) -> Array:
    before, after = np.ones_like(s), np.ones_like(s)
    np.cumprod(s[..., :-1], -1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(s[..., :0:-1], -1)[..., ::-1]
    return before * after


def _products_without_two(s: Array) -> Array:
    """p[i, j], the product of all but s[i] and s[j]; 0 on the diagonal."""
    n = s.shape[-1]
    above = np.triu(np.ones((n, n), bool), 1)
    # Row i of `between`, up to column j: the product of s[i+1], ..., s[j].
    between = np.cumprod(np.where(above, s[..., None, :], 1), -1)
    before, after = np.ones_like(s), np.ones_like(s)
    np.cumprod(s[..., :-1], -1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(s[..., :0:-1], -1)[..., ::-1]
    shifted = np.ones_like(between)
    shifted[..., 1:] = between[..., :-1]
    half = np.where(above, before[..., :, None] * shifted * after[..., None, :], 0)
    return np.asarray(half + half.swapaxes(-1, -2))


def _cofactor_eval(x: Array) -> Array:
    # Where A is well-conditioned, det(A) A^-T is as good, and much cheaper than singular values.
    try:
        inverse = np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return cofactors(x)
    with np.errstate(all="ignore"):
        condition = np.abs(x).sum(-2).max(-1, initial=0) * np.abs(inverse).sum(-2).max(
            -1, initial=0
        )
        det = np.linalg.det(x)
        bad = ~((condition < 0.001 / np.finfo(x.dtype).eps) & (det != 0) & np.isfinite(det))
        out = np.asarray(np.asarray(det)[..., None, None] * inverse.swapaxes(-1, -2), x.dtype)
    if bad.any() and np.isfinite(x).all():
        out[bad] = cofactors(x[bad])
    return out


def _cofactor_slope_eval(d: Array, x: Array) -> Array:
    u, s, vh = np.linalg.svd(x)
    b = np.matmul(np.matmul(u.conj().swapaxes(-1, -2), d), vh.conj().swapaxes(-1, -2))
    p = _products_without_two(s).astype(x.dtype)
    core = -p * b.swapaxes(-1, -2)
    n = x.shape[-1]
    at = np.arange(n)
    core[..., at, at] = np.matmul(p, b[..., at, at][..., None])[..., 0]
    return np.asarray(_phase(u, vh) * np.matmul(np.matmul(u.conj(), core), vh.conj()))


def _products_without_three(s: Array) -> Array:
    """p[i, j, k], the product of all but s[i], s[j] and s[k]; 0 where two of these are one."""
    n = s.shape[-1]
    one = np.eye(n, dtype=bool)
    p = _products_without_two(np.where(one, 1, s[..., None, :]))  # [k, i, j]
    return np.asarray(np.where(one[:, :, None] | one[:, None, :], 0, p))


def _cofactor_curve_eval(c: Array, d: Array, x: Array) -> Array:
    # In the bases of x's singular vectors, where x is a diagonal s: every three of the rows contribute a mixed 3 x 3
    # determinant of c, d and the matrix of which this is the gradient, times the product of the other s. One sum for each of
    # the six permutations of the three columns.
    u, s, vh = np.linalg.svd(x.astype(d.dtype, copy=False))
    left, right = u.conj().swapaxes(-1, -2), vh.conj().swapaxes(-1, -2)
    b, g = np.matmul(np.matmul(left, c), right), np.matmul(np.matmul(left, d), right)
    p = _products_without_three(s).astype(u.dtype)  # [k, i, j]
    on = np.einsum("...kij,...ii,...jj->...k", p, b, g) - np.einsum(
        "...kij,...ij,...ji->...k", p, b, g
    )
    core = (
        np.einsum("...kij,...ij,...jk->...ki", p, b, g) + np.einsum("...kij,...ik,...ji->...kj", p, b, g)
        - np.einsum("...kij,...ik,...jj->...ki", p, b, g) - np.einsum("...kij,...ii,...jk->...kj", p, b, g)
    )  # fmt: skip
    at = np.arange(s.shape[-1])
    core[..., at, at] = on
    return np.asarray(_phase(u, vh) * np.matmul(np.matmul(u.conj(), core), vh.conj()))


cofactor_curve_p = general(
    "cofactor_curve", _cofactor_curve_eval, inputs="c d x", aval=lambda c, d, x: Aval(
        broadcast_shapes("det", c.shape, d.shape, x.shape), d.dtype),
    jvp=(lambda t, d, x: cofactor_curve_p(t, d, x), lambda t, c, x: cofactor_curve_p(c, t, x), "missing"),
    vjp=(lambda ct, d, x: cofactor_curve_p(ct, d, x), lambda ct, c, x: cofactor_curve_p(c, ct, x), "missing"),
    batch=batch_matrices(lambda: cofactor_curve_p),
    doc="The second derivative of `cofactor` along c and d, of singular matrices too. As the third derivative of det it "
        "is symmetric in all that it is paired with.",
)  # fmt: skip


def _may_be_singular(x: Any) -> bool:
    """Whether a matrix is known to be singular, or so close to it that its inverse says little."""
    value = concrete(x)
    if value is None or not value.size or not np.isfinite(value).all():
        return False
    size = np.linalg.svd(value, compute_uv=False)
    limit = 1000 * np.finfo(value.dtype).eps
    return bool((size.min(-1, initial=np.inf) <= limit * size.max(-1, initial=0)).any())


def _third(c: Any, d: Any, x: Any) -> Any:
    """The third derivative of det along c and d."""
    if _may_be_singular(x):
        return cofactor_curve_p(c, d, x)
    w = inv_p(x, check=True)
    wt, dt = mt(w), mt(d)
    cof = cofactor_p(x)
    wd, wc = matmul(w, d), matmul(w, c)
    td, tc = _trace(wd), _trace(wc)
    both = _trace(matmul(wd, wc))
    wtct, wtdt = matmul(wt, mt(c)), matmul(wt, dt)
    return (
        (td * tc - both) * cof
        - td * matmul(wtct, cof)
        - tc * matmul(wtdt, cof)
        + matmul(wtct, matmul(wtdt, cof))
        + matmul(wtdt, matmul(wtct, cof))
    )


def _trace(x: Any) -> Any:
    return spread(sum_matrix(x * eye_like(x)))


cofactor_slope_p = general(
    "cofactor_slope", _cofactor_slope_eval, inputs="d x", aval=lambda d, x: Aval(
        broadcast_shapes("det", d.shape, x.shape), x.dtype),
    jvp=(lambda c, x: cofactor_slope_p(c, x), lambda c, d, x: _third(c, d, x)),
    vjp=(lambda ct, x: cofactor_slope_p(ct, x), lambda ct, d, x: _third(ct, d, x)),
    batch=batch_matrices(lambda: cofactor_slope_p),
    doc="The derivative of `cofactor` along d. As the second derivative of det it is its own "
        "transpose.",
)  # fmt: skip

cofactor_p = general(
    "cofactor", _cofactor_eval, aval=lambda x: x,
    jvp=lambda d, x: cofactor_slope_p(d, x), vjp=lambda ct, x: cofactor_slope_p(ct, x),
    batch=batch_matrices(lambda: cofactor_p),
    doc="The matrix of cofactors, det(A) A^-T for invertible A: the derivative of det, singular "
        "or not.",
)  # fmt: skip

det_p = general(
    "det", lambda x: np.linalg.det(x), aval=lambda x: Aval(x.shape[:-2], x.dtype),
    jvp=lambda d, x: sum_matrix(cofactor_p(x) * d), vjp=lambda ct, x: spread(ct) * cofactor_p(x),
    batch=batch_matrices(lambda: det_p), grad_name="LinalgDetBackward0",
    doc="The determinant of each matrix.",
)  # fmt: skip


def _slogdet_eval(x: Array) -> tuple[Any, Any]:
    out = np.linalg.slogdet(x)
    return out.sign, out.logabsdet


def _slogdet_jvp(d: Any, x: Any, out0: Any) -> tuple[Any, Any]:
    t = sum_matrix(mt(inv_p(x, check=False)) * d)
    if not is_complex(x):
        return out0 * 0, t
    return out0 * (cast(imag(t), dtype_of(x)) * 1j), real(t)


def _slogdet_vjp(ct: tuple[Any, Any], x: Any, out0: Any) -> Any:
    # With t = tr(A^-1 dA): dlog|det| = Re t and dsign = i sign Im t.
    sign_bar, log_bar = ct
    scale = (
        cast(log_bar, dtype_of(x)) - cast(imag(conj(sign_bar) * out0), dtype_of(x)) * 1j
        if is_complex(x)
        else log_bar
    )
    return spread(scale) * mh(inv_p(x, check=False))


slogdet_p = general(
    "slogdet", _slogdet_eval, outputs=2, holomorphic=False, jvp=_slogdet_jvp, vjp=_slogdet_vjp,
    aval=lambda x: (Aval(x.shape[:-2], x.dtype), Aval(x.shape[:-2], real_dtype(x.dtype))),
    batch=batch_matrices(lambda: slogdet_p), grad_name="LinalgSlogdetBackward0",
    doc="Sign (or phase) and logarithm of the absolute value of the determinant; 0 and -inf if "
        "singular.",
)  # fmt: skip
