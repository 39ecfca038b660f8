"""`dualtape.explain`: the page for a tensor whose history is there, or for one call of a function."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.aval import Aval
from ..core.errors import GraphError
from ..core.graph import LEAF
from ..core.observation import observing_passes
from ..core.residuals import Freed
from ..core.sweep import Pass
from ..core.tensor import Tensor
from ..trust.blame import looked_after
from ..trust.case import raw_edge
from ..trust.facts import keep, nodes_of, rerun
from ..trust.subject import key_of
from . import events
from .events import Ran, Seen
from .registry import NOTHING
from .session import Session
from .snapshots import Snapshot
from .webpage import opened, page_of

_HEIGHT = 720


class Explanation:
    """A page: shown by notebooks, saved with `save`, opened in the browser with `open`.

    Attributes:
        model: What the page shows, as plain data (web/src/model.ts describes it).
    """

    def __init__(self, model: dict[str, Any]) -> None:
        self.model = model
        self._beside: list[dict[str, Any]] = []

    def beside(self, other: Explanation) -> Explanation:
        """The same page with another run next to this one, to be compared."""
        both = Explanation(self.model)
        both._beside = [other.model]
        return both

    @property
    def html(self) -> str:
        """The page."""
        return page_of([self.model, *self._beside])

    def save(self, path: str | Path) -> Path:
        """Write the page to a file and return its path.

        Raises:
            OSError: It cannot be written.
        """
        file = Path(path)
        file.write_text(self.html, encoding="utf-8")
        return file

    def open(self, path: str | Path = "explain.html") -> Path:
        """Write the page and open it in the browser, where there is one; return its path."""
        file = self.save(path)
        opened(file)
        return file

    def _repr_html_(self) -> str:
        page = html.escape(self.html, quote=True)
        return (
            f'<iframe title="dualtape explain" srcdoc="{page}" style="width:100%;height:{_HEIGHT}px;border:0" '
            'sandbox="allow-scripts"></iframe>'
        )

    def __repr__(self) -> str:
        graphs = [
            f"{g['title']} ({len(g['nodes'])} nodes, {g['total']} run{'s' * (g['total'] != 1)})"
            for g in self.model["graphs"]
        ]
        return f"<dualtape explanation of {self.model['program']}: {', '.join(graphs) or 'no operations'}>"


def explain(what: Any, *args: Any, **kwargs: Any) -> Explanation:
    """Explain a value with its gradient, or everything that one call of a function does.

    Args:
        what: A tensor with history, before its backward pass (or after one with `retain_graph=True`): its recording is shown,
            and a backward pass from it is replayed, with the cotangent 1 (ones, if it is no scalar). No `.grad` changes. Or a
            function: it is called and watched.
        *args, **kwargs: The function's arguments.

    Returns:
        The page. A notebook shows it; `.save("page.html")` writes it.

    Raises:
        TypeError: `what` is neither a tensor nor a function.
        GraphError: The tensor has no history, or it has been freed.

    Of a recording only what it kept is known, and what can be computed from that: other values are shown as not known.
    Hooks of the program run as in any backward pass.

    >>> import dualtape as dt, dualtape.torch as torch
    >>> x = torch.ones(2, 2, requires_grad=True)
    >>> loss = (3 * x**2).mean()
    >>> dt.explain(loss)
    <dualtape explanation of live graph: loss (5 nodes, 1 run)>
    """
    frame = sys._getframe(1)
    if isinstance(what, Tensor):
        if args or kwargs:
            raise TypeError(
                "explain: a tensor takes no arguments; pass the function that computes it"
            )
        return Explanation(of_tensor(what, frame))
    if not callable(what):
        raise TypeError(
            f"explain: expected a tensor with history or a function, got {type(what).__name__}"
        )
    return Explanation(of_call(what, args, kwargs))


def of_call(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The model of one call of a function."""
    session = Session(getattr(f, "__name__", type(f).__name__), [], sys._getframe())
    with session.recording():
        f(*args, **kwargs)
    return session.model()


def of_tensor(t: Tensor, frame: FrameType | None) -> dict[str, Any]:
    """The model of a recorded tensor.

    Args:
        t: The tensor.
        frame: The user's frame, for names.

    Raises:
        GraphError: It has no history, or that is gone.
    """
    edge = t.current_edge() or raw_edge(t)
    if edge is None:
        raise GraphError(
            "explain: this tensor has no history, so there is no graph to show. Ask for what was computed from tensors that "
            "require a gradient, or pass the function that computes it: dt.explain(f, *args)"
        )
    nodes = nodes_of([edge])
    for node in nodes:
        if isinstance(node.owners, Freed):
            raise GraphError(
                "explain: a backward pass has used up this recording, at "
                f"{callsite.describe(node.owners.site)}. Call explain before it, or let it retain_graph."
            )
    session = Session("live graph", [], None)
    r = session.recorder
    r.began = sys.maxsize  # nothing is from before
    with ExitStack() as stack, np.errstate(all="ignore"):
        stack.enter_context(modes.switched(off=modes.OBSERVED | modes.STEPPED | modes.ANOMALY))
        refill(session, nodes, edge, t)
        for f in (frame, None if frame is None else _module_frame(frame)):
            r.names.by_history(f, r.by_edge)
        for ran in r.by_node.values():
            for number, seen in enumerate(ran.operands):
                if frame is not None and not seen.names and seen.kind != events.RESULT:
                    r.names.search(frame, seen, ran, number)
        work = Pass(True, False, None)
        if looked_after([type(t)]):
            work.beneath = set()
        work.add(edge, np.ones(edge.shape, edge.dtype)[()])
        with observing_passes(r):
            work.run()
    session.close()
    return session.model()


def refill(session: Session, nodes: list[Any], edge: Any, t: Tensor) -> None:
    """Tell a session of recorded operations as if they ran now: with the values that the recording kept."""
    r = session.recorder
    values: dict[Any, Any] = {key_of(edge): t.value}
    constants: dict[tuple[Any, int], Any] = {}
    for node in nodes:
        for e in node.inputs:
            if e is not None and e.kind == LEAF and e.variable is not None:
                values[key_of(e)] = e.variable.value
        keep(node, values, constants)
    for node in nodes:
        if (
            getattr(node, "primitive", None) is not None
            and node.plan is not None
            and node.plan.joint is None
        ) or _plain(node):
            rerun(node, values, constants)
        several = node.output_avals is not None
        primitive = node.primitive if _plain(node) else None
        ran = Ran(
            node.name() if primitive is None else primitive.name,
            primitive,
            dict(node.params or {}),
            (),
            node.site,
        )
        ran.order = node.order
        for i, e in enumerate(node.inputs):
            if e is None:
                value = constants.get((node, i))
                ran.operands.append(
                    Seen(events.CONSTANT, Snapshot(NOTHING if value is None else value))
                )
            else:
                ran.operands.append(r.at_edge(e, values.get(key_of(e))))
        for k in range(len(node.output_avals) if several else 1):
            like = values.get((node, k), node if not several else Aval(*node.output_avals[k]))
            seen = Seen(events.RESULT, Snapshot(like), node.order, ran, k)
            seen.site = node.site
            ran.results.append(seen)
            r.by_edge[node.order, k] = seen
        r.by_node[node.order] = ran
        session.happened(ran, None)


def _plain(node: Any) -> bool:
    """Whether a node is of a primitive with rules to look into."""
    return (
        getattr(node, "primitive", None) is not None and type(node).__module__ == "torch.autograd"
    )


def _module_frame(frame: FrameType) -> FrameType:
    while frame.f_back is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame
