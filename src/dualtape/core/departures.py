"""Where values left the recording: the few places remembered for those who later ask why there is no gradient.

An operation that is recorded leaves a node behind, and its line with it. A value that leaves the recording,
as a NumPy array, a Python number or a detached tensor, leaves nothing; so the line where it left is kept here.
The last few hundred are, weakly: nothing is kept alive. `dualtape.trust` reads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol
from weakref import ref

from .callsite import Site, caller
from .modes import next_order

REMEMBERED = 256

DETACHED, DATA, NUMPY, NUMBER, COPIED, STOPPED, ZEROED, WANTED = (
    "detached", "data", "numpy", "number", "copied", "stopped", "zeroed", "wanted",
)  # fmt: skip


class Departure(NamedTuple):
    """One value leaving.

    Attributes:
        kind: How it left: one of the constants of this module. `ZEROED` is the leaving of gradients, and
            `WANTED` no leaving but the moment when a leaf began to require a gradient.
        site: The user's line.
        order: The clock.
        source: What it left from: a weak reference to the tensor, variable or optimizer.
        result: What it became: a weak reference to a tensor or an ndarray, or None.
    """

    kind: str
    site: Site | None
    order: int
    source: ref[Any]
    result: ref[Any] | None


# As plain tuples, which cost a fifth of a `Departure` to make: `loss.item()` is called in every step.
_kept: deque[tuple[Any, ...]] = deque(maxlen=REMEMBERED)


def recent() -> Iterator[Departure]:
    """What is remembered, the latest first."""
    for kept in reversed(tuple(_kept)):
        yield Departure(*kept)


class Watcher(Protocol):
    """Who is told of what happens at the edges of the recording while it is registered in `watchers`."""

    def left(self, departure: Departure) -> None:
        """A value left."""

    def passing(self, leaves: Iterable[Any], site: Site | None) -> None:
        """A backward pass is about to add its gradients to these leaves."""

    def stepped(self, optimizer: Any) -> None:
        """An optimizer was asked for a step and found no gradient at all."""

    def none_given(self, tape: Any, target: Any, sources: Any, found: Any) -> None:
        """A tape gave None for some of its sources."""


watchers: tuple[Watcher, ...] = ()
"""Empty unless a `dualtape.doctor()` or `lint()` is open; read as `departures.watchers`, since it is rebound."""


def watch(watcher: Watcher) -> None:
    """Register a watcher."""
    global watchers
    watchers = (*watchers, watcher)


def unwatch(watcher: Watcher) -> None:
    """Take a watcher out again."""
    global watchers
    watchers = tuple([w for w in watchers if w is not watcher])


def left(kind: str, source: Any, result: Any = None) -> None:
    """Remember that a value left, at the line of the nearest frame outside dualtape.

    Args:
        kind: See `Departure`.
        source: What it left from.
        result: What it became, if that is a tensor or an array.
    """
    kept = (kind, caller(3), next_order(), ref(source), None if result is None else ref(result))
    _kept.append(kept)
    if watchers:
        departure = Departure(*kept)
        for watcher in watchers:
            watcher.left(departure)
