"""The backward pass of a compiled function: a second graph, traced with the first, and the node that runs it.

What the backward graph needs of the forward one becomes outputs of it (residuals); arguments and parameters are not
copied, their versions are looked at instead, as for any recorded operation. Where the backward pass is itself
recorded (create_graph), the forward graph is run again by its primitives on tensors, and that recording is
differentiated: derivatives of any order, at the eager price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import modes
from ..core.backward import gradients
from ..core.callsite import caller
from ..core.errors import GraphError
from ..core.graph import (
    Freed,
    Identity,
    Node,
    Output,
    SavedOutput,
    Version,
    check_residuals,
    new_node,
)
from ..core.tensor import Tensor, wrap
from .capture import Capture
from .graph import Array, Graph, run

Run = Callable[[Sequence[Array]], list[Any]]


@dataclass(slots=True)
class Derivative:
    """How the differentiable results of a program lead back to its inputs.

    Attributes:
        forward: The program's graph without residuals, for recorded backward passes.
        backward: From residuals and cotangents to the inputs' cotangents.
        residuals: For each of the backward graph's first inputs (kind, number): "input", or "output" of the forward run.
        roots: Which outputs are differentiable, in the order of the cotangents.
        wanted: The inputs whose cotangents the backward graph gives, in order.
        run: Runs `backward`.
    """

    forward: Graph
    backward: Graph
    residuals: tuple[tuple[str, int], ...]
    roots: tuple[int, ...]
    wanted: tuple[int, ...]
    run: Run | None = None


def traced(
    capture: Capture, roots: Sequence[tuple[int, Any]], sources: Sequence[tuple[int, Any]]
) -> tuple[list[int], dict[int, int]] | None:
    """Trace the backward pass, in the capture; None if the graph has been used up inside the function.

    Args:
        capture: Still open.
        roots: (value, edge) of the differentiable outputs.
        sources: (input, edge) of what they may depend on.

    Returns:
        The values that stand for the cotangents of the roots, and the cotangent's value by input.
    """
    cts = [capture.variable(capture.avals[value]) for value, _ in roots]
    try:
        found = gradients(
            [(edge, ct) for (_, edge), ct in zip(roots, cts, strict=True)], [e for _, e in sources], retain_graph=True
        )  # fmt: skip
    except GraphError:
        return None
    return [c.number for c in cts], {
        n: capture.number(g) for (n, _), g in zip(sources, found, strict=True) if g is not None
    }


def split(
    graph: Graph, ahead: int, cts: Sequence[int], grads: dict[int, int], roots: Sequence[int]
) -> tuple[Graph, Derivative]:
    """Take a graph apart into the forward graph, with residuals as its last outputs, and the backward one.

    Args:
        graph: Both passes, with the outputs and updates of the forward one.
        ahead: How many of its calls are the forward pass's.
        cts: The values that stand for cotangents.
        grads: The cotangent's value by input.
        roots: Positions of the differentiable outputs.
    """
    later = graph.calls[ahead:]
    made = {v for c in later for v in c.results} | set(cts)
    used = {v for c in later for v in c.operands} | set(grads.values())
    needed = sorted(v for v in used - made if v not in graph.constants)
    updated = {t for t, _ in graph.updates}
    outputs = list(graph.outputs)
    residuals = []
    for v in needed:
        if v in graph.inputs and v not in updated:
            residuals.append(("input", graph.inputs.index(v)))
        else:
            residuals.append(("output", len(outputs)))
            outputs.append(v)
    first = Graph(
        graph.avals,
        graph.inputs,
        graph.constants,
        graph.calls[:ahead],
        graph.outputs,
        graph.updates,
    )
    second = Graph(graph.avals, (*needed, *cts), graph.constants, later, tuple(grads.values()))
    places = tuple(graph.inputs.index(n) for n in grads)
    whole = Graph(
        graph.avals,
        graph.inputs,
        graph.constants,
        graph.calls[:ahead],
        tuple(outputs),
        graph.updates,
    )
    return whole, Derivative(first, second, tuple(residuals), tuple(roots), places)


class CompiledBackward(Node):
    """One call of a compiled function, recorded. `owners` are its residuals, `given` all its inputs.

    Without a derivative it stands for operations whose backward pass was run inside the function.
    """

    __slots__ = ("derivative", "given", "output_avals")

    derivative: Derivative
    given: tuple[Any, ...]

    @property
    def differentiable(self) -> tuple[int, ...]:
        """The numbers of its outputs."""
        return (0,) if self.output_avals is None else tuple(range(len(self.output_avals)))

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        check_residuals(self)
        cts = ct if self.output_avals is not None else (ct,)
        if graph or any(not isinstance(c, (np.ndarray, np.generic)) for c in cts):
            return self.recorded(cts, edges, graph)
        d = self.derivative
        assert d.run is not None
        arrays = [np.asarray(o.value) for o in self.owners]
        found = d.run([*arrays, *[np.asarray(c) for c in cts]])
        return [None if e is None else g for e, g in zip(edges, found, strict=True)]

    def recorded(self, cts: Sequence[Any], edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """The same by primitives, on tensors: differentiable once more."""
        d = self.derivative
        entries: dict[int, Any] = {}
        given = []
        for i, x in enumerate(self.given):
            value = x.value if isinstance(x, (Tensor, SavedOutput)) else x
            edge = self.inputs[d.wanted.index(i)] if i in d.wanted else None
            if edge is not None:
                entries[i] = edge = new_node(
                    Identity, (edge,), tuple(value.shape), value.dtype, self.site
                )
            given.append(wrap(Tensor, value, edge))
        with modes.switched(off=modes.NO_GRAD):
            outs = run(d.forward, given)
            roots = []
            for n, ct in zip(d.roots, cts, strict=True):
                edge = outs[n].current_edge()
                if edge is not None:
                    roots.append((edge, ct))
            found = gradients(
                roots, [entries[i] for i in d.wanted], create_graph=graph, retain_graph=True
            )
        return [
            None if e is None else np.zeros(e.shape, e.dtype) if g is None else g
            for e, g in zip(edges, found, strict=True)
        ]


def joined(
    d: Derivative, inputs: Sequence[Any], arrays: Sequence[Array], outputs: Sequence[Any]
) -> dict[int, Any]:
    """Record one call: the edges of its differentiable outputs, by their positions.

    Args:
        d: The program's.
        inputs: What the call's inputs were read from: tensors, or None.
        arrays: What was read.
        outputs: Of the forward run, residuals included.
    """
    edges = tuple([inputs[i].current_edge() for i in d.wanted])
    avals = [(outputs[n].shape, outputs[n].dtype) for n in d.roots]
    node = new_node(CompiledBackward, edges, avals[0][0], avals[0][1], caller(4))
    node.derivative = d
    node.given = tuple([a if x is None else x for x, a in zip(inputs, arrays, strict=True)])
    node.owners = tuple(
        [
            held(inputs[n], arrays[n]) if kind == "input" else SavedOutput(outputs[n], Version())
            for kind, n in d.residuals
        ]
    )
    if len(d.roots) == 1:
        node.output_avals = None
        return {d.roots[0]: node}
    node.output_avals = tuple(avals)
    return {n: Output(node, i, *avals[i]) for i, n in enumerate(d.roots)}


def held(x: Any, array: Array) -> Any:
    """An input as a residual: the tensor itself, whose version tells of writes; else the array."""
    return SavedOutput(array, Version()) if x is None else x


def spent(edge: Any) -> Node:
    """The edge of a result whose graph was used up inside the function: a backward pass from it is the second one."""
    node = edge.node
    made: Node = new_node(CompiledBackward, (), tuple(edge.shape), edge.dtype, node.site)
    made.owners = Freed(node.site)
    made.output_avals = None
    return made
