"""Writes a scheduled cluster: its loops, and in them each member where it depends on no more loops than it must."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from ..emit import memory, runs
from ..emit.writer import Lanes
from .accumulate import combine, identity
from .nodes import MAP, REDUCE, Node
from .records import Records
from .scalars import ELEMENTS
from .schedule import Sweep
from .values import ROW, Chunk
from .windows import Window, blocks, smaller_of

BLOCK = 4096
"""Elements that one run adds up before its sum is put away in double precision."""
REGISTERS = 8
"""Vectors at most that are added up in registers over a loop."""


class Kept(NamedTuple):
    """Some lanes of a reduction that are carried through a loop: their name, type, place in memory and number."""

    key: tuple[Node, int]
    lanes: Lanes
    place: str
    there: int


class Kernel(Records):
    """One cluster being written."""

    def write(self) -> None:
        """Write the kernel."""
        self.begin()
        if not self.s.empty:
            self.run(None)
        self.end()

    def run(self, window: Window | None) -> None:
        """Write the loops, by blocks of rows where that is called for."""
        if self.flushed:
            blocks(self.w, window or (0, self.s.loops[0]), self.s.block, [self])
        else:
            self.body(window)

    def begin(self, places: Collection[Node] = ()) -> None:
        """Give what is accumulated its first values, but for arrays that are put together of records."""
        self._plan_ahead()
        for node in self._sinks():
            scope = self._scope(node)
            if scope is None and node in places:
                continue
            if scope is None:
                p = self.around.pointer(self.w, node)
                runs.fill(self.w, self._element(node), identity(node.op, node.dtype), p, node.size)
            elif scope == 0 and (self.depth_of(node) or self.in_parts) and not self.s.empty:
                self._begin(node)

    def end(self) -> None:
        """Deliver what has been accumulated over all rows."""
        for node in self._sinks():
            if self._scope(node) == 0 and node in self.partial:
                self._finish(node)

    def body(self, window: Window | None) -> None:
        """Write the loops, of which the first may run over a window only; long sums over it are added up by window."""
        w = self.w
        self.window = window
        self.base = w.depth
        if window is not None:
            self.memo[0] = {}
        for node in self.flushed:
            if node not in self.redirected:
                self.redirected[node] = self.around.room(node.size * node.dtype.itemsize)
            runs.fill(w, self._element(node), 0, self.redirected[node], node.size)
        self._rows(0)
        for node in self.flushed:
            target = self.own(node)
            runs.add(w, self._element(node), self.redirected[node], target, node.size)

    def _bounds(self, depth: int) -> tuple[int | str, int | str]:
        if depth == 0 and self.window is not None:
            return self.window
        return 0, self.s.loops[depth]

    def _rows(self, depth: int) -> None:
        here = [
            n for n in self._sinks() if self._scope(n) == depth and 0 < depth < self.depth_of(n)
        ]
        for node in here:
            self._begin(node)
        if depth == self.s.rows:
            self._row()
        else:
            self._loop(depth, lambda: self._rows(depth + 1))
        for node in here:
            self._finish(node)

    def _loop(self, depth: int, inside: Callable[[], None]) -> None:
        """Write an outer loop; short rows that are added up over it stay in registers meanwhile."""
        kept = self._kept(depth)

        def body(i: str, totals: list[str]) -> list[str]:
            self.indices.append(i)
            self.memo.append({})
            self.registers.update(zip([k.key for k in kept], totals, strict=True))
            inside()
            self.memo.pop()
            self.indices.pop()
            return [self.registers.pop(k.key) for k in kept]

        firsts = [memory.load(self.w, k.lanes, k.place, 1, k.there) for k in kept]
        carried = [(k.lanes, first) for k, first in zip(kept, firsts, strict=True)]
        totals = self.w.loop(*self._bounds(depth), 1, body, carried)
        for k, total in zip(kept, totals, strict=True):
            memory.store(self.w, k.lanes, total, k.place, 1, k.there)

    def _kept(self, depth: int) -> list[Kept]:
        """What is added up in vectors over a loop whose body is written out, and has room in registers."""
        s = self.s
        if depth != self.depth - 1 or not s.static:
            return []
        out = []
        width = self._run_width()
        for sweep in s.sweeps:
            for node in sweep.reductions:
                strides = s.lay(self.c.result(node))
                if (
                    self.c.row_reduction(node)
                    or strides[-1] != 1
                    or strides[depth]
                    or node in self.partial
                ):
                    continue
                lanes = Lanes(ELEMENTS[node.dtype.char], width)
                for k, start in enumerate(range(0, s.length, s.width)):
                    count = min(s.width, s.length - start)
                    place = self.address(node, strides, 0, Chunk(start, width, count, k))
                    out.append(Kept((node, k), lanes, place, count))
        return out if len(out) <= REGISTERS else []

    def _row(self) -> None:
        self.results.clear()
        self.readable.clear()
        for sweep in self.s.sweeps:
            self._sweep(sweep)
        last = [*self.s.row_stores, *[n.args[0].node for n in self.s.row_reductions]]
        for node in self._needed(last):
            self.value(node, ROW)
        for node in self.s.row_reductions:
            a = node.args[0]
            t = Lanes(ELEMENTS[a.dtype.char])
            self._accumulate(node, t, self.read(node, a, ROW, 1))
        for node in self.c.members:
            if node in self.stored and (node in self.c.on_rows or self.c.row_reduction(node)):
                if node.kind == REDUCE and not self.c.row_reduction(node):
                    continue
                t = Lanes(ELEMENTS[node.dtype.char])
                self._write(node, self.value(node, ROW), t, ROW)

    def _sweep(self, sweep: Sweep) -> None:
        own = [r for r in sweep.reductions if self.c.row_reduction(r) and self.depth > self.s.rows]
        for node in own:
            self._begin(node)

        def nest(depth: int) -> None:
            if depth == self.depth:
                self._run(sweep)
                return

            def inside() -> None:
                here = [r for r in sweep.reductions if self._scope(r) == depth + 1 < self.depth]
                for node in here:
                    self._begin(node)
                nest(depth + 1)
                for node in here:
                    self._finish(node)

            self._loop(depth, inside)

        nest(self.s.rows)
        for node in own:
            self._finish(node)
        self.readable.update(n for n in self.s.saved if n in sweep.stores or n in sweep.saves)

    # One run of the innermost loop

    def _run(self, sweep: Sweep) -> None:
        n, width = self.s.length, self.s.width
        folded = [r for r in sweep.reductions if self.s.folds(r)]
        kinds = [Lanes(ELEMENTS[r.dtype.char], self._run_width()) for r in folded]
        firsts = [t.constant(identity(r.op, r.dtype)) for r, t in zip(folded, kinds, strict=True)]
        if self.s.static:
            totals: list[str] | None = None
            for k, start in enumerate(range(0, n, width)):
                count = min(width, n - start)
                chunk = Chunk(start, self._run_width(), count, k)
                totals = self._chunk(sweep, folded, chunk, totals or firsts)
            assert totals is not None
            self._put_away(folded, kinds, totals)
            return
        flat = self.window is not None and not self.depth
        if flat and self.windowed:
            self._windowed_run(sweep, folded, kinds, firsts)
            return
        unroll, self.overlaps, main = self.s.run(sweep)
        totals = firsts
        own: list[Node] = []
        if main:
            bounds: Window = self.window if flat and self.window is not None else (0, main)
            if folded and main > 2 * BLOCK:
                own = [r for r in folded if r not in self.partial]
                for node in own:
                    self._begin(node)
                self._blocks(sweep, folded, kinds, firsts, bounds, unroll)
            else:
                totals = self._main(sweep, folded, kinds, firsts, bounds, unroll)
        if not flat:
            totals = self._tail(sweep, folded, totals, main)
        if totals is not firsts or not (own or flat):
            self._put_away(folded, kinds, totals)
        for node in own:
            self._finish(node)

    def rest(self) -> None:
        """Write what chunks of a single loop leave over."""
        if self.depth or self.windowed:
            return
        for sweep in self.s.sweeps:
            main = self.s.run(sweep).main
            folded = sweep.reductions
            kinds = [Lanes(ELEMENTS[r.dtype.char], self._run_width()) for r in folded]
            firsts = [
                t.constant(identity(r.op, r.dtype)) for r, t in zip(folded, kinds, strict=True)
            ]
            if main < self.s.length:
                self._put_away(folded, kinds, self._tail(sweep, folded, firsts, main))

    def _tail(self, sweep: Sweep, folded: list[Node], totals: list[str], start: int) -> list[str]:
        """What a run leaves over; returns the new partial results."""
        n, width = self.s.length, self.s.width
        for first in range(start, n, width):
            chunk = Chunk(first, width, min(width, n - first), first)
            self.memo.append({})
            totals = self._chunk(sweep, folded, chunk, totals)
            self.memo.pop()
        return totals

    def _windowed_run(
        self, sweep: Sweep, folded: list[Node], kinds: list[Lanes], firsts: list[str]
    ) -> None:
        """A run over a window whose start is a multiple of the lanes."""
        w, width = self.w, self.s.width
        assert self.window is not None
        start, end = self.window
        up = w.op(f"add nsw i64 {end}, {width - 1}")
        up = w.op(f"and i64 {up}, {-width}")
        self.overlaps = True
        totals = self._main(sweep, folded, kinds, firsts, (start, up), 1)
        self._put_away(folded, kinds, totals)

    def _blocks(
        self, sweep: Sweep, folded: list[Node], kinds: list[Lanes], firsts: list[str], bounds: Window,
        unroll: int,
    ) -> None:  # fmt: skip
        """Runs of at most BLOCK elements, whose sums are put away one by one."""
        w = self.w
        first, behind = bounds

        def body(start: str, _: list[str]) -> list[str]:
            last = w.op(f"add nsw i64 {start}, {BLOCK}")
            end = smaller_of(w, last, behind)
            totals = self._main(sweep, folded, kinds, firsts, (start, end), unroll)
            self._put_away(folded, kinds, totals)
            return []

        w.loop(
            first, behind if isinstance(behind, str) else -(-behind // BLOCK) * BLOCK, BLOCK, body
        )

    def _main(
        self, sweep: Sweep, folded: list[Node], kinds: list[Lanes], firsts: list[str], bounds: Window,
        unroll: int,
    ) -> list[str]:  # fmt: skip
        width, w = self.s.width, self.w
        count = len(folded)

        def body(i: str, totals: list[str]) -> list[str]:
            out: list[str] = []
            for u in range(unroll):
                index = i if not u else w.op(f"add nsw i64 {i}, {u * width}")
                self.memo.append({})
                part = totals[u * count : (u + 1) * count]
                mask = None
                if self.overlaps:
                    index, mask = self._overlapping(index, bool(sweep.reductions))
                self._fetch_ahead(sweep, Chunk(index, width, width))
                out += self._chunk(sweep, folded, Chunk(index, width, width), part, mask)
                self.memo.pop()
            return out

        carried = list(zip(kinds, firsts, strict=True)) * unroll
        totals = w.loop(*bounds, width * unroll, body, carried)
        while len(totals) > count:
            half = len(totals) // 2
            totals = [
                combine(w, folded[k % count].op, folded[k % count].dtype, kinds[k % count],
                        totals[k], totals[k + half])
                for k in range(half)
            ]  # fmt: skip
        return totals

    def _overlapping(self, index: str, masked: bool) -> tuple[str, str | None]:
        """The last vector begins where it fits, which saves a tail's code; which of its lanes are new."""
        w, width = self.w, self.s.width
        last = self.s.length - width
        start = smaller_of(w, index, last)
        if not masked:
            return start, None
        t = Lanes("i64", width)
        lanes = memory.ramp(w, t, start, 1)
        return start, w.compare("sge", t, lanes, memory.splat(w, t, index))

    def _chunk(
        self,
        sweep: Sweep,
        folded: list[Node],
        chunk: Chunk,
        totals: list[str],
        mask: str | None = None,
    ) -> list[str]:
        """Everything that a sweep does with some lanes; returns the new partial results.

        Args:
            sweep: What is done.
            folded, totals: Reductions whose partial results are carried, and those results.
            chunk: The lanes.
            mask: Which lanes are reduced, None for all that are there.
        """
        w = self.w
        if self.s.static:
            self._fetch_ahead(sweep, chunk)
        if mask is None and chunk.count < chunk.width:
            mask = memory.mask_text(chunk.width, chunk.count)
        for node in self._order(sweep):  # one by one, or long chains would be deep recursions
            self.value(node, chunk)
        stores = [(n, self._in_lanes(n, chunk)) for n in (*sweep.stores, *sweep.saves)]
        reduced = {}
        for r in sweep.reductions:
            reduced[r] = self.read(r, r.args[0], chunk, chunk.width)
            if mask is not None:
                t = Lanes(ELEMENTS[r.dtype.char], chunk.width)
                reduced[r] = w.select(t, mask, reduced[r], t.constant(identity(r.op, r.dtype)))
        for node, value in stores[: len(sweep.stores)]:
            self._write(node, value, Lanes(ELEMENTS[node.dtype.char], chunk.width), chunk)
        for node, value in stores[len(sweep.stores) :]:
            t = Lanes(ELEMENTS[node.dtype.char], chunk.width)
            memory.store(w, t, value, self._saved_at(node, chunk), 1, chunk.count)
        out = []
        for r, total in zip(folded, totals, strict=True):
            t = Lanes(ELEMENTS[r.dtype.char], chunk.width)
            value = reduced[r]
            first = t.constant(identity(r.op, r.dtype))
            # 0.0 added to -0.0 is another number, and what NumPy gives for a sum of nothing but -0.0.
            nothing = total == first and (r.op != "add" or r.dtype.kind != "f")
            out.append(value if nothing else combine(w, r.op, r.dtype, t, total, value))
        for r in sweep.reductions:
            if r not in folded:
                self._accumulate(r, Lanes(ELEMENTS[r.dtype.char], chunk.width), reduced[r], chunk)
        return out

    def _order(self, sweep: Sweep) -> list[Node]:
        """The maps that a sweep computes, in order."""
        key = id(sweep)
        if key not in self.orders:
            wanted = [*sweep.stores, *sweep.saves, *[r.args[0].node for r in sweep.reductions]]
            self.orders[key] = self._needed(wanted)
        return self.orders[key]

    def _needed(self, wanted: Iterable[Node]) -> list[Node]:
        found: set[Node] = set()
        todo = list(wanted)
        while todo:
            node = todo.pop()
            if node.kind != MAP or node in found or node not in self.deps:
                continue
            found.add(node)
            if node not in self.readable:
                todo += [a.node for a in node.args]
        return sorted(found, key=lambda n: n.number)

    def _in_lanes(self, node: Node, chunk: Chunk) -> str:
        value = self.value(node, chunk)
        t = self.lanes(node, chunk)
        if t.width == chunk.width:
            return value
        return memory.splat(self.w, Lanes(t.element, chunk.width), value)
