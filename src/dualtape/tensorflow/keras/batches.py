"""What a model is trained on: batches of arrays or of a dataset, and parts split off for validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import nest
from ..convert import as_tensor
from ..philox import Position
from ..random import streams
from ..random_stateless import shuffle_order_at
from ..tensor import EagerTensor, Readable, tensor
from .utils import pack_x_y_sample_weight

FLOAT32 = np.dtype(np.float32)


def known_length(x: Any) -> int | None:
    """How many batches a dataset has, None if it does not say or has no end."""
    try:
        return len(x)
    except TypeError:
        return None


def _fewer(limit: int | None, count: int | None) -> int | None:
    return min((n for n in (limit, count) if n is not None), default=None)


class Batches:
    """Batches of arrays, or of a dataset that makes its own.

    Args:
        x, y, weight: Nested arrays or tensors, or a dataset as x.
        size: Of a batch.
        shuffle: Whether to shuffle before each pass.
        limit: How many batches at most.

    Raises:
        ValueError: Arrays of different lengths.
    """

    def __init__(
        self, x: Any, y: Any, weight: Any, size: int, shuffle: bool, limit: int | None
    ) -> None:
        self.size, self.shuffle, self.limit = size, shuffle, limit
        self.dataset: Iterable[Any] | None = None
        self._open: Iterator[Any] | None = None
        self._seen = 0
        self.parts: tuple[Any, ...] = ()
        if not _is_arrays(x):
            self.dataset = x
            self._count = known_length(x)
            self.steps = _fewer(limit, self._count)
            return
        self.parts = tuple(
            None if p is None else nest.map_structure(_array, p) for p in (x, y, weight)
        )
        lengths = {len(a) for p in self.parts if p is not None for a in nest.flatten(p)}
        if len(lengths) > 1:
            raise ValueError(
                "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples."
                f"'x' sizes: {len(nest.flatten(self.parts[0])[0])}\n'y' sizes: {sorted(lengths)}\n"
            )
        self.rows = lengths.pop()
        self._count = -(-self.rows // size)
        self.steps = _fewer(limit, self._count)

    def __iter__(self) -> Iterator[Any]:
        if self.limit is None:
            yield from self._whole_pass()
            return
        # With a limit an epoch goes on where the one before stopped.
        for _ in range(self.limit):
            if self._open is None:
                self._open, self._seen = self._whole_pass(), 0
            data = next(self._open, None)
            if data is None:
                self._open = None
                return
            self._seen += 1
            if self._seen == self._count:
                self._open = None
            yield data
            if self._open is None:
                return

    def _whole_pass(self) -> Iterator[Any]:
        if self.dataset is not None:
            yield from self.dataset
            return
        order = shuffled(self.rows) if self.shuffle else np.arange(self.rows)
        for start in range(0, self.rows, self.size):
            at = order[start : start + self.size]
            x, y, weight = (
                None if p is None else nest.map_structure(lambda a, i=at: tensor(a[i]), p)
                for p in self.parts
            )
            yield pack_x_y_sample_weight(x, y, weight)


def shuffled(count: int) -> np.ndarray[Any, Any]:
    """An order of rows; with a global seed always that with which TensorFlow starts a dataset's pass."""
    seed = streams.global_seed
    if seed is None:
        return streams.shuffle_order(count, "int64")
    modulus = 2**31 - 1
    return shuffle_order_at(Position(seed % modulus, 0 if seed % modulus else modulus << 64), count)


def _is_arrays(x: Any) -> bool:
    leaves = nest.flatten(x)
    return bool(leaves) and all(
        hasattr(v, "__array__") or isinstance(v, (int, float)) for v in leaves
    )


def _array(x: Any) -> np.ndarray[Any, Any]:
    """Rows of data; floats in single precision, Keras's default."""
    if isinstance(x, (EagerTensor, Readable)):
        return np.asarray(as_tensor(x).value)
    array = np.asarray(x)
    return array.astype(FLOAT32) if array.dtype.kind == "f" else array


def split_off(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any, Any, Any]:
    """Return `x`, `y` and `weight` without the last `share` of the samples, and those as validation data.

    Raises:
        ValueError: One of both would be empty.
    """
    x, y, weight = (None if p is None else nest.map_structure(_array, p) for p in (x, y, weight))
    count = len(nest.flatten(x)[0])
    at = int(np.floor(count * (1.0 - share)))
    if at in (0, count):
        raise ValueError(
            f"Training data contains {count} samples, which is not sufficient to split it into a validation and "
            f"training set as specified by `validation_split={share}`."
        )
    parts = [x, y] if weight is None else [x, y, weight]
    front, back = (
        [None if p is None else nest.map_structure(lambda a, s=s: a[s], p) for p in parts]
        for s in (slice(0, at), slice(at, None))
    )
    return front[0], front[1], front[2] if weight is not None else None, tuple(back)


def class_weights(y: Any, class_weight: dict[int, float], sample_weight: Any) -> Any:
    """Return a weight for each sample: its class's, times its own if it has one."""
    labels = _array(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels[..., 0]
    weights = np.array([class_weight.get(int(c), 1.0) for c in labels], FLOAT32)
    return weights if sample_weight is None else weights * _array(sample_weight)
