"""From a graph's calls to nodes: views dissolve, composite primitives are expanded, what has no lowering is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...core.tracing import Program, trace
from ...ops.complex import cast_p
from ...ops.views import clone_p
from ..graph import Call, Graph
from . import halves, scalars
from .checks import divisor
from .expand import EXPANSIONS
from .expansion import Unexpanded
from .nodes import CONSTANT, INPUT, IOTA, LITERAL, MAP, Node, Nodes, Ref, Shape, frozen
from .reductions import lower_reduction
from .routines import ROUTINES
from .scalars.rules import Rule
from .structured import Inside, structured
from .views import VIEWS, VIEWS_OF_SEVERAL, reshaped

COPY = Rule(lambda out, ins, x: x, "", "own", ())


class Callback(NamedTuple):
    """A call that NumPy runs: the primitive on arrays, its results written into memory of their own."""

    primitive: Primitive
    params: dict[str, Any]
    operands: tuple[Ref, ...]
    results: tuple[Node, ...]


class Written(NamedTuple):
    """A node whose array goes to a place given from outside: number of an output, or of an input that is updated."""

    node: Node
    place: int


class Build:
    """A graph's nodes.

    Attributes:
        nodes: All of them.
        outputs, updates: What is written where.
        callbacks: In order.
    """

    def __init__(self, graph: Graph) -> None:
        self.nodes = Nodes()
        self.callbacks: list[Callback | Inside] = []
        self.expansions: dict[Any, Program | None] = {}
        self.constants: list[int] = []
        self.known: dict[Any, list[Ref]] = {}
        env: dict[int, Ref] = {}
        for k, v in enumerate(graph.inputs):
            a = graph.avals[v]
            env[v] = self.nodes.given(INPUT, a.shape, a.dtype, k).ref()
        for v, x in graph.constants.items():
            env[v] = self._constant(v, x, graph.avals[v], len(graph.inputs))
        for c in graph.calls:
            self._call(c, env, graph.avals)
        claimed: set[Node] = set()
        self.outputs = [
            Written(self._owned(env[v], claimed), k) for k, v in enumerate(graph.outputs)
        ]
        where = {v: k for k, v in enumerate(graph.inputs)}
        values = [env[v] for _, v in graph.updates]
        # An input's new value may be another input, which is to be overwritten too.
        values = [self._copied(x).ref() if x.node.kind == INPUT else x for x in values]
        self.updates = [
            Written(self._copied(x), where[t])
            for x, (t, _) in zip(values, graph.updates, strict=True)
        ]

    def _constant(self, v: int, x: Any, aval: Aval, inputs: int) -> Ref:
        """A number of its own if nobody can change it, else memory."""
        if not isinstance(x, np.ndarray) and not aval.shape and scalars.supported(aval.dtype):
            return self.nodes.literal(x, aval.dtype)
        self.constants.append(v)
        return self.nodes.given(
            CONSTANT, aval.shape, aval.dtype, inputs + len(self.constants) - 1
        ).ref()

    def _owned(self, x: Ref, claimed: set[Node]) -> Node:
        """The node of an output: its own, computed straight into place, or a copy."""
        n = x.node
        if x.whole and n not in claimed and n.kind not in (INPUT, CONSTANT) and n.name:
            claimed.add(n)
            return n
        return self._copied(x)

    def _copied(self, x: Ref) -> Node:
        if not movable(x.dtype):
            return self._callback(clone_p, [x], [Aval(x.shape, x.dtype)], {"contiguous": True})[
                0
            ].node
        node = Node(MAP, x.shape, x.dtype, (x,), COPY, name="copy")
        return self.nodes.add(node)

    def part(self, x: Ref, place: Ref, after: tuple[Node, ...]) -> Node:
        """A copy that goes to a part of an array, after what has been written there before."""
        node = Node(MAP, x.shape, x.dtype, (x,), COPY, name="copy", into=place, after=after)
        return self.nodes.add(node)

    def materialized(self, x: Ref) -> Ref:
        """The same elements in row-major memory."""
        if not x.whole and not movable(x.dtype):
            return self._copied(x).ref()
        if x.whole and x.node.kind not in (LITERAL, IOTA):
            return x
        return self.nodes.map(COPY, (x,), x.shape, x.dtype, "copy")

    def reshape(self, x: Ref, shape: Shape) -> Ref:
        """Another shape, by a copy where strides cannot say it."""
        out = reshaped(x, shape)
        if out is None:
            out = reshaped(self.materialized(x), shape)
        assert out is not None
        return out

    def _call(self, c: Call, env: dict[int, Ref], avals: Any) -> None:
        xs = [env[v] for v in c.operands]
        outs = [Aval(avals[v].shape, avals[v].dtype) for v in c.results]
        results = self.lowered(c.primitive, xs, outs, c.params)
        env.update(zip(c.results, results, strict=True))

    def lowered(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref]:
        """The results of a call."""
        key = (p, tuple(xs), frozen(params) if params else "")
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._lowered(p, xs, outs, params)
        return found

    def _lowered(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref]:
        for how in (
            self._view, self._halves, self._map, self._reduction, self._expansion, self._routine
        ):  # fmt: skip
            found = how(p, xs, outs, params)
            if found is not None:
                return found
        return self._callback(p, xs, outs, params)

    def _view(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        several = VIEWS_OF_SEVERAL.get(p.eval)
        if several is not None:
            return several(xs[0], **params)
        view = VIEWS.get(p)
        if view is None:
            return None
        out = view(xs[0], **params)
        return [self.reshape(xs[0], outs[0].shape) if out is None else out]

    def _halves(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        return halves.lowered(self, p, xs, outs, params)

    def _map(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        if len(outs) != 1:
            return None
        rule = scalars.find(p, tuple([x.dtype for x in xs]), outs[0].dtype, params)
        if rule is None:
            return None
        shape, dtype = outs[0]
        if len(xs) == 2:
            xs = [xs[0], divisor(self, p, xs, params)]
        return [self.nodes.map(rule, tuple(xs), shape, dtype, p.name, params)]

    def _reduction(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        if len(xs) != 1 or len(outs) != 1:
            return None
        out = lower_reduction(p, self.nodes, xs[0], outs[0], params)
        return None if out is None else [out]

    def _expansion(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        f = EXPANSIONS.get(p)
        if f is None or not all(scalars.supported(x.dtype) for x in xs):
            return None
        program = self._expanded(f, p, [Aval(x.shape, x.dtype) for x in xs], params)
        return None if program is None else self.run(program, xs)

    def _expanded(
        self, f: Callable[..., Any], p: Primitive, avals: list[Aval], params: dict[str, Any]
    ) -> Program | None:
        key = (p, tuple(avals), frozen(params))
        if key not in self.expansions:
            several = p.outputs != 1

            def run(*xs: Any) -> Any:
                out = f(*xs, **params)
                return out if several or out is None else [out]

            try:
                self.expansions[key] = trace(run, *avals)
            except Unexpanded:
                self.expansions[key] = None
        return self.expansions[key]

    def run(self, program: Program, xs: list[Ref]) -> list[Ref]:
        """The results of a program of primitives."""
        env: dict[int, Ref] = dict(zip(program.inputs, xs, strict=True))
        shapes: dict[int, Aval] = {v: Aval(x.shape, x.dtype) for v, x in env.items()}
        for v, x in program.constants.items():
            number = np.asarray(x)
            if number.size > 1 and not (number == number.reshape(-1)[0]).all():
                env[v] = self.nodes.table(number)
            else:
                env[v] = self.nodes.literal(number.reshape(-1)[0], number.dtype).spread(
                    number.shape
                )
            shapes[v] = Aval(number.shape, number.dtype)
        for i in program.instructions:
            made = i.primitive.aval(*[shapes[v] for v in i.operands], **i.params)
            outs = list(made) if i.primitive.outputs != 1 else [made]
            shapes.update(zip(i.results, outs, strict=True))
            results = self.lowered(i.primitive, [env[v] for v in i.operands], outs, i.params)
            env.update(zip(i.results, results, strict=True))
        return [env[v] for v in program.outputs]

    def _routine(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref] | None:
        f = ROUTINES.get(p)
        return structured(self, p, xs, outs) if f is None else f(self, xs, outs, params)

    def call(self, p: Primitive, *xs: Ref, **params: Any) -> Ref:
        """The result of a primitive."""
        made = p.aval(*[Aval(x.shape, x.dtype) for x in xs], **params)
        return self.lowered(p, list(xs), [made], params)[0]

    def traced(self, f: Callable[..., Any], *xs: Ref, **params: Any) -> Ref:
        """The result of a function of operations."""
        avals = [Aval(x.shape, x.dtype) for x in xs]
        return self.run(trace(lambda *vs: [f(*vs, **params)], *avals), list(xs))[0]

    def cast(self, x: Ref, dtype: np.dtype[Any]) -> Ref:
        """The same numbers in another dtype."""
        return x if x.dtype == dtype else self.call(cast_p, x, dtype=dtype)

    def raising(self, p: Primitive, params: dict[str, Any], xs: tuple[Ref, ...]) -> int:
        """The number of a callback that is there for the error that it raises."""
        self.callbacks.append(Callback(p, params, xs, ()))
        return len(self.callbacks) - 1

    def rescue(
        self, p: Primitive, params: dict[str, Any], xs: tuple[Ref, ...], results: tuple[Node, ...]
    ) -> None:
        """Note a callback that is made in rare cases only."""
        self.callbacks.append(Callback(p, params, xs, results))

    def _callback(
        self, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
    ) -> list[Ref]:
        index = len(self.callbacks)
        nodes = [
            self.nodes.routine(index, tuple(xs), a.shape, a.dtype, p.name, k)
            for k, a in enumerate(outs)
        ]
        self.callbacks.append(Callback(p, params, tuple(xs), tuple(nodes)))
        return [n.ref() for n in nodes]


def movable(dtype: np.dtype[Any]) -> bool:
    """Whether lanes hold such numbers, be it only to copy them."""
    return scalars.supported(dtype) or halves.known(dtype)
