"""The backward pass of a compiled function: a second graph, traced with the first, and the node that runs it.

What the backward graph needs of the forward one becomes outputs of it (residuals); arguments and parameters are not
copied, their versions are looked at instead, as for any recorded operation. Where the backward pass is itself
recorded (create_graph), the forward graph is run again by its primitives on tensors, and that recording is
differentiated: derivatives of any order, at the eager price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import modes
from ..core.backward import gradients
from ..core.callsite import caller
from ..core.graph import LEAF, Identity, Node, Output, new_node
from ..core.residuals import Freed, SavedOutput, as_saved, check_residuals
from ..core.tensor import Tensor, wrap
from ..core.versions import Version
from .capture import Capture
from .graph import Graph, program
from .interpreter import Executable
from .passes.dead import dead


@dataclass(slots=True)
class Derivative:
    """How the differentiable results of a program lead back to its inputs, all by their positions.

    Attributes:
        forward: From the inputs that the roots depend on, `reads`, to the roots: for recorded backward passes.
        reads: Those inputs, in order.
        copied: Which of `reads` the program overwrites itself, so that they are copied first.
        backward: From residuals and cotangents to the inputs' cotangents.
        residuals: For each of the backward graph's first inputs (kind, position): "input", or "output" of the forward run.
        roots: Which outputs are differentiable, in the order of the cotangents.
        wanted: The inputs whose cotangents the backward graph gives, in order.
        run: Runs `backward`.
    """

    forward: Graph
    reads: tuple[int, ...]
    copied: tuple[int, ...]
    backward: Graph
    residuals: tuple[tuple[str, int], ...]
    roots: tuple[int, ...]
    wanted: tuple[int, ...]
    run: Executable | None = None


def is_used_up(edge: Any) -> bool:
    """Whether a backward pass has freed what the pass from `edge` would need."""
    return any(isinstance(node.owners, Freed) for node in nodes_from([edge]))


def nodes_from(edges: Iterable[Any]) -> Iterator[Node]:
    """All nodes of the graphs that edges lead to, those of views' bases included."""
    seen: set[Any] = set()
    stack = [e.node for e in edges]
    while stack:
        node = stack.pop()
        if node in seen or node.kind == LEAF:
            continue
        seen.add(node)
        yield node
        stack.extend([e.node for e in node.inputs if e is not None])
        for o in node.owners if isinstance(node.owners, tuple) else ():
            view = getattr(o, "view_of", None)
            if view is not None and view.base.edge is not None:
                stack.append(view.base.edge.node)


def traced(
    capture: Capture, roots: Sequence[tuple[int, Any]], sources: Sequence[tuple[int, Any]]
) -> tuple[list[int], dict[int, int]]:
    """Trace the backward pass, in the capture.

    Args:
        capture: Still open.
        roots: (value, edge) of the differentiable outputs.
        sources: (input, edge) of what they may depend on.

    Returns:
        The values that stand for the cotangents of the roots, and the cotangent's value by input.
    """
    cts = [capture.variable(capture.avals[value]) for value, _ in roots]
    hooks = [(e, e.hooks) for _, e in sources if e.kind == LEAF]
    for leaf, _ in hooks:
        leaf.hooks = (
            None  # they run when the gradient arrives at the leaf, which is after the compiled pass
        )
    try:
        found = gradients(
            [(edge, ct) for (_, edge), ct in zip(roots, cts, strict=True)], [e for _, e in sources], retain_graph=True
        )  # fmt: skip
    finally:
        for leaf, before in hooks:
            leaf.hooks = before
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
    place = {v: i for i, v in enumerate(graph.inputs)}
    outputs = list(graph.outputs)
    residuals = []
    for v in needed:
        if v in place and v not in updated:
            residuals.append(("input", place[v]))
        else:
            residuals.append(("output", len(outputs)))
            outputs.append(v)
    first = graph.calls[:ahead]
    forward = dead(
        graph.with_calls(first, outputs=tuple([graph.outputs[n] for n in roots]), updates=())
    )
    reads = tuple([v for v in graph.inputs if v in forward.uses()])
    return graph.with_calls(first, outputs=tuple(outputs)), Derivative(
        forward.with_calls(forward.calls, inputs=reads),
        tuple([place[v] for v in reads]),
        tuple([place[v] for v in reads if v in updated]),
        graph.with_calls(later, inputs=(*needed, *cts), outputs=tuple(grads.values()), updates=()),
        tuple(residuals),
        tuple(roots),
        tuple([place[n] for n in grads]),
    )


