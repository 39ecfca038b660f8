"""What became of the leaves: an optimizer, an assignment or a write in place gave them other values, mostly without any operation.

So nobody is told of a write; it is found by looking at a leaf again, when the piece of the run that read it is over.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..core import modes
from ..core.callsite import Site
from ..core.tensor import Tensor
from ..core.versions import Version
from .assignments import leave, listen
from .events import LEAF, Event, Ran, Seen, Updated
from .snapshots import Absent, Snapshot, concrete, same_bits

_LENT = 8
_LEAVES = 10_000
_NARROW = 1e-3
_APART = 1.01
_CHANCE = 1e-3
_DIGITS = 4


class Waiting(NamedTuple):
    """A leaf that had not been written to when the piece of the run that read it was over: this may still come.

    Attributes:
        graph, picture, number: Where it is drawn, and which of the picture's updates it would be.
        update: What is known.
        owner: Kept if the leaf has a gradient: the variables of a function that has returned would be gone.
    """

    graph: Any
    picture: Any
    number: int
    update: Updated
    owner: Any


class Writes:
    """Finds what was written to leaves.

    Args:
        snapshot: Keeps what an array is now.

    Attributes:
        held, kept: The owners of the leaves that a pass gave gradients to, in the present piece of the run and in the last.
        data: By the clock of a leaf, the versions of what its `.data` gave: writes to that do not count as writes to it.
        assigned: By the identity of a variable, a reference to it and the versions of its value.
        waiting: By the identity of the reference to the owner.
    """

    def __init__(self, snapshot: Callable[[Any], Snapshot]) -> None:
        self.snapshot = snapshot
        self.held: dict[int, Any] = {}
        self.kept: dict[int, Any] = {}
        self.data: dict[int, list[Version]] = {}
        self.assigned: dict[int, tuple[Any, Version]] = {}
        self.listening = False
        self.waiting: dict[int, Waiting] = {}

    def own(self, edge: Any, seen: Seen, owners: list[Any]) -> None:
        """Note whose value a leaf is. The variables of a transformation within another one are nobody's."""
        if owners and not edge.level:
            seen.owner = weakref.ref(owners[0])
            seen.first = modes.next_order()
            if not self.listening and not isinstance(owners[0], Tensor):
                self.listening = True
                listen(self.assigning, owners[0])

    def assigning(self, variable: Any) -> None:
        """A variable was assigned to."""
        known = self.assigned.get(id(variable))
        if known is None or known[0]() is not variable:
            if len(self.assigned) > _LEAVES:
                self.assigned.clear()
            known = self.assigned[id(variable)] = (weakref.ref(variable), Version())
        known[1].bump()

    def stop(self) -> None:
        """The recording is over: listen to no assignment any more."""
        if self.listening:
            self.listening = False
            leave(self.assigning)

    def hold(self, values: Iterable[Seen]) -> None:
        """Keep the owners of leaves that have their gradients now."""
        for seen in values:
            owner = None if seen.owner is None else seen.owner()
            if owner is not None:
                self.held[id(seen.owner)] = owner

    def lent(self, edge: Any, memory: Tensor) -> None:
        """A leaf's `.data` was taken."""
        if len(self.data) > _LEAVES:
            self.data.clear()
        versions = self.data.setdefault(edge.order, [])
        versions.append(memory.shared_version())
        del versions[:-_LENT]

    def found(self, happened: list[Event]) -> list[Updated]:
        """What became of the leaves of a piece of the run that is over.

        Args:
            happened: Its events.
        """
        self.held, self.kept = {}, self.held
        values: dict[int, dict[int, Seen]] = {}
        for seen in _leaves(happened):
            if seen.owner is not None:
                values.setdefault(id(seen.owner), {})[id(seen)] = seen
        updates = []
        for key, of in values.items():
            row = list(of.values())
            earlier = self.waiting.pop(key, None)
            if earlier is not None:
                self.settle(earlier, row[0])
            for seen, then in zip(row, [*row[1:], None], strict=True):
                update = Updated(seen, None, then)
                self.look(update)
                updates.append(update)
        return updates

    def look(self, update: Updated) -> None:
        """Fill in what became of a leaf."""
        update.value = self.now(update.leaf, update.then)
        if update.value is not None and not isinstance(update.value, Absent):
            update.site = self.site(update.leaf, update.then)

    def wait(self, graph: Any, picture: Any, updates: list[Updated]) -> None:
        """A piece has its picture: what is not changed by now may be changed before it is read again.

        Only the latest run of a graph can still be amended.
        """
        self.waiting = {k: w for k, w in self.waiting.items() if w.graph is not graph}
        number = {id(picture.seen[node]): i for i, node in enumerate(picture.leaves)}
        for u in updates:
            i = number.get(id(u.leaf))
            if i is not None and u.then is None and isinstance(u.value, Absent):
                owner = self.kept.get(id(u.leaf.owner))
                self.waiting[id(u.leaf.owner)] = Waiting(graph, picture, i, u, owner)
        for u in updates:
            if id(u.leaf) in number:
                self.kept.pop(id(u.leaf.owner), None)

    def settle(self, waiting: Waiting, then: Seen | None) -> None:
        """A leaf was read again, or the program is over."""
        update = waiting.update
        if then is update.leaf:
            return
        update.then = then
        self.look(update)
        waiting.picture.amend(waiting.number, update)
        waiting.graph.amend(waiting.picture, waiting.number)

    def close(self) -> None:
        """The program is over: look for the last time."""
        for waiting in self.waiting.values():
            self.settle(waiting, None)
        self.waiting.clear()
        self.kept.clear()
        self.data.clear()
        self.assigned.clear()

    def now(self, seen: Seen, then: Seen | None) -> Snapshot | None:
        """What a leaf became: `then` or, where that is None, what it is now."""
        shot = seen.shot
        if not shot.known or shot.batched:
            return None
        if then is not None:
            same = _same(shot, then.shot)
            return None if same is None else Absent(shot) if same else then.shot
        owner = seen.owner()
        value = None if owner is None else value_of(owner)
        if not isinstance(value, (np.ndarray, np.generic)) or _kind(value) != _kind(shot):
            return None
        return Absent(shot) if shot.same(value) else self.snapshot(value)

    def site(self, seen: Seen, then: Seen | None) -> Site | None:
        """The line of the last write that the engine knows of, between two sights of a leaf."""
        owner = seen.owner()
        versions = [owner.version] if isinstance(owner, Tensor) and owner.version else []
        known = self.assigned.get(id(owner))
        if known is not None and known[0]() is owner:
            versions.append(known[1])
        writes = [
            w
            for v in (*versions, *self.data.get(seen.order, ()))
            for w in v.since(seen.last)
            if then is None or w[0] > then.first
        ]
        return min(writes, key=lambda w: w[0])[1] if writes else None  # the clock counts down


