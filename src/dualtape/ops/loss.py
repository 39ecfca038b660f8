"""The losses: those made of operations, and by import those that are primitives.

Everywhere `reduction` is "mean", "sum" or "none". At kinks the slopes are those of the operations
they are made of (`clamp` lets the gradient through at its bound, `relu` does not), which are
PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, BoundsError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, constant
from .activation import relu
from .along import pick_along_p
from .arithmetic import square
from .axes import batch_in_front
from .compare import eq, exceeds, logical_and, logical_not, ne
from .cross_entropy import cross_entropy, nll_loss
from .distances import cosine_similarity, pairwise_distance, raised
from .exponential import exp, log, sqrt, xlogy
from .logistic import log_sigmoid
from .numbers import abs_
from .pointwise_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    check_reduction,
    huber_loss,
    losses,
    mse_loss,
    reduced,
    smooth_l1_loss_p,
    soft_margin_loss,
)
from .reduce import mean, sum
from .select import clamp, keep, minimum
from .shape import expand_dims, reshape

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss",
    "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss", "pairwise_distance", "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss", "triplet_margin_loss",
]  # fmt: skip


def l1_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    """|x - y|, its mean or its sum; the slope at 0 is 0.

    Args:
        x: Input, real or complex.
        y: Target; broadcasts with `x`.
        reduction: "mean", "sum" or "none".
    """
    return reduced(abs_(x - y), reduction)


def smooth_l1_loss(x: Any, y: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """|x - y| - beta/2, and its smooth continuation (x - y)^2 / (2 beta) where |x - y| < beta.

    Raises:
        ArgumentError: `beta` is negative.
    """
    if beta < 0:
        raise ArgumentError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(x, y, reduction)
    return losses(smooth_l1_loss_p, x, y, reduction, beta=float(beta))


def kl_div(x: Any, y: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence y (log y - x) of targets y from log-probabilities x.

    Args:
        x: Log-probabilities.
        y: Probabilities, or with `log_target` their logarithms; broadcasts with `x`.
        reduction: "mean", "sum", "none", or "batchmean": the sum over the length of the first axis.
        log_target: See `y`.
    """
    out = exp(y) * (y - x) if log_target else xlogy(y, y) - y * x
    if reduction == "batchmean":
        return reduced(out, "sum") / x.shape[0]
    return reduced(out, reduction)


