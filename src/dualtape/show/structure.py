"""One picture: from the events of a piece of the run to nodes, blocks and backward passes, and the arrays at each place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from . import events, syntax
from .block_tree import BlockTree
from .derivatives import local_of, tangents_of
from .events import Event, Given, Ran, Seen, Swept, Updated
from .snapshots import Absent, Snapshot
from .tables import Tables
from .updates import change_of, ratio_of

_PARAMETER = 60
_NAMED = ("module", "function")

Slot = Snapshot | Callable[[], Snapshot | None]
"""An array, or what computes it when its numbers are wanted."""

RATIO = Aval((), np.dtype(np.float64))


class Picture:
    """A picture of one piece: what is the same for all pieces of its shape, and the arrays of this one.

    Attributes:
        nodes, blocks, passes, updates, views: As in `web/src/model.ts`; there is an update for each leaf.
        updated: Whether it took place.
        avals: The shapes of the arrays.
        arrays: The arrays, by slot.
        key: Tells the structure from others.
        fold: The same with the places in the source: pieces with an equal one are runs of one graph.
        roots: The nodes that were differentiated.
        leaves: The leaves' nodes.
        seen: Per node its first value.
    """

    def __init__(self, happened: list[Event], tables: Tables, updates: list[Updated]) -> None:
        self.tables = tables
        self.nodes: list[dict[str, Any]] = []
        self.passes: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.updated: list[bool] = []
        self.views: list[dict[str, Any]] = []
        self.arrays: list[Slot] = []
        self.avals: list[int] = []
        self.seen: list[Seen | None] = []
        self.rans: list[Ran | None] = []
        self.leaves: list[int] = []
        self.roots: list[int] = []
        self._slots: dict[int, int] = {}
        self._at: dict[int, tuple[int, int]] = {}
        self._made: dict[int, int] = {}
        self._alive: list[Any] = []
        self._shape: list[Any] = []
        self._places: list[Any] = []
        rans = reached(happened)
        self._tree = BlockTree(tables, rans)
        self.blocks = self._tree.blocks
        self._own = {id(r) for r in rans}
        position: dict[int, int] = {}
        order: list[Event] = sorted(
            [*rans, *[e for e in happened if isinstance(e, Swept)]], key=lambda e: e.serial
        )
        numbers: dict[int, int] = {}
        self._pass_of = numbers
        later: list[Swept] = []
        for e in order:
            if isinstance(e, Ran):
                self.operation(e)
            elif not e.dropped:
                numbers[id(e)] = len(later)
                position[id(e)] = len(self.nodes)
                later.append(e)
        for swept in later:
            self.sweep(swept, position[id(swept)])
        for r in rans:  # now that all nodes have numbers
            if r.rule is not None and id(r.rule) in self._made:
                self.nodes[self._made[id(r)]]["rule"] = self._made[id(r.rule)]
        self._tree.mark_repeated(self.nodes, self.avals)
        self.views = tangents_of(self)
        self.change(updates)
        self.key = hashlib.sha256(repr(self._shape).encode()).hexdigest()[:16]
        self.fold = (self.key, tuple(self._places))

    # --- nodes --------------------------------------------------------------------------------

    def operation(self, ran: Ran) -> None:
        """Add an operation, and before it what it reads."""
        inputs = [self.input(s) for s in ran.operands]
        number = len(self.nodes)
        self._made[id(ran)] = number
        self._alive.append(ran)
        outs = []
        for k, result in enumerate(ran.results):
            if result is None or (not result.shot.shape and result.shot.dtype is None):
                outs.append(-1)
                continue
            self._at[id(result)] = (number, k)
            outs.append(self.slot(result.shot))
        first = next((r for r in ran.results if r is not None), None)
        node: dict[str, Any] = {
            "kind": "op" if ran.primitive is not None else "call",
            "op": ran.name,
            "name": None,
            "text": None if ran.site is None else syntax.text_at(ran.site),
            "formula": self.tables.formula(ran),
            "inputs": inputs,
            "outs": outs,
            "place": self.tables.place(ran.site),
            "block": self._tree.of(ran),
            "recorded": ran.why is None,
        }
        if ran.params:
            node["params"] = [[k, shown(v)] for k, v in ran.params.items()]
        if ran.why is not None:
            node["unrecorded"] = ran.why
        if ran.cut:
            node["cut"] = list(ran.cut)
        if ran.work is not None and id(ran.work) in self._pass_of:
            node["pass"] = self._pass_of[id(ran.work)]
        name(node, first)
        self.nodes.append(node)
        self.seen.append(first)
        self.rans.append(ran)
        made = tuple(self.tables.shown[self.avals[o]] for o in outs if o >= 0)
        read = tuple(map(tuple, inputs))
        where = (node["block"], node["recorded"], node.get("pass"))
        self._shape.append((node["kind"], ran.name, read, made, where))
        self._places.append(node["place"])

    def input(self, seen: Seen) -> list[int]:
        """Where an operand is drawn."""
        found = self._at.get(id(seen))
        if found is not None:
            return list(found)
        if not seen.shot.known and seen.kind == events.CONSTANT:
            return [-1, 0]
        kind = seen.kind
        if kind == events.RESULT:
            kind = events.EARLIER if seen.order else events.CONSTANT
        number = len(self.nodes)
        self._at[id(seen)] = (number, 0)
        self._alive.append(seen)
        slot = self.slot(seen.shot)
        node: dict[str, Any] = {
            "kind": kind, "op": "", "name": None, "text": None, "formula": None, "inputs": [], "outs": [slot],
            "place": self.tables.place(seen.site), "block": -1, "recorded": kind != events.CONSTANT,
        }  # fmt: skip
        name(node, seen)
        self.nodes.append(node)
        self.seen.append(seen)
        self.rans.append(None)
        if kind == events.LEAF:
            self.leaves.append(number)
        self._shape.append((kind, self.tables.shown[self.avals[slot]]))
        return [number, 0]

    def slot(self, shot: Snapshot | None) -> int:
        """The number of an array; the same for the same snapshot."""
        if shot is None:
            return -1
        found = self._slots.get(id(shot))
        if found is None:
            found = self._slots[id(shot)] = self.computed(shot, shot)
            self._alive.append(shot)
        return found

    def computed(self, like: Any, compute: Slot) -> int:
        """A slot of its own for an array that may still have to be computed."""
        self.arrays.append(compute)
        self.avals.append(self.tables.aval(like))
        return len(self.arrays) - 1

    # --- backward passes ----------------------------------------------------------------------

    def sweep(self, swept: Swept, after: int) -> None:
        """Add a backward pass."""
        roots: list[dict[str, Any]] = [
            {"at": self.input(s), "cotangent": self.slot(g)} for s, g in swept.roots
        ]
        self.roots += [r["at"][0] for r in roots]
        steps: list[dict[str, Any]] = []
        for step in swept.steps:
            number = self._made.get(id(step.ran))
            if number is None:
                continue
            to = []
            for a in step.added:
                local, kind = local_of(self, step.ran, a)
                to.append({
                    "input": a.input, "target": self.input(a.target), "local": local, "localKind": kind,
                    "product": self.slot(a.product), "value": self.slot(a.value),
                    "before": self.slot(a.before), "after": self.slot(a.after),
                })  # fmt: skip
            steps.append(
                {"node": number, "cotangents": [self.slot(c) for c in step.cotangents], "to": to}
            )
        results: list[dict[str, Any]] = [
            {
                "at": self.input(g.value), "gradient": self.slot(g.gradient),
                "gradBefore": self.before(g) if swept.kept else -1, "gradAfter": self.slot(g.after),
            }
            for g in swept.given
        ]  # fmt: skip
        self.passes.append({
            "kind": "backward" if swept.kept else "gradient", "place": self.tables.place(swept.site), "after": after,
            "roots": roots, "steps": steps, "results": results, "recorded": swept.recorded,
        })  # fmt: skip
        ways = [
            (s["node"], [(t["input"], t["target"], t["product"] >= 0, t["before"] >= 0) for t in s["to"]])
            for s in steps
        ]  # fmt: skip
        ends = [(r["at"], r["gradient"] >= 0) for r in results]
        self._shape.append((swept.kept, after, [r["at"] for r in roots], ways, ends))
        self._places.append(self.passes[-1]["place"])

    def before(self, given: Given) -> int:
        """The slot of what `.grad` was. It is None in some runs and not in others, which are of one graph all the same."""
        if given.after is None:
            return -1
        return self.slot(given.before or Absent(given.after))

    # --- updates ------------------------------------------------------------------------------

    def change(self, found: list[Updated]) -> None:
        """Add what became of the leaves. Each has its places, changed or not: runs with and without are of one graph."""
        by_leaf = {id(u.leaf): u for u in found}
        gradients = self.gradients()
        for i, number in enumerate(self.leaves):
            seen = self.seen[number]
            assert seen is not None
            shot = seen.shot
            self.updates.append({
                "leaf": [number, 0], "after": len(self.nodes), "place": None, "gradient": gradients.get(number, -1),
                "value": self.computed(shot, Snapshot(shot)), "change": self.computed(shot, Snapshot(shot)),
                "ratio": self.computed(RATIO, Snapshot(RATIO)),
            })  # fmt: skip
            self.updated.append(False)
            if id(seen) in by_leaf:
                self.amend(i, by_leaf[id(seen)])

    def gradients(self) -> dict[int, int]:
        """By leaf, the slot of what the program has as its gradient: `.grad`, or what its only pass returned."""
        kept: dict[int, int] = {}
        given: dict[int, list[int]] = {}
        for r in (r for p in self.passes for r in p["results"]):
            if r["gradAfter"] >= 0:
                kept[r["at"][0]] = r["gradAfter"]
            if r["gradient"] >= 0:
                given.setdefault(r["at"][0], []).append(r["gradient"])
        return {leaf: slots[0] for leaf, slots in given.items() if len(slots) == 1} | kept

    def amend(self, number: int, u: Updated) -> None:
        """Put in what became of a leaf; this may turn out later than all the rest."""
        update = self.updates[number]
        if u.value is None:
            return
        before = u.leaf.shot
        gradient = self.arrays[update["gradient"]] if update["gradient"] >= 0 else None
        self.arrays[update["value"]] = u.value
        if isinstance(u.value, Absent):
            return
        self.updated[number] = True
        self.arrays[update["change"]] = change_of(before, u.value)
        self.arrays[update["ratio"]] = ratio_of(before, u.value, gradient)
        update["place"] = self.tables.place(u.site)
        if u.then is not None and id(u.then) in self._at:
            update["after"] = self._at[id(u.then)][0]

    def title(self) -> str:
        """What to call the picture."""
        for number in reversed(self.roots):
            if self.nodes[number]["name"]:
                return str(self.nodes[number]["name"])
        outermost = [b for b in self.blocks if b["parent"] < 0 and b["kind"] in _NAMED]
        if outermost:
            return str(outermost[-1]["name"])
        for node in reversed(self.nodes):
            if node["name"] and node["inputs"]:
                return str(node["name"])
        for number in reversed(self.roots):
            if self.nodes[number]["text"]:
                return str(self.nodes[number]["text"])
        return self.nodes[-1]["op"] or str(self.nodes[-1]["name"] or "") if self.nodes else ""


def reached(happened: list[Event]) -> list[Ran]:
    """The operations of a piece, with those of earlier ones that its backward passes went through, in order."""
    found = {id(e): e for e in happened if isinstance(e, Ran)}
    for e in happened:
        if isinstance(e, Swept):
            for step in e.steps:
                found.setdefault(id(step.ran), step.ran)
            for s, _ in e.roots:
                if s.maker is not None:
                    found.setdefault(id(s.maker), s.maker)
    return sorted(found.values(), key=lambda r: r.serial)


def name(node: dict[str, Any], seen: Seen | None) -> None:
    """Put a value's names into its node."""
    if seen is None or not seen.names:
        return
    if node["name"] is None:
        node["name"] = seen.names[0]
    also = [n for n in seen.names if n != node["name"]]
    if also:
        node["also"] = also


def shown(value: Any) -> str:
    """A static parameter on one short line."""
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"{value.dtype.name}{list(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= _PARAMETER else text[: _PARAMETER - 1] + "…"
