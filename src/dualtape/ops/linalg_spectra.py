"""Eigenvalues, singular values, and what is built on them: pseudo-inverses, norms, ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant
from .axes import normalize_axis
from .extrema import amax, amin
from .linalg import inv_ex, is_vector_side
from .matmul import matmul
from .matrices import Array, batch_matrices, check_matrix, check_square, column, real_dtype
from .norms import vector_norm
from .numbers import abs_
from .reduce import sum as sum_of
from .shape import permute, reshape
from .spectral import eig_p, eigh_p, eigvals_p, eigvalsh_p, pinv_p, svd_p, svdvals_p


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


def _tolerances(x: Any, rtol: float | None, atol: float | None) -> tuple[float, float]:
    """PyTorch's defaults: a relative tolerance unless only an absolute one is given."""
    if rtol is None:
        rtol = 0.0 if atol else max(x.shape[-2:]) * float(np.finfo(dtype_of(x)).eps)
    return float(rtol), float(atol or 0.0)


def pinv(
    x: Any, rtol: float | None = None, atol: float | None = None, hermitian: bool = False
) -> Any:
    """The pseudo-inverse of matrices.

    Args:
        x: (..., m, n).
        rtol: Singular values up to this times the largest count as zero; by default max(m, n) eps,
            or 0 if `atol` is given.
        atol: Those up to this do too.
        hermitian: x is Hermitian, and its lower triangle enough.

    The gradient assumes that the rank does not change nearby.
    """
    name = "linalg.pinv"
    check_square(name, x) if hermitian else check_matrix(name, x)
    rtol, atol = _tolerances(x, rtol, atol)
    return pinv_p(x, rtol=rtol, atol=atol, hermitian=hermitian)


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
    rtol = max(m, n) * float(np.finfo(dtype_of(a)).eps) if rcond is None else float(rcond)
    x = matmul(pinv_p(a, rtol=rtol, atol=0.0, hermitian=False), b)
    empty = np.empty(0, real_dtype(dtype_of(a)))
    rank = matrix_rank_p(a, rtol=rtol, atol=0.0, hermitian=False)
    residuals = empty
    known = getattr(rank, "value", rank)
    if (
        m > n
        and driver != "gelsy"
        and (
            driver == "gels" or (isinstance(known, np.ndarray | np.generic) and np.all(known == n))
        )
    ):
        residuals = vector_norm(matmul(a, x) - b, 2, -2) ** 2
    if vector:
        x = reshape(x, x.shape[:-1])
    values = svdvals_p(a) if driver in ("gelss", "gelsd") else empty
    return x, residuals, np.empty(0, np.int64) if driver == "gels" else rank, values


def _rank_eval(x: Array, *, rtol: float, atol: float, hermitian: bool) -> Array:
    if x.size == 0:
        return np.zeros(x.shape[:-2], np.int64)
    s = np.abs(np.linalg.eigvalsh(x)) if hermitian else np.linalg.svd(x, compute_uv=False)
    return np.asarray(
        np.sum(s > np.maximum(atol, rtol * s.max(-1, keepdims=True)), -1, dtype=np.int64)
    )


matrix_rank_p = constant(
    "matrix_rank", _rank_eval, aval=lambda x, **_: Aval(x.shape[:-2], np.dtype(np.int64)),
    batch=batch_matrices(lambda: matrix_rank_p),
    doc="The number of singular values above max(atol, rtol * the largest).",
)  # fmt: skip


def matrix_rank(
    x: Any, atol: float | None = None, rtol: float | None = None, hermitian: bool = False
) -> Any:
    """The rank of matrices, int64; tolerances and `hermitian` as for `pinv`."""
    name = "torch.linalg.matrix_rank"
    check_square(name, x) if hermitian else check_matrix(name, x)
    rtol, atol = _tolerances(x, rtol, atol)
    return matrix_rank_p(x, rtol=rtol, atol=atol, hermitian=hermitian)


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
