"""Losses in sums and maps. A row's target picks by comparing indices, so that it fuses with the row's other work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.primitive import Primitive
from ...ops import cross_entropy as ce
from ...ops import pointwise_loss as pl
from ...ops.arithmetic import square
from ...ops.axes import size_of
from ...ops.compare import le, less_than
from ...ops.complex import cast_constant
from ...ops.exponential import exp, log, log1p
from ...ops.numbers import abs_
from ...ops.picking import position_p
from ...ops.reduce import sum_all_p, sum_p
from ...ops.select import clamp_p, keep, where
from ...ops.shape import broadcast_to, expand_dims
from .expand_rows import _peak
from .expansion import Unexpanded, filled, floats
from .internal import INT32, index_along, one_of

MESSAGE = "Target {index} is out of bounds."


def _classes(target: Any, classes: int, ignore: int) -> Any:
    """Checked classes with an axis for them, class 0 where a target is ignored."""
    if target.dtype.kind not in "iu" or target.dtype == np.dtype(np.uint64):
        raise Unexpanded
    at = ce.class_p(target, ignore=ignore)
    at = position_p(at, size=classes, wrap=False, message=MESSAGE)
    return expand_dims(cast_constant(at, dtype=INT32), -1)


def _picked(x: Any, at: Any) -> Any:
    """The element of each row that a class stands for."""
    return sum_p(
        one_of(at, index_along(x, axis=-1, dtype=INT32), x),
        axes=(len(x.shape) - 1,),
        keepdims=False,
    )


def _reduced(rows: Any, target: Any, reduction: str, ignore: int) -> Any:
    mask = ce.counted(target, ignore, rows.dtype)
    rows = keep(mask, rows)
    if reduction == "none":
        return rows
    out = sum_all_p(rows)
    return out / sum_all_p(mask) if reduction == "mean" else out


def _nll(x: Any, target: Any, *, reduction: str = "mean", ignore: int = ce.IGNORE) -> Any:
    filled(x)
    floats(x)
    if target.shape != x.shape[:-1]:
        raise Unexpanded
    at = _classes(target, x.shape[-1], ignore)
    return _reduced(-_picked(x, at), target, reduction, ignore)


def _nll_place(
    ct: Any, target: Any, *, classes: int, reduction: str = "mean", ignore: int = ce.IGNORE
) -> Any:
    filled(target)
    floats(ct)
    if not classes:
        raise Unexpanded
    mask = ce.counted(target, ignore, ct.dtype)
    share = ct / sum_all_p(mask) if reduction == "mean" else ct
    share = keep(mask, broadcast_to(share, target.shape))
    at = _classes(target, classes, ignore)
    shape = (*target.shape, classes)
    share = broadcast_to(expand_dims(-share, -1), shape)
    return one_of(at, index_along(share, axis=-1, dtype=INT32), share)


def _cross_entropy(x: Any, target: Any, *, reduction: str = "mean", ignore: int = ce.IGNORE) -> Any:
    filled(x)
    floats(x)
    if target.shape != x.shape[:-1]:
        raise Unexpanded
    at = _classes(target, x.shape[-1], ignore)
    away = x - _peak(x, -1)
    total = sum_p(exp(away), axes=(len(x.shape) - 1,), keepdims=False)
    return _reduced(log(total) - _picked(away, at), target, reduction, ignore)


def _pointwise(value: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Any, y: Any, *, reduction: str = "mean", **params: Any) -> Any:
        floats(x, y)
        v = value(x, y, **params)
        if reduction == "none":
            return v
        total = sum_all_p(v)
        return total / size_of(v.shape) if reduction == "mean" else total

    return run


def _smooth_l1(x: Any, y: Any, *, beta: float = 1.0) -> Any:
    z = abs_(x - y)
    return where(less_than(z, bound=beta), z * z * (0.5 / beta if beta else 0.0), z - 0.5 * beta)


def _huber(x: Any, y: Any, *, delta: float = 1.0) -> Any:
    z = abs_(x - y)
    near = z * z * 0.5
    return where(le(z, x.dtype.type(delta)), near, (z - 0.5 * delta) * delta)


def _soft_margin(x: Any, y: Any) -> Any:
    z = x * y
    return clamp_p(-z, low=0, high=None) + log1p(exp(-abs_(z)))


def _with_logits(x: Any, y: Any) -> Any:
    return clamp_p(x, low=0, high=None) - x * y + log1p(exp(-abs_(x)))


EXPANSIONS: dict[Primitive, Callable[..., Any]] = {
    ce.nll_loss_p: _nll,
    ce.nll_place_p: _nll_place,
    ce.cross_entropy_p: _cross_entropy,
    pl.mse_loss_p: _pointwise(lambda x, y: square(x - y)),
    pl.smooth_l1_loss_p: _pointwise(_smooth_l1),
    pl.huber_loss_p: _pointwise(_huber),
    pl.soft_margin_loss_p: _pointwise(_soft_margin),
    pl.bce_with_logits_p: _pointwise(_with_logits),
}
