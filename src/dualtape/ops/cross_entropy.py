"""Cross-entropy of logits and negative log-likelihood, for classes by index and by probability.

The primitives take the classes along the last axis and a target of the shape before it; the ops accept
PyTorch's layout, classes along axis 1. Rows whose target is `ignore` count for nothing: not in the sum,
not in the mean's denominator, and without gradient.

NOTE [derivative of the cross-entropy]
The loss is `nll(log_softmax(x))`, and so are its rules; on arrays the pullback of both together is the
famous softmax(x) - onehot(target), row by row times the row's share of the cotangent.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, BoundsError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant, general, linear
from .axes import in_front, size_of
from .exponential import exp
from .index import index_select
from .pointwise_loss import check_reduction, reduced
from .reduce import add_up, sum, sum_all_p
from .select import where
from .shape import broadcast_to, move_axis, reshape
from .softmax import log_softmax, log_softmax_p, softmax_p, total
from .twice import fast_on_arrays, in_blocks, real_floating

IGNORE = -100


@functools.lru_cache(64)
def _ramp(n: int) -> np.ndarray[Any, Any]:
    ramp = np.arange(n)
    ramp.flags.writeable = False
    return ramp


def _rows(target: Any, classes: int, ignore: int) -> tuple[Any, Any]:
    """The targets as indices in one row, and where they count: None where all do.

    Raises:
        BoundsError: A target is no class and not `ignore`.
    """
    t = np.asarray(target).reshape(-1)
    if t.dtype != np.int64:
        t = t.astype(np.int64)
    if not t.size or np.maximum.reduce(t.view(np.uint64)) < classes:  # negative ones are huge, so seen
        return (t, None) if not 0 <= ignore < classes else _without(t, t != ignore)
    counted = t != ignore
    wrong = counted & ((t < 0) | (t >= classes))
    if wrong.any():
        raise BoundsError(f"Target {t[np.argmax(wrong)]} is out of bounds.")
    return _without(t, counted)


def _without(t: Any, counted: Any) -> tuple[Any, Any]:
    return (t, None) if counted.all() else (np.where(counted, t, 0), counted)


def _reduced_rows(rows: Any, counted: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """Reduce the losses of rows, in float32 for half precision still."""
    if counted is not None:
        rows = np.where(counted, rows, rows.dtype.type(0))
    if reduction == "none":
        return rows.reshape(shape)[()]
    out = np.add.reduce(rows)
    if reduction == "mean":
        out = out / (rows.size if counted is None else np.count_nonzero(counted))
    return out


@real_floating("nll_loss")
def _nll_eval(x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE) -> Any:
    t, counted = _rows(target, x.shape[-1], ignore)
    picked = x.reshape(-1, x.shape[-1])[_ramp(t.size), t]
    return _reduced_rows(np.negative(picked, picked), counted, target.shape, reduction)


def _shares(ct: Any, t: Any, counted: Any, reduction: str) -> Any:
    """The cotangent of each row's loss; a number where all are the same."""
    if reduction == "none":
        share = np.asarray(ct).reshape(-1)
    elif reduction == "sum":
        share = ct
    else:
        n = t.size if counted is None else np.count_nonzero(counted)
        share = ct / n if n else ct * np.nan
    return share if counted is None else np.where(counted, share, ct.dtype.type(0))


