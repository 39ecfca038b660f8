"""Linear systems and factorisations as users call them: arguments normalised and checked.

Matrices are in the last two axes and the axes before broadcast. Factorisations have LAPACK's signs
and orders, and gradients PyTorch's conventions: those of Hermitian arguments are Hermitian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DtypeError, LinAlgError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes
from .axes import size_of
from .compare import lt, ne
from .complex import cast
from .diagonals import tril, triu
from .exponential import log
from .exponentials import matrix_exp_p
from .factorisation import (
    cholesky_info_p,
    cholesky_inverse_p,
    cholesky_p,
    cholesky_solve_p,
    exchange_rows_p,
    geqrf_p,
    lu_p,
    qr_complete_p,
    qr_p,
    unit_lower,
    upper_factor,
    zero_pivot_p,
)
from .matmul import matmul
from .matrices import check_matrix, check_square, column, eye_like, is_complex, mh, mt
from .select import where
from .shape import concatenate, permute, reshape, slice_p
from .solving import det_p, inv_info_p, inv_p, slogdet_p, solve_p, solve_triangular_p


def plain(x: Any) -> Any:
    """The array of a tensor or value, to word an error with; None where there is none."""
    x = getattr(x, "value", x)
    return x if isinstance(x, (np.ndarray, np.generic)) else None


# ---- systems, inverses, determinants


def inv(x: Any) -> Any:
    """The inverse of square matrices.

    Raises:
        LinAlgError: A matrix is singular.
        ShapeError: The matrices are not square.
    """
    check_square("linalg.inv", x)
    return inv_p(x, check=True)


def inv_ex(x: Any, check_errors: bool = False) -> tuple[Any, Any]:
    """The inverse, infinite where there is none, and an int32 info: 0 or the first zero pivot.

    Raises:
        LinAlgError: A matrix is singular, with `check_errors`.
    """
    check_square("linalg.inv", x)
    return inv_p(x, check=check_errors), inv_info_p(x)


def is_vector_side(a: Any, b: Any) -> bool:
    """Whether the right-hand side `b` of a system is a batch of vectors, by PyTorch's rule."""
    return len(b.shape) == 1 or (
        len(a.shape) - 1 == len(b.shape) and tuple(b.shape) == tuple(a.shape[:-1])
    )


def solve(a: Any, b: Any, left: bool = True) -> Any:
    """X with A X = B, or X A = B unless `left`.

    Args:
        a: (..., n, n).
        b: (..., n, k), or vectors: (n,) or (..., n) with the batch of `a`.
        left: On which side of X the matrix is.

    Raises:
        LinAlgError: A matrix is singular.
        ShapeError: The shapes do not fit, in PyTorch's words.
        DtypeError: The dtypes differ.
    """
    check_square("linalg.solve", a)
    _same_dtype("linalg.solve", a, b)
    if not len(b.shape):
        raise ShapeError("linalg.solve: The input tensor B must have at least 2 dimensions.")
    vector = is_vector_side(a, b)
    if vector:
        b = column(b)
    _check_sides("linalg.solve", a, b, left)
    x = solve_p(a, b) if left else mt(solve_p(mt(a), mt(b)))
    return reshape(x, x.shape[:-1]) if vector else x


def _same_dtype(name: str, a: Any, b: Any) -> None:
    if dtype_of(a) != dtype_of(b):
        raise DtypeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type {dtype_of(a)} "
            "and B of type "
            f"{dtype_of(b)} instead"
        )


def _check_sides(name: str, a: Any, b: Any, left: bool) -> None:
    if b.shape[-2 if left else -1] != a.shape[-1]:
        equation = "AX = B" if left else "XA = B"
        raise ShapeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    broadcast_shapes(name, tuple(a.shape[:-2]), tuple(b.shape[:-2]))


