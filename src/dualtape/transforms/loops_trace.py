"""Sub-programs: what a branch or a loop's body does, traced once, with all it closes over made operands.

A body runs on stand-ins, in a trace above everything that is open. Whatever else a primitive meets there comes in as a
constant of that trace: an array stays one, and a tensor with a history or a value of a transformation outside becomes
an operand of the loop, so that derivatives and batches go on through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import Aval, aval_of, is_inexact
from ..core.batching import Batched
from ..core.boxes import Interpreter, open_trace
from ..core.errors import TransformError
from ..core.forward import Dual
from ..core.graph import Node, new_node
from ..core.kinds import general
from ..core.primitive import Primitive
from ..core.tensor import Outer, Tensor, unboxed, wrap
from ..core.tracing import Evaluation, Instruction, Program, Trace, Traced, capture
from ..core.value import Value
from ..ops.stopping import stopped


class Body:
    """A sub-program: a flat list of primitive calls on numbered values, without anything from outside.

    Attributes:
        avals: Shape and dtype by number.
        inputs, outputs: Numbers.
        constants: Arrays by number.
        instructions: The calls that lead to outputs.
        derived: What has been made of it, by whatever makes it.
        native: Runs it, if the compiler made something that does: arrays -> results.
    """

    __slots__ = (
        "_evaluation", "avals", "constants", "derived", "inputs", "instructions", "native", "outputs",
    )  # fmt: skip

    def __init__(
        self, avals: Sequence[Aval], inputs: Sequence[int], constants: dict[int, Any],
        instructions: Sequence[Instruction], outputs: Sequence[int],
    ) -> None:  # fmt: skip
        needed = set(outputs)
        kept = []
        for i in reversed(instructions):
            if not needed.isdisjoint(i.results):
                needed.update(i.operands)
                kept.append(i)
        self.avals = avals
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.constants = {n: v for n, v in constants.items() if n in needed}
        self.instructions = tuple(reversed(kept))
        self.derived: dict[Any, Any] = {}
        self._evaluation: Evaluation | None = None
        self.native: Any = None

    @property
    def in_avals(self) -> list[Aval]:
        """The inputs' shapes and dtypes."""
        return [self.avals[n] for n in self.inputs]

    @property
    def out_avals(self) -> list[Aval]:
        """The outputs' shapes and dtypes."""
        return [self.avals[n] for n in self.outputs]

    def used(self) -> list[bool]:
        """Which inputs lead to an output."""
        found = {v for i in self.instructions for v in i.operands} | set(self.outputs)
        return [n in found for n in self.inputs]

    @property
    def program(self) -> Program:
        """The same without shapes and dtypes."""
        return Program(self.inputs, self.constants, self.instructions, self.outputs)

    def __call__(self, *values: Any) -> list[Any]:
        """Run by primitives, on any values that they take."""
        return self.program(*values)

    def run(self, *arrays: Any) -> list[Any]:
        """Run on arrays: as native code, if there is any, or by NumPy."""
        if self.native is not None:
            return self.native(arrays)  # type: ignore[no-any-return]
        if self._evaluation is None:
            self._evaluation = Evaluation(self.program)
        return self._evaluation(arrays)

    def reached(self, given: Sequence[bool], smooth: bool = True) -> list[bool]:
        """Which outputs depend on any of the `given` inputs, with `smooth` differentiably."""
        live = {n for n, g in zip(self.inputs, given, strict=True) if g}
        for i in self.instructions:
            if (smooth and i.primitive.kind == "constant") or live.isdisjoint(i.operands):
                continue
            live.update(r for r in i.results if not smooth or is_inexact(self.avals[r].dtype))
        return [n in live and (not smooth or is_inexact(self.avals[n].dtype)) for n in self.outputs]

    def reaching(self, wanted: Sequence[bool]) -> list[bool]:
        """Which inputs some of the `wanted` outputs depend on, differentiably."""
        live = {n for n, w in zip(self.outputs, wanted, strict=True) if w}
        for i in reversed(self.instructions):
            if i.primitive.kind == "constant" or live.isdisjoint(i.results):
                continue
            live.update(i.operands)
        return [n in live and is_inexact(self.avals[n].dtype) for n in self.inputs]


