"""What PyTorch builds on its random streams: shuffles, choices, the data loader's draws.

Also the order in which an existing array is filled. The streams themselves are in
`random_streams.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .random_dtypes import digits, require_kernel, scalar_name
from .random_streams import Stream, from_int64

__all__ = [
    "fill_in_memory_order",
    "loader_base_seed",
    "memory_order",
    "multinomial",
    "permutation",
    "random_sampler_indices",
    "truncated_normal",
]

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

_SMALL_PERMUTATION = (2**32 - 1) // 20  # from here on PyTorch's randperm uses 64-bit draws
_AT_ONCE = 1 << 16  # draws per step: temporaries stay in the cache


def permutation(stream: Stream, count: int, dtype: npt.DTypeLike = np.int64) -> Array:
    """Return 0 to count - 1 shuffled, as `torch.randperm`.

    Raises:
        RuntimeError: `count` is negative, or the dtype does not hold that many integers.
        NotImplementedError: The dtype is boolean or complex.
    """
    dtype = np.dtype(dtype)
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    require_kernel("randperm", dtype)
    if dtype.kind in "iu":
        if count > int(np.iinfo(dtype).max):
            raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
    elif count > 2 ** digits(dtype) + 1:
        raise RuntimeError(
            f"n cannot be greater than {2 ** digits(dtype) + 1} for {scalar_name(dtype)} type."
        )
    if count >= _SMALL_PERMUTATION:
        return from_int64(_permutation_inside_out(stream, count), dtype)
    # Fisher and Yates from the front. A list is the fastest to index, an array the smallest.
    items: Any = list(range(count)) if count <= 2**22 else memoryview(np.arange(count).data)
    for start in range(0, count - 1, _AT_ONCE):
        stop = min(start + _AT_ONCE, count - 1)
        first = np.arange(start, stop, dtype=np.uint64)
        partners = (stream.words(stop - start) % (np.uint64(count) - first) + first).tolist()
        for i, j in enumerate(partners, start):
            items[i], items[j] = items[j], items[i]
    return from_int64(np.array(items, dtype=np.int64), dtype)


def _permutation_inside_out(stream: Stream, count: int) -> Array:
    """Shuffle with 64-bit draws, building the permutation as it grows (Durstenfeld's variant)."""
    out = np.empty(count, np.int64)
    view = memoryview(out.data)  # indexing it is twice as fast as indexing the array
    for start in range(0, count, _AT_ONCE):
        stop = min(start + _AT_ONCE, count)
        limits = np.arange(start + 1, stop + 1, dtype=np.uint64)
        for i, j in enumerate((stream.long_words(stop - start) % limits).tolist(), start):
            view[i] = i
            view[i] = view[j]
            view[j] = i
    return out


def multinomial(stream: Stream, weights: Array, count: int, replacement: bool = False) -> Array:
    """Draw category numbers, as `torch.multinomial`.

    Args:
        stream: Drawn from.
        weights: Floating, shape (categories,) or (rows, categories), not necessarily summing to 1.
        count: Draws per row.
        replacement: Whether a category may come again.

    Returns:
        int64, shape (count,) or (rows, count). PyTorch's order among equal keys, which occur with
        16-bit weights and once only weights of zero are left, is its sort's affair; here it is by
        number.

    Raises:
        RuntimeError: The arguments make no distribution, or ask too many draws of it.
    """
    check_multinomial(weights.shape, weights.dtype, count, replacement)
    if math.prod(weights.shape[:-1]) == 0:
        return np.empty((*weights.shape[:-1], count), np.int64)
    _check_weights(weights, one_by_one=replacement and count > 1)
    if not replacement or count == 1:
        times = race_times(stream, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = weights / times  # the race of exponential clocks: the greatest key comes first
        if count == 1:
            return np.asarray(np.argmax(keys, axis=-1, keepdims=True))
        return np.asarray(np.argsort(-keys, axis=-1, kind="stable")[..., :count])
    wide = weights if weights.dtype == np.float64 else weights.astype(np.float32)
    rows = np.cumsum(wide.reshape(-1, wide.shape[-1]), axis=1)
    rows /= rows[:, -1:].copy()
    rows[:, -1] = 1
    out = np.empty((len(rows), count), np.int64)
    for row, drawn in zip(rows.astype(np.float64), out, strict=True):
        drawn[:] = np.searchsorted(row, stream.unit64(count))
    return out.reshape(*weights.shape[:-1], count)


def check_multinomial(shape: Shape, dtype: np.dtype[Any], count: int, replacement: bool) -> None:
    """Raise RuntimeError where weights of a shape and dtype cannot be drawn from `count` times."""
    if len(shape) not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if digits(dtype) == 0:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {scalar_name(dtype)}"
        )
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")


def race_times(stream: Stream, weights: Array) -> Array:
    """An exponential draw for each weight, laid out as the weights are."""
    times = np.empty_like(weights)
    fill_in_memory_order(times, lambda shape: stream.exponential(shape, weights.dtype))
    return times


def truncated_normal(
    stream: Stream,
    shape: Shape,
    dtype: npt.DTypeLike = np.float32,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
) -> Array:
    """Draw normals confined to [low, high], as `nn.init.trunc_normal_` of PyTorch 2.13.

    When the interval holds more than 0.3 of the probability, normals outside it are drawn again;
    otherwise uniforms are accepted with the density's ratio to its peak. Each round draws a whole
    array and keeps what is still needed.

    Raises:
        RuntimeError: As `Stream.normal` or `Stream.uniform`.
    """
    dtype = np.dtype(dtype)
    if _normal_cdf((high - mean) / std) - _normal_cdf((low - mean) / std) > 0.3:
        least, greatest = np.array([low, high]).astype(dtype)
        out = stream.normal(shape, dtype, mean, std)
        while (outside := (out < least) | (out > greatest)).any():
            out = np.where(outside, stream.normal(shape, dtype, mean, std), out)
        return out
    wide = np.float64 if dtype == np.float64 else np.float32
    peak = max(low, min(mean, high))
    numbers = [mean, -0.5, -0.5 * ((peak - mean) / std) ** 2]
    center, minus_half, log_peak = np.array(numbers).astype(dtype)

    def rejected(candidates: Array) -> Array:
        # PyTorch rounds to the dtype after each step, and a subtrahend (not a divisor) before it.
        distance = ((candidates - center).astype(wide) / wide(std)).astype(dtype)
        log_density = distance * distance * minus_half
        with np.errstate(divide="ignore"):
            level = np.log(stream.uniform(shape, dtype).astype(wide)).astype(dtype)
        return np.asarray(level > log_density - log_peak)

    out = stream.uniform(shape, dtype, low, high)
    pending = rejected(out)
    while pending.any():
        candidates = stream.uniform(shape, dtype, low, high)
        out = np.where(pending, candidates, out)
        pending = pending & rejected(candidates)
    return out


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def memory_order(array: Array) -> tuple[int, ...]:
    """Return the axes from the longest stride to the shortest: the order in which PyTorch fills."""
    return tuple(sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis])))


