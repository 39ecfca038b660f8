"""A graph as native code that runs on one block of rows after another, on several threads if there are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.threads import thread_count
from ..graph import Graph
from ..lowering import lower
from ..lowering.division import work
from ..lowering.nodes import MAP
from ..native import library, threads
from ..passes import simplified
from . import entry
from .gates import originals
from .traced import Trivial, Unsuitable

Array = np.ndarray[Any, Any]


class Division(NamedTuple):
    """How a job is divided: rows, rows of a chunk, threads."""

    rows: int
    per: int
    team: int


class Kernel:
    """One graph's native code.

    Attributes:
        block: Rows that it computes at a time, and the fewest that it can be used for.
        arena: Bytes that each thread needs.
        work: About how long a block takes, in nanoseconds.
        call: See `entry`.
    """

    def __init__(self, graph: Graph, block: int, steps: Sequence[int]) -> None:
        """Compile it.

        Args:
            graph: For `block` rows.
            block: How many.
            steps: Bytes from a row to the next, for each input and output; 0 where all rows have the same.

        Raises:
            Unsuitable: Not all of it has a lowering.
            Trivial: It is a single pass of NumPy's anyway.
        """
        graph = simplified(graph)
        lowered = lower(graph, threaded=not any(steps))  # rows are divided here
        slots = lowered.slots
        if lowered.callbacks:
            raise Unsuitable(f"no native code for {', '.join(lowered.callbacks)}")
        if slots.constants:
            raise Unsuitable("arrays of its own")
        nodes = [n for c in lowered.program.order for n in c.members]
        # A ufunc of NumPy's that does little for each element waits for memory as a kernel would.
        if len(nodes) == 1 and nodes[0].kind == MAP and not nodes[0].op.needs:
            called = [originals.get(c.primitive, c.primitive.eval) for c in graph.calls]
            if len(called) < 2 and not any(hasattr(f, "__code__") for f in called):
                raise Trivial("one call of NumPy's")
        self.block = block
        self.arena = slots.arena
        self.work = sum(map(work, lowered.program.schedules.values()))
        text = entry.driver(block, steps, slots.count, slots.arena)
        loaded = library.load(
            f"eager {text} {lowered.key}",
            lambda: entry.joined(lowered.ir(), text),
            {**lowered.symbols, **entry.symbols()},
        )
        self.call = entry.entry(loaded)

    def division(self, rows: int) -> Division:
        """How to divide a job of so many rows."""
        work = self.work * rows // self.block
        team = min(thread_count(), work // threads.CHUNK, rows // self.block, threads.MOST)
        if work < threads.THREADED or team < 2:
            return Division(rows, rows, 1)
        threads.start(team)
        blocks = -(-rows // self.block)
        per = min(max(1, threads.CHUNK * blocks // work), -(-blocks // team))
        return Division(rows, per * self.block, team)

    def memory(self, team: int) -> tuple[int, Array]:
        """Where the threads' arenas begin, and what keeps them."""
        memory = np.empty(self.arena * team + 64, np.uint8)
        return -(-memory.ctypes.data // 64) * 64, memory
