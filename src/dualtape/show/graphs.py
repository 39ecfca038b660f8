"""Folds pictures of the same shape into one graph with many runs, and thins the runs that are too many to keep."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .encode import encoded, number, weight
from .events import Seen
from .naming import numbered
from .snapshots import Snapshot
from .structure import Picture

KEPT = 2_000_000
"""About how many characters the numbers of one graph's runs may take while they are collected."""

POINTS = 2000
"""Points of a curve, at most."""

_ELEMENTS = 4


class Curve:
    """One number over all runs; every second one is dropped when there are too many."""

    def __init__(
        self, kind: str, name: str, node: int, element: list[int] | None, norm: bool
    ) -> None:
        self.head = {"kind": kind, "name": name, "node": node, "element": element, "norm": norm}
        self.x: list[int] = []
        self.y: list[Any] = []
        self.step = 1

    def add(self, run: int, value: Any) -> None:
        """Add a point."""
        if run % self.step:
            return
        self.x.append(run)
        self.y.append(value)
        if len(self.x) > POINTS:
            self.step *= 2
            keep = [i for i, x in enumerate(self.x) if x % self.step == 0]
            self.x = [self.x[i] for i in keep]
            self.y = [self.y[i] for i in keep]


class Graph:
    """All pieces of a run that have the same picture."""

    def __init__(self, picture: Picture, number: int) -> None:
        self.number = number
        self.first = picture
        self.total = 0
        self.left_out = 0
        self.step = 1
        self.runs: list[dict[str, Any]] = []
        self.characters = 0
        self.failed: list[Exception] = []
        self.latest: tuple[int, Picture] | None = None
        self.updated = list(picture.updated)
        self.curves = curves_of(picture)

    def add(self, picture: Picture) -> int:
        """Add a run, and return its number."""
        run = self.total
        self.total += 1
        self.settle()
        self.latest = (run, picture)
        for curve in self.curves:
            curve.add(run, value_of(picture, curve.head))
        if picture is not self.first:
            self.merge(picture)
        return run

    def merge(self, picture: Picture) -> None:
        """Take over names and updates that are known now, and let go of parameters that differ from run to run."""
        for mine, its in zip(self.first.nodes, picture.nodes, strict=True):
            if mine["name"] is None and its["name"] is not None:
                mine["name"] = its["name"]
            if mine.get("params") != its.get("params"):
                now = dict(its.get("params") or [])
                mine["params"] = [
                    [k, v if now.get(k) == v else "…"] for k, v in mine.get("params") or []
                ]

        for i in range(len(self.updated)):
            self.amend(picture, i)

    def amend(self, picture: Picture, number: int) -> None:
        """Take over where an update took place from the first run that has it."""
        if picture.updated[number] and not self.updated[number]:
            self.updated[number] = True
            for key in ("after", "place"):
                self.first.updates[number][key] = picture.updates[number][key]

    def settle(self) -> None:
        """Keep the numbers of the latest run, if its turn comes."""
        if self.latest is None:
            return
        run, picture = self.latest
        self.latest = None
        if run % self.step == 0:
            self.keep(run, picture)

    def keep(self, run: int, picture: Picture) -> None:
        """Keep the numbers of a run; every second run, if they become too many."""
        values = [
            encoded(a if isinstance(a, Snapshot) else self.computed(a)) for a in picture.arrays
        ]
        self.runs.append({"number": run, "values": values})
        self.characters += sum([weight(v) for v in values])
        while self.characters > KEPT and len(self.runs) > 2:
            self.step *= 2
            self.runs = [r for r in self.runs if r["number"] % self.step == 0 or r["number"] == run]
            self.characters = sum([weight(v) for r in self.runs for v in r["values"]])

    def computed(self, compute: Any) -> Snapshot | None:
        """A derivative for the page; one that fails is left out, and the page says so."""
        try:
            found: Snapshot | None = compute()
        except Exception as error:  # the program has run: what is shown of it must not fail
            self.failed.append(error)
            return None
        return found

    def close(self) -> None:
        """Keep the numbers of the last run, whatever its number."""
        if self.latest is not None:
            run, picture = self.latest
            self.latest = None
            self.keep(run, picture)

    def json(self) -> dict[str, Any]:
        """As the page has it."""
        p = self.first
        name_apart(p.nodes)
        place = (
            p.passes[0]["place"]
            if p.passes
            else next((n["place"] for n in reversed(p.nodes) if n["place"] is not None), None)
        )
        return {
            "key": p.key, "title": p.title(), "place": place, "nodes": p.nodes, "blocks": p.blocks, "passes": p.passes,
            "slots": p.avals, "total": self.total, "runs": self.runs,
            "curves": [{**c.head, "x": c.x, "y": c.y} for c in self.curves if self.total > 1],
            "tangents": p.views,
            "updates": [u for u, ever in zip(p.updates, self.updated, strict=True) if ever],
        }  # fmt: skip