def _nll_place_eval(
    ct: Any, target: Any, *, classes: int, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    t, counted = _rows(target, classes, ignore)
    out = np.zeros((t.size, classes), ct.dtype)
    out[_ramp(t.size), t] = -_shares(ct, t, counted, reduction)
    return out.reshape(*target.shape, classes)


def _loss_aval(x: Aval, target: Aval, *, reduction: str = "mean", **_: Any) -> Aval:
    return Aval(target.shape if reduction == "none" else (), x.dtype)


def _batch(primitive: Any, values: list[Any], where: list[int | None], size: int, **params: Any) -> Any:
    """Each row's loss by itself, then the reduction example by example."""
    reduction = params.pop("reduction", "mean")
    x, t = (
        in_front(v, a) if a is not None else broadcast_to(v, (size, *v.shape))
        for v, a in zip(values, where, strict=True)
    )
    out = primitive(x, t, reduction="none", **params)
    if reduction != "none":
        axes = tuple(range(1, len(out.shape)))
        out = sum(out, axes)
        if reduction == "mean":
            count = counts(t, classes=x.shape[-1], ignore=params.get("ignore", IGNORE))
            out = out / cast_like(sum(count, axes), out)
    return out, 0


counts = constant(
    "counts", lambda target, *, classes, ignore: (target != ignore).astype(np.float64), inputs="target",
    pointwise=True, aval=lambda t, **_: Aval(t.shape, np.dtype(np.float64)),
    doc="1 where the target is not the ignored one, else 0.",
)  # fmt: skip


nll_loss_p = linear(
    "nll_loss", _nll_eval,
    lambda ct, target, aval, *, reduction="mean", ignore=IGNORE: nll_place_p(
        ct, target, classes=aval.shape[-1], reduction=reduction, ignore=ignore
    ),
    inputs="x target", aval=_loss_aval, batch=lambda *a, **p: _batch(nll_loss_p, *a, **p),
    doc="Minus the log-probabilities x of the targets, reduced.",
)  # fmt: skip

nll_place_p = linear(
    "nll_place", _nll_place_eval,
    lambda ct, target, *, classes, reduction="mean", ignore=IGNORE: nll_loss_p(
        ct, target, reduction=reduction, ignore=ignore
    ),
    inputs="x target", grad_name="NllLossBackwardBackward0",
    aval=lambda x, target, *, classes, **_: Aval((*target.shape, classes), x.dtype),
    doc="The transpose of `nll_loss`: zeros with minus each row's share of x at its target.",
)  # fmt: skip


@real_floating("cross_entropy")
def _cross_entropy_eval(x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE) -> Any:
    classes = x.shape[-1]
    t, counted = _rows(target, classes, ignore)
    losses = np.empty((t.size, 1), x.dtype)

    def kernel(loss: Any, x: Any, t: Any) -> None:
        away = x - np.maximum.reduce(x, -1, None, None, True)
        picked = away[_ramp(len(t)), t.reshape(-1)]
        np.exp(away, away)
        s = np.add.reduce(away, -1)
        np.subtract(np.log(s, s), picked, loss.reshape(-1))

    in_blocks(kernel, losses, x.reshape(-1, classes), t.reshape(-1, 1))
    return _reduced_rows(losses.reshape(-1), counted, target.shape, reduction)


def _cross_entropy_pulled(
    ct: Any, x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    classes = x.shape[-1]
    t, counted = _rows(target, classes, ignore)
    if x.dtype.itemsize == 2:
        x, ct = x.astype(np.float32), ct.astype(np.float32)
    share = _shares(ct, t, counted, reduction)
    shares = np.broadcast_to(share, t.shape).reshape(-1, 1)

    def kernel(out: Any, x: Any, t: Any, share: Any) -> None:
        np.subtract(x, np.maximum.reduce(x, -1, None, None, True), out)
        np.exp(out, out)
        scale = share / np.add.reduce(out, -1, None, None, True)
        np.multiply(out, scale, out)
        out[_ramp(len(t)), t.reshape(-1)] -= share.reshape(-1)

    out = np.empty((t.size, classes), x.dtype)
    return in_blocks(kernel, out, x.reshape(-1, classes), t.reshape(-1, 1), shares).reshape(x.shape)


@fast_on_arrays(_cross_entropy_pulled)
def _cross_entropy_vjp(
    ct: Any, x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    placed = nll_place_p(ct, target, classes=x.shape[-1], reduction=reduction, ignore=ignore)
    return placed - softmax_p(x) * total(placed, -1)


# NOTE [derivative of the cross-entropy]
cross_entropy_p = general(
    "cross_entropy", _cross_entropy_eval, inputs="x target", aval=_loss_aval,
    batch=lambda *a, **p: _batch(cross_entropy_p, *a, **p),
    jvp=(
        lambda d, x, target, *, reduction="mean", ignore=IGNORE: nll_loss_p(
            d - total(softmax_p(x) * d, -1), target, reduction=reduction, ignore=ignore
        ),
        None,
    ),
    vjp=(_cross_entropy_vjp, None), grad_name="NllLossBackward0",
    doc="The negative log-likelihood of the log-softmax of x, in one step.",
)  # fmt: skip
