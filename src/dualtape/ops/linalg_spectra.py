"""Eigenvalues, singular values, and what is built on them: pseudo-inverses, norms, ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, constant
from .axes import normalize_axis, size_of
from .compare import gt
from .complex import cast, real
from .extrema import amax, amin
from .linalg import inv_ex, is_vector_side, qr
from .matmul import matmul
from .matrices import (
    Array,
    batch_matrices,
    check_matrix,
    check_square,
    column,
    is_complex,
    mh,
    mt,
    real_dtype,
)
from .norms import vector_norm
from .numbers import abs_
from .reduce import sum as sum_of
from .select import where
from .shape import permute, reshape, slice_p
from .spectral import (
    eig_p,
    eigh_p,
    eigvals_p,
    eigvalsh_p,
    kept_values,
    pinv_p,
    svd_p,
    svdvals_p,
)


def _upper(uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper() == "U"


def eigh(x: Any, uplo: str = "L") -> tuple[Any, Any]:
    """Ascending eigenvalues and orthonormal eigenvectors of Hermitian matrices.

    Args:
        x: (..., n, n), of which the triangle `uplo` is read. The gradient is Hermitian; it exists
            where a loss depends on the vectors only if their eigenvalues differ, and for complex x
            if it does not depend on the vectors' phases.
        uplo: "L" or "U".

    Raises:
        LinAlgError: The algorithm does not converge.
        ArgumentError: Another `uplo`.
    """
    check_square("linalg.eigh", x)
    return eigh_p(x, upper=_upper(uplo))  # type: ignore[no-any-return]


def eigvalsh(x: Any, uplo: str = "L") -> Any:
    """The eigenvalues of `eigh`; their gradient exists for coinciding ones too."""
    check_square("linalg.eigh", x)
    return eigvalsh_p(x, upper=_upper(uplo))


def eig(x: Any) -> tuple[Any, Any]:
    """Complex eigenvalues, in no order, and eigenvectors of length 1 of square matrices.

    Raises:
        LinAlgError: The algorithm does not converge, or a matrix is not finite.
    """
    check_square("linalg.eig", x)
    return eig_p(x)  # type: ignore[no-any-return]


def eigvals(x: Any) -> Any:
    """The eigenvalues of `eig`."""
    check_square("linalg.eigvals", x)
    return eigvals_p(x)


def svd(x: Any, full_matrices: bool = True) -> tuple[Any, Any, Any]:
    """U, S, V^H with x = U S V^H, the singular values S descending.

    Args:
        x: (..., m, n).
        full_matrices: Complete U and V^H to square matrices. The vectors added count as constant.

    Raises:
        LinAlgError: The algorithm does not converge, or a matrix is not finite.
    """
    check_matrix("linalg.svd", x)
    return svd_p(x, full=full_matrices and x.shape[-1] != x.shape[-2])  # type: ignore[no-any-return]


def svdvals(x: Any) -> Any:
    """The singular values, descending; their gradient exists for coinciding ones too."""
    check_matrix("linalg.svd", x)
    return svdvals_p(x)


Tolerance = Any


def _tolerances(x: Any, rtol: Tolerance, atol: Tolerance) -> tuple[Any, Any]:
    """Both as real arrays; a relative default applies where no absolute tolerance is given."""
    dtype = real_dtype(dtype_of(x))
    default = np.asarray(max(x.shape[-2:]) * np.finfo(dtype).eps, dtype)
    if atol is None:
        return _as_real(default if rtol is None else rtol, dtype), np.zeros((), dtype)
    atol = _as_real(atol, dtype)
    if rtol is None:
        # PyTorch's rule, for each matrix: only where the absolute tolerance is 0.
        positive = gt(atol, np.zeros((), dtype))
        rtol = where(positive, np.zeros((), dtype), default)
    return _as_real(rtol, dtype), atol


def _as_real(value: Any, dtype: Any) -> Any:
    return cast(value, dtype) if hasattr(value, "dtype") else np.asarray(value, dtype)


def pinv(x: Any, rtol: Tolerance = None, atol: Tolerance = None, hermitian: bool = False) -> Any:
    """The pseudo-inverse of matrices.

    Args:
        x: (..., m, n).
        rtol: Singular values up to this times the largest count as zero; by default max(m, n) eps,
            or 0 if `atol` is given. A number, or one for each matrix.
        atol: Those up to this do too.
        hermitian: x is Hermitian, and its lower triangle enough.

    The gradient assumes that the rank does not change nearby.
    """
    name = "linalg.pinv"
    check_square(name, x) if hermitian else check_matrix(name, x)
    if not size_of(x.shape):
        return mt(x) * 0
    return pinv_p(x, *_tolerances(x, rtol, atol), hermitian=hermitian)


def svd_lowrank(x: Any, start: Any, niter: int = 2, mean: Any = None) -> tuple[Any, Any, Any]:
    """U, S, V of an approximation x = U S V^H of low rank.

    Args:
        x: (..., m, n).
        start: (min(m, n), q) random numbers, q the rank looked for.
        niter: How often to go through x and x^H again; each time sharpens the singular vectors.
        mean: Subtracted from x, to whose shape it broadcasts.

    Method: N. Halko, P. Martinsson and J. Tropp, SIAM Review 53 (2011), algorithms 4.4 and 5.1.
    """
    check_matrix("svd_lowrank", x)
    if mean is not None:
        x = x - mean
    wide = x.shape[-2] < x.shape[-1]
    if wide:
        x = mh(x)
    q, _ = qr(matmul(x, start))
    for _ in range(niter):
        q, _ = qr(matmul(mh(x), q))
        q, _ = qr(matmul(x, q))
    u, s, vh = svd_p(matmul(mh(q), x), full=False)
    u, v = matmul(q, u), mh(vh)
    return (v, s, u) if wide else (u, s, v)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(
    a: Any, b: Any, rcond: float | None = None, driver: str | None = None
) -> tuple[Any, Any, Any, Any]:
    """The X of smallest norm among those that minimise |A X - B|.

    Args:
        a: (..., m, n).
        b: (..., m, k), or vectors as for `solve`.
        rcond: Singular values up to this times the largest count as zero; max(m, n) eps by default.
        driver: A LAPACK routine's name. It only decides which of the further results are given.

    Returns:
        X; the squared residuals of each column if m > n = rank ("gelsy" gives none), else empty;
        the rank ("gels": empty); the singular values ("gelss" and "gelsd", else empty).

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
        ArgumentError: There is no such driver.
    """
    name = "torch.linalg.lstsq"
    check_matrix(name, a)
    if driver not in (None, *_DRIVERS):
        raise ArgumentError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    if dtype_of(a) != dtype_of(b):
        raise DtypeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype "
            f"{dtype_of(a)} and other's "
            f"dtype {dtype_of(b)}"
        )
    vector = is_vector_side(a, b)
    if vector:
        b = column(b)
    if b.shape[-2] != a.shape[-2]:
        raise ShapeError(f"{name}: input.size(-2) should match other.size(-2)")
    driver = driver or "gelsy"
    m, n = a.shape[-2:]
    tolerances = _tolerances(a, rcond, None)
    inverse = pinv_p(a, *tolerances, hermitian=False) if size_of(a.shape) else mt(a) * 0
    x = matmul(inverse, b)
    rank = matrix_rank_p(a, *tolerances, hermitian=False)
    known = getattr(rank, "value", rank)
    full = isinstance(known, np.ndarray | np.generic) and bool(np.all(known == n))
    if m > n and (driver == "gels" or (driver != "gelsy" and full)):
        residuals = vector_norm(matmul(a, x) - b, 2, -2) ** 2
    else:  # empty, and yet connected, as in PyTorch
        residuals = slice_p(reshape(x, (-1,)), index=(slice(0),))
        residuals = real(residuals) if is_complex(a) else residuals
    if vector:
        x = reshape(x, x.shape[:-1])
    empty = np.empty(0, real_dtype(dtype_of(a)))
    values = svdvals_p(a) if driver in ("gelss", "gelsd") else empty
    return x, residuals, np.empty(0, np.int64) if driver == "gels" else rank, values


def _rank_eval(x: Array, rtol: Array, atol: Array, *, hermitian: bool) -> Array:
    s = np.linalg.eigvalsh(x) if hermitian else np.linalg.svd(x, compute_uv=False)
    kept = kept_values(np.asarray(s), np.asarray(rtol), np.asarray(atol))
    return np.asarray(np.sum(kept, -1, dtype=np.int64))


def _rank_aval(x: Aval, rtol: Aval, atol: Aval, *, hermitian: bool) -> Aval:
    lead = broadcast_shapes("matrix_rank", x.shape[:-2], rtol.shape, atol.shape)
    return Aval(lead, np.dtype(np.int64))


matrix_rank_p = constant(
    "matrix_rank", _rank_eval, inputs="x rtol atol", aval=_rank_aval,
    batch=batch_matrices(lambda: matrix_rank_p, 2, 0, 0),
    doc="The number of singular values above max(atol, rtol * the largest).",
)  # fmt: skip


def matrix_rank(
    x: Any, atol: Tolerance = None, rtol: Tolerance = None, hermitian: bool = False
) -> Any:
    """The rank of matrices, int64; tolerances and `hermitian` as for `pinv`."""
    name = "torch.linalg.matrix_rank"
    check_square(name, x) if hermitian else check_matrix(name, x)
    return matrix_rank_p(x, *_tolerances(x, rtol, atol), hermitian=hermitian)


def matrix_norm(
    x: Any, ord: float | str = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False
) -> Any:
    """A norm of the matrices in two axes.

    Args:
        x: Floating or complex; the result is real.
        ord: "fro", "nuc" (the sum of the singular values), 2 and -2 (the largest and the smallest),
            1 and -1 (the largest and the smallest sum of a column's sizes), inf and -inf (of a
            row's).
        dim: The axes of rows and of columns.
        keepdim: Keep them, with length 1.

    Raises:
        ArgumentError: There is no such norm.
        ShapeError: The axes do not fit, in PyTorch's words.
    """
    name = "linalg.matrix_norm"
    check_matrix(name, x)
    if len(dim) != 2:
        raise ShapeError(f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    rank = len(x.shape)
    rows, columns = (normalize_axis(d, rank) for d in dim)
    if rows == columns:
        raise ShapeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if ord == "nuc" or (not isinstance(ord, str) and abs(ord) == 2):
        values = svdvals_p(
            permute(x, [a for a in range(rank) if a not in (rows, columns)] + [rows, columns])
        )
        if ord == "nuc":
            out = sum_of(values, -1)
        elif not values.shape[-1]:
            out = sum_of(values, -1)  # PyTorch's value of an empty maximum here: 0
        else:
            out = (amax if ord == 2 else amin)(values, -1)
        if keepdim:
            out = reshape(out, [1 if a in (rows, columns) else x.shape[a] for a in range(rank)])
        return out
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise ArgumentError(f"{name}: Order {ord} not supported.")
    inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = sum_of(abs_(x), inner, True)
    out = (
        (amax if ord > 0 else amin)(sums, outer, True)
        if x.shape[outer]
        else sum_of(sums, outer, True)
    )
    return (
        out
        if keepdim
        else reshape(out, [x.shape[a] for a in range(rank) if a not in (rows, columns)])
    )


def cond(x: Any, p: float | str | None = None) -> Any:
    """The condition number of matrices by the norm `p` (2 by default), infinite for singular ones.

    Raises:
        ShapeError: p is neither 2 nor -2 and the matrices are not square.
    """
    if len(x.shape) < 2:
        raise ShapeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or p in (2, -2):
        check_matrix("linalg.cond", x)
        values = svdvals_p(x)
        if not values.shape[-1]:
            return sum_of(values, -1)
        largest, smallest = amax(values, -1), amin(values, -1)
        return smallest / largest if p == -2 else largest / smallest
    check_square(f"linalg.cond(ord={p})", x)
    return matrix_norm(x, p) * matrix_norm(inv_ex(x)[0], p)
