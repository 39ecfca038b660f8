"""Elements of a `tf.data.Dataset`: taken apart, and put together in batches."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from . import nest
from .joining import stack
from .tensor import EagerTensor, tensor


def shaped(form: Any, item: Any) -> Any:
    """An item in the form of `form`: lists where it has a leaf are that leaf."""
    if isinstance(form, tuple):
        return tuple(shaped(f, v) for f, v in zip(form, item, strict=True))
    if isinstance(form, dict):
        return {k: shaped(f, item[k]) for k, f in form.items()}
    return _Leaf(item) if isinstance(item, (list, tuple, dict)) else item


class _Leaf:
    """Keeps a list from being taken for structure."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._value, dtype)


def stacked(rows: list[Any], pad: bool = False) -> Any:
    """Elements of one structure as one element whose tensors have a further first axis; `pad` if they may differ."""
    columns = zip(*[nest.flatten(r) for r in rows], strict=True)
    return nest.pack_sequence_as(rows[0], [_column(list(c), pad) for c in columns])


def _column(parts: list[Any], pad: bool) -> Any:
    if not isinstance(parts[0], EagerTensor):  # a dataset
        raise NotImplementedError("batching datasets of datasets: flat_map them first")
    if not pad:
        return stack(parts)
    longest = np.max([x.value.shape for x in parts], axis=0) if parts[0].value.shape else ()
    arrays = [
        np.pad(x.value, [(0, n - m) for n, m in zip(longest, x.value.shape, strict=True)])
        for x in parts
    ]
    return tensor(np.stack(arrays))


def drawn(buffer: list[Any], state: python_random.Random) -> Any:
    """Take one of `buffer` out, at random."""
    i = state.randrange(len(buffer))
    buffer[i], buffer[-1] = buffer[-1], buffer[i]
    return buffer.pop()
