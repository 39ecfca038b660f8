"""`scipy.linalg` with derivatives."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..numpy.operands import together
from ..ops import linalg as dense
from ..ops.shape import expand_dims
from ..transforms import custom_rule
from .following import floating, follows, rest_of

__getattr__ = rest_of("scipy.linalg", __name__)
_follows = follows("scipy.linalg")


def _transposed(a: Any, conjugate: bool = False) -> Any:
    return np.conj(np.matrix_transpose(a)) if conjugate else np.matrix_transpose(a)


def _from_triangle(a: Any, lower: bool, hermitian: bool) -> Any:
    """The symmetric (or Hermitian) matrix of which one triangle is read."""
    half, rest = (np.tril(a), np.tril(a, -1)) if lower else (np.triu(a), np.triu(a, 1))
    return half + _transposed(rest, hermitian)


def _columns(b: Any) -> tuple[Any, bool]:
    """A right-hand side as columns, and whether it was a vector."""
    return (expand_dims(b, -1), True) if len(b.shape) == 1 else (b, False)


def _both(a: Any, b: Any) -> tuple[Any, Any]:
    x, y = together([floating(a), floating(b)])
    return x, y


@_follows
def solve(
    a: Any, b: Any, lower: bool = False, *, assume_a: str | None = None, transposed: bool = False
) -> Any:
    """`scipy.linalg.solve`; what `assume_a` says is read of `a` is all that there is of it, for the derivative too."""
    a = floating(a)
    kind = assume_a or "general"
    if kind in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        a = _from_triangle(a, lower, kind[:3] in ("her", "pos"))
    elif kind == "upper triangular":
        a = np.triu(a)
    elif kind == "lower triangular":
        a = np.tril(a)
    elif kind == "diagonal":
        a = a * np.eye(a.shape[-1])
    return np.linalg.solve(_transposed(a) if transposed else a, floating(b))


@_follows
def inv(a: Any) -> Any:
    """`scipy.linalg.inv`."""
    return np.linalg.inv(a)


@_follows
def det(a: Any) -> Any:
    """`scipy.linalg.det`."""
    return np.linalg.det(a)


@_follows
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`scipy.linalg.norm`."""
    return np.linalg.norm(a, ord, axis, keepdims)


@_follows
def cholesky(a: Any, lower: bool = False) -> Any:
    """`scipy.linalg.cholesky`: of the triangle that is read, as of a symmetric matrix."""
    return np.linalg.cholesky(a, upper=not lower)


@_follows
def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """`scipy.linalg.cho_factor`, with zeros in the other triangle."""
    return np.linalg.cholesky(a, upper=not lower), lower


@_follows
def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Any:
    """`scipy.linalg.cho_solve`."""
    c, lower = c_and_lower
    factor, b = _both(c, b)
    columns, one = _columns(b)
    x = dense.cholesky_solve(columns, np.tril(factor) if lower else np.triu(factor), not lower)
    return x[..., 0] if one else x


@_follows
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Any:
    """`scipy.linalg.solve_triangular`."""
    a, b = _both(a, b)
    columns, one = _columns(b)
    if trans not in (0, "N"):
        a, lower = _transposed(a, trans in (2, "C")), not lower
    x = dense.solve_triangular(a, columns, upper=not lower, unitriangular=unit_diagonal)
    return x[..., 0] if one else x


@_follows
def lu(a: Any, permute_l: bool = False, *, p_indices: bool = False) -> Any:
    """`scipy.linalg.lu`."""
    p, low, up = dense.lu(floating(a))
    if permute_l:
        return np.matmul(p, low), up
    return (np.argmax(p, -1) if p_indices else p), low, up


@_follows
def lu_factor(a: Any) -> tuple[Any, Any]:
    """`scipy.linalg.lu_factor`."""
    factors, pivots = dense.lu_factor(floating(a))
    return factors, pivots - 1


