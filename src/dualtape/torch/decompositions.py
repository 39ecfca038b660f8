"""The older names of linear algebra, in the namespace itself and as methods: `det`, `inverse`, `svd`, ..."""

from __future__ import annotations

from typing import Any

from ..ops import linalg as _ops
from ..ops import linalg_spectra as _spectra
from ..ops import rearrange
from ..ops import vectors as _vectors
from ..ops.complex import conj
from ..ops.shape import broadcast_to
from ..ops.views import transpose
from . import linalg as _linalg
from . import return_types
from ._tensor import Tensor
from .arguments import tensor_argument
from .linalg.arguments import matrices, results, square
from .registry import method, store


@method()
def det(input: Tensor) -> Tensor:
    """See `torch.linalg.det`."""
    return _linalg.det(input)


@method()
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where it is negative.

    Raises:
        RuntimeError: The matrices are not square.
    """
    return _ops.logdet(square("logdet", input))  # type: ignore[no-any-return]


@method()
def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """See `torch.linalg.slogdet`."""
    return results(
        out, _ops.slogdet(square("linalg.slogdet", input)), "slogdet", return_types.slogdet
    )


@method()
def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """See `torch.linalg.inv`."""
    return _linalg.inv(input, out=out)


@method()
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse; see `torch.linalg.pinv`."""
    return _linalg.pinv(input, rcond)


@method()
def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """See `torch.linalg.cholesky`."""
    return store(out, _ops.cholesky(square("cholesky", input), upper), "cholesky")


@method()
def cholesky_inverse(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of a matrix from its Cholesky factor.

    Raises:
        torch.linalg.LinAlgError: The factor has a zero on its diagonal.
    """
    return store(
        out, _ops.cholesky_inverse(square("cholesky_inverse", input), upper), "cholesky_inverse"
    )


@method()
def cholesky_solve(
    input: Tensor, input2: Tensor, upper: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """X with A X = `input`, from the Cholesky factor `input2` of A.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    b, factor = (
        tensor_argument("cholesky_solve", input),
        tensor_argument("cholesky_solve", input2, "input2", 2),
    )
    return store(out, _ops.cholesky_solve(b, factor, upper), "cholesky_solve")


@method()
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """See `torch.linalg.qr`; `some=False` is its "complete"."""
    values = _ops.qr(matrices("torch.qr", input), "reduced" if some else "complete")
    return results(out, values, "qr", return_types.qr)


@method()
def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """U, S and V (not V^H) of `input` = U S V^H.

    Args:
        input: (*, m, n).
        some: Whether only as many vectors as singular values are wanted.
        compute_uv: Whether U and V are wanted at all; zeros otherwise.
        out: Three tensors for the results.
    """
    x = matrices("linalg.svd", input)
    if not compute_uv:
        m, n = x.value.shape[-2:]
        lead = tuple(x.value.shape[:-2])
        u, v = x.new_zeros((*lead, m, m)), x.new_zeros((*lead, n, n))
        return results(out, (u, _spectra.svdvals(x), v), "svd", return_types.svd)
    u, s, vh = _spectra.svd(x, not some)
    v = transpose(vh, -2, -1)
    return results(
        out, (u, s, conj(v) if x.value.dtype.kind == "c" else v), "svd", return_types.svd
    )


def lu(
    A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None
) -> tuple[Tensor, ...]:
    """Both LU factors packed in one matrix, the row exchanges, and with `get_infos` a number per matrix."""
    values = _ops.lu_factor_ex(matrices("torch.lu_factor", A), pivot)
    return results(out, values if get_infos else values[:2], "lu")  # type: ignore[no-any-return]


def _lu_method(self: Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[Tensor, ...]:
    """See `torch.lu`."""
    return lu(self, pivot, get_infos)


Tensor.lu = _lu_method  # type: ignore[attr-defined]


@method()
def lu_solve(
    input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """X with A X = `input`, from the LU factors of A."""
    return _linalg.lu_solve(LU_data, LU_pivots, input, out=out)


def lu_unpack(
    LU_data: Tensor,
    LU_pivots: Tensor,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
    *,
    out: Any = None,
) -> Any:
    """P, L and U from packed factors and row exchanges; what is not asked for is empty.

    Raises:
        RuntimeError: The exchanges are not int32.
    """
    if str(LU_pivots.value.dtype) != "int32" and unpack_pivots:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this "
            "function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    values = _ops.lu_unpack(LU_data, LU_pivots, unpack_data, unpack_pivots)
    return results(out, values, "lu_unpack", return_types.lu_unpack)


@method()
def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False,
    *, out: Any = None,
) -> Any:  # fmt: skip
    """X with A X = `input` (A^T X with `transpose`) for triangular A, and a copy of A.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    a, b = square("triangular_solve", A), tensor_argument("triangular_solve", input)
    matrix = a.mT if transpose else a
    x = _ops.solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    lead = tuple(x.shape[:-2])
    copy = broadcast_to(a, (*lead, *a.value.shape[-2:])).clone()
    return results(out, (x, copy), "triangular_solve", return_types.triangular_solve)


@method()
def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """QR as LAPACK leaves it: R with the Householder vectors below it, and their factors."""
    return results(out, _ops.geqrf(matrices("geqrf", input)), "geqrf", return_types.geqrf)


@method()
def orgqr(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """See `torch.linalg.householder_product`."""
    return _linalg.householder_product(input, tau, out=out)


@method()
def ormqr(
    input: Tensor,
    tau: Tensor,
    other: Tensor,
    left: bool = True,
    transpose: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A matrix multiplied by a product of Householder reflections, or its adjoint.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    x = tensor_argument("ormqr", input)
    return store(out, _ops.ormqr(x, tau, other, left, transpose), "ormqr")


@method()
def matrix_exp(input: Tensor) -> Tensor:
    """See `torch.linalg.matrix_exp`."""
    return _linalg.matrix_exp(input)


@method()
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """See `torch.linalg.matrix_power`."""
    return _linalg.matrix_power(input, n, out=out)


@method()
def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The cross product along an axis of length 3: the first such one without `dim`.

    Raises:
        RuntimeError: There is none, or the shapes do not fit.
    """
    x = tensor_argument("cross", input)
    if dim is None:
        shape = tuple(x.value.shape)
        if 3 not in shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = shape.index(3)
    return _linalg.cross(x, other, dim=dim, out=out)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of the elements of a vector, as columns: falling, or rising with `increasing`.

    Raises:
        RuntimeError: Not a vector, or a negative number of columns.
    """
    t = tensor_argument("vander", x, "x")
    if t.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = t.value.shape[0] if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if n < 2:
        return t.new_ones((t.value.shape[0], n))  # type: ignore[no-any-return]
    powers = _vectors.vander(t, n)
    return powers if increasing else rearrange.flip(powers, -1)  # type: ignore[no-any-return]


def nuclear_norm(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The sum of the singular values; see `torch.linalg.matrix_norm`."""
    return _linalg.matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)


def frobenius_norm(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The 2-norm of the elements; see `torch.linalg.vector_norm`."""
    return _linalg.vector_norm(input, 2, dim, keepdim, out=out)


__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "cross", "det", "frobenius_norm", "geqrf", "inverse", "logdet", "lu", "lu_solve",
    "lu_unpack", "matrix_exp", "matrix_power", "nuclear_norm", "orgqr", "ormqr", "pinverse", "qr", "slogdet", "svd", "triangular_solve",
    "vander",
]  # fmt: skip
