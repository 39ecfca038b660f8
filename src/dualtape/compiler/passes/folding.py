"""Calls of constants only: computed now; and constants that repeat one number: that number, spread out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.shape import broadcast_to_p
from ..graph import Array, Builder, Call, Graph

LARGEST = 1 << 16
"""Results of more bytes are computed at each call: a fill costs less than reading the memory."""


def folded(graph: Graph) -> Graph:
    """Compute what depends on nothing that changes: constants that nobody can write to."""
    fixed = {n: v for n, v in graph.constants.items() if not v.flags.writeable}
    if not fixed and all(c.operands for c in graph.calls):
        return graph
    constants = dict(graph.constants)
    builder = Builder(list(graph.avals))
    spread: dict[int, tuple[int, ...]] = {}

    def settle(v: int, x: Any) -> None:
        x = np.array(x)
        x.flags.writeable = False
        one = repeated(x)
        if one is None:
            fixed[v] = constants[v] = x
            return
        constants.pop(v, None)
        fixed.pop(v, None)
        n = builder.value(graph.avals[v]._replace(shape=()))
        constants[n] = one
        spread[v] = tuple(x.shape)
        builder.calls.append(Call(broadcast_to_p, (n,), {"shape": tuple(x.shape)}, (v,)))

    for v, x in list(fixed.items()):
        if x.ndim:
            settle(v, x)
    for c in graph.calls:
        size = sum([graph.avals[v].size * graph.avals[v].dtype.itemsize for v in c.results])
        known = all([v in fixed or v in spread for v in c.operands])  # noqa: C419
        if size > LARGEST or not known or c.primitive is broadcast_to_p:
            builder.calls.append(c)
            continue
        operands = [value_of(v, fixed, spread, constants, builder) for v in c.operands]
        with np.errstate(all="ignore"):
            out = c.primitive.eval(*operands, **c.params)
        for v, x in zip(c.results, out if c.primitive.outputs != 1 else (out,), strict=True):
            settle(v, x)
    return graph.with_calls(builder.calls, constants=constants, avals=builder.avals)


def value_of(
    v: int,
    fixed: dict[int, Array],
    spread: dict[int, tuple[int, ...]],
    constants: dict[int, Array],
    builder: Builder,
) -> Any:
    """The array of a value that is known."""
    if v in fixed:
        return fixed[v]
    call = next(c for c in builder.calls if v in c.results)
    return np.broadcast_to(constants[call.operands[0]], spread[v])


def repeated(x: Array) -> Array | None:
    """The number that an array consists of, as an array without axes; None if there are several, or few elements."""
    if x.size < 2 or x.dtype.kind not in "fiub":
        return None
    first = x.reshape(-1)[:1]
    if x.nbytes > x.itemsize and not all(
        s == 0 or n == 1 for s, n in zip(x.strides, x.shape, strict=True)
    ):
        bits = np.ascontiguousarray(x).reshape(-1).view(f"u{x.itemsize}")
        if (bits != bits[0]).any():
            return None
    one = np.array(first[0], x.dtype)
    one.flags.writeable = False
    return one
