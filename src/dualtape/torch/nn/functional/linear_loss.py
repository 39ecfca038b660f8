"""A linear map and cross-entropy in one call."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from .linear import linear
from .loss import cross_entropy


def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None, weight: Tensor | None = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None,
) -> Tensor:  # fmt: skip
    """The cross-entropy of `linear(input, linear_weight, linear_bias)`.

    Args:
        input: (N, E) or (E).
        linear_weight: (classes, E), or (classes, *S, E) for targets of shape (N, *S).
        target: Classes, or probabilities.
        linear_bias: (classes, *S).
        weight, reduction, ignore_index, label_smoothing: As for `cross_entropy`.
        options: Accepted: how PyTorch cuts the computation into pieces.

    Raises:
        RuntimeError: Shapes do not fit.
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    *classes, size = linear_weight.shape
    if len(classes) > 1 and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {size}), got unbatched input with shape {tuple(input.shape)}"
        )
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape(-1, size), bias)
    if len(classes) > 1:
        scores = scores.reshape(-1, *classes)
    if ignore_index is not None and target.is_floating_point():
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    skipped = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        scores, target, weight, ignore_index=skipped, reduction=reduction, label_smoothing=label_smoothing
    )  # fmt: skip
