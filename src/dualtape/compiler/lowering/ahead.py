"""Memory that is asked for before it is needed, while a kernel computes."""

from __future__ import annotations

from ..emit import memory
from .domain import Dims
from .nodes import IOTA, LITERAL, Node
from .partials import Partials
from .schedule import Sweep
from .values import Chunk

FAR = 1 << 18
"""Bytes of arrays that are not expected to be in the second cache."""
STREAMS = 6
"""Arrays at most whose rows are fetched ahead."""


class Ahead(Partials):
    """What a kernel fetches.

    Attributes:
        busiest: The sweep during which it does, None for no such.
        streams: Arrays, strides, offsets, and whether they are written.
        ahead: How many rows.
        fetches: Whether there are instructions for it.
        block: Rows of a block, of kernels that take turns; the last of them is `final`.
    """

    busiest: Sweep | None = None
    streams: list[tuple[Node, Dims, int, bool]]
    ahead = 1
    fetches = True
    block = 0
    final = False

    def _plan_ahead(self) -> None:
        """Find the sweep that has time for it, and the arrays from and to which rows go."""
        s = self.s
        self.busiest = max(s.sweeps, key=lambda x: x.cost, default=None)
        self.streams = []
        self.ahead = 1
        if (
            self.windowed
        ):  # while one block's rows are used for the last time, the next block's are asked for
            self.ahead = self.block
            if not (self.final and self.depth == 1 and s.static):
                self.busiest = None
        elif len(s.sweeps) < 2 or not 0 < s.rows == self.depth or s.static:
            self.busiest = None
        if self.busiest is None or not self.fetches:
            self.busiest = None
            return
        found: dict[tuple[Node, Dims, int, bool], None] = {}
        for node in self.c.members:
            for a in node.args:
                if a.node not in self.deps and a.node.kind not in (LITERAL, IOTA):
                    found[a.node, s.lay(self.c.strides(node, a)), a.offset, False] = None
        for sweep in s.sweeps[s.sweeps.index(self.busiest) + 1 :]:
            for node in sweep.stores:
                if node.into is None and self.around.placed(node):
                    found[node, s.lay(self.c.result(node)), 0, True] = None
        self.streams = [
            x for x in found
            if x[0].size * x[0].dtype.itemsize > FAR and x[1][-1] == 1 and x[1][-2]
        ][:STREAMS]  # fmt: skip

    def _fetch_ahead(self, sweep: Sweep, chunk: Chunk) -> None:
        """Ask for the memory of the next row, and for what this row's results go to, while the dearest sweep computes."""
        if sweep is not self.busiest:
            return
        w = self.w
        for node, strides, offset, written in self.streams:
            p = self.address(node, strides, offset, chunk)
            if not written:
                p = memory.offset(w, p, strides[-2] * self.ahead, node.dtype.itemsize)
            memory.fetch(w, p, written)
