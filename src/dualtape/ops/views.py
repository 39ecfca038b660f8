"""Views by the names users know: flatten, squeeze, expand, transpose, narrow; and the copy.

The primitives that other families' rules need as well are in `shape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import linear
from ..core.tensor import Tensor
from ..core.value import Value
from ..core.views import shares_memory
from .axes import in_front, normalize_axes, normalize_axis, reduced_shape, same_aval, size_of
from .shape import (
    along,
    broadcast_to_p,
    check_broadcast,
    completed,
    expand_dims,
    permute_p,
    reshape_p,
    slice_p,
    t_p,
    take_slice,
    transpose_p,
    unsqueeze_p,
)

unsqueeze = expand_dims


def _squeezing(name: str, number: int) -> Any:
    """PyTorch's graph tells apart whether nothing, one axis or several axes were asked for."""
    primitive = linear(
        name, lambda x, *, axes: x.squeeze(axes), lambda ct, aval: reshape_p(ct, shape=aval.shape),
        aval=lambda x, *, axes: Aval(reduced_shape(x.shape, axes, False), x.dtype),
        batch=lambda xs, where, n, *, axes: (
            primitive(in_front(xs[0], where[0]), axes=tuple([a + 1 for a in axes])), 0
        ),
        view=True, grad_name=f"SqueezeBackward{number}",
        doc="Drop `axes`, which all have length 1.",
    )  # fmt: skip
    return primitive


squeeze_all_p = _squeezing("squeeze_all", 0)
squeeze_p = _squeezing("squeeze", 1)
squeeze_several_p = _squeezing("squeeze_several", 2)


def view(x: Any, shape: Sequence[int]) -> Any:
    """`reshape` that never copies.

    Raises:
        ShapeError: The sizes differ, or the layout in memory does not allow it.
    """
    value = x.value if isinstance(x, Tensor) else x
    shape = completed(shape, x.shape)
    if type(value) is np.ndarray and not value.flags.c_contiguous and value.size:
        out = value.reshape(shape)
        if not shares_memory(out, value):
            raise ShapeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            )
    return reshape_p(x, shape=shape)


def flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    """Merge the axes from `start` to `end`, both included, into one; a 0-d value becomes 1-d.

    Raises:
        ShapeError: `start` comes after `end`.
    """
    s = tuple(x.shape)
    start, end = normalize_axis(start, len(s)), normalize_axis(end, len(s))
    if start > end:
        raise ShapeError("flatten() has invalid args: start_dim cannot come after end_dim")
    return reshape_p(x, shape=(*s[:start], size_of(s[start : end + 1]), *s[end + 1 :]))


def ravel(x: Any) -> Any:
    """All elements in one axis, in row-major order."""
    return reshape_p(x, shape=(size_of(x.shape),))


def unflatten(x: Any, axis: int, sizes: Sequence[int]) -> Any:
    """Split one axis into several; one of `sizes` may be -1.

    Raises:
        ShapeError: The sizes do not multiply up to the axis.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if not sizes:
        raise ShapeError("unflatten: sizes must be non-empty")
    try:
        new = completed(sizes, s[axis : axis + 1])
    except ShapeError as error:
        raise ShapeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {axis} "
            f"({s[axis]}) in the input tensor"
        ) from error
    return reshape_p(x, shape=(*s[:axis], *new, *s[axis + 1 :]))


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Drop axes of length 1: all, or those of `axis` that have it."""
    s = tuple(x.shape)
    if axis is None:
        return squeeze_all_p(x, axes=tuple([i for i, n in enumerate(s) if n == 1]))
    axes = normalize_axes(axis, len(s)) if s else ()
    axes = tuple([a for a in axes if s[a] == 1])
    return (squeeze_p if isinstance(axis, int) else squeeze_several_p)(x, axes=axes)


def atleast_1d(x: Any) -> Any:
    """`x`, a 0-d value with one axis of length 1."""
    return x if len(x.shape) >= 1 else reshape_p(x, shape=(1,))


def atleast_2d(x: Any) -> Any:
    """`x` with two axes at least: a vector becomes a row."""
    rank = len(x.shape)
    return x if rank >= 2 else unsqueeze_p(x, axis=0) if rank else reshape_p(x, shape=(1, 1))


def atleast_3d(x: Any) -> Any:
    """`x` with three axes at least: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1)."""
    rank = len(x.shape)
    if rank >= 3:
        return x
    return unsqueeze_p(atleast_2d(x), axis=2)