def fill_in_memory_order(target: Array, draw: Callable[[Shape], Array]) -> None:
    """Fill an array with draws in the order of its memory, as PyTorch's in-place methods do.

    Args:
        target: Written to, of any strides; no two of its elements may share memory.
        draw: Called once with the shape to draw. For `Stream.normal` it must pass
            `contiguous=target.flags.c_contiguous`; an array of parameters (`Stream.bernoulli_each`)
            must be transposed by `memory_order(target)`.
    """
    view = target.transpose(memory_order(target))
    view[...] = draw(view.shape)


def loader_base_seed(stream: Stream) -> int:
    """Draw the base seed that `iter(DataLoader(...))` draws, whatever the loader's options.

    It is `torch.empty((), dtype=torch.int64).random_()` on the loader's generator, or on the
    default one when it has none. It comes first: the sampler draws nothing until the first batch
    is asked for.
    """
    return int(stream.random((), np.int64))


def random_sampler_indices(
    default: Stream,
    length: int,
    *,
    generator: Stream | None = None,
    replacement: bool = False,
    num_samples: int | None = None,
) -> Iterator[int]:
    """Yield the indices of `RandomSampler`, drawing as late as it does.

    `DataLoader(shuffle=True)` uses that sampler. Without a generator, the first index makes it
    draw a seed from the default stream (int64 `random_()`) and shuffle with a new generator of
    that seed; with one (the loader hands its own on) it shuffles with that directly. So an epoch
    of a plain shuffling loader takes two int64 draws of the default stream: `loader_base_seed`,
    then this seed.

    Args:
        default: The default stream.
        length: Size of the data set.
        generator: The sampler's own stream.
        replacement: Draw each index independently, in batches of 32.
        num_samples: How many indices; `length` by default.
    """
    wanted = length if num_samples is None else num_samples
    stream = Stream(int(default.random((), np.int64))) if generator is None else generator
    if replacement:
        for size in (32,) * (wanted // 32) + (wanted % 32,):
            yield from stream.integers((size,), 0, length).tolist()
        return
    for _ in range(wanted // length):
        yield from permutation(stream, length).tolist()
    # Drawn even when nothing of it is used, which shows in the state of a generator of one's own.
    yield from permutation(stream, length).tolist()[: wanted % length]


def _check_weights(weights: Array, *, one_by_one: bool) -> None:
    """Raise RuntimeError, as the kernel in use does, unless each row is a distribution."""
    if not (np.isfinite(weights) & (weights >= 0)).all():
        if not one_by_one:
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        fault = "< 0" if (weights < 0).any() else "= infinity or NaN"
        raise RuntimeError(
            f"invalid multinomial distribution (encountering probability entry {fault})"
        )
    if not (weights > 0).any(axis=-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
