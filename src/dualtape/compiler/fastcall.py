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
from ..core.tensor import Tensor
from ..transforms import tree
from . import reach
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
    Guard,
    Item,
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
)
from .program import Program

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
    if (
        not isinstance(run, Native)
        or run.lowered.slots.callback
        or program.derivative is not None
        or program.places
    ):
        return None
    flat = tree.flatten((tuple(leaves), {}))[1]
    if structure != flat:
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
        a, x = aval[n], leaves[k]
        if isinstance(x, Tensor):
            if x.current_edge() is not None:
                raise _Unfit
            slots.append(ArgTensor(k, type(x), a.dtype, a.shape))
        elif type(x) is np.ndarray:
            slots.append(ArgArray(k, a.dtype, a.shape))
        else:
            raise _Unfit
    for k, x in enumerate(leaves):
        if k not in program.arguments:
            guards.append(_argument(k, x))
    stamped = {
        len(slots) + i
        for i, s in enumerate(program.states)
        if any(s.tensor is t for t in program.written)
    }
    stamped |= {
        i
        for i, k in enumerate(program.arguments)
        if k in program.written_arguments and isinstance(leaves[k], Tensor)
    }
    for s in program.states:
        view = s.tensor.view_of
        if s.leaf is not None or (view is not None and any(s.tensor is t for t in program.written)):
            raise _Unfit
        guards.append(SlotIs(s.tensor, _VIEW_OF, view))
        if view is not None:  # its history follows its base's
            guards.append(SlotIs(view.base, _EDGE, _EDGE.__get__(view.base)))
        slots.append(State(s.tensor, s.aval.dtype, s.aval.shape))
        guards.append(SlotIs(s.tensor, _EDGE, _EDGE.__get__(s.tensor)))
    for d in program.draws:
        a = aval[d.number]
        slots.append(Fetch(_array_from(d.ask), a.dtype, a.shape))
    slots += [Live(o.container, o.key) for o in program.live]
    for g in program.guards:
        guards += _hooks(g) if type(g) is reach.Hooks else [_guard(g)]
    guards += [
        SlotIsNot(leaf, _GRAD, None) if there else SlotIs(leaf, _GRAD, None) for leaf, there in program.entry
    ]  # fmt: skip
    slots += run.constants
    first = len(slots)
    slots += [Output(a.dtype, a.shape, not a.shape) for a in run.lowered.slots.outputs]
    slots += run.fixed
    stores = tuple([
        Store(e.leaf, _GRAD, ObjectResult(None) if e.number is None else TensorResult(e.leaf.result_class, first + e.number))
        for e in program.grads
    ])  # fmt: skip
    items = tuple([_item(r, first) for r in program.results])
    return Plan(
        len(leaves), tuple(slots), tuple(guards), _result(items, program.structure), run.written, (run,),
        run.failed, frozenset(stamped), stores,
    )  # fmt: skip


def _array_from(ask: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: contiguous(np.asarray(ask()))


def _argument(k: int, x: Any) -> Guard:
    """The guard of an argument that is no array."""
    return ArgEquals(k, x) if type(x) in _ALONE else ArgIs(k, x)


def _hooks(g: reach.Hooks) -> list[Guard]:
    """That a leaf has no hooks."""
    if g.where.hooks is not None or g.where.post_hooks is not None:
        raise _Unfit
    return [SlotIs(g.where, field, None) for field in _HOOKS]


def _guard(g: reach.Guard) -> Guard:
    """One of `reach`'s as the native call checks it: more strictly here and there, which is then for `slow` to settle."""
    expected: Any = MISSING if g.expected is reach.MISSING else g.expected
    if type(g) is reach.Item and type(g.name) in (str, int) and type(g.where) is dict:
        return DictItem(g.where, g.name, expected)
    if type(g) is reach.Contents:
        return CellIs(g.where, expected)
    if type(g) is reach.Elements and type(g.where) in (list, dict, defaultdict):
        return ElementsAre(g.where, expected)
    if type(g) is reach.Numbers and g.where.flags.c_contiguous:
        return NumbersAre(g.where, contiguous(g.expected))
    raise _Unfit


def _item(r: Any, first: int) -> Item:
    if r.kind == "tensor":
        return TensorResult(r.cls, first + r.number, r.value)
    if r.kind == "array":
        return ArrayResult(first + r.number)
    return ArgResult(r.number) if r.kind == "argument" else ObjectResult(r.value)


def _result(items: tuple[Item, ...], structure: tree.Structure) -> Result:
    """The items in the function's structure, if that is none, one or a tuple."""
    if structure == tree.ONE_LEAF:
        return items[0]
    if structure == tree.flatten(None)[1]:
        return None
    if structure == tree.flatten(tuple(items))[1]:
        return items
    raise _Unfit