@_follows
def lu_solve(lu_and_piv: tuple[Any, Any], b: Any, trans: int = 0) -> Any:
    """`scipy.linalg.lu_solve`."""
    factors, b = _both(lu_and_piv[0], b)
    columns, one = _columns(b)
    # The transposed matrix is its conjugate's conjugate transpose.
    columns = np.conj(columns) if trans == 1 else columns
    x = _lu_solve(factors, lu_and_piv[1], columns, trans != 0)
    x = np.conj(x) if trans == 1 else x
    return x[..., 0] if one else x


def _lu_solve(factors: Any, piv: Any, columns: Any, adjoint: bool) -> Any:
    return dense.lu_solve(factors, floating(piv).astype(np.int32) + 1, columns, adjoint=adjoint)


@_follows
def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **kwargs: Any
) -> Any:
    """`scipy.linalg.eigh`, also of a pencil (a, b) with `b` positive definite."""
    _no_more("eigh", kwargs)
    uplo: Any = "L" if lower else "U"
    if b is None:
        return np.linalg.eigvalsh(a, uplo) if eigvals_only else tuple(np.linalg.eigh(a, uplo))
    # With b = L L^H, a v = w b v is an ordinary problem for L^H v.
    factor = np.linalg.cholesky(_from_triangle(floating(b), lower, True))
    half = solve_triangular(factor, _from_triangle(floating(a), lower, True), lower=True)
    c = solve_triangular(factor, _transposed(half, True), lower=True)
    if eigvals_only:
        return np.linalg.eigvalsh(c)
    w, u = np.linalg.eigh(c)
    return w, solve_triangular(factor, u, 2, lower=True)


@_follows
def eigvalsh(a: Any, b: Any = None, *, lower: bool = True, **kwargs: Any) -> Any:
    """`scipy.linalg.eigvalsh`."""
    return eigh(a, b, lower=lower, eigvals_only=True, **kwargs)


@_follows
def eig(a: Any, b: Any = None, left: bool = False, right: bool = True) -> Any:
    """`scipy.linalg.eig`, complex whatever the eigenvalues are; of one matrix, right eigenvectors."""
    _no_more("eig", {k: v for k, v in {"b": b, "left": left}.items() if v is not None and v})
    w, v = np.linalg.eig(a)
    w = w.astype(np.result_type(w.dtype, np.complex64))
    return (w, v) if right else w


@_follows
def eigvals(a: Any, b: Any = None) -> Any:
    """`scipy.linalg.eigvals`."""
    return eig(a, b, right=False)


@_follows
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, **kwargs: Any) -> Any:
    """`scipy.linalg.svd`; any `lapack_driver` gives the same."""
    return tuple(np.linalg.svd(a, full_matrices)) if compute_uv else np.linalg.svdvals(a)


@_follows
def svdvals(a: Any) -> Any:
    """`scipy.linalg.svdvals`."""
    return np.linalg.svdvals(a)


@_follows
def qr(a: Any, *, mode: str = "full", pivoting: bool = False, lwork: Any = None) -> Any:
    """`scipy.linalg.qr` without pivoting."""
    _no_more("qr", {"pivoting": True} if pivoting else {})
    if mode == "r":
        return (np.linalg.qr(a, "r" if a.shape[-2] <= a.shape[-1] else "complete")[-1],)
    return tuple(np.linalg.qr(a, "complete" if mode == "full" else "reduced"))


@_follows
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False) -> Any:
    """`scipy.linalg.pinv`, its tolerance relative."""
    _no_more("pinv", {k: v for k, v in {"atol": atol, "return_rank": return_rank}.items() if v})
    a = floating(a)
    return np.linalg.pinv(a, max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol)


@_follows
def lstsq(a: Any, b: Any, cond: Any = None, **kwargs: Any) -> Any:
    """`scipy.linalg.lstsq` of a matrix of full column rank."""
    return np.linalg.lstsq(a, b)


@_follows
def expm(A: Any) -> Any:
    """`scipy.linalg.expm`."""
    return dense.matrix_exp(floating(A))


