"""Structured control flow in a function being traced: bodies are traced once, and become one primitive call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval, aval_of, is_inexact
from ..core.boxes import open_trace
from ..core.callsite import caller, describe
from ..core.errors import DtypeError, ShapeError, StructureError
from ..core.tensor import Tensor, wrap
from ..core.tracing import Traced, capture
from ..core.value import Value
from ..core.vocabulary import vocabulary
from . import tree
from .loops_branches import Branches
from .loops_rules import Loop, Sweep
from .loops_trace import Inner, Piece, closed, has_history, inner_trace
from .masking import Carried, is_weak, paths
from .surface import lift, lower, native, output


def is_traced(*values: Any) -> bool:
    """Whether some value has no number, being traced."""
    for x in values:
        while isinstance(x, Value):
            if isinstance(x, Traced):
                return True
            x = (
                x.value
                if isinstance(x, Tensor)
                else getattr(x, "primal", getattr(x, "content", None))
            )
    return False


def wanted() -> bool:
    """Whether loops are to be traced as loops: every primitive is being recorded."""
    return open_trace.get() is not None


class Places:
    """The compiler's places (variables) that a body writes to: they are carried along.

    Attributes:
        written: Those found so far.
    """

    def __init__(self) -> None:
        self.written: list[Any] = []

    def now(self) -> list[Any]:
        """What is in them."""
        return [p.now() for p in self.written]

    def run(
        self, what: str, avals: Sequence[Aval], f: Callable[[Inner, list[Traced]], list[Any]]
    ) -> Piece:
        """Trace `f`, as often as it is found to write to something new: its outputs, then what is in the places.

        Args:
            what: The loop, for messages.
            avals: Of its stand-ins.
            f: (trace, stand-ins) -> values.
        """
        while True:
            with inner_trace(what) as t:
                inputs = [t.variable(a) for a in avals]
                states = {id(p): p.owner.compiled_swap() for p in places()}
                entries = []
                for p in self.written:
                    entries.append(t.variable(aval_of(p.now())))
                    p.owner.compiled_swap((entries[-1], None, None, None))
                before = {id(p): p.now() for p in places()}
                try:
                    outs = f(t, inputs)
                    found = [p for p in places() if p.now() is not before.get(id(p), p.traced)]
                    found = [p for p in found if p not in self.written]
                    piece = None if found else Piece(t, [*inputs, *entries], [*outs, *self.now()])
                finally:
                    for p in places():
                        state = states.get(id(p), (p.traced, None, None, None))
                        if p.now() is not state[0]:
                            p.owner.compiled_swap(state)
            if piece is not None:
                return piece
            self.written += found

    def put(self, values: Sequence[Any]) -> None:
        """Write to them."""
        for p, v in zip(self.written, values, strict=True):
            p.owner.compiled_put(lift(v).value)


def places() -> list[Any]:
    """The compiler's places."""
    trace = capture.get()
    return [] if trace is None else list(trace.places.values())


# --- conditions ---------------------------------------------------------------------------------------


def cond(
    index: Any, branches: Sequence[Callable[[], Any]], what: str, names: Sequence[str] = ()
) -> Any:
    """Return what branch number `index`, a traced integer, returns.

    Args:
        index: The number of the branch.
        branches: Functions without arguments.
        what: For messages.
        names: Of the branches, for messages.

    Raises:
        StructureError, ShapeError, DtypeError: The branches return different things.
    """
    writes = Places()
    outcomes: list[Any] = []
    pieces: list[Piece] = []

    def outs_of(branch: Callable[[], Any]) -> Callable[..., list[Any]]:
        return lambda t, _: branch_outs(t, branch, what, outcomes, len(pieces))

    count = -1
    while count != len(writes.written):  # what one writes to, the others give back as it was
        count = len(writes.written)
        outcomes.clear()
        pieces.clear()
        for branch in branches:
            pieces.append(writes.run(what, [], outs_of(branch)))
    names = names or [f"branch {i}" for i in range(len(branches))]
    alike(pieces, outcomes, what, names)
    bodies, values = closed(pieces)
    first, structure = outcomes[0]
    outs = Branches(what, tuple(bodies)).on([index, *values, *writes.now()])
    n = len(first)
    result = [returned(o, x) for o, x in zip(outs[:n], class_by_leaf(outcomes), strict=True)]
    writes.put(outs[n:])
    return structure.unflatten(result)


