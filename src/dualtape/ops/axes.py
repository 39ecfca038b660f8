"""What all operations along axes share: normal forms of `axes`, shapes, spreading back, batching.

Two conventions for the axes of a primitive. A reduction takes `axes`, a sorted tuple of
non-negative ints, and `keepdims`. An operation along one axis (softmax, cumsum, sort) takes `axis`
counted from the
end, a negative int: a batch axis in front then changes nothing, and a default of -1 needs no
parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.lengths import any_open
from ..core.tracing import filled
from ..core.value import Value
from ..core.vocabulary import vocabulary

Axes = tuple[int, ...]
AxesLike = int | Sequence[int] | None

# (array, axis, dtype, out, keepdims, initial): half a microsecond quicker by position than by
# keyword, which NumPy's type stubs do not know.
add_reduce: Any = np.add.reduce
multiply_reduce: Any = np.multiply.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce
and_reduce: Any = np.logical_and.reduce
or_reduce: Any = np.logical_or.reduce
vecdot: Any = np.vecdot


def normalize_axis(axis: int, ndim: int) -> int:
    """A non-negative axis number; a 0-d value counts as having one axis.

    Raises:
        IndexError: Out of range, in PyTorch's words.
    """
    rank = ndim or 1
    if not -rank <= axis < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got "
            f"{axis})"
        )
    return axis % rank


def axis_from_end(axis: int, ndim: int) -> int:
    """A negative axis number.

    Raises:
        IndexError: Out of range, in PyTorch's words.
    """
    return normalize_axis(axis, ndim) - (ndim or 1)


def normalize_axes(axes: AxesLike, ndim: int) -> Axes:
    """The sorted tuple of non-negative axes; None stands for all, and a 0-d value has none.

    Raises:
        IndexError: Out of range.
        ShapeError: An axis is named twice.
    """
    if axes is None:
        return tuple(range(ndim))
    if isinstance(axes, int):
        axes = (axes,)
    found = sorted(normalize_axis(int(a), ndim) for a in axes)
    for a, b in pairwise(found):
        if a == b:
            raise ShapeError(f"dim {a} appears multiple times in the list of dims")
    return tuple(found) if ndim else ()


def reduced_shape(shape: Sequence[int], axes: Axes, keepdims: bool) -> tuple[int, ...]:
    """The shape after reducing `axes`."""
    if keepdims:
        return tuple([1 if i in axes else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in axes])


def reduced_aval(x: Aval, *, axes: Axes, keepdims: bool, **_: Any) -> Aval:
    """The abstract value of a reduction that keeps the dtype."""
    return Aval(reduced_shape(x.shape, axes, keepdims), x.dtype)


def scalar_aval(x: Aval, **_: Any) -> Aval:
    """The abstract value of a reduction over everything that keeps the dtype."""
    return Aval((), x.dtype)


def same_aval(x: Aval, *_: Aval, **__: Any) -> Aval:
    """The abstract value of the first operand."""
    return x


def size_of(shape: Sequence[int]) -> int:
    """The number of elements of a shape."""
    n = 1
    for s in shape:
        n *= s
    return n


def count_along(shape: Sequence[int], axes: Axes) -> int:
    """How many elements a reduction over `axes` takes in per result."""
    n = 1
    for a in axes:
        n *= shape[a]
    return n


def restore_axes(ct: Any, shape: Sequence[int], axes: Axes, keepdims: bool) -> Any:
    """Broadcast the result of a reduction back to the shape that was reduced."""
    if not isinstance(ct, Value):
        if not ct.ndim:
            return repeated(ct, shape)
        if not keepdims and axes:
            ct = ct.reshape(reduced_shape(shape, axes, True))
        return np.broadcast_to(ct, shape)
    if not keepdims and axes:
        ct = vocabulary.reshape(ct, reduced_shape(shape, axes, True))
    return vocabulary.broadcast_to(ct, shape)


def spread(ct: Any, shape: Sequence[int]) -> Any:
    """Broadcast a 0-d value to `shape`."""
    return vocabulary.broadcast_to(ct, shape) if isinstance(ct, Value) else repeated(ct, shape)


_FEW = 256


def repeated(ct: Any, shape: Sequence[int]) -> Any:
    """A 0-d array or scalar as an array of that shape: a small array, or a read-only view for many elements.

    NumPy takes twice as long to read a small array without strides as to read a real one.
    """
    count = math.prod(shape)
    if (type(count) is not int or not count) and any_open(shape):
        return filled(lambda s: np.full(s, ct), tuple(shape), ct.dtype)
    if count <= _FEW:
        out = np.empty(shape, ct.dtype)
        out.fill(ct)
        return out
    view = np.ndarray(shape, ct.dtype, ct, 0, (0,) * len(shape))
    view.setflags(write=False)
    return view


Batch = Callable[..., tuple[Any, Any]]


def in_front(x: Any, axis: int | None) -> Any:
    """A batched operand with its batch axis first."""
    return vocabulary.move_axis(x, axis, 0)


def batch_reduction(primitive: Callable[[], Any]) -> Batch:
    """The batching rule of a reduction of one operand.

    Args:
        primitive: Gives the primitive with `axes` and `keepdims` to run (it is not bound yet when
            this is called in its declaration). For a reduction over everything that is its sibling.
    """

    def batch(
        values: list[Any], where: list[int | None], size: int, *, axes: Axes | None = None,
        keepdims: bool = False, **rest: Any,
    ) -> tuple[Any, Any]:  # fmt: skip
        x = in_front(values[0], where[0])
        if axes is None:
            axes = tuple(range(len(x.shape) - 1))
        return primitive()(x, axes=tuple(a + 1 for a in axes), keepdims=keepdims, **rest), 0

    return batch


def batch_in_front(primitive: Callable[[], Any]) -> Batch:
    """The batching rule of an operation along axes from the end, of operands of one shape."""

    def batch(
        values: list[Any], where: list[int | None], size: int, **params: Any
    ) -> tuple[Any, Any]:
        operands = [
            in_front(v, a) if a is not None else vocabulary.broadcast_to(v, (size, *v.shape))
            for v, a in zip(values, where, strict=True)
        ]
        return primitive()(*operands, **params), 0

    return batch
