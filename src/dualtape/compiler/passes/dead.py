"""Calls whose results nobody needs."""

from __future__ import annotations

from ..graph import Graph


def dead(graph: Graph) -> Graph:
    """Leave out calls and constants that do not lead to what is wanted."""
    needed = set(graph.wanted())
    calls = []
    for c in reversed(graph.calls):
        if needed.intersection(c.results):
            needed.update(c.operands)
            calls.append(c)
    constants = {n: v for n, v in graph.constants.items() if n in needed}
    return graph.with_calls(reversed(calls), constants=constants)
