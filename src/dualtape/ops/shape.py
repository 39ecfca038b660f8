"""Other shapes of the same elements, parts of an array, joints of several: the linear groundwork.

Nearly all of these are views: the result shares memory with its operand in NumPy as in PyTorch.
They are applied again, to other values, when a view's base gets a new history, so a primitive
declared `view=True` depends on its operand and its parameters alone, never on how the operand lies
in memory.

Here is what the rules of other families need too. Read on in `views` (squeeze, transpose, narrow),
`joining` (split, unbind, meshgrid), `rearrange` (flip, roll, repeat), `padding`, `diagonals` and
`strided`; `index` has indexing by arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import BoundsError, ShapeError
from ..core.kinds import linear
from ..core.lengths import any_open, whole
from ..core.open_shapes import indices, steps
from ..core.vocabulary import vocabulary
from .axes import Axes, in_front, normalize_axis, size_of
from .reduce import sum_p

Index = tuple[Any, ...]

count = size_of


def _shape_aval(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    return Aval(shape, x.dtype)


def _back_to_shape(ct: Any, aval: Aval) -> Any:
    return reshape_p(ct, shape=aval.shape)


reshape_p = linear(
    "reshape", lambda x, *, shape: x.reshape(shape), _back_to_shape, aval=_shape_aval,
    batch=lambda xs, where, n, *, shape: (
        reshape_p(in_front(xs[0], where[0]), shape=(n, *shape)), 0
    ),
    view=True, grad_name="ViewBackward0",
)  # fmt: skip


def unsqueezed(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    """The shape with an axis of length 1 inserted."""
    return (*shape[:axis], 1, *shape[axis:])


unsqueeze_p = linear(
    "unsqueeze", lambda x, *, axis: x.reshape(unsqueezed(x.shape, axis)), _back_to_shape,
    aval=lambda x, *, axis: Aval(unsqueezed(x.shape, axis), x.dtype),
    batch=lambda xs, where, n, *, axis: (unsqueeze_p(in_front(xs[0], where[0]), axis=axis + 1), 0),
    view=True,
)  # fmt: skip


_FLAGS: Any = ("multi_index", "refs_ok", "zerosize_ok")
_READ: Any = (("readonly",),)


def _spread_eval(x: Any, *, shape: tuple[int, ...]) -> Any:
    if x.size == math.prod(shape):
        return x.reshape(shape)  # nothing is repeated, so that the view can be written to
    # What np.broadcast_to does, in a third of its time: read-only, as places share elements.
    return np.nditer((x,), _FLAGS, _READ, itershape=shape, order="C").itviews[0]


def _broadcast_batch(xs: list[Any], where: list[Any], n: int, *, shape: tuple[int, ...]) -> Any:
    x = in_front(xs[0], where[0])
    own = tuple(x.shape[1:])
    x = reshape_p(x, shape=(n, *(1,) * (len(shape) - len(own)), *own))
    return broadcast_to_p(x, shape=(n, *shape)), 0


broadcast_to_p = linear(
    "broadcast_to", _spread_eval, lambda ct, aval: sum_to_shape(ct, aval.shape), aval=_shape_aval,
    batch=_broadcast_batch, view=True, grad_name="ExpandBackward0",
)  # fmt: skip


def reshape(x: Any, shape: Sequence[int]) -> Any:
    """Give `x` another shape of the same size, in row-major order; one length may be -1.

    The result is a view where the layout allows it and a copy elsewhere; `view` insists.

    Raises:
        ShapeError: The sizes differ.
    """
    return reshape_p(x, shape=completed(shape, x.shape))


def completed(shape: Sequence[int], have: Sequence[int]) -> tuple[int, ...]:
    """`shape` with its -1 worked out from the shape `have` that it is to replace.

    Raises:
        ShapeError: The sizes differ, or -1 could be anything.
    """
    want = tuple([whole(n) for n in shape])
    size = size_of(have)
    rest = size_of(want)
    if rest == size and (not want or min(want) >= 0):
        return want
    unknown = want.count(-1)
    if unknown > 1:
        raise ShapeError("only one dimension can be inferred")
    for i, n in enumerate(want):
        if n < -1:
            raise ShapeError(f"invalid shape dimension {n} at index {i} of shape {list(want)}")
    if unknown and rest == 0 and size == 0:
        raise ShapeError(
            f"cannot reshape tensor of 0 elements into shape {list(want)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    if not unknown or rest == 0 or size % rest:
        raise ShapeError(f"shape '{list(want)}' is invalid for input of size {size}")
    return tuple([-size // rest if n == -1 else n for n in want])


def expand_dims(x: Any, axis: int) -> Any:
    """Insert an axis of length 1 at `axis`, which may be negative, counted in the result."""
    return unsqueeze_p(x, axis=normalize_axis(axis, len(x.shape) + 1))


def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Repeat `x` along axes of length 1 and new leading axes until it has `shape`, as a view.

    Raises:
        ShapeError: It does not broadcast to that shape.
    """
    shape = tuple(shape)
    have = tuple(x.shape)
    if have == shape:
        return x
    check_broadcast(have, shape)
    return broadcast_to_p(x, shape=shape)


