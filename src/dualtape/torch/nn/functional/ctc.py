"""Connectionist temporal classification, with PyTorch's arguments and checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tensor import wrap
from ....ops.ctc import ctc_loss as _ctc_loss
from ....ops.select import where
from ..._tensor import Tensor
from ...arguments import known, not_implemented, tensor_argument


def _lengths(name: str, given: Any, batch: int, most: int) -> np.ndarray[Any, Any]:
    lengths = known("ctc_loss", given) if isinstance(given, Tensor) else np.asarray(given)
    lengths = lengths.reshape(-1).astype(np.int64)
    if len(lengths) != batch:
        raise RuntimeError(f"{name} must be of size batch_size")
    for n in lengths:
        if n < 0:
            raise RuntimeError(f"Expected {name} to have value at least 0, but got value {n}")
        if n > most:
            raise RuntimeError(f"Expected {name} to have value at most {most}, but got value {n}")
    return lengths


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Negative log likelihood of labellings under all their alignments (Graves et al., 2006).

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of probabilities.
        targets: (N, S), or all labellings in one row.
        input_lengths: (N), of the inputs.
        target_lengths: (N), of the labellings.
        blank: The class that stands for no label.
        reduction: "none", "sum", or "mean": over the labels, then over the batch.
        zero_infinity: Whether a labelling that does not fit into its input counts as 0 instead of infinity.

    Raises:
        RuntimeError: Lengths that do not fit, or no such blank.
        ValueError: Another reduction.

    As PyTorch's, the gradient is that with respect to logits that `log_probs` came from by `log_softmax`.
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    x, y = tensor_argument("ctc_loss", log_probs), tensor_argument("ctc_loss", targets)
    if x.value.dtype.kind != "f":
        raise not_implemented("ctc_loss_cpu", x.value.dtype)
    single = x.ndim == 2
    if single:
        x = x.unsqueeze(1)
    count, batch, classes = x.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    times = _lengths("input_lengths", input_lengths, batch, count)
    lengths = _lengths("target_lengths", target_lengths, batch, 2**62)
    labels = _rows(known("ctc_loss", y).astype(np.int64), lengths, single)
    losses, possible = _ctc_loss(x, labels, times, lengths, blank)
    # PyTorch adds exp(log_probs) to the gradient: nothing to whoever goes on through log_softmax.
    inside = wrap(Tensor, (np.arange(count)[:, None] < times)[..., None].astype(x.value.dtype))
    sums = (x.exp() * inside).sum((0, 2))
    infinite = wrap(Tensor, np.full(batch, 0.0 if zero_infinity else np.inf, x.value.dtype))
    out: Tensor = where(wrap(Tensor, possible), losses + (sums - sums.detach()), infinite)
    if reduction == "mean":
        out = (out / wrap(Tensor, np.maximum(lengths, 1).astype(x.value.dtype))).mean()
    elif reduction == "sum":
        out = out.sum()
    elif single:
        out = out.squeeze(0)
    return out


def _rows(
    labels: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], single: bool
) -> np.ndarray[Any, Any]:
    """The labellings as rows.

    Raises:
        RuntimeError: There are fewer labels than the lengths say.
    """
    if labels.ndim == 1 and not single:
        total = int(lengths.sum())
        if labels.size != total:
            raise RuntimeError(
                f"Expected tensor to have size {total} at dimension 0, but got size {labels.size} for argument #2 "
                "'targets'"
            )
        rows = np.zeros((len(lengths), int(lengths.max()) if len(lengths) else 0), np.int64)
        start = 0
        for i, n in enumerate(lengths):
            rows[i, :n] = labels[start : start + n]
            start += n
        return rows
    rows = labels.reshape(len(lengths), -1)
    if lengths.size and rows.shape[1] < lengths.max():
        raise RuntimeError(
            f"Expected tensor to have size at least {lengths.max()} at dimension 1, but got size {rows.shape[1]} for "
            "argument #2 'targets'"
        )
    return rows


__all__ = ["ctc_loss"]
