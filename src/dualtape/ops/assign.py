"""Assignment to an index: x[...] = v, in place with a history, and out of place.

Parts that a basic index names are written by a primitive of their own; where arrays pick, those of
`picking` are used. In place the part is a view and the write goes through it, so that
`core.inplace` sees to the history of everything that shares the memory.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import modes
from ..core.errors import ShapeError
from ..core.forward import dtype_of
from ..core.inplace import write
from ..core.kinds import broadcast_shapes, general, linear
from ..core.tensor import Tensor, plain, wrap
from ..core.value import Value
from ..core.views import Chain, replay
from ..core.vocabulary import vocabulary
from .axes import in_front
from .complex import cast
from .index import Index, Parsed, Picks, basic_view, in_torch_words, joined, parse, positions_of
from .picking import index_put_add_p, index_put_p
from .shape import (
    broadcast_to,
    inverse_permutation,
    permute_p,
    place_slice_p,
    reshape_p,
    slice_p,
    sliced_shape,
)

_ALL = slice(None)


def _set_eval(x: Any, v: Any, *, index: Index) -> Any:
    out = np.array(x, order="C")
    out[index] = v
    return out


clear_slice_p = linear(
    "clear_slice", lambda x, *, index: _set_eval(x, 0, index=index),
    lambda ct, *, index: clear_slice_p(ct, index=index), aval=lambda x, *, index: x,
    batch=lambda xs, where, n, *, index: (
        clear_slice_p(in_front(xs[0], where[0]), index=(_ALL, *index)), 0
    ),
    doc="x with zeros at a basic index.",
)  # fmt: skip


def _set_batch(xs: list[Any], where: list[Any], n: int, *, index: Index) -> tuple[Any, int]:
    x, v = [
        broadcast_to(x, (n, *x.shape)) if a is None else in_front(x, a)
        for x, a in zip(xs, where, strict=True)
    ]
    return set_slice_p(x, v, index=(_ALL, *index)), 0


set_slice_p = general(
    "set_slice", _set_eval,
    jvp=[
        lambda d, *, index: clear_slice_p(d, index=index),
        lambda d, x, *, index: place_slice_p(d, index=index, shape=tuple(x.shape)),
    ],
    vjp=[
        lambda ct, *, index: clear_slice_p(ct, index=index),
        lambda ct, *, index: slice_p(ct, index=index),
    ],
    aval=lambda x, v, *, index: x, batch=_set_batch, inputs="x v",
    grad_name="SliceScatterBackward0",
    doc="x with v, of the shape of x[index], written at a basic index.",
)  # fmt: skip


def set_slice(x: Any, v: Any, index: Index) -> Any:
    """`x` with `v`, which broadcasts, written at a basic index.

    Raises:
        ShapeError: `v` does not broadcast to x[index].
    """
    target = sliced_shape(tuple(x.shape), index)
    return set_slice_p(x, fitted(v, x, target), index=index)


def fitted(v: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """A value to write into a part of `x` that has `shape`: in the dtype of `x`, and broadcast.

    Raises:
        ShapeError: It does not broadcast; leading axes of length 1 may be too many.
    """
    v = _written_value(v, x)
    have = tuple(v.shape)
    while len(have) > len(shape) and have[0] == 1:
        have = have[1:]
    if have != tuple(v.shape):
        v = reshape_p(v, shape=have)
    return broadcast_to(v, shape)


def _written_value(v: Any, x: Any) -> Any:
    if not isinstance(v, (Value, np.ndarray, np.generic)):
        v = np.asarray(v, dtype_of(x))
    return cast(v, dtype_of(x))


def _picked_shape(x: Any, picks: Picks) -> tuple[int, ...]:
    axis, depth, order = joined(len(x.shape), picks)
    s = tuple(x.shape) if order is None else tuple([x.shape[a] for a in order])
    places = broadcast_shapes("index", *[tuple(a.shape) for a in picks.arrays])
    return (*s[:axis], *places, *s[axis + depth :])


def _for_picks(v: Any, x: Any, picks: Picks) -> Any:
    shape = _picked_shape(x, picks)
    try:
        return fitted(v, x, shape)
    except ShapeError:
        raise ShapeError(
            f"shape mismatch: value tensor of shape {list(np.shape(plain(v)))} cannot be broadcast "
            f"to indexing result of shape {list(shape)}"
        ) from None


def put(x: Any, picks: Picks, v: Any, accumulate: bool = False) -> Any:
    """`x` with `v`, which broadcasts, written (or added) where arrays pick.

    Raises:
        ShapeError: `v` does not broadcast to what is picked.
    """
    axis, depth, order = joined(len(x.shape), picks)
    positions = positions_of(x if order is None else permute_p(x, axes=order), picks, axis)
    v = _for_picks(v, x, picks)
    primitive = index_put_add_p if accumulate else index_put_p
    if order is None:
        return primitive(x, positions, v, axis=axis, depth=depth)
    out = primitive(permute_p(x, axes=order), positions, v, axis=axis, depth=depth)
    return permute_p(out, axes=inverse_permutation(order))


def index_put(x: Any, index: Any, v: Any, accumulate: bool = False, numpy: bool = False) -> Any:
    """A copy of `x` with `v` written at x[index], or added there, repeated places included.

    Args:
        x: Any value.
        index: As for `getitem`.
        v: A number or a value that broadcasts to x[index]; it is cast to the dtype of `x`.
        accumulate: Add instead of overwriting.
        numpy: As for `getitem`.

    Raises:
        IndexError: As for `getitem`.
        ShapeError: `v` does not broadcast to x[index].
    """
    parsed = parse(tuple(x.shape), index, numpy)
    if parsed.basic is None and parsed.picks is not None:
        return put(x, parsed.picks, v, accumulate)
    basic = parsed.basic if parsed.basic is not None else (...,)
    part = basic_view(x, basic)
    if parsed.picks is not None:
        return set_slice(x, put(part, parsed.picks, v, accumulate), basic)
    return set_slice(x, part + fitted(v, x, tuple(part.shape)) if accumulate else v, basic)


def put_view(x: Any, chain: Chain, v: Any) -> Any:
    """A copy of `x` with `v` in the place of the part that a chain of view operations leads to."""
    if len(chain) == 1 and chain[0][0] is slice_p:
        return set_slice(x, v, chain[0][1]["index"])
    shape = tuple(x.shape)
    size = math.prod(shape)
    places = replay(chain, np.arange(size).reshape(shape))
    flat = index_put(
        reshape_p(x, shape=(size,)), (places.reshape(-1),), reshape_p(v, shape=(places.size,))
    )
    return reshape_p(flat, shape=shape)


vocabulary.put_view = put_view


def setitem(x: Tensor, index: Any, v: Any, accumulate: bool = False, numpy: bool = False) -> None:
    """Write `v` to x[index] in place (or add it), with PyTorch's rules for recorded writes.

    Args:
        x: The tensor written to.
        index: As for `index_put`.
        v: As for `index_put`.
        accumulate: As for `index_put`.
        numpy: As for `index_put`.

    Raises:
        IndexError, ShapeError: As for `index_put`.
        InplaceError: `x` is a leaf that requires a gradient.
    """
    parsed = parse(tuple(x.shape), index, numpy)
    if _unrecorded(x, v) and _plainly_set(x, parsed, v, accumulate):
        return
    part = x if parsed.basic is None else basic_view(x, parsed.basic)
    if parsed.picks is None:
        shape = tuple(part.shape)
        new = fitted(v if isinstance(v, Tensor) else wrap(Tensor, _written_value(v, x)), x, shape)
        write(part, lambda old: old + new if accumulate else new)
        return
    picks = parsed.picks
    _, _, order = joined(len(part.shape), picks)
    if order is not None:
        part = permute_p(part, axes=order)
        picks = Picks(tuple(range(len(picks.axes))), picks.arrays)
    write(part, lambda old: put(old, picks, v, accumulate))


def _unrecorded(x: Tensor, v: Any) -> bool:
    """Whether the write leaves no trace: no transformation is open, and nothing has a history."""
    mode = modes.current()
    if mode & modes.BOXED or type(x.buffer()) is not np.ndarray:
        return False
    if mode & modes.NO_GRAD:
        return True
    base = None if x.view_of is None else x.view_of.base.edge
    own = v.current_edge() if isinstance(v, Tensor) else None
    return x.current_edge() is None and base is None and own is None


def _plainly_set(x: Tensor, parsed: Parsed, v: Any, accumulate: bool) -> bool:
    """Write into the memory, without the copy that a recorded write makes."""
    value = x.value
    picks = parsed.picks
    try:
        part = value if parsed.basic is None else value[parsed.basic]
    except IndexError as error:
        raise in_torch_words(error) from None
    if not part.flags.writeable or (accumulate and picks is not None):
        return False  # the other way has the message, and the faster sums
    if picks is None:
        v = fitted(plain(v), value, part.shape)
        x.overwriting(part)
        if accumulate:
            part += v
        else:
            part[...] = v
    else:
        v = _for_picks(plain(v), part, picks)
        at: list[Any] = [_ALL] * part.ndim
        for axis, array in zip(picks.axes, picks.arrays, strict=True):
            at[axis] = np.asarray(plain(array))
        try:
            x.overwriting(part, tuple(at))
            part[tuple(at)] = v
        except IndexError as error:
            raise in_torch_words(error) from None
    x.shared_version().bump()
    return True
