"""The blocks of a picture: threads, modules, functions, loops and their iterations, each within another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from inspect import CO_GENERATOR
from typing import Any

from .events import Ran
from .loops import Run, Turn
from .stack import USER
from .tables import Tables


class BlockTree:
    """Opens blocks as operations need them.

    Args:
        tables: Where the places are numbered.
        rans: All operations of the picture. A loop of which it has one iteration is no block, and an iteration is one
            only where some of its loop have several operations.

    Attributes:
        blocks: As in `web/src/model.ts`; each comes after the one that it is in.
    """

    def __init__(self, tables: Tables, rans: Iterable[Ran]) -> None:
        self.tables = tables
        self.blocks: list[dict[str, Any]] = []
        self._numbers: dict[Hashable, int] = {}
        self._turns: dict[Run, dict[Turn, int]] = {}
        for ran in rans:
            for turns in ran.turns:
                for turn in turns:
                    counts = self._turns.setdefault(turn.run, {})
                    counts[turn] = counts.get(turn, 0) + 1
        self._turns = {run: turns for run, turns in self._turns.items() if len(turns) > 1}

    def of(self, ran: Ran) -> int:
        """The innermost block of an operation; -1 for none."""
        inside = -1
        if ran.thread:
            inside = self._open(ran.thread, -1, "thread", ran.thread)
        for i, (call, _) in enumerate(ran.path):
            opened = call.block
            if opened is not None:
                inside = self._open(
                    call.number,
                    inside,
                    opened.kind,
                    opened.name,
                    type=opened.type,
                    ran=ran,
                    depth=i,
                )
                if opened.compiled:
                    self.blocks[inside]["compiled"] = opened.compiled
            # A generator goes on in one iteration of who asks it after another: its own loop is no block in any.
            generates = call.code.co_flags & CO_GENERATOR
            for turn in ran.turns[i] if ran.turns and not generates else ():
                inside = self._turn(turn, inside)
        return inside

    def _turn(self, turn: Turn, inside: int) -> int:
        turns = self._turns.get(turn.run)
        if turns is None:
            return inside
        run = turn.run
        inside = self._open(run, inside, "loop", run.facts.text, count=len(turns))
        self.blocks[inside]["place"] = self.tables.line(run.loop.file, run.loop.first)
        if max(turns.values()) == 1:
            return inside
        return self._open(turn, inside, "iteration", turn.label, number=turn.number)

    def _open(
        self, key: Hashable, inside: int, kind: str, name: str, *, type: str = "", ran: Ran | None = None, depth: int = 0,
        **more: int,
    ) -> int:  # fmt: skip
        key = (key, inside)  # a generator is in several
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.blocks)
            site = None
            for outer, at in reversed(ran.path[:depth] if ran is not None else ()):
                if outer.role == USER:
                    site = (outer.code, at)
                    break
            self.blocks.append({
                "parent": inside, "kind": kind, "name": name, "type": type,
                "place": self.tables.place(site), "shape": 0, **more,
            })  # fmt: skip
        return number

    def mark_repeated(self, nodes: list[dict[str, Any]], avals: list[int]) -> None:
        """Give blocks of the same structure the same number."""
        inside: list[list[Any]] = [
            [b["kind"], "" if b["kind"] == "iteration" else b["type"] or b["name"]]
            for b in self.blocks
        ]
        for node in nodes:
            if node["block"] >= 0:
                made = tuple(avals[o] for o in node["outs"] if o >= 0)
                inside[node["block"]].append((node["op"], made))
        known: dict[Any, int] = {}
        for number in range(len(self.blocks) - 1, -1, -1):  # from the innermost out
            key = repr(inside[number])
            shape = self.blocks[number]["shape"] = known.setdefault(key, len(known))
            parent = self.blocks[number]["parent"]
            if parent >= 0:
                inside[parent].append(("block", shape))
