"""Losses of `tf.nn` on logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..ops import arithmetic as a
from ..ops import cross_entropy as ce
from ..ops import pointwise_loss, select
from ..ops import shape as s
from ..ops import softmax as soft
from ..ops.compare import between
from ..ops.picking import position_p
from . import kernels as k
from .activations import relu, softplus
from .arithmetic import absolute, add, multiply
from .convert import as_tensor, operands
from .custom_gradient import stop_gradient
from .elementwise import exp, log
from .kernels import check_dtype
from .raising import dims, kernel_error
from .reductions import reduce_sum
from .tensor import EagerTensor, tensor


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> EagerTensor:
    """Return the cross entropy of independent classes, elementwise.

    Args:
        labels: Numbers in [0, 1], of the dtype and shape of `logits`.
        logits: The logarithms of the odds.
        name: Not used.

    Raises:
        ValueError: One is missing, or the shapes differ.
    """
    _both("sigmoid_cross_entropy_with_logits", labels, logits)
    x, y = operands("Mul", logits, labels)
    if x.value.shape != y.value.shape:
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({x.shape} vs {y.shape})."
        )
    return pointwise_loss.bce_with_logits_p(x, y, reduction="none")  # type: ignore[no-any-return]


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> EagerTensor:
    """`sigmoid_cross_entropy_with_logits` with the share of the positive class weighted.

    Raises:
        ValueError: The shapes differ.
    """
    x, y = operands("Mul", logits, labels)
    if x.value.shape != y.value.shape:
        raise ValueError(
            f"`logits` and `targets` must have the same shape, received ({x.shape} vs {y.shape})."
        )
    weight = 1 + (as_tensor(pos_weight, x.value.dtype) - 1) * y
    return add((1 - y) * x, multiply(weight, softplus(-absolute(x)) + relu(-x)))  # type: ignore[no-any-return]


def _both(function: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(f"Both `labels` and `logits` must be provided for {function}.")


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> EagerTensor:
    """Return the cross entropy of exclusive classes along `axis`.

    Args:
        labels: Probabilities, broadcasting against `logits`; gradients flow to them as well.
        logits: Log-probabilities up to a constant.
        axis: That of the classes.
        name: Not used.

    Raises:
        InvalidArgumentError: The shapes do not fit, or `logits` are integers.
    """
    x = as_tensor(logits)
    check_dtype("SoftmaxCrossEntropyWithLogits", x.value.dtype, k.HALF_FIRST)
    x, y = operands("SoftmaxCrossEntropyWithLogits", x, labels)
    rank = len(x.value.shape)
    at = axis % rank if rank else 0
    try:
        np.broadcast_shapes(x.value.shape, y.value.shape)
        fits = x.value.shape[at] == y.value.shape[at - rank] or 1 in (
            x.value.shape[at],
            y.value.shape[at - rank],
        )
    except (ValueError, IndexError):
        fits = False
    if not fits:
        sizes = [
            dims((math.prod(v[:-1]), v[-1])) if len(v) > 1 else dims(v)
            for v in (x.value.shape, y.value.shape)
        ]
        raise kernel_error(
            "SoftmaxCrossEntropyWithLogits",
            f"logits and labels must be broadcastable: logits_size={sizes[0]} labels_size={sizes[1]}",
        )
    return -reduce_sum(a.mul(y, soft.log_softmax(x, at)), at)  # type: ignore[no-any-return]


def softmax_cross_entropy_with_logits_v1(labels: Any, logits: Any, axis: int = -1) -> EagerTensor:
    """The same with the labels counting as constants."""
    return softmax_cross_entropy_with_logits(stop_gradient(labels), logits, axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> EagerTensor:
    """Return the cross entropy of exclusive classes given by their numbers.

    Args:
        labels: Integers from 0 to the number of classes, shape logits.shape[:-1].
        logits: Log-probabilities up to a constant, the classes in the last axis.
        name: Not used.

    Raises:
        ValueError: The shapes do not fit.
        InvalidArgumentError: A label is out of range.
    """
    x = as_tensor(logits)
    y = as_tensor(labels)
    op = "SparseSoftmaxCrossEntropyWithLogits"
    check_dtype(op, x.value.dtype, k.HALF_FIRST)
    if y.value.dtype.kind not in "iu":
        check_dtype(op, y.value.dtype, k.INDICES, "Tlabels")
    if len(y.value.shape) != len(x.value.shape) - 1:
        raise ValueError(
            "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
            f"labels.shape={y.shape} of rank {len(y.value.shape)} and logits.shape={x.shape} of rank "
            f"{len(x.value.shape)}"
        )
    if y.value.shape != x.value.shape[:-1]:
        raise ValueError(
            f"`labels.shape` must equal `logits.shape` except for the last dimension. Received: labels.shape={y.shape} "
            f"and logits.shape={x.shape}"
        )
    classes = x.value.shape[-1]
    count = math.prod(y.value.shape)
    flat = s.reshape(y.value, (count,))
    if isinstance(flat, Box):
        flat = position_p(
            flat, size=classes, wrap=False,
            message="Received a label value of {index} which is outside the valid range of [0, {size}).",
        )  # fmt: skip
    else:
        flat = flat.astype(np.int64)
        bad = flat[(flat < 0) | (flat >= classes)]
        if bad.size:
            raise kernel_error(
                op,
                f"Received a label value of {bad[0]} which is outside the valid range of [0, {classes}).  "
                f"Label values: {' '.join(map(str, flat.tolist()))}",
            )
    if len(x.value.shape) == 2:
        return ce.cross_entropy_p(x, tensor(flat), reduction="none")  # type: ignore[no-any-return]
    rows = s.reshape(x, (count, classes))
    loss = ce.cross_entropy_p(rows, tensor(flat), reduction="none")
    return s.reshape_p(loss, shape=tuple(y.value.shape))  # type: ignore[no-any-return]


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> EagerTensor:
    """Return exp(log_input) - targets * log_input, with Stirling's approximation of log(targets!) if asked."""
    x, y = operands("Mul", log_input, targets)
    loss = exp(x) - x * y
    if compute_full_loss:
        inside = tensor(between(y.value, low=0, high=1))
        # Where it is not used, Stirling's approximation is that of 1, whose slope is a number.
        t = select.where(inside, a.ones_like(y), y)
        stirling = t * log(t) - t + 0.5 * log(2 * math.pi * t)
        loss = loss + select.where(inside, a.zeros_like(y), stirling)
    return loss  # type: ignore[no-any-return]
