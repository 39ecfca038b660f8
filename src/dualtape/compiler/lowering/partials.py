"""Reductions while they are accumulated: in registers during a run, between runs on the stack, or in memory."""

from __future__ import annotations

from ..emit import memory
from ..emit.writer import Lanes
from .accumulate import combine, identity, narrowed, wide, widened
from .nodes import REDUCE, Node
from .scalars import ELEMENTS
from .values import ROW, Chunk, Values


class Partials(Values):
    """Where a kernel's reductions are kept."""

    def _sinks(self) -> list[Node]:
        return [n for n in self.c.members if n.kind == REDUCE and not self.c.row_reduction(n)]

    def _scope(self, node: Node) -> int | None:
        return self.s.scope(node)

    def depth_of(self, node: Node) -> int:
        """In how many loops a reduction's runs are."""
        return self.s.rows if node in self.c.on_rows else self.depth

    def _run_width(self) -> int:
        n = self.s.length
        return self.s.width if n >= self.s.width else 1 << (n - 1).bit_length()

    def _put_away(self, folded: list[Node], kinds: list[Lanes], totals: list[str]) -> None:
        """What a run has accumulated goes where the reduction is kept."""
        for node, t, total in zip(folded, kinds, totals, strict=True):
            if node in self.partial:
                self._add_to_partial(node, t, total)
            elif self._scope(node) is None:
                self._accumulate(node, Lanes(t.element), self._fold(node, t, total))
            else:
                self._deliver(node, self._fold(node, t, total))

    def _fold(self, node: Node, t: Lanes, total: str) -> str:
        return memory.fold(
            self.w, t, total, lambda s, a, b: combine(self.w, node.op, node.dtype, s, a, b)
        )

    def _begin(self, node: Node, place: str = "") -> None:
        """Find a place for a reduction over several runs, on the stack if none is given, and set it to nothing."""
        w = self.w
        t = self._partial_lanes(node)
        p = self.partial[node] = place or self.around.stack(t.width * max(t.bits // 8, 1))
        first = identity(node.op, node.dtype)
        memory.store(w, t, t.constant(first), p, 1, t.width)

    def _partial_lanes(self, node: Node) -> Lanes:
        kept = wide(node.op, node.dtype)
        width = 1 if node in self.c.on_rows else self._run_width()
        return Lanes(ELEMENTS[kept.char], width)

    def _add_to_partial(self, node: Node, t: Lanes, value: str) -> None:
        w = self.w
        kept = wide(node.op, node.dtype)
        t, value = widened(w, t, value, node.dtype, kept)
        p = self.partial[node]
        before = memory.load(w, t, p, 1, t.width)
        memory.store(w, t, combine(w, node.op, kept, t, before, value), p, 1, t.width)

    def _finish(self, node: Node) -> None:
        w = self.w
        kept = wide(node.op, node.dtype)
        t = self._partial_lanes(node)
        value = memory.load(w, t, self.partial.pop(node), 1, t.width)
        value = memory.fold(w, t, value, lambda s, a, b: combine(w, node.op, kept, s, a, b))
        value = narrowed(w, value, kept, node.dtype)
        if self._scope(node) is None:
            self._accumulate(node, Lanes(ELEMENTS[node.dtype.char]), value)
        else:
            self._deliver(node, value)

    def _deliver(self, node: Node, value: str) -> None:
        """A reduction's number is known."""
        if self.c.row_reduction(node):
            self.results[node] = value
            return
        if node in self.stored:
            self._write(node, value, Lanes(ELEMENTS[node.dtype.char]), ROW)

    def _accumulate(self, node: Node, t: Lanes, value: str, chunk: Chunk = ROW) -> None:
        """Combine a value with what is in memory."""
        w = self.w
        if node in self.partial:
            self._add_to_partial(node, t, value)
            return
        key = node, chunk.key
        if key in self.registers:
            self.registers[key] = combine(w, node.op, node.dtype, t, self.registers[key], value)
            return
        strides = self.s.lay(self.c.result(node))
        p = self.address(node, strides, 0, chunk)
        before = memory.load(w, t, p, strides[-1], chunk.count)
        after = combine(w, node.op, node.dtype, t, before, value)
        memory.store(w, t, after, p, strides[-1], chunk.count)