def poisson_nll_loss(
    x: Any,
    y: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """The negative log-likelihood of counts y under Poisson's distribution.

    Args:
        x: The rate's logarithm, or with `log_input=False` the rate.
        y: Counts.
        log_input: See `x`.
        full: Whether to add Stirling's approximation of log(y!) where y > 1.
        eps: Added to the rate inside its logarithm.
        reduction: "mean", "sum" or "none".
    """
    check_reduction(reduction)
    out = exp(x) - y * x if log_input else x - y * log(x + eps)
    if full:
        out = out + keep(exceeds(y, bound=1.0), y * log(y) - y + log(y * (2 * math.pi)) * 0.5)
    return reduced(out, reduction)


def gaussian_nll_loss(
    x: Any, y: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """The negative log-likelihood of y under normal distributions with means x and variances var.

    Args:
        x: Means.
        y: Samples; broadcasts with `x`.
        var: Variances: a number, or of x's shape, or of that without the last axis or with length 1
            in one axis.
        full: Whether to add the constant log(2 pi) / 2.
        eps: The least variance; below it the number is raised and the gradient not changed.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: `var` is of another shape.
        ArgumentError: A variance is negative.
    """
    check_reduction(reduction)
    if isinstance(var, (int, float)):
        var = np.full(tuple(x.shape), var, dtype_of(x))
    shape, given = tuple(x.shape), tuple(var.shape)
    if given != shape:
        if given == shape[:-1]:
            var = expand_dims(var, -1)
        elif [b for a, b in zip(shape, given, strict=False) if a != b] != [1] or len(given) != len(
            shape
        ):
            raise ShapeError("var is of incorrect size")
    var = raised(var, low=eps, refuse_negative=True)
    out = (log(var) + square(x - y) / var) * 0.5
    return reduced(out + 0.5 * math.log(2 * math.pi) if full else out, reduction)


def _equals(x: Any, number: float) -> Any:
    return eq(x, np.asarray(number, dtype_of(x)))


def hinge_embedding_loss(x: Any, y: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """Sum x where the target y is not -1 and max(0, margin - x) where it is not 1."""
    check_reduction(reduction)
    apart = keep(ne(y, np.asarray(1, dtype_of(y))), clamp(margin - x, low=0))
    return reduced(apart + keep(ne(y, np.asarray(-1, dtype_of(y))), x), reduction)


def margin_ranking_loss(
    x1: Any, x2: Any, y: Any, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """max(0, margin - y (x1 - x2)): x1 should rank above x2 where y is 1, below where it is -1.

    Raises:
        ShapeError: The operands are of different ranks.
    """
    check_reduction(reduction)
    if not len(x1.shape) == len(x2.shape) == len(y.shape):
        raise ShapeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {list(x1.shape)}, input2: {list(x2.shape)}, target: {list(y.shape)} "
        )
    return reduced(clamp(-y * (x1 - x2) + margin, low=0), reduction)


def cosine_embedding_loss(
    x1: Any, x2: Any, y: Any, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """1 - cos where the target y is 1, max(0, cos - margin) where it is -1.

    Args:
        x1: Vectors, of shape (N, D) with y of shape (N,), or (D,) with y 0-d.
        x2: Vectors, likewise.
        y: 1 or -1.
        margin: Allowed cosine of vectors that should differ.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: The shapes are others.
    """
    check_reduction(reduction)
    rank = len(y.shape)
    if rank > 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if len(x1.shape) != rank + 1 or len(x2.shape) != rank + 1:
        raise ShapeError(
            f"{rank}D target tensor expects {rank + 1}D input tensors, but found inputs with sizes "
            f"{list(x1.shape)} and {list(x2.shape)}."
        )
    dot = sum(x1 * x2, -1)
    cosine = dot / sqrt((sum(x1 * x1, -1) + 1e-12) * (sum(x2 * x2, -1) + 1e-12))
    alike = keep(_equals(y, 1), 1 - cosine)
    return reduced(alike + keep(_equals(y, -1), clamp(cosine - margin, low=0)), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, margin + |anchor - positive| - |anchor - negative|) with p-norms along the last axis.

    Args:
        anchor: Vectors.
        positive: Vectors that should be near, of the same rank; they broadcast.
        negative: Vectors that should be far, likewise.
        margin: Must be positive.
        p: See `pairwise_distance`.
        eps: See `pairwise_distance`.
        swap: Whether the positive's distance from the negative counts instead where it is smaller.
        reduction: "mean", "sum" or "none".

    Raises:
        ArgumentError: `margin` is not positive.
        ShapeError: The ranks differ.
    """
    check_reduction(reduction)
    if margin <= 0:
        raise ArgumentError(f"margin must be greater than 0, got {margin}")
    if not len(anchor.shape) == len(positive.shape) == len(negative.shape):
        raise ShapeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {len(anchor.shape)}D, positive {len(positive.shape)}D, "
            f"and negative {len(negative.shape)}D inputs"
        )
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(clamp(near - far + margin, low=0), reduction)


def _others_eval(target: Any, *, classes: int) -> Any:
    if target.size and not (target.min() >= 0 and target.max() < classes):
        raise BoundsError("target out of range")
    return np.arange(classes) != np.asarray(target)[..., None]


others: Any = constant(
    "others", _others_eval, inputs="target", batch=batch_in_front(lambda: others),
    aval=lambda t, *, classes: Aval((*t.shape, classes), np.dtype(bool)),
    doc="Which classes are not the target.",
)  # fmt: skip


def _check_scores(x: Any) -> None:
    """Check that there are classes, in PyTorch's words."""
    if tuple(x.shape)[-1:] == (0,):
        raise ShapeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(x.shape)}"
        )


def multi_margin_loss(
    x: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """The mean over classes of max(0, margin - x_target + x_j)^p, of other classes j.

    Args:
        x: Scores of shape (N, C) or (C,).
        target: Integer classes of shape (N,) or ().
        p: 1 or 2.
        margin: See the formula.
        weight: A weight per class, or None.
        reduction: "mean", "sum" or "none".

    Raises:
        ArgumentError: `p` is neither.
        ShapeError: The shapes do not fit.
        BoundsError: A target is no class.
    """
    check_reduction(reduction)
    if p not in (1, 2):
        raise ArgumentError("only p == 1 and p == 2 supported")
    _check_scores(x)
    if not x.shape and not target.shape:  # the score of the only class
        x = reshape(x, (1,))
    if tuple(target.shape) != tuple(x.shape)[:-1] or len(x.shape) > 2:
        raise ShapeError(
            f"inconsistent target size, expected {list(x.shape)[:-1]} but got {list(target.shape)}"
        )
    classes = x.shape[-1]
    away = others(target, classes=classes)
    own = pick_along_p(x, expand_dims(target, -1), axis=-1, unique=True)
    terms = relu(x - own + margin)
    terms = square(terms) if p == 2 else terms
    if weight is not None:
        rows = reshape(target, (-1,))
        terms = terms * reshape(
            pick_along_p(weight, rows, axis=-1, unique=False), (*target.shape, 1)
        )
    return reduced(sum(keep(away, terms), -1) / classes, reduction)


def _label_places_eval(target: Any) -> tuple[Any, Any, Any]:
    classes = target.shape[-1]
    if target.size and not (target.min() >= -1 and target.max() < classes):
        raise BoundsError("argument #2 'target' is out of range")
    listed = np.logical_and.accumulate(target >= 0, -1)
    places = np.where(listed, target, 0).astype(np.int64)
    labels = (places[..., :, None] == np.arange(classes)) & listed[..., :, None]
    return places, listed, labels.any(-2)


def _label_places_aval(t: Aval) -> tuple[Aval, Aval, Aval]:
    flags = Aval(t.shape, np.dtype(bool))
    return Aval(t.shape, np.dtype(np.int64)), flags, flags


label_places: Any = constant(
    "label_places", _label_places_eval, inputs="target", outputs=3, aval=_label_places_aval,
    batch=batch_in_front(lambda: label_places),
    doc="Of rows of labels that end at the first -1: the labels (0 after the end), which places "
    "hold one, and which classes are labels.",
)  # fmt: skip


def multilabel_margin_loss(x: Any, target: Any, reduction: str = "mean") -> Any:
    """Sum over labels j and other classes i of max(0, 1 - x_j + x_i), over the number of classes.

    Args:
        x: Scores of shape (N, C) or (C,).
        target: Labels, integers of the same shape; the first -1 ends them.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: The shapes differ.
        BoundsError: A label is no class.
    """
    check_reduction(reduction)
    _check_scores(x)
    if not x.shape and not target.shape:
        return multilabel_margin_loss(reshape(x, (1,)), reshape(target, (1,)), reduction)
    if tuple(target.shape) != tuple(x.shape) or len(x.shape) > 2:
        raise ShapeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(x.shape)}"
        )
    places, listed, is_label = label_places(target)
    own = pick_along_p(x, places, axis=-1, unique=False)
    terms = relu(1 - expand_dims(own, -1) + expand_dims(x, -2))  # label, other class
    counts = logical_and(expand_dims(listed, -1), expand_dims(logical_not(is_label), -2))
    return reduced(sum(keep(counts, terms), (-2, -1)) / x.shape[-1], reduction)


def multilabel_soft_margin_loss(x: Any, y: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """Each class's binary cross-entropy of logits, averaged over the classes (the last axis).

    Args:
        x: Logits.
        y: Targets of the same shape.
        weight: A weight per class, or None.
        reduction: "mean", "sum" or "none".
    """
    check_reduction(reduction)
    broadcast_shapes("multilabel_soft_margin_loss", tuple(x.shape), tuple(y.shape))
    out = -(y * log_sigmoid(x) + (1 - y) * log_sigmoid(-x))
    if weight is not None:
        out = out * weight
    return reduced(mean(out, -1), reduction)