class CompiledBackward(Node):
    """One call of a compiled function, recorded. `owners` are its residuals, `given` what `Derivative.reads` says.

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
        owners = check_residuals(self)
        cts = ct if self.output_avals is not None else (ct,)
        if graph or any(not isinstance(c, (np.ndarray, np.generic)) for c in cts):
            return self.recorded(cts, edges, graph)
        d = self.derivative
        assert d.run is not None
        found = d.run([np.asarray(x) for x in (*[o.value for o in owners], *cts)])
        return [None if e is None else g for e, g in zip(edges, found, strict=True)]

    def recorded(self, cts: Sequence[Any], edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """The same by primitives, on tensors: differentiable once more."""
        d = self.derivative
        outside = dict(zip(d.wanted, self.inputs, strict=True))
        entries: dict[int, Any] = {}
        given = []
        for number, (i, x) in enumerate(zip(d.reads, self.given, strict=True)):
            value = as_saved(self, number, x).value
            edge = outside.get(i)
            if edge is not None:
                shape = tuple(value.shape)
                entries[i] = edge = new_node(Identity, (edge,), shape, value.dtype, self.site)
            given.append(wrap(Tensor, value, edge))
        with modes.switched(off=modes.NO_GRAD):
            outs = program(d.forward)(*given)
            roots = [
                (edge, ct)
                for out, ct in zip(outs, cts, strict=True)
                if (edge := out.current_edge()) is not None
            ]
            wanted = [entries[i] for i in d.wanted]
            found = gradients(roots, wanted, create_graph=graph, retain_graph=True)
        return [
            None if e is None else np.zeros(e.shape, e.dtype) if g is None else g
            for e, g in zip(edges, found, strict=True)
        ]


UNWRITTEN = Version()
"""The version of what a program made for its backward pass alone."""


def joined(
    d: Derivative, inputs: Sequence[Any], copies: dict[int, Any], outputs: Sequence[Any], depth: int = 4,
    edges: tuple[Any, ...] | None = None,
) -> dict[int, Any]:  # fmt: skip
    """Record one call: the edges of its differentiable outputs, by their positions.

    Args:
        d: The program's.
        inputs: What holds the call's inputs: tensors, or `SavedOutput`s.
        copies: By position, what holds those of `d.copied` as they were.
        outputs: Of the forward run, residuals included.
        depth: How many frames up the user's may be.
        edges: Where the wanted inputs' cotangents go, if that is known.
    """
    if edges is None:
        edges = tuple([inputs[i].current_edge() for i in d.wanted])
    first = outputs[d.roots[0]]
    node = new_node(CompiledBackward, edges, first.shape, first.dtype, caller(depth))
    node.derivative = d
    node.given = tuple(
        [copies.get(i, inputs[i]) for i in d.reads] if copies else [inputs[i] for i in d.reads]
    )
    node.owners = tuple([
        inputs[n] if kind == "input" else SavedOutput(outputs[n], UNWRITTEN) for kind, n in d.residuals
    ])  # fmt: skip
    if len(d.roots) == 1:
        node.output_avals = None
        return {d.roots[0]: node}
    avals = node.output_avals = tuple([(outputs[n].shape, outputs[n].dtype) for n in d.roots])
    return {n: Output(node, i, *avals[i]) for i, n in enumerate(d.roots)}


def spent(edge: Any) -> Node:
    """The edge of a result whose graph was used up inside the function: a backward pass from it is the second one."""
    node = edge.node
    made: Node = new_node(CompiledBackward, (), tuple(edge.shape), edge.dtype, node.site)
    made.owners = Freed(node.site)
    made.output_avals = None
    return made
