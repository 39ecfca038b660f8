"""Watches a program run, through the engine's seams for observers (`core.observation`): nothing is done when nobody watches.

What it sees goes, as `events`, to `segments`, which cuts the run into pieces and folds loops.
"""

from __future__ import annotations

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.bind import NaryPrimitive
from ..core.boxes import Box
from ..core.conform import conform
from ..core.custom import Call as CustomCall
from ..core.graph import LEAF as LEAF_EDGE
from ..core.observation import observe, observe_passes, observing, observing_passes
from ..trust.case import raw_edge
from . import events
from .events import Added, Given, Ran, Seen, Stepped, Swept
from .registry import MadeEdge, Registry
from .snapshots import Snapshot, concrete, is_batched
from .stack import Stacks
from .threads import joining

_bind_boxed = NaryPrimitive.bind_boxed.__code__


def unharmed(told: Callable[..., None]) -> Callable[..., None]:
    """The program goes on whatever becomes of its recording: an error in it ends the recording, and the page says so."""

    @functools.wraps(told)
    def tell(self: Recorder, *facts: Any) -> None:
        if self.watching:
            self.guarded(functools.partial(told, self), *facts)
        else:  # a thread that goes on when the recording is over
            observe(None)
            observe_passes(None)

    return tell


class Running:
    """A backward pass that is under way: what has arrived where."""

    __slots__ = ("arrived", "edges", "loose", "swept", "work")

    def __init__(self, work: Any, swept: Swept) -> None:
        self.work: Callable[[], Any] = weakref.ref(work)
        self.swept = swept
        self.edges: list[Any] = []
        self.loose: list[Ran] = []  # run since its last step: they belong to the rule of the next
        self.arrived: dict[tuple[int, int], Snapshot] = {}


class Lane:
    """What goes on in one thread.

    Attributes:
        thread: Its name; "" for the one that the program was started in.
        running: The backward passes under way, outermost first.
        last: The pass that ended last, what it was restricted to, and the edges that it began at.
    """

    __slots__ = ("last", "running", "thread")

    def __init__(self, thread: str) -> None:
        self.thread = thread
        self.running: list[Running] = []
        self.last: tuple[Swept, Any, list[Any]] | None = None

    def innermost(self) -> Running | None:
        """The pass under way; those that ended by an exception are forgotten."""
        while self.running and self.running[-1].work() is None:
            self.running.pop()
        return self.running[-1] if self.running else None

    def of(self, work: Any) -> Running | None:
        """The pass under way, if it is this one."""
        running = self.innermost()
        return running if running is not None and running.work() is work else None


