"""Products of matrices of any size and strides, in one module for all programs.

Operands are copied into panels, and tiles of the result are kept in registers over a run of what is summed. The loops are
those of Goto & van de Geijn (Anatomy of high-performance matrix multiplication, 2008): a panel of the right operand is as
wide as a tile and stays in the first cache, a block of the left one in the second.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from ..vecmath.values import Value
from . import flow, memory
from .flow import each, function, parameter, when, whole
from .frames import LoopWriter
from .packing import write as pack
from .writer import Lanes, Module

VECTORS = 2
"""Vectors in a row of a tile."""
DEPTH = 256
"""Terms of a run at most."""
TALL, WIDE = 392, 768
"""Rows of a block at most, and columns where runs are as long as can be; multiples of all tiles'."""
BAND = 768
"""Columns at most of tiles side by side that an epilogue is called for: it reads and writes other arrays along memory."""
SLAB = 16
"""Terms that are copied at a time."""
LINE = 64
"""Bytes that the processor fetches at a time."""
EVEN = 16
"""Terms of a run are a multiple of this: vectors along them are aligned where the operands are."""


class Geometry(NamedTuple):
    """A tile: the element, lanes of a vector, rows, and how far apart columns of a left panel are."""

    element: str
    width: int
    rows: int
    step: int

    @property
    def columns(self) -> int:
        """Of a tile."""
        return VECTORS * self.width

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return 4 if self.element == "float" else 8

    def room(self, m: int, n: int, k: int) -> int:
        """Bytes of memory for panels that a product needs."""
        kept = min(k, DEPTH)
        left = -(-min(m, TALL) // self.rows) * self.step * kept
        right = min(-(-n // self.columns) * self.columns * kept, WIDE * DEPTH)
        return (left + right) * self.item


def geometry(element: str, wide: bool) -> Geometry:
    """The tile for 32 vector registers of 64 bytes (`wide`), else for 16 of 32 bytes."""
    width = (64 if wide else 32) // (4 if element == "float" else 8)
    return Geometry(element, width, 14, 16) if wide else Geometry(element, width, 6, 8)


def module(element: str, wide: bool, fma: bool) -> str:
    """The text of a function `product`: C = factor A B, or C += factor A B.

    Its parameters are m, n, k, A, its two strides, B, its two strides, C, its rows' stride, the factor, whether to add,
    memory, see `Geometry.room`, and an epilogue with what it is given. Strides are in elements; no size is 0.

    The epilogue, if it is not null, is called for tiles side by side as epilogue(context, row, rows, column, columns), when
    they are whole, and in the first cache. Rows and columns are counted from `row0` and `column0`.
    """
    out = Module(fma=fma)
    _product(out, geometry(element, wide))
    return out.text()


def _parameters(text: str, element: str) -> dict[str, str]:
    return {
        name: "ptr" if name in POINTERS else element if name == "factor" else "i64"
        for name in text.split()
    }


POINTERS = frozenset({"a", "b", "c", "room", "epilogue", "context"})
PARAMETERS = "m n k a as0 as1 b bs0 bs1 c ldc factor add room epilogue context row0 column0"
TILE = "k a b c ldc factor add lanes"


def signature(element: str) -> str:
    """The types of a product's parameters."""
    return ", ".join(_parameters(PARAMETERS, element).values())


def _least(a: Value, b: Value | int) -> Value:
    return a.intrinsic("smin", b)


def _product(out: Module, g: Geometry) -> None:
    """Blocks, panels and tiles."""
    micros = {
        (rows, v): _micro(out, g, rows, v)
        for rows in (g.rows, 8, 4, 2, 1)
        for v in (1, 2)
        if rows <= g.rows
    }
    rest = {v: _rest(out, g, micros, v) for v in (1, 2)}
    packer = pack(out, Lanes(g.element, g.width))

    def body(w: LoopWriter) -> None:
        m, n, k, as0, as1, bs0, bs1, ldc, add, row0, column0 = (
            parameter(w, p) for p in PARAMETERS.split() if p not in {*POINTERS, "factor"}
        )
        item = g.item
        runs = (k + (DEPTH - 1)) / DEPTH
        most = _least(((k + runs - 1) / runs + (EVEN - 1)) / EVEN * EVEN, k)
        span = whole(w, WIDE * DEPTH) / most / g.columns * g.columns
        left = _least(m, TALL) + (g.rows - 1)
        left_room = (left / g.rows) * most * (g.step * item)
        right_at = _past(w, "%room", left_room)

        def run(p: Value) -> None:
            depth = _least(k - p, most)
            adding = (p > 0).cast("zext", "i64") | add
            followed = (p + most >= k) & _given(w, "%epilogue")

            def columns(j: Value) -> None:
                wide = _least(n - j, span)

                def right(q: Value, length: Value) -> None:
                    def panel(c: Value) -> None:
                        for v in range(VECTORS):
                            lane = c + v * g.width
                            there = _least(wide - lane, g.width)
                            source = _past(w, "%b", ((j + lane) * bs1 + (p + q) * bs0) * item)
                            to = _past(
                                w, right_at, (c * depth + q * g.columns + v * g.width) * item
                            )
                            copy = partial(
                                packer, w, source, bs1, bs0, there, length, to, g.columns
                            )
                            when(w, there > 0, copy)

                    each(w, wide, panel, step=g.columns)

                _slabs(w, depth, bs1, right)

                def rows(i: Value) -> None:
                    tall = _least(m - i, TALL)

                    def left(q: Value, length: Value) -> None:
                        def panel(r: Value) -> None:
                            high = _least(tall - r, g.rows)
                            for lane in range(0, g.rows, g.width):
                                there = _least(high - lane, g.width)
                                source = _past(
                                    w, "%a", ((i + r + lane) * as0 + (p + q) * as1) * item
                                )
                                at = r / g.rows * g.step * depth + q * g.step + lane
                                to = _past(w, "%room", at * item)
                                copy = partial(
                                    packer, w, source, as0, as1, there, length, to, g.step
                                )
                                when(w, there > 0, copy)

                        each(w, tall, panel, step=g.rows)

                    _slabs(w, depth, as0, left)

                    def band(r: Value) -> None:
                        high = tall - r
                        to_left = _past(w, "%room", r / g.rows * g.step * depth * item)

                        def tile(c: Value) -> None:
                            lanes = wide - c
                            to_right = _past(w, right_at, c * depth * item)
                            corner = _past(w, "%c", ((i + r) * ldc + j + c) * item)
                            args = _arguments(
                                g, depth, to_left, to_right, corner, ldc, adding, lanes
                            )
                            more = lanes > g.width
                            when(
                                w, high >= g.rows,
                                lambda: when(
                                    w, more,
                                    lambda: w.do(f"call void {micros[g.rows, 2]}({args})"),
                                    lambda: w.do(f"call void {micros[g.rows, 1]}({args})"),
                                ),
                                lambda: when(
                                    w, more,
                                    lambda: w.do(f"call void {rest[2]}({args}, i64 {high.name})"),
                                    lambda: w.do(f"call void {rest[1]}({args}, i64 {high.name})"),
                                ),
                            )  # fmt: skip

                        def several(c: Value) -> None:
                            there = _least(wide - c, BAND)
                            part = row0 + i + r, _least(high, g.rows), column0 + j + c, there
                            each(w, c + there, tile, start=c, step=g.columns)
                            when(w, followed, lambda: _follow(w, part))

                        each(w, wide, several, step=BAND)

                    each(w, tall, band, step=g.rows)

                each(w, m, rows, step=TALL)

            def block(j: Value) -> list[Value]:
                columns(j)
                return [j + span]

            flow.during(w, [whole(w, 0)], lambda j: j < n, block)

        def runs_of(p: Value) -> list[Value]:
            run(p)
            return [p + most]

        flow.during(w, [whole(w, 0)], lambda p: p < k, runs_of)

    name = function(out, "product", _parameters(PARAMETERS, g.element), body)
    out.functions[name] = out.functions[name].replace("define internal", "define", 1)


def _given(w: LoopWriter, pointer: str) -> Value:
    return Value(w, Lanes("i1"), w.op(f"icmp ne ptr {pointer}, null"))


def _follow(w: LoopWriter, part: tuple[Value, ...]) -> None:
    """Call the epilogue for tiles: their first row, how many, their first column, how many."""
    given = ", ".join([f"i64 {v.name}" for v in part])
    w.do(f"call void %epilogue(ptr %context, {given})")


def _slabs(
    w: LoopWriter, depth: Value, across: Value, pack: Callable[[Value, Value], None]
) -> None:
    """Copy into all panels some terms at a time, where memory is read along the panels, else all terms at a time.

    So what lies side by side is read in one go, which the processor notices, and fetches ahead.
    """
    few = across.equals(1).where(whole(w, SLAB), depth)

    def slab(q: Value) -> list[Value]:
        pack(q, _least(depth - q, few))
        return [q + few]

    flow.during(w, [whole(w, 0)], lambda q: q < depth, slab)


def _past(w: LoopWriter, pointer: str, offset: Value) -> str:
    return w.op(f"getelementptr i8, ptr {pointer}, i64 {offset.name}")


def _arguments(
    g: Geometry, depth: Value, left: str, right: str, corner: str, ldc: Value,
    adding: Value, lanes: Value,
) -> str:  # fmt: skip
    return (
        f"i64 {depth.name}, ptr {left}, ptr {right}, ptr {corner}, i64 {ldc.name}, {g.element} %factor, "
        f"i64 {adding.name}, i64 {lanes.name}"
    )


def _micro(out: Module, g: Geometry, rows: int, vectors: int) -> str:
    """The function for a tile of so many rows and vectors."""
    t, scalar = Lanes(g.element, g.width), Lanes(g.element)
    zero = t.constant(0)

    def body(w: LoopWriter) -> None:
        def step(k: str, sums: list[str]) -> list[str]:
            x = w.op(f"getelementptr i8, ptr %a, i64 {memory.times(w, k, g.step * g.item)}")
            y = w.op(f"getelementptr i8, ptr %b, i64 {memory.times(w, k, g.columns * g.item)}")
            right = [
                memory.load(w, t, memory.offset(w, y, v * g.width, g.item), 1, g.width)
                for v in range(vectors)
            ]
            after = []
            for r in range(rows):
                one = memory.load(w, scalar, memory.offset(w, x, r, g.item), 1, 1)
                left = memory.splat(w, t, one)
                for v in range(vectors):
                    after.append(w.mad(t, left, right[v], sums[r * vectors + v]))
            return after

        byte_step = memory.times(w, "%ldc", g.item)
        lines = [
            w.op(f"getelementptr i8, ptr %c, i64 {memory.times(w, byte_step, r)}")
            for r in range(rows)
        ]
        last = vectors * g.width * g.item - 1
        for p in lines:  # the result's, while the tile is computed
            for at in (*range(0, last, LINE), last):
                memory.fetch(w, memory.offset(w, p, at, 1), True)
        sums = w.loop(0, "%k", 1, step, [(t, zero)] * (rows * vectors))
        factor = memory.splat(w, t, "%factor")
        masks = _masks(w, g, vectors)
        places = [memory.offset(w, p, v * g.width, g.item) for p in lines for v in range(vectors)]
        scaled = [w.binary("fmul", t, s, factor) for s in sums]

        def added() -> None:
            for i, (s, q) in enumerate(zip(scaled, places, strict=True)):
                before = memory.masked(w, t, q, masks[i % vectors])
                memory.store_masked(w, t, w.binary("fadd", t, before, s), q, masks[i % vectors])

        def stored() -> None:
            for i, (s, q) in enumerate(zip(scaled, places, strict=True)):
                memory.store_masked(w, t, s, q, masks[i % vectors])

        when(w, parameter(w, "add") > 0, added, stored)

    return function(out, f"tile_{g.element}_{rows}_{vectors}", _parameters(TILE, g.element), body)


def _rest(out: Module, g: Geometry, micros: dict[tuple[int, int], str], vectors: int) -> str:
    """The function for a tile of fewer rows than all: their number is put together from powers of two."""

    def body(w: LoopWriter) -> None:
        high, ldc = parameter(w, "high"), parameter(w, "ldc")
        at = whole(w, 0)
        for rows in (8, 4, 2, 1):
            if rows >= g.rows:
                continue
            here = at

            def tile(rows: int = rows, here: Value = here) -> list[Value]:
                left = _past(w, "%a", here * g.item)
                corner = _past(w, "%c", here * ldc * g.item)
                args = _arguments(
                    g, parameter(w, "k"), left, "%b", corner, ldc, parameter(w, "add"), parameter(w, "lanes")
                )  # fmt: skip
                w.do(f"call void {micros[rows, vectors]}({args})")
                return [here + rows]

            (at,) = when(w, (high & rows) > 0, tile, partial(list, [here]))

    return function(
        out, f"rest_{g.element}_{vectors}", _parameters(TILE + " high", g.element), body
    )


def _masks(w: LoopWriter, g: Geometry, vectors: int) -> list[str]:
    """Which lanes of each vector of a row are there."""
    t = Lanes("i64", g.width)
    lanes = memory.splat(w, t, "%lanes")
    return [w.compare("slt", t, memory.ramp(w, t, v * g.width, 1), lanes) for v in range(vectors)]
