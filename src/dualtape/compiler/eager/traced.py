"""A primitive or a rule as a graph on arrays of given shapes, from its declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.tracing import Instruction, tracing
from ...ops.shape import broadcast_to_p
from ..graph import Graph


class Unsuitable(Exception):
    """NumPy does it as well, or has to; the message says why."""


class Trivial(Unsuitable):
    """NumPy does it as well, whatever the operands are."""


def traced(f: Callable[..., Sequence[Any]], avals: Sequence[Aval]) -> Graph:
    """The program that `f` is.

    Args:
        f: Maps values to a list of values, by primitives; numbers may come from elsewhere, arrays may not.
        avals: Shape and dtype of each operand.

    Raises:
        Unsuitable: `f` gives back an operand, or what does not depend on any, or has arrays of its own.
    """
    with tracing() as t:
        inputs = [t.variable(a) for a in avals]
        results = f(*inputs)
        numbers = tuple([t.number(r) for r in results])
    given = tuple([v.number for v in inputs])
    known = list(t._avals)
    if set(numbers) & (set(given) | set(t.constants)) or len(set(numbers)) < len(numbers):
        raise Trivial("a result is an operand, a constant or another result")
    constants: dict[int, Any] = {}
    spread = []
    for v, x in t.constants.items():
        array = np.asarray(x)
        first = array.reshape(-1)[:1]
        if not array.size or (array != first).any() or array.dtype != known[v].dtype:
            raise Unsuitable(f"it has an array {known[v]} of its own")
        if not array.shape:
            constants[v] = array[()]
            continue
        known.append(Aval((), array.dtype))
        constants[len(known) - 1] = first[0]
        params = {"shape": array.shape}
        spread.append(Instruction(broadcast_to_p, (len(known) - 1,), params, (v,)))
    return Graph(known, given, constants, (*spread, *t.instructions), numbers)
