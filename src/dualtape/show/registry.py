"""Which value is which: by its history, by its array, by what was written into it. What a run has shown of them is kept here."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import Aval
from ..core.graph import LEAF as LEAF_EDGE
from ..core.graph import Identity, Node
from ..core.tensor import Tensor
from ..trust.case import raw_edge
from . import events, syntax
from .events import Ran, Seen
from .naming import Names, owners_of
from .snapshots import Snapshot, concrete, is_batched, same_bits, tangent_in
from .updates import Writes

RAW_BYTES = 200_000_000
"""How much memory copies of arrays may take in one piece of the run; beyond it only statistics are kept."""

RECENT = 8

NOTHING = Aval((), np.dtype(np.float32))
"""Stands for an operand of which nothing is known."""


class Registry:
    """The values of a run.

    Args:
        happened: Called with operations that were not seen to run, when their nodes are met.

    Attributes:
        began: The clock when the recording began.
        names: Finds names for values.
        by_edge: Values with a history, by the clock of the node and the number of the output.
        by_node: Operations, by the clock of their node.
        by_value: Values by the identity of their array: what comes without an edge is known again by it.
        spent: Bytes copied for the present piece of the run.
        writes: Finds what was written to leaves.
    """

    def __init__(self, happened: Callable[[Any, FrameType | None], None]) -> None:
        self.happened = happened
        self.began = modes.next_order()
        self.names = Names()
        self.by_edge: dict[tuple[int, int], Seen] = {}
        self.by_node: dict[int, Ran] = {}
        self.by_value: dict[int, tuple[Any, Seen]] = {}
        self.recent: list[Seen] = []
        self.spent = 0
        self.writes = Writes(self.snapshot)

    def operand(self, t: Tensor, site: Any, number: int, count: int) -> Seen:
        """What is known of an operand, which is number `number` of `count`."""
        value = concrete(t)
        edge = t.current_edge()
        seen: Seen | None
        if edge is not None:
            seen = self.at_edge(edge, t)
        else:
            found = self.by_value.get(id(value))
            seen = None
            if found is not None and (found[0] is value or _alive(found[0]) is value):
                seen = found[1]
                if not _unchanged(seen, value):
                    seen = self.written(value)
                elif isinstance(value, np.generic) and seen.kind == events.CONSTANT:
                    seen = self.again(t, seen, site, number, count)
            if seen is None:
                seen = Seen(events.CONSTANT, self.snapshot(t))
                self.remember(value, seen)
        if seen.site is None:
            seen.site = site
            dot = tangent_in(t)
            if dot is not None:
                seen.tangent = self.snapshot(dot)
        if not seen.names:
            self.names.wanted(t, seen)
        return seen

    def again(self, t: Tensor, seen: Seen, site: Any, number: int, count: int) -> Seen | None:
        """A number that was seen before, if it is the same to the program: equal numbers may be one object."""
        written = None if site is None else syntax.operand_at(site, number, count)
        if written is not None:
            same = written in seen.names
        elif site is not None and syntax.is_number_at(site, number, count):
            same = not seen.names
        else:
            same = self.names.knows(t, seen)
        return seen if same else None

    def at_edge(self, edge: Any, value: Any) -> Seen:
        """The value that an edge belongs to; `value` is it (a tensor, a box or an array), None where that is not known."""
        node = edge.node
        key = (node.order, edge.output_number)
        seen = self.by_edge.get(key)
        if seen is not None:
            if value is None:
                return seen
            if seen.kind == events.LEAF and not _unchanged(seen, concrete(value)):
                seen = None  # a parameter after its update
            elif not seen.shot.known:
                seen.shot = self.snapshot(value)
        if seen is None:
            shot = Snapshot(edge) if value is None else self.snapshot(value)
            if edge.kind == LEAF_EDGE:
                seen = Seen(events.LEAF, shot, node.order)
                if value is None and node.variable is not None:
                    seen.shot = self.snapshot(node.variable)
            elif node.order >= self.began:
                seen = Seen(events.EARLIER, shot, node.order)
            else:
                ran = self.ran_of(node)
                seen = Seen(events.RESULT, shot, node.order, ran, edge.output_number)
                while len(ran.results) <= edge.output_number:
                    ran.results.append(None)
                ran.results[edge.output_number] = seen
            self.by_edge[key] = seen
            if edge.kind == LEAF_EDGE:
                owners = owners_of(edge)
                self.names.leaf(edge, seen, owners)
                self.writes.own(edge, seen, owners)
        if seen.kind == events.LEAF:
            seen.last = modes.next_order()
        return seen

    def ran_of(self, node: Node) -> Ran:
        """The operation of a node; one that was not seen to run is made of what the node tells."""
        found = self.by_node.get(node.order)
        if found is not None:
            return found
        stack = [node]
        while stack:
            n = stack[-1]
            behind = [
                e.node
                for e in n.inputs
                if e is not None and e.kind != LEAF_EDGE and e.node.order < self.began
                and e.node.order not in self.by_node and (e.node.order, e.output_number) not in self.by_edge
            ]  # fmt: skip
            if behind:
                stack.extend(behind)
                continue
            stack.pop()
            if n.order in self.by_node:
                continue
            name = "identity" if isinstance(n, Identity) else n.name()
            ran = Ran(name, None, n.params or {}, (), n.site)
            ran.order = n.order
            self.by_node[n.order] = ran
            ran.operands = [
                Seen(events.CONSTANT, Snapshot(NOTHING)) if e is None else self.at_edge(e, None)
                for e in n.inputs
            ]
            self.happened(ran, None)
        return self.by_node[node.order]

    def result(self, t: Tensor, ran: Ran, number: int) -> Seen:
        """Note a result."""
        value = concrete(t)
        seen = Seen(events.RESULT, self.snapshot(t), ran.order, ran, number)
        seen.site = ran.site
        dot = tangent_in(t)
        if dot is not None:
            seen.tangent = self.snapshot(dot)
        edge = raw_edge(t)
        if edge is not None:
            self.by_edge[edge.node.order, edge.output_number] = seen
            seen.order = edge.node.order
        self.remember(value, seen)
        self.recent.append(seen)
        if len(self.recent) > RECENT:
            del self.recent[0]
        self.names.wanted(t, seen)
        return seen

    def remember(self, value: Any, seen: Seen) -> None:
        """Know the array again where it comes without an edge."""
        if isinstance(value, np.ndarray):
            self.by_value[id(value)] = (weakref.ref(value), seen)
        elif isinstance(value, np.generic):
            self.by_value[id(value)] = (value, seen)

    def written(self, value: Any) -> Seen | None:
        """The result that was written into an array in place, if it was one of the last."""
        for seen in reversed(self.recent):
            if seen.shot.data is not None and same_bits(seen.shot.data, value):
                self.remember(value, seen)
                return seen
        return None

    def snapshot(self, x: Any) -> Snapshot:
        """Keep what an array, or the one in a tensor or box, is now."""
        value = concrete(x)
        shot = Snapshot(value, 64) if self.spent > RAW_BYTES else Snapshot(value)
        if value is not x:
            shot.batched = is_batched(x)
        if shot.data is not None:
            self.spent += shot.data.nbytes
        return shot


class MadeEdge:
    """An edge made up for a node, or one of its outputs."""

    kind = 2

    def __init__(self, node: Any, number: int) -> None:
        self.node = node
        self.output_number = number
        self.shape, self.dtype = node.shape, node.dtype
        avals = getattr(node, "output_avals", None)
        if avals is not None:
            self.shape, self.dtype = avals[number]


def _alive(reference: Any) -> Any:
    return reference() if isinstance(reference, weakref.ref) else None


def _unchanged(seen: Seen, value: Any) -> bool:
    return (isinstance(value, np.generic) and seen.shot.data is value) or seen.shot.same(value)
