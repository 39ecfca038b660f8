"""`numpy.linalg`: factorisations, inverses, spectra, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import linalg as dense
from ..ops import linalg_spectra as spectra
from ..ops.axes import normalize_axis
from ..ops.complex import real
from ..ops.norms import vector_norm as norm_of_vectors
from ..ops.shape import expand_dims
from . import products
from .concrete import concrete, is_concrete
from .functions import implements, register
from .operands import as_array, inexact, together
from .reductions import axes_of


def result(name: str, *parts: Any) -> Any:
    """A named tuple as NumPy returns it."""
    module: Any = np.linalg._linalg
    return getattr(module, name)(*parts)


def matrix(a: Any) -> Any:
    """A matrix, or a stack of them, of floating point."""
    x = inexact(as_array(a))
    if len(x.shape) < 2:
        raise np.linalg.LinAlgError(
            f"{len(x.shape)}-dimensional array given. Array must be at least two-dimensional"
        )
    return x


def square(a: Any) -> Any:
    """A square matrix, or a stack of them."""
    x = matrix(a)
    if x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return x


@implements("linalg.inv")
def inv(a: Any) -> Any:
    """`np.linalg.inv`."""
    return dense.inv(square(a))


@implements("linalg.solve")
def solve(a: Any, b: Any) -> Any:
    """`np.linalg.solve`: a vector `b` has one axis, whatever `a` has."""
    a, b = together([square(a), inexact(as_array(b))])
    if len(b.shape) == 1:
        out = dense.solve(a, expand_dims(b, -1))
        return out[..., 0]
    return dense.solve(a, b)


@implements("linalg.det")
def det(a: Any) -> Any:
    """`np.linalg.det`."""
    return dense.det(square(a))


@implements("linalg.slogdet")
def slogdet(a: Any) -> Any:
    """`np.linalg.slogdet`."""
    sign, logabsdet = dense.slogdet(square(a))
    return result("SlogdetResult", sign, logabsdet)


@implements("linalg.cholesky")
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """`np.linalg.cholesky`, which reads one triangle; the derivative is that of a symmetric matrix."""
    return dense.cholesky(square(a), upper)


@implements("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr`."""
    if mode not in ("reduced", "complete", "r"):
        raise TypeError(f"linalg.qr of Arrays: mode={mode!r} is not supported")
    x = matrix(a)
    if mode == "r":
        return dense.qr(x, "reduced")[1]
    q, r = dense.qr(x, mode)
    return result("QRResult", q, r)


@implements("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigh`."""
    return result("EighResult", *spectra.eigh(square(a), UPLO))


@implements("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigvalsh`."""
    return spectra.eigvalsh(square(a), UPLO)


@implements("linalg.eig")
def eig(a: Any) -> Any:
    """`np.linalg.eig`: real when the installed NumPy's would be."""
    w, v = spectra.eig(square(a))
    if as_array(a).value.dtype.kind != "c" and all_real(w):
        w, v = real(w), real(v)
    return result("EigResult", w, v)


# NumPy made eigenvalues real, if all of them were, until 2.5: since then they are always complex.
_NARROWS = np.lib.NumpyVersion(np.__version__) < "2.5.0"


def all_real(w: Any) -> bool:
    """Whether eigenvalues are to come out real, where that can be told: as NumPy does."""
    return _NARROWS and is_concrete(w) and not np.any(concrete(w).imag)


@implements("linalg.eigvals")
def eigvals(a: Any) -> Any:
    """`np.linalg.eigvals`: real when the installed NumPy's would be."""
    w = spectra.eigvals(square(a))
    return real(w) if as_array(a).value.dtype.kind != "c" and all_real(w) else w


@implements("linalg.svd")
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """`np.linalg.svd`."""
    x = matrix(a)
    if not compute_uv:
        return spectra.svdvals(x)
    return result("SVDResult", *spectra.svd(x, full_matrices))


@implements("linalg.svdvals")
def svdvals(x: Any, /) -> Any:
    """`np.linalg.svdvals`."""
    return spectra.svdvals(matrix(x))


@implements("linalg.pinv")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """`np.linalg.pinv`."""
    x = matrix(a)
    tolerance = rcond if rcond is not None else rtol
    if tolerance is None:
        tolerance = 1e-15 if rtol is None else max(x.shape[-2:]) * np.finfo(x.dtype).eps
    return spectra.pinv(x, rtol=tolerance, atol=0.0, hermitian=hermitian)


@implements("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """`np.linalg.lstsq` of a matrix of full column rank."""
    a, b = together([matrix(a), inexact(as_array(b))])
    m, n = a.shape
    rank: Any = np.linalg.matrix_rank(a)
    if is_concrete(rank) and (rank := int(rank)) < min(m, n):
        raise TypeError(
            "linalg.lstsq of Arrays: the matrix has not full rank, where the solution has no derivative"
        )
    one = len(b.shape) == 1
    rows = expand_dims(b, -1) if one else b
    x = products.matmul(spectra.pinv(a, rtol=None, atol=None), rows)
    away = rows - products.matmul(a, x)
    residuals = np.sum(np.square(np.abs(away)), 0) if m > n else np.zeros(0, a.dtype)
    values = spectra.svdvals(a)
    return (x[..., 0] if one else x), residuals, rank, values


@implements("linalg.tensorinv")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """`np.linalg.tensorinv`."""
    return dense.tensorinv(inexact(as_array(a)), ind)


@implements("linalg.tensorsolve")
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """`np.linalg.tensorsolve`."""
    a, b = together([inexact(as_array(a)), inexact(as_array(b))])
    return dense.tensorsolve(a, b, axes)


# Norms --------------------------------------------------------------------------------------------


@implements("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`; the derivative at 0 is 0."""
    x = inexact(as_array(x))
    rank = len(x.shape)
    if axis is None and (
        ord is None or (ord in ("fro", "f") and rank == 2) or (ord == 2 and rank == 1)
    ):
        out = norm_of_vectors(x, 2, None, keepdims)
        return out
    axes = tuple(range(rank)) if axis is None else axes_of(axis)
    axes = (axes,) if isinstance(axes, int) else axes
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"Invalid norm order {ord!r} for vectors")
        return norm_of_vectors(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        if ord is None or ord in ("fro", "f"):
            return norm_of_vectors(x, 2, axes, keepdims)
        return spectra.matrix_norm(
            x, ord, (normalize_axis(axes[0], rank), normalize_axis(axes[1], rank)), keepdims
        )
    raise ValueError("Improper number of dimensions to norm.")


@implements("linalg.vector_norm")
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`np.linalg.vector_norm`."""
    return norm_of_vectors(inexact(as_array(x)), ord, axes_of(axis), keepdims)


@implements("linalg.matrix_norm")
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`np.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)


@implements("linalg.cond")
def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`."""
    return spectra.cond(matrix(x), p)


_PRODUCTS: dict[str, Any] = {
    "dot": products.dot, "vdot": products.vdot, "inner": products.inner, "outer": products.outer,
    "linalg.outer": products.linalg_outer, "tensordot linalg.tensordot": products.tensordot,
    "einsum": products.einsum, "kron": products.kron, "cross": products.cross,
    "linalg.cross": products.linalg_cross, "linalg.vecdot": products.linalg_vecdot,
    "linalg.matmul": products.linalg_matmul, "linalg.multi_dot": products.multi_dot,
    "linalg.matrix_power": products.matrix_power, "convolve": products.convolve,
    "correlate": products.correlate,
}  # fmt: skip

for _names, _f in _PRODUCTS.items():
    register(_f, *_names.split())