def _kind(x: Any) -> tuple[Any, Any]:
    return tuple(x.shape), x.dtype


def _same(one: Snapshot, other: Snapshot) -> bool | None:
    """Whether two snapshots are of the same elements; None where that cannot be told."""
    if _kind(one) != _kind(other):
        return None
    if one.data is not None and other.data is not None:
        return same_bits(one.data, other.data)
    return None if one.mark is None or other.mark is None else one.mark == other.mark


def value_of(owner: Any) -> Any:
    """The array of a tensor or a variable, as it is now; reading a variable as the program does would have tapes watch it."""
    return concrete(owner if isinstance(owner, Tensor) else owner._value)


def _leaves(happened: list[Event]) -> Iterator[Seen]:
    """The leaves that events met, in order."""
    for e in happened:
        if isinstance(e, Ran):
            yield from [s for s in e.operands if s.kind == LEAF]
        else:
            yield from [s for s, _ in e.roots if s.kind == LEAF]
            yield from [a.target for s in e.steps for a in s.added if a.target.kind == LEAF]
            yield from [g.value for g in e.given if g.value.kind == LEAF]


# --- numbers --------------------------------------------------------------------------------------


def change_of(before: Snapshot, after: Snapshot) -> Callable[[], Snapshot | None]:
    """What computes the difference of two values of a leaf."""

    def compute() -> Snapshot | None:
        if after.data is None or before.data is None:
            return None
        with np.errstate(all="ignore"):
            return Snapshot(np.subtract(after.data, before.data))

    return compute


def ratio_of(before: Snapshot, after: Snapshot, gradient: Any) -> Callable[[], Snapshot | None]:
    """What computes the number that the gradient was multiplied by, if there is one; see `ratio`."""

    def compute() -> Snapshot | None:
        shots = (before, after, gradient)
        if not all(isinstance(s, Snapshot) and s.data is not None for s in shots):
            return None
        found = ratio(*[np.asarray(s.data) for s in shots])
        return None if found is None else Snapshot(np.float64(found))

    return compute


def ratio(before: Any, after: Any, gradient: Any) -> float | None:
    """The r for which all elements of `after` are `before + r * gradient`, to rounding; None if there is none.

    A rounded sum and a rounded product leave an interval of ratios to each element (Higham, Accuracy and Stability of Numerical
    Algorithms, 2002, section 2.2: each operation is off by half a unit in the last place, and so is a learning rate in
    the leaf's dtype). Their intersection is where the ratio is; of the numbers in it the shortest is the one that a
    program has. A single element always has a quotient, and so have elements with gradients of one size, which Adam
    moves by one step too: that is taken for a ratio only if it is so short a number, for how well it is known, that
    it is hardly one by chance.

    Args:
        before, after, gradient: Of one shape and real floating dtype.
    """
    if before.dtype.kind != "f" or before.shape != gradient.shape or gradient.dtype.kind != "f":
        return None
    kind = np.finfo(before.dtype)
    b, a, g = (np.asarray(x, np.float64).reshape(-1) for x in (before, after, gradient))
    if not (np.isfinite(b).all() and np.isfinite(a).all() and np.isfinite(g).all()):
        return None
    change = a - b
    moving = g != 0
    if bool(change[~moving].any()) or not moving.any():
        return None
    a, g, change = a[moving], g[moving], change[moving]
    with np.errstate(all="ignore"):
        off = float(kind.eps) * (0.51 * np.abs(a) + 1.02 * np.abs(change))
        off = (off + float(kind.smallest_subnormal)) / np.abs(g)
        middle = change / g
        low, high = float((middle - off).max()), float((middle + off).min())
        narrow = np.abs(g[off <= _NARROW * np.abs(middle)])
    if not (low <= high and math.isfinite(low) and math.isfinite(high)) or not narrow.size:
        return None
    best = (low + high) / 2
    proven = bool(narrow.max() > _APART * narrow.min())
    for digits in range(1, 18 if proven else _DIGITS + 1):
        # Of the numbers of so many digits every tenth of 10**-digits is one.
        if not proven and (high - low) * 10**digits > _CHANCE * abs(best):
            return None
        short = float(f"{best:.{digits - 1}e}")
        if low <= short <= high:
            return short
    return None
