"""Which iteration of the program's own loops an operation ran in.

NOTE [turns]
Python does not tell when a loop goes round. It is found from what each operation shows: where the function of the loop is (an
instruction that is not behind the last one's is of the next iteration, and so is the same instruction run anew), and
what the loop's variables are: `t` of `for t in ...` is another one in each iteration. What stands in a loop within the loop
says nothing by its place, since that loop goes round by itself; then only variables tell. Sums of generators and the like
(`sum`, `map`) call many times from one instruction, which is no new iteration.
"""

from __future__ import annotations

import weakref
from types import FrameType
from typing import Any

from . import syntax
from .frames import variables
from .loop_facts import Facts
from .syntax import Loop, Nest

_PLAIN = (int, float, str, bool, type(None))
_BEHIND = 1 << 40
_TEXT = 16

State = tuple[Any, ...]


class Run:
    """One time that a loop of the source runs, from its start to its end."""

    __slots__ = ("facts", "loop")

    def __init__(self, loop: Loop, facts: Facts) -> None:
        self.loop = loop
        self.facts = facts


class Turn:
    """One iteration.

    Attributes:
        run: What it is an iteration of.
        number: Which, from 0, among those that did anything.
        label: The loop's variables in it: "t = 3"; "" where they are not short.
    """

    __slots__ = ("label", "number", "run")

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.number = number
        self.label = ""


class Level:
    """Where a call is in one of the loops that it is in."""

    __slots__ = ("at", "begun", "entry", "inner", "loop", "run", "state", "targets", "turn")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.begun = (
            False  # whether the present iteration has done more than ask the loop's condition
        )
        self.run = Run(loop, syntax.facts(loop))
        self.turn: Turn | None = None
        self.at = -1
        self.entry: Any = None
        self.inner: Loop | None = None
        self.targets: State | None = ()
        self.state: State = ()

    def goes_round(
        self,
        at: int,
        entry: Any,
        inner: Loop | None,
        nest: Nest,
        targets: State | None,
        state: State,
    ) -> bool:
        """Whether what runs at `at` now is of another iteration than what ran last."""
        if targets is not None and self.targets is not None and targets != self.targets:
            return True
        if inner is not None and inner == self.inner:
            return state != self.state
        return at < self.at or (at == self.at and entry is not self.entry and not nest.repeating)


class Where:
    """Where a call is: in which iterations of its loops."""

    __slots__ = ("at", "entry", "levels", "turns")

    def __init__(self) -> None:
        self.at = -1
        self.entry: Any = None
        self.levels: list[Level] = []
        self.turns: tuple[Turn, ...] = ()

    def move(self, frame: FrameType, at: int, entry: Any) -> tuple[Turn, ...]:
        """Go to an instruction, and return the iterations that it is in, outermost first.

        Args:
            frame: The call's.
            at: The instruction.
            entry: What stands for this one time that it is carried out.
        """
        if at == self.at and entry is self.entry:
            return self.turns
        self.at, self.entry = at, entry
        nest = syntax.nest_at(frame.f_code, at)
        levels = self.levels
        if not nest.loops:
            levels.clear()
            self.turns = ()
            return ()
        names: dict[str, Any] | None = None
        for depth, loop in enumerate(nest.loops):
            if depth < len(levels) and levels[depth].loop != loop:
                del levels[depth:]
            known = depth < len(levels)
            if not known:
                levels.append(Level(loop))
            level = levels[depth]
            facts = level.run.facts
            if facts.watched and names is None:
                names = variables(frame)
            inner = nest.loops[depth + 1] if depth + 1 < len(nest.loops) else None
            # What gives the next element runs in its iteration, but before the variables have it.
            targets = None if nest.stepping and inner is None else _state(facts.targets, names)
            state = _state(facts.watched, names) if inner is not None else ()
            # The condition of a `while` is compiled twice, before the body and behind it: the second is its iteration's end.
            asked = nest.condition == loop
            place = at + _BEHIND if asked and level.begun else at
            if not known or level.goes_round(place, entry, inner, nest, targets, state):
                number = 0 if level.turn is None else level.turn.number + 1
                level.turn = Turn(level.run, number)
                level.targets = None
                level.begun = False
                del levels[depth + 1 :]
            if level.turn is not None and level.targets is None and targets is not None:
                level.turn.label = _label(facts.targets, names)
            level.begun = level.begun or not asked
            level.at, level.entry, level.inner = place, entry, inner
            level.targets, level.state = targets, state
        del levels[len(nest.loops) :]
        self.turns = tuple([level.turn for level in levels if level.turn is not None])
        return self.turns


class _Object:
    """Stands for an object of which nothing but its identity counts, and which it does not keep alive."""

    __slots__ = ("identity", "reference")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, thing: Any) -> None:
        self.identity = id(thing)
        try:
            self.reference: Any = weakref.ref(thing)
        except TypeError:
            self.reference = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Object) or self.identity != other.identity:
            return False
        return self.reference is None or self.reference() is not None


def _state(wanted: tuple[str, ...], names: dict[str, Any] | None) -> State:
    """What variables are now; one that there is none of is None, and so is one that is not known."""
    if names is None:
        return ()
    found = [names.get(n) for n in wanted]
    return tuple([(type(v), v) if isinstance(v, _PLAIN) else _Object(v) for v in found])


def _label(targets: tuple[str, ...], names: dict[str, Any] | None) -> str:
    """The variables of a loop, those that are short."""
    shown = []
    for n in targets:
        value = None if names is None else names.get(n)
        if isinstance(value, (int, float, str)) and not n.startswith("_"):
            text = repr(value)
            if len(text) <= _TEXT:
                shown.append(f"{n} = {text}")
    return ", ".join(shown)