def chosen_among(
    index: Any, branches: Sequence[Callable[[], Sequence[Any]]], what: str, kept: Callable[[], list[list[Any]]]
) -> list[Any]:  # fmt: skip
    """`cond` for branches whose results are sorted out once all of them have been traced.

    Args:
        index: The number of the branch.
        branches: Each gives a list of tensors.
        what: For messages.
        kept: Called at the end: by branch, the positions of the results, or arrays, of the same shapes and dtypes.
    """
    writes = Places()
    pieces: list[Piece] = []

    def outs_of(branch: Callable[[], Sequence[Any]]) -> Callable[..., list[Any]]:
        return lambda t, _: [t.value_of(x) for x in branch()]

    count = -1
    while count != len(writes.written):
        count = len(writes.written)
        pieces = [writes.run(what, [], outs_of(b)) for b in branches]
    positions = kept()
    for piece, places_kept in zip(pieces, positions, strict=True):
        last = piece.outputs[len(piece.outputs) - count :] if count else []
        piece.outputs = [
            *[
                piece.outputs[i] if isinstance(i, int) else piece.trace.number(i)
                for i in places_kept
            ],
            *last,
        ]
    bodies, values = closed(pieces)
    outs = Branches(what, tuple(bodies)).on([index, *values, *writes.now()])
    n = len(positions[0])
    writes.put(outs[n:])
    return [lift(o) for o in outs[:n]]


def branch_outs(t: Inner, branch: Any, what: str, outcomes: list[Any], number: int) -> list[Any]:
    """The values that a branch returns; its leaves and structure are noted."""
    del outcomes[number:]
    leaves, structure = tree.flatten(branch())
    if outcomes:
        leaves = tree.matched(
            outcomes[0][1], structure.unflatten(leaves), f"{what}: the branches must return the same structure"
        )  # fmt: skip
    tensors = [output(x, what) for x in leaves]
    if outcomes:
        for i, (x, other) in enumerate(zip(leaves, outcomes[0][0], strict=True)):
            have, want = tensors[i].value.dtype, other.dtype
            if have != want and is_weak(x) and np.can_cast(type(x), want, "same_kind"):
                tensors[i] = lift(vocabulary.cast(tensors[i], want))
    outcomes.append(([Leaf(x, y) for x, y in zip(leaves, tensors, strict=True)], structure))
    return [t.value_of(x) for x in tensors]


class Leaf:
    """What is known of a result without its trace."""

    __slots__ = ("cls", "dtype", "is_tensor", "weak")

    def __init__(self, x: Any, t: Tensor) -> None:
        self.weak = is_weak(x)
        self.dtype = t.value.dtype
        self.cls = type(t).result_class
        self.is_tensor = self.cls is not native()


def class_by_leaf(outcomes: Sequence[Any]) -> list[type[Tensor]]:
    """The class of each result: a front end's, if one of the branches returns its."""
    out = []
    for column in zip(*[o[0] for o in outcomes], strict=True):
        chosen = next((x.cls for x in column if x.is_tensor), column[0].cls)
        out.append(chosen)
    return out


def alike(
    pieces: Sequence[Piece], outcomes: Sequence[Any], what: str, names: Sequence[str]
) -> None:
    """Raise unless all branches return the same shapes and dtypes.

    Raises:
        ShapeError, DtypeError: They do not.
    """
    first = [pieces[0].trace._avals[n] for n in pieces[0].outputs]
    where = paths(outcomes[0][1])
    for p, name in zip(pieces[1:], names[1:], strict=True):
        for i, (n, want) in enumerate(zip(p.outputs, first, strict=True)):
            have = p.trace._avals[n]
            if have != want:
                place = where[i] if i < len(where) else ", in a variable"
                kind = ShapeError if have.shape != want.shape else DtypeError
                raise kind(
                    f"{what}: both branches are part of the program, and their results must be alike\n"
                    f"  {names[0]} returned {want}{place and ' at ' + place}\n  {name} returned {have}\n"
                    f"  at {describe(caller(2))}"
                )


def returned(value: Any, cls: type[Tensor]) -> Any:
    """A result of a primitive as the user gets it."""
    t = lift(value)
    if type(t) is not cls:
        t = wrap(cls, t.value, t.current_edge())
    return lower(t)


# --- loops --------------------------------------------------------------------------------------------


def stand_in(v: Traced, cls: type[Tensor], recorded: bool) -> Tensor:
    """What a body is given for a value."""
    t = wrap(cls, v)
    trace = v.interpreter
    assert isinstance(trace, Inner)
    return trace.standing(t) if recorded and is_inexact(v.aval.dtype) else t


