"""`tf.linalg`: matrices in the last two axes, the axes before a batch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..core.boxes import Box
from ..core.missing import missing_attribute
from ..core.vocabulary import vocabulary
from ..ops import arithmetic as a
from ..ops import diagonals as d
from ..ops import exponential as e
from ..ops import linalg as la
from ..ops import linalg_spectra as spectra
from ..ops.compare import ne
from ..ops.select import where
from ..ops.shape import expand_dims
from . import kernels as k
from .convert import as_tensor, operands, static
from .creation import eye as eye
from .kernels import check_dtype
from .matrix_parts import adjoint as adjoint
from .matrix_parts import adjoint as hermitian
from .matrix_parts import band_part as band_part
from .matrix_parts import cross as cross
from .matrix_parts import diag as diag
from .matrix_parts import diag_part as diag_part
from .matrix_parts import magnitude
from .matrix_parts import matrix_transpose as matrix_transpose
from .matrix_parts import norm as norm
from .matrix_parts import normalize as normalize
from .matrix_parts import set_diag as set_diag
from .matrix_parts import tensor_diag as tensor_diag
from .matrix_parts import tensor_diag_part as tensor_diag_part
from .matrix_parts import trace as trace
from .nn_norms import global_norm as global_norm
from .nn_norms import l2_normalize as l2_normalize
from .products import einsum as einsum
from .products import matmul as matmul
from .products import matvec as matvec
from .products import tensordot as tensordot
from .raising import dims, kernel_error
from .reductions import reduce_sum
from .tensor import EagerTensor, tensor


class Qr(NamedTuple):
    """What `qr` returns."""

    q: EagerTensor
    r: EagerTensor


def _matrix(op: str, x: Any, *, square: bool = False) -> EagerTensor:
    out = as_tensor(x)
    check_dtype(op, out.value.dtype, k.MATRICES)
    shape = out.value.shape
    if len(shape) < 2:
        raise kernel_error(op, f"Input tensor 0 must have rank >= 2, got {len(shape)}")
    if square and shape[-1] != shape[-2]:
        raise kernel_error(op, "Input matrix must be square.")
    return out


def _try(op: str, message: str, compute: Any, *args: Any) -> Any:
    """Run an operation that fails on singular matrices, in TensorFlow's words."""
    try:
        return compute(*args)
    except np.linalg.LinAlgError as error:
        raise kernel_error(op, message) from error


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> EagerTensor:
    """Return the inverse of square matrices, of their adjoints if `adjoint`.

    Raises:
        InvalidArgumentError: A matrix is singular, or not square.
    """
    x = _matrix("MatrixInverse", input, square=True)
    return _try("MatrixInverse", "Input is not invertible.", la.inv, hermitian(x) if adjoint else x)  # type: ignore[no-any-return]


def det(input: Any, name: str | None = None) -> EagerTensor:
    """Return the determinant of square matrices.

    Raises:
        InvalidArgumentError: They are not square.
    """
    return la.det(_matrix("MatrixDeterminant", input, square=True))  # type: ignore[no-any-return]


class _LogDet(NamedTuple):
    sign: EagerTensor
    log_abs_determinant: EagerTensor


_LogDet.__name__ = "LogMatrixDeterminant"


def slogdet(input: Any, name: str | None = None) -> _LogDet:
    """Return the sign of the determinant and the logarithm of its absolute value.

    Raises:
        InvalidArgumentError: The matrices are not square.
    """
    return _LogDet(*la.slogdet(_matrix("LogMatrixDeterminant", input, square=True)))


def logdet(matrix: Any, name: str | None = None) -> EagerTensor:
    """Return the logarithm of the determinant of Hermitian positive definite matrices."""
    factor = cholesky(matrix)
    return 2.0 * reduce_sum(e.log(magnitude(diag_part(factor))), [-1])  # type: ignore[no-any-return]


def cholesky(input: Any, name: str | None = None) -> EagerTensor:
    """Return the lower triangular L with A = L L^H; NaN where A is not positive definite.

    Raises:
        InvalidArgumentError: The matrices are not square.
    """
    x = _matrix("Cholesky", input, square=True)
    if not isinstance(x.value, Box):
        with suppress(np.linalg.LinAlgError):
            return la.cholesky(x)  # type: ignore[no-any-return]
    # TensorFlow does not raise: a factor of NaN says that there is none.
    factor, info = la.cholesky_ex(x)
    bad = expand_dims(expand_dims(ne(info, np.zeros((), np.int32)), -1), -1)
    nan, one = np.asarray(np.nan, x.value.dtype), np.ones((), x.value.dtype)
    return d.tril(where(bad, a.mul(x, where(bad, nan, one)), factor))  # type: ignore[no-any-return]


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> EagerTensor:
    """Solve A X = rhs, given the lower Cholesky factor of A."""
    x, y = operands("CholeskySolve", chol, rhs)
    # What stands above the diagonal of the factor is not read, so that it has no gradient either.
    return la.cholesky_solve(y, d.tril(x))  # type: ignore[no-any-return]


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> EagerTensor:
    """Solve A X = rhs (A^H X = rhs if `adjoint`) for matrices X.

    Raises:
        InvalidArgumentError: A matrix is singular, or the shapes or dtypes do not fit.
    """
    x, y = operands("MatrixSolve", _matrix("MatrixSolve", matrix, square=True), rhs)
    u, v = x.value.shape, y.value.shape
    if len(v) < 2 or u[:-2] != v[:-2] or u[-2] != v[-2]:
        raise kernel_error(
            "MatrixSolve", f"Input matrix and rhs are incompatible: {dims(u)} vs. {dims(v)}"
        )
    return _try(  # type: ignore[no-any-return]
        "MatrixSolve",
        "Input matrix is not invertible.",
        la.solve,
        hermitian(x) if adjoint else x,
        y,
    )


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> EagerTensor:
    """Solve A X = rhs, reading one triangle of A (A^H X = rhs if `adjoint`).

    Infinite or NaN where A has a zero on its diagonal.
    """
    x, y = operands(
        "MatrixTriangularSolve", _matrix("MatrixTriangularSolve", matrix, square=True), rhs
    )
    upper = not lower
    if adjoint:
        x, upper = hermitian(x), not upper
    return la.solve_triangular(x, y, upper=upper)  # type: ignore[no-any-return]