def solve_triangular(
    a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """X with A X = B, or X A = B unless `left`, reading one triangle of A.

    Args:
        a: (..., n, n). A zero on the diagonal gives infinities, not an error.
        b: (..., n, k); (..., k, n) unless `left`.
        upper: Which triangle.
        left: On which side of X the matrix is.
        unitriangular: Take the diagonal for ones.

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
        DtypeError: The dtypes differ.
    """
    name = "linalg.solve_triangular"
    check_square(name, a)
    _same_dtype(name, a, b)
    if len(b.shape) < 2:
        raise ShapeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    _check_sides(name, a, b, left)
    if left:
        return solve_triangular_p(a, b, upper=upper, unit=unitriangular)
    return mt(solve_triangular_p(mt(a), mt(b), upper=not upper, unit=unitriangular))


def det(x: Any) -> Any:
    """The determinant of square matrices; its gradient exists for singular ones too."""
    check_square("linalg.det", x)
    return det_p(x)


def slogdet(x: Any) -> tuple[Any, Any]:
    """Sign (a phase if complex) and log|.| of the determinant; 0 and -inf if singular."""
    check_square("linalg.slogdet", x)
    return slogdet_p(x)  # type: ignore[no-any-return]


def logdet(x: Any) -> Any:
    """The logarithm of the determinant: NaN where that is negative; complex for complex x."""
    check_square("logdet", x)
    sign, value = slogdet_p(x)
    if is_complex(x):
        return log(sign) + cast(value, dtype_of(sign))
    negative = lt(sign, np.zeros((), dtype_of(sign)))
    return where(negative, np.asarray(np.nan, dtype_of(value)), value)


# ---- Cholesky


def cholesky(x: Any, upper: bool = False) -> Any:
    """L with L L^H = x, lower triangular, or U with U^H U = x.

    Args:
        x: Hermitian positive definite; only the triangle that the result fills is read.
        upper: Return U.

    Raises:
        LinAlgError: A matrix is not positive definite.
    """
    check_square("linalg.cholesky", x)
    return cholesky_p(x, upper=upper)


def cholesky_ex(x: Any, upper: bool = False, check_errors: bool = False) -> tuple[Any, Any]:
    """`cholesky` and an int32 info: 0, or the order of the first minor that is not positive.

    Where it fails without `check_errors` the factor is NaN.

    Raises:
        LinAlgError: A matrix is not positive definite, with `check_errors`.
    """
    check_square("linalg.cholesky_ex", x)
    info = cholesky_info_p(x, upper=upper)
    if check_errors:
        return cholesky_p(x, upper=upper), info
    # A positive definite stand-in keeps LAPACK going; NaN marks what it stands for.
    bad = ne(info, np.zeros((), np.int32))
    bad = reshape(bad, (*bad.shape, 1, 1))
    factor = cholesky_p(where(bad, eye_like(x), x), upper=upper)
    return where(bad, np.asarray(np.nan, dtype_of(x)), factor), info


def cholesky_solve(b: Any, factor: Any, upper: bool = False) -> Any:
    """X with A X = B, from the Cholesky factor of A.

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
    """
    for what, v in (("b", b), ("u", factor)):
        if len(v.shape) < 2:
            raise ShapeError(
                f"{what} should have at least 2 dimensions, but has {len(v.shape)} dimensions "
                "instead"
            )
    if factor.shape[-1] != factor.shape[-2] or b.shape[-2] != factor.shape[-1]:
        raise ShapeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {factor.shape[-2]} "
            f"by {factor.shape[-1]} "
            f"but each b matrix is {b.shape[-2]} by {b.shape[-1]}"
        )
    return cholesky_solve_p(b, factor, upper=upper)


def cholesky_inverse(factor: Any, upper: bool = False) -> Any:
    """The inverse of A from its Cholesky factor.

    Raises:
        LinAlgError: The factor has a zero on its diagonal.
    """
    check_square("cholesky_inverse", factor)
    if (value := plain(factor)) is not None:
        zero = np.argwhere(np.diagonal(value, 0, -2, -1) == 0)
        if len(zero):
            raise LinAlgError(
                f"cholesky_inverse: The diagonal element {zero[0][-1] + 1} is zero, the inversion "
                "could not be "
                "completed because the input matrix is singular."
            )
    return cholesky_inverse_p(factor, upper=upper)


