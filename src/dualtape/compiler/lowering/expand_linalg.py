"""Linear algebra that is made of factorisations and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.forward import dtype_of
from ...core.primitive import Primitive
from ...ops import factorisation as fa
from ...ops import linalg_spectra as ls
from ...ops import solving as so
from ...ops import spectral as sp
from ...ops.compare import gt
from ...ops.complex import cast
from ...ops.diagonals import diag_embed, diagonal
from ...ops.extrema import amax_p
from ...ops.matmul import matmul
from ...ops.matrices import column, mt, row
from ...ops.numbers import abs_
from ...ops.products import _before, cumprod_p
from ...ops.reduce import sum
from ...ops.select import maximum, where
from ...ops.shape import expand_dims
from . import lapack
from .expansion import Unexpanded, filled, floats

MOST = 128
"""Rows of a matrix up to which masks of its shape are part of the code."""


def _check(*xs: Any) -> None:
    filled(*xs)
    floats(*xs)
    if not lapack.integer():
        raise Unexpanded


def _cholesky_solve(b: Any, factor: Any, *, upper: bool) -> Any:
    _check(b, factor)
    return fa._solved_with(b, factor, upper)


def _cholesky_inverse(factor: Any, *, upper: bool) -> Any:
    _check(factor)
    n = factor.shape[-1]
    if n > MOST:
        raise Unexpanded
    return fa._solved_with(np.eye(n, dtype=dtype_of(factor)), factor, upper)


def _kept(s: Any, rtol: Any, atol: Any) -> Any:
    """Which singular values (..., k) are above max(atol, rtol * the largest)."""
    size = abs_(s)
    largest = amax_p(size, axes=(len(size.shape) - 1,), keepdims=True)
    return gt(size, maximum(expand_dims(atol, -1), expand_dims(rtol, -1) * largest))


def _pinv(x: Any, rtol: Any, atol: Any, *, hermitian: bool) -> Any:
    _check(x, rtol, atol)
    if hermitian:
        s, u = sp.eigh_p(x, upper=False)
        vh = mt(u)
    else:
        u, s, vh = sp.svd_p(x, full=False)
    kept = _kept(s, rtol, atol)
    inverse = where(kept, 1 / where(kept, s, s * 0 + 1), s * 0)
    return matmul(mt(vh) * row(inverse), mt(u))


def _rank(x: Any, rtol: Any, atol: Any, *, hermitian: bool) -> Any:
    _check(x, rtol, atol)
    s = sp.eigvalsh_p(x, upper=False) if hermitian else sp.svdvals_p(x)
    kept = cast(_kept(s, rtol, atol), np.dtype(np.int64))
    return sum(kept, -1)


def _cofactor_slope(d: Any, x: Any) -> Any:
    """See `ops.solving`."""
    _check(d, x)
    if x.shape[-1] > MOST:
        raise Unexpanded
    u, s, vh = sp.svd_p(x, full=True)
    turned = matmul(matmul(mt(u), d), mt(vh))
    p = _products_without_two(s)
    on = sum(p * row(diagonal(turned, 0, -2, -1)), -1)
    core = diag_embed(on) - p * mt(turned)
    phase = expand_dims(expand_dims(so.det_p(matmul(u, vh)), -1), -1)
    return phase * matmul(matmul(u, core), vh)


def _products_without_two(s: Any) -> Any:
    """p[i, j], the product of all but s[i] and s[j]; 0 on the diagonal."""
    n = s.shape[-1]
    above = np.triu(np.ones((n, n), bool), 1)
    ones = np.ones((n, n), dtype_of(s))
    between = cumprod_p(where(above, row(s) * ones, ones), axis=-1, reverse=False)
    before = _before(cumprod_p(s, axis=-1, reverse=False), -1, False)
    after = _before(cumprod_p(s, axis=-1, reverse=True), -1, True)
    half = column(before) * _before(between, -1, False) * row(after)
    half = where(above, half, half * 0)
    return half + mt(half)


EXPANSIONS: dict[Primitive, Callable[..., Any]] = {
    fa.cholesky_solve_p: _cholesky_solve,
    fa.cholesky_inverse_p: _cholesky_inverse,
    sp.pinv_p: _pinv,
    ls.matrix_rank_p: _rank,
    so.cofactor_slope_p: _cofactor_slope,
}
