"""What became of a function's calls that were captured, and the text that tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .general import WORTH_IT, General
from .program import Program


@dataclass(slots=True)
class Record:
    """One capture, for `explain`."""

    signature: str
    reason: str
    seconds: float = 0.0
    compile_seconds: float = 0.0
    program: Program | None = None
    eager: str | None = None
    general: General | None = None
    settled: str = ""


def told(label: str, history: Sequence[Record]) -> str:
    """All captures of the function with this label: see `Compiled.explain`."""
    count = len(history)
    lines = [f"{label}: traced {count} time{'s' * (count != 1)}"]
    for i, r in enumerate(history):
        lines.append(f"{i + 1}. {r.signature}")
        lines.append(f"   why: {r.reason}")
        if r.program is None:
            lines.append(f"   ran eagerly: {r.eager}")
            continue
        lines.append(
            f"   tracing {r.seconds * 1e3:.1f} ms, compiling {r.compile_seconds * 1e3:.1f} ms, {len(r.program.graph.calls)} operations"
        )
        if r.settled:
            lines.append(f"   for these lengths alone: {r.settled}")
        if r.general is not None:
            lines += [f"   {text}" for text in r.general.explain()]
            g = r.general
            tried = (
                f", run by NumPy for {len(g.tried)} others until they are called {WORTH_IT} times"
            )
            more = tried if g.tried else ""
            lines.append(f"   lowered for {g.native} of them{more}; most recently:")
        assert r.program.run is not None
        lines += [f"   {text}" for text in r.program.run.explain()]
    return "\n".join(lines)
