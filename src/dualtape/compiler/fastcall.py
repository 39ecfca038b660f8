"""A program as one native call: guards, arrays, the core and the results, without Python on the way.

Only what is most common is translated; everything else goes the way of `Program`, which decides the same
things in Python. So does each call for which something is not as it was: `slow` is then called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import modes
from ..core.graph import AccumulateGrad
from ..core.tensor import Tensor, wrap
from ..core.watched import guarded
from ..transforms import tree
from . import guards as reached
from .derivative import joined
from .executable import Native, contiguous
from .native.call import make_call
from .native.plan import (
    MISSING,
    ArgArray,
    ArgEquals,
    ArgIs,
    ArgResult,
    ArgTensor,
    ArrayResult,
    CellIs,
    ContextIs,
    DictItem,
    ElementsAre,
    Fetch,
    Finish,
    Guard,
    Held,
    Item,
    Kept,
    Live,
    NumbersAre,
    ObjectResult,
    Output,
    Plan,
    Result,
    Slot,
    SlotIs,
    SlotIsNot,
    State,
    Store,
    TensorResult,
    is_key,
)
from .program import Program, held
from .program import State as ProgramState

_EDGE: Any = vars(Tensor)["edge"]
_VIEW_OF: Any = vars(Tensor)["view_of"]
_GRAD: Any = vars(AccumulateGrad)["grad"]
_HOOKS: Any = (vars(AccumulateGrad)["hooks"], vars(AccumulateGrad)["post_hooks"])
_ALONE = (int, float, str, bytes)


class _Unfit(Exception):
    """The program is not of the common kind."""


def fast_call(
    program: Program, leaves: Sequence[Any], structure: tree.Structure, slow: Callable[..., Any]
) -> Callable[..., Any] | None:
    """A callable of the positional arguments that runs the program, or `slow`; None if the program is not of the common kind.

    Args:
        program: Compiled.
        leaves: Of the arguments of the call that it was captured from.
        structure: Of them.
        slow: The way through Python.
    """
    run = program.run
    if not isinstance(run, Native) or program.identical:
        return None
    flat = tree.flatten((tuple(leaves), {}))[1]
    if structure != flat or any(e.argument is not None for e in program.entry):
        return None
    try:
        plan = _plan(program, leaves, run)
    except _Unfit:
        return None
    return make_call(plan, run.library.address("core"), slow)


def _plan(program: Program, leaves: Sequence[Any], run: Native) -> Plan:
    graph, aval = program.graph, program.graph.avals
    slots: list[Slot] = []
    guards: list[Guard] = [ContextIs(modes.variable, program.mode)]
    for n, k in zip(graph.inputs, program.arguments, strict=False):
        slots.append(_taken(program, k, leaves[k], aval[n]))
    for k, x in enumerate(leaves):
        if k not in program.arguments:
            guards.append(_argument(k, x))
    stamped = {
        i
        for i, k in enumerate(program.arguments)
        if k in program.written_arguments and isinstance(leaves[k], Tensor)
    }
    written = {id(t) for t in program.written} | {id(s) for s in program.written_gradients}
    for s in program.states:
        if id(s if s.leaf is not None else s.tensor) in written:
            stamped.add(len(slots))
        slots.append(_state(s, id(s.tensor) in written, guards))
    for p, n in zip(program.places, graph.inputs[len(slots) :], strict=False):
        if not (hasattr(p, "_value") and hasattr(p, "_snapshot")):
            raise _Unfit
        slots.append(Kept(p, aval[n].dtype, aval[n].shape))
    draws = range(len(slots), len(slots) + len(program.draws))
    for d in program.draws:
        a = aval[d.number]
        slots.append(Fetch(_array_from(d.ask), a.dtype, a.shape))
    slots += [Live(o.container, o.key) for o in program.live]
    for g in program.guards:
        guards += _hooks(g) if type(g) is reached.Hooks else [_guard(g)]
    guards += [
        SlotIsNot(e.leaf, _GRAD, None) if e.there else SlotIs(e.leaf, _GRAD, None) for e in program.entry
    ]  # fmt: skip
    slots += run.constants
    first = len(slots)
    slots += [Output(a.dtype, a.shape, not a.shape) for a in run.lowered.slots.outputs]
    # Where Python may run in the middle, another thread's call is in the way: it goes by Python, which has its own memory.
    alone = any(c.results for c in run.lowered.program.build.callbacks)
    slots += run.fixed_again() if alone else run.fixed
    stores = tuple([
        Store(e.leaf, _GRAD, ObjectResult(None) if e.number is None else TensorResult(e.leaf.result_class, first + e.number))
        for e in program.grads
    ])  # fmt: skip
    if any(e.argument is not None for e in program.grads):
        raise _Unfit
    return Plan(
        len(leaves), tuple(slots), tuple(guards), _result(program, first, draws, len(leaves)), run.written, (run,),
        run.failed, frozenset(stamped), stores, run.lowered.slots.callback, alone,
    )  # fmt: skip


def _taken(program: Program, k: int, x: Any, a: Any) -> Slot:
    """Argument k as an input."""
    if type(x) is np.ndarray:
        return ArgArray(k, a.dtype, a.shape)
    if not isinstance(x, Tensor):
        raise _Unfit
    recorded = x.current_edge() is not None
    if recorded and (program.derivative is None or k in program.written_arguments):
        raise _Unfit
    return ArgTensor(k, type(x), a.dtype, a.shape, not recorded, recorded)


def _state(s: ProgramState, written: bool, guards: list[Guard]) -> Slot:
    """A tensor from elsewhere as an input, with its guards."""
    if s.argument is not None or (s.leaf is not None and s.recorded):
        raise _Unfit
    if s.leaf is not None:
        return Held(s.leaf, _GRAD, s.leaf.result_class, s.aval.dtype, s.aval.shape)
    view = s.tensor.view_of
    if view is not None and written:
        raise _Unfit
    guards.append(SlotIs(s.tensor, _VIEW_OF, view))
    if view is not None:  # its history follows its base's
        guards.append(SlotIs(view.base, _EDGE, _EDGE.__get__(view.base)))
    guards.append(SlotIs(s.tensor, _EDGE, _EDGE.__get__(s.tensor)))
    return State(s.tensor, s.aval.dtype, s.aval.shape)


def _array_from(ask: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: contiguous(np.asarray(ask()))


def _argument(k: int, x: Any) -> Guard:
    """The guard of an argument that is no array."""
    return ArgEquals(k, x) if type(x) in _ALONE else ArgIs(k, x)


def _hooks(g: reached.Hooks) -> list[Guard]:
    """That a leaf has no hooks."""
    if g.where.hooks is not None or g.where.post_hooks is not None:
        raise _Unfit
    return [SlotIs(g.where, field, None) for field in _HOOKS]


def _guard(g: reached.Guard) -> Guard:
    """One of `guards.py`'s as the native call checks it: more strictly here and there, which is then for `slow` to settle."""
    expected: Any = MISSING if g.expected is reached.MISSING else g.expected
    if type(g) is reached.Item and type(g.where) in (dict, defaultdict) and is_key(g.name):
        return DictItem(g.where, g.name, expected)
    if type(g) is reached.ClassItem:
        return DictItem(g.dict(), g.name, expected)
    if type(g) is reached.Field:
        return SlotIs(g.where, g.slot, expected)
    if type(g) is reached.Contents:
        return CellIs(g.where, expected)
    if type(g) is reached.Elements and type(g.where) in (list, dict, defaultdict):
        return ElementsAre(g.where, expected)
    if type(g) is reached.Numbers and g.where.flags.c_contiguous:
        return NumbersAre(g.where, contiguous(g.expected))
    raise _Unfit