# ---- QR


def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Q with orthonormal columns and upper triangular R of x = QR.

    Args:
        x: (..., m, n).
        mode: "reduced": Q is (m, k), k = min(m, n); "complete": Q is (m, m); "r": Q is empty.

    Raises:
        ArgumentError: Another mode.
        NotDifferentiableError: On differentiating "complete" for m > n.
    """
    check_matrix("linalg.qr", x)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    m, n = x.shape[-2:]
    if m >= n:
        q, r = qr_complete_p(x) if mode == "complete" and m > n else qr_p(x)
    else:
        # The first columns alone determine Q, and the others follow.
        q, square = qr_p(slice_p(x, index=(..., slice(m))))
        r = concatenate([square, matmul(mh(q), slice_p(x, index=(..., slice(m, None))))], -1)
    return (np.empty(0, dtype_of(x)), r) if mode == "r" else (q, r)


def geqrf(x: Any) -> tuple[Any, Any]:
    """QR in LAPACK's packed form: R with the Householder vectors below it, and their tau."""
    check_matrix("geqrf", x)
    return geqrf_p(x)  # type: ignore[no-any-return]


def _reflectors(x: Any, tau: Any) -> tuple[Any, Any]:
    """V and T with H_1 ... H_k = I - V T V^H: R. Schreiber and C. Van Loan (1989)."""
    m, k = x.shape[-2], tau.shape[-1]
    v = tril(slice_p(x, index=(..., slice(k))), -1) + np.eye(m, k, dtype=dtype_of(x))
    # (D^-1 + S) T = I for the strict upper triangle S of V^H V, written so that tau may be 0.
    d = column(tau)
    factors = d * triu(matmul(mh(v), v), 1)
    return v, solve_triangular_p(factors, d * eye_like(tau, k), upper=True, unit=True)


def householder_product(x: Any, tau: Any) -> Any:
    """The first n columns of H_1 ... H_k, from the reflectors below the diagonal of x (..., m, n).

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
    """
    name = "torch.linalg.householder_product"
    check_matrix(name, x)
    m, n = x.shape[-2:]
    if m < n:
        raise ShapeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if n < tau.shape[-1]:
        raise ShapeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    v, t = _reflectors(x, tau)
    start = np.eye(m, n, dtype=dtype_of(x))
    return start - matmul(v, matmul(t, matmul(mh(v), start)))


