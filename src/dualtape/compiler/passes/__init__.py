"""What is done to a graph before it is lowered: a list of passes, graph in, graph out."""

from __future__ import annotations

from ..graph import Graph, check
from .algebra import algebra
from .common import common
from .dead import dead
from .folding import folded
from .rolling import rolled

PASSES = (dead, folded, common, algebra, common, dead, rolled, dead)

checked = False
"""Whether every pass's result is checked; the tests switch it on."""


def simplified(graph: Graph) -> Graph:
    """The graph after all passes."""
    for p in PASSES:
        graph = p(graph)
        if checked:
            check(graph, p.__name__)
    return graph