def name_apart(nodes: list[dict[str, Any]]) -> None:
    """Number the values that have one name; what the program begins with gets a name of its own, if it has one (y = x)."""
    borne = Counter(n for node in nodes for n in {node["name"], *node.get("also", ())})
    for node in nodes:
        if not node["inputs"] and borne[node["name"]] > 1 and node["name"] is not None:
            own = next((n for n in node.get("also", ()) if borne[n] == 1), None)
            if own is not None:
                node["also"] = [node["name"], *[n for n in node["also"] if n != own]]
                node["name"] = own
    numbers = numbered((n["name"], bool(n["inputs"])) for n in nodes)
    for node, nth in zip(nodes, numbers, strict=True):
        if nth is not None:
            node["number"] = nth


def curves_of(picture: Picture) -> list[Curve]:
    """The curves of a graph: of what was differentiated, of its leaves and their gradients."""
    curves: list[Curve] = []
    for node in dict.fromkeys(picture.roots):
        shot = _shot(picture.seen[node])
        if shot is not None and not shot.shape:
            curves.append(Curve("loss", picture.nodes[node]["name"] or "loss", node, None, False))
    for node in picture.leaves:
        shot = _shot(picture.seen[node])
        name = picture.nodes[node]["name"] or f"leaf {node}"
        if shot is None or shot.dtype.kind not in "fV":
            continue
        for kind, label in (("parameter", name), ("gradient", f"∂/∂{name}")):
            size = int(np.prod(shot.shape, dtype=int))
            if size == 1:
                curves.append(
                    Curve(kind, label, node, [0] * len(shot.shape) if shot.shape else None, False)
                )
            elif size <= _ELEMENTS:
                for at in np.ndindex(*shot.shape):
                    curves.append(
                        Curve(kind, f"{label}[{', '.join(map(str, at))}]", node, list(at), False)
                    )
            else:
                curves.append(Curve(kind, f"‖{label}‖", node, None, True))
    return curves


def _shot(seen: Seen | None) -> Snapshot | None:
    return None if seen is None else seen.shot


def value_of(picture: Picture, head: dict[str, Any]) -> Any:
    """A curve's number in a run."""
    shot = _shot(picture.seen[head["node"]])
    if head["kind"] == "gradient":
        shot = gradient_of(picture, head["node"])
    like = _shot(picture.seen[head["node"]])
    if shot is None or shot.data is None or like is None or shot.shape != like.shape:
        return "nan"  # not known; or a gradient per example of a batch
    a = np.asarray(shot.data)
    if head["norm"]:
        return number(np.float64(np.linalg.norm(a.astype(np.float64))))
    at = a[tuple(head["element"])] if head["element"] is not None else a.reshape(-1)[0]
    return number(at) if not at.shape else "nan"  # of a batch there is no one number


def gradient_of(picture: Picture, node: int) -> Snapshot | None:
    """What the last backward pass of a run gave for a leaf."""
    for swept in reversed(picture.passes):
        for result in swept["results"]:
            if result["at"][0] == node and result["gradient"] >= 0:
                found = picture.arrays[result["gradient"]]
                return found if isinstance(found, Snapshot) else None
    return None
