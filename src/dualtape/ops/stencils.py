"""Stencils: what one output of a pooling or a resampling sees along one axis.

A stencil is a description (immutable, so that it can be a static parameter); `taps` turns it
into index arithmetic for a given length, once. Tap t says which elements of the axis (`source`) go
to which results (`target`), each with a `weight`. Within one tap the sources never decrease.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .windows import Array

Index = slice | Array


@dataclass(frozen=True, slots=True)
class Sliding:
    """`count` windows of `kernel` elements that lie `dilation` apart, `stride` between windows.

    `before` and `after` count the padding, which belongs to no tap.
    """

    kernel: int
    stride: int
    before: int
    after: int
    dilation: int
    count: int


@dataclass(frozen=True, slots=True)
class Adaptive:
    """`count` windows that cover the axis: the l-th from floor(l n/L) to ceil((l+1) n/L)."""

    count: int


@dataclass(frozen=True, slots=True)
class Interpolation:
    """`count` samples taken at evenly spaced places of the axis.

    Attributes:
        kind: "nearest", "nearest-exact", "linear", "cubic"; or, with a filter that widens when the
            axis shrinks (antialiasing), "linear-aa", "cubic-aa", "lanczos-aa".
        count: Number of results.
        align_corners: First and last samples lie on the first and last elements, instead of the
            outer edges of the axis being matched.
        scale: Results per element as the user gave it, or None for count / length.
        single: Places are worked out in single precision, as PyTorch does for float32 input.
    """

    kind: str
    count: int
    align_corners: bool
    scale: float | None
    single: bool


Stencil = Sliding | Adaptive | Interpolation


@dataclass(frozen=True, slots=True)
class Tap:
    """One term: result[target] += weight * x[source]."""

    source: Index
    target: Index
    weight: Array | None
    number: int


@dataclass(frozen=True, slots=True)
class Places:
    """A stencil as arrays (taps, count): positions, -1 where there is none, and weights."""

    index: Array
    weight: Array | None


@lru_cache(maxsize=256)
def places(stencil: Stencil, size: int) -> Places:
    """Where the taps of `stencil` lie on an axis of length `size`."""
    if isinstance(stencil, Sliding):
        start = np.arange(stencil.count) * stencil.stride - stencil.before
        index = start + stencil.dilation * np.arange(stencil.kernel)[:, None]
        return Places(np.where((index >= 0) & (index < size), index, -1), None)
    if isinstance(stencil, Adaptive):
        at = np.arange(stencil.count)
        start = at * size // stencil.count
        stop = -(-(at + 1) * size // stencil.count)
        index = start + np.arange(int(np.max(stop - start, initial=0)))[:, None]
        return Places(np.where(index < stop, index, -1), None)
    if stencil.kind.endswith("-aa"):
        return _filtered(stencil, size)
    return _interpolated(stencil, size)


@lru_cache(maxsize=256)
def taps(stencil: Stencil, size: int) -> tuple[Tap, ...]:
    """The taps of `stencil` on an axis of length `size`; those that see nothing are left out."""
    if isinstance(stencil, Sliding):
        return _sliding_taps(stencil, size)
    known = places(stencil, size)
    found = []
    for t, row in enumerate(known.index):
        target = np.flatnonzero(row >= 0)
        if len(target):
            weight = None if known.weight is None else known.weight[t][target]
            found.append(_tap(row[target], target, weight, t, stencil.count))
    return tuple(found)


@lru_cache(maxsize=256)
def distinct_taps(stencil: Stencil, size: int) -> tuple[Tap, ...]:
    """The taps, divided so that within each no source repeats: what the transpose adds up from.

    Windows overlap so that an element may be seen by several results through one tap only where an axis
    grows. Parts keep the number of the tap they are from.
    """
    if isinstance(stencil, Sliding):
        return _sliding_taps(stencil, size)
    found = []
    for tap in taps(stencil, size):
        source = np.arange(size)[tap.source]
        target = np.arange(stencil.count)[tap.target]
        start = np.flatnonzero(np.diff(source, prepend=-1))
        occurrence = np.arange(len(source)) - np.repeat(start, np.diff(start, append=len(source)))
        for k in range(int(occurrence.max()) + 1):
            mine = occurrence == k
            weight = None if tap.weight is None else tap.weight[mine]
            found.append(_tap(source[mine], target[mine], weight, tap.number, stencil.count))
    return tuple(found)


def _tap(source: Array, target: Array, weight: Array | None, number: int, count: int) -> Tap:
    whole = len(target) == count
    return Tap(_shortest(source), slice(None) if whole else _shortest(target), weight, number)


def _shortest(index: Array) -> Index:
    """A slice for evenly spaced, growing numbers: NumPy moves it several times as fast."""
    steps = np.diff(index)
    if len(index) == 1:
        return slice(int(index[0]), int(index[0]) + 1)
    if (steps == steps[0]).all() and steps[0] > 0:
        return slice(int(index[0]), int(index[-1]) + 1, int(steps[0]))
    return index


def _sliding_taps(s: Sliding, size: int) -> tuple[Tap, ...]:
    found: list[Tap] = []
    for k in range(s.kernel):
        offset = k * s.dilation - s.before
        first = max(0, -(offset // s.stride))
        last = min(s.count - 1, (size - 1 - offset) // s.stride)
        if first <= last:
            start = first * s.stride + offset
            source = slice(start, last * s.stride + offset + 1, s.stride)
            whole = first == 0 and last == s.count - 1
            target = slice(None) if whole else slice(first, last + 1)
            found.append(Tap(source, target, None, len(found)))
    return tuple(found)


@lru_cache(maxsize=256)
def counts(stencil: Stencil, size: int, padding: bool) -> Array:
    """How many elements each result sees, those of the padding included or not."""
    if padding and isinstance(stencil, Sliding):
        start = np.arange(stencil.count) * stencil.stride
        return np.minimum(start + stencil.kernel, size + stencil.before + stencil.after) - start
    return np.asarray(np.sum(places(stencil, size).index >= 0, axis=0))


def _interpolated(s: Interpolation, size: int) -> Places:
    real: Any = np.float32 if s.single else np.float64
    at = np.arange(s.count, dtype=real)
    if s.kind.startswith("nearest"):
        # As PyTorch does: scale and place in the precision of the data, then single for the last
        # step.
        scale = real(_step(s, size))
        if s.kind == "nearest":
            place = (at * scale).astype(np.float32)
        else:  # in double, and then rounded: there it is one fused multiply-add
            place = ((np.arange(s.count) + 0.5) * np.float64(scale) - 0.5).astype(real)
            place = (np.maximum(place, 0).astype(np.float64) + 0.5).astype(np.float32)
        return Places(np.minimum(place.astype(np.int64), size - 1)[None], None)
    if s.align_corners:
        place = at * real(_step(s, size))
    else:
        place = real(_step(s, size)) * (at + real(0.5)) - real(0.5)
        if s.kind == "linear":
            place = np.maximum(place, real(0))
    low = np.minimum(np.floor(place).astype(np.int64), size - 1)
    t = np.clip(place - low.astype(real), real(0), real(1))
    if s.kind == "linear":
        return Places(np.stack([low, np.minimum(low + 1, size - 1)]), np.stack([1 - t, t]))
    index = np.clip(low + np.arange(-1, 3)[:, None], 0, size - 1)
    distance = np.stack([t + 1, t, 1 - t, 2 - t])
    return Places(index, _cubic(distance, real(-0.75)))


def _cubic(x: Array, a: Any) -> Array:
    """The cubic convolution kernel with parameter `a`: Keys, IEEE Trans. ASSP 29 (1981)."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.asarray(np.where(x <= 1, near, np.where(x < 2, far, np.zeros_like(x))))


