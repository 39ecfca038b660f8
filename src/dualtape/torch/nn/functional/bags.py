"""Rows of a table put together by bags: their sums, means or maxima."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tensor import wrap
from ....ops import lookup
from ..._tensor import Tensor
from ...arguments import tensor_argument
from ...registry import printed_as
from .linear import _renormalise


def _check(x: Tensor, table: Tensor, offsets: Any, factors: Any, mode: str) -> None:
    """Raise for arguments that do not fit, in PyTorch's words."""
    if factors is not None and tuple(factors.shape) != tuple(x.shape):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({factors.shape}) is not None, then it must have the same shape as the "
            f"input ({x.shape})"
        )
    if table.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {table.ndim}")
    if x.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
    elif x.ndim == 1:
        if not isinstance(offsets, Tensor):
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.ndim != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {x.ndim}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if factors is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}')."
        )
    for t in (x, offsets):
        if t is not None and t.value.dtype.kind not in "iu":
            raise RuntimeError(
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
                f"{t.type()} instead (while checking arguments for embedding_bag)"
            )
    if factors is not None and factors.value.dtype != table.value.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type {table.type()} does not equal {factors.type()} (while checking arguments for "
            "embedding_bag)"
        )


def _ends(offsets: Tensor, n: int, include_last: bool) -> Any:
    """Where bags begin and, one more, where the last ends.

    Raises:
        RuntimeError: They do not begin at 0, fall, or pass the input.
    """
    at = np.asarray(offsets.detach().numpy())
    if at.size and at[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
            f"{at[0]}"
        )
    if at.size and at[-1] > n:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {n} but got offsets[-1] of {at[-1]}"
        )
    if (np.diff(at) < 0).any():
        raise RuntimeError("embedding_bag: offsets must not fall")
    return at if include_last or not at.size else np.append(at, n)


def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """Sums, means or maxima of the rows of a table at bags of indices; zeros for an empty bag.

    Args:
        input: (bags, length), or (n) with `offsets`.
        weight: (rows, dim).
        offsets: Where each bag begins.
        max_norm, norm_type: Rows looked up are scaled down, in place, to this norm.
        scale_grad_by_freq: Not supported.
        mode: "sum", "mean" or "max".
        sparse: Not supported: gradients are dense.
        per_sample_weights: Factors of the rows, for "sum".
        include_last_offset: Whether the last offset is the end of the last bag.
        padding_idx: A row that counts for nothing.

    Raises:
        ValueError, RuntimeError, NotImplementedError: Arguments that do not fit.
    """
    x, table = tensor_argument("embedding_bag", input), tensor_argument("embedding_bag", weight)
    _check(x, table, offsets, per_sample_weights, mode)
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if sparse:
        if mode == "max":
            raise ValueError("max mode does not support sparse weights")
        raise NotImplementedError("embedding_bag(sparse=True) is not in dualtape: use dense gradients (sparse=False)")  # fmt: skip
    if scale_grad_by_freq:
        raise NotImplementedError(
            "embedding_bag(scale_grad_by_freq=True) is not in dualtape: scale the rows of weight.grad yourself, or use "
            "embedding(scale_grad_by_freq=True) and add up"
        )
    rows = table.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got {padding_idx}"
        )
    if max_norm is not None:
        _renormalise(table, x, max_norm, norm_type)
    if x.ndim == 1:
        ends = _ends(offsets, x.shape[0], include_last_offset)  # type: ignore[arg-type]  # checked
        x, per_sample_weights, inside = _even(x, per_sample_weights, ends)
    else:
        inside = None
    try:
        found = lookup.embedding(x, table)
    except IndexError:
        flat = np.ravel(input.detach().numpy())
        i = int(np.flatnonzero((flat < 0) | (flat >= rows))[0])
        raise RuntimeError(
            f"Index {i} of input takes value {flat[i]} which is not in the valid range [0, {rows})"
        ) from None
    if padding_idx is not None:
        real = x != padding_idx % rows
        inside = real if inside is None else inside & real
    if per_sample_weights is not None:
        found = found * per_sample_weights.unsqueeze(-1)
    if inside is not None:
        hidden = ~inside.unsqueeze(-1)
        found = found.masked_fill(hidden, float("-inf") if mode == "max" else 0.0)
    if mode == "max" and x.shape[1]:
        out = found.max(1).values
        if inside is not None:
            out = out.masked_fill(~inside.any(1, keepdim=True), 0.0)
    else:
        out = found.sum(1)
        if mode == "mean":
            count = (
                max(x.shape[1], 1) if inside is None else inside.sum(1, keepdim=True).clamp(min=1)
            )
            out = out / count
    return printed_as(out, "EmbeddingBagBackward0")  # type: ignore[no-any-return]


def _even(x: Tensor, factors: Any, ends: Any) -> tuple[Tensor, Any, Any]:
    """Bags of different lengths as the rows of a matrix, and which of its places are theirs."""
    lengths = np.diff(ends) if ends.size else np.zeros(0, np.int64)
    if not lengths.any():
        return x[:0].reshape(lengths.size, 0), None, None
    places = ends[: lengths.size, None] + np.arange(lengths.max())
    inside = np.arange(places.shape[1]) < lengths[:, None]
    at: Any = wrap(Tensor, np.where(inside, places, 0))
    return x[at], None if factors is None else factors[at], wrap(Tensor, inside)
