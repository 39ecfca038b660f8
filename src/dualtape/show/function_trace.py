"""What a function did when it ran once, operation by operation, and what its backward pass did: for `trace_table`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core import modes
from ..core.aval import Aval
from ..core.forward import pushforward
from ..core.graph import LEAF
from ..core.tensor import Tensor
from . import mathematics as m
from .formulas import Expr, operand_names, traced
from .mathematics import Term
from .snapshots import same_bits


class Ran(NamedTuple):
    """An operation: its operands and result with the numbers that they had."""

    primitive: Any
    operands: tuple[int | None, ...]
    values: tuple[Any, ...]
    results: tuple[int, ...]
    outs: tuple[Any, ...]
    params: dict[str, Any]


class Trace:
    """What a function did, and what its backward pass did.

    Attributes:
        ran: The operations.
        values: Of each v, inputs first.
        names: Its term.
        nodes: The v's of inputs and recorded operations, by the node.
        known: Those of the others, by the identity of the tensor.
        began: The clock when the function was called.
        cotangents: What arrived at each v.
        steps: (v, contributions (operand's number, its v, what was added)) of the backward pass, in its order.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.ran: list[Ran] = []
        self.values: list[Any] = []
        self.names: list[Term] = []
        self.began = 0
        self.known: dict[int, int] = {}
        self.held: list[Tensor] = []  # so that no identity is used again
        self.nodes: dict[Any, int] = {}
        self.made_by: dict[int, Ran] = {}
        self.cotangents: dict[int, Any] = {}
        self.steps: list[tuple[int, list[tuple[int, int, Any]]]] = []

    def name(self, t: Tensor) -> int:
        """Give a tensor the next v."""
        at = len(self.values)
        self.known[id(t)] = at
        self.held.append(t)
        self.values.append(copied(t.value))
        self.names.append(subscripted("v", at - self.inputs + 1))
        edge = t.current_edge()
        if edge is not None:
            self.nodes.setdefault(edge.node, at)
        return at

    def found(self, t: Tensor) -> int | None:
        """The v that a tensor is now; None for a constant.

        By its history: a write in place gives the same tensor another one.

        Raises:
            ValueError: It depends on operations that were not seen.
        """
        edge = t.current_edge()
        if edge is None:
            at = self.known.get(id(t))
            return at if at is None or same_bits(self.values[at], t.value) else None
        at = self.nodes.get(edge.node)
        if at is None and edge.node.kind != LEAF and edge.node.order < self.began:
            raise ValueError(
                f"trace_table: {edge.node.name()} (a write to a part of an array, or a function with a rule of its own) has no "
                "line in the table; `dualtape explain` shows it"
            )
        return at

    def start(self, variables: Sequence[Tensor]) -> None:
        """Name the inputs."""
        for t in variables:
            self.name(t)
        self.began = modes.next_order()

    def see(self, primitive: Any, operands: Any, params: Any, results: Any) -> None:
        """Note an operation; for `observing`."""
        at = tuple([self.found(t) for t in operands])
        values = tuple([copied(t.value) for t in operands])
        made = tuple([self.name(t) for t in results])
        ran = Ran(primitive, at, values, made, tuple([self.values[k] for k in made]), params)
        self.ran.append(ran)
        self.made_by.update(dict.fromkeys(made, ran))

    # For `observing_passes`.

    def begun(self, work: Any) -> None:
        """See `PassObserver`."""

    def stepped(self, work: Any, node: Any, ct: Any, edges: Any, grads: list[Any]) -> None:
        """See `PassObserver`."""
        at = self.nodes.get(node)
        if at is None or isinstance(ct, tuple):
            if at is not None:
                raise several(self.made_by[at].primitive.name)
            return
        self.cotangents[at] = copied(ct)
        parts = []
        for i, (edge, g) in enumerate(zip(edges, grads, strict=True)):
            to = None if edge is None or g is None else self.nodes.get(edge.node)
            if to is not None:
                parts.append((i, to, copied(g)))
        self.steps.append((at, parts))

    def ended(self, work: Any, captures: Any) -> None:
        """See `PassObserver`."""

    def kept(self, work: Any) -> None:
        """See `PassObserver`."""


def several(name: str) -> ValueError:
    """The error for an operation with several results."""
    return ValueError(
        f"trace_table: {name} has several results, for which the table has no form; `dualtape explain` shows them"
    )


def directions(trace: Trace, tangents: Sequence[Any] | None) -> list[Any]:
    """The tangent of each v, None for one that does not depend on the inputs."""
    if tangents is None:
        dots: list[Any] = [
            np.full_like(v, 1 if i == 0 else 0) for i, v in enumerate(trace.values[: trace.inputs])
        ]
    elif len(tangents) != trace.inputs:
        raise ValueError(f"trace_table: {len(tangents)} tangents for {trace.inputs} arguments")
    else:
        dots = [
            np.broadcast_to(np.asarray(plain(t), np.asarray(v).dtype), np.shape(v))
            for t, v in zip(tangents, trace.values, strict=False)
        ]
    dots += [None] * (len(trace.values) - len(dots))
    for ran in trace.ran:
        given = [None if k is None else dots[k] for k in ran.operands]
        if ran.primitive.kind != "constant" and any(d is not None for d in given):
            (k,) = ran.results
            (dots[k],) = pushforward(
                ran.primitive, list(ran.values), given, ran.outs[0], ran.params
            )
    return dots


def reduced(g: Any, shape: tuple[int, ...]) -> Any:
    """A contribution summed over the axes along which its operand was broadcast."""
    g = np.asarray(g)
    lead = g.ndim - len(shape)
    axes = (
        *range(lead),
        *[i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1],
    )
    g = g.sum(axes, keepdims=True) if axes else g
    return np.broadcast_to(g.reshape(g.shape[lead:] if lead > 0 else g.shape), shape)


def expression(ran: Ran, number: int) -> Expr | None:
    """The rule of an operand as an expression of "ct", "out" and operands' numbers."""
    out = ran.outs[0]
    shots = [np.asarray(v) for v in ran.values]
    if len(operand_names(ran.primitive, len(shots))) != len(shots):
        return None
    return traced(
        ran.primitive, number, shots, Aval(np.shape(out), np.asarray(out).dtype), ran.params
    )


def plain(x: Any) -> Any:
    """The value of a tensor."""
    return x.value if isinstance(x, Tensor) else x


def copied(value: Any) -> Any:
    """An array as it is now."""
    return np.array(plain(value))


def subscripted(letter: str, number: int) -> Term:
    """v_3."""
    mathml = f"<msub><mi>{letter}</mi><mn>{number}</mn></msub>"
    return Term(m.ATOM, mathml, f"{letter}_{{{number}}}", letter + m.lowered(number))


__all__ = ["Ran", "Trace"]
