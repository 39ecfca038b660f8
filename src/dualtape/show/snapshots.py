"""What an array was when the program had it: a copy of a small one, the statistics and a picture of a large one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.batching import Batched
from ..core.boxes import Box
from ..core.forward import Dual
from ..core.tensor import Outer, Tensor
from ..core.watched import fingerprint

Array = np.ndarray[Any, Any]

COPIED = 1 << 16
"""Elements up to which arrays are copied, so that derivatives with their numbers can be computed later."""

CELLS = 32
"""Rows and columns of a picture, at most."""


class Summary(NamedTuple):
    """What is kept of a large array. Of complex ones, the magnitudes'."""

    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    nans: int
    infs: int
    zeros: int
    heat: Array


class Snapshot:
    """An array as it was.

    Attributes:
        shape, dtype: Its own.
        data: A copy, or the NumPy scalar; None for what was too large, or has no numbers.
        summary, mark: Of what was too large; the mark tells whether it has been written to since.
        batched: Whether it is a batch (of `vmap`), with an axis more than the operations are written for.
    """

    __slots__ = ("batched", "data", "dtype", "mark", "shape", "summary")

    def __init__(self, value: Any, copied: int = COPIED) -> None:
        self.shape = tuple(value.shape)
        self.dtype = value.dtype
        self.data: Any = None
        self.summary: Summary | None = None
        self.mark: bytes | None = None
        self.batched = False
        if isinstance(value, np.generic):
            self.data = value
        elif isinstance(value, np.ndarray):
            if value.size <= copied:
                self.data = np.array(value)
            else:
                self.summary = summary_of(value)
                self.mark = fingerprint(value)

    @property
    def known(self) -> bool:
        """Whether there are numbers."""
        return self.data is not None or self.summary is not None

    def same(self, value: Any) -> bool:
        """Whether an array of this shape has the same elements still; True where that cannot be told."""
        if self.mark is not None:
            return fingerprint(value) == self.mark
        if self.data is None:
            return True
        return same_bits(self.data, value)

    def finite(self) -> bool:
        """Whether there is neither a NaN nor an infinity in it, as far as is known."""
        if self.summary is not None:
            return not (self.summary.nans or self.summary.infs)
        if self.data is None or self.data.dtype.kind not in "fcV":
            return True
        return bool(np.isfinite(self.data).all())

    def has_nan(self) -> bool:
        """Whether there is a NaN in it."""
        if self.summary is not None:
            return self.summary.nans > 0
        if self.data is None or self.data.dtype.kind not in "fcV":
            return False
        return bool(np.isnan(self.data).any())


class Absent(Snapshot):
    """Stands for an array that there was none of: a `.grad` that was None."""

    __slots__ = ()


def same_bits(one: Any, other: Any) -> bool:
    """Whether two arrays are equal, NaN being equal to NaN and 0.0 not to -0.0."""
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def summary_of(value: Array) -> Summary:
    """The statistics of an array, and its picture."""
    a = np.abs(value) if value.dtype.kind == "c" else value
    if a.dtype.kind not in "fiu" or a.dtype.itemsize < 4:
        a = a.astype(np.float32) if a.dtype.kind != "b" else a.astype(np.uint8)
    heat = heat_of(a)
    if a.dtype.kind == "f":
        nans, infs = int(np.isnan(a).sum()), int(np.isinf(a).sum())
        if nans or infs:
            a = a[np.isfinite(a)]
    else:
        nans = infs = 0
    zeros = int(a.size - np.count_nonzero(a))
    if not a.size:
        return Summary(None, None, None, None, nans, infs, zeros, heat)
    with np.errstate(all="ignore"):
        mean, std = float(a.mean(dtype=np.float64)), float(a.std(dtype=np.float64))
    return Summary(float(a.min()), float(a.max()), mean, std, nans, infs, zeros, heat)


def heat_of(a: Array, cells: int = CELLS) -> Array:
    """An array as a small matrix: its last axis across, the others down, means over blocks."""
    columns = a.shape[-1] if a.ndim else 1
    if a.ndim < 2:  # a long vector is wrapped, so that it has an area
        columns = int(np.ceil(np.sqrt(a.size)))
        whole = a.size // columns * columns
        m = a.ravel()[:whole].reshape(-1, columns)
    else:
        m = a.reshape(-1, columns)
    with np.errstate(all="ignore"):
        for axis in (0, 1):
            n = m.shape[axis]
            if n > cells:
                starts = (np.arange(cells) * n) // cells
                counts = np.diff(np.append(starts, n))
                sums = np.add.reduceat(m, starts, axis=axis, dtype=np.float64)
                m = sums / (counts[:, None] if axis == 0 else counts)
    return np.asarray(m, np.float64)


def concrete(x: Any) -> Any:
    """The array in a value: under tensors and boxes the primal; a box itself where there is no array."""
    while isinstance(x, (Tensor, Box)):
        if isinstance(x, Tensor):
            x = x.value
        elif isinstance(x, Dual):
            x = x.primal
        elif isinstance(x, (Outer, Batched)):
            x = x.content
        else:
            return x
    return x


def is_batched(x: Any) -> bool:
    """Whether there is a batch in a value."""
    while isinstance(x, (Tensor, Box)):
        if isinstance(x, Batched):
            return True
        if isinstance(x, Tensor):
            x = x.value
        elif isinstance(x, Dual):
            x = x.primal
        elif isinstance(x, Outer):
            x = x.content
        else:
            return False
    return False


def tangent_in(x: Any) -> Any:
    """The array of a value's innermost tangent; None where it carries none."""
    while isinstance(x, (Tensor, Box)):
        if isinstance(x, Tensor):
            x = x.value
        elif isinstance(x, Dual):
            found = concrete(x.tangent)
            return found if isinstance(found, (np.ndarray, np.generic)) else None
        elif isinstance(x, (Outer, Batched)):
            x = x.content
        else:
            return None
    return None
