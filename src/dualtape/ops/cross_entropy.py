"""Cross-entropy of logits and negative log-likelihood, for classes by index and by probability.

The primitives take the classes along the last axis and a target of the shape before it; the ops
accept PyTorch's layout, classes along axis 1. Rows whose target is `ignore` count for nothing: not
in the sum, not in the mean's denominator, and without gradient.

NOTE [derivative of the cross-entropy]
The loss is `nll(log_softmax(x))`, and so are its rules; on arrays the pullback of both together is
the famous softmax(x) - onehot(target), row by row times the row's share of the cotangent.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, BoundsError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant, general, linear
from ..core.summation import reduce_over
from .along import INT64, pick_along_p
from .axes import add_reduce, in_front, max_reduce, size_of
from .pointwise_loss import check_reduction, reduced
from .reduce import sum, sum_all_p
from .shape import broadcast_to, move_axis, reshape, reshape_p
from .softmax import log_softmax, softmax_p, total
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
    t = target if target.ndim == 1 else np.asarray(target).reshape(-1)
    if t.dtype != INT64:
        t = t.astype(np.int64)
    if not t.size or max_reduce(t.view(np.uint64)) < classes:  # negative ones are huge, so seen
        return (t, None) if not 0 <= ignore < classes else _without(t, t != ignore)
    mask = t != ignore
    wrong = mask & ((t < 0) | (t >= classes))
    if wrong.any():
        raise BoundsError(f"Target {t[np.argmax(wrong)]} is out of bounds.")
    return _without(t, mask)


def _without(t: Any, mask: Any) -> tuple[Any, Any]:
    return (t, None) if mask.all() else (np.where(mask, t, 0), mask)


def _reduced_rows(rows: Any, mask: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """Reduce the losses of rows, in float32 for half precision still."""
    if mask is not None:
        rows = np.where(mask, rows, rows.dtype.type(0))
    if reduction == "none":
        return rows.reshape(shape)[()]
    out = add_reduce(rows)
    if reduction == "mean":
        out = out / (rows.size if mask is None else int(np.count_nonzero(mask)))
    return out


@real_floating("nll_loss")
def _nll_eval(x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE) -> Any:
    t, mask = _rows(target, x.shape[-1], ignore)
    picked = x.reshape(-1, x.shape[-1])[_ramp(t.size), t]
    return _reduced_rows(np.negative(picked, picked), mask, target.shape, reduction)


def _shares(ct: Any, t: Any, mask: Any, reduction: str) -> Any:
    """The cotangent of each row's loss; a number where all are the same."""
    if reduction == "none":
        share = np.asarray(ct).reshape(-1)
    elif reduction == "sum":
        share = ct
    else:
        n = t.size if mask is None else int(np.count_nonzero(mask))
        share = ct / n if n else ct * np.nan
    return share if mask is None else np.where(mask, share, ct.dtype.type(0))