# NOTE [what stops inside a body]
# `detach`, `no_grad` and their like leave no operation behind: they make tensors without a history. So, while a body is
# traced, its tensors have one (`Mark`) exactly where they would have it outside of a trace; and where one without is used
# although its value depends on something that has one, the program gets an operation that no gradient passes through.

unrecorded = general(
    "unrecorded", lambda x: x, aval=lambda x: x, jvp=lambda d: d, vjp=None, pointwise=True,
    doc="x, which gradients do not pass through, and tangents do.",
)  # fmt: skip


class Mark(Node):
    """Stands for the history of a value in a body: it leads nowhere, since the program is what is differentiated."""

    __slots__ = ()

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        return []


def mark(t: Tensor, level: float) -> Tensor:
    """Give a tensor a history, of a level."""
    made = new_node(Mark, (), tuple(t.value.shape), t.value.dtype, None)
    made.level = level
    t.edge = made
    return t


def has_history(x: Any) -> bool:
    """Whether gradients go to a tensor or value, in any recording."""
    if isinstance(x, Tensor):
        return x.current_edge() is not None or has_history(x.value)
    if isinstance(x, Outer):
        return True
    if isinstance(x, Dual):
        return has_history(x.primal) or has_history(x.tangent)
    return has_history(x.content) if isinstance(x, Batched) else False


