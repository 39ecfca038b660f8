"""Order: sort, top-k, search, unique values, counts and segments of sorted or numbered rows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import plain
from ..ops import binning, picking
from ..ops import shape as s
from ..ops import sorting as order
from ..ops.complex import cast as cast_to
from .convert import as_tensor, numpy_dtype, operands, static
from .dtype import int32
from .hosted import on_numbers
from .raising import kernel_error
from .tensor import EagerTensor, tensor

INT32 = np.dtype(np.int32)


class TopKV2(NamedTuple):
    """What `top_k` returns."""

    values: EagerTensor
    indices: EagerTensor


class Unique(NamedTuple):
    """What `unique` returns."""

    y: EagerTensor
    idx: EagerTensor


class UniqueWithCounts(NamedTuple):
    """What `unique_with_counts` returns."""

    y: EagerTensor
    idx: EagerTensor
    count: EagerTensor  # type: ignore[assignment]  # TensorFlow's name, over a tuple's method


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = int32, name: str | None = None
) -> TopKV2:
    """Return the k largest elements of the last axis, descending, and their indices.

    Raises:
        InvalidArgumentError: The axis is shorter than k.
    """
    x = as_tensor(input)
    n = int(static(k))
    if not x.value.shape:
        raise kernel_error("TopKV2", "input must be >= 1-D, got shape []")
    if n > x.value.shape[-1]:
        raise kernel_error(
            "TopKV2", f"input must have at least k columns. Had {x.value.shape[-1]}, needed {n}"
        )
    values, places = order.topk(x, n)
    return TopKV2(values, cast_to(places, numpy_dtype(index_type)))


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            "`direction` should be one of 'ASCENDING' or 'DESCENDING'. Received: "
            f"direction={direction}."
        )
    return direction == "DESCENDING"


def sort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> EagerTensor:
    """Return the elements in order along `axis`.

    Raises:
        ValueError: `direction` is neither "ASCENDING" nor "DESCENDING".
    """
    return order.sort(as_tensor(values), axis, _descending(direction))[0]  # type: ignore[no-any-return]


def argsort(
    values: Any,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> EagerTensor:
    """Return the int32 indices that sort along `axis`; equal elements keep their order.

    Raises:
        ValueError: `direction` is neither "ASCENDING" nor "DESCENDING".
    """
    return cast_to(order.argsort(as_tensor(values), axis, _descending(direction)), INT32)  # type: ignore[no-any-return]


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> EagerTensor:
    """Return where `values` belong in sorted rows, before equal elements ("left") or after.

    Raises:
        ValueError: `side` is neither "left" nor "right".
        InvalidArgumentError: The leading axes differ.
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'. Saw: {side}.")
    rows, x = operands("LowerBound", sorted_sequence, values)
    if len(rows.value.shape) > 1 and rows.value.shape[:-1] != x.value.shape[:-1]:
        raise kernel_error("LowerBound", "Leading dim_size of both tensors must match.")
    found = binning.searchsorted(tensor(rows.value), tensor(x.value), right=side == "right")
    return cast_to(found, numpy_dtype(out_type))  # type: ignore[no-any-return]


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Unique:
    """Return the distinct elements of a vector in the order they come, and the place of each element.

    Raises:
        InvalidArgumentError: `x` is no vector.
    """
    values, places, _ = _distinct(x)
    return Unique(tensor(values), tensor(places.astype(numpy_dtype(out_idx))))


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> UniqueWithCounts:
    """As `unique`, and how often each value comes."""
    values, places, counts = _distinct(x)
    to = numpy_dtype(out_idx)
    return UniqueWithCounts(tensor(values), tensor(places.astype(to)), tensor(counts.astype(to)))


