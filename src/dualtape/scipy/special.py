"""`scipy.special` with derivatives: the functions that are no ufuncs (those need nothing from here)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import norms
from ..ops import softmax as normalised
from ..ops import special as functions
from ..transforms import stop_gradient
from .following import floating, follows, rest_of

__getattr__ = rest_of("scipy.special", __name__)
_follows = follows("scipy.special")


@_follows
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """`scipy.special.logsumexp`."""
    a = floating(a)
    if b is None and not return_sign:
        return norms.logsumexp(a, axis, keepdims)
    b = np.ones(()) if b is None else floating(b)
    a, b = np.broadcast_arrays(a, b)
    a = np.where(b == 0, -np.inf, a)
    top = stop_gradient(np.max(a, axis, keepdims=True))
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.sum(b * np.exp(a - top), axis, keepdims=True)
    sign = np.sign(total)
    out = np.log(np.abs(total) if return_sign else total) + top
    if not keepdims:
        out, sign = np.squeeze(out, axis), np.squeeze(sign, axis)
    return (out, sign) if return_sign else out


def _along(rule: Any, x: Any, axis: Any) -> Any:
    x = floating(x)
    if isinstance(axis, int):
        return rule(x, axis)
    axes = tuple(range(len(x.shape))) if axis is None else tuple([n % len(x.shape) for n in axis])
    rest = tuple([n for n in range(len(x.shape)) if n not in axes])
    order = (*rest, *axes)
    moved = np.transpose(x, order)
    flat = np.reshape(moved, (*moved.shape[: len(rest)], -1))
    return np.transpose(np.reshape(rule(flat, -1), moved.shape), np.argsort(order))


@_follows
def softmax(x: Any, axis: Any = None) -> Any:
    """`scipy.special.softmax`."""
    return _along(normalised.softmax, x, axis)


@_follows
def log_softmax(x: Any, axis: Any = None) -> Any:
    """`scipy.special.log_softmax`."""
    return _along(normalised.log_softmax, x, axis)


@_follows
def polygamma(n: int, x: Any) -> Any:
    """`scipy.special.polygamma` of one order for all."""
    return functions.polygamma(int(n), floating(x))


@_follows
def multigammaln(a: Any, d: int) -> Any:
    """`scipy.special.multigammaln`."""
    return functions.multigammaln(floating(a), int(d))


@_follows
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """`scipy.special.factorial`, which is 0 below 0."""
    n = floating(n)
    inside = n > -1
    return np.where(inside, np.exp(functions.lgamma(np.where(inside, n, 0.0) + 1.0)), 0.0)


@_follows
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """`scipy.special.comb`, which is 0 for k above N and below 0."""
    N, k = np.broadcast_arrays(floating(N), floating(k))
    if repetition:
        N = N + k - 1.0
    inside = (k <= N) & (k >= 0) & (N >= 0)
    n, m = np.where(inside, N, 1.0) + 1.0, np.where(inside, k, 0.0) + 1.0
    lgamma = functions.lgamma
    return np.where(inside, np.exp(lgamma(n) - lgamma(m) - lgamma(n - m + 1.0)), 0.0)