def _nll_place_eval(
    ct: Any, target: Any, *, classes: int, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    t, mask = _rows(target, classes, ignore)
    out = np.zeros((t.size, classes), ct.dtype)
    out[_ramp(t.size), t] = -_shares(ct, t, mask, reduction)
    return out.reshape(*target.shape, classes)


def _loss_aval(x: Aval, target: Aval, *, reduction: str = "mean", **_: Any) -> Aval:
    return Aval(target.shape if reduction == "none" else (), x.dtype)


def _batch(
    primitive: Any, values: list[Any], where: list[int | None], size: int, **params: Any
) -> Any:
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
            out = out / sum(counted(t, params.get("ignore", IGNORE), dtype_of(x)), axes)
    return out, 0


def _place_batch(
    values: list[Any], where: list[int | None], size: int, *, classes: int, reduction: str = "mean",
    ignore: int = IGNORE,
) -> tuple[Any, int]:  # fmt: skip
    """`nll_place` with each row's cotangent worked out from its example's."""
    ct, t = (
        in_front(v, a) if a is not None else broadcast_to(v, (size, *v.shape))
        for v, a in zip(values, where, strict=True)
    )
    if reduction != "none":
        shape = tuple(t.shape)
        if reduction == "mean":
            ct = ct / sum(counted(t, ignore, dtype_of(ct)), tuple(range(1, len(shape))))
        ct = broadcast_to(reshape_p(ct, shape=(size, *(1,) * (len(shape) - 1))), shape)
    return nll_place_p(ct, t, classes=classes, reduction="none", ignore=ignore), 0


counted_p: Any = constant(
    "counted", lambda target, *, ignore, dtype: np.not_equal(target, ignore).astype(dtype),
    inputs="target",
    pointwise=True, aval=lambda t, *, ignore, dtype: Aval(t.shape, dtype),
)  # fmt: skip

class_p: Any = constant(
    "class",
    lambda target, *, ignore: np.where(np.equal(target, ignore), 0, target).astype(np.int64),
    inputs="target",
    pointwise=True,
    aval=lambda t, *, ignore: Aval(t.shape, INT64),
    doc="The target, and some class where there is none.",
)


def counted(target: Any, ignore: int, dtype: np.dtype[Any]) -> Any:
    """1 where the target counts, 0 where it is ignored."""
    return counted_p(target, ignore=ignore, dtype=dtype)


nll_loss_p: Any = linear(
    "nll_loss", _nll_eval,
    lambda ct, target, aval, *, reduction="mean", ignore=IGNORE: nll_place_p(
        ct, target, classes=aval.shape[-1], reduction=reduction, ignore=ignore
    ),
    inputs="x target", aval=_loss_aval, batch=lambda *a, **p: _batch(nll_loss_p, *a, **p),
    doc="Minus the log-probabilities x of the targets, reduced.",
)  # fmt: skip

nll_place_p: Any = linear(
    "nll_place", _nll_place_eval,
    lambda ct, target, *, classes, reduction="mean", ignore=IGNORE: nll_loss_p(
        ct, target, reduction=reduction, ignore=ignore
    ),
    inputs="x target", grad_name="NllLossBackwardBackward0",
    aval=lambda x, target, *, classes, **_: Aval((*target.shape, classes), x.dtype),
    batch=lambda *a, **p: _place_batch(*a, **p),
    doc="The transpose of `nll_loss`: zeros with minus each row's share of x at its target.",
)  # fmt: skip


@real_floating("cross_entropy")
def _cross_entropy_eval(
    x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    classes = x.shape[-1]
    t, mask = _rows(target, classes, ignore)

    def kernel(loss: Any, x: Any, t: Any) -> None:
        away = x - reduce_over(np.maximum, x, 1, True)
        picked = away[_ramp(len(t)), t[:, 0]]
        np.exp(away, away)
        np.subtract(np.log(reduce_over(np.add, away, 1, False)), picked, loss[:, 0])

    rows = x if x.ndim == 2 else x.reshape(-1, classes)
    losses = in_blocks(kernel, np.empty((t.size, 1), x.dtype), rows, t[:, None])
    return _reduced_rows(losses[:, 0], mask, target.shape, reduction)


def _cross_entropy_pulled(
    ct: Any, x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    classes = x.shape[-1]
    t, mask = _rows(target, classes, ignore)
    if x.dtype.itemsize == 2:
        x, ct = x.astype(np.float32), ct.astype(np.float32)
    share = _shares(ct, t, mask, reduction)
    shares = np.empty((t.size, 1), x.dtype)
    shares[:, 0] = share

    def kernel(out: Any, x: Any, t: Any, share: Any) -> None:
        np.subtract(x, reduce_over(np.maximum, x, 1, True), out)
        np.exp(out, out)
        np.multiply(out, share / reduce_over(np.add, out, 1, True), out)
        out[_ramp(len(t)), t[:, 0]] -= share[:, 0]

    rows = x if x.ndim == 2 else x.reshape(-1, classes)
    out = in_blocks(kernel, np.empty(rows.shape, x.dtype), rows, t[:, None], shares)
    return out if x.ndim == 2 else out.reshape(x.shape)


@fast_on_arrays(_cross_entropy_pulled)
def _cross_entropy_vjp(
    ct: Any, x: Any, target: Any, *, reduction: str = "mean", ignore: int = IGNORE
) -> Any:
    placed = nll_place_p(ct, target, classes=x.shape[-1], reduction=reduction, ignore=ignore)
    return placed - softmax_p(x) * total(placed, -1)


# NOTE [derivative of the cross-entropy]
cross_entropy_p: Any = general(
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


def _class_last(x: Any) -> Any:
    """The logits with the classes along the last axis instead of axis 1."""
    rank = len(x.shape)
    return x if rank <= 2 else move_axis(x, 1, rank - 1)


def _check_classes(x: Any, target: Any, weight: Any) -> None:
    """Check that class indices fit the logits, in PyTorch's words."""
    shape, t = tuple(x.shape), tuple(target.shape)
    rank = len(shape)
    if not rank:
        raise ShapeError("input should have at least one axis, that of the classes")
    classes = shape[min(rank, 2) - 1]
    if rank > 1 and (not t or t[0] != shape[0]):
        raise ShapeError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size "
            f"({t[0] if t else 1})."
        )
    if rank <= 2 and len(t) != rank - 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if rank > 2 and t != (shape[0], *shape[2:]):
        raise ShapeError(f"Expected target size {[shape[0], *shape[2:]]}, got {list(t)}")
    if dtype_of(target).kind not in "iu":
        raise DtypeError(
            f"expected target dtype to be Long or Byte, but got {dtype_of(target).name}: class "
            "indices are integers"
        )
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )


def _run(primitive: Any, x: Any, target: Any, reduction: str, ignore: int) -> Any:
    if ignore != IGNORE:
        return primitive(x, target, reduction=reduction, ignore=ignore)
    return (
        primitive(x, target) if reduction == "mean" else primitive(x, target, reduction=reduction)
    )


def _class_weights(weight: Any, target: Any, ignore: int, dtype: np.dtype[Any]) -> Any:
    """The weight of each target's class, 0 where it is ignored; 1 for no weights."""
    mask = counted(target, ignore, dtype)
    if weight is None:
        return mask
    places = reshape(class_p(target, ignore=ignore), (-1,))
    return reshape(pick_along_p(weight, places, axis=-1, unique=False), target.shape) * mask


def _weighted_nll(
    primitive: Any, x: Any, target: Any, weight: Any, reduction: str, ignore: int
) -> Any:
    weights = _class_weights(weight, target, ignore, dtype_of(x))
    out = _run(primitive, x, target, "none", ignore) * weights
    return sum_all_p(out) / sum_all_p(weights) if reduction == "mean" else reduced(out, reduction)


def nll_loss(
    x: Any, target: Any, weight: Any = None, ignore_index: int = IGNORE, reduction: str = "mean"
) -> Any:
    """Minus the log-probabilities of the targets.

    Args:
        x: Log-probabilities of shape (C,), (N, C) or (N, C, *).
        target: Integer classes, of shape (), (N,) or (N, *).
        weight: A weight per class, of shape (C,), or None; the mean is a weighted one then.
        ignore_index: A target that counts for nothing.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError, DtypeError: What is given does not fit.
        BoundsError: A target is no class.
        ArgumentError: The reduction does not exist.
    """
    check_reduction(reduction)
    _check_classes(x, target, weight)
    x = _class_last(x)
    if weight is None:
        return _run(nll_loss_p, x, target, reduction, ignore_index)
    return _weighted_nll(nll_loss_p, x, target, weight, reduction, ignore_index)


def cross_entropy(
    x: Any, target: Any, weight: Any = None, ignore_index: int = IGNORE, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """The cross-entropy of logits with targets: classes by index, or their probabilities.

    Args:
        x: Logits of shape (C,), (N, C) or (N, C, *).
        target: Integer classes of shape (), (N,) or (N, *), or floating probabilities of x's shape.
        weight: A weight per class, of shape (C,), or None.
        ignore_index: A class index that counts for nothing.
        reduction: "mean", "sum" or "none".
        label_smoothing: How much of each target is spread evenly over all classes, in [0, 1].

    Raises:
        ShapeError, DtypeError: What is given does not fit.
        BoundsError: A target is no class.
        ArgumentError: The reduction does not exist, or a setting is out of range.
    """
    check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if dtype_of(target).kind == "f" and tuple(target.shape) == tuple(x.shape):
        if ignore_index >= 0:
            raise ArgumentError("ignore_index is not supported for floating point target")
        return _with_probabilities(x, target, weight, reduction, label_smoothing)
    _check_classes(x, target, weight)
    x = _class_last(x)
    if label_smoothing:
        return _smoothed(x, target, weight, ignore_index, reduction, label_smoothing)
    if weight is None:
        return _run(cross_entropy_p, x, target, reduction, ignore_index)
    return _weighted_nll(cross_entropy_p, x, target, weight, reduction, ignore_index)


def _smoothed(
    x: Any, target: Any, weight: Any, ignore: int, reduction: str, smoothing: float
) -> Any:
    logs = log_softmax(x)
    weights = _class_weights(weight, target, ignore, dtype_of(x))
    sharp = _run(nll_loss_p, logs, target, "none", ignore) * weights
    even = -sum(logs if weight is None else logs * weight, -1) * counted(
        target, ignore, dtype_of(x)
    )
    out = sharp * (1 - smoothing) + even * (smoothing / x.shape[-1])
    return sum_all_p(out) / sum_all_p(weights) if reduction == "mean" else reduced(out, reduction)


def _with_probabilities(x: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    x, target = _class_last(x), _class_last(target)
    classes = x.shape[-1]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    terms = log_softmax(x) * target
    if weight is not None:
        terms = terms * weight
    if reduction == "none":
        return -sum(terms, -1)
    out = -sum_all_p(terms)
    return out / (size_of(x.shape) / classes) if reduction == "mean" and size_of(x.shape) else out
