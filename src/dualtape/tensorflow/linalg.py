"""`tf.linalg`: matrices in the last two axes, the axes before a batch."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from ..ops import arithmetic as a
from ..ops import diagonals as d
from ..ops import exponential as e
from ..ops import linalg as la
from ..ops import linalg_spectra as spectra
from ..ops import shape as s
from ..ops import vectors
from ..ops.complex import conj as conjugate
from . import kernels as k
from .arithmetic import absolute
from .convert import as_tensor, operands, static
from .creation import eye as eye
from .elementwise import sqrt
from .kernels import check_dtype
from .nn_norms import global_norm as global_norm
from .nn_norms import l2_normalize as l2_normalize
from .products import einsum as einsum
from .products import matmul as matmul
from .products import matvec as matvec
from .products import tensordot as tensordot
from .raising import dims, kernel_error
from .reductions import reduce_max, reduce_sum
from .shaping import pad
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
    return _try("MatrixInverse", "Input is not invertible.", la.inv, _adjoint(x) if adjoint else x)  # type: ignore[no-any-return]


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
    return 2.0 * reduce_sum(e.log(_real(diag_part(factor))), [-1])  # type: ignore[no-any-return]


def _real(x: EagerTensor) -> EagerTensor:
    return absolute(x) if x.value.dtype.kind == "c" else x


def cholesky(input: Any, name: str | None = None) -> EagerTensor:
    """Return the lower triangular L with A = L L^H; NaN where A is not positive definite.

    Raises:
        InvalidArgumentError: The matrices are not square.
    """
    x = _matrix("Cholesky", input, square=True)
    try:
        return la.cholesky(x)  # type: ignore[no-any-return]
    except np.linalg.LinAlgError:
        # TensorFlow does not raise: a factor of NaN says that there is none.
        return d.tril(a.mul(x, tensor(x.value.dtype.type(np.nan))))  # type: ignore[no-any-return]


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
        "MatrixSolve", "Input matrix is not invertible.", la.solve, _adjoint(x) if adjoint else x, y
    )


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> EagerTensor:
    """Solve A X = rhs, reading one triangle of A (A^H X = rhs if `adjoint`).

    Raises:
        InvalidArgumentError: A has a zero on its diagonal.
    """
    x, y = operands(
        "MatrixTriangularSolve", _matrix("MatrixTriangularSolve", matrix, square=True), rhs
    )
    if not np.all(np.diagonal(x.value, axis1=-2, axis2=-1)):
        raise kernel_error("MatrixTriangularSolve", "Input matrix is not invertible.")
    upper = not lower
    if adjoint:
        x, upper = _adjoint(x), not upper
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
    return values, u, _adjoint(vh)


def eigh(tensor: Any, name: str | None = None) -> tuple[EagerTensor, EagerTensor]:
    """Return the eigenvalues, ascending, and eigenvectors of Hermitian matrices (of their lower triangle)."""
    return spectra.eigh(_from_lower(_matrix("SelfAdjointEigV2", tensor, square=True)))


def _from_lower(x: EagerTensor) -> EagerTensor:
    """The Hermitian matrices that lower triangles stand for, so that the gradient is lower triangular too."""
    return d.tril(x) + _adjoint(d.tril(x, -1))  # type: ignore[no-any-return]


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
    return tensor(np.asarray(rank.value).astype(np.int32)[()])


# --- rearrangements and parts -------------------------------------------------------------------------


def matrix_transpose(
    a: Any, name: str = "matrix_transpose", conjugate: bool = False
) -> EagerTensor:
    """Swap the last two axes, conjugating if asked.

    Raises:
        ValueError: Fewer than two axes.
    """
    x = as_tensor(a)
    rank = len(x.value.shape)
    if rank < 2:
        raise ValueError(
            f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` = {x} with shape: {x.shape}"
        )
    out = s.transpose_p(x, axis0=rank - 2, axis1=rank - 1)
    return _conjugated(out) if conjugate else out


def _conjugated(x: EagerTensor) -> EagerTensor:
    return conjugate(x) if x.value.dtype.kind == "c" else x


def adjoint(matrix: Any, name: str | None = None) -> EagerTensor:
    """Swap the last two axes and conjugate."""
    return matrix_transpose(matrix, conjugate=True)


_adjoint = adjoint  # for functions with an argument of that name


def trace(x: Any, name: str | None = None) -> EagerTensor:
    """Return the sum of the diagonal."""
    return reduce_sum(diag_part(x), [-1])


def diag(
    diagonal: Any, name: str = "diag", k: int = 0, num_rows: int = -1, num_cols: int = -1,
    padding_value: Any = 0, align: str = "RIGHT_LEFT",
) -> EagerTensor:  # fmt: skip
    """Make matrices with vectors on the k-th diagonal.

    Raises:
        NotImplementedError: Several diagonals, a given size, or a padding value.
    """
    if not isinstance(k, int) or num_rows != -1 or num_cols != -1 or padding_value != 0:  # type: ignore[redundant-expr]
        raise NotImplementedError(
            "tf.linalg.diag with num_rows, num_cols, padding_value or a range of k"
        )
    return d.diag_embed(as_tensor(diagonal), k)  # type: ignore[no-any-return]


def diag_part(
    input: Any,
    name: str = "diag_part",
    k: int = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> EagerTensor:
    """Return the k-th diagonal of matrices.

    Raises:
        NotImplementedError: Several diagonals.
    """
    if not isinstance(k, int):
        raise NotImplementedError(
            "tf.linalg.diag_part with a range of k: take the diagonals one by one"
        )
    x = as_tensor(input)
    rank = len(x.value.shape)
    if rank < 2:
        raise kernel_error(
            "MatrixDiagPartV3",
            f"input must be at least 2-dim, received shape: {dims(x.value.shape)}",
        )
    return d.diagonal(x, k, rank - 2, rank - 1)  # type: ignore[no-any-return]


def set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: int = 0, align: str = "RIGHT_LEFT"
) -> EagerTensor:
    """Return matrices with another k-th diagonal.

    Raises:
        InvalidArgumentError: The diagonal has another length.
    """
    x, y = operands("MatrixSetDiagV3", input, diagonal)
    rank = len(x.value.shape)
    old = d.diagonal(x, k, rank - 2, rank - 1)
    if tuple(old.value.shape) != tuple(y.value.shape):
        raise kernel_error(
            "MatrixSetDiagV3",
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]): {dims(y.value.shape)} vs. "
            f"{dims(old.value.shape)}",
        )
    change = d.diag_embed(a.sub(y, old), k)
    if change.value.shape[-2:] != x.value.shape[-2:]:
        rows, columns = x.value.shape[-2:]
        n = change.value.shape[-1]
        from_ = [[0, 0]] * (rank - 2) + [[0, max(rows - n, 0)], [0, max(columns - n, 0)]]
        change = pad(change, from_)[..., :rows, :columns]
    return x + change  # type: ignore[no-any-return]


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> EagerTensor:
    """Keep `num_lower` diagonals below the main one and `num_upper` above, all if negative; zero the rest."""
    x = as_tensor(input)
    below, above = int(static(num_lower)), int(static(num_upper))
    if below >= 0:
        x = d.triu(x, -below)
    return d.tril(x, above) if above >= 0 else x


def tensor_diag(diagonal: Any, name: str | None = None) -> EagerTensor:
    """Return a tensor of twice the rank with `diagonal` on its diagonal."""
    x = as_tensor(diagonal)
    shape = x.value.shape
    flat = d.diag_embed(s.reshape(x, (-1,)))
    return s.reshape_p(flat, shape=(*shape, *shape))  # type: ignore[no-any-return]


def tensor_diag_part(input: Any, name: str | None = None) -> EagerTensor:
    """Return the diagonal of a tensor whose shape is one shape twice.

    Raises:
        InvalidArgumentError: It is not.
    """
    x = as_tensor(input)
    shape = x.value.shape
    half = shape[: len(shape) // 2]
    if shape != half + half or not shape:
        raise kernel_error(
            "DiagPart",
            f"Invalid shape {dims(shape)}: dimensions {half} and {shape[len(half) :]} do not match.",
        )
    n = int(np.prod(half))
    return s.reshape_p(d.diagonal(s.reshape_p(x, shape=(n, n))), shape=half)  # type: ignore[no-any-return]


def cross(a: Any, b: Any, name: str | None = None) -> EagerTensor:
    """Return the cross product of vectors of three elements in the last axis.

    Raises:
        InvalidArgumentError: The shapes differ, or the last axis has another length.
    """
    x, y = operands("Cross", a, b)
    if x.value.shape != y.value.shape:
        raise kernel_error(
            "Cross",
            f"Both inputs must be of same shape: {dims(x.value.shape)} vs. {dims(y.value.shape)}",
        )
    if not x.value.shape or x.value.shape[-1] != 3:
        raise kernel_error("Cross", "Cross-products are only defined for 3-element vectors.")
    return vectors.cross(x, y)  # type: ignore[no-any-return]


# --- norms ------------------------------------------------------------------------------------------


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> EagerTensor:
    """Return a vector or matrix norm.

    Args:
        tensor: The tensor.
        ord: "euclidean", "fro", 1, 2, infinity or another positive number.
        axis: An axis, for vectors; a pair, for matrices; None: all elements as one vector.
        keepdims: Whether the axes stay, with length 1.
        name: Not used.

    Raises:
        ValueError: An unknown `ord`, or more than two axes.
    """
    x = as_tensor(tensor)
    given = static(axis)
    pair = isinstance(given, list) and len(given) == 2
    if isinstance(given, list) and len(given) > 2:
        raise ValueError(
            f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}"
        )
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    out: EagerTensor
    if ord in ("fro", "euclidean", 2) and not (pair and ord == 2):
        square = a.mul(x, _conjugated(x)) if x.value.dtype.kind == "c" else a.mul(x, x)
        total = reduce_sum(square, given, True)
        out = sqrt(_real(total))
    else:
        size = absolute(x)
        if ord == 1:
            total = reduce_sum(size, given[0] if pair else given, True)
            out = reduce_max(total, given[1], True) if pair else total
        elif ord == np.inf:
            total = reduce_sum(size, given[1], True) if pair else size
            out = reduce_max(total, given[0] if pair else given, True)
        elif pair and ord == 2:
            return _spectral(x, given, keepdims)
        elif pair or not isinstance(ord, (int, float)) or ord <= 0:
            raise ValueError(f"'ord' must be a supported norm, got {ord!r}")
        else:
            out = reduce_sum(size**ord, given, True) ** (1.0 / ord)
    if keepdims:
        return out
    rank = len(x.value.shape)
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    kept = tuple([n for i, n in enumerate(out.value.shape) if i not in {j % rank for j in axes}])
    return s.reshape_p(out, shape=kept)  # type: ignore[no-any-return]


def _spectral(x: EagerTensor, pair: list[int], keepdims: bool) -> EagerTensor:
    rank = len(x.value.shape)
    i, j = (n % rank for n in pair)
    rest = [n for n in range(rank) if n not in (i, j)]
    out = reduce_max(spectra.svdvals(s.permute(x, (*rest, i, j))), -1)
    if keepdims:
        out = s.reshape_p(
            out, shape=tuple([1 if n in (i, j) else m for n, m in enumerate(x.value.shape)])
        )
    return out


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[EagerTensor, EagerTensor]:
    """Return a tensor divided by its norm, and the norm."""
    x = as_tensor(tensor)
    size = norm(x, ord, axis, True)
    return x / size, size


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
