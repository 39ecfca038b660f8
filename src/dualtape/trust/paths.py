"""The recording as the doctor reads it: what depends on what, where a way is blocked, what ran already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..core.graph import LEAF
from ..core.residuals import Freed

_MOST = 1_000_000


class Way(NamedTuple):
    """How an edge depends on a target.

    Attributes:
        there: Whether some way leads there that gradients can take.
        blocked: The node where the last way that cannot be taken ends, if none can.
        nones: A node on the way whose function, written by the user, returned None.
    """

    there: bool
    blocked: Any = None
    nones: Any = None


def ancestors(edge: Any) -> Iterator[Any]:
    """The nodes and leaves that an edge depends on, its own first, each once."""
    if edge is None:
        return
    seen = {edge.node}
    stack = [edge.node]
    while stack and len(seen) < _MOST:
        node = stack.pop()
        yield node
        if node.kind != LEAF:
            for e in node.inputs:
                if e is not None and e.node not in seen:
                    seen.add(e.node)
                    stack.append(e.node)


def taken(node: Any) -> set[int]:
    """The numbers of the inputs that a node passes a cotangent to."""
    plan = node.plan
    if plan is None or plan.joint is not None:
        gave_none = nones_of(node)
        return {i for i in range(len(node.inputs)) if i not in gave_none}
    return {step.input for step in plan.steps}


def nones_of(node: Any) -> frozenset[int]:
    """The inputs for which a function written by the user returned None when it ran backward."""
    found: frozenset[int] = getattr(node, "gave_none", frozenset())
    return found


def way(edge: Any, target: Any, within: Callable[[Any], bool] | None = None) -> Way:
    """Look for a way from an edge to a node or leaf.

    Args:
        edge: Where to start; None for no history.
        target: A node or leaf.
        within: Only nodes for which it is true are passed.
    """
    reach: dict[Any, bool] = {}
    blocked = nones = None
    order = sorted(ancestors(edge), key=lambda n: n.order, reverse=True)  # oldest first
    for node in order:
        if node is target:
            reach[node] = True
            continue
        if node.kind == LEAF or (within is not None and not within(node)):
            continue
        leading = [i for i, e in enumerate(node.inputs) if e is not None and reach.get(e.node)]
        if not leading:
            continue
        open_ones = taken(node)
        if any(i in open_ones for i in leading):
            reach[node] = True
        elif nones_of(node):
            nones = node
        else:
            blocked = node
    if edge is not None and reach.get(edge.node):
        return Way(True)
    return Way(False, blocked, nones)


def depends(edge: Any, target: Any) -> bool:
    """Whether any way, open or not, leads from an edge to a node or leaf."""
    return any(node is target for node in ancestors(edge))


def leaves(edge: Any) -> list[Any]:
    """The leaves that an edge depends on."""
    return [node for node in ancestors(edge) if node.kind == LEAF]


def freed_by(edge: Any) -> Any:
    """The `Freed` of a node that a pass has used up, None if no pass did."""
    for node in ancestors(edge):
        if node.kind != LEAF and isinstance(node.owners, Freed):
            return node.owners
    return None