def _distinct(x: Any) -> tuple[Any, Any, Any]:
    array = np.asarray(as_tensor(x).value)
    if array.ndim != 1:
        raise kernel_error("Unique", "unique expects a 1D vector.")
    values, first, places, counts = np.unique(
        array, return_index=True, return_inverse=True, return_counts=True
    )
    by_first = np.argsort(first, kind="stable")
    rank = np.empty_like(by_first)
    rank[by_first] = np.arange(len(by_first))
    return values[by_first], rank[places.reshape(-1)], counts[by_first]


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32,
    name: str | None = None, axis: Any = None, binary_output: bool = False,
) -> EagerTensor:  # fmt: skip
    """Return how often each integer from 0 on comes, or the sum of its weights.

    Raises:
        InvalidArgumentError: An integer is negative.
        NotImplementedError: `axis`, or `binary_output`.
    """
    if axis is not None or binary_output:
        raise NotImplementedError("tf.math.bincount with axis or binary_output")
    flat = np.asarray(as_tensor(arr).value).reshape(-1)
    if flat.size and flat.min() < 0:
        raise kernel_error("DenseBincount", "Input arr must be non-negative!")
    least = 0 if minlength is None else int(static(minlength))
    share = None if weights is None else np.asarray(as_tensor(weights).value)
    kept = slice(None) if maxlength is None else flat < int(static(maxlength))
    if share is None:
        out = np.bincount(flat[kept], minlength=least).astype(numpy_dtype(dtype))
    else:
        flat_share = share.reshape(-1)
        out = np.bincount(flat[kept], flat_share[kept], least).astype(share.dtype)
    return tensor(out if maxlength is None else out[: int(static(maxlength))])


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = int32,
    name: str | None = None,
) -> EagerTensor:
    """Return how often each prediction (column) was made for each label (row)."""
    y, p = as_tensor(labels).value, as_tensor(predictions).value
    known = None if num_classes is None else int(static(num_classes))
    n = int(max([np.max(plain(v), initial=-1) for v in (y, p)]) + 1) if known is None else known
    to = numpy_dtype(dtype)

    def counts(y: Any, p: Any, *share: Any) -> Any:
        out = np.zeros((n, n), to)
        y, p = (np.asarray(v).reshape(-1).astype(np.int64) for v in (y, p))
        shares = np.asarray(share[0]).reshape(-1) if share else np.ones(len(y))
        np.add.at(out, (y, p), shares.astype(to))
        return out

    given = () if weights is None else (as_tensor(weights).value,)
    return tensor(on_numbers(counts, (n, n), to, y, p, *given))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> EagerTensor:
    """Return counts in bins of one width; what lies outside counts in the first or last bin."""
    n, to = int(static(nbins)), numpy_dtype(dtype)

    def counts(x: Any, bounds: Any) -> Any:
        low, high = (float(v) for v in bounds)
        places = np.clip(np.floor((np.asarray(x).reshape(-1) - low) / (high - low) * n), 0, n - 1)
        return np.bincount(places.astype(np.int64), minlength=n).astype(to)

    return tensor(
        on_numbers(counts, (n,), to, as_tensor(values).value, as_tensor(value_range).value)
    )


def _for_all_steps(x: Any, test: Any) -> EagerTensor:
    def holds(x: Any) -> Any:
        flat = np.asarray(x).reshape(-1)
        return np.all(test(flat[1:], flat[:-1]))

    return tensor(on_numbers(holds, (), bool, as_tensor(x).value))


def is_strictly_increasing(x: Any, name: str | None = None) -> EagerTensor:
    """Return whether each element is larger than the one before."""
    return _for_all_steps(x, np.greater)


def is_non_decreasing(x: Any, name: str | None = None) -> EagerTensor:
    """Return whether no element is smaller than the one before."""
    return _for_all_steps(x, np.greater_equal)


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> EagerTensor:
    """Return whether each row's target class is among its k best."""
    t, p, most = as_tensor(targets).value, as_tensor(predictions).value, int(static(k))

    def found(t: Any, p: Any) -> Any:
        own = np.take_along_axis(p, t[:, None].astype(np.int64), 1)
        with np.errstate(invalid="ignore"):
            better = np.sum(p > own, 1)
        return (better < most) & np.isfinite(own[:, 0])

    return tensor(on_numbers(found, t.shape, bool, t, p))


def invert_permutation(x: Any, name: str | None = None) -> EagerTensor:
    """Return the permutation that undoes x.

    Raises:
        InvalidArgumentError: x is no permutation.
    """
    p = as_tensor(x).value
    return tensor(on_numbers(_inverted, p.shape, p.dtype, p))


def _inverted(p: Any) -> Any:
    seen: set[int] = set()
    for i in p.tolist():
        if not 0 <= i < len(p):
            raise kernel_error("InvertPermutation", f"{i} is not between 0 and {len(p)}")
        if i in seen:
            raise kernel_error("InvertPermutation", f"{i} is duplicated in the input.")
        seen.add(i)
    out = np.empty_like(p)
    out[p] = np.arange(len(p), dtype=p.dtype)
    return out


