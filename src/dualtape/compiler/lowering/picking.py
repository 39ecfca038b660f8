"""Picking elements by positions and putting elements there, as loops over positions that have been checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import along, lookup
from ...ops import compare as c
from ...ops import picking as pk
from ...ops.arithmetic import add, mul
from ...ops.complex import cast_p
from ...ops.diagonals import tril_p, triu_p
from ...ops.select import keep
from ..emit import memory, runs
from ..emit.writer import Lanes
from .checks import checked
from .nodes import Node, Ref
from .scalars import ELEMENTS, supported

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

INT64 = np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Picking:
    """Runs of r elements at positions in an axis of n, for each of a: read, or written to.

    Attributes:
        how: "take"; "set", "add", "fill" (write to a copy of the first operand, or to zeros).
        a, n, r, count: Sizes; how many positions there are.
        fresh: Whether what is written to begins as zeros.
        value: What "fill" writes.
    """

    how: str
    a: int
    n: int
    r: int
    count: int
    fresh: bool = False
    value: float = 0

    def __repr__(self) -> str:
        return f"{self.how} {self.a}x{self.n}x{self.r} at {self.count}{' fresh' if self.fresh else ''} {self.value}"

    def write(self, e: Emission, node: Node) -> None:
        """Write the loops."""
        w = e.w
        t = Lanes(ELEMENTS[node.dtype.char])
        size = node.dtype.itemsize
        pointers = [e.pointer(w, x.node) for x in node.args]
        out = e.pointer(w, node)
        take = self.how == "take"
        if self.fresh:
            runs.fill(w, t, 0, out, node.size)
        elif not take:
            runs.copy(w, t, pointers[0], out, node.size)
        places = pointers[0 if self.fresh else 1]
        values = pointers[0] if take else pointers[-1]

        def one(k: str, a: str | int) -> None:
            p = memory.load(w, Lanes("i64"), memory.offset(w, places, k, 8), 1, 1)
            picked = self._address(w, out if not take else values, a, self.n, p, size)
            row = self._address(w, values if not take else out, a, self.count, k, size)
            if take:
                runs.copy(w, t, picked, row, self.r)
            elif self.how == "fill":
                runs.fill(w, t, self.value, picked, self.r)
            else:
                (runs.add if self.how == "add" else runs.copy)(w, t, row, picked, self.r)

        def positions(a: str | int) -> None:
            def body(k: str, _: list[str]) -> list[str]:
                one(k, a)
                return []

            w.loop(0, self.count, 1, body)

        if self.a == 1:
            positions(0)
            return

        def outer(a: str, _: list[str]) -> list[str]:
            positions(a)
            return []

        w.loop(0, self.a, 1, outer)

    def _address(self, w: Any, base: str, a: str | int, n: int, k: str, size: int) -> str:
        if isinstance(a, str):
            base = memory.offset(w, base, memory.times(w, a, n * self.r), size)
        return memory.offset(w, base, memory.times(w, k, self.r), size)


def around(shape: tuple[int, ...], axis: int, depth: int) -> tuple[int, int, int]:
    """Elements before some axes, along them and behind them."""
    return prod(shape[:axis]), prod(shape[axis : axis + depth]), prod(shape[axis + depth :])


def _taken(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    x, i = xs
    a, n, r = around(x.shape, params["axis"], params["depth"])
    count = prod(i.shape)
    if not (a and n and r and count) or not supported(x.dtype):
        return None
    at = checked(b, i, n, True, pk.index_p, params, xs)
    return None if at is None else _take(b, x, at, outs[0], (a, n, r, count))


def _take(b: Build, x: Ref, at: Ref, out: Aval, sizes: tuple[int, int, int, int]) -> list[Ref]:
    op = Picking("take", *sizes)
    operands = b.materialized(x), b.materialized(at)
    return [b.nodes.routine(op, operands, out.shape, out.dtype, repr(op)).ref()]


def _put(p: Primitive, how: str, fresh: bool) -> Callable[..., list[Ref] | None]:
    def lower(
        b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        out = outs[0]
        a, n, r = around(out.shape, params["axis"], params["depth"])
        i = xs[1]
        count = prod(i.shape)
        if not (a and n and r and count) or not supported(out.dtype):
            return None
        at = checked(b, i, n, True, p, params, xs)
        if at is None:
            return None
        at = b.materialized(at)
        value = params.get("value", 0)
        op = Picking(how, a, n, r, count, fresh, np.full((), value).astype(out.dtype).item())
        rest = [b.materialized(v) for v in (xs[:1] if fresh else xs[2:])]
        operands = [at, *rest] if fresh else [b.materialized(xs[0]), at, *rest]
        return [b.nodes.routine(op, tuple(operands), out.shape, out.dtype, repr(op)).ref()]

    return lower


def _flat(b: Build, places: Ref, shape: tuple[int, ...], axis: int) -> Ref:
    """Positions in an array of `shape` from those along one axis; the other indices are the elements' own."""
    steps = [prod(shape[k + 1 :]) for k in range(len(shape))]
    out = b.cast(places, INT64)
    if steps[axis] != 1:
        out = b.call(mul, out, b.nodes.literal(steps[axis], INT64))
    for k, step in enumerate(steps):
        if k != axis and places.shape[k] > 1:
            index = b.nodes.iota(places.shape, k, INT64)
            index = b.call(mul, index, b.nodes.literal(step, INT64)) if step != 1 else index
            out = b.call(add, out, index)
    return out


