"""The why-panel: what the gradient doctor (`dualtape.trust`) says about gradients that are None or NaN."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..core import departures, modes
from ..core.callsite import Site, user_frame
from ..core.custom import CallNode, UserNode
from ..core.graph import LEAF
from ..core.residuals import Freed
from ..core.tensor import Tensor
from ..trust import why
from ..trust.blame import blamed, first_origin
from ..trust.case import raw_edge
from ..trust.facts import Facts, nodes_of
from ..trust.trees import tree_of
from ..trust.verdict import Cause, Verdict, Where
from .events import Swept
from .frames import variables
from .naming import inner
from .snapshots import concrete
from .stack import USER, role_of

MOST = 12
"""Answers that the panel holds."""


class Panel:
    """Asks the doctor, and keeps the answers.

    Attributes:
        found: The answers, each with the clocks of the leaf and of the operation to blame, if there are such.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.found: list[tuple[dict[str, Any], int, int]] = []
        self.asked: set[Any] = set()
        self.given: set[int] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Be told of what the edges of the recording see."""
        departures.watch(self)
        try:
            yield
        finally:
            departures.unwatch(self)

    # --- core.departures.Watcher --------------------------------------------------------------

    def left(self, departure: departures.Departure) -> None:
        """A value left the recording: what it became is known again, if it is a tensor."""
        self.session.recorder.guarded(self._left, departure)

    def _left(self, departure: departures.Departure) -> None:
        source, result = (
            departure.source(),
            None if departure.result is None else departure.result(),
        )
        if isinstance(source, Tensor) and isinstance(result, Tensor):
            r = self.session.recorder
            edge = raw_edge(source)
            if departure.kind == departures.DATA and edge is not None and edge.kind == LEAF:
                r.writes.lent(edge, result)
            seen = None if edge is None else r.by_edge.get((edge.node.order, edge.output_number))
            if seen is not None:
                r.remember(concrete(result), seen)

    def passing(self, leaves: Iterable[Any], site: Site | None) -> None:
        """See `core.departures.Watcher`."""

    def stepped(self, optimizer: Any) -> None:
        """See `core.departures.Watcher`."""

    def none_given(self, tape: Any, target: Any, sources: Any, found: Any) -> None:
        """A tape gave None: ask why."""
        self.session.recorder.guarded(self._none_given, tape, target, sources, found)

    def _none_given(self, tape: Any, target: Any, sources: Any, found: Any) -> None:
        frame = user_frame()
        flat = list(sources.values()) if isinstance(sources, dict) else sources
        flat = list(flat) if isinstance(flat, (list, tuple)) else [flat]
        if frame is None or len(flat) != len(found) or isinstance(target, (list, tuple, dict)):
            return
        for i, (x, g) in enumerate(zip(flat, found, strict=True)):
            key = (id(frame.f_code), frame.f_lasti, i)
            if g is None and key not in self.asked and len(self.found) < MOST:
                self.asked.add(key)
                self.ask(target, x, frame, ("target", "sources"), tape)

    # --- questions ----------------------------------------------------------------------------

    def ask(
        self, y: Any, x: Any, frame: FrameType, names: tuple[str, str], *tape: Any, name: str = ""
    ) -> None:
        """Put down why the gradient of `y` with respect to `x` is None."""
        with modes.switched(off=modes.OBSERVED | modes.STEPPED), why.consulting(None):
            verdict = why.answer(y, x, frame, names, *tape)
        if verdict.cause is Cause.HAS_GRADIENT:
            return
        name = name or _name_in(frame, x) or str(getattr(x, "name", "") or "").partition(":")[0]
        edge = raw_edge(x) if isinstance(x, Tensor) else getattr(x, "_edge", None)
        self.found.append((self.told(name, verdict), 0 if edge is None else edge.node.order, 0))

    def told(self, name: str, verdict: Verdict) -> dict[str, Any]:
        """A verdict as the page has it."""
        also = [w for w in verdict.also if w != verdict.where]
        return {
            "kind": "none", "name": name, "at": None, "cause": verdict.cause.value, "operation": None, "culprit": None,
            "place": self.line(verdict.where), "also": [self.line(w) for w in also], "reason": verdict.reason,
            "advice": verdict.advice, "certain": verdict.certain,
        }  # fmt: skip

    def line(self, where: Where | None) -> int | None:
        """The place of a line."""
        return None if where is None else self.session.tables.line(where.filename, where.line)

    # --- after each backward pass -------------------------------------------------------------

    def over(self, swept: Swept, work: Any, edges: list[Any]) -> None:
        """A pass is over: look for NaN among its gradients."""
        self.given.update([g.value.order for g in swept.given if g.gradient is not None])
        bad = [g for g in swept.given if g.gradient is not None and g.gradient.has_nan()]
        key = ("nan", None if swept.site is None else (id(swept.site[0]), swept.site[1]))
        if bad and not swept.dropped and key not in self.asked and len(self.found) < MOST:
            self.asked.add(key)
            self.blame(work, edges, bad[0])

    def blame(self, work: Any, edges: list[Any], given: Any) -> None:
        """Put down which operation made a NaN: the doctor's answer, on residuals that are had back for it."""
        name = given.value.names[0] if given.value.names else "a leaf"
        nodes = nodes_of(edges)
        freed = [(n, n.owners) for n in nodes if isinstance(n.owners, Freed)]
        if work.create_graph or any(
            n.hooks is not None or isinstance(n, (UserNode, CallNode)) for n in nodes
        ):
            return  # to look would run the program's own functions again
        for node, owners in work.spent or ():
            node.owners = owners
        try:
            if any(isinstance(n.owners, Freed) for n in nodes):
                return
            off = modes.OBSERVED | modes.STEPPED
            with modes.switched(off=off):
                first = first_origin(edges, Facts.of_graph(edges), work.beneath is not None)
        finally:
            for node, owners in freed:
                node.owners = owners
        if first is None:
            return
        b = blamed(first, complete=True)
        direction = "" if b.phase == "forward" else "the backward pass of "
        what = "NaN" if b.kind == "NaN" else "An infinity, of which NaN comes,"
        inputs = [f"operand {i}: {s}" for i, s in enumerate(b.inputs) if s is not None]
        reason = f"{what} was made in {direction}{b.operation}" + (
            f" ({'; '.join(inputs)})." if inputs else "."
        )
        advice = b.note or (
            "Keep its operand away from where the derivative has no finite value, before the operation (not by a mask after it); "
            "in dualtape.safe_gradients() masked places stay zero."
        )
        made: dict[str, Any] = {
            "kind": "nan", "name": name, "at": None, "cause": b.phase, "operation": b.operation, "culprit": None,
            "place": self.line(b.where), "also": [], "reason": reason, "advice": advice, "certain": b.certain,
        }  # fmt: skip
        self.found.append(
            (made, given.value.order, first.op.order if first.op.node is not None else 0)
        )

    def after(self, swept: Swept, edges: list[Any], frame: FrameType | None) -> None:
        """A pass has added to `.grad`: ask about the tensors of the program that have none."""
        while frame is not None and role_of(frame.f_code) != USER:
            frame = frame.f_back
        if frame is None or len(edges) != 1:
            return
        key = (id(frame.f_code), frame.f_lasti, "after")
        if key in self.asked:
            return
        self.asked.add(key)
        own = variables(frame)
        spaces = [own] if own is frame.f_globals else [own, frame.f_globals]
        named: dict[str, Any] = {}
        for names in spaces:
            for name, thing in list(names.items()):
                if name.startswith("_") or isinstance(thing, type):
                    continue
                for n, x in ((name, thing), *[(f"{name}{k}", v) for k, v in inner(thing)]):
                    if isinstance(x, Tensor) and hasattr(type(x), "retain_grad"):
                        named.setdefault(n, x)
        root = next((x for x in named.values() if raw_edge(x) is edges[0]), None)
        if root is None:
            return
        read = grads_read(frame.f_code.co_filename)
        told: set[int] = set()
        for name, x in named.items():
            edge = raw_edge(x)
            if edge is None or id(x) in told or len(self.found) >= MOST:
                continue
            told.add(id(x))
            leaf = edge.kind == LEAF
            keeps = x.leaf is not None and x.leaf.grad is not None
            if keeps or (not leaf and name not in read):
                continue
            self.ask(root, x, frame, ("y", "x"), name=name)

    # --- in the picture -----------------------------------------------------------------------

    def drawn(self, graph: int, picture: Any) -> None:
        """A piece has got its picture: find the nodes that answers speak of."""
        for made, leaf, culprit in self.found:
            for key, order in (("at", leaf), ("culprit", culprit)):
                node = _node_of(picture, order) if order and made[key] is None else None
                if node is not None:
                    made[key] = {"graph": graph, "node": node}

    def answers(self) -> list[dict[str, Any]]:
        """What is in the panel: of tensors that got a gradient in some other pass, nothing is said."""
        return [
            made for made, leaf, _ in self.found if made["kind"] == "nan" or leaf not in self.given
        ]


@functools.lru_cache(64)
def grads_read(file: str) -> frozenset[str]:
    """The names whose `.grad` a source reads."""
    tree = tree_of(file)
    return frozenset(
        ast.unparse(n.value)
        for n in (() if tree is None else ast.walk(tree))
        if isinstance(n, ast.Attribute)
        and n.attr == "grad"
        and isinstance(n.value, (ast.Name, ast.Attribute))
    )


def _node_of(picture: Any, order: int) -> int | None:
    """The first node that a clock is of."""
    for number, of in enumerate(zip(picture.seen, picture.rans, strict=True)):
        if any(x is not None and x.order == order for x in of):
            return number
    return None


def _name_in(frame: FrameType, x: Any) -> str:
    for names in (variables(frame), frame.f_globals):
        for name, thing in list(names.items()):
            if thing is x and not name.startswith("_"):
                return name
        for name, thing in list(names.items()):
            if not name.startswith("_"):
                for key, part in inner(thing):
                    if part is x:
                        return f"{name}{key}"
    return ""