# --- segments ---------------------------------------------------------------------------------------


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> EagerTensor:
    """Repeat each element (or slice along `axis`) as often as `repeats` says.

    Raises:
        ValueError: There is not one number for each.
        InvalidArgumentError: A negative number.
    """
    x = as_tensor(input)
    times = np.asarray(static(repeats))
    if axis is None:
        x, axis = s.reshape(x, (-1,)), 0
    at = int(static(axis)) % max(len(x.value.shape), 1)
    n = x.value.shape[at]
    if times.ndim and times.size not in (1, n):
        raise ValueError(f"Dimensions {n} and {times.size} are not compatible")
    if np.any(times < 0):
        raise kernel_error("Tile", f"Expected multiples[1] >= 0, but got {times.min()}")
    places = np.repeat(np.arange(n), times)
    return picking.index_p(x, tensor(places), axis=at, depth=1)  # type: ignore[no-any-return]


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: Any = None,
    batch_axis: Any = None,
    name: str | None = None,
) -> EagerTensor:
    """Reverse the first `seq_lengths[i]` elements along `seq_axis` of the i-th slice along `batch_axis`."""
    x = as_tensor(input)
    lengths = as_tensor(seq_lengths).value
    along, batch = int(static(seq_axis)), int(static(0 if batch_axis is None else batch_axis))
    if lengths.shape != (x.value.shape[batch],):
        raise kernel_error(
            "ReverseSequence",
            f"Length of seq_lengths != input.dims({batch}), ({math.prod(lengths.shape)} vs. {x.value.shape[batch]})",
        )
    shape = tuple(x.value.shape)
    flat = on_numbers(
        lambda lengths: _reversed_places(lengths, shape, along, batch), shape, np.int64, lengths
    )
    return picking.index_p(x, tensor(flat), axis=0, depth=len(shape))  # type: ignore[no-any-return]


def _reversed_places(lengths: Any, whole: tuple[int, ...], along: int, batch: int) -> Any:
    """Where each element of a tensor of the shape `whole` comes from, for `reverse_sequence`."""
    n = whole[along]
    if lengths.size and (lengths.max() > n or lengths.min() < 0):
        raise kernel_error(
            "ReverseSequence", f"seq_lens({int(lengths.argmax())}) > input.dims({along})"
        )
    steps = np.arange(n)
    table = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # [batch, n]
    shape = [1] * len(whole)
    shape[batch], shape[along] = table.shape
    grid = (table if batch < along else table.T).reshape(shape)
    places = np.broadcast_to(grid, whole)
    if not places.size:
        return places
    return np.ravel_multi_index(
        [places if i == along else g for i, g in enumerate(np.indices(whole, sparse=True))], whole
    )


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[EagerTensor]:
    """Return the rows of each partition, in order.

    Raises:
        InvalidArgumentError: A number is out of range.
    """
    x = as_tensor(data)
    p = np.asarray(as_tensor(partitions).value)
    bad = np.argwhere((p < 0) | (p >= num_partitions))
    if len(bad):
        raise kernel_error(
            "DynamicPartition",
            f"partitions[{','.join(map(str, bad[0]))}] = {p[tuple(bad[0])]} is not in [0, {num_partitions})",
            kernel=f"DynamicPartition_num_partitions_{num_partitions}",
        )
    x = s.reshape(x, (p.size, *x.value.shape[p.ndim :]))
    flat = p.reshape(-1)
    return [
        picking.index_p(x, tensor(np.flatnonzero(flat == i)), axis=0, depth=1)
        for i in range(num_partitions)
    ]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> EagerTensor:
    """Put rows where `indices` says; of several for one place the last."""
    places = [np.asarray(as_tensor(i).value) for i in indices]
    rows = []
    for p, x in zip(places, data, strict=True):
        t = as_tensor(x)
        rows.append(s.reshape(t, (p.size, *t.value.shape[p.ndim :])))
    flat = np.concatenate([p.reshape(-1) for p in places]).astype(np.int64)
    joined = s.concatenate(rows)
    n = int(flat.max(initial=-1)) + 1
    return picking.place_p(  # type: ignore[no-any-return]
        joined, tensor(flat), axis=0, depth=1, shape=(n, *joined.value.shape[1:])
    )


def zero_fraction(value: Any, name: str | None = None) -> EagerTensor:
    """Return the share of elements that are zero, as float32."""
    return tensor(on_numbers(_share_of_zeros, (), np.float32, as_tensor(value).value))


def _share_of_zeros(x: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return np.float32(np.float32(x.size - np.count_nonzero(x)) / np.float32(x.size))