def check_broadcast(have: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raise, in PyTorch's words, unless `have` broadcasts to `shape`."""
    lead = len(shape) - len(have)
    if lead < 0:
        raise ShapeError(
            f"expand(tensor{list(have)}, size={list(shape)}): the number of sizes provided "
            f"({len(shape)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(have)})"
        )
    for i, n in enumerate(have):
        if n != shape[lead + i] and n != 1:
            raise ShapeError(
                f"The expanded size of the tensor ({shape[lead + i]}) must match the existing size "
                f"({n}) at non-singleton dimension {lead + i}.  Target sizes: {list(shape)}.  "
                f"Tensor sizes: {list(have)}"
            )


def sum_to_shape(x: Any, shape: Sequence[int]) -> Any:
    """Sum over the axes along which `shape` broadcasts to that of `x`: the transpose of that."""
    have = tuple(x.shape)
    lead = len(have) - len(shape)
    axes = [i for i, n in enumerate(shape, lead) if n == 1 and have[i] != 1]
    if lead or axes:
        x = sum_p(x, axes=(*range(lead), *axes), keepdims=True)
    return reshape_p(x, shape=tuple(shape)) if lead else x


permute_p = linear(
    "permute", lambda x, *, axes: x.transpose(axes),
    lambda ct, *, axes: permute_p(ct, axes=inverse_permutation(axes)),
    aval=lambda x, *, axes: Aval(tuple([x.shape[a] for a in axes]), x.dtype),
    batch=lambda xs, where, n, *, axes: (
        permute_p(in_front(xs[0], where[0]), axes=(0, *[a + 1 for a in axes])), 0
    ),
    view=True,
)  # fmt: skip


def _swapped(shape: tuple[int, ...], a: int, b: int) -> tuple[int, ...]:
    s = list(shape)
    s[a], s[b] = s[b], s[a]
    return tuple(s)


transpose_p = linear(
    "transpose", lambda x, *, axis0, axis1: x.swapaxes(axis0, axis1),
    lambda ct, *, axis0, axis1: transpose_p(ct, axis0=axis0, axis1=axis1),
    aval=lambda x, *, axis0, axis1: Aval(_swapped(x.shape, axis0, axis1), x.dtype),
    batch=lambda xs, where, n, *, axis0, axis1: (
        transpose_p(in_front(xs[0], where[0]), axis0=axis0 + 1, axis1=axis1 + 1), 0
    ),
    view=True,
)  # fmt: skip

t_p = linear(
    "t", lambda x: x.T, lambda ct: t_p(ct), aval=lambda x: Aval(x.shape[::-1], x.dtype),
    batch=lambda xs, where, n: (
        transpose_p(in_front(xs[0], where[0]), axis0=1, axis1=2)
        if len(xs[0].shape) == 3
        else in_front(xs[0], where[0]),
        0,
    ),
    view=True, grad_name="TBackward0", doc="The transpose of a matrix.",
)  # fmt: skip


def inverse_permutation(axes: Axes) -> Axes:
    """The permutation that undoes `axes`."""
    inverse = [0] * len(axes)
    for i, a in enumerate(axes):
        inverse[a] = i
    return tuple(inverse)


def permute(x: Any, axes: Sequence[int]) -> Any:
    """Reorder the axes: axis `i` of the result is axis `axes[i]` of `x`.

    Raises:
        ShapeError: `axes` does not name each axis once.
    """
    rank = len(x.shape)
    if len(axes) != rank:
        raise ShapeError(
            "permute: number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {rank} is not equal to len(dims) = "
            f"{len(axes)}"
        )
    order = tuple([normalize_axis(a, rank) for a in axes])
    if len(set(order)) != rank:
        raise ShapeError("permute(): duplicate dims are not allowed.")
    return permute_p(x, axes=order)


def move_axis(x: Any, source: int, destination: int) -> Any:
    """Move one axis, keeping the order of the others; both numbers are non-negative."""
    if source == destination:
        return x
    order = list(range(len(x.shape)))
    order.insert(destination, order.pop(source))
    return permute_p(x, axes=tuple(order))


def _place_slice_eval(x: Any, *, index: Index, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


def sliced_shape(shape: tuple[int, ...], index: Index) -> tuple[int, ...]:
    """The shape of `x[index]` for an `x` of `shape` and a basic index."""
    if any_open(shape) or any_open(index) or any(type(i) is slice and _open_part(i) for i in index):
        return _open_sliced(shape, index)
    # A view of one element: the shape costs no memory.
    return np.broadcast_to(np.empty(()), shape)[index].shape


def _open_part(part: slice) -> bool:
    return any_open((part.start, part.stop, part.step))


def _open_sliced(shape: tuple[int, ...], index: Index) -> tuple[int, ...]:
    """`sliced_shape` where lengths are open."""
    used = sum([i is not None and i is not ... for i in index])
    out: list[int] = []
    axis = 0
    for i in index:
        if i is None:
            out.append(1)
        elif i is ...:
            rest = len(shape) - used
            out += shape[axis : axis + rest]
            axis += rest
        elif isinstance(i, slice):
            out.append(steps(*indices(i, shape[axis])))
            axis += 1
        else:
            n = shape[axis]
            if not -n <= i < n:
                raise BoundsError(f"index {i} is out of bounds for axis {axis} with size {n}")
            axis += 1
    return (*out, *shape[axis:])


def _slicing(name: str) -> Any:
    """PyTorch's graph tells apart parts that keep the axis and those that drop it."""
    primitive = linear(
        name, lambda x, *, index: x[index],
        lambda ct, aval, *, index: place_slice_p(ct, index=index, shape=aval.shape),
        aval=lambda x, *, index: Aval(sliced_shape(x.shape, index), x.dtype),
        batch=lambda xs, where, n, *, index: (
            primitive(in_front(xs[0], where[0]), index=(_ALL, *index)), 0
        ),
        view=True, masks=True,
        doc="x[index] for a tuple of ints, slices and None; it ends in an Ellipsis where the "
        "result is 0-d, since NumPy would give a scalar, which is no view.",
    )  # fmt: skip
    return primitive


slice_p = _slicing("slice")
select_p = _slicing("select")

place_slice_p = linear(
    "place_slice", _place_slice_eval, lambda ct, *, index: slice_p(ct, index=index),
    aval=lambda x, *, index, shape: Aval(shape, x.dtype),
    batch=lambda xs, where, n, *, index, shape: (
        place_slice_p(in_front(xs[0], where[0]), index=(_ALL, *index), shape=(n, *shape)), 0
    ),
    doc="Zeros of `shape` with x at `index`: the transpose of `slice`.",
)  # fmt: skip

_ALL = slice(None)


def along(axis: int, part: Any) -> Index:
    """The index that takes `part` along `axis` and everything along the axes before it."""
    return (*(_ALL,) * axis, part)


def take_slice(x: Any, axis: int, i: int) -> Any:
    """Element `i` along `axis`, the axis dropped; both are non-negative and in range."""
    index = along(axis, i)
    return select_p(x, index=index if len(x.shape) > 1 else (*index, ...))


def contiguous(x: Any) -> Any:
    """A new array in row-major order; NumPy keeps the order of the operands where it can."""
    return x if x.flags.c_contiguous else x.copy()


def _concatenate_pullback(
    ct: Any, needs: Sequence[bool], *, axis: int, sizes: tuple[int, ...]
) -> list[Any]:
    grads = []
    start = 0
    for need, n in zip(needs, sizes, strict=True):
        grads.append(slice_p(ct, index=along(axis, slice(start, start + n))) if need else None)
        start += n
    return grads


def _concatenate_aval(*xs: Aval, axis: int, sizes: tuple[int, ...]) -> Aval:
    s = xs[0].shape
    return Aval((*s[:axis], sum(sizes), *s[axis + 1 :]), xs[0].dtype)


def _all_in_front(xs: list[Any], where: list[Any], n: int) -> list[Any]:
    """Operands of a batched call, their batch axes first; those that have none get one."""
    return [
        broadcast_to(x, (n, *x.shape)) if a is None else in_front(x, a)
        for x, a in zip(xs, where, strict=True)
    ]


concatenate_p = linear(
    "concatenate", lambda *xs, axis, sizes: contiguous(np.concatenate(xs, axis)), "joint",
    joint_vjp=_concatenate_pullback, aval=_concatenate_aval,
    batch=lambda xs, where, n, *, axis, sizes: (
        concatenate_p(*_all_in_front(xs, where, n), axis=axis + 1, sizes=sizes), 0
    ),
    inputs="xs*", grad_name="CatBackward0",
    doc="Join along `axis`; `sizes` are the operands' lengths along it.",
)  # fmt: skip


def _stack_eval(*xs: Any, axis: int) -> Any:
    s = xs[0].shape
    if axis:
        return contiguous(np.concatenate([x.reshape(unsqueezed(s, axis)) for x in xs], axis))
    if not s:
        return np.array(xs, xs[0].dtype)
    return contiguous(np.concatenate(xs)).reshape(len(xs), *s)


def _stack_pullback(ct: Any, needs: Sequence[bool], *, axis: int) -> list[Any]:
    return [take_slice(ct, axis, i) if need else None for i, need in enumerate(needs)]


stack_p = linear(
    "stack", _stack_eval, "joint", joint_vjp=_stack_pullback,
    aval=lambda *xs, axis: Aval((*xs[0].shape[:axis], len(xs), *xs[0].shape[axis:]), xs[0].dtype),
    batch=lambda xs, where, n, *, axis: (stack_p(*_all_in_front(xs, where, n), axis=axis + 1), 0),
    inputs="xs*",
)  # fmt: skip


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Join values of one dtype along an existing axis.

    Raises:
        ShapeError: Nothing to join, a 0-d operand, or other axes that differ.
    """
    if not xs:
        raise ShapeError("torch.cat(): expected a non-empty list of Tensors")
    first = tuple(xs[0].shape)
    axis = normalize_axis(axis, len(first))
    sizes = []
    for i, x in enumerate(xs):
        s = tuple(x.shape)
        if not s:
            raise ShapeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
        if len(s) != len(first):
            raise ShapeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(s)}"
            )
        if s != first:
            for j, (n, m) in enumerate(zip(first, s, strict=True)):
                if n != m and j != axis:
                    raise ShapeError(
                        f"Sizes of tensors must match except in dimension {axis}. Expected size "
                        f"{n} but got size {m} for tensor number {i} in the list."
                    )
        sizes.append(s[axis])
    return concatenate_p(*xs, axis=axis, sizes=tuple(sizes))


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Join values of one shape and dtype along a new axis.

    Raises:
        ShapeError: Nothing to join, or shapes that differ.
    """
    if not xs:
        raise ShapeError("stack expects a non-empty TensorList")
    first = tuple(xs[0].shape)
    axis = normalize_axis(axis, len(first) + 1)
    for i, x in enumerate(xs):
        if tuple(x.shape) != first:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return stack_p(*xs, axis=axis)


vocabulary.broadcast_to = broadcast_to
vocabulary.stack = stack
vocabulary.concatenate = concatenate
vocabulary.take_slice = take_slice
vocabulary.move_axis = move_axis
vocabulary.reshape = reshape
vocabulary.sum_to_shape = sum_to_shape
