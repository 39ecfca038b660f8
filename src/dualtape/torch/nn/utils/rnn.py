"""Sequences of different lengths in one tensor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....ops.padding import pad
from ..._tensor import Tensor
from ...shapes import stack


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Pad sequences to the length of the longest and stack them.

    Args:
        sequences: Tensors (L_i, *), alike but for the first axis.
        batch_first: Whether the result is (N, L, *) rather than (L, N, *).
        padding_value: What is put after (or before) the shorter ones.
        padding_side: "right" or "left".

    Raises:
        RuntimeError: Not tensors, an unknown side, or sequences that do not fit.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    listed = list(sequences)
    if not listed:
        raise RuntimeError("received an empty list of sequences")
    longest = max(s.shape[0] for s in listed)
    first = tuple(listed[0].shape[1:])
    padded = []
    for s in listed:
        rest = tuple(s.shape[1:])
        for axis, (a, b) in enumerate(zip(first, rest, strict=False), 1):
            if a != b:
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {axis}"
                )
        missing = longest - s.shape[0]
        ends = (missing, 0) if padding_side == "left" else (0, missing)
        padded.append(
            pad(s, [*(0, 0) * len(rest), *ends], "constant", padding_value) if missing else s
        )
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences that `pad_sequence` padded on the right, given their lengths."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [s[: int(n)] for s, n in zip(padded_sequences, lengths, strict=True)]