def expand(x: Any, shape: Sequence[int]) -> Any:
    """`broadcast_to`, where a length of -1 keeps that of `x`; always a new view.

    Raises:
        ShapeError: It does not broadcast to that shape.
    """
    have = tuple(x.shape)
    lead = len(shape) - len(have)
    for i in range(max(lead, 0)):
        if shape[i] == -1:
            raise ShapeError(
                "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                f"dimension {i}"
            )
    want = tuple([have[i - lead] if n == -1 and i >= lead else int(n) for i, n in enumerate(shape)])
    check_broadcast(have, want)
    if any(n < 0 for n in want):
        raise ShapeError(f"expand: negative size in {list(shape)}")
    return broadcast_to_p(x, shape=want)


def movedim(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move the axes `source` to the places `destination`, keeping the order of the others.

    Raises:
        ShapeError: The two differ in length, or repeat an axis.
    """
    s = [source] if isinstance(source, int) else list(source)
    d = [destination] if isinstance(destination, int) else list(destination)
    if len(s) != len(d):
        raise ShapeError(
            f"movedim: Invalid source or destination dims: source ({s} dims) should contain the "
            f"same number of dims as destination ({d} dims)"
        )
    rank = len(x.shape)
    from_ = [normalize_axis(a, rank) for a in s]
    to = [normalize_axis(a, rank) for a in d]
    for name, given, axes in (("source", s, from_), ("destination", d, to)):
        if len(set(axes)) != len(axes):
            raise ShapeError(f"movedim: repeated dim in `{name}` ({given})")
    if not rank:
        return permute_p(x, axes=())
    others = iter([a for a in range(rank) if a not in from_])
    place = dict(zip(to, from_, strict=True))
    return permute_p(x, axes=tuple([place[i] if i in place else next(others) for i in range(rank)]))


def narrow(x: Any, axis: int, start: int, length: int) -> Any:
    """The `length` elements along `axis` from `start` (from the end if negative).

    Raises:
        ShapeError, IndexError: Not all in range.
    """
    s = tuple(x.shape)
    if not s:
        raise ShapeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise ShapeError("narrow(): length must be non-negative.")
    axis = normalize_axis(axis, len(s))
    n = s[axis]
    if not -n <= start <= n:
        raise IndexError(
            f"start out of range (expected to be in range of [{-n}, {n}], but got {start})"
        )
    if start < 0:
        start += n
    if start + length > n:
        raise ShapeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return slice_p(x, index=along(axis, slice(start, start + length)))


def select(x: Any, axis: int, i: int) -> Any:
    """Element `i` (from the end if negative) along `axis`, the axis dropped.

    Raises:
        IndexError: Out of range.
    """
    s = tuple(x.shape)
    if not s:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = normalize_axis(axis, len(s))
    n = s[axis]
    if not -n <= i < n:
        raise IndexError(
            f"select(): index {i} out of range for tensor of size {list(s)} at dimension {axis}"
        )
    return take_slice(x, axis, i % n)


clone_p = linear(
    "clone", lambda x, *, contiguous: x.copy("C" if contiguous else "K"), lambda ct: ct,
    aval=same_aval,
    batch=lambda xs, where, n, *, contiguous: (clone_p(xs[0], contiguous=contiguous), where[0]),
    doc="A copy: in row-major order, or in the order of x.",
)  # fmt: skip


def clone(x: Any) -> Any:
    """A copy with its own memory, laid out as `x` is."""
    return clone_p(x, contiguous=False)


def as_contiguous(x: Any) -> Any:
    """`x` itself where its elements lie in row-major order without gaps, else a copy that does."""
    value = x.value if isinstance(x, Tensor) else x
    if isinstance(value, (Value, np.generic)) or value.flags.c_contiguous:
        return x
    return clone_p(x, contiguous=True)


def t(x: Any) -> Any:
    """The transpose of a matrix; vectors and 0-d values as they are.

    Raises:
        ShapeError: More than two axes.
    """
    rank = len(x.shape)
    if rank > 2:
        raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {rank}D")
    return t_p(x)


def transpose(x: Any, axis0: int, axis1: int) -> Any:
    """Exchange two axes."""
    rank = len(x.shape)
    axis0, axis1 = normalize_axis(axis0, rank), normalize_axis(axis1, rank)
    return transpose_p(x, axis0=axis0, axis1=axis1) if rank else reshape_p(x, shape=())


swapaxes = transpose
