"""A captured call, ready for the calls to come: where its inputs are, what becomes of its results, when it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..core import modes
from ..core.aval import Aval, aval_of
from ..core.graph import AccumulateGrad
from ..core.residuals import SavedOutput
from ..core.tensor import Tensor, wrap
from ..core.versions import Version
from ..core.watched import guarded
from ..transforms import tree
from .capture import Draw, Live
from .derivative import Derivative, joined
from .graph import Array, Graph
from .guards import Guard, hooks_of
from .interpreter import Executable

Leaf = Any


@dataclass(frozen=True, slots=True)
class Result:
    """A leaf of what the function returns.

    `kind` is "tensor" (an output, in a tensor of class `cls`), "array" (an output, as NumPy code knows it), "argument"
    (leaf `number` of the arguments), or "object" (`value`, the same each time). A tensor whose graph was used up inside
    the function has the edge `value`.
    """

    kind: str
    number: int = 0
    cls: type[Tensor] | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class GradEffect:
    """What becomes of a leaf's gradient: None, or a new tensor holding an output."""

    leaf: AccumulateGrad
    number: int | None
    argument: int | None = None

    def at(self, leaves: Sequence[Leaf]) -> AccumulateGrad:
        """The leaf of this call: with `argument`, that argument's."""
        return self.leaf if self.argument is None else leaves[self.argument].leaf


@dataclass(frozen=True, slots=True)
class State:
    """A tensor whose numbers are an input; with `leaf`, whatever tensor is that leaf's gradient at a call.

    With `argument` it is the leaf of that argument.
    """

    tensor: Tensor
    aval: Aval
    recorded: bool  # whether it needs a gradient
    leaf: AccumulateGrad | None = None
    argument: int | None = None

    def now(self, leaves: Sequence[Leaf]) -> Any:
        """The tensor of this call."""
        if self.argument is not None:
            leaf = leaves[self.argument].leaf
            return None if leaf is None else leaf.grad
        return self.tensor if self.leaf is None else self.leaf.grad


class EntryGrad(NamedTuple):
    """Whether a leaf has to have a gradient when the program starts; with `argument` that argument's leaf."""

    leaf: AccumulateGrad
    there: bool
    argument: int | None = None


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a call was captured as, but for its numbers' part, whose inputs are, in order: arguments, states, places, draws, live.

    Attributes:
        mode: The thread's mode that it was captured in.
        arguments: Leaves of the arguments that are inputs.
        states: Tensors from elsewhere that are inputs.
        identical: Leaves of the arguments that the function finds elsewhere too, and what they have to be.
        places: What is no tensor and keeps numbers that are inputs.
        draws: What is asked for at each call.
        live: Options that are read at each call.
        structure: Of the result, whose leaves are `results`.
        grads: What becomes of gradients.
        guards: What has to be as it was.
        entry: Which leaves have to have a gradient when the program starts, and which not to.
    """

    mode: int
    arguments: tuple[int, ...]
    states: tuple[State, ...]
    identical: tuple[tuple[int, Any], ...]
    places: tuple[Any, ...]
    draws: tuple[Draw, ...]
    live: tuple[Live, ...]
    structure: tree.Structure
    results: tuple[Result, ...]
    grads: tuple[GradEffect, ...]
    guards: tuple[Guard, ...]
    entry: tuple[EntryGrad, ...]


@dataclass(slots=True, kw_only=True)
class Program(Parts):
    """A call for given lengths, which can be run. See `Parts` for what is not explained here.

    Attributes:
        graph: The numbers' part.
        derivative: How differentiable results lead back to the inputs, if there are any.
        run: Runs the graph: takes an array per input, writes the updates, returns the outputs.
        call: Does what a whole call does, natively, if the program is of the common kind.
        trial: What counts its calls while NumPy runs it, until it is worth native code (see `general.Trial`).
    """

    graph: Graph
    derivative: Derivative | None = None
    run: Executable | None = None
    call: Callable[..., Any] | None = None
    trial: Any = None
    written: tuple[Tensor, ...] = field(init=False)
    written_gradients: tuple[State, ...] = field(init=False)
    written_arguments: tuple[int, ...] = field(init=False)
    written_places: tuple[bool, ...] = field(init=False)
    place_avals: tuple[Aval, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.prune()
        updated = {t for t, _ in self.graph.updates}
        numbers = self.graph.inputs
        n = len(self.arguments)
        pairs = zip(self.arguments, numbers, strict=False)
        self.written_arguments = tuple([i for i, v in pairs if v in updated])
        written = [s for s, v in zip(self.states, numbers[n:], strict=False) if v in updated]
        self.written = tuple([s.tensor for s in written if s.leaf is None])
        self.written_gradients = tuple([s for s in written if s.leaf is not None])
        n += len(self.states)
        self.written_places = tuple([v in updated for v in numbers[n : n + len(self.places)]])
        self.place_avals = tuple([self.graph.avals[v] for v in numbers[n : n + len(self.places)]])

    def prune(self) -> None:
        """Leave out inputs that nothing reads or writes, except those of a derivative."""
        graph = self.graph
        used = {*graph.uses(), *[t for t, _ in graph.updates]}
        if self.derivative is not None:
            return
        inputs: list[int] = []
        numbers = iter(graph.inputs)
        for name in ("arguments", "states", "places", "draws", "live"):
            kept = []
            for x in getattr(self, name):
                v = next(numbers)
                if v in used or name == "draws":  # a draw moves its stream, used or not
                    kept.append(x)
                    inputs.append(v)
            setattr(self, name, tuple(kept))
        self.graph = graph.with_calls(graph.calls, inputs=tuple(inputs))

    def changed(self, leaves: Sequence[Leaf]) -> str | None:
        """Why the program does not fit the present call; None if it does."""
        for i, x in self.identical:
            if leaves[i] is not x:
                return f"argument {i} was what the function finds elsewhere too, and is not"
        if modes.current() != self.mode:
            return "the mode (no_grad, inference, ...) is another"
        for g in self.guards:
            if not g.holds():
                return g.change()
        for s in self.states:
            t = s.now(leaves)
            if t is None:
                return f"a gradient of {s.aval} is missing"
            if aval_of(t.value) != s.aval:
                return f"a tensor of the program's was {s.aval} and is {aval_of(t.value)}"
            if (t.current_edge() is not None) != s.recorded:
                return f"a tensor of {s.aval} {'no longer requires' if s.recorded else 'requires'} a gradient"
        for p, a in zip(self.places, self.place_avals, strict=True):
            if p.compiled_aval() != a:
                return f"a variable was {a} and is {p.compiled_aval()}"
        for leaf, there, argument in self.entry:
            own = leaf if argument is None else leaves[argument].leaf
            if (own is not None and own.grad is not None) != there:
                return f"a leaf of shape {leaf.shape} had {'a' if there else 'no'} gradient at the start, and now it is otherwise"
            if argument is not None and own is not None and hooks_of(own) != hooks_of(leaf):
                return f"argument {argument} has other hooks"
        for effect in self.grads:
            if effect.argument is not None and effect.at(leaves) is None:
                return f"argument {effect.argument} is no leaf"
        return None

    def overlap(self, arrays: Sequence[Array]) -> bool:
        """Whether something that is written to shares memory with another input."""
        if not self.graph.updates or _apart(arrays):
            return False
        where = {v: i for i, v in enumerate(self.graph.inputs)}
        for t, _ in self.graph.updates:
            i = where[t]
            for j, a in enumerate(arrays):
                if i != j and np.may_share_memory(arrays[i], a):
                    return True
        return False

    def inputs(self, leaves: Sequence[Leaf]) -> list[Array]:
        """The arrays of the arguments, states and places."""
        arrays: list[Array] = []
        for i in self.arguments:
            x = leaves[i]
            arrays.append(x.buffer() if isinstance(x, Tensor) else np.asarray(x))
        for s in self.states:
            arrays.append(s.now(leaves).buffer())
        for p, written in zip(self.places, self.written_places, strict=True):
            arrays.append(p.compiled_array(written))
        return arrays

    def __call__(self, leaves: Sequence[Leaf], arrays: list[Array]) -> Any:
        """Run on the leaves of the arguments, and return what the function returns.

        Args:
            leaves: Of the arguments.
            arrays: What `inputs` gave.
        """
        for draw in self.draws:
            arrays.append(np.asarray(draw.ask()))
        for o in self.live:
            arrays.append(np.array(o.container[o.key], np.float64))
        assert self.run is not None
        d = self.derivative
        copies = {} if d is None else {i: held(arrays[i].copy()) for i in d.copied}
        outputs = self.run(arrays)
        for t in self.written:
            t.shared_version().bump_quietly()
        for s in self.written_gradients:
            s.now(leaves).shared_version().bump_quietly()
        for i in self.written_arguments:
            if isinstance(leaves[i], Tensor):
                leaves[i].shared_version().bump_quietly()
        for effect in self.grads:
            n = effect.number
            leaf = effect.at(leaves)
            leaf.grad = None if n is None else wrap(leaf.result_class, plain(outputs[n]))
        edges: dict[int, Any] = {}
        if d is not None:
            given: list[Any] = [
                x if isinstance(x, Tensor) else guarded(Tensor, a)
                for x, a in zip([leaves[i] for i in self.arguments], arrays, strict=False)
            ]
            given += [s.now(leaves) for s in self.states]
            given += [held(a) for a in arrays[len(given) :]]
            edges = joined(d, given, copies, outputs)
        made = []
        for r in self.results:
            if r.kind == "tensor":
                assert r.cls is not None
                made.append(wrap(r.cls, plain(outputs[r.number]), edges.get(r.number, r.value)))
            elif r.kind == "array":
                made.append(plain(outputs[r.number]))
            elif r.kind == "argument":
                made.append(leaves[r.number])
            else:
                made.append(r.value)
        return self.structure.unflatten(made)


def _apart(arrays: Sequence[Array]) -> bool:
    """Whether all arrays are seen, without looking at each pair, to have memory of their own."""
    roots = set()
    for a in arrays:
        root = a if a.base is None else a.base
        if type(root) is not np.ndarray or root.base is not None:
            return False
        roots.add(id(root))
    return len(roots) == len(arrays)


def held(x: Array) -> SavedOutput:
    """An array that nobody writes to, as a residual."""
    return SavedOutput(x, Version())


def plain(x: Array) -> Any:
    """An array as eager code would have it: without axes, a NumPy scalar."""
    return x if x.ndim else x[()]
