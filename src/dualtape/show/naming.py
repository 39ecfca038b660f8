"""What the program calls its values: read from the frames that run, and where they are gone, from the source."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from types import FrameType
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..trust.case import parts, raw_edge
from . import events, syntax
from .events import Ran, Seen
from .frames import variables
from .snapshots import same_bits
from .stack import USER, role_of

_COMPARED = 4096
_ALIASES = 4
_OUTWARD = 8


class Names:
    """Finds names for values.

    Attributes:
        waiting: By the identity of a tensor or variable: a weak reference to it, and the value.
        leaves: The names of leaves found so far, by their clocks.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[Any, Seen]] = {}
        self.leaves: dict[int, str] = {}

    def wanted(self, thing: Any, seen: Seen) -> None:
        """Look out for an object: a variable that holds it names the value."""
        key = id(thing)
        if self.knows(thing, seen):
            return
        self.waiting[key] = (weakref.ref(thing), seen)
        seen.things = (*seen.things, key)

    def knows(self, thing: Any, seen: Seen) -> bool:
        """Whether a value is known to be this very object's."""
        found = self.waiting.get(id(thing))
        return found is not None and found[1] is seen and found[0]() is thing

    def leaf(self, edge: Any, seen: Seen, owners: list[Any]) -> None:
        """A leaf is met for the first time (in this piece of the run)."""
        known = self.leaves.get(edge.order)
        if known is not None:
            seen.names = [known]
            return
        for thing in owners:
            self.wanted(thing, seen)

    def look(self, frame: FrameType | None, ran: Ran | None) -> None:
        """See what the names in a frame stand for now.

        Args:
            frame: The user's innermost frame.
            ran: The operation that ran there.
        """
        if frame is None:
            return
        if ran is not None:
            for number, seen in enumerate(ran.operands):
                if not seen.searched and seen.kind != events.RESULT:
                    seen.searched = True
                    if not seen.names:
                        self.search(frame, seen, ran, number)
        waiting = self.waiting
        for name, thing in list(variables(frame).items()):
            found = waiting.get(id(thing))
            if found is not None and found[0]() is thing:
                self.name(found[1], name)

    def by_history(self, frame: FrameType | None, known: dict[tuple[int, int], Seen]) -> None:
        """Name values by tensors that are not the very objects that were seen, but have their history."""
        for name, thing in [] if frame is None else list(variables(frame).items()):
            for n, t in [(name, thing), *[(f"{name}{k}", v) for k, v in inner(thing)]]:
                if isinstance(t, Tensor):
                    edge = raw_edge(t)
                    seen = (
                        None if edge is None else known.get((edge.node.order, edge.output_number))
                    )
                    if seen is not None and not seen.names:
                        self.name(seen, n)

    def name(self, seen: Seen, name: str) -> None:
        """Give a value a name."""
        names = seen.names
        if name.startswith("_") and (name.startswith("__") or name == "_"):
            return
        if name not in names and len(names) < _ALIASES:
            names.append(name)
            if seen.kind == events.LEAF and len(names) == 1:
                if len(self.leaves) > 10_000:
                    self.leaves.clear()
                self.leaves[seen.order] = name

    def search(self, frame: FrameType, seen: Seen, ran: Ran, number: int) -> None:
        """Look for an operand in the calls around, in containers and models, and in the source."""
        if seen.kind == events.CONSTANT and ran.site is not None:
            written = syntax.operand_at(ran.site, number, len(ran.operands))
            if written is not None:
                self.name(seen, written)
                return
        mine = {key for key in seen.things if key in self.waiting and self.waiting[key][1] is seen}
        spaces = _spaces(frame)
        for names in reversed(spaces):
            for name, thing in list(names.items()):
                if (id(thing) in mine and name != "self") or _is_array_of(thing, seen):
                    self.name(seen, name)
                    if seen.names:
                        return
        if seen.kind != events.LEAF:
            return
        for names in reversed(spaces):
            for name, thing in list(names.items()):
                if not name.startswith("__") and name != "self":
                    for key, part in inner(thing):
                        if id(part) in mine:
                            self.name(seen, f"{name}{key}")
                            return
        for key in mine:
            thing = self.waiting[key][0]()
            own = None if isinstance(thing, Tensor) else getattr(thing, "name", None)
            if isinstance(own, str):
                self.name(seen, own.partition(":")[0])

    def close(self, ran: list[Ran]) -> None:
        """Name what no frame named, from the assignments of the source; and let go of objects."""
        last: dict[Any, Ran] = {}
        for r in ran:
            if r.site is not None and r.work is None:
                last[id(r.site[0]), r.site[1]] = r
        for r in last.values():
            site = r.site
            assert site is not None
            made = r.results[-1] if r.results else None
            if made is not None and not made.names:
                name = syntax.assigned_to(site)
                if name is not None:
                    made.names.append(name)
        self.waiting = {
            k: v for k, v in self.waiting.items() if v[0]() is not None and v[1].kind == events.LEAF
        }


def numbered(bearers: Iterable[tuple[str | None, bool]]) -> list[int | None]:
    """Tell apart values that the program has, one after the other, under one name: y = y + x.

    Args:
        bearers: In order, each value's name and whether it was computed.

    Returns:
        Which of its name a value is; None for one that has a name of its own, or none. What others of the name were
        computed after is number 0, so that h₁ is the h of the first iteration.
    """
    all_ = list(bearers)
    by_name: dict[str, list[int]] = {}
    for i, (name, _) in enumerate(all_):
        if name is not None:
            by_name.setdefault(name, []).append(i)
    found: list[int | None] = [None] * len(all_)
    for of in by_name.values():
        if len(of) > 1:
            computed = [all_[i][1] for i in of]
            for number, i in enumerate(of, start=0 if any(computed) and not computed[0] else 1):
                found[i] = number
    return found


def inner(thing: Any) -> Any:
    """What a container, a model or an object of the user's holds, with the text to reach it."""
    if isinstance(thing, (Tensor, type, type(sys), str, int, float)):
        return ()
    return [(key, part) for key, part in parts(thing) if not key.startswith("._")]


def owners_of(edge: Any) -> list[Any]:
    """What a leaf may be known as: its tensor, and the variables of tapes that watch it."""
    found = [] if edge.variable is None else [edge.variable]
    recording = sys.modules.get("dualtape.tensorflow.recording")
    if recording is not None:
        for tape in recording.recording().tapes:
            found += [x for x, e in tape.watched.values() if e is edge]
    return found


def _spaces(frame: FrameType | None) -> list[dict[str, Any]]:
    """The names that are known in the calls around, innermost first."""
    spaces: list[dict[str, Any]] = []
    last = None
    while frame is not None and len(spaces) < _OUTWARD:
        if role_of(frame.f_code) == USER:
            spaces.append(variables(frame))
            last = frame
        frame = frame.f_back
    if last is not None and last.f_globals is not spaces[-1]:
        spaces.append(last.f_globals)
    return spaces


def _is_array_of(thing: Any, seen: Seen) -> bool:
    """Whether a plain array of the user's is what a constant was made of."""
    data = seen.shot.data
    return (
        isinstance(thing, np.ndarray)
        and seen.kind == events.CONSTANT
        and data is not None
        and 1 < thing.size <= _COMPARED
        and same_bits(thing, data)
    )
