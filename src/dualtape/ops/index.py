"""Indexing as Python writes it: x[...]. Assignment to it is in `assign`.

An index is taken apart into a basic part (ints, slices, None, Ellipsis), which is a view, and
arrays along axes of that view, which pick (see `picking`). Two conventions differ in one thing:
beside arrays PyTorch applies an int first, as it does a slice, while NumPy broadcasts it with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from ..core.boxes import Box
from ..core.errors import BoundsError, ShapeError, TransformError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes
from ..core.lengths import is_open
from ..core.tensor import Tensor, plain
from ..core.value import Value
from .picking import index_p, ravel_p
from .shape import (
    permute_p,
    select_p,
    slice_p,
    unsqueeze_p,
)

_ALL = slice(None)

Index = tuple[Any, ...]


class Picks(NamedTuple):
    """The part of an index that arrays make: `arrays[i]` picks along axis `axes[i]` (ascending).

    What neighbouring axes pick stands where they stood; otherwise, or if `apart`, it comes first.
    """

    axes: tuple[int, ...]
    arrays: tuple[Any, ...]
    apart: bool = False


class Parsed(NamedTuple):
    """An index taken apart: first the basic one (None for nothing), then the picks (None: none)."""

    basic: Index | None
    picks: Picks | None


# Taking an index apart ---------------------------------------------------------------------------


def parse(shape: tuple[int, ...], index: Any, numpy: bool = False) -> Parsed:
    """Take an index into a value of `shape` apart.

    Args:
        shape: Of the indexed value.
        index: Whatever stands between the brackets.
        numpy: NumPy's convention for ints beside arrays, and its freedom in slices.

    Raises:
        IndexError: Too many indices, a mask that does not fit, or something that is no index.
    """
    items = _items(index, numpy)
    arrays: list[tuple[int, Any]] = []  # the place among the items, the array
    used = 0
    for place, item in enumerate(items):
        if type(item) is int or type(item) is slice:
            used += 1
        elif item is None or item is ...:
            continue
        else:
            items[place] = item = _converted(item, numpy)
            if isinstance(item, int):
                used += 1
            elif not isinstance(item, slice):
                arrays.append((place, item))
                used += item.ndim if dtype_of(item).kind == "b" else 1
            else:
                used += 1
    if used > len(shape):
        raise _too_many(len(shape), used)
    if not arrays:
        return Parsed(_basic(items, numpy), None)
    return _with_arrays(shape, items, used, numpy)


def _too_many(rank: int, used: int) -> IndexError:
    if not rank:
        return BoundsError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
            "in C++ to convert a 0-dim tensor to a number"
        )
    return BoundsError(f"too many indices for tensor of dimension {rank} (got {used})")


def _items(index: Any, numpy: bool) -> list[Any]:
    if isinstance(index, tuple):
        return list(index)
    if (
        isinstance(index, list)
        and not numpy
        and len(index) < 32
        and any(
            isinstance(i, (Value, np.ndarray, list, tuple, slice, EllipsisType)) or i is None
            for i in index
        )
    ):  # PyTorch still takes such a list for a tuple
        return list(index)
    return [index]


def _converted(item: Any, numpy: bool) -> Any:
    """An int, a slice of ints, or an array of integers or booleans (0-d integers are ints)."""
    if isinstance(item, slice) or is_open(item):
        return item
    if isinstance(item, bool):
        return np.array(item)
    if not isinstance(item, (Value, np.ndarray, np.generic)):
        if isinstance(item, (list, tuple, range)):
            item = np.asarray([_listed(i) for i in item])
            if not item.size and item.dtype.kind == "f":
                item = item.astype(np.int64)
        elif hasattr(item, "__index__"):
            return item.__index__()
        else:
            raise BoundsError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {type(item).__name__})"
            )
    dtype = dtype_of(item)
    if dtype.kind not in "biu" or (not numpy and dtype.itemsize < 4 and dtype.kind == "i"):
        raise BoundsError("tensors used as indices must be long, int, byte or bool tensors")
    if dtype.kind == "b" or (dtype == np.uint8 and not numpy):  # PyTorch: bytes are a mask
        return np.asarray(plain(item)).astype(bool, copy=False)
    if not len(item.shape) and not isinstance(getattr(item, "value", item), Box):
        return int(plain(item))
    return item


def _listed(item: Any) -> Any:
    if isinstance(item, Value):
        return np.asarray(plain(item)).tolist()
    return [_listed(i) for i in item] if isinstance(item, (list, tuple)) else item


def _basic(items: Sequence[Any], numpy: bool) -> Index | None:
    """A basic index, with an Ellipsis at its end; None if it takes everything as it is."""
    out: list[Any] = []
    dots = False
    for item in items:
        if item is ...:
            if not dots:
                out.append(item)
            elif numpy:
                raise BoundsError("an index can only have a single ellipsis ('...')")
            dots = True
        elif isinstance(item, slice):
            out.append(_checked_slice(item, numpy))
        else:
            out.append(item)
    if all(i is ... or (isinstance(i, slice) and i == _ALL) for i in out):
        return None
    # With an Ellipsis NumPy gives an array, hence a view, where it would give a scalar.
    return tuple(out) if dots else (*out, ...)


def _checked_slice(item: slice, numpy: bool) -> slice:
    start, stop, step = item.start, item.stop, item.step
    if any(isinstance(v, (Value, np.ndarray)) for v in (start, stop, step)):
        item = slice(*[v if v is None else int(plain(v)) for v in (start, stop, step)])
        step = item.step
    if step is not None and step <= 0 and not numpy:
        if step == 0:
            raise ShapeError("slice step cannot be zero")
        raise ShapeError("step must be greater than zero")
    return item


def _with_arrays(shape: tuple[int, ...], items: Sequence[Any], used: int, numpy: bool) -> Parsed:
    basic: list[Any] = []
    axes: list[int] = []
    arrays: list[Any] = []
    axis = 0  # of the operand
    kept = 0  # axes of the view so far
    dots = apart = False  # an Ellipsis between arrays parts them in NumPy, even if it is nothing
    rest = len(shape) - used
    for item in items:
        if item is ...:
            basic.extend([_ALL] * rest)
            axis, kept, rest = axis + rest, kept + rest, 0
            dots = bool(axes)
            continue
        if dots and numpy and item is not None and not isinstance(item, slice):
            apart = True
        if item is None:
            basic.append(None)
            kept += 1
        elif isinstance(item, slice):
            basic.append(_checked_slice(item, numpy))
            axis, kept = axis + 1, kept + 1
        elif isinstance(item, int):
            n = shape[axis]
            if not -n <= item < n:
                raise _out_of_bounds(item, axis, n)
            if numpy:  # broadcast with the arrays
                basic.append(_ALL)
                axes.append(kept)
                arrays.append(np.array(item))
                kept += 1
            else:
                basic.append(item)
            axis += 1
        elif dtype_of(item).kind == "b":
            indices = _mask_indices(item, shape, axis)
            if not item.ndim:  # True or False: a new axis of length 1, kept or not
                basic.append(None)
            else:
                basic.extend([_ALL] * item.ndim)
            axes.extend(range(kept, kept + len(indices)))
            arrays.extend(indices)
            axis, kept = axis + item.ndim, kept + len(indices)
        else:
            basic.append(_ALL)
            axes.append(kept)
            arrays.append(item)
            axis, kept = axis + 1, kept + 1
    if not numpy and len(arrays) > 1 and any(not len(a.shape) for a in arrays):
        raise TransformError(
            "an index that has no number yet stands beside index arrays: index by it first, as in "
            "x[i][:, j] for x[i, :, j]"
        )
    simple = all(isinstance(b, slice) and b == _ALL for b in basic)
    return Parsed(None if simple else tuple(basic), Picks(tuple(axes), tuple(arrays), apart))


def _out_of_bounds(index: int, axis: int, n: int) -> IndexError:
    return BoundsError(f"index {index} is out of bounds for dimension {axis} with size {n}")


def _mask_indices(mask: Any, shape: tuple[int, ...], axis: int) -> list[Any]:
    if not mask.ndim:
        return [np.zeros(int(mask), np.intp)]
    for k, n in enumerate(mask.shape):
        if shape[axis + k] != n:
            raise BoundsError(
                f"The shape of the mask {list(mask.shape)} at index {k} does not match the shape "
                f"of the indexed tensor {list(shape)} at index {axis + k}"
            )
    if mask.ndim == 1:
        return [np.flatnonzero(mask)]
    return list(mask.nonzero())


# Reading -----------------------------------------------------------------------------------------


def getitem(x: Any, index: Any, numpy: bool = False) -> Any:
    """x[index]: a view for a basic index, a copy where arrays pick.

    Args:
        x: Any value.
        index: Ints, slices, None, Ellipsis, integer arrays and sequences, boolean masks (arrays may
            be tensors), or a tuple of these.
        numpy: Follow NumPy rather than PyTorch for ints beside arrays and for negative steps.

    Raises:
        IndexError: Out of bounds, too many indices, shapes that do not fit, or no index at all.
    """
    # The commonest indices first: taking one apart costs as much as the rest.
    shape = tuple(x.shape)
    if isinstance(index, (Tensor, np.ndarray)):
        if len(index.shape) and (depth := _depth_of(index, shape)):
            positions = index
            if dtype_of(index).kind == "b":
                positions = np.asarray(plain(index)).reshape(-1).nonzero()[0]
            return index_p(x, positions, axis=0, depth=depth)
    elif (basic := _plainly_basic(index, len(shape))) is not None:
        return basic_view(x, basic)
    parsed = parse(shape, index, numpy)
    if parsed.basic is not None or parsed.picks is None:
        x = basic_view(x, parsed.basic if parsed.basic is not None else (...,))
    return x if parsed.picks is None else pick(x, parsed.picks)


def _depth_of(index: Any, shape: tuple[int, ...]) -> int:
    """How many axes a single index array picks from; 0 where more is to be said about it."""
    dtype = dtype_of(index)
    if dtype.kind == "b":
        mask = tuple(index.shape)
        return len(mask) if mask == shape[: len(mask)] else 0
    return 1 if shape and dtype.kind == "i" and dtype.itemsize >= 4 else 0


_PLAIN = (int, type(None))


def _plainly_basic(index: Any, rank: int) -> Index | None:
    """The basic index for ints and ascending slices alone, None for anything else."""
    items = index if type(index) is tuple else (index,)
    if not 0 < len(items) <= rank:
        return None
    for i in items:
        if type(i) is not int and (
            type(i) is not slice
            or type(i.start) not in _PLAIN
            or type(i.stop) not in _PLAIN
            or (i.step is not None and (type(i.step) is not int or i.step <= 0))
        ):
            return None
    return (*items, ...)


def basic_view(x: Any, index: Index) -> Any:
    """x[index] for a basic index that ends in an Ellipsis or has one.

    Raises:
        IndexError: Out of bounds, in PyTorch's words.
    """
    try:
        # Which name the node gets: PyTorch applies the parts one after the other.
        last = index[-2] if index[-1] is ... and len(index) > 1 else index[-1]
        if isinstance(last, int):
            return select_p(x, index=index)
        if last is None and index == (..., None):
            return unsqueeze_p(x, axis=len(x.shape))
        if last is None and index[-1] is ... and all(i == _ALL for i in index[:-2]):
            return unsqueeze_p(x, axis=len(index) - 2)
        return slice_p(x, index=index)
    except IndexError as error:
        raise in_torch_words(error) from None


def in_torch_words(error: IndexError) -> IndexError:
    """NumPy's error for an index as PyTorch would put it."""
    return BoundsError(str(error).replace("for axis", "for dimension"))


