"""A recorded run, from the first event to the finished model."""

from __future__ import annotations

import gc
import platform
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..core import modes
from . import blocks
from .events import Event, Ran, Updated
from .graphs import Graph
from .panel import Panel
from .recorder import Recorder
from .segments import Cutter
from .shrink import shrunk
from .stack import USER, role_of
from .structure import Picture
from .tables import Tables

REMEMBERED = 20_000
"""Operations that a backward pass may still come back to."""

_FRONT_ENDS = ("torch", "tensorflow", "numpy")


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many small objects without the collector's looking through all of them again and again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


class Session:
    """Records a run and makes its model.

    Args:
        program: What the page calls it.
        arguments: What the program was given.
        base: The frame that runs it.
    """

    def __init__(self, program: str, arguments: list[str], base: FrameType | None) -> None:
        self.program = program
        self.around = None if base is None else base.f_code
        self.arguments = arguments
        self.tables = Tables()
        self.graphs: list[Graph] = []
        self.by_fold: dict[Any, Graph] = {}
        self.timeline: list[dict[str, int]] = []
        self.left_out = 0
        self.modules: dict[int, str] = {}
        self.recorder = Recorder(base, self.happened)
        self.cutter = Cutter(self.done, self.closing)
        self.updates: list[Updated] = []
        self.panel = Panel(self)
        self.recorder.over = self.panel.over
        self.recorder.after = self.panel.after
        self.error: BaseException | None = None
        self._recent: list[Ran] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Watch the block; what it raises is remembered, and raised."""
        try:
            with self.recorder.recording(), self.panel.watching():
                yield
        except SystemExit as end:
            if end.code not in (None, 0):
                self.error = end
            raise
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.recorder.guarded(self.close)

    def happened(self, event: Event, frame: FrameType | None) -> None:
        """Take in an event."""
        blocks.look(frame, event.path, self.modules)
        self.cutter.happened(event)
        if isinstance(event, Ran):
            self._recent.append(event)
            if len(self._recent) > 2 * REMEMBERED:
                self.forget()

    def forget(self) -> None:
        """Let go of operations of long ago, and of the arrays behind them."""
        old, self._recent = self._recent[:-REMEMBERED], self._recent[-REMEMBERED:]
        r = self.recorder
        for ran in old:
            r.by_node.pop(ran.order, None)
            for seen in ran.results:
                if seen is not None:
                    seen.maker = None
        kept = {id(ran) for ran in self._recent}
        r.by_edge = {k: s for k, s in r.by_edge.items() if s.maker is None or id(s.maker) in kept}
        r.by_value = {
            k: v for k, v in r.by_value.items() if v[1].maker is None or id(v[1].maker) in kept
        }

    def close(self) -> None:
        """The program is over."""
        self.cutter.close()
        self.recorder.writes.close()

    def closing(self, happened: list[Event]) -> None:
        """A piece of the run is over: look once more at what it read."""
        r = self.recorder
        r.names.close([e for e in happened if isinstance(e, Ran)])
        self.updates = r.writes.found(happened)

    def done(self, happened: list[Event], left_out: int) -> None:
        """A piece of the run is complete."""
        self.left_out += left_out
        with modes.switched(off=modes.OBSERVED | modes.STEPPED), uncollected():
            picture = Picture(happened, self.tables, self.updates)
            if not picture.nodes:
                return
            graph = self.by_fold.get(picture.fold)
            if graph is None:
                graph = self.by_fold[picture.fold] = Graph(picture, len(self.graphs))
                self.graphs.append(graph)
            run = graph.add(picture)
            self.recorder.writes.wait(graph, picture, self.updates)
        self.panel.drawn(graph.number, picture)
        last = self.timeline[-1] if self.timeline else None
        if (
            last is not None
            and last["graph"] == graph.number
            and last["first"] + last["count"] == run
        ):
            last["count"] += 1
        else:
            self.timeline.append({"graph": graph.number, "first": run, "count": 1})
        self.recorder.spent = 0

    def model(self) -> dict[str, Any]:
        """The finished model, small enough for a page."""
        with modes.switched(off=modes.OBSERVED | modes.STEPPED), uncollected():
            for graph in self.graphs:
                graph.close()
            graphs = [g.json() for g in self.graphs]
            why = self.panel.answers()
        t = self.tables
        notes: list[dict[str, Any]] = []
        if self.left_out:
            notes.append({
                "code": "operations_left_out", "numbers": [self.left_out],
                "text": f"{self.left_out} more operations ran than are shown.",
            })  # fmt: skip
        failed = [e for g in self.graphs for e in g.failed]
        if failed:
            notes.append({
                "code": "other", "numbers": [len(failed)],
                "text": f"{len(failed)} derivatives could not be computed for this page ({failed[0]!r}).",
            })  # fmt: skip
        broken = self.recorder.broken
        if broken is not None:
            text = "".join(traceback.format_exception(broken))
            notes.append({
                "code": "other", "numbers": [],
                "text": f"The recording broke off, through a fault in dualtape; the program went on without it.\n{text}",
            })  # fmt: skip
        if self.recorder.compiled:
            names = list(self.recorder.compiled)
            notes.append({
                "code": "compiled", "numbers": [], "names": names,
                "text": f"Compiled functions were run operation by operation, as they are written: {', '.join(names)}. "
                "Compiled, they may round differently in the last digits.",
            })  # fmt: skip
        used = [name for name in _FRONT_ENDS if f"dualtape.{name}" in sys.modules]
        model = {
            "program": self.program, "arguments": self.arguments, "dualtape": sys.modules["dualtape"].__version__,
            "python": platform.python_version(),
            "dialects": [n for n in used if n != "numpy" or len(used) == 1] or used,
            "sources": t.sources, "places": t.places, "formulas": t.formulas, "avals": t.avals,
            "graphs": graphs, "timeline": self.timeline, "why": why, "notes": notes,
            "error": None if self.error is None else self.failure(self.error),
        }  # fmt: skip
        return shrunk(model)

    def failure(self, error: BaseException) -> dict[str, Any]:
        """The exception that ended the program."""
        place = first = None
        trace = inside = error.__traceback__
        while inside is not None:  # what is around the program is not shown
            if inside.tb_frame.f_code is self.around:
                trace = inside.tb_next
            inside = inside.tb_next
        while trace is not None:
            code = trace.tb_frame.f_code
            if role_of(code) == USER:
                first = first or trace
                place = self.tables.place((code, trace.tb_lasti))
            trace = trace.tb_next
        text = "".join(traceback.format_exception(type(error), error, first))
        return {
            "type": type(error).__name__,
            "message": str(error),
            "place": place,
            "text": text[-20_000:],
        }