class Traveller(Carried):
    """What a traced loop carries: shapes, dtypes and classes that the body keeps."""

    def __init__(self, init: Any, what: str) -> None:
        super().__init__(init, what)
        tensors = [lift(x) for x in self.leaves]
        self.classes: list[type[Tensor]] = [type(t).result_class for t in tensors]
        self.recorded = [has_history(t) for t in tensors]

    def given(self, values: Sequence[Traced]) -> Any:
        """The carried value on stand-ins."""
        return self.structure.unflatten(
            [stand_in(v, c, r) for v, c, r in zip(values, self.classes, self.recorded, strict=True)]
        )

    def settled(self, leaves: list[Any], avals: list[Aval]) -> bool:
        """Whether the body was given what it returns; after `after`."""
        fits = avals == self.avals
        for i, x in enumerate(leaves):
            t = lift(x)
            cls = type(t).result_class
            if cls is not self.classes[i] and self.classes[i] is native():
                self.classes[i] = cls
                fits = False
            if not self.recorded[i] and has_history(t):
                self.recorded[i] = True
                fits = False
        return fits

    def operands(self) -> list[Any]:
        """The first values, in the dtypes that the loop goes on with."""
        out = []
        for x, a in zip(self.leaves, self.avals, strict=True):
            t = lift(x)
            out.append(t if t.value.dtype == a.dtype else vocabulary.cast(t, a.dtype))
        return out

    def results(self, values: Sequence[Any]) -> Any:
        """The last values."""
        return self.structure.unflatten(
            [returned(v, c) for v, c in zip(values, self.classes, strict=True)]
        )


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """`control.while_loop` as a primitive."""
    what = "while_loop"
    carried = Traveller(init, what)
    writes = Places()
    found: list[Any] = []

    def body(t: Inner, inputs: list[Traced]) -> list[Any]:
        found[:] = carried.after(body_fun(carried.given(inputs)))
        return [t.value_of(lift(x)) for x in found]

    while True:
        avals = list(carried.avals)
        step = writes.run(what, avals, body)
        if carried.settled(found, avals):
            break

    def test(t: Inner, inputs: list[Traced]) -> list[Any]:
        return [t.value_of(truth(cond_fun(carried.given(inputs)), what))]

    count = len(writes.written)
    condition = writes.run(what, avals, test)
    if len(writes.written) != count:
        raise StructureError(f"{what}: the condition writes to a variable; write to it in the body")
    bodies, values = closed([step, condition])
    predicate = bodies[1]
    predicate.outputs = predicate.outputs[:1]
    n = len(avals) + count
    loop = Loop(what, len(values), 0, (Sweep(bodies[0], n),), None, predicate)
    outs = loop.on([*values, *carried.operands(), *writes.now()])
    writes.put(outs[len(avals) :])
    return carried.results(outs[: len(avals)])


def truth(x: Any, what: str) -> Tensor:
    """A predicate as a boolean tensor.

    Raises:
        ShapeError: It is no scalar.
    """
    t = output(x, what)
    if tuple(t.shape) != ():
        raise ShapeError(
            f"{what}: the predicate must be a scalar, got an array of shape {list(t.shape)}"
        )
    return t if t.value.dtype == np.bool_ else lift(vocabulary.cast(t, np.dtype(np.bool_)))


def counted(
    what: str, start: int | None, length: int, step: Callable[..., tuple[list[Any], list[Any]]], carried: Traveller,
    columns: Sequence[Tensor], backwards: bool = False,
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """A loop of known length.

    Args:
        what: For messages.
        start: The number of the first step, if `step` is given it.
        length: The number of steps.
        step: (carried value, elements as tensors) -> (leaves of the next value, tensors that are stacked).
        carried: What it carries.
        columns: Arrays with an element per step.
        backwards: From the last element to the first.

    Returns:
        The last values and the stacks.
    """
    writes = Places()
    index = [] if start is None else [Aval((), np.dtype(np.int64))]
    elements = [*index, *[Aval(tuple(t.shape)[1:], t.value.dtype) for t in columns]]
    classes = [*[native() for _ in index], *[type(t).result_class for t in columns]]
    recorded = [*[False for _ in index], *[has_history(t) for t in columns]]
    n = len(elements)
    found: list[Any] = []
    stacked: list[Tensor] = []
    results: list[Any] = []

    def body(t: Inner, inputs: list[Traced]) -> list[Any]:
        given = [stand_in(v, c, r) for v, c, r in zip(inputs[:n], classes, recorded, strict=True)]
        found[:], stacked[:] = step(carried.given(inputs[n:]), given)
        results[:] = [t.value_of(o) for o in stacked]
        return [t.value_of(lift(x)) for x in found]

    while True:
        avals = list(carried.avals)
        piece = writes.run(what, [*elements, *avals], body)
        if carried.settled(found, avals):
            break
    piece.outputs += [piece.trace.number(r) for r in results]
    bodies, values = closed([piece])
    count = len(avals) + len(writes.written)
    loop = Loop(
        what, len(values), len(columns), (Sweep(bodies[0], count, (), backwards),), length, None, start
    )  # fmt: skip
    outs = loop.on([*values, *columns, *carried.operands(), *writes.now()])
    writes.put(outs[len(avals) : count])
    return outs[: len(avals)], [
        returned(o, type(t).result_class) for o, t in zip(outs[count:], stacked, strict=True)
    ]
