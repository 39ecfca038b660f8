"""Inverses, systems of equations and determinants."""

from __future__ import annotations

from typing import Any

from ...ops import linalg as _ops
from ...ops import linalg_spectra as _spectra
from .. import return_types
from .._tensor import Tensor
from ..arguments import tensor_argument
from ..registry import store
from .arguments import as_tensor, matrices, results, same_dtype, square, tolerance

_SAME = "{}: Expected A and B to have the same dtype, but found A of type {{}} and B of type {{}} instead"


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices.

    Raises:
        torch.linalg.LinAlgError: A matrix is singular.
        RuntimeError: They are not square.
    """
    return store(out, _ops.inv(square("linalg.inv", A)), "linalg.inv")


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse and a number per matrix: 0, or that of its first zero pivot.

    Raises:
        torch.linalg.LinAlgError: A matrix is singular, with `check_errors`.
    """
    values = _ops.inv_ex(square("linalg.inv", A), check_errors)
    return results(out, values, "linalg.inv_ex", return_types.linalg_inv_ex)


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """X with A X = B, or X A = B unless `left`.

    Args:
        A: (*, n, n).
        B: (*, n, k), or vectors.
        left: On which side of X the matrix is.
        out: Where to store the result.

    Raises:
        torch.linalg.LinAlgError: A matrix is singular.
        RuntimeError: Shapes or dtypes do not fit.
    """
    a, b = square("linalg.solve", A), tensor_argument("linalg_solve", B, "B", 2)
    same_dtype(_SAME.format("linalg.solve"), a, b)
    return store(out, _ops.solve(a, b, left), "linalg.solve")


def solve_ex(
    A: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    check_errors: bool = False,
    out: Any = None,
) -> Any:
    """`solve` and a number per matrix: 0, or that of its first zero pivot.

    Raises:
        torch.linalg.LinAlgError: A matrix is singular.
    """
    a = square("linalg.solve", A)
    values = solve(a, B, left=left), _ops.inv_ex(a.detach())[1]
    return results(out, values, "linalg.solve_ex", return_types.linalg_solve_ex)


def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """X with A X = B, or X A = B unless `left`, reading one triangle of A.

    Args:
        A: (*, n, n).
        B: (*, n, k), or (*, k, n) unless `left`.
        upper: Which triangle.
        left: On which side of X the matrix is.
        unitriangular: Whether the diagonal counts as ones.
        out: Where to store the result.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    name = "linalg.solve_triangular"
    a, b = square(name, A), tensor_argument("linalg_solve_triangular", B, "B", 2)
    same_dtype(_SAME.format(name), a, b)
    return store(
        out, _ops.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular), name
    )


def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices; its gradient is right for singular ones too.

    Raises:
        RuntimeError: They are not square.
    """
    return store(out, _ops.det(square("linalg.det", A)), "linalg.det")


def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """Sign (or phase) and logarithm of the absolute value of the determinant.

    Raises:
        RuntimeError: The matrices are not square.
    """
    values = _ops.slogdet(square("linalg.slogdet", A))
    return results(out, values, "linalg.slogdet", return_types.linalg_slogdet)


def lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """X with A X = B from the LU factors of A; with A^H if `adjoint`, and X A = B unless `left`.

    Raises:
        RuntimeError: Shapes or dtypes do not fit.
    """
    name = "torch.linalg.lu_solve"
    lu, b = square(name, LU, "LU"), tensor_argument("linalg_lu_solve", B, "B", 3)
    same_dtype(
        "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {} and B of type {} instead",
        lu,
        b,
    )
    return store(out, _ops.lu_solve(lu, pivots, b, left, adjoint), name)


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of smallest norm that minimises |A X - B|, with residuals, rank and singular values.

    Args:
        A: (*, m, n).
        B: (*, m, k), or vectors.
        rcond: Singular values up to this times the largest count as zero.
        driver: A LAPACK routine's name, which decides which of the further results are given.

    Raises:
        RuntimeError: Shapes or dtypes do not fit, or there is no such driver.
    """
    name = "torch.linalg.lstsq"
    a, b = matrices(name, A, "input"), tensor_argument("linalg_lstsq", B, "B", 2)
    same_dtype(
        f"{name}: Expected input and other to have the same dtype, but got input's dtype {{}} and other's dtype {{}}",
        a,
        b,
    )
    values = _spectra.lstsq(a, b, tolerance(name, rcond), driver)
    return return_types.linalg_lstsq([as_tensor(v) for v in values])


def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The pseudo-inverse of matrices.

    Args:
        A: (*, m, n).
        rcond: An older name of `rtol`.
        hermitian: Whether the matrices are Hermitian.
        atol: Singular values up to this count as zero.
        rtol: Those up to this times the largest do too; by default max(m, n) times the dtype's eps.
        out: Where to store the result.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    name = "linalg.pinv"
    a = square(name, A) if hermitian else matrices(name, A)
    relative = tolerance(name, rtol if rcond is None else rcond)
    return store(out, _spectra.pinv(a, relative, tolerance(name, atol), hermitian), name)


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of a tensor taken as a matrix whose rows are its first `ind` axes.

    Raises:
        RuntimeError: The two groups of axes have different sizes, or it is singular.
    """
    return store(
        out, _ops.tensorinv(tensor_argument("linalg_tensorinv", A), ind), "linalg.tensorinv"
    )


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B, after the axes `dims` of A are moved to its end.

    Raises:
        RuntimeError: The sizes do not fit, or A is singular.
    """
    a, b = (
        tensor_argument("linalg_tensorsolve", A),
        tensor_argument("linalg_tensorsolve", B, "B", 2),
    )
    return store(out, _ops.tensorsolve(a, b, dims), "linalg.tensorsolve")
