"""Losses, with PyTorch's arguments, checks and words around the engine's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ....core.tensor import Tensor as CoreTensor
from ....ops import loss as ops
from ....ops import pointwise_loss as pointwise
from ....ops.complex import cast
from ....ops.cross_entropy import cross_entropy as _cross_entropy
from ....ops.cross_entropy import nll_loss as _nll_loss
from ....ops.distances import pairwise_distance
from ....ops.pointwise_loss import check_reduction
from ..._tensor import Tensor
from ...arguments import not_implemented, tensor_argument
from ...dtypes import scalar_name
from ...promotion import as_operand, result_numpy

_mse = pointwise.mse_loss_p


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the two old booleans ask for, with PyTorch's warning; without them `reduction`."""
    if size_average is None and reduce is None:
        return reduction
    found = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.",
        stacklevel=4,
    )
    return found


def _pair(name: str, input: Any, target: Any, kernel: str = "") -> tuple[Any, Any]:
    """Input and target as tensors of one dtype.

    Raises:
        TypeError: Not tensors.
        NotImplementedError: Not floating, if `kernel` is named.
    """
    x, y = tensor_argument(name, input), tensor_argument(name, target, "target", 2)
    if x.value.dtype != y.value.dtype:
        dtype = result_numpy(x, y)
        x, y = as_operand(x, dtype, Tensor), as_operand(y, dtype, Tensor)  # type: ignore[assignment]
    if kernel and x.value.dtype.kind not in "fV":
        raise not_implemented(kernel, x.value.dtype)
    return x, y


def _warn_sizes(x: Tensor, y: Tensor) -> None:
    if tuple(x.value.shape) != tuple(y.value.shape):
        warnings.warn(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def _weighted(losses: Any, weight: Any, reduction: str) -> Any:
    """Losses times weights; their mean is over the weights."""
    check_reduction(reduction)
    out = losses * weight
    if reduction == "mean":
        return out.sum() / weight.sum()
    return out.sum() if reduction == "sum" else out


def mse_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)**2, reduced.

    Args:
        input, target: Tensors that broadcast (with a warning unless they are of one shape).
        size_average, reduce: Old forms of `reduction`.
        reduction: "mean", "sum" or "none".
        weight: Multiplies the elements' losses.

    Raises:
        RuntimeError: The shapes do not broadcast.
        NotImplementedError: Integers.
        ValueError: Another reduction.
    """
    if weight is None and reduction == "mean" and size_average is None and reduce is None:  # noqa: SIM102  # too long
        if isinstance(input, Tensor) and isinstance(target, Tensor):  # type: ignore[redundant-expr]
            a, b = input.value, target.value
            if a.dtype is b.dtype and a.dtype.kind == "f" and a.shape == b.shape:
                return _mse.bind2(input, target)  # type: ignore[no-any-return]
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("mse_loss", input, target, "mse_cpu")
    _warn_sizes(x, y)
    if weight is not None:
        return _weighted(pointwise.mse_loss(x, y, "none"), weight, reduction)  # type: ignore[no-any-return]
    return pointwise.mse_loss(x, y, reduction)  # type: ignore[no-any-return]


def l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target|, reduced; arguments as for `mse_loss`."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("l1_loss", input, target)
    _warn_sizes(x, y)
    if weight is not None:
        return _weighted(ops.l1_loss(x, y, "none"), weight, reduction)  # type: ignore[no-any-return]
    if reduction == "mean" and x.value.dtype.kind not in "fcV":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            + scalar_name(x.value.dtype)
        )
    return ops.l1_loss(x, y, reduction)  # type: ignore[no-any-return]


def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """Half the squared error over `beta` below `beta`, the absolute error less beta/2 above."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("smooth_l1_loss", input, target, "smooth_l1_cpu")
    _warn_sizes(x, y)
    return ops.smooth_l1_loss(x, y, reduction, beta)  # type: ignore[no-any-return]


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Half the squared error below `delta`, its tangent line above."""
    x, y = _pair("huber_loss", input, target, "huber_cpu")
    _warn_sizes(x, y)
    if weight is not None:
        return pointwise.reduced(pointwise.huber_loss(x, y, "none", delta) * weight, reduction)  # type: ignore[no-any-return]
    return pointwise.huber_loss(x, y, reduction, delta)  # type: ignore[no-any-return]


def _class_targets(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    x, y = tensor_argument(name, input), tensor_argument(name, target, "target", 2)
    d = y.value.dtype
    probabilities = (
        name == "cross_entropy" and d.kind in "fV" and tuple(x.value.shape) == tuple(y.value.shape)
    )
    if d.name not in ("int64", "uint8") and not probabilities:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {scalar_name(d)}")
    if x.value.dtype.kind not in "fV":
        raise not_implemented(
            "nll_loss_out_frame" if name == "nll_loss" else "log_softmax_lastdim_kernel_impl",
            x.value.dtype,
        )
    return x, y


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int = -100,
    reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """The cross-entropy of logits with class indices or class probabilities.

    Args:
        input: Logits (C), (N, C) or (N, C, *).
        target: Indices of shape (), (N) or (N, *), or probabilities of the logits' shape.
        weight: A weight per class.
        size_average, reduce: Old forms of `reduction`.
        ignore_index: A target that counts for nothing.
        reduction: "mean", "sum" or "none".
        label_smoothing: How much of each target is spread evenly.

    Raises:
        RuntimeError, ValueError, IndexError: What is given does not fit; a target is no class.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _class_targets("cross_entropy", input, target)
    if label_smoothing and not 0 < label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    return _cross_entropy(x, y, weight, ignore_index, reduction, label_smoothing)  # type: ignore[no-any-return]


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int = -100,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Minus the log-probability of the target class; arguments as for `cross_entropy`."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _class_targets("nll_loss", input, target)
    return _nll_loss(x, y, weight, ignore_index, reduction)  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Cross-entropy of probabilities with targets in [0, 1], of one shape.

    Raises:
        ValueError: Shapes differ.
        RuntimeError: Probabilities outside [0, 1], or dtypes that differ.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = (
        tensor_argument("binary_cross_entropy", input),
        tensor_argument("binary_cross_entropy", target, "target", 2),
    )
    if tuple(x.value.shape) != tuple(y.value.shape):
        raise ValueError(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}) is deprecated. Please ensure "
            "they have the same size."
        )
    if x.value.dtype != y.value.dtype:
        raise RuntimeError(
            f"Found dtype {scalar_name(y.value.dtype)} but expected {scalar_name(x.value.dtype)}"
        )
    return pointwise.binary_cross_entropy(x, y, weight, reduction)  # type: ignore[no-any-return]


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Cross-entropy of logits with targets in [0, 1], of one shape.

    Args:
        input, target: Tensors of one shape.
        weight: Multiplies the elements' losses.
        size_average, reduce: Old forms of `reduction`.
        reduction: "mean", "sum" or "none".
        pos_weight: Multiplies the share of the positive class.

    Raises:
        ValueError: Shapes differ.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    name = "binary_cross_entropy_with_logits"
    x, y = tensor_argument(name, input), tensor_argument(name, target, "target", 2)
    if tuple(x.value.shape) != tuple(y.value.shape):
        raise ValueError(f"Target size ({y.shape}) must be the same as input size ({x.shape})")
    if y.value.dtype.kind in "iub":
        raise RuntimeError(
            f"result type {scalar_name(result_numpy(x, y))} can't be cast to the desired output type "
            f"{scalar_name(y.value.dtype)}"
        )
    x, y = _pair(name, x, y)
    return pointwise.binary_cross_entropy_with_logits(x, y, weight, reduction, pos_weight)  # type: ignore[no-any-return]


