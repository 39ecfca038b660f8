"""Sums of a kernel whose first loop is divided: every chunk has a record of its own, and they are added up in order."""

from __future__ import annotations

from collections.abc import Mapping

from ..emit import memory, runs
from ..emit.writer import Lanes
from .accumulate import combine, identity, wide
from .ahead import Ahead
from .nodes import Node
from .scalars import ELEMENTS


class Records(Ahead):
    """A kernel's part in that."""

    def enter(self, record: str, places: Mapping[Node, int], rows: int) -> None:
        """Begin a chunk of so many rows, whose sums are in its record."""
        self.in_parts = True
        if rows <= self.s.block:  # it is a block by itself
            self.flushed = []
        self._plan_ahead()
        for node, place in places.items():
            p = memory.offset(self.w, record, place, 1)
            if self._scope(node) is None:
                self.records[node] = p
                runs.fill(self.w, self._element(node), identity(node.op, node.dtype), p, node.size)
            else:
                self._begin(node, p)

    def gather(self, records: str, step: int, places: Mapping[Node, int], chunks: int) -> None:
        """Add up the records of all chunks, which are so many bytes apart."""
        w = self.w
        for node, place in places.items():
            source = memory.offset(w, records, place, 1)
            if self._scope(node) is not None:
                t, p = self._partial_lanes(node), self.partial[node]
                first = memory.load(w, t, p, 1, t.width)
                total = self._over_records(node, t, t, first, source, step, chunks, t.width)
                memory.store(w, t, total, p, 1, t.width)
            else:
                self._gather_array(node, source, step, chunks)

    def _gather_array(self, node: Node, source: str, step: int, chunks: int) -> None:
        """The same for an array, element by element."""
        w = self.w
        target, size = self.own(node), node.dtype.itemsize
        kept = wide(node.op, node.dtype)

        def body(t: Lanes, i: str | int, there: int) -> None:
            sums = t.of(ELEMENTS[kept.char])
            p = runs.at(w, source, i, size)
            first = sums.constant(identity(node.op, node.dtype))
            total = self._over_records(node, t, sums, first, p, step, chunks, there)
            if sums != t:
                total = w.cast("fptrunc", total, sums, t)
            memory.store(w, t, total, runs.at(w, target, i, size), 1, there)

        runs.over(w, self._element(node), node.size, body)

    def _over_records(
        self, node: Node, t: Lanes, sums: Lanes, first: str, source: str, step: int, chunks: int, there: int
    ) -> str:  # fmt: skip
        """The lanes at one place in all records, combined in the precision of partial results."""
        w = self.w
        kept = wide(node.op, node.dtype)

        def body(i: str, totals: list[str]) -> list[str]:
            p = memory.offset(w, source, memory.times(w, i, step), 1)
            value = memory.load(w, t, p, 1, there)
            if sums != t:
                value = w.cast("fpext", value, t, sums)
            return [combine(w, node.op, kept, sums, totals[0], value)]

        return w.loop(0, chunks, 1, body, [(sums, first)])[0]