class Inner(Trace):
    """The trace of a body. Live tensors that it meets are the compiler's, as if it had met them outside."""

    __slots__ = ("alone", "outer", "smooth")

    name = "loop's body"
    keeps_writes_out = True

    def __init__(self, level: int, outer: Interpreter | None, alone: bool = False) -> None:
        super().__init__(level)
        self.outer = outer
        self.alone = alone
        self.smooth: set[int] = set()

    def own(self, v: Any) -> Traced | None:
        """The value of this trace that a tensor or box is about; None if it is of another one."""
        while isinstance(v, (Tensor, Outer)):
            v = v.value if isinstance(v, Tensor) else v.content
        return v if isinstance(v, Traced) and v.interpreter is self else None

    def number(self, v: Any) -> int:
        """See `Trace.number`: a tensor without a history is its value."""
        own = self.own(v)
        if own is not None:
            return own.number
        if isinstance(v, Tensor) and v.current_edge() is None:
            self.meet((v,))
            v = v.value
        return super().number(v)

    def meet(self, tensors: tuple[Any, ...]) -> None:
        """See `Interpreter.meet`."""
        if self.outer is not None:
            self.outer.meet(tensors)

    def stop(self, value: Any) -> Any:
        """`value` without derivatives of any mode."""
        return stopped(value)

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`, and NOTE [what stops inside a body]."""
        if self.alone:
            return super().process(primitive, values, params)
        values = tuple(map(self.cut, values))
        out = super().process(primitive, values, params)
        if primitive.kind == "constant" or not any(map(self.is_smooth, values)):
            return out
        outs = [
            o.value if isinstance(o, Tensor) else o
            for o in (out if isinstance(out, tuple) else (out,))
        ]
        inexact = [is_inexact(o.aval.dtype) for o in outs]
        self.smooth.update([o.number for o, i in zip(outs, inexact, strict=True) if i])
        if modes.current() & modes.NO_GRAD or not any(map(has_history, values)):
            return out
        made = [
            mark(wrap(Tensor, o), self.level - 1) if i else o
            for o, i in zip(outs, inexact, strict=True)
        ]
        return tuple(made) if isinstance(out, tuple) else made[0]

    def is_smooth(self, v: Any) -> bool:
        """Whether a value depends differentiably on something with a history."""
        own = self.own(v)
        return has_history(v) if own is None else own.number in self.smooth

    def cut(self, v: Any) -> Any:
        """A value; cut off from what it depends on if it has no history itself."""
        own = self.own(v)
        if own is None or own.number not in self.smooth or has_history(v):
            return v
        return super().process(unrecorded, (own,), {})

    def value_of(self, t: Any) -> Any:
        """What stands for a tensor in the trace: itself if its history is outside."""
        if not isinstance(t, Tensor):
            return t
        if not isinstance(t.value, Value):
            self.meet((t,))
        t = self.cut(t)
        own = self.own(t)
        if own is not None:
            return own
        return t if not isinstance(t, Tensor) or t.current_edge() is not None else t.value

    def standing(self, t: Tensor) -> Tensor:
        """A stand-in that has a history."""
        self.smooth.add(t.value.number)
        return mark(t, self.level - 1)


class _Watch:
    """Stands in for the compiler's capture inside of a body: what happens once per call does not happen there."""

    def __init__(self, capture: Any, what: str) -> None:
        self.capture = capture
        self.what = what

    def draw(self, *_: Any) -> Any:
        raise TransformError(
            f"{self.what}: the body draws at random, and would draw the same numbers at each step: draw before the loop, and "
            "scan over the numbers"
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.capture, name)


@contextmanager
def inner_trace(what: str, alone: bool = False) -> Iterator[Inner]:
    """Open the trace of a body.

    Args:
        what: The loop, for messages.
        alone: Whether nothing from outside can be met.
    """
    with modes.deeper() as level:
        before, around = open_trace.get(), capture.get()
        trace = Inner(level, None if alone else before, alone)
        open_trace.set(trace)
        if around is not None:
            capture.set(_Watch(around, what))
        try:
            yield trace
        finally:
            open_trace.set(before)
            capture.set(around)
            trace.open = False


def traced(f: Callable[..., Sequence[Any]], avals: Sequence[Aval]) -> Body:
    """Trace a function of values that closes over nothing but arrays."""
    with modes.switched(off=modes.AROUND), inner_trace("loop", alone=True) as t:
        inputs = [t.variable(a) for a in avals]
        numbers = [t.number(o) for o in f(*inputs)]
        instructions, constants, all_avals = t.instructions, t.constants, t._avals
    return Body(all_avals, [v.number for v in inputs], constants, instructions, numbers)


class Piece:
    """A trace whose stand-ins are known and whose operands from outside are not sorted out yet."""

    def __init__(self, trace: Inner, inputs: Sequence[Traced], outputs: Sequence[Any]) -> None:
        self.trace = trace
        self.inputs = [v.number for v in inputs]
        self.outputs = [trace.number(o) for o in outputs]

    def outside(self) -> dict[int, Any]:
        """The values from outside that are no arrays, by number."""
        return {n: v for n, v in self.trace.constants.items() if isinstance(v, Value)}


def closed(pieces: Sequence[Piece]) -> tuple[list[Body], list[Any]]:
    """Bodies whose first inputs are the values from outside of any of the pieces, and these values."""
    values: dict[Any, tuple[int, Any]] = {}
    for p in pieces:
        for v in p.outside().values():
            values.setdefault(_identity(v), (len(values), v))
    bodies = []
    for p in pieces:
        numbers: list[int | None] = [None] * len(values)
        stands_for: dict[int, int] = {}
        for n, v in p.outside().items():
            at = values[_identity(v)][0]
            first = numbers[at]
            if first is None:
                numbers[at] = n
            else:  # two objects, one value
                stands_for[n] = first
        for at, v in values.values():
            if numbers[at] is None:
                numbers[at] = p.trace.variable(aval_of(v)).number
        constants = {
            n: v if isinstance(v, np.ndarray) else np.asarray(v)[()]
            for n, v in p.trace.constants.items()
            if not isinstance(v, Value)
        }
        instructions: list[Instruction] = p.trace.instructions
        outputs = p.outputs
        if stands_for:
            instructions = [
                i._replace(operands=tuple([stands_for.get(k, k) for k in i.operands])) for i in instructions
            ]  # fmt: skip
            outputs = [stands_for.get(k, k) for k in outputs]
        inputs = [n for n in numbers if n is not None]
        bodies.append(Body(p.trace._avals, [*inputs, *p.inputs], constants, instructions, outputs))
    return bodies, [v for _, v in values.values()]


def _identity(v: Any) -> Any:
    """What two objects that are one value have in common: a variable is handed out in more than one object."""
    v = unboxed(v)
    return (id(v.interpreter), v.number) if isinstance(v, Traced) else id(v)


__all__ = ["Body", "Inner", "Piece", "closed", "inner_trace", "traced"]
