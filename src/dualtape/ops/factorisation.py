"""Cholesky, QR and LU.

A factorisation is differentiated by differentiating the product it stands for and splitting the
result into the parts that the factors allow: a triangle, a skew matrix (S. Walter and L. Lehmann,
Algorithmic differentiation of linear algebra functions, 2010; M. Giles 2008; I. Murray 2016 for
Cholesky).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import LinAlgError, NotDifferentiableError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, constant, general, linear
from .axes import size_of
from .complex import cast, real
from .diagonals import diag_embed, diagonal, tril, triu
from .matmul import matmul
from .matrices import Array, batch_matrices, each_matrix, in_batch, is_complex, mh, mt
from .shape import concatenate, slice_p
from .solving import solve_triangular_p


def _real_diagonal(x: Any, factor: float) -> Any:
    """A diagonal matrix: `factor` times the real part of the diagonal of x."""
    d = diagonal(x, 0, -2, -1)
    if is_complex(x):
        d = cast(real(d), dtype_of(x))
    return diag_embed(d * factor)


# ---- Cholesky


def first_bad_minor(a: Array) -> int:
    """The order of the first leading minor that is not positive; 0 if all are.

    Runs only to word an error: NumPy says that a matrix is not positive definite, not where.
    """
    n = len(a)
    low = np.zeros((n, n), np.result_type(a, np.float64))
    for k in range(n):
        pivot = a[k, k].real - np.sum(np.abs(low[k, :k]) ** 2)
        if not pivot > 0:
            return k + 1
        low[k, k] = np.sqrt(pivot)
        low[k + 1 :, k] = (a[k + 1 :, k] - low[k + 1 :, :k] @ low[k, :k].conj()) / low[k, k]
    return 0


def _cholesky_eval(x: Array, *, upper: bool) -> Array:
    try:
        out = np.linalg.cholesky(x, upper=upper)
    except np.linalg.LinAlgError as err:
        raise _not_positive_definite(x, upper) from err
    if np.isnan(np.diagonal(out, 0, -2, -1)).any():  # which not every LAPACK takes for a failure
        raise _not_positive_definite(x, upper)
    return out


def _not_positive_definite(x: Array, upper: bool) -> LinAlgError:
    info = _cholesky_info_eval(x, upper=upper).reshape(-1)
    which = int(np.flatnonzero(info)[0]) if info.any() else 0
    return LinAlgError(
        f"linalg.cholesky: {in_batch(which, x.ndim > 2)}The factorization could not be completed "
        "because the input is "
        f"not positive-definite (the leading minor of order {max(info[which], 1)} is not "
        "positive-definite)."
    )


def _cholesky_info_eval(x: Array, *, upper: bool) -> Array:
    flat, _ = each_matrix(x.conj().swapaxes(-1, -2) if upper else x)
    info = np.array([first_bad_minor(a) for a in flat], np.int32)
    return info.reshape(x.shape[:-2])


def _half(x: Any) -> Any:
    """The part of a Hermitian x, lower triangular, that adds up to x with its adjoint."""
    return tril(x, -1) + _real_diagonal(x, 0.5)


def _cholesky_jvp(d: Any, out: Any, *, upper: bool) -> Any:
    low = mh(out) if upper else out
    # Only the Hermitian part of a direction can count: it keeps A Hermitian.
    d = (d + mh(d)) * 0.5
    inner = mh(
        solve_triangular_p(
            low, mh(solve_triangular_p(low, d, upper=False, unit=False)), upper=False, unit=False
        )
    )
    dot = matmul(low, _half(inner))
    return mh(dot) if upper else dot


def _cholesky_vjp(ct: Any, out: Any, *, upper: bool) -> Any:
    low, ct = (mh(out), mh(ct)) if upper else (out, ct)
    p = _half(matmul(mh(low), ct))
    p = (p + mh(p)) * 0.5
    up = mh(low)
    g = solve_triangular_p(up, p, upper=True, unit=False)
    return mh(solve_triangular_p(up, mh(g), upper=True, unit=False))


cholesky_p = general(
    "cholesky",
    _cholesky_eval,
    aval=lambda x, *, upper: x,
    jvp=_cholesky_jvp,
    vjp=_cholesky_vjp,
    holomorphic=False,
    batch=batch_matrices(lambda: cholesky_p),
    grad_name="LinalgCholeskyExBackward0",
    doc="Lower triangular L with L L^H = x (`upper`: U with U^H U = x). Only that triangle of x "
    "is read; its "
    "derivative is that on Hermitian matrices, and the gradient is Hermitian.",
)

cholesky_info_p = constant(
    "cholesky_info",
    _cholesky_info_eval,
    aval=lambda x, *, upper: Aval(x.shape[:-2], np.dtype(np.int32)),
    batch=batch_matrices(lambda: cholesky_info_p),
    doc="For each matrix the order of its first leading minor that is not positive, or 0.",
)


def _solved_with(b: Any, factor: Any, upper: bool) -> Any:
    low, up = (mh(factor), factor) if upper else (factor, mh(factor))
    half = solve_triangular_p(low, b, upper=False, unit=False)
    return solve_triangular_p(up, half, upper=True, unit=False)


def _factor_bar(matrix_bar: Any, factor: Any, upper: bool) -> Any:
    """The cotangent of the factor from that of the matrix L L^H or U^H U."""
    both = matrix_bar + mh(matrix_bar)
    return matmul(factor, both) if upper else matmul(both, factor)


def _matrix_dot(factor_dot: Any, factor: Any, upper: bool) -> Any:
    product = matmul(mh(factor_dot), factor) if upper else matmul(factor_dot, mh(factor))
    return product + mh(product)


def _cholesky_solve_eval(b: Array, factor: Array, *, upper: bool) -> Array:
    return np.asarray(_solved_with(b, factor, upper))


def _cholesky_solve_vjp(
    ct: Any, needs: tuple[bool, ...], factor: Any, out: Any, *, upper: bool
) -> tuple[Any, Any]:
    b_bar = cholesky_solve_p(ct, factor, upper=upper)
    return b_bar, _factor_bar(-matmul(b_bar, mh(out)), factor, upper) if needs[1] else None


# Only a triangle of the factor is read, but, as in PyTorch, the derivatives are those of the product
# L L^H for any L: they agree where the factor stays triangular.
cholesky_solve_p = general(
    "cholesky_solve", _cholesky_solve_eval, inputs="b factor", holomorphic=False,
    aval=lambda b, factor, *, upper: Aval(
        (*broadcast_shapes("cholesky_solve", b.shape[:-2], factor.shape[:-2]), *b.shape[-2:]), b.dtype),
    jvp=(
        lambda d, factor, *, upper: cholesky_solve_p(d, factor, upper=upper),
        lambda d, factor, out, *, upper: -cholesky_solve_p(
            matmul(_matrix_dot(d, factor, upper), out), factor, upper=upper),
    ),
    joint_vjp=_cholesky_solve_vjp, batch=batch_matrices(lambda: cholesky_solve_p),
    grad_name="CholeskySolveBackward0", doc="X with A X = b, from the Cholesky factor of A.",
)  # fmt: skip


def _cholesky_inverse_eval(factor: Array, *, upper: bool) -> Array:
    return np.asarray(_solved_with(np.eye(factor.shape[-1], dtype=factor.dtype), factor, upper))


cholesky_inverse_p = general(
    "cholesky_inverse", _cholesky_inverse_eval, inputs="factor", holomorphic=False,
    aval=lambda factor, *, upper: factor,
    jvp=lambda d, factor, out, *, upper: -matmul(matmul(out, _matrix_dot(d, factor, upper)), out),
    vjp=lambda ct, factor, out, *, upper: _factor_bar(-matmul(matmul(out, ct), out), factor, upper),
    batch=batch_matrices(lambda: cholesky_inverse_p), grad_name="CholeskyInverseBackward0",
    doc="The inverse of A from its Cholesky factor.",
)  # fmt: skip

# ---- QR


def _qr_eval(x: Array) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x)
    return q, r


def _qr_jvp(d: Any, out0: Any, out1: Any) -> tuple[Any, Any]:
    # X = dA R^-1 = dQ + Q dR R^-1, and Q^H X = (skew) + (upper triangular with real diagonal).
    x = mt(solve_triangular_p(mt(out1), mt(d), upper=False, unit=False))
    y = matmul(mh(out0), x)
    low = tril(y, -1)
    skew = low - mh(low)
    if is_complex(y):
        on = diagonal(y, 0, -2, -1)
        skew = skew + diag_embed(on - cast(real(on), dtype_of(on)))
    q_dot = x - matmul(out0, y - skew)
    return q_dot, matmul(y - skew, out1)


def _qr_vjp(ct: tuple[Any, Any], out0: Any, out1: Any) -> Any:
    q_bar, r_bar = ct
    # The adjoint of the map above. M is its effect on y; what the splitting leaves of it is
    # Hermitian.
    m = matmul(r_bar, mh(out1)) - matmul(mh(out0), q_bar)
    upper = triu(m, 1)
    core = upper + mh(upper) + _real_diagonal(m, 1.0)
    g = q_bar + matmul(out0, core)
    # g R^-H
    return mh(solve_triangular_p(out1, mh(g), upper=True, unit=False))


def _qr_aval(x: Aval) -> tuple[Aval, Aval]:
    n = x.shape[-1]
    return x, Aval((*x.shape[:-2], n, n), x.dtype)


qr_p = general(
    "qr", _qr_eval, outputs=2, aval=_qr_aval, jvp=_qr_jvp, vjp=_qr_vjp, holomorphic=False,
    batch=batch_matrices(lambda: qr_p), grad_name="LinalgQrBackward0",
    doc="Q with orthonormal columns and upper triangular R of x = QR, for at least as many rows "
        "as columns.",
)  # fmt: skip


def _qr_complete_eval(x: Array) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x, mode="complete")
    return q, r


def _qr_complete_aval(x: Aval) -> tuple[Aval, Aval]:
    m = x.shape[-2]
    return Aval((*x.shape[:-2], m, m), x.dtype), x


def _check_complete(q: Any, r: Any) -> None:
    if q.shape[-1] > r.shape[-1]:
        raise NotDifferentiableError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols: "
            "the columns that "
            "complete the basis are arbitrary. Use mode='reduced'."
        )


def _qr_complete_jvp(d: Any, out0: Any, out1: Any) -> Any:
    _check_complete(out0, out1)
    return _qr_jvp(d, out0, out1)


def _qr_complete_vjp(ct: tuple[Any, Any], out0: Any, out1: Any) -> Any:
    _check_complete(out0, out1)
    return _qr_vjp(ct, out0, out1)


qr_complete_p = general(
    "qr_complete",
    _qr_complete_eval,
    outputs=2,
    aval=_qr_complete_aval,
    jvp=_qr_complete_jvp,
    vjp=_qr_complete_vjp,
    holomorphic=False,
    batch=batch_matrices(lambda: qr_complete_p),
    grad_name="LinalgQrBackward0",
    doc="QR with a square Q. Its last columns are no function of x, so only square x have a "
    "derivative.",
)


def _geqrf_eval(x: Array) -> tuple[Array, Array]:
    h, tau = np.linalg.qr(x, mode="raw")
    return np.ascontiguousarray(h.swapaxes(-1, -2)), tau


geqrf_p = constant(
    "geqrf",
    _geqrf_eval,
    outputs=2,
    aval=lambda x: (x, Aval((*x.shape[:-2], min(x.shape[-2:])), x.dtype)),
    batch=batch_matrices(lambda: geqrf_p),
    doc="QR as LAPACK leaves it: R and, below it, the Householder vectors; and their factors.",
)

# ---- LU


def lu_in_place(a: Array, pivot: bool) -> Array:
    """Overwrite a matrix by its LU factors; return the row exchanged with each row, from 1."""
    rows, columns = a.shape
    count = min(rows, columns)
    pivots = np.arange(1, count + 1, dtype=np.int32)
    with np.errstate(all="ignore"):
        for k in range(count):
            if pivot:
                # LAPACK's measure of a complex number is |re| + |im|.
                column = a[k:, k]
                p = k + int(np.argmax(np.abs(column.real) + np.abs(column.imag)))
                pivots[k] = p + 1
                if p != k:
                    a[[k, p]] = a[[p, k]]
            if pivot and a[k, k] == 0:
                continue
            a[k + 1 :, k] /= a[k, k]
            a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return pivots


@lru_cache(maxsize=8)
def _getrf(dtype: np.dtype[Any]) -> Any:
    try:
        from scipy.linalg import get_lapack_funcs
    except ImportError:
        return None
    return get_lapack_funcs("getrf", dtype=dtype)


# Below this size the loop in Python is no slower than finding LAPACK.
_SMALL = 4


def _lu_eval(x: Array, *, pivot: bool) -> tuple[Array, Array]:
    packed = np.array(x, order="C")
    flat, _ = each_matrix(packed)
    count = min(x.shape[-2:])
    pivots = np.zeros((len(flat), count), np.int32)
    getrf = _getrf(x.dtype) if pivot and count > _SMALL else None
    for i, a in enumerate(flat):
        if getrf is not None:
            factors, exchanged, _ = getrf(a)
            a[...] = factors
            pivots[i] = exchanged + 1
        else:
            pivots[i] = lu_in_place(a, pivot)
    return packed, pivots.reshape(*x.shape[:-2], count)


def order_of_rows(pivots: Array, rows: int) -> Array:
    """The permutation p with A[p] = LU that a sequence of row exchanges amounts to."""
    *lead, count = pivots.shape
    batch = size_of(lead)
    flat = pivots.reshape(batch, count)
    order = np.tile(np.arange(rows), (batch, 1))
    every = np.arange(batch)
    for k in range(count):
        j = flat[:, k] - 1
        order[every, k], order[every, j] = order[every, j], order[every, k]
    return order.reshape(*lead, rows)


def _exchange_eval(x: Array, pivots: Array, *, back: bool) -> Array:
    order = order_of_rows(pivots, x.shape[-2])
    if back:
        order = np.argsort(order, -1)
    lead = np.broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = np.broadcast_to(x, (*lead, *x.shape[-2:]))
    order = np.broadcast_to(order, (*lead, order.shape[-1]))
    return np.take_along_axis(x, order[..., None], -2)


def _exchange_aval(x: Aval, pivots: Aval, *, back: bool) -> Aval:
    lead = np.broadcast_shapes(x.shape[:-2], pivots.shape[:-1])
    return Aval((*lead, *x.shape[-2:]), x.dtype)


exchange_rows_p = linear(
    "exchange_rows",
    _exchange_eval,
    lambda ct, pivots, *, back: exchange_rows_p(ct, pivots, back=not back),
    inputs="x pivots",
    aval=_exchange_aval,
    batch=batch_matrices(lambda: exchange_rows_p, 2, 1),
    doc="x[p] for the row order p that `pivots` describe, or its inverse if `back`.",
)


def unit_lower(x: Any) -> Any:
    """The unit lower triangular factor in the first columns of packed LU factors."""
    n = min(x.shape[-2:])
    return tril(slice_p(x, index=(..., slice(n))), -1) + np.eye(x.shape[-2], n, dtype=dtype_of(x))


def upper_factor(x: Any) -> Any:
    """The upper triangular factor in the first rows of packed LU factors."""
    n = min(x.shape[-2:])
    return triu(slice_p(x, index=(..., slice(n), slice(None))))


def _split(x: Any, k: int, axis: int) -> tuple[Any, Any]:
    whole = slice(None)
    if axis == -2:
        return slice_p(x, index=(..., slice(k), whole)), slice_p(
            x, index=(..., slice(k, None), whole)
        )
    return slice_p(x, index=(..., slice(k))), slice_p(x, index=(..., slice(k, None)))


def _lu_jvp(d: Any, out0: Any, out1: Any, *, pivot: bool) -> Any:
    m, n = out0.shape[-2:]
    k = min(m, n)
    d = exchange_rows_p(d, out1, back=False)
    low, up = unit_lower(out0), upper_factor(out0)
    low1, up1 = _split(low, k, -2)[0], _split(up, k, -1)[0]
    d1 = d if m == n else _split(d, k, -2)[0] if m > n else _split(d, k, -1)[0]
    # F = L^-1 dA U^-1 = L^-1 dL + dU U^-1, a strictly lower and an upper triangle.
    f = solve_triangular_p(low1, _over(d1, up1), upper=False, unit=True)
    low_dot, up_dot = matmul(low1, tril(f, -1)), matmul(triu(f), up1)
    square = low_dot + up_dot
    if m > n:
        low2 = _split(low, k, -2)[1]
        rest = _over(_split(d, k, -2)[1] - matmul(low2, up_dot), up1)
        return concatenate([square, rest], len(d.shape) - 2)
    if m < n:
        up2 = _split(up, k, -1)[1]
        rest = solve_triangular_p(
            low1, _split(d, k, -1)[1] - matmul(low_dot, up2), upper=False, unit=True
        )
        return concatenate([square, rest], len(d.shape) - 1)
    return square


def _over(x: Any, up: Any) -> Any:
    """X U^-1 for an upper triangular U."""
    return mt(solve_triangular_p(mt(up), mt(x), upper=False, unit=False))


def _lu_vjp(ct: Any, out0: Any, out1: Any, *, pivot: bool) -> Any:
    ct = ct[0] if isinstance(ct, tuple) else ct
    m, n = out0.shape[-2:]
    k = min(m, n)
    low, up = unit_lower(out0), upper_factor(out0)
    low1, up1 = _split(low, k, -2)[0], _split(up, k, -1)[0]
    ct1 = ct if m == n else _split(ct, k, -2)[0] if m > n else _split(ct, k, -1)[0]
    low_bar, up_bar = tril(ct1, -1), triu(ct1)
    rest = None
    if m > n:
        rest = _over_transposed(_split(ct, k, -2)[1], up1)
        up_bar = up_bar - matmul(mt(_split(low, k, -2)[1]), rest)
    elif m < n:
        rest = solve_triangular_p(mt(low1), _split(ct, k, -1)[1], upper=True, unit=True)
        low_bar = low_bar - matmul(rest, mt(_split(up, k, -1)[1]))
    f = tril(matmul(mt(low1), low_bar), -1) + triu(matmul(up_bar, mt(up1)))
    g = solve_triangular_p(mt(low1), _over_transposed(f, up1), upper=True, unit=True)
    if rest is not None:
        g = concatenate([g, rest], len(ct.shape) - (2 if m > n else 1))
    return exchange_rows_p(g, out1, back=True)


def _over_transposed(x: Any, up: Any) -> Any:
    """X U^-T for an upper triangular U."""
    return mt(solve_triangular_p(up, mt(x), upper=True, unit=False))


def _lu_aval(x: Aval, *, pivot: bool) -> tuple[Aval, Aval]:
    return x, Aval((*x.shape[:-2], min(x.shape[-2:])), np.dtype(np.int32))


lu_p = general(
    "lu", _lu_eval, outputs=2, differentiable=(0,), aval=_lu_aval, jvp=_lu_jvp, vjp=_lu_vjp,
    batch=batch_matrices(lambda: lu_p), grad_name="LinalgLuFactorExBackward0",
    doc="Packed LU factors of x with its rows exchanged, and the exchanges, from 1 as in LAPACK.",
)  # fmt: skip


def _zero_pivot_eval(x: Array) -> Array:
    on = np.diagonal(x, 0, -2, -1) == 0
    return np.asarray(
        np.where(on.any(-1), np.argmax(on, -1) + 1 if on.shape[-1] else 0, 0), np.int32
    )


zero_pivot_p = constant(
    "zero_pivot", _zero_pivot_eval, aval=lambda x: Aval(x.shape[:-2], np.dtype(np.int32)),
    batch=batch_matrices(lambda: zero_pivot_p),
    doc="The number, from 1, of the first zero on the diagonal of packed LU factors, or 0.",
)  # fmt: skip
