"""Arrays put together of parts: concatenation, padding, writing of slices. Each part is a map that writes to its place.

So a part that is computed is computed straight into place, in the kernel of whatever else it fuses with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import assign, diagonals, padding, products, rearrange
from ...ops import shape as sh
from .nodes import ROUTINE, Node, Ref
from .scalars import supported
from .views import VIEWS, _sliced, reshaped, sliced

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

Part = tuple[Ref, Ref]
"""What is written, and where: a read of the array that is written to, which says the strides."""


class Joined:
    """The array is whole when its parts have been computed."""

    def __repr__(self) -> str:
        return "join"

    def write(self, e: Emission, node: Node) -> None:
        """There is nothing to do."""


def joined(
    b: Build, aval: Aval, parts: Callable[[Ref], Sequence[Part]], before: Ref | None = None
) -> list[Ref] | None:
    """An array made of parts.

    Args:
        b: The nodes.
        aval: Of the array.
        parts: From the array's reference to parts that do not overlap.
        before: What is written everywhere before the parts are.
    """
    if not supported(aval.dtype):
        return None
    if not prod(aval.shape):
        return [b.nodes.literal(0, aval.dtype).spread(aval.shape)]
    node = Node(ROUTINE, aval.shape, aval.dtype, (), Joined(), name="join")
    whole = node.ref()
    first = [] if before is None else [b.part(before.spread(aval.shape), whole, ())]
    rest = [b.part(x, place, tuple(first)) for x, place in parts(whole) if prod(x.shape)]
    node.args = tuple([p.ref() for p in (*first, *rest)])
    b.nodes.add(node)
    return [whole]


def _concatenate(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    axis, sizes = params["axis"], params["sizes"]

    def parts(whole: Ref) -> list[Part]:
        out, start = [], 0
        for x, n in zip(xs, sizes, strict=True):
            out.append((x, _sliced(whole, index=sh.along(axis, slice(start, start + n)))))
            start += n
        return out

    return joined(b, outs[0], parts)


def _stack(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    axis = params["axis"]
    return joined(
        b,
        outs[0],
        lambda whole: [(x, _sliced(whole, index=sh.along(axis, i))) for i, x in enumerate(xs)],
    )


def _place(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    index = params["index"]
    zero = b.nodes.literal(0, xs[0].dtype)
    return joined(b, outs[0], lambda whole: [(xs[0], _sliced(whole, index=index))], zero)


def _set(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, v = xs

    def parts(whole: Ref) -> list[Part]:
        place = _sliced(whole, index=params["index"])
        given = v  # NumPy's assignment drops leading axes of length 1
        if len(v.shape) > len(place.shape):
            given = b.reshape(v, v.shape[len(v.shape) - len(place.shape) :])
        return [(given.spread(place.shape), place)]

    return joined(b, outs[0], parts, x) if v.dtype == x.dtype else None


def _clear(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    return _set(b, [xs[0], b.nodes.literal(0, xs[0].dtype)], outs, params)


def _pad(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, pads = xs[0], params["pads"]
    inside, kept = padding._overlap(x.shape, pads)
    number = b.nodes.literal(np.full((), params["value"]).astype(x.dtype), x.dtype)
    part = _sliced(x, index=kept)
    return joined(b, outs[0], lambda whole: [(part, _sliced(whole, index=inside))], number)


def _copying_pad(mode: str) -> Callable[..., Any]:
    """Parts along one axis after the other: slices for what is in a row, single ones for the rest."""

    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        x = xs[0]
        if not prod(outs[0].shape) or not supported(x.dtype):
            return None
        for axis, (before, after) in enumerate(params["pads"]):
            if not before and not after:
                continue
            at = padding.source_indices(x.shape[axis], before, after, mode)
            shape = (*x.shape[:axis], len(at), *x.shape[axis + 1 :])
            source = x

            def parts(
                whole: Ref, at: Any = at, axis: int = axis, source: Ref = source
            ) -> list[Part]:
                out = []
                for start, stop, step in _ascents(at):
                    first, count = int(at[start]), stop - start
                    if step < 0:
                        piece = sliced(source, lambda a: np.flip(a, axis))
                        first = source.shape[axis] - 1 - first
                    elif step == 0:
                        one = _sliced(source, index=sh.along(axis, slice(first, first + 1)))
                        widened = (*one.shape[:axis], count, *one.shape[axis + 1 :])
                        place = _sliced(whole, index=sh.along(axis, slice(start, stop)))
                        out.append((one.spread(widened), place))
                        continue
                    else:
                        piece = source
                    piece = _sliced(piece, index=sh.along(axis, slice(first, first + count)))
                    out.append((piece, _sliced(whole, index=sh.along(axis, slice(start, stop)))))
                return out

            (x,) = joined(b, Aval(shape, x.dtype), parts) or [x]
        return [b.materialized(x)]

    return lower


def _ascents(at: Any) -> list[tuple[int, int, int]]:
    """Stretches (start, stop, step) of indices that go up by one, down by one, or stay."""
    out = []
    i = 0
    while i < len(at):
        j = i + 1
        step = int(at[j] - at[i]) if j < len(at) and abs(int(at[j] - at[i])) <= 1 else 1
        while j < len(at) and int(at[j] - at[j - 1]) == step:
            j += 1
        out.append((i, j, step))
        i = j
    return out


def _roll(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x = xs[0]
    if not prod(x.shape) or not supported(x.dtype):
        return None
    for shift, axis in zip(params["shifts"], params["axes"], strict=True):
        n = x.shape[axis]
        by = shift % n
        if not by:
            continue
        ends = [_sliced(x, index=sh.along(axis, s)) for s in (slice(n - by, n), slice(0, n - by))]
        (x,) = _concatenate(b, ends, [outs[0]], {"axis": axis, "sizes": (by, n - by)})
    return [x]


def _tile(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, repeats = xs[0], params["repeats"]
    between = reshaped(x, tuple([n for m in x.shape for n in (1, m)]))
    if between is None or not supported(x.dtype):
        return None
    pairs = tuple([n for pair in zip(repeats, x.shape, strict=True) for n in pair])
    return [b.reshape(between.spread(pairs), outs[0].shape)]


def _place_diagonal(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    where = {k: v for k, v in params.items() if k != "shape"}
    zero = b.nodes.literal(0, xs[0].dtype)

    def parts(whole: Ref) -> list[Part]:
        place = VIEWS[diagonals.diagonal_p](whole, **where)
        assert place is not None
        return [(xs[0], place)]

    return joined(b, outs[0], parts, zero)


def _shift(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x = xs[0]
    axis = params["axis"] + len(x.shape)
    n = x.shape[axis]
    ahead = slice(1, n), slice(0, max(n - 1, 0))
    to, source = ahead if params["by"] == 1 else ahead[::-1]
    part = _sliced(x, index=sh.along(axis, source))
    zero = b.nodes.literal(0, x.dtype)
    return joined(
        b, outs[0], lambda whole: [(part, _sliced(whole, index=sh.along(axis, to)))], zero
    )


Routine = Callable[..., Any]

ROUTINES: dict[Primitive, Routine] = {
    sh.concatenate_p: _concatenate,
    sh.stack_p: _stack,
    sh.place_slice_p: _place,
    assign.set_slice_p: _set,
    assign.clear_slice_p: _clear,
    padding.constant_pad_p: _pad,
    padding.reflection_pad_p: _copying_pad("reflect"),
    padding.replication_pad_p: _copying_pad("replicate"),
    padding.circular_pad_p: _copying_pad("circular"),
    rearrange.roll_p: _roll,
    rearrange.tile_p: _tile,
    diagonals.place_diagonal_p: _place_diagonal,
    products.shift_p: _shift,
}
