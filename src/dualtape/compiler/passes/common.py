"""Calls that compute what has been computed before."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Call, Graph


def common(graph: Graph) -> Graph:
    """Compute each thing once: the same primitive of the same operands with the same parameters."""
    stands_for = equal_constants(graph)
    known: dict[Any, tuple[int, ...]] = {}
    calls = []
    for c in graph.calls:
        operands = tuple([stands_for.get(v, v) for v in c.operands])
        key = (id(c.primitive), operands, frozen(c.params) if c.params else ())
        before = known.get(key)
        if before is None:
            known[key] = c.results
            calls.append(Call(c.primitive, operands, c.params, c.results))
        else:
            stands_for.update(zip(c.results, before, strict=True))
    constants = {n: v for n, v in graph.constants.items() if n not in stands_for}
    return replaced(graph.with_calls(calls, constants=constants), stands_for)


LARGEST = 1 << 16
"""Constants of more bytes are not compared."""


def equal_constants(graph: Graph) -> dict[int, int]:
    """Constants with the numbers of another one, both of which nobody can write to: which stands for which."""
    found: dict[Any, int] = {}
    stands_for: dict[int, int] = {}
    for n, v in graph.constants.items():
        if not v.flags.writeable and v.nbytes <= LARGEST and v.dtype != object:
            first = found.setdefault((v.dtype.str, v.shape, v.tobytes()), n)
            if first != n:
                stands_for[n] = first
    return stands_for


def replaced(graph: Graph, stands_for: dict[int, int]) -> Graph:
    """The graph with other values for some of those that are wanted."""
    if not stands_for:
        return graph
    return graph.with_calls(
        graph.calls,
        outputs=tuple([stands_for.get(v, v) for v in graph.outputs]),
        updates=tuple([(t, stands_for.get(v, v)) for t, v in graph.updates]),
    )


def frozen(x: Any) -> Any:
    """Static parameters as something that compares by value (an object of no known kind by identity)."""
    if isinstance(x, dict):
        return tuple([(k, frozen(v)) for k, v in sorted(x.items())])
    if isinstance(x, (list, tuple)):
        return (type(x).__name__, *[frozen(v) for v in x])
    if isinstance(x, slice):
        return ("slice", frozen(x.start), frozen(x.stop), frozen(x.step))
    if isinstance(x, (np.ndarray, np.generic)):
        return ("array", x.dtype.str, x.shape, x.tobytes()) if x.dtype != object else id(x)
    if isinstance(x, float):
        return (float, x.hex())  # 0.0 and -0.0 are equal, and NaN is not
    if isinstance(x, (int, complex, str, bytes, bool, type(None), np.dtype)):
        return (type(x), x)
    return (type(x), id(x))
