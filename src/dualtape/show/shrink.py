"""Keeps a page under its size: fewer runs, smaller pictures, then statistics only. What was left out is said."""

from __future__ import annotations

import json
from typing import Any

MOST = 7_000_000
"""Bytes of a model: compressed, with the front end, the page stays below five million even where all is digits."""


def dumped(model: Any) -> str:
    """A model as JSON."""
    return json.dumps(model, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def shrunk(model: dict[str, Any], most: int = MOST) -> dict[str, Any]:
    """The model, with numbers left out until it fits."""
    dropped = 0
    size = len(dumped(model).encode())
    while size > most:
        longest = max(model["graphs"], key=lambda g: len(g["runs"]) * len(g["slots"]), default=None)
        if longest is not None and len(longest["runs"]) > 8:
            runs = longest["runs"]
            longest["runs"] = [r for i, r in enumerate(runs) if i % 2 == 0 or i == len(runs) - 1]
        else:
            taken = lighter(model)
            if not taken:
                break
            dropped += taken
        size = len(dumped(model).encode())
    for i, g in enumerate(model["graphs"]):
        if len(g["runs"]) < g["total"]:
            model["notes"].append({
                "code": "runs_left_out", "numbers": [len(g["runs"]), g["total"], i],
                "text": f"The numbers of {len(g['runs'])} of {g['total']} runs of {g['title']!r} are in this page.",
            })  # fmt: skip
    if dropped:
        model["notes"].append({
            "code": "values_left_out", "numbers": [dropped],
            "text": f"{dropped} arrays are shown without all of their numbers, to keep this page small.",
        })  # fmt: skip
    return model


def lighter(model: dict[str, Any]) -> int:
    """Take the next thing away: pictures, then tangents, then derivatives, then long arrays. Return how many arrays it cost."""
    taken = 0
    for g in model["graphs"]:
        for run in g["runs"]:
            for value in run["values"]:
                if isinstance(value, dict) and value["heat"] is not None:
                    value["heat"] = None
                    taken += 1
    if taken:
        return taken
    for g in model["graphs"]:
        slots = {k for view in g["tangents"] for node in view["nodes"] for k in node if k >= 0}
        slots |= {
            to["local"]
            for p in g["passes"]
            for s in p["steps"]
            for to in s["to"]
            if to["localKind"] == "jacobian"
        }
        taken += _cleared(g, slots)
        g["tangents"] = []
    if taken:
        return taken
    for g in model["graphs"]:
        slots = {to["local"] for p in g["passes"] for s in p["steps"] for to in s["to"]}
        taken += _cleared(g, slots)
    if taken:
        return taken
    for g in model["graphs"]:
        long = {
            k
            for r in g["runs"]
            for k, v in enumerate(r["values"])
            if isinstance(v, list) and len(v) > 4
        }
        taken += _cleared(g, long)
    if taken:
        return taken
    for g in model["graphs"]:
        if len(g["runs"]) > 1:
            taken += len(g["runs"]) - 1
            g["runs"] = g["runs"][-1:]
    return taken


def _cleared(graph: dict[str, Any], slots: set[int]) -> int:
    taken = 0
    for run in graph["runs"]:
        for k in slots:
            if k >= 0 and run["values"][k] is not None:
                run["values"][k] = None
                taken += 1
    return taken
