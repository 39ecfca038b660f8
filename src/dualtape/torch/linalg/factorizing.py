"""Factorisations, eigenvalues and singular values."""

from __future__ import annotations

from typing import Any

from ...ops import linalg as _ops
from ...ops import linalg_spectra as _spectra
from .. import return_types
from .._tensor import Tensor
from ..arguments import tensor_argument
from ..registry import store
from .arguments import matrices, results, square


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with L L^H = A, or the upper U with U^H U = A.

    Raises:
        torch.linalg.LinAlgError: A matrix is not positive definite.
        RuntimeError: They are not square.
    """
    return store(out, _ops.cholesky(square("linalg.cholesky", A), upper), "linalg.cholesky")


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """`cholesky` and a number per matrix: 0, or the order of its first minor that is not positive."""
    values = _ops.cholesky_ex(square("linalg.cholesky", A), upper, check_errors)
    return results(out, values, "linalg.cholesky_ex", return_types.linalg_cholesky_ex)


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and upper triangular R of A = QR.

    Args:
        A: (*, m, n).
        mode: "reduced", "complete" (Q is square) or "r" (no Q).
        out: Two tensors for the results.

    Raises:
        RuntimeError: Another mode.
    """
    return results(
        out, _ops.qr(matrices("linalg.qr", A), mode), "linalg.qr", return_types.linalg_qr
    )


def lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """P, L and U with A = P L U."""
    return results(
        out, _ops.lu(matrices("linalg.lu", A), pivot), "linalg.lu", return_types.linalg_lu
    )


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """Both factors packed in one matrix, and the row exchanges.

    Raises:
        torch.linalg.LinAlgError: A matrix is singular.
    """
    values = _ops.lu_factor(matrices("torch.lu_factor", A), pivot)
    return results(out, values, "linalg.lu_factor", return_types.linalg_lu_factor)


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """`lu_factor` and a number per matrix: 0, or that of the first zero on U's diagonal."""
    values = _ops.lu_factor_ex(matrices("torch.lu_factor", A), pivot, check_errors)
    return results(out, values, "linalg.lu_factor_ex", return_types.linalg_lu_factor_ex)


def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first columns of a product of Householder reflections.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    a = tensor_argument("linalg_householder_product", A)
    t = tensor_argument("linalg_householder_product", tau, "tau", 2)
    return store(out, _ops.householder_product(a, t), "linalg.householder_product")


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Ascending eigenvalues and orthonormal eigenvectors of Hermitian matrices, read from one triangle.

    Raises:
        RuntimeError: Not square, or another triangle than "L" and "U".
    """
    values = _spectra.eigh(square("linalg.eigh", A), UPLO)
    return results(out, values, "linalg.eigh", return_types.linalg_eigh)


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of `eigh`."""
    return store(out, _spectra.eigvalsh(square("linalg.eigvalsh", A), UPLO), "linalg.eigvalsh")


def eig(A: Tensor, *, out: Any = None) -> Any:
    """Complex eigenvalues and eigenvectors of square matrices."""
    return results(
        out, _spectra.eig(square("linalg.eig", A)), "linalg.eig", return_types.linalg_eig
    )


def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of `eig`."""
    return store(out, _spectra.eigvals(square("linalg.eigvals", A)), "linalg.eigvals")


def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """U, descending S and V^H of A = U S V^H.

    Args:
        A: (*, m, n).
        full_matrices: Whether U and V^H are square.
        driver: Not for the CPU.
        out: Three tensors for the results.

    Raises:
        RuntimeError: A driver is named, or the algorithm does not converge.
    """
    _no_driver(driver)
    values = _spectra.svd(matrices("linalg.svd", A), full_matrices)
    return results(out, values, "linalg.svd", return_types.linalg_svd)


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values, descending."""
    _no_driver(driver)
    return store(out, _spectra.svdvals(matrices("linalg.svd", A)), "linalg.svdvals")


def _no_driver(driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )
