"""Connectionist temporal classification: the likelihood of a labelling under all its alignments.

Made of operations, so that every derivative exists: per time, the log probabilities of all beginnings of the
labelling (with blanks between the labels) that end at each of its places (Graves et al., 2006, section 4.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.forward import dtype_of
from .along import pick_along_p
from .exponential import logaddexp
from .select import where
from .shape import broadcast_to, concatenate, slice_p

Array = np.ndarray[Any, Any]

# Stands for log 0, so that differences of two of them are no NaN; sums over all times stay finite in float32.
_NEVER = -1e30


def ctc_loss(
    log_probs: Any, labels: Array, times: Array, lengths: Array, blank: int
) -> tuple[Any, Array]:
    """Negative log likelihood of labellings.

    Args:
        log_probs: (T, B, C), floating.
        labels: (B, S), integers; what is beyond a labelling's length counts for nothing.
        times: (B,): how many times belong to each example.
        lengths: (B,): of the labellings.
        blank: The class that stands for no label.

    Returns:
        (B,); very large and without gradient where `possible` is false. And `possible`, (B,): whether an
        alignment exists at all.
    """
    count, batch, _ = log_probs.shape
    dtype = dtype_of(log_probs)
    longest = int(lengths.max()) if batch else 0
    places = 2 * longest + 1
    extended = np.full((batch, places), blank, np.int64)
    extended[:, 1::2] = np.where(np.arange(longest) < lengths[:, None], labels[:, :longest], blank)
    # A blank may be left out between two labels that differ.
    skips = np.zeros((batch, places), bool)
    skips[:, 3::2] = extended[:, 3::2] != extended[:, 1:-2:2]
    never = np.full((batch, places), _NEVER, dtype)
    index = np.broadcast_to(extended, (count, batch, places))
    heard = pick_along_p(log_probs, index, axis=-1, unique=False)

    def at(time: int) -> Any:
        return slice_p(heard, index=(time,))

    def later(x: Any, by: int) -> Any:
        head = never[:, :by]
        return concatenate([head, slice_p(x, index=(slice(None), slice(0, places - by)))], 1)

    state = where(np.arange(places) < 2, at(0), never) if count else never
    for t in range(1, count):
        new = logaddexp(state, later(state, 1))
        if places > 2:
            new = logaddexp(new, where(skips, later(state, 2), never))
        state = where(t < times[:, None], new + at(t), state)
    last = 2 * lengths[:, None]
    ends = np.concatenate([last, np.maximum(last - 1, 0)], 1)
    both = pick_along_p(state, ends, axis=-1, unique=False)
    blank_end = slice_p(both, index=(slice(None), 0))
    label_end = where(lengths > 0, slice_p(both, index=(slice(None), 1)), never[:, 0])
    repeats = _repeats(labels, lengths)
    possible = times >= lengths + repeats
    total = where(times > 0, logaddexp(blank_end, label_end), np.zeros(batch, dtype))
    return -where(possible, total, broadcast_to(np.asarray(_NEVER, dtype), (batch,))), possible


def _repeats(labels: Array, lengths: Array) -> Array:
    """How many labels equal the one before: each needs a blank between."""
    if labels.shape[1] < 2:
        return np.zeros(len(lengths), np.int64)
    inside = np.arange(1, labels.shape[1]) < lengths[:, None]
    counts: Array = ((labels[:, 1:] == labels[:, :-1]) & inside).sum(1)
    return counts
