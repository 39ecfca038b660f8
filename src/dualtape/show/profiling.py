"""`profile`: where a program's time and memory go, operation by operation, forward and backward apart."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from ..core.callsite import Site, describe, line_of, user_frame
from ..core.observation import observing_passes, timing
from ..core.tensor import Tensor
from .text_table import Table, Tabular

FORWARD, BACKWARD = "forward", "backward"


class Event(NamedTuple):
    """One primitive, one compiled function, or the rules of one node in a backward pass.

    Attributes:
        phase: "forward" or "backward".
        name: The primitive's; the node's, as PyTorch prints it, in a backward pass.
        start, end: In nanoseconds, of `time.perf_counter_ns`.
        memory: Bytes of the arrays that it made.
        site: The user's line; for a node the line that it was recorded at.
    """

    phase: str
    name: str
    start: int
    end: int
    memory: int
    site: Site | None


@dataclass
class Row:
    """The events of one name (or line) and phase together: times in seconds, memory in bytes."""

    phase: str
    name: str
    calls: int = 0
    time: float = 0.0
    memory: int = 0


class Profile(Tabular):
    """What `profile` found.

    Attributes:
        events: All of it, in the order in which it ended.
        seconds: From the beginning of the block to its end.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.seconds = 0.0
        self._started = perf_counter_ns()
        self._mark = 0
        self._passes: list[weakref.ref[Any]] = []  # those running; one that failed is gone

    # What `core.observation` tells.

    def ran(self, name: str, results: Any, start: int, end: int) -> None:
        """See `Timer.ran`."""
        if any(work() is not None for work in self._passes):
            return  # by a rule of a pass that is recorded: the node's time has it
        frame = user_frame()
        site = None if frame is None else (frame.f_code, frame.f_lasti)
        self.events.append(Event(FORWARD, name, start, end, _made(results), site))

    def begun(self, work: Any) -> None:
        """See `PassObserver`."""
        self._passes = [w for w in self._passes if w() is not None] + [weakref.ref(work)]
        self._mark = perf_counter_ns()

    def stepped(self, work: Any, node: Any, ct: Any, edges: Any, grads: list[Any]) -> None:
        """See `PassObserver`."""
        end = perf_counter_ns()
        event = Event(BACKWARD, node.name(), self._mark, end, _made(grads, ct), node.site)
        self.events.append(event)
        self._mark = perf_counter_ns()

    def ended(self, work: Any, captures: Any) -> None:
        """See `PassObserver`."""
        self._passes = [w for w in self._passes if w() is not work]

    def kept(self, work: Any) -> None:
        """See `PassObserver`."""

    # What users ask.

    def rows(self, by: str = "operation") -> list[Row]:
        """The events added up, those that took longest first.

        Args:
            by: "operation" or "line".

        Raises:
            ValueError: `by` is something else.
        """
        if by not in ("operation", "line"):
            raise ValueError(f'profile: by is "operation" or "line", not {by!r}')
        rows: dict[tuple[str, str], Row] = {}
        for e in self.events:
            name = e.name if by == "operation" else describe(e.site)
            row = rows.setdefault((e.phase, name), Row(e.phase, name))
            row.calls += 1
            row.time += (e.end - e.start) / 1e9
            row.memory += e.memory
        return sorted(rows.values(), key=lambda r: -r.time)

    def table(self, by: str = "operation", limit: int = 20) -> Table:
        """The rows as a table, with what was spent outside operations at the end.

        Args:
            by: See `rows`.
            limit: How many rows at most.
        """
        rows = self.rows(by)
        total = self.seconds or 1e-9
        body = [
            (r.phase, r.name, f"{r.calls}", milliseconds(r.time), share(r.time / total),
             f"{1e6 * r.time / r.calls:.1f}", memory(r.memory))
            for r in rows[:limit]
        ]  # fmt: skip
        left = rows[limit:]
        if left:
            time = sum(r.time for r in left)
            calls = sum(r.calls for r in left)
            body.append(("", f"{len(left)} more", f"{calls}", milliseconds(time), share(time / total),
                         f"{1e6 * time / calls:.1f}", memory(sum(r.memory for r in left))))  # fmt: skip
        rest = max(0.0, self.seconds - sum(r.time for r in rows))
        body.append(("", "outside operations", "", milliseconds(rest), share(rest / total), "", ""))
        names = ("phase", by, "calls", "time, ms", "share", "us a call", "made")
        return Table(f"{milliseconds(self.seconds)} ms in all", names, body, right=(2, 3, 4, 5, 6))

    def chrome_trace(self) -> dict[str, Any]:
        """The events in Chrome's trace event format, for chrome://tracing and Perfetto: times in microseconds."""
        process = os.getpid()
        events: list[dict[str, Any]] = [
            {"ph": "M", "name": "thread_name", "pid": process, "tid": tid, "args": {"name": name}}
            for tid, name in enumerate((FORWARD, BACKWARD))
        ]
        for e in self.events:
            args: dict[str, Any] = {"bytes": e.memory}
            if e.site is not None:
                file, line = line_of(e.site)
                args["line"] = f"{file}:{line}"
            events.append({
                "ph": "X", "name": e.name, "cat": e.phase, "pid": process, "tid": int(e.phase == BACKWARD),
                "ts": (e.start - self._started) / 1e3, "dur": (e.end - e.start) / 1e3, "args": args,
            })  # fmt: skip
        return {"traceEvents": events, "displayTimeUnit": "ms"}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the Chrome trace to a file, and return its path."""
        path = Path(path)
        path.write_text(json.dumps(self.chrome_trace()), encoding="utf-8")
        return path


@contextmanager
def profile() -> Iterator[Profile]:
    """Time every operation and every backward rule of this thread's code in the block.

    Times are of whole primitives, recording included; a compiled function counts as one. Being watched costs a few
    microseconds an operation, which go to "outside operations".

    >>> import dualtape as dt, dualtape.torch as torch
    >>> x = torch.ones(1000, requires_grad=True)
    >>> with dt.profile() as p:
    ...     (x.exp() * x).sum().backward()
    >>> sorted({r.name for r in p.rows() if r.phase == "forward"})
    ['exp', 'mul', 'sum_all']
    >>> sorted({r.name for r in p.rows() if r.phase == "backward"})
    ['ExpBackward0', 'MulBackward0', 'SumBackward0']

    Gives:
        A `Profile`: `print` it, ask for its `table(by="line")`, or `save("trace.json")` it for Chrome.
    """
    found = Profile()
    with timing(found), observing_passes(found):
        found._started = start = perf_counter_ns()
        try:
            yield found
        finally:
            found.seconds = (perf_counter_ns() - start) / 1e9


def _made(results: Any, given: Any = None) -> int:
    """Bytes of the arrays among `results` that are nobody else's memory; a rule may return what it was given."""
    several = isinstance(results, (tuple, list))
    seen: set[int] = {id(given)}
    total = 0
    for r in results if several else (results,):
        value = r.value if isinstance(r, Tensor) else r
        if isinstance(value, np.ndarray) and value.base is None and id(value) not in seen:
            seen.add(id(value))
            total += value.nbytes
    return total


def milliseconds(seconds: float) -> str:
    """A time for a table."""
    return f"{1e3 * seconds:.3f}" if seconds < 1 else f"{1e3 * seconds:.0f}"


def share(fraction: float) -> str:
    """A share for a table."""
    return f"{100 * fraction:.1f} %"


def memory(size: float) -> str:
    """Bytes for a table."""
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


__all__ = ["Event", "Profile", "Row", "profile"]
