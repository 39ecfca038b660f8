"""Taylor rules of what is made of sums along axes: softmax and its kin, norms, variances, normalisation layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .axes import count_along, restore_axes
from .exponential import exp, rsqrt
from .matrices import is_complex
from .moments import every_axis, std_p, var_p
from .normalize import rms_norm_p
from .norms import logsumexp_p, vector_norm_p
from .reduce import mean_p, sum_p
from .series import (
    Series,
    divided,
    growing,
    may_be_zero,
    minus,
    plus,
    product,
    quotient,
    raised,
    root,
)
from .shape import reshape
from .softmax import log_softmax_p, softmax_p
from .standardize import NONE, batch_norm_p, group_norm_p, layer_norm_p


def _over(f: Callable[[Any], Any], x: Series) -> Series:
    """A linear operation, coefficient by coefficient."""
    return [None if v is None else f(v) for v in x]


def _positive(axes: Any, rank: int) -> tuple[int, ...]:
    return tuple([a % rank for a in axes])


def _shares(p0: Any, x: Series, axes: tuple[int, ...]) -> tuple[Series, Series]:
    """exp(x) over its sum at order 0, and the sums of that: 1 at order 0."""
    e = growing(p0, x, p0, lambda y, k: y[k])
    sums = _over(lambda v: sum_p(v, axes=axes, keepdims=True), e)
    return e, sums


def _softmax(y0: Any, x: Series, *, axis: int = -1) -> Series:
    e, sums = _shares(y0, x, _positive((axis,), len(y0.shape)))
    return quotient(y0, e, sums)


def _log(sums: Series) -> Series:
    """The logarithm of a series, its first coefficient left to whoever knows it."""
    return divided(sums[0], sums, sums)


def _log_softmax(y0: Any, x: Series, *, axis: int = -1) -> Series:
    _, sums = _shares(exp(y0), x, _positive((axis,), len(y0.shape)))
    return [y0, *[plus(v, minus(u)) for v, u in zip(x[1:], _log(sums)[1:], strict=True)]]


def _logsumexp(y0: Any, x: Series, *, axes: tuple[int, ...], keepdims: bool) -> Series | None:
    p0 = exp(x[0] - restore_axes(y0, x[0].shape, axes, keepdims))
    _, sums = _shares(p0, x, axes)
    if may_be_zero(sums[0]):
        return None
    log = _log(sums)
    return [y0, *_over(lambda v: reshape(v, tuple(y0.shape)), log[1:])]


def _squares(x: Series, axes: Any, keepdims: bool) -> Series:
    return _over(lambda v: sum_p(v, axes=axes, keepdims=keepdims), product(x, x))


def _norm(
    y0: Any, x: Series, *, ord: float = 2.0, axes: Any = None, keepdims: bool = False
) -> Series | None:
    if ord != 2 or is_complex(x[0]) or may_be_zero(y0):
        return None
    return root(y0, _squares(x, every_axis(x[0], axes), keepdims))


def _centred(x: Series, axes: Any) -> Series:
    """The series of x less its mean."""
    means = _over(lambda v: mean_p(v, axes=axes, keepdims=True), x)
    return [plus(v, minus(m)) for v, m in zip(x, means, strict=True)]


def _var(
    y0: Any, x: Series, *, axes: Any = None, keepdims: bool = False, correction: float = 1
) -> Series | None:
    axes = every_axis(x[0], axes)
    free = count_along(x[0].shape, axes) - correction
    if is_complex(x[0]) or free <= 0:
        return None
    squares = _squares(_centred(x, axes), axes, keepdims)
    return [y0, *_over(lambda v: v * (1 / free), squares[1:])]


def _std(y0: Any, x: Series, **params: Any) -> Series | None:
    squares = None if may_be_zero(y0) else _var(y0 * y0, x, **params)
    return None if squares is None else root(y0, squares)


def _weighted(z: Series, w: Series) -> Series:
    return z if tuple(w[0].shape) == NONE else product(z, w)


def _normalised(x: Series, axes: Any, eps: float, scale: Any = None) -> Series:
    """Series over the roots of their mean squares, `eps` added to those."""
    squares = _over(lambda v: mean_p(v, axes=axes, keepdims=True), product(x, x))
    squares[0] = squares[0] + eps
    return product(x, raised(rsqrt(squares[0]) if scale is None else scale, squares, -0.5))


def _rms_norm(
    y0: Any, x: Series, w: Series, *, axes: tuple[int, ...] = (-1,), eps: float
) -> Series:
    out = _weighted(_normalised(x, _positive(axes, len(x[0].shape)), eps), w)
    return [y0, *out[1:]]


def _standardised(
    outs: tuple[Any, Any, Any], x: Series, w: Series, b: Series, *, axes: tuple[int, ...] = (-1,), eps: float = 1e-5
) -> list[Series]:  # fmt: skip
    y0, mean, scale = outs
    axes = _positive(axes, len(x[0].shape))
    out = _weighted(_normalised(_centred(x, axes), axes, eps), w)
    if tuple(b[0].shape) != NONE:
        out = [plus(u, v) for u, v in zip(out, b, strict=True)]
    still = [None] * (len(x) - 1)  # statistics carry no derivative
    return [[y0, *out[1:]], [mean, *still], [scale, *still]]


SUMS: dict[Any, Callable[..., Any]] = {
    softmax_p: _softmax, log_softmax_p: _log_softmax, logsumexp_p: _logsumexp, vector_norm_p: _norm, var_p: _var, std_p: _std,
    rms_norm_p: _rms_norm, layer_norm_p: _standardised, batch_norm_p: _standardised, group_norm_p: _standardised,
}  # fmt: skip
