"""What is known of a run: each operation with where its operands and results were not finite.

Filled while a program runs and is watched (`see`), or afterwards from what its recording kept (`of_graph`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.boxes import Box
from ..core.graph import LEAF
from ..core.tensor import Tensor
from .guilty import called, name_of
from .nonfinite import Masks, Summary, masks_of, summary_of
from .subject import Key, key_of


class Op:
    """One operation of the run.

    Attributes:
        name, site, order: What, where and when.
        primitive: The primitive, None for a function of the user's.
        node: Its node, None if it was not recorded.
        edges: The operands' edges.
        sources: What made each operand: a key of a recorded value, the id of an unrecorded one.
        operands: Per operand the masks of its value, None where that is not known.
        results: The same per output number, where known.
        shown: Per operand a summary, None where its value is not known.
    """

    __slots__ = (
        "edges", "name", "node", "operands", "order", "primitive", "results", "shown", "site", "sources",
    )  # fmt: skip

    def __init__(self, name: str, site: Any, order: int, primitive: Any, node: Any) -> None:
        self.name = name
        self.site = site
        self.order = order
        self.primitive = primitive
        self.node = node
        self.edges: tuple[Any, ...] = ()
        self.sources: list[Any] = []
        self.operands: list[Masks | None] = []
        self.results: dict[int, Masks] = {}
        self.shown: list[Summary | None] = []

    def kept(self) -> list[int]:
        """What the backward rule reads: operand numbers, and outputs k as -1 - k."""
        node = self.node
        if node is None:
            return []
        if node.plan is None:  # a function of the user's: whatever went in
            return [*range(len(self.operands)), *[~k for k in self.results]]
        count = len(node.inputs)
        return [s if s < count else ~(s - count) for s in node.plan.sources]

    def summaries(self) -> tuple[Summary | None, ...]:
        """The operands, for messages."""
        return tuple(self.shown)


class Facts:
    """The operations of a run, and who made which value."""

    def __init__(self) -> None:
        self.ops: dict[Any, Op] = {}
        self.unrecorded: dict[int, Op] = {}
        self.alive: list[Any] = []  # so that the ids above stay their own
        self.masks: dict[Key, Masks] = {}
        self.summaries: dict[Key, Summary | None] = {}

    def value(self, edge: Any, value: Any) -> None:
        """Note a value that has an edge."""
        key = key_of(edge)
        if key not in self.masks:
            self.masks[key] = masks_of(value)
            self.summaries[key] = summary_of(value)

    def see(
        self,
        primitive: Any,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        results: tuple[Any, ...],
    ) -> None:
        """Note one call of a primitive, as an observer."""
        if any(isinstance(t.value, Box) for t in (*operands, *results)):
            return
        node = next((t.edge.node for t in results if t.edge is not None), None)
        if node is not None and getattr(node, "primitive", None) is not primitive:
            node = None
        site = node.site if node is not None else callsite.caller(3)
        order = node.order if node is not None else modes.next_order()
        op = Op(called(primitive), site, order, primitive, node)
        op.edges = tuple([t.current_edge() for t in operands])
        for t, edge in zip(operands, op.edges, strict=True):
            if edge is not None:
                self.value(edge, t.value)
                op.sources.append(key_of(edge))
            else:
                op.sources.append(id(t.value))
            op.operands.append(masks_of(t.value))
            op.shown.append(summary_of(t.value))
        for i, t in enumerate(results):
            op.results[i] = masks_of(t.value)
            if t.edge is not None:
                self.value(t.edge, t.value)
            else:
                self.unrecorded[id(t.value)] = op
                self.alive.append(t.value)
        if node is not None:
            self.ops[node] = op

    def maker(self, source: Any) -> Op | None:
        """The operation that made a value, None for leaves and constants."""
        if isinstance(source, tuple):
            return self.ops.get(source[0])
        return self.unrecorded.get(source)

    def op(self, node: Any) -> Op:
        """The operation of a node (for a leaf, a stand-in)."""
        found = self.ops.get(node)
        if found is None:
            found = Op("a leaf", getattr(node, "site", None), node.order, None, None)
        return found

    def complete_with_nodes(self, edges: Sequence[Any]) -> None:
        """Add the nodes that are no primitive's: functions of the user's, and writes through views."""
        for node in nodes_of(edges):
            if node not in self.ops:
                self.ops[node] = self.from_values(node)

    def from_values(self, node: Any) -> Op:
        """An operation as the values at its edges tell."""
        op = Op(name_of(node), node.site, node.order, getattr(node, "primitive", None), node)
        op.edges = node.inputs
        for edge in node.inputs:
            key = None if edge is None else key_of(edge)
            op.sources.append(key)
            op.operands.append(None if key is None else self.masks.get(key))
            op.shown.append(None if key is None else self.summaries.get(key))
        for number in range(1 if node.output_avals is None else len(node.output_avals)):
            masks = self.masks.get((node, number))
            if masks is not None:
                op.results[number] = masks
        return op

    @classmethod
    def of_graph(cls, edges: Sequence[Any]) -> Facts:
        """What a recording still knows: leaves, residuals, and what can be computed from these."""
        facts = cls()
        nodes = nodes_of(edges)
        values: dict[Key, Any] = {}
        constants: dict[tuple[Any, int], Any] = {}
        for node in nodes:
            for edge in node.inputs:
                if edge is not None and edge.kind == LEAF and edge.variable is not None:
                    values[edge, 0] = edge.variable.value
            keep(node, values, constants)
        for node in nodes:
            if getattr(node, "primitive", None) is not None:
                rerun(node, values, constants)
        for key, value in values.items():
            facts.masks[key] = masks_of(value)
            facts.summaries[key] = summary_of(value)
        for node in nodes:
            op = facts.ops[node] = facts.from_values(node)
            for i, edge in enumerate(node.inputs):
                if edge is None and (node, i) in constants:
                    op.operands[i] = masks_of(constants[node, i])
                    op.shown[i] = summary_of(constants[node, i])
        return facts


def nodes_of(edges: Sequence[Any]) -> list[Any]:
    """All nodes behind some edges, first executed first."""
    seen: set[Any] = set()
    stack = [e.node for e in edges]
    while stack:
        node = stack.pop()
        if node not in seen and node.kind != LEAF:
            seen.add(node)
            stack.extend(e.node for e in node.inputs if e is not None)
    return sorted(seen, key=lambda n: n.order, reverse=True)


def keep(node: Any, values: dict[Key, Any], constants: dict[tuple[Any, int], Any]) -> None:
    """Take over a node's residuals, those that were not written in place since."""
    if node.plan is None or not isinstance(node.owners, tuple):
        return
    count = len(node.inputs)
    for owner, source in zip(node.owners, node.plan.sources, strict=True):
        version = owner.version
        if version is not None and version.stamp < node.order:
            continue
        value = owner.value
        if isinstance(value, (Tensor, Box)):
            continue
        if source >= count:
            values.setdefault((node, source - count), value)
        elif node.inputs[source] is not None:
            values.setdefault(key_of(node.inputs[source]), value)
        else:
            constants[node, source] = value


def rerun(node: Any, values: dict[Key, Any], constants: dict[tuple[Any, int], Any]) -> None:
    """Compute a node's results again, if they are not known and its operands are."""
    numbers = range(node.primitive.outputs)
    if all((node, k) in values for k in numbers):
        return
    operands = []
    for i, edge in enumerate(node.inputs):
        value = constants.get((node, i)) if edge is None else values.get(key_of(edge))
        if value is None:
            return
        operands.append(value)
    with np.errstate(all="ignore"):
        out = node.primitive.eval(*operands, **(node.params or {}))
    for k, v in zip(numbers, out if node.primitive.outputs != 1 else (out,), strict=True):
        values.setdefault((node, k), v)