def _no_more(name: str, kwargs: dict[str, Any]) -> None:
    """Refuse options that have no derivative here."""
    if kwargs:
        raise TypeError(
            f"scipy.linalg.{name} of values that are being differentiated: {next(iter(kwargs))!r} is not supported"
        )


# Functions of matrices ----------------------------------------------------------------------------------

# f([[A, E], [0, A]]) has f(A) on its diagonal and the derivative of f at A in the direction E above it, to any order:
# Mathias, "A chain rule for matrix functions and applications", SIAM J. Matrix Anal. Appl. 17, 1996.


def _of_matrices(name: str) -> Any:
    def function(a: Any) -> Any:
        values = [
            getattr(import_module("scipy.linalg"), name)(m) for m in a.reshape(-1, *a.shape[-2:])
        ]
        out = np.stack(values).reshape(a.shape)
        if out.dtype.kind == "c" and a.dtype.kind != "c":
            raise ValueError(
                f"scipy.linalg.{name} of a real matrix with a complex result: pass a complex matrix (a + 0j)"
            )
        return out.astype(a.dtype)

    function.__name__ = name
    rule = custom_rule(function, check=False, by_slices=True)

    def along(a: Any, d: Any) -> tuple[Any, Any]:
        """The function of `a`, and its derivative in the direction `d`."""
        n = a.shape[-1]
        rows = np.concatenate([a, d], -1), np.concatenate([np.zeros_like(a), a], -1)
        out = rule(np.concatenate(rows, -2))
        return out[..., :n, :n], out[..., :n, n:]

    # The derivative's adjoint is the derivative at the adjoint matrix.
    rule.defjvp(lambda primals, tangents: along(primals[0], tangents[0]))
    rule.defvjp(lambda a: (rule(a), a), lambda a, ct: (along(_transposed(a, True), ct)[1],))
    return rule


_sqrtm = _of_matrices("sqrtm")
_logm = _of_matrices("logm")


@_follows
def sqrtm(A: Any) -> Any:
    """`scipy.linalg.sqrtm`, by SciPy, with its derivatives.

    Raises:
        ValueError: The root of a real matrix is complex.
    """
    return _sqrtm(floating(A))


@_follows
def logm(A: Any) -> Any:
    """`scipy.linalg.logm`, by SciPy, with its derivatives.

    Raises:
        ValueError: The logarithm of a real matrix is complex.
    """
    return _logm(floating(A))


# Matrices with a structure ---------------------------------------------------------------------------------


@_follows
def block_diag(*arrs: Any) -> Any:
    """`scipy.linalg.block_diag`."""
    parts = [np.atleast_2d(floating(a)) for a in arrs]
    columns = sum(p.shape[-1] for p in parts)
    rows, done = [], 0
    for p in parts:
        after = columns - done - p.shape[-1]
        rows.append(np.pad(p, ((0, 0), (done, after))))
        done += p.shape[-1]
    return np.concatenate(together(rows), 0)


@_follows
def toeplitz(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.toeplitz` of vectors."""
    c = np.ravel(floating(c))
    r = np.conj(c) if r is None else np.ravel(floating(r))
    values = np.concatenate(together([c[::-1], r[1:]]))
    m, n = len(c), len(r)
    return values[m - 1 - np.arange(m)[:, None] + np.arange(n)]


@_follows
def circulant(c: Any) -> Any:
    """`scipy.linalg.circulant` of a vector."""
    c = floating(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@_follows
def hankel(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.hankel` of vectors."""
    c = np.ravel(floating(c))
    r = np.zeros_like(c) if r is None else np.ravel(floating(r))
    values = np.concatenate(together([c, r[1:]]))
    return values[np.arange(len(c))[:, None] + np.arange(len(r))]


@_follows
def solve_toeplitz(c_or_cr: Any, b: Any) -> Any:
    """`scipy.linalg.solve_toeplitz`, as a dense system."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return np.linalg.solve(toeplitz(c, r), floating(b))