def kl_div(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:  # fmt: skip
    """The Kullback-Leibler divergence of a target from log-probabilities, element by element, reduced."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
            "'batchmean' in the next major release.",
            stacklevel=2,
        )
    x, y = _pair("kl_div", input, target)
    if reduction == "batchmean" and not x.value.shape:
        reduction = "sum"  # a single number is a batch of one
    return ops.kl_div(x, y, reduction, log_target)  # type: ignore[no-any-return]


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: bool | None = None,
    eps: float = 1e-8, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Minus the log-likelihood of counts under Poisson's distribution."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("poisson_nll_loss", input, target)
    return ops.poisson_nll_loss(x, y, log_input, full, eps, reduction)  # type: ignore[no-any-return]


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of targets under normal distributions.

    Raises:
        ValueError: Negative variances, variances of the wrong size, or another reduction.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid")
    x, y = _pair("gaussian_nll_loss", input, target)
    if isinstance(var, CoreTensor):
        var = cast(var, x.value.dtype)
    return ops.gaussian_nll_loss(x, y, var, full, eps, reduction)  # type: ignore[no-any-return]


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The input where the target is 1, max(0, margin - input) where it is -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = (
        tensor_argument("hinge_embedding_loss", input),
        tensor_argument("hinge_embedding_loss", target, "target", 2),
    )
    return ops.hinge_embedding_loss(x, y, margin, reduction)  # type: ignore[no-any-return]


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input))."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("soft_margin_loss", input, target)
    return pointwise.soft_margin_loss(x, y, reduction)  # type: ignore[no-any-return]


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("cosine_embedding_loss", input1, input2)
    t = tensor_argument("cosine_embedding_loss", target, "target", 3)
    return ops.cosine_embedding_loss(x, y, t, margin, reduction)  # type: ignore[no-any-return]


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -target * (input1 - input2) + margin)."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("margin_ranking_loss", input1, input2)
    t = as_operand(
        tensor_argument("margin_ranking_loss", target, "target", 3), x.value.dtype, Tensor
    )
    if not x.ndim == y.ndim == len(t.value.shape):
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return ops.margin_ranking_loss(x, y, t, margin, reduction)  # type: ignore[no-any-return]


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6, swap: bool = False,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with p-norm distances.

    Raises:
        ValueError: `margin` is not positive.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return ops.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction)  # type: ignore[no-any-return]


def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Callable[[Tensor, Tensor], Any] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """`triplet_margin_loss` with a distance of one's own, by default the Euclidean one.

    Raises:
        ValueError: `margin` is not positive, or another reduction.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ranks = (anchor.ndim, positive.ndim, negative.ndim)
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
            f"{ranks[0]}D, positive {ranks[1]}D, and negative {ranks[2]}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return pointwise.reduced((margin + near - far).clamp(min=0), reduction)  # type: ignore[no-any-return]


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The hinge loss of several classes: sum of max(0, margin - x[target] + x[j])**p over the others, by their number.

    Raises:
        ValueError: `p` is neither 1 nor 2, or the weights are no vector.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    return ops.multi_margin_loss(input, target, p, margin, weight, reduction)  # type: ignore[no-any-return]


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The hinge loss of several labels at once; the first -1 in a target row ends its labels."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = (
        tensor_argument("multilabel_margin_loss", input),
        tensor_argument("multilabel_margin_loss", target, "target", 2),
    )
    return ops.multilabel_margin_loss(x, y, reduction)  # type: ignore[no-any-return]


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Each class's binary cross-entropy of logits, averaged over the classes."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    x, y = _pair("multilabel_soft_margin_loss", input, target)
    return ops.multilabel_soft_margin_loss(x, y, weight, reduction)  # type: ignore[no-any-return]


__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "gaussian_nll_loss",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss", "smooth_l1_loss",
    "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip
