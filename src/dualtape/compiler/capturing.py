"""From a call to a program: the function runs once on stand-ins, and what it did is sorted out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import aval_of
from ..core.boxes import Box
from ..core.errors import DualtapeError, TransformError
from ..core.graph import AccumulateGrad
from ..core.lengths import Lengths, is_open
from ..core.open_shapes import concrete
from ..core.tensor import Tensor
from ..core.tracing import SettingUp, after_call, settings
from ..transforms import surface, tree
from .capture import ALONE, Capture, Cell, Place, references
from .derivative import is_used_up, nodes_from, spent, traced
from .general import Captured
from .guards import Guard, Hooks, Item, changes, hooks_of
from .program import EntryGrad, GradEffect, Leaf, Result, State
from .reach import Reach, reachable
from .streams import Streams

TOLD = f"inside a {Capture.name}"
"""What a traced value says of itself where it is printed."""


class NotCompilable(TransformError):
    """The function does something that a compiled program cannot repeat."""


class Refused(Exception):
    """The function raised, which is the cause: its own error, or one because its values have no numbers yet."""


class ChangesState(NotCompilable):
    """The function leaves behind other objects or Python values than it found; once is normal, to set up."""


def captured(
    f: Callable[..., Any],
    leaves: Sequence[Leaf],
    structure: tree.Structure,
    effects_once: bool = False,
    lengths: Lengths | None = None,
    shapes: Sequence[tuple[int, ...] | None] | None = None,
) -> Captured:
    """Run `f` once on stand-ins for its arguments, and return what it did.

    No tensor or variable has changed afterwards, whether this succeeds or not, nor has any other state.

    Args:
        f: The user's function.
        leaves: Of its arguments (args, kwargs).
        structure: Of them.
        effects_once: What the function does to lists, dicts and attributes is done once, by the trace, as in TensorFlow;
            otherwise a function that does such things is not compilable.
        lengths: Those to be left open.
        shapes: Those of the leaves with open lengths in them, None for what is no array.

    Raises:
        NotCompilable: It does something that cannot be repeated without running it.
        Refused: `f` raised.
    """
    reach = reachable([f, *[x for x in leaves if not surface.is_array(x)]])
    if reach.iterators and not effects_once:
        raise NotCompilable(
            f"it can reach an iterator (`{reach.iterators[0]}`), which gives something else at each call: pass what it gives"
        )
    reach.guards += [Item(where, name, where[name]) for where, name in settings]
    capture = Capture(lengths)
    entry: dict[AccumulateGrad, Tensor | None] = {}
    streams = Streams(reach)
    done = False
    spaces = namespaces(reach) if lengths is not None else []
    try:
        for where in spaces:
            where["len"] = open_len
        with capture.opened():
            call = _Call(f, leaves, structure, reach, capture, entry, streams, effects_once, shapes)
            found = call.captured()
        done = effects_once
        return found
    except Refused as refused:
        error = refused.__cause__
        if isinstance(error, SettingUp):
            raise ChangesState(str(error)) from error
        for text in changes(g for g in reach.guards if not is_live(g, capture)):
            raise ChangesState(
                f"it changes what it will find at the next call: {text} (and stopped there: {type(error).__name__}: {error})"
            ) from error
        raise
    finally:
        for where in spaces:
            where.pop("len", None)
        for leaf, grad in entry.items():
            leaf.grad = grad
        if not done:
            for g in reversed(reach.guards):
                g.restore()
        streams.put_back()


def namespaces(reach: Reach) -> list[dict[str, Any]]:
    """Where functions look for `len` that Python gives them: it has to give a number, and an open length is none."""
    return (
        [where for where in reach.namespaces.values() if "len" not in where]
        if "len" in reach.names
        else []
    )


def open_len(x: Any) -> Any:
    """`len(x)`, which may be an open length."""
    value = getattr(x, "value", None) if isinstance(x, Tensor) else None
    if isinstance(value, Box) and value.shape and is_open(value.shape[0]):
        return value.shape[0]
    return len(x)


def is_live(g: Guard, capture: Capture) -> bool:
    """Whether what a guard looks at is read anew at each call anyway."""
    return (id(g.where), g.name) in capture.live


class _Call:
    """One call while it is captured."""

    def __init__(
        self, f: Callable[..., Any], leaves: Sequence[Leaf], structure: tree.Structure, reach: Reach, capture: Capture,
        entry: dict[AccumulateGrad, Tensor | None], streams: Streams, effects_once: bool,
        shapes: Sequence[tuple[int, ...] | None] | None,
    ) -> None:  # fmt: skip
        self.effects_once = effects_once
        self.shapes = shapes
        self.f, self.leaves, self.structure, self.streams = f, leaves, structure, streams
        self.reach, self.capture, self.entry = reach, capture, entry
        self.arguments: list[int] = []
        self.taken: list[Cell] = []
        self.own: dict[AccumulateGrad, int] = {}  # which argument a leaf is of
        self.identical: list[tuple[int, Any]] = []
        self.given: list[Any] = []
        self.outputs: list[int] = []
        self.known = 0  # how many cells there were before the function ran

    def captured(self) -> Captured:
        """Run the function and sort out what it did."""
        capture, mode = self.capture, modes.current() & ~modes.BOXED
        self.enter()
        args, kwargs = self.structure.unflatten(self.given)
        try:
            out = surface.called(self.f, args, kwargs)
        except Exception as error:
            raise Refused from error
        finally:
            for let_go in after_call:
                let_go()
            for g in self.reach.large:
                if isinstance(g.now(), Tensor):
                    g.restore()
        guards = tuple([g for g in self.reach.guards if not is_live(g, capture)])
        if self.effects_once:
            guards = tuple([g for g in guards if g.holds()])
        for text in changes(guards):
            raise ChangesState(f"it changes what it will find at the next call: {text}")
        self.check_draws()
        results, structure, roots = self.results(out)
        grads = self.new_gradients()
        self.check_history()
        self.check_escaped(out, grads)
        gradient_of = self.gradients_found()
        updates = self.updates()
        ahead = len(capture.instructions)
        derivative = self.derivative(roots, results)
        self.check_draws()
        del out
        self.drop_temporaries()
        cells = [c for c in capture.cells.values() if c not in self.taken]
        places = list(capture.places.values())
        taken: list[Cell | Place] = [*self.taken, *cells, *places]
        kept = {c.traced.number for c in taken}
        updates = tuple([(t, v) for t, v in updates if t in kept])
        inputs = (
            *[c.traced.number for c in self.taken], *[c.traced.number for c in cells], *[p.traced.number for p in places],
            *[d.number for d in capture.draws], *[o.number for o in capture.live.values()],
        )  # fmt: skip
        graph = capture.graph(inputs, tuple(self.outputs), updates)
        return Captured(
            graph=graph,
            ahead=ahead,
            derivative=derivative,
            lengths=capture.lengths,
            built=capture.built,
            mode=mode,
            arguments=tuple(self.arguments),
            states=tuple([self.state(c, gradient_of.get(id(c.tensor))) for c in cells]),
            identical=tuple(self.identical),
            places=tuple([p.owner for p in places]),
            draws=tuple(capture.draws),
            live=tuple(capture.live.values()),
            structure=structure,
            results=tuple(results),
            grads=tuple(grads),
            guards=guards,
            entry=tuple([
                EntryGrad(leaf, g is not None, self.own.get(leaf)) for leaf, g in self.entry.items()
            ]),
        )  # fmt: skip

    def state(self, c: Cell, leaf: AccumulateGrad | None) -> State:
        """A cell as an input; `leaf` is the one whose gradient it is."""
        argument = None if leaf is None else self.own.get(leaf)
        return State(c.tensor, c.traced.aval, c.edge is not None, leaf, argument)

    def enter(self) -> None:
        """Take the numbers out of the arguments and of all that the function can reach."""
        capture = self.capture
        for i, x in enumerate(self.leaves):
            if isinstance(x, (Tensor, np.ndarray, np.generic)):
                t = x if isinstance(x, Tensor) else surface.lift(x)
                if id(t) in self.reach.tensors or any(g.now() is x for g in self.reach.large):
                    self.identical.append((i, x))
                if id(t) not in capture.cells:
                    self.arguments.append(i)
                    self.taken.append(capture.adopt(t, self.shapes[i] if self.shapes else None))
                self.given.append(t)
            else:
                self.given.append(x)
        for t in self.reach.tensors.values():
            capture.adopt(t)
        for keeper in self.reach.keepers.values():
            keeper.compiled_state(capture)
        for g in self.reach.large:
            t = surface.lift(g.expected)
            capture.adopt(t)
            g.replace(t)
        for i, c in zip(self.arguments, self.taken, strict=True):
            leaf = c.tensor.leaf
            if leaf is not None and id(c.tensor) not in self.reach.tensors:
                self.own[leaf] = i
                if leaf.grad is not None:
                    capture.adopt(leaf.grad, self.shapes[i] if self.shapes else None)
        self.known = len(capture.cells)
        for c in capture.cells.values():
            leaf = c.tensor.leaf
            if leaf is not None and leaf not in self.entry:
                self.entry[leaf] = leaf.grad
                if leaf not in self.own:
                    self.reach.guards.append(Hooks(leaf, "hooks", hooks_of(leaf)))

    def check_draws(self) -> None:
        """Raise if random numbers were drawn that will not be drawn again."""
        own = self.capture.own_draws
        assert own is not None
        if own.moved or self.streams.moved():
            raise NotCompilable(
                "it draws random numbers in a way that the compiled program cannot repeat"
            )
        if self.streams.moved_by_somebody():
            raise ChangesState(
                "NumPy's or Python's global random numbers were drawn from while it was traced, by it or by another thread"
            )
        if self.capture.refills and not self.effects_once:
            raise NotCompilable(
                "it makes a random generator and draws from it: make the generator outside"
            )

    def results(self, out: Any) -> tuple[list[Result], tree.Structure, list[int]]:
        """The leaves of the result, its structure, and which results have a history."""
        flat, structure = tree.flatten(out)
        results, roots = [], []
        reached = set(list(self.capture.cells)[: self.known])
        places = {
            id(t): i for i, t in reversed(list(enumerate(self.given))) if isinstance(t, Tensor)
        }
        for x in flat:
            place = places.get(id(x))
            if isinstance(x, Box):
                raise NotCompilable("it returns a value without its tensor")
            if place is not None and isinstance(self.leaves[place], (Tensor, np.ndarray)):
                results.append(Result("argument", place))
            elif isinstance(x, Tensor) and place is None and id(x) in reached:
                results.append(Result("object", value=x))
            elif isinstance(x, Tensor) and not isinstance(x.value, Box) and x.value.dtype == object:
                results.append(Result("object", value=x))  # text, which no program computes
            elif isinstance(x, (Tensor, np.ndarray, np.generic)):
                edge = x.current_edge() if isinstance(x, Tensor) else None
                cls = type(x) if isinstance(x, Tensor) else None
                if cls is surface.native() and edge is None:
                    cls = None
                if edge is not None:
                    roots.append(len(results))
                results.append(
                    Result("array" if cls is None else "tensor", len(self.outputs), cls, edge)
                )
                self.outputs.append(
                    self.capture.number(x.value if isinstance(x, Tensor) else np.array(x))
                )
            else:
                if isinstance(x, str) and not self.effects_once and TOLD in x:
                    raise NotCompilable(
                        "it returns text about values that have no numbers yet: return them, and make the text outside"
                    )
                self.look_at(x)
                results.append(Result("object", value=x))
        return results, structure, roots

    def look_at(self, x: Any) -> None:
        """Settle open lengths that may be hidden in an object that the function returns."""
        lengths = self.capture.lengths
        if lengths is not None and not any(x is y for y in self.leaves):
            try:
                concrete(x, lengths.now)
            except TypeError:
                lengths.settle(f"it returns a {type(x).__name__}")

    def new_gradients(self) -> list[GradEffect]:
        """What became of gradients; new ones are more outputs."""
        for c in self.capture.cells.values():
            leaf = c.tensor.leaf
            if leaf is not None and leaf is not c.boundary:
                self.entry.setdefault(
                    leaf, None
                )  # met late: had it had a gradient, that would have been reached
        effects = []
        for leaf, before in self.entry.items():
            now = leaf.grad
            if now is before:
                continue
            if now is not None and now.current_edge() is not None:
                raise NotCompilable("it leaves a gradient with a history (create_graph) behind")
            effects.append(
                GradEffect(leaf, None if now is None else len(self.outputs), self.own.get(leaf))
            )
            if now is not None:
                self.outputs.append(self.capture.number(now.value))
        return effects

    def gradients_found(self) -> dict[int, AccumulateGrad]:
        """The leaves whose gradients the function starts with, by identity of the gradient: another tensor at each call."""
        found = {id(grad): leaf for leaf, grad in self.entry.items() if grad is not None}
        for c in self.taken:
            if id(c.tensor) in found:
                raise NotCompilable("a gradient is passed to it whose parameter it uses too")
        if found.keys() & self.reach.named:
            raise NotCompilable(
                "it reaches a gradient by another name than its parameter's `.grad`"
            )
        return found

    def check_history(self) -> None:
        """Raise if a tensor from outside has got another history."""
        for c in self.capture.cells.values():
            if c.history_changed():
                raise NotCompilable(
                    "it writes in place, recorded, to a tensor from outside, or changes what requires a gradient"
                )
            if c.boundary is not None and c.boundary.grad is not None:
                raise NotCompilable("it runs a backward pass into a graph from outside of it")

    def check_escaped(self, out: Any, grads: Sequence[GradEffect]) -> None:
        """Raise if a tensor that the function made is kept somewhere besides its result."""
        flat = tree.flatten(out)[0]
        flat += [x.view_of.base for x in flat if isinstance(x, Tensor) and x.view_of is not None]
        held = {id(x) for x in flat} | {id(e.leaf.grad) for e in grads}
        held |= self.residuals(flat)
        assert self.capture.kept is not None
        for ref in self.capture.kept:
            t = ref()
            if t is not None and id(t) not in held and id(t) not in self.capture.cells:
                raise NotCompilable(
                    f"it keeps a tensor of shape {tuple(t.shape)} outside of itself: return it instead"
                )

    @staticmethod
    def residuals(flat: Sequence[Any]) -> set[int]:
        """The tensors that the graph of a result holds, by identity."""
        found: set[int] = set()
        edges = [x.edge for x in flat if isinstance(x, Tensor) and x.edge is not None]
        for node in nodes_from(edges):
            for o in node.owners if isinstance(node.owners, tuple) else ():
                view = getattr(o, "view_of", None)
                found |= {id(o)} if view is None else {id(o), id(view.base)}
        return found

    def updates(self) -> tuple[tuple[int, int], ...]:
        """What was written to tensors from outside."""
        found = []
        every: list[Cell | Place] = [*self.capture.cells.values(), *self.capture.places.values()]
        for c in every:
            now = c.now()
            if now is c.traced:
                continue
            if aval_of(now) != c.traced.aval:
                raise NotCompilable(
                    f"it gives a tensor of {c.traced.aval} from outside another shape or dtype: {aval_of(now)}"
                )
            found.append((c.traced.number, self.capture.number(now)))
        return tuple(found)

    def drop_temporaries(self) -> None:
        """Turn the tensors that the function made of numbers, and that nobody holds any more, into constants."""
        capture = self.capture
        late = {key: capture.cells.pop(key) for key in list(capture.cells)[self.known :]}
        tensors = {key: cell.tensor for key, cell in late.items()}
        for key, holders in references(tensors):
            cell = late[key]
            if holders > ALONE + 1:  # the dict and the cell
                capture.cells[key] = cell
            else:
                capture.constants[cell.traced.number] = cell.array
                cell.put_back()
        arrays = {key: cell.array for key, cell in late.items() if key not in capture.cells}
        for key, holders in references(arrays):
            if (
                arrays[key].base is None and holders <= ALONE + 3
            ):  # the cell, its tensor, the constants
                arrays[key].flags.writeable = False

    def derivative(
        self, roots: Sequence[int], results: list[Result]
    ) -> tuple[list[int], dict[int, int], list[int]] | None:
        """Trace the backward pass of the results that have a history; of one that is used up, keep that it was.

        Returns:
            The values of the cotangents, the cotangents' values by input, the positions of the differentiable outputs.
        """
        live = []
        for i in roots:
            r = results[i]
            if is_used_up(r.value):
                results[i] = Result(r.kind, r.number, r.cls, spent(r.value))
            else:
                results[i] = Result(r.kind, r.number, r.cls)
                live.append((i, r.value))
        if not live:
            return None
        edges = [(self.outputs[results[i].number], edge) for i, edge in live]
        sources = [
            (c.traced.number, c.source()) for c in self.capture.cells.values() if c.source() is not None
        ]  # fmt: skip
        try:
            cts, grads = traced(self.capture, edges, sources)
        except (
            DualtapeError
        ) as error:  # which eager code meets only if somebody asks for the gradient
            raise NotCompilable(f"the backward pass of its result would fail: {error}") from error
        return cts, grads, [results[i].number for i, _ in live]


__all__ = ["ChangesState", "NotCompilable", "captured"]
