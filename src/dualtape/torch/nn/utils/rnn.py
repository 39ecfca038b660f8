"""Sequences of different lengths in one tensor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ....ops.padding import pad
from ..._tensor import Tensor
from ...creation import as_tensor, from_numpy
from ...joints import cat, stack


class PackedSequence(NamedTuple):
    """Sequences of different lengths, the longest first, all their first elements, then all their second ones.

    Made by `pack_sequence` and `pack_padded_sequence`; recurrent layers take and return it.

    Attributes:
        data: (sum of lengths, *).
        batch_sizes: How many sequences have a first, second, ... element.
        sorted_indices: Where in the batch given each sequence was; None if they came in order.
        unsorted_indices: The inverse of that.
    """

    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with the data converted, as by `Tensor.to`."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """The same."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one."""
    if permutation is None:
        return None
    return from_numpy(np.argsort(permutation.numpy()))


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences that were padded to one length.

    Args:
        input: (time, batch, *), or (batch, time, *) with `batch_first`.
        lengths: Of the sequences, a tensor or a list.
        batch_first: As above.
        enforce_sorted: Whether they must come the longest first; otherwise they are sorted.

    Raises:
        RuntimeError: Lengths that do not fit.
    """
    counts = as_tensor(lengths).numpy().astype(np.int64)
    x = input.transpose(0, 1) if batch_first else input
    order = None
    if not enforce_sorted:
        order = from_numpy(np.argsort(-counts, kind="stable"))
        x = x.index_select(1, order)
        counts = counts[order.numpy()]
    if len(counts) != x.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={x.shape[1]})"
        )
    if (np.diff(counts) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if "
            "you do not need ONNX exportability."
        )
    if counts[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if counts[0] > x.shape[0]:
        raise RuntimeError(
            f"Expected the lengths to be at most {x.shape[0]}, the padded one, but got {counts[0]}"
        )
    sizes = (counts[None, :] > np.arange(counts[0])[:, None]).sum(1)
    data = cat([x[t, :n] for t, n in enumerate(sizes.tolist())])
    return PackedSequence(data, from_numpy(sizes), order, invert_permutation(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undo `pack_padded_sequence`.

    Args:
        sequence: The packed one.
        batch_first: Whether the result is (batch, time, *).
        padding_value: What stands after the shorter sequences.
        total_length: To pad to; by default the length of the longest.

    Returns:
        The padded sequences, and their lengths.

    Raises:
        ValueError: `total_length` is too short.
    """
    sizes = sequence.batch_sizes.tolist()
    if total_length is not None and total_length < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {len(sizes)}"
        )
    rest = sequence.data.ndim - 1
    steps = [
        pad(x, [*(0, 0) * rest, 0, sizes[0] - n], "constant", padding_value) if n < sizes[0] else x
        for x, n in zip(sequence.data.split(sizes), sizes, strict=True)
    ]
    out = stack(steps)
    missing = (total_length or len(sizes)) - len(sizes)
    if missing:
        out = pad(out, [*(0, 0) * (rest + 1), 0, missing], "constant", padding_value)
    lengths = from_numpy(
        (np.asarray(sizes)[:, None] > np.arange(sizes[0])[None, :]).sum(0).astype(np.int64)
    )
    if sequence.unsorted_indices is not None:
        out = out.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return (out.transpose(0, 1) if batch_first else out), lengths


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (L_i, *), the longest first unless `enforce_sorted` is False."""
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that `pack_sequence` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


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