def _item(r: Any, first: int) -> Item:
    if r.kind == "tensor":
        return TensorResult(r.cls, first + r.number, r.value)
    if r.kind == "array":
        return ArrayResult(first + r.number)
    return ArgResult(r.number) if r.kind == "argument" else ObjectResult(r.value)


def _result(program: Program, first: int, draws: Sequence[int], leaves: int) -> Result:
    """What is made of the outputs, which are the slots from `first` on."""
    if program.derivative is not None:
        recording = Recording(program, leaves)
        found = [ArrayResult(first + n) for n in range(len(program.graph.outputs))]
        given = [ArgResult(k) for k in range(leaves)]
        return Finish(recording, (*found, *given, *[ArrayResult(i) for i in draws]))
    items = tuple([_item(r, first) for r in program.results])
    structure = program.structure
    if structure == tree.ONE_LEAF:
        return items[0]
    if structure == tree.flatten(None)[1]:
        return None
    if structure == tree.flatten(tuple(items))[1]:
        return items
    return Finish(structure.unflatten, items)


class Recording:
    """Makes the results of a call whose derivative may be asked for, and records the call.

    It is given the outputs, the arguments' leaves, and what was drawn.
    """

    __slots__ = (
        "derivative",
        "drawn",
        "edges",
        "inputs",
        "outputs",
        "places",
        "results",
        "structure",
    )

    def __init__(self, program: Program, leaves: int) -> None:
        d = program.derivative
        assert d is not None
        self.derivative = d
        self.structure = program.structure
        self.results = program.results
        self.outputs = len(program.graph.outputs)
        wanted = {*d.reads, *d.wanted, *[n for kind, n in d.residuals if kind == "input"]}
        self.inputs = len(program.graph.inputs)
        # Where the inputs that the record needs come from: (which, from the arguments; or from what was drawn; or it itself).
        self.places: list[tuple[int, int, Any]] = []
        at = len(program.arguments), len(program.arguments) + len(program.states)
        drawn = self.drawn = at[1] + len(program.places)
        for i in sorted(wanted):
            if i < at[0]:
                self.places.append((i, self.outputs + program.arguments[i], None))
            elif i < at[1]:
                s = program.states[i - at[0]]
                if s.leaf is not None:
                    raise _Unfit
                self.places.append((i, -1, s.tensor))
            elif drawn <= i < drawn + len(program.draws):
                self.places.append((i, self.outputs + leaves + i - drawn, None))
            else:
                raise _Unfit
        if d.copied:
            raise _Unfit
        # Guards say that tensors from elsewhere have the histories that they had.
        states = {i: x for i, _, x in self.places if x is not None}
        known = all(i in states for i in d.wanted)
        self.edges = tuple([states[i].current_edge() for i in d.wanted]) if known else None

    def __call__(self, items: list[Any]) -> Any:
        """The results."""
        given: list[Any] = [None] * self.inputs
        for i, at, tensor in self.places:
            if tensor is None:
                x = items[at]
                tensor = (
                    x
                    if isinstance(x, Tensor)
                    else held(x)
                    if i >= self.drawn
                    else guarded(Tensor, x)
                )
            given[i] = tensor
        edges = joined(self.derivative, given, {}, items, 2, self.edges)
        made = []
        for r in self.results:
            if r.kind == "tensor":
                assert r.cls is not None
                made.append(wrap(r.cls, items[r.number], edges.get(r.number, r.value)))
            elif r.kind == "array":
                made.append(items[r.number])
            elif r.kind == "argument":
                made.append(items[self.outputs + r.number])
            else:
                made.append(r.value)
        return self.structure.unflatten(made)
