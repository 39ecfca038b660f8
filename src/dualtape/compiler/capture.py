"""Capturing a call: the user's function runs once, and every primitive under it is noted instead of computed.

The trace is the lowest of all transformations (level 0): derivatives, batches and in-place writes happen above it
as they always do, and reach it as primitives. Where the program keeps numbers between calls (parameters,
gradients, optimizer state, variables) the numbers are taken out for the time of the trace and put back after it:
what was written to becomes an update of the captured graph. A number drawn at random or read from an option is
an input that is asked for anew at each call.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import Context
from typing import Any, NamedTuple

import numpy as np

from ..core import modes, random_state
from ..core.aval import Aval, aval_of
from ..core.bind import BinaryPrimitive, NaryPrimitive, UnaryPrimitive
from ..core.boxes import Box, open_trace
from ..core.errors import TransformError
from ..core.formulas import Values
from ..core.graph import LEAF, AccumulateGrad
from ..core.lengths import Lengths, any_open, is_open
from ..core.open_shapes import OpenShape, concrete
from ..core.primitive import Primitive
from ..core.tensor import FIXED, Tensor
from ..core.tracing import Evaluation, Program, Trace, Traced, around_capture, capture
from ..transforms.loops_rules import StructuredCall
from . import integers
from .graph import Graph
from .open_loops import primitive_at

EDGE: Any = vars(Tensor)["edge"]
"""The slot itself: a front end may show the engine less than what is in it."""


class Cell:
    """A tensor whose numbers the trace has taken out.

    Attributes:
        tensor: The tensor.
        array: Its memory.
        traced: What stands for its numbers at the start of the call.
        edge: Its history, as it was; `boundary` is what stood in for it, if it was not a leaf.
    """

    __slots__ = ("array", "boundary", "edge", "slot", "tensor", "traced", "version", "view_of")

    def __init__(self, tensor: Tensor, traced: Traced) -> None:
        self.tensor = tensor
        self.array = tensor.value
        self.traced = traced
        self.version = tensor.version
        self.view_of = tensor.view_of
        self.edge = tensor.current_edge()
        self.slot = EDGE.__get__(tensor)
        self.boundary: AccumulateGrad | None = None
        tensor.value = traced
        tensor.view_of = None
        if self.edge is not None and self.edge.kind != LEAF:
            self.boundary = tensor.edge = AccumulateGrad(tensor)
        elif self.edge is not None:
            self.edge.shape = tuple(traced.shape)  # lengths in it may be open

    def source(self) -> Any:
        """The edge that gradients arrive at inside the trace; None if it needs none."""
        return self.boundary or self.edge

    def now(self) -> Any:
        """What stands for its numbers now."""
        return self.tensor.value

    def history_changed(self) -> bool:
        """Whether the function gave the tensor another history."""
        return self.tensor.mutable and self.tensor.edge is not self.source()

    def put_back(self) -> None:
        """Give the tensor its numbers back."""
        t = self.tensor
        t.value = self.array
        t.view_of = self.view_of
        EDGE.__set__(t, self.slot)
        if self.edge is not None and self.edge.kind == LEAF:
            self.edge.shape = tuple(self.array.shape)
        t.version = self.version


class Place:
    """A place outside of tensors that keeps numbers (a variable of TensorFlow): see `Capture.take`."""

    __slots__ = ("array", "leave", "now", "owner", "traced")

    def __init__(
        self,
        owner: Any,
        array: Any,
        traced: Traced,
        now: Callable[[], Any],
        leave: Callable[[], None],
    ) -> None:
        self.owner = owner
        self.array = array
        self.traced = traced
        self.now = now
        self.leave = leave


class Draw(NamedTuple):
    """An input that is asked for anew at each call: `ask()` gives an array, or with `live` a number."""

    number: int
    ask: Callable[..., Any]
    shape: tuple[int, ...] | None = None

    def at(self, values: Values) -> Draw:
        """The same where the open lengths have these values."""
        if self.shape is None:
            return self
        ask, shape = self.ask, concrete(self.shape, values)
        return Draw(self.number, lambda: ask(shape))


class Live(NamedTuple):
    """An option read at each call: `container[key]`, a Python number."""

    number: int
    container: Any
    key: Any


class Capture(Trace):
    """The lowest interpreter: notes every primitive that reaches it.

    Attributes:
        lengths: The lengths left open, if there are any.
        built: How to make what depends on nothing but them, by number.
        integers: The elements of small arrays of integers that are known, by number.
        count: How many draws the trace has met. Code that is run again, as `checkpoint` does, meets them again.
        own_draws: What the trace itself would have drawn, had it not been apart.
        refills: Whether it draws from a stream that it has made, which would start afresh at each call.
    """

    __slots__ = (
        "_avals",
        "built",
        "cells",
        "count",
        "draws",
        "integers",
        "lengths",
        "live",
        "own_draws",
        "places",
        "refills",
    )

    name = "compiled function"

    def __init__(self, lengths: Lengths | None = None) -> None:
        super().__init__(0)
        self.lengths = lengths
        if lengths is not None:
            lengths.trace = self
        self.built: dict[int, Callable[[Values], Any]] = {}
        self.integers: dict[int, Any] = {}
        self.kept = []
        self.cells: dict[int, Cell] = {}  # by identity of the tensor
        self.places: dict[int, Place] = {}
        self.draws: list[Draw] = []
        self.count = random_state.Held(0)
        self.own_draws: random_state.Apart | None = None
        self.refills = False
        self.live: dict[tuple[int, Any], Live] = {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let primitives reach the trace; afterwards everything taken out is put back."""
        mode = modes.current()
        modes.set_mode(mode | modes.BOXED)
        open_trace.set(self)
        capture.set(self)
        try:
            with ExitStack() as stack:
                for around in around_capture:
                    stack.enter_context(around(self))
                self.own_draws = stack.enter_context(random_state.apart(kept=(self.count,)))
                yield
        finally:
            open_trace.set(None)
            capture.set(None)
            modes.set_mode(mode)
            for cell in self.cells.values():
                cell.put_back()
            for place in self.places.values():
                place.leave()
            self.open = False
            if self.lengths is not None:
                self.lengths.open = False
                self.lengths.trace = None

    # --- what the numbers are -----------------------------------------------------------------------

    @property
    def avals(self) -> list[Aval]:
        """Shape and dtype by number."""
        return self._avals

    def adopt(self, tensor: Tensor, shape: tuple[int, ...] | None = None) -> Cell:
        """Take the numbers out of a tensor for the time of the trace; with `shape`, which may leave lengths open."""
        cell = self.cells.get(id(tensor))
        if cell is None:
            array = tensor.buffer()
            aval = aval_of(array)
            traced = self.variable(aval if shape is None else Aval(shape, aval.dtype))
            cell = self.cells[id(tensor)] = Cell(tensor, traced)
        return cell

    def take(
        self,
        owner: Any,
        array: Any,
        enter: Callable[[Any], None],
        now: Callable[[], Any],
        leave: Callable[[], None],
    ) -> Place:
        """Take numbers out of something that is no tensor.

        Args:
            owner: What keeps them.
            array: The numbers.
            enter: Puts what stands for them in their place.
            now: Gives what is there now.
            leave: Puts everything back as it was.
        """
        place = self.places.get(id(owner))
        if place is None:
            traced = self.variable(aval_of(array))
            place = self.places[id(owner)] = Place(owner, array, traced, now, leave)
            enter(traced)
        return place

    def meet(self, tensors: tuple[Tensor, ...]) -> None:
        """Operands of a primitive: those with numbers are taken over."""
        for t in tensors:
            if not isinstance(t.value, Box) and t.version is not FIXED:
                made = self.adopt(t).traced.number
                known = None if t.mutable else integers.known({}, self.cells[id(t)].array)
                if known is not None:
                    self.integers[made] = known

    def variable(self, aval: Aval) -> Traced:
        """See `Trace`; a shape with open lengths is compared with care."""
        if self.lengths is not None and any_open(aval.shape):
            aval = Aval(OpenShape(aval.shape), aval.dtype)
        return super().variable(aval)

    def computed(
        self, build: Callable[[Values], Any], shape: tuple[int, ...], dtype: Any
    ) -> Traced:
        """An array that depends on nothing but the open lengths."""
        assert self.lengths is not None
        traced = self.variable(Aval(shape, np.dtype(dtype)))
        self.built[traced.number] = build
        x = self.constants[traced.number] = np.asarray(build(self.lengths.now))
        x.flags.writeable = False
        return traced

    def draw(self, ask: Callable[..., Any], shape: tuple[int, ...] | None = None) -> Traced:
        """An array that is drawn anew at each call."""
        if shape is not None and not any_open(shape):
            ask, shape = functools.partial(ask, shape), None
        with random_state.apart() as trial:
            if shape is None:
                aval = aval_of(np.asarray(ask()))
            else:
                assert self.lengths is not None
                sample = np.asarray(ask(concrete(shape, self.lengths.now)))
                aval = Aval(tuple(shape), sample.dtype)
        assert self.own_draws is not None
        self.refills |= not trial.moved.isdisjoint(self.own_draws.made)
        at = random_state.at(self.count, True)
        place = at.value
        at.value += 1
        if place == len(self.draws):
            traced = self.variable(aval)
            self.draws.append(Draw(traced.number, ask, shape))
            return traced
        number = self.draws[place].number  # run again, as `checkpoint` does: the same numbers
        if self._avals[number] != aval:
            raise TransformError(
                f"a function that is run again draws {aval} where it drew {self._avals[number]} the first time"
            )
        return Traced(self, number, aval)

    def option(self, container: Any, key: Any) -> Traced:
        """A Python number that is read anew at each call, as a float64."""
        found = self.live.get((id(container), key))
        if found is None:
            traced = self.variable(Aval((), np.dtype(np.float64)))
            found = self.live[id(container), key] = Live(traced.number, container, key)
        return Traced(self, found.number, self._avals[found.number])

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        for v in values:
            if isinstance(v, Tensor):
                if v.current_edge() is not None:  # recorded at this level, not below it
                    return primitive(*values, **params)  # type: ignore[operator]
                self.meet((v,))
        values = tuple([v.value if isinstance(v, Tensor) else v for v in values])
        if self.lengths is not None:
            self.look_at(primitive, params)
        out = super().process(primitive, values, params)
        if self.integers:
            found = integers.result(self.integers, primitive, values, params, out)
            if found is not None:
                self.integers[out.number] = found
        return out

    def elements(self, values: Sequence[Any], shape: tuple[int, ...], dtype: Any) -> Traced:
        """An array of these integers, known while tracing: lengths among them may be open."""
        to = np.dtype(dtype)
        if any(map(is_open, values)):
            traced = self.computed(
                lambda v: np.array(concrete(list(values), v), to).reshape(shape), shape, to
            )
        else:
            traced = self.variable(Aval(shape, to))
            x = self.constants[traced.number] = np.array(values, to).reshape(shape)
            x.flags.writeable = False
        known = np.empty(len(values), object)
        known[:] = values
        self.integers[traced.number] = known.reshape(shape)
        return traced

    def look_at(self, primitive: Primitive, params: dict[str, Any]) -> None:
        """Settle the lengths at a call that cannot be made again for others."""
        assert self.lengths is not None
        if type(primitive) not in MADE_ONCE and type(primitive) is not StructuredCall:
            self.lengths.settle(f"{primitive.name}, whose functions were traced")
        try:
            primitive_at(primitive, self.lengths.now)
            concrete(params, self.lengths.now)
        except TypeError as error:
            self.lengths.settle(f"{primitive.name}: {error}")

    def numbers_now(self, wanted: Sequence[int]) -> list[Any] | None:
        """Compute what some values of the trace are for the arguments of this call, by NumPy.

        Returns:
            An array per number; None if they depend on what is drawn or read anew at each call.
        """
        known = dict(self.constants)
        known |= {c.traced.number: c.array for c in self.cells.values()}
        known |= {p.traced.number: p.array for p in self.places.values()}
        calls = tuple(self.instructions)
        if self.lengths is not None:
            now = self.lengths.now
            calls = tuple(
                i._replace(primitive=primitive_at(i.primitive, now), params=concrete(i.params, now))
                for i in calls
            )
        needed = Program((), known, calls, tuple(wanted)).pruned()
        made = {v for i in needed.instructions for v in i.results}
        read = {v for i in needed.instructions for v in i.operands} | set(wanted)
        if not read <= made | set(known):
            return None
        return Context().run(Evaluation(needed), ())

    # --- the result ---------------------------------------------------------------------------------

    def graph(
        self,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        updates: tuple[tuple[int, int], ...],
    ) -> Graph:
        """What was noted, as a graph."""
        self.known.clear()
        constants = fixed(self.constants)
        return Graph(self._avals, inputs, constants, tuple(self.instructions), outputs, updates)


MADE_ONCE = (NaryPrimitive, UnaryPrimitive, BinaryPrimitive)
"""The classes of primitives that are no user's functions, wrapped."""


def fixed(values: dict[int, Any]) -> dict[int, Any]:
    """Constants as arrays; those that nobody else holds, and numbers, are such that nobody can write to them."""
    found = {}
    for number, holders in references(values):
        x = values[number]
        if not isinstance(x, np.ndarray):
            x = np.array(x)
            x.flags.writeable = False
        elif x.base is None and holders <= ALONE:
            x.flags.writeable = False
        elif (
            not x.flags.writeable and not any(x.strides) and x.size > 1
        ):  # a number, spread out by the engine
            x = np.broadcast_to(np.array(x.flat[0], x.dtype), x.shape)
        found[number] = x
    return found


def references(values: dict[Any, Any]) -> list[tuple[Any, int]]:
    """How many references there are to each value of a dict, by key; ALONE if only the dict has one."""
    return [(key, sys.getrefcount(values[key])) for key in values]


ALONE = references({0: object()})[0][1]