def _along_index(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (i,) = xs
    shape, axis = params["shape"], params["axis"]
    if not shape or i.dtype.kind != "i" or not prod(i.shape) or len(i.shape) != len(shape):
        return None
    at = checked(b, i, shape[axis], False, pk.along_p, params, xs)
    assert at is not None
    return [_flat(b, at, shape, axis)]


def _ravel(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if not all(i.dtype.kind == "i" and prod(i.shape) for i in xs):
        return None
    flat: Ref | None = None
    for i, n in zip(xs, params["sizes"], strict=True):
        at = checked(b, i, n, True, pk.ravel_p, params, xs)
        assert at is not None
        flat = at if flat is None else b.call(add, b.call(mul, flat, b.nodes.literal(n, INT64)), at)
    assert flat is not None
    return [flat]


def taken_along(b: Build, x: Ref, places: Ref, axis: int) -> Ref:
    """The elements of x, of which there are some, at places along an axis that are known to be there."""
    axis %= len(x.shape)
    at = _flat(b, places, x.shape, axis)
    out = Aval(places.shape, x.dtype)
    return _take(b, x, at, out, (1, prod(x.shape), 1, prod(places.shape)))[0]


def _pick_along(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, places = xs
    axis = params["axis"] + len(x.shape)
    count = prod(places.shape)
    if not count or not supported(x.dtype) or places.dtype.kind not in "iu":
        return None
    if len(places.shape) == 1 and len(x.shape) != 1:
        return None
    wrapped = checked(b, places, x.shape[axis], True, along.pick_along_p, params, xs)
    if wrapped is None:
        return None
    at = _flat(b, wrapped, x.shape, axis)
    return _take(b, x, at, outs[0], (1, prod(x.shape), 1, count))


def _add_along(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    v, places = xs
    out = outs[0]
    axis = params["axis"] + len(v.shape)
    count = prod(places.shape)
    if not count or not supported(out.dtype) or places.shape != v.shape or places.dtype.kind != "i":
        return None
    wrapped = checked(b, places, out.shape[axis], True, along.add_along_p, params, xs)
    if wrapped is None:
        return None
    at = b.materialized(_flat(b, wrapped, out.shape, axis))
    op = Picking("set" if params["unique"] else "add", 1, prod(out.shape), 1, count, True)
    return [b.nodes.routine(op, (at, b.materialized(v)), out.shape, out.dtype, repr(op)).ref()]


def _triangle(lower_part: bool) -> Callable[..., Any]:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        x = xs[0]
        if not supported(x.dtype) or not prod(x.shape):
            return None
        rank = len(x.shape)
        i, j = (b.nodes.iota(x.shape, rank - 2 + k, INT64) for k in range(2))
        edge = b.call(add, i, b.nodes.literal(params["offset"], INT64))
        inside = b.call(c.le, j, edge) if lower_part else b.call(c.ge, j, edge)
        return [b.call(keep, inside, x)]

    return lower


def _one_hot(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (i,) = xs
    out = outs[0]
    if set(params) != {"classes"} or not prod(out.shape) or i.dtype.kind != "i":
        return None
    at = checked(b, i, params["classes"], False, lookup.one_hot_p, params, xs)
    assert at is not None
    at = b.reshape(at, (*i.shape, 1))
    hit = b.call(c.eq, at, b.nodes.iota(out.shape, len(i.shape), INT64))
    return [b.call(cast_p, hit, dtype=out.dtype)]


TAKES = (pk.index_p, pk.index_select_p, pk.gather_p, pk.take_p, pk.masked_select_p, pk.embedding_p)
SETS = (pk.index_put_p, pk.scatter_p, pk.index_copy_p, pk.put_p, pk.masked_scatter_p)
ADDS = (pk.index_put_add_p, pk.scatter_add_p, pk.index_add_p, pk.put_add_p)
FILLS = (pk.scatter_fill_p, pk.index_fill_p, pk.clear_p)

ROUTINES: dict[Primitive, Callable[..., Any]] = {
    **dict.fromkeys(TAKES, _taken),
    **{p: _put(p, "set", False) for p in SETS},
    **{p: _put(p, "add", False) for p in ADDS},
    **{p: _put(p, "fill", False) for p in FILLS},
    pk.deposit_p: _put(pk.deposit_p, "add", True),
    pk.place_p: _put(pk.place_p, "set", True),
    pk.along_p: _along_index,
    pk.ravel_p: _ravel,
    along.pick_along_p: _pick_along,
    along.add_along_p: _add_along,
    tril_p: _triangle(True),
    triu_p: _triangle(False),
    lookup.one_hot_p: _one_hot,
}