def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None
) -> EagerTensor:
    """Return the X with the least |A X - rhs|^2 + l2_regularizer |X|^2.

    Args:
        matrix: A, shape [..., m, n], of full rank if there is no regularizer.
        rhs: Shape [..., m, k].
        l2_regularizer: Not negative.
        fast: Through the normal equations, as TensorFlow; else through a QR factorisation.
        name: Not used.
    """
    x, y = operands("MatrixSolveLs", _matrix("MatrixSolveLs", matrix), rhs)
    rows, columns = x.value.shape[-2:]
    if not fast and not l2_regularizer and rows >= columns:
        q, r = la.qr(x)
        return la.solve_triangular(r, matmul(q, y, adjoint_a=True), upper=True)  # type: ignore[no-any-return]
    tall = rows >= columns
    gram = matmul(x, x, adjoint_a=tall, adjoint_b=not tall)
    if l2_regularizer:
        n = min(rows, columns)
        gram = gram + l2_regularizer * tensor(np.eye(n, dtype=gram.value.dtype))
    if tall:
        return cholesky_solve(cholesky(gram), matmul(x, y, adjoint_a=True))
    return matmul(x, cholesky_solve(cholesky(gram), y), adjoint_a=True)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Return Q, with orthonormal columns, and the upper triangular R with A = Q R."""
    x = _matrix("Qr", input)
    return Qr(*la.qr(x, "complete" if full_matrices else "reduced"))


def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Return the singular values S, descending, and U and V with A = U diag(S) V^H.

    Args:
        tensor: Shape [..., m, n].
        full_matrices: Whether U and V are square.
        compute_uv: Whether to return U and V too.
        name: Not used.
    """
    x = _matrix("Svd", tensor)
    if not compute_uv:
        return spectra.svdvals(x)
    u, values, vh = spectra.svd(x, full_matrices)
    return values, u, hermitian(vh)


def eigh(tensor: Any, name: str | None = None) -> tuple[EagerTensor, EagerTensor]:
    """Return the eigenvalues, ascending, and eigenvectors of Hermitian matrices (of their lower triangle)."""
    return spectra.eigh(_from_lower(_matrix("SelfAdjointEigV2", tensor, square=True)))


def _from_lower(x: EagerTensor) -> EagerTensor:
    """The Hermitian matrices that lower triangles stand for, so that the gradient is lower triangular too."""
    return d.tril(x) + hermitian(d.tril(x, -1))  # type: ignore[no-any-return]


def eigvalsh(tensor: Any, name: str | None = None) -> EagerTensor:
    """Return the eigenvalues, ascending, of Hermitian matrices (of their lower triangle)."""
    return spectra.eigvalsh(_from_lower(_matrix("SelfAdjointEigV2", tensor, square=True)))  # type: ignore[no-any-return]


def eig(tensor: Any, name: str | None = None) -> tuple[EagerTensor, EagerTensor]:
    """Return the complex eigenvalues and eigenvectors of square matrices."""
    return spectra.eig(_matrix("Eig", tensor, square=True))


def eigvals(tensor: Any, name: str | None = None) -> EagerTensor:
    """Return the complex eigenvalues of square matrices."""
    return spectra.eigvals(_matrix("Eig", tensor, square=True))  # type: ignore[no-any-return]


def expm(input: Any, name: str | None = None) -> EagerTensor:
    """Return the exponential of square matrices."""
    return la.matrix_exp(_matrix("MatrixExponential", input, square=True))  # type: ignore[no-any-return]


def pinv(
    a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None
) -> EagerTensor:
    """Return the pseudo-inverse; singular values below `rcond` times the largest count as zero."""
    x = _matrix("Svd", a)
    if rcond is None:
        rcond = 10 * max(x.value.shape[-2:]) * float(np.finfo(x.value.dtype).eps)
    return spectra.pinv(x, rtol=float(static(rcond)))  # type: ignore[no-any-return]


def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> EagerTensor:
    """Return how many singular values exceed `tol`."""
    x = _matrix("Svd", a)
    rank = spectra.matrix_rank(x, atol=None if tol is None else float(static(tol)))
    return tensor(vocabulary.cast(rank.value, np.dtype(np.int32)))


# --- rearrangements and parts -------------------------------------------------------------------------


# --- norms ------------------------------------------------------------------------------------------


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
