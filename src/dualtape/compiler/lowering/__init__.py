"""From a graph to LLVM IR.

build.py        calls become nodes: views dissolve (views.py), composites are expanded (expand*.py), elementwise
                ones get a rule (scalars/), the rest are routines (routines.py) or are called by NumPy
fusion.py       nodes become clusters that share a loop nest; rowblocks.py takes some apart again
schedule.py     a cluster becomes loops, lanes and sweeps
program.py      the order of everything, and where arrays live (arena.py)
division.py     which kernels are divided among threads, and into which chunks
emission.py     the text; kernel.py, records.py, ahead.py, partials.py and values.py write a cluster, team.py what threads share
products.py     which way a product of matrices goes; product.py writes it, packed.py calls the library;
                epilogue.py has maps follow tiles of it
routine.py      functions of the module with loops of their own: scans.py, sorting.py, selection.py, searching.py, sparse.py
                (resampling, folding), places.py, meeting.py; matrices.py and its neighbours call LAPACK (lapack.py)
halves.py       half precision in single; capsules.py finds what SciPy lends
lowered.py      what the rest of the compiler is given
"""

from __future__ import annotations

from ...core.aval import Aval
from ..graph import Graph
from .lowered import Lowered, Slots
from .program import Program

__all__ = ["Lowered", "Slots", "lower"]


def lower(graph: Graph, threaded: bool = True) -> Lowered:
    """Arrange a graph as kernels and calls.

    Args:
        graph: Sound, of static shapes.
        threaded: Whether kernels are divided among threads where it pays.

    Returns:
        What there is to know; the code's text is written when asked for.
    """
    program = Program(graph, threaded)
    b = program.build
    slots = Slots(
        len(graph.inputs),
        tuple(b.constants),
        tuple([Aval(graph.avals[v].shape, graph.avals[v].dtype) for v in graph.outputs]),
        program.arena,
        bool(b.callbacks),
    )
    return Lowered(graph, program, slots)