def _step(s: Interpolation, size: int) -> float:
    """How far apart samples lie, in elements."""
    if s.align_corners:
        return (size - 1) / (s.count - 1) if s.count > 1 else 0.0
    return 1 / s.scale if s.scale else size / s.count


def _filtered(s: Interpolation, size: int) -> Places:
    """A filter stretched by the reduction, cut at the borders, its weights adding up to 1."""
    kind = s.kind.removesuffix("-aa")
    scale = _step(s, size)
    radius = {"linear": 1, "cubic": 2, "lanczos": 3}[kind]
    stretch = max(scale, 1.0)
    rows, weights = [], []
    for i in range(s.count):
        center = scale * (i + 0.5)
        start = max(int(center - radius * stretch + 0.5), 0)
        stop = min(int(center + radius * stretch + 0.5), size)
        x = (np.arange(start, stop) - center + 0.5) / stretch
        if kind == "linear":
            w = np.maximum(1 - np.abs(x), 0)
        elif kind == "cubic":
            w = _cubic(x, -0.5)
        else:
            w = np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0)
        total = w.sum()
        rows.append(np.arange(start, stop))
        weights.append(w / total if total else w)
    many = max((len(r) for r in rows), default=0)
    index = np.full((many, s.count), -1)
    weight = np.zeros((many, s.count))
    for i, (r, w) in enumerate(zip(rows, weights, strict=True)):
        index[: len(r), i] = r
        weight[: len(r), i] = w
    return Places(index, weight)


def pooled_size(
    size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool
) -> int:
    """PyTorch's number of windows.

    With `ceil_mode` a last one may hang over, unless it starts in the padding behind.
    """
    span = size + 2 * pad - dilation * (kernel - 1) - 1
    count = (math.ceil(span / stride) if ceil_mode else span // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + pad else count