def ormqr(x: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """Multiply `other` by Q = H_1 ... H_k, or by its adjoint, from the left or the right.

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
    """
    check_matrix("torch.ormqr", x)
    axis = -2 if left else -1
    if other.shape[axis] != x.shape[-2]:
        raise ShapeError(f"torch.ormqr: other.shape[{axis}] must be equal to input.shape[-2]")
    v, t = _reflectors(x, tau)
    if transpose:
        t = mh(t)
    if left:
        return other - matmul(v, matmul(t, matmul(mh(v), other)))
    return other - matmul(matmul(matmul(other, v), t), mh(v))


# ---- LU


def lu_factor_ex(x: Any, pivot: bool = True, check_errors: bool = False) -> tuple[Any, Any, Any]:
    """Packed LU factors, row exchanges (int32, from 1), and an info: 0 or the first zero pivot.

    Raises:
        LinAlgError: A matrix is singular, with `check_errors`.
    """
    check_matrix("torch.lu_factor", x)
    factors, pivots = lu_p(x, pivot=pivot)
    info = zero_pivot_p(factors)
    if check_errors and (value := plain(info)) is not None and np.any(value):
        which = np.argwhere(value)[0]
        where_ = f"(Batch element {which[0]}): " if len(which) else ""
        k = int(np.asarray(value)[tuple(which)])
        raise LinAlgError(
            f"torch.linalg.lu_factor: {where_}U[{k},{k}] is zero and using it on lu_solve would "
            "result in a division by "
            "zero. If you still want to perform the factorization, consider calling linalg.lu(A, "
            "pivot) or "
            "linalg.lu_factor_ex(A, pivot)"
        )
    return factors, pivots, info


def lu_factor(x: Any, pivot: bool = True) -> tuple[Any, Any]:
    """Packed LU factors and row exchanges, for `lu_solve`.

    Raises:
        LinAlgError: A matrix is singular.
    """
    return lu_factor_ex(x, pivot, check_errors=True)[:2]


def lu(x: Any, pivot: bool = True) -> tuple[Any, Any, Any]:
    """P, L, U with x = P L U: a permutation, a unit lower and an upper triangular factor."""
    check_matrix("linalg.lu", x)
    factors, pivots = lu_p(x, pivot=pivot)
    return lu_unpack(factors, pivots)


def lu_unpack(
    factors: Any, pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True
) -> tuple[Any, Any, Any]:
    """P, L, U from packed factors and row exchanges; what is not asked for is empty."""
    empty = np.empty(0, dtype_of(factors))
    p = (
        exchange_rows_p(eye_like(factors, factors.shape[-2]), pivots, back=True)
        if unpack_pivots
        else empty
    )
    if not unpack_data:
        return p, empty, empty
    return p, unit_lower(factors), upper_factor(factors)


def lu_solve(factors: Any, pivots: Any, b: Any, left: bool = True, adjoint: bool = False) -> Any:
    """X with A X = B (X A = B unless `left`), or with A^H for A, from the LU factors of A.

    Raises:
        ShapeError: The shapes do not fit, in PyTorch's words.
    """
    name = "torch.linalg.lu_solve"
    check_square(name, factors)
    _same_dtype(name, factors, b)
    if len(b.shape) < 2:
        raise ShapeError("linalg.lu_solve: The input tensor B must have at least 2 dimensions.")
    _check_sides("linalg.lu_solve", factors, b, left)
    if not left:
        return mh(lu_solve(factors, pivots, mh(b), adjoint=not adjoint))
    if adjoint:
        up, low = mh(factors), mh(factors)
        y = solve_triangular_p(
            low, solve_triangular_p(up, b, upper=False, unit=False), upper=True, unit=True
        )
        return exchange_rows_p(y, pivots, back=True)
    b = exchange_rows_p(b, pivots, back=False)
    return solve_triangular_p(
        factors, solve_triangular_p(factors, b, upper=False, unit=True), upper=True, unit=False
    )


# ---- functions of matrices, tensors as matrices


def matrix_exp(x: Any) -> Any:
    """The exponential of square matrices."""
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2] or dtype_of(x).itemsize != 2:
        check_square("linalg.matrix_exp", x)
    return matrix_exp_p(x)


def tensorinv(x: Any, ind: int = 2) -> Any:
    """The inverse of a tensor taken as a matrix whose rows are its first `ind` axes.

    Raises:
        ShapeError: The two groups of axes have different sizes, in PyTorch's words.
    """
    if ind <= 0:
        raise ShapeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = tuple(x.shape[:ind]), tuple(x.shape[ind:])
    n, m = size_of(first), size_of(last)
    if n != m:
        raise ShapeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {m} != {n}"
        )
    return reshape(inv(reshape(x, (n, m))), (*last, *first))


def tensorsolve(a: Any, b: Any, dims: Any = None) -> Any:
    """X with tensordot(A, X, X.ndim) = B, after moving the axes `dims` of A to the end.

    Raises:
        ShapeError: The sizes do not fit, in PyTorch's words.
    """
    rank = len(a.shape)
    if dims is not None:
        moved = [d % rank for d in dims]
        a = permute(a, [i for i in range(rank) if i not in moved] + moved)
    size = tuple(a.shape[len(b.shape) :])
    n, m = size_of(size), size_of(b.shape)
    if n != m:
        raise ShapeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            "prod(self.shape[:other.ndim]), "
            f"but got {n} != {m}"
        )
    return reshape(solve(reshape(a, (n, n)), reshape(b, (n,))), size)
