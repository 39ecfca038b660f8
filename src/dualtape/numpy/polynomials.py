"""Polynomials by their coefficients, highest first; and functions applied along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import vectors
from ..ops.axes import normalize_axis
from ..ops.complex import cast
from .concrete import concrete, is_concrete
from .functions import implements
from .operands import as_array, inexact, together
from .products import convolve


@implements("polyval")
def polyval(p: Any, x: Any) -> Any:
    """`np.polyval`, by Horner's rule."""
    coefficients, x = as_array(p), as_array(x)
    y: Any = np.zeros_like(x)
    for c in coefficients:
        y = y * x + c
    return y


def _padded(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = [np.atleast_1d(x) for x in together([as_array(a), as_array(b)])]
    n = max(len(a), len(b))
    return np.pad(a, (n - len(a), 0)), np.pad(b, (n - len(b), 0))


@implements("polyadd")
def polyadd(a1: Any, a2: Any) -> Any:
    """`np.polyadd`."""
    a, b = _padded(a1, a2)
    return a + b


@implements("polysub")
def polysub(a1: Any, a2: Any) -> Any:
    """`np.polysub`."""
    a, b = _padded(a1, a2)
    return a - b


@implements("polymul")
def polymul(a1: Any, a2: Any) -> Any:
    """`np.polymul`; leading zeros of the operands do not count."""
    return convolve(_stripped(a1), _stripped(a2))


def _stripped(a: Any) -> Any:
    """The coefficients from the first that is not zero on, as `np.poly1d` takes them."""
    x = np.atleast_1d(as_array(a))
    if not is_concrete(x):
        return x
    nonzero = np.flatnonzero(concrete(x))
    return x[int(nonzero[0]) :] if len(nonzero) else x[-1:]


@implements("polydiv")
def polydiv(u: Any, v: Any) -> Any:
    """`np.polydiv`: quotient and remainder."""
    u, v = [np.atleast_1d(x) for x in together([inexact(as_array(u)), inexact(as_array(v))])]
    m, n = len(u) - 1, len(v) - 1
    rest = [u[i] for i in range(m + 1)]
    quotient = []
    for k in range(m - n + 1):
        d = rest[k] / v[0]
        quotient.append(d)
        for j in range(n + 1):
            rest[k + j] = rest[k + j] - d * v[j]
    r = np.stack(rest)
    numbers = concrete(r, "np.polydiv, whose remainder is as long as its numbers say,")
    start = 0
    while start < m and np.allclose(numbers[start], 0, rtol=1e-14):
        start += 1
    return (np.stack(quotient) if quotient else np.zeros_like(u[:1])), r[start:]


@implements("polyder")
def polyder(p: Any, m: int = 1) -> Any:
    """`np.polyder`."""
    x = as_array(p)
    for _ in range(m):
        x = x[:-1] * np.arange(len(x) - 1, 0, -1)
    return x


@implements("polyint")
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`np.polyint`."""
    x = inexact(as_array(p))
    constants = np.zeros(m) if k is None else np.atleast_1d(as_array(k))
    if len(constants) == 1 and m > 1:
        constants = np.repeat(constants, m)
    for i in range(m):
        x = np.append(x / np.arange(len(x), 0, -1), constants[i])
    return x


@implements("poly")
def poly(seq_of_zeros: Any) -> Any:
    """`np.poly`: the coefficients of the polynomial with these roots, or of a characteristic polynomial."""
    x = np.atleast_1d(inexact(as_array(seq_of_zeros)))
    if len(x.shape) == 2:
        symmetric = np.linalg.eigvals(x)
        out = poly(symmetric)
        return np.real(out) if x.dtype.kind != "c" else out
    out = np.ones_like(x[:1])
    for root in x:
        out = convolve(out, np.stack([np.ones_like(root), -root]))
    return out


@implements("roots")
def roots(p: Any) -> Any:
    """`np.roots`: the eigenvalues of the companion matrix."""
    x = inexact(as_array(p))
    nonzero = np.flatnonzero(concrete(x))
    if len(x.shape) != 1:
        raise ValueError("Input must be a rank-1 array.")
    if not len(nonzero):
        return np.zeros(0)
    trailing = len(x) - int(nonzero[-1]) - 1
    x = x[int(nonzero[0]) : int(nonzero[-1]) + 1]
    n = len(x)
    out = np.zeros_like(x[:0])
    if n > 1:
        below = np.diag(np.ones(n - 2, x.dtype), -1)[1:]
        out = np.linalg.eigvals(np.concatenate([-x[None, 1:] / x[0], below], 0))
    return np.concatenate([out, np.zeros(trailing, out.dtype)])


@implements("polyfit")
def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """`np.polyfit`: the coefficients alone."""
    if full or cov:
        raise TypeError("polyfit of Arrays: full= and cov= are not supported")
    x, y = [inexact(as_array(v)) for v in (x, y)]
    a = vander(x, int(deg) + 1)
    if w is not None:
        weights = as_array(w)
        a = a * weights[:, None]
        y = y * (weights[:, None] if len(y.shape) == 2 else weights)
    scale = np.sqrt(np.sum(a * a, 0))
    c = np.linalg.lstsq(a / scale, y, rcond)[0]
    return c / (scale[:, None] if len(y.shape) == 2 else scale)


@implements("vander")
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """`np.vander`."""
    x = as_array(x)
    x = cast(x, np.promote_types(x.dtype, int))
    n = len(x) if N is None else int(N)
    out = vectors.vander(x, n) if n > 1 else np.ones((len(x), n), x.dtype)
    return out if increasing else np.flip(out, 1)


# Functions of rows --------------------------------------------------------------------------------


@implements("apply_along_axis")
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`."""
    x = as_array(arr)
    axis = normalize_axis(axis, len(x.shape))
    moved = np.moveaxis(x, axis, -1)
    lead = moved.shape[:-1]
    results = [as_array(func1d(moved[i], *args, **kwargs)) for i in np.ndindex(*lead)]
    out = np.stack(results)
    own = out.shape[1:]
    out = np.reshape(out, (*lead, *own))
    order = [*range(axis), *range(len(lead), len(lead) + len(own)), *range(axis, len(lead))]
    return np.transpose(out, order)


@implements("apply_over_axes")
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """`np.apply_over_axes`."""
    x = as_array(a)
    rank = len(x.shape)
    for axis in np.atleast_1d(np.asarray(axes)):
        result = func(x, int(axis))
        x = result if len(result.shape) == rank else np.expand_dims(result, int(axis))
    return x