class Recorder(Registry):
    """What is told of a running program.

    Args:
        base: The frame that runs it; that frame and those around it are no part of the program.
        happened: Called with each event, in order: an operation when it has run, a pass when it begins.

    Attributes:
        lanes: What goes on in each thread, by its identity.
        over, after: Called when a pass has ended, and when its gradients were added to `.grad`.
        broken: What ended the recording early.
        compiled: Names of functions that the program compiles, and that were run as they are written.
    """

    def __init__(
        self, base: FrameType | None, happened: Callable[[Any, FrameType | None], None]
    ) -> None:
        super().__init__(happened)
        self.stacks = Stacks(base)
        self.lanes = {threading.get_ident(): Lane("")}
        self.watching = True
        self._one_at_a_time = threading.RLock()
        self.over: Callable[[Swept, Any, list[Any]], None] | None = None
        self.after: Callable[[Swept, list[Any], FrameType | None], None] | None = None
        self.broken: Exception | None = None
        self.compiled: dict[str, None] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Watch the block, and the threads that are started in it."""
        with ExitStack() as stack:
            stack.enter_context(observing(self.see))
            stack.enter_context(observing_passes(self))
            stack.enter_context(joining(self.attend))
            try:
                yield
            finally:
                self.watching = False
                self.stacks.base = None
                self.writes.stop()

    def attend(self) -> None:
        """Watch the present thread too, which has just begun."""
        self.lanes[threading.get_ident()] = Lane(threading.current_thread().name)
        observe(self.see)
        observe_passes(self)

    def lane(self) -> Lane:
        """What goes on in the present thread."""
        me = threading.get_ident()
        if (
            me not in self.lanes
        ):  # it was there before, and runs in the context of one that is watched
            self.lanes[me] = Lane(threading.current_thread().name)
        return self.lanes[me]

    # --- operations ---------------------------------------------------------------------------

    @unharmed
    def see(
        self,
        primitive: Any,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        results: tuple[Any, ...],
    ) -> None:
        """See `core.observation.Observer`."""
        frame = sys._getframe(2)
        mode = modes.current()
        if mode & modes.BOXED and _is_inside_another(frame):
            return
        path, turns, user = self.stacks.path(frame)
        site = None if user is None else (user.f_code, user.f_lasti)
        ran = Ran(primitive.name, primitive, params, path, site)
        ran.turns = turns
        lane = self.lane()
        ran.thread = lane.thread
        if isinstance(primitive, CustomCall):
            ran.primitive = None
        if lane.running and (running := lane.innermost()) is not None:
            ran.work = running.swept
            running.loose.append(ran)
        count = len(operands)
        ran.operands = [self.operand(t, site, i, count) for i, t in enumerate(operands)]
        ran.serial = events.serial()  # after what only its operands tell of
        ran.cut = tuple(
            i
            for i, (t, seen) in enumerate(zip(operands, ran.operands, strict=True))
            if (seen.order and t.current_edge() is None)
        )
        node = None
        for t in results:
            edge = raw_edge(t)
            if edge is not None and edge.kind != LEAF_EDGE:
                node = edge.node
                ran.order = node.order
        if node is None:
            ran.why = (
                "no_grad" if mode & modes.NO_GRAD
                else "constant" if primitive.kind == "constant"
                else "no_operand"
            )  # fmt: skip
        for i, t in enumerate(results):
            ran.results.append(self.result(t, ran, i))
        if node is not None:
            self.by_node[node.order] = ran
        self.names.look(user, ran)
        self.happened(ran, frame)

    def guarded(self, told: Callable[..., None], *facts: Any) -> None:
        """Do something for the page; a fault in it ends the recording, and not the program. See `unharmed`."""
        with self._one_at_a_time:
            if self.broken is None:
                try:
                    told(*facts)
                except Exception as error:  # a fault of the recorder, not of the program
                    self.broken = error

    # --- backward passes (core.observation.PassObserver) --------------------------------------

    @unharmed
    def begun(self, work: Any) -> None:
        """See `PassObserver`."""
        frame = sys._getframe(2)
        path, _, user = self.stacks.path(frame)
        lane = self.lane()
        outer = lane.innermost()
        site = None if user is None else (user.f_code, user.f_lasti)
        swept = Swept(path, site, work.create_graph, None if outer is None else outer.swept)
        swept.thread = lane.thread
        again = work.beneath is not None and not modes.current() & modes.ANOMALY
        if (
            again
            and lane.last is not None
            and lane.last[1] is work.needed
            and not lane.last[0].kept
        ):
            lane.last[0].dropped = True  # see `core.backward.looked_after`: a NaN came out of it
        running = Running(work, swept)
        self.names.look(user, None)
        self.names.by_history(user, self.by_edge)
        for key, g in list(work.pending.items()):
            parts = g if isinstance(g, dict) else {0: g}
            for number, part in parts.items():
                shot = self.snapshot(part)
                edge = key if not isinstance(g, dict) else MadeEdge(key, number)
                swept.roots.append((self.at_edge(edge, None), shot))
                running.edges.append(edge)
                running.arrived[key.order, number] = shot
        if work.spent is None and not work.retain_graph:
            work.spent = []  # what it frees can be had back, to look for the origin of a NaN
        lane.running.append(running)
        self.happened(swept, frame)

    @unharmed
    def stepped(
        self, work: Any, node: Any, ct: Any, edges: tuple[Any, ...], grads: list[Any]
    ) -> None:
        """See `PassObserver`."""
        running = self.lane().of(work)
        if running is None:
            return
        ran = self.ran_of(node)
        step = Stepped(ran, self.cotangents(running, node, ct))
        running.swept.steps.append(step)
        for extra in running.loose:
            extra.rule = ran
        running.loose = []
        left = [
            (e.node.order, e.output_number)
            for e, g in zip(edges, grads, strict=True)
            if e is not None and g is not None
        ]
        for i, (edge, g) in enumerate(zip(edges, grads, strict=True)):
            if edge is None or g is None:
                continue
            key = left.pop(0)
            raw = concrete(g)
            if isinstance(raw, Box):
                value, product = Snapshot(edge), None
            elif is_batched(g):
                value, product = self.snapshot(g), None
            else:
                raw = raw if isinstance(raw, (np.ndarray, np.generic)) else np.asarray(raw)[()]
                fit = concrete(conform(raw, edge, node, i))
                product = None if fit is raw else self.snapshot(raw)
                value = self.snapshot(fit)
            before = running.arrived.get(key)
            if before is None:
                after = value
            elif key in left and before.data is not None and value.data is not None:
                after = Snapshot(before.data + value.data)
            else:
                now = work.pending.get(edge.node)
                now = now.get(edge.output_number) if isinstance(now, dict) else now
                after = Snapshot(edge) if now is None else self.snapshot(now)
            running.arrived[key] = after
            step.added.append(Added(i, self.at_edge(edge, None), product, value, before, after))

    def cotangents(self, running: Running, node: Any, ct: Any) -> list[Snapshot | None]:
        """What had arrived at the outputs of a node: what hooks made of it, if there are any."""
        found = (
            [(0, ct)]
            if node.output_avals is None
            else list(zip(node.differentiable, ct, strict=True))
        )
        out: list[Snapshot | None] = [None] * (
            1 if node.output_avals is None else len(node.output_avals)
        )
        for number, part in found:
            if part is None:
                continue
            shot = running.arrived.get((node.order, number))
            value = concrete(part)
            if shot is None or (node.hooks is not None and not shot.same(value)):
                shot = self.snapshot(part)
            out[number] = shot
        return out

    @unharmed
    def ended(self, work: Any, captures: dict[Any, Any] | None) -> None:
        """See `PassObserver`."""
        lane = self.lane()
        running = lane.of(work)
        if running is None:
            return
        lane.running.pop()
        swept = running.swept
        for leaf, g in work.pending.items():
            given = Given(self.at_edge(leaf, None), self.snapshot(g))
            if leaf.grad is not None:
                given.before = self.snapshot(leaf.grad)
            swept.given.append(given)
        for node, parts in (captures or {}).items():
            for number, g in parts.items():
                seen = self.at_edge(MadeEdge(node, number), None)
                swept.given.append(Given(seen, None if g is None else self.snapshot(g)))
        self.writes.hold([g.value for g in swept.given])
        lane.last = (swept, work.needed, running.edges)
        if self.over is not None:
            self.over(swept, work, running.edges)

    @unharmed
    def kept(self, work: Any) -> None:
        """See `PassObserver`."""
        last = self.lane().last
        if last is None:
            return
        swept = last[0]
        swept.kept = True
        by_order = {g.value.order: g for g in swept.given}
        for leaf in work.pending:
            given = by_order.get(leaf.order)
            if given is None or leaf.grad is None:
                continue
            value = concrete(leaf.grad)
            given.after = self.snapshot(value)
            seen = Seen(events.CONSTANT, given.after)
            seen.names = [f"{given.value.names[0]}.grad"] if given.value.names else []
            self.remember(value, seen)
        if self.after is not None:
            self.after(swept, last[2], sys._getframe(2))

    def uncompiled(self, function: Any) -> None:
        """See `core.observation.uncompiled`."""
        # A tf.function runs by a method of its own; it has the name of the program's function.
        owner = getattr(function, "__self__", None)
        name: Any = getattr(owner, "name", None)
        if not isinstance(name, str):
            name = getattr(function, "__name__", type(function).__name__)
        self.compiled[str(name)] = None


def _is_inside_another(frame: FrameType | None) -> bool:
    """Whether an operation is a part of how a transformation carries out another one."""
    while frame is not None and frame.f_code.co_filename.startswith(callsite._PACKAGE):
        if frame.f_code is _bind_boxed:
            return True
        frame = frame.f_back
    return False