def pick(x: Any, picks: Picks) -> Any:
    """The elements of `x` that arrays pick."""
    axis, depth, order = joined(len(x.shape), picks)
    if order is not None:
        x = permute_p(x, axes=order)
    return index_p(x, positions_of(x, picks, axis), axis=axis, depth=depth)


def joined(rank: int, picks: Picks) -> tuple[int, int, tuple[int, ...] | None]:
    """Where the picked axes begin, how many they are, and how to bring them together first."""
    axes = picks.axes
    depth = len(axes)
    if axes[-1] - axes[0] == depth - 1 and not picks.apart:
        return axes[0], depth, None
    return 0, depth, (*axes, *[a for a in range(rank) if a not in axes])


def positions_of(x: Any, picks: Picks, axis: int) -> Any:
    """The positions, in the axes from `axis` on, that the arrays stand for together."""
    arrays = picks.arrays
    if len(arrays) == 1:
        return arrays[0]
    shapes = [tuple(a.shape) for a in arrays]
    try:
        broadcast_shapes("index", *shapes)
    except ShapeError:
        given = ", ".join(str(list(s)) for s in shapes)
        raise BoundsError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes " + given
        ) from None
    return ravel_p(*arrays, sizes=tuple(x.shape[axis : axis + len(arrays)]), axis=picks.axes[0])
