"""Rearrangements: the same elements in another shape or order, repeated, or joined.

All linear, and most of them views: NumPy's result shares memory with its operand, and so does ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import linear
from ..core.vocabulary import vocabulary
from .reduce import sum_p

Axes = tuple[int, ...]


def normalize_axis(axis: int, ndim: int) -> int:
    """A non-negative axis number.

    Raises:
        IndexError: Out of range, in PyTorch's words.
    """
    rank = max(ndim, 1)
    if not -rank <= axis < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {axis})"
        )
    return axis % rank


def _shape_aval(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    return Aval(shape, x.dtype)


reshape_p = linear(
    "reshape", lambda x, *, shape: x.reshape(shape), lambda ct, aval: reshape(ct, aval.shape),
    aval=_shape_aval, view=True, grad_name="ViewBackward0",
)  # fmt: skip

broadcast_to_p = linear(
    "broadcast_to", lambda x, *, shape: np.broadcast_to(x, shape),
    lambda ct, aval: sum_to_shape(ct, aval.shape),
    aval=_shape_aval, view=True, grad_name="ExpandBackward0",
)  # fmt: skip

permute_p = linear(
    "permute", lambda x, *, axes: np.transpose(x, axes),
    lambda ct, *, axes: permute(ct, inverse_permutation(axes)),
    aval=lambda x, *, axes: Aval(tuple(x.shape[a] for a in axes), x.dtype), view=True,
)  # fmt: skip


def inverse_permutation(axes: Axes) -> Axes:
    """The permutation that undoes `axes`."""
    inverse = [0] * len(axes)
    for i, a in enumerate(axes):
        inverse[a] = i
    return tuple(inverse)


def reshape(x: Any, shape: Sequence[int]) -> Any:
    """Give `x` another shape of the same size, in row-major order; one length may be -1.

    Raises:
        ShapeError: The sizes differ.
    """
    have = tuple(x.shape)
    size = count(have)
    want = tuple(int(n) for n in shape)
    if -1 in want:
        rest = count(tuple(n for n in want if n != -1))
        if want.count(-1) > 1 or rest == 0 or size % rest:
            raise ShapeError(f"shape '{list(want)}' is invalid for input of size {size}")
        want = tuple(size // rest if n == -1 else n for n in want)
    if count(want) != size or any(n < 0 for n in want):
        raise ShapeError(f"shape '{list(want)}' is invalid for input of size {size}")
    return reshape_p(x, shape=want)


def count(shape: Sequence[int]) -> int:
    """The number of elements of a shape."""
    n = 1
    for s in shape:
        n *= s
    return n


def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Repeat `x` along axes of length 1 and new leading axes until it has `shape`, as a view."""
    shape = tuple(shape)
    return x if tuple(x.shape) == shape else broadcast_to_p(x, shape=shape)


def permute(x: Any, axes: Sequence[int]) -> Any:
    """Reorder the axes: axis `i` of the result is axis `axes[i]` of `x`."""
    rank = len(x.shape)
    order = tuple(normalize_axis(a, rank) for a in axes)
    if sorted(order) != list(range(rank)):
        raise ShapeError(f"permute: {list(axes)} is not an order of the {rank} axes")
    return permute_p(x, axes=order)


def move_axis(x: Any, source: int, destination: int) -> Any:
    """Move one axis, keeping the order of the others."""
    rank = len(x.shape)
    order = [i for i in range(rank) if i != source]
    order.insert(destination, source)
    return x if source == destination else permute_p(x, axes=tuple(order))


def sum_to_shape(x: Any, shape: Sequence[int]) -> Any:
    """Sum over the axes along which `shape` broadcasts to the shape of `x`: the transpose of that."""
    have = tuple(x.shape)
    lead = len(have) - len(shape)
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and have[i + lead] != 1))
    if axes:
        x = sum_p(x, axes=axes, keepdims=True)
    return reshape(x, shape) if lead else x


def _slice_transpose(ct: Any, aval: Aval, *, index: tuple[slice, ...]) -> Any:
    return place_slice_p(ct, index=index, shape=aval.shape)


def _place_slice_eval(x: Any, *, index: tuple[slice, ...], shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


# Basic indexing by ints, slices and None, already normalised: the ops in `index` accept the rest.
slice_p = linear(
    "slice", lambda x, *, index: x[(*index, ...)], _slice_transpose,
    aval=lambda x, *, index: Aval(np.broadcast_to(np.empty(()), x.shape)[index].shape, x.dtype),
    view=True,
)  # fmt: skip

place_slice_p = linear(
    "place_slice", _place_slice_eval, lambda ct, *, index: slice_p(ct, index=index),
    aval=lambda x, *, index, shape: Aval(shape, x.dtype),
    doc="Zeros of `shape` with x at `index`: the transpose of `slice`.",
)  # fmt: skip


def _concatenate_transpose(ct: Any, aval: Aval, index: int, *, axis: int, sizes: tuple[int, ...]) -> Any:
    start = sum(sizes[:index])
    return slice_p(ct, index=(slice(None),) * axis + (slice(start, start + sizes[index]),))


def _concatenate_aval(*xs: Aval, axis: int, sizes: tuple[int, ...]) -> Aval:
    s = xs[0].shape
    return Aval((*s[:axis], sum(sizes), *s[axis + 1 :]), xs[0].dtype)


concatenate_p = linear(
    "concatenate", lambda *xs, axis, sizes: np.concatenate(xs, axis), _concatenate_transpose,
    aval=_concatenate_aval, inputs="xs*", grad_name="CatBackward0",
    doc="Join along `axis`; `sizes` are the operands' lengths along it.",
)  # fmt: skip


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Join values of one dtype along an existing axis.

    Raises:
        ShapeError: The other axes differ.
    """
    first = tuple(xs[0].shape)
    axis = normalize_axis(axis, len(first))
    for i, x in enumerate(xs):
        s = tuple(x.shape)
        if len(s) != len(first) or s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"Sizes of tensors must match except in dimension {axis}. Expected {list(first)} but got "
                f"{list(s)} for tensor number {i} in the list."
            )
    return concatenate_p(*xs, axis=axis, sizes=tuple(x.shape[axis] for x in xs))


def expand_dims(x: Any, axis: int) -> Any:
    """Insert an axis of length 1 at `axis`, which may be negative, counted in the result."""
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s) + 1)
    return reshape_p(x, shape=(*s[:axis], 1, *s[axis:]))


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Join values of one shape along a new axis."""
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def take_slice(x: Any, axis: int, i: int) -> Any:
    """Element `i` along `axis`, the axis dropped."""
    return slice_p(x, index=(slice(None),) * axis + (i,))


vocabulary.broadcast_to = broadcast_to
vocabulary.stack = stack
vocabulary.take_slice = take_slice
vocabulary.move_axis = move_axis
vocabulary.reshape = reshape
vocabulary.sum_to_shape = sum_to_shape
