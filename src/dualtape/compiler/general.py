"""Programs for any batch size: a call captured with open lengths, from which a program for given lengths is made.

A call is captured once (`core/lengths.py` says how a length is left open), and what a comparison of lengths decided is a
condition that later calls are held to. The program for another length is the captured graph with its numbers put in,
simplified and lowered again: the function itself does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from ..core import modes
from ..core.formulas import LEAST, Values
from ..core.lengths import Length, Lengths
from ..core.open_shapes import concrete
from ..transforms.loops_rules import Structured
from .derivative import split
from .graph import Graph, check
from .open_loops import aval_at, calls_at
from .passes import simplified
from .program import Parts, Program, Result

Shape = tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Captured(Parts):
    """A call as it was captured: what programs are made of. See `Parts` for what is not explained here.

    Attributes:
        graph: Both passes, as noted.
        ahead: How many of its calls are the forward pass's.
        derivative: See `capturing._Call.derivative`.
        lengths: Those left open; None if there are none.
        built: How to make the constants that depend on them.
    """

    graph: Graph
    ahead: int
    derivative: tuple[list[int], dict[int, int], list[int]] | None
    lengths: Lengths | None
    built: dict[int, Callable[[Values], Any]]

    def holds(self) -> bool:
        """Whether the mode and what the function could reach are what they were."""
        return modes.current() == self.mode and all(g.holds() for g in self.guards)

    def program(self, values: Values | None = None) -> Program:
        """The program for given lengths (those of the captured call).

        Raises:
            GraphFault: The graph does not fit together at these lengths.
        """
        graph, parts = self.graph, {f.name: getattr(self, f.name) for f in fields(Parts)}
        if self.lengths is not None:
            values = self.lengths.now if values is None else values
            graph = at(graph, values, self.built)
            parts["states"] = tuple([replace(s, aval=aval_at(s.aval, values)) for s in self.states])
            parts["draws"] = tuple([d.at(values) for d in self.draws])
            parts["results"] = tuple([_result_at(r, values) for r in self.results])
        if self.derivative is None:
            whole, derivative = graph.with_calls(graph.calls[: self.ahead]), None
        else:
            whole, derivative = split(graph, self.ahead, *self.derivative)
        if self.lengths is not None and values != self.lengths.now:
            for g in (whole,) if derivative is None else (whole, derivative.backward):
                check(g, f"taking the lengths {values} for {self.lengths.now}")
        if derivative is not None:
            derivative.backward = simplified(derivative.backward)
        return Program(graph=simplified(whole), derivative=derivative, **parts)


def _result_at(r: Result, values: Values) -> Result:
    """A result for given lengths; see `capturing._Call.look_at` on objects that they may be hidden in."""
    if r.kind != "object":
        return r
    try:
        return replace(r, value=concrete(r.value, values))
    except TypeError:  # an argument, or of a program for these lengths alone
        return r


def at(graph: Graph, values: Values, built: dict[int, Callable[[Values], Any]]) -> Graph:
    """A graph with numbers for its open lengths."""
    constants = dict(graph.constants)
    for number, build in built.items():
        if number in constants:
            x = constants[number] = np.asarray(build(values))
            x.flags.writeable = False
    avals = [aval_at(a, values) for a in graph.avals]
    return graph.with_calls(calls_at(graph.calls, values), avals=avals, constants=constants)


AT_ONCE = 4
"""Lengths that become native code at their first call: to train, to evaluate, and the last batch of both."""
WORTH_IT = 32
"""Calls that a further length has by NumPy before it becomes native code, which takes as long as some hundred of them."""
MOST_NATIVE, MOST_BYTES = 64, 1 << 28
"""Native programs for different lengths, and the memory that they work in, from which on further lengths stay with NumPy."""
MOST_LENGTHS = 256
"""Lengths that programs by NumPy are kept ready for."""


@dataclass(slots=True)
class General:
    """A captured call for any lengths that meet its conditions.

    Attributes:
        captured: The call.
        shapes: Its arguments' by leaf, with lengths open; None for what is no array.
        record: Its line in `explain`.
        native: How many lengths have native code.
        size: The bytes of memory that it works in.
        tried: The signatures of the lengths that NumPy runs, the oldest first.
    """

    captured: Captured
    shapes: tuple[Shape | None, ...]
    record: Any
    native: int = 0
    size: int = 0
    tried: list[Any] = field(default_factory=list)

    def tries(self, program: Program) -> bool:
        """Whether NumPy is to run the program for one more length until it has been called often.

        A loop is native at once: it may have a million steps, each of which costs NumPy what a whole call does.
        """
        loops = [
            isinstance(getattr(c.primitive, "rules", None), Structured) for c in program.graph.calls
        ]
        return self.native >= AT_ONCE and not any(loops)

    def note(self, program: Program) -> None:
        """Count a program that is as native as it gets: without llvmlite NumPy runs it for good."""
        self.native += 1
        for run in (program.run, None if program.derivative is None else program.derivative.run):
            self.size += 0 if run is None else run.size

    def values(self, shapes: Sequence[Shape | None]) -> list[int] | None:
        """The open lengths at a call of these shapes; None where the program does not fit it."""
        lengths = self.captured.lengths
        assert lengths is not None
        found: dict[int, int] = {}
        for own, shape in zip(self.shapes, shapes, strict=True):
            for n, given in zip(_any(own), shape or (), strict=True):
                if type(n) is not Length:
                    if n != given:
                        return None
                    continue
                ((symbol,),) = n.poly
                if given < LEAST or found.setdefault(symbol, given) != given:
                    return None
        values = [found[i] for i in range(len(lengths.now))]
        try:
            return values if all(c.test(values) == c.outcome for c in lengths.conditions) else None
        except ArithmeticError:
            return None

    def explain(self) -> list[str]:
        """For which lengths it holds."""
        lengths = self.captured.lengths
        assert lengths is not None
        where: dict[int, list[str]] = {}
        for i, shape in enumerate(self.shapes):
            for axis, n in enumerate(_any(shape)):
                if type(n) is Length:
                    ((symbol,),) = n.poly
                    where.setdefault(symbol, []).append(f"axis {axis} of argument {i}")
        lines = [
            f"for any {lengths.names[symbol]} >= {LEAST}: {', '.join(places)}" for symbol, places in where.items()
        ]  # fmt: skip
        said = [c for c in lengths.conditions if not any(len(w) > 15 for w in c.text.split())]
        lines += [
            f"as long as {c.text} is {c.outcome}: {c.line}" for c in said
        ]  # without those on overflow
        return lines


@dataclass(slots=True)
class Trial:
    """What a program is in that NumPy runs until it is worth native code.

    Attributes:
        general: What it was made from.
        key: Its signature.
        left: How many more calls it takes.
    """

    general: General
    key: Any
    left: int = WORTH_IT

    def is_over(self) -> bool:
        """Count a call; whether the program is to become native code with it."""
        self.left -= 1
        g = self.general
        if self.left or g.native >= MOST_NATIVE or g.size >= MOST_BYTES:
            return False
        g.tried.remove(self.key)
        return True


class Pattern:
    """Calls that differ in lengths alone.

    Attributes:
        seen: The shapes of those captured.
        generals: Programs for any lengths.
        failed: Why the function cannot be traced with open lengths; empty if it can, as far as is known.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[Shape | None, ...]] = []
        self.generals: list[General] = []
        self.failed = ""

    def left_open(
        self, shapes: Sequence[Shape | None], every: bool, axes: Sequence[Sequence[int]] | None
    ) -> tuple[Lengths, tuple[Shape | None, ...]] | None:
        """The shapes of a call with lengths left open; None if none is to be.

        Args:
            shapes: By leaf.
            every: Leave all lengths open, rather than those that have changed.
            axes: The axes to leave open by leaf, instead.
        """
        if self.failed:
            return None
        lengths = Lengths()
        known: dict[Any, Length] = {}
        out: list[Shape | None] = []
        for i, shape in enumerate(shapes):
            if shape is None:
                out.append(None)
                continue
            row: list[Any] = []
            for axis, n in enumerate(shape):
                before = tuple([old[axis] for s in self.seen if (old := s[i]) is not None])
                wanted = (axes is not None and axis in axes[i]) or (
                    axes is None and (every or any(m != n for m in before))
                )
                if n < LEAST or not wanted:
                    row.append(n)
                    continue
                length = known.get((n, before))
                if length is None:
                    length = known[n, before] = lengths.length(n)
                row.append(length)
            out.append(tuple(row))
        return (lengths, tuple(out)) if known else None


def _any(shape: Shape | None) -> tuple[Any, ...]:
    return shape or ()


def shapes_of(kinds: Sequence[Any]) -> tuple[Shape | None, ...]:
    """The shapes in a signature, None for what is no array."""
    return tuple([kind[1] if len(kind) == 4 else None for kind in kinds])


def pattern_of(key: Any) -> Any:
    """A signature without its lengths."""
    structure, kinds, sharing = key
    return (
        structure,
        tuple([(k[0], len(k[1]), *k[2:]) if len(k) == 4 else k for k in kinds]),
        sharing,
    )
