"""What `dualtape.doctor()` keeps while it is open: where each value without history lost it.

The recording forgets a value that nobody recorded: under `no_grad`, and behind an operation without a
derivative. The ledger follows these, with the edges they came from, so that it can tell which of several
losses lies between two values.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import callsite, modes
from ..core.departures import Departure
from ..core.tensor import Tensor
from ..core.views import owner
from .case import LEAVING, raw_edge, told
from .guilty import called
from .paths import ancestors, depends
from .verdict import Cause, Verdict, at


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """An operation whose result has no history though an operand had one, or had lost one.

    Attributes:
        cause: Why it has none; None if it only carries on what its operands had lost before.
        site: The user's line.
        what: The operation.
        edges: Of the operands with history.
        before: What the operands had lost.
    """

    cause: Cause | None
    site: callsite.Site | None
    what: str
    edges: tuple[Any, ...]
    before: tuple[Loss, ...]


class Ledger:
    """The losses of one doctor's visit, by the tensors, nodes and arrays that they ended in."""

    REMEMBERED = 100_000

    def __init__(self) -> None:
        self.tensors: dict[int, tuple[weakref.ref[Any], Loss]] = {}
        self.memory: dict[int, tuple[weakref.ref[Any], Loss]] = {}
        self.nodes: dict[Any, tuple[Loss, ...]] = {}
        self.oldest: deque[Any] = deque()

    # --- writing ------------------------------------------------------------------------------

    def bound(
        self,
        primitive: Any,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        results: tuple[Any, ...],
    ) -> None:
        """See `core.observation.Observer`."""
        tensors = [t for t in operands if isinstance(t, Tensor)]
        edges = tuple([e for t in tensors if (e := raw_edge(t)) is not None])
        before = tuple([loss for t in tensors if (loss := self.loss_of(t)) is not None])
        if not edges and not before:
            return
        for result in results:
            edge = raw_edge(result)
            if edge is None:
                off = bool(modes.current() & modes.NO_GRAD) or all(t.edge is None for t in tensors)
                cause = None if not edges else Cause.NO_GRAD if off else Cause.NOT_DIFFERENTIABLE
                loss = Loss(cause, callsite.caller(), called(primitive), edges, before)
                _keep(self.tensors, result, loss)
            elif before:
                self.nodes[edge.node] = before
                self.oldest.append(edge.node)
                if len(self.oldest) > self.REMEMBERED:
                    self.nodes.pop(self.oldest.popleft(), None)

    def left(self, departure: Departure) -> None:
        """Note that a value left."""
        cause, source = LEAVING.get(departure.kind), departure.source()
        result = None if departure.result is None else departure.result()
        if cause is None or result is None or not isinstance(source, Tensor):
            return
        edge, earlier = raw_edge(source), self.loss_of(source)
        if edge is None and earlier is None:
            return
        loss = Loss(
            cause,
            departure.site,
            "",
            () if edge is None else (edge,),
            () if earlier is None else (earlier,),
        )
        if isinstance(result, np.ndarray):
            _keep(self.memory, owner(result), loss)
        else:
            _keep(self.tensors, result, loss)

    # --- reading ------------------------------------------------------------------------------

    def loss_of(self, t: Tensor) -> Loss | None:
        """What is known of a tensor without history: of itself, or of the memory that it is made of."""
        found = self.tensors.get(id(t))
        if found is not None and found[0]() is t:
            return found[1]
        value = t.value
        if isinstance(value, np.ndarray) and self.memory:
            held = owner(value)
            found = self.memory.get(id(held))
            if found is not None and found[0]() is held:
                return found[1]
        return None

    def explain(self, y: Any, target: Any) -> Verdict | None:
        """The loss between `y` and the node or leaf `target`, None if none is known."""
        if target is None or not isinstance(y, Tensor):
            return None
        own = self.loss_of(y)
        first = [*([] if own is None else [own]), *self._behind((raw_edge(y),))]
        queue = deque([(loss, loss) for loss in first])
        seen: set[int] = set()
        while queue:
            loss, after = queue.popleft()
            if id(loss) in seen:
                continue
            seen.add(id(loss))
            if any(depends(e, target) for e in loss.edges):
                if after.cause is Cause.NUMPY and not after.edges:
                    loss = after  # `.detach().numpy()` is how one leaves for NumPy
                return told(loss.cause or Cause.NO_GRAD, at(loss.site), loss.what, True)
            queue.extend([(b, loss) for b in loss.before])
            queue.extend([(b, loss) for b in self._behind(loss.edges)])
        return None

    def _behind(self, edges: Iterable[Any]) -> Iterator[Loss]:
        """The losses among the operands of the nodes that edges depend on."""
        for edge in edges:
            for node in ancestors(edge):
                yield from self.nodes.get(node, ())


def _keep(place: dict[int, tuple[weakref.ref[Any], Loss]], thing: Any, loss: Loss) -> None:
    """Put a loss down for an object, as long as the object lives."""
    key = id(thing)

    def forget(gone: weakref.ref[Any]) -> None:
        found = place.get(key)
        if found is not None and found[0] is gone:
            del place[key]

    place[key] = (weakref.ref(thing, forget), loss)
