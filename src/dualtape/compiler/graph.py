"""The compiler's program: a flat list of primitive calls on numbered values, with a checker and a readable text form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.primitive import Primitive
from ..core.tracing import Instruction, Program

Array = np.ndarray[Any, Any]


Call = Instruction
"""One call of a primitive. Operands and results are numbers of values."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A program without control flow. Values are numbers; each is an input, a constant or the result of one call.

    Attributes:
        avals: Shape and dtype by number (of more values than are used, once passes have run).
        inputs: Values given at each call, in order.
        constants: Values that are the same array at every call. The array is read at each call, not copied.
        calls: In an order in which operands come before their uses.
        outputs: Values given back, in order; one may come twice.
        updates: Pairs (input, value): at the end of the call the value is written into the input's array, after every
            read of it.
    """

    avals: Sequence[Aval]
    inputs: tuple[int, ...]
    constants: dict[int, Array]
    calls: tuple[Call, ...]
    outputs: tuple[int, ...]
    updates: tuple[tuple[int, int], ...] = ()

    def wanted(self) -> tuple[int, ...]:
        """What has to be computed: the outputs and the values of updates."""
        return (*self.outputs, *[value for _, value in self.updates])

    def uses(self) -> dict[int, int]:
        """How often each value is an operand or wanted."""
        found: dict[int, int] = {}
        for c in self.calls:
            for v in c.operands:
                found[v] = found.get(v, 0) + 1
        for v in self.wanted():
            found[v] = found.get(v, 0) + 1
        return found

    def with_calls(self, calls: Iterable[Call], **changes: Any) -> Graph:
        """The same program with other calls (and what else is given)."""
        return replace(self, calls=tuple(calls), **changes)

    def __str__(self) -> str:
        return text(self)


class GraphFault(AssertionError):
    """A pass has broken a graph: a bug in dualtape, never the user's."""


def check(graph: Graph, after: str = "") -> Graph:
    """Return the graph if it is sound.

    Raises:
        GraphFault: A value is used before it is there, made twice, or has not the shape and dtype that its primitive gives.
    """

    def fault(what: str) -> GraphFault:
        return GraphFault(f"{what}{f' after {after}' if after else ''}\n{text(graph)}")

    known = set(graph.inputs) | set(graph.constants)
    if len(known) != len(graph.inputs) + len(graph.constants):
        raise fault("an input is given twice, or is a constant too")
    for c in graph.calls:
        for v in c.operands:
            if v not in known:
                raise fault(f"%{v} is used by {c.primitive.name} before it is there")
        for v in c.results:
            if v in known:
                raise fault(f"%{v} is made twice")
            known.add(v)
        made = c.primitive.aval(*[graph.avals[v] for v in c.operands], **c.params)
        for v, a in zip(c.results, made if c.primitive.outputs != 1 else (made,), strict=True):
            if graph.avals[v] != a:
                raise fault(
                    f"%{v} is said to be {graph.avals[v]}, but {c.primitive.name} gives {a}"
                )
    for v in graph.wanted():
        if v not in known:
            raise fault(f"%{v} is wanted and never made")
    for target, value in graph.updates:
        if target not in graph.inputs:
            raise fault(f"%{target} is updated and is no input")
        if graph.avals[target] != graph.avals[value]:
            raise fault(f"%{target}: {graph.avals[target]} is updated by {graph.avals[value]}")
    return graph


def text(graph: Graph) -> str:
    """The program to be read: a line per input, constant and call."""
    a = graph.avals
    lines = [f"%{v}: {a[v]} = input" for v in graph.inputs]
    lines += [f"%{v}: {a[v]} = constant {brief(x)}" for v, x in graph.constants.items()]
    for c in graph.calls:
        made = ", ".join(f"%{v}: {a[v]}" for v in c.results)
        given = [f"%{v}" for v in c.operands]
        given += [f"{k}={brief(v)}" for k, v in c.params.items()]
        lines.append(f"{made} = {c.primitive.name}({', '.join(given)})")
    lines += [f"update %{t} with %{v}" for t, v in graph.updates]
    lines.append("return " + ", ".join(f"%{v}" for v in graph.outputs))
    return "\n".join(lines)


def brief(x: Any) -> str:
    """A constant or a parameter, shortened."""
    if isinstance(x, np.ndarray):
        return repr(x.item()) if x.size == 1 else f"{x.dtype.name}{list(x.shape)}"
    shown = repr(x)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def program(graph: Graph) -> Program:
    """The calls alone, whose outputs are the graph's, followed by the values of updates, which are not written anywhere."""
    return Program(graph.inputs, graph.constants, graph.calls, graph.wanted())


@dataclass(slots=True)
class Builder:
    """Makes calls for a new program: passes that replace a call by several use it."""

    avals: list[Aval]
    calls: list[Call] = field(default_factory=list)

    def value(self, aval: Aval) -> int:
        """A new value."""
        self.avals.append(aval)
        return len(self.avals) - 1

    def call(self, primitive: Primitive, *operands: int, **params: Any) -> Any:
        """Append a call, and return its result (a tuple of several)."""
        made = primitive.aval(*[self.avals[v] for v in operands], **params)
        several = primitive.outputs != 1
        results = tuple([self.value(a) for a in (made if several else (made,))])
        self.calls.append(Call(primitive, operands, params, results))
        return results if several else results[0]
