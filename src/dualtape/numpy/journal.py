"""What an array's memory held before each write to it: NumPy code overwrites what a derivative still needs.

`b = np.sin(a); a *= 2` is ordinary NumPy. So before each write the part that is about to change is copied, and
a backward pass that meets a residual written to since (its version is later than the node) gets what was there
when the node was made. The cost is in proportion to what is written, never to the array: residuals are not looked for
when something is written, nor writes when something is saved.

A program that overwrites large arrays again and again would keep every state, where a program without writes
keeps those that its derivative needs. So when the copies outweigh the array, those between whose writes nothing was
saved are dropped, but for the first: it holds what all the later ones replaced.
"""

from __future__ import annotations

import gc
import sys
from bisect import bisect_left
from threading import Lock
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..core import modes
from ..core.graph import Node
from ..core.inplace import array_at
from ..core.residuals import SavedOutput
from ..core.tensor import Outer, Tensor, wrap
from ..core.versions import Version

_rolling = Lock()

_WORK: Any = 1000  # what np.shares_memory may spend
_FEW = 64  # writes that are looked at one by one
_ENTRY = 400  # bytes, for an entry besides its copy
_PATIENCE = 64_000_000  # bytes of copies that are not worth a look at who needs them


class Journal:
    """The writes to one piece of memory, oldest first."""

    __slots__ = (
        "_bounds",
        "_count",
        "_floor",
        "_last_dropped",
        "_limit",
        "_olds",
        "_past",
        "_places",
        "_stamps",
        "_table",
        "_until",
        "_weight",
    )

    _places: list[tuple[Any, Any]]  # memory as a view, and an index into it or None
    _olds: list[Any]  # what was there
    _until: list[int]  # the stamp of the last write whose entry was dropped in favour of this one
    _stamps: list[int]  # minus the clock
    _bounds: list[tuple[int, int]]

    def __init__(self, version: Version) -> None:
        self._limit = 0
        self._clear(version)

    def _clear(self, version: Version) -> None:
        self._places, self._olds, self._stamps, self._bounds, self._until = [], [], [], [], []
        self._table: Any = None
        self._past: Past | None = None
        self._last_dropped = -sys.maxsize
        self._weight = 0
        self._floor = version.stamp  # a residual older than this may have been written to unseen
        self._count = version.count

    def note(self, version: Version, memory: Any, at: Any) -> None:
        """Keep what `memory` (at an index) holds, which the next write of `version` changes."""
        if version.count > self._count:  # somebody wrote without a word
            self._clear(version)
        self._limit = self._limit or max(_PATIENCE, 8 * memory.nbytes)
        if self._weight > self._limit:
            self._compact(version)
        self._count = version.count + 1
        if not memory.size:
            return
        old = memory.copy() if at is None else np.array(memory[at])
        self._places.append((memory, at))
        self._olds.append(old)
        stamp = -modes.next_order()
        self._stamps.append(stamp)
        self._until.append(stamp)
        self._bounds.append(byte_bounds(memory))
        self._weight += old.nbytes + _ENTRY
        self._table = None

    def as_of(self, version: Version, value: Any, order: int) -> Any:
        """See `Version.as_of`."""
        if type(value) is Outer:
            t = value.content
            inside = self.as_of(version, t.value, order)
            if inside is None or inside is t.value:
                return None if inside is None else value
            box = object.__new__(Outer)
            box.interpreter, box.content = value.interpreter, wrap(type(t), inside, t.edge)
            return box
        if type(value) is not np.ndarray or version.count > self._count or order > self._floor:
            return None
        first = bisect_left(self._stamps, -order)
        if -order < self._last_dropped and any(
            until > -order and overlaps(place[0], value)
            for until, place in zip(self._until[:first], self._places, strict=False)
        ):
            return None  # nobody was known to need it
        for i in self._near(first, value):
            place, at = self._places[i]
            if overlaps(place, value):
                if at is None and same_places(place, value):
                    return self._olds[i]
                with _rolling:
                    return self._rolled_back(first, value)
        return value

    def _near(self, first: int, value: Any) -> Any:
        """The numbers of the writes from `first` on that can have touched `value`."""
        if len(self._stamps) - first <= _FEW:
            return range(first, len(self._stamps))
        if self._table is None:
            self._table = np.array(self._bounds)
        low, high = byte_bounds(value)
        bounds = self._table[first:]
        return first + np.flatnonzero((bounds[:, 0] < high) & (bounds[:, 1] > low))

    def _rolled_back(self, first: int, value: Any) -> Any:
        """What `value` was before the writes from `first` on.

        A backward pass asks for ever earlier states, so a copy of the memory goes back in time with it: each write is
        undone once, however many residuals it came after.
        """
        low, high = byte_bounds(value)
        past = self._past
        if past is None or past.reached < first or low < past.low or past.high < high:
            low = min(low, *[b[0] for b in self._bounds])
            high = max(high, *[b[1] for b in self._bounds])
            past = self._past = Past(low, high, len(self._places), value)
        for i in range(past.reached - 1, first - 1, -1):
            memory, at = self._places[i]
            past.view(memory)[... if at is None else at] = self._olds[i]
        past.reached = first
        return past.view(value).copy()

    def _compact(self, version: Version) -> None:
        """Drop entries that no node can ask for. A search of the heap, which is why it is rare."""
        needed = sorted([-order for order in orders_of_nodes(version)])
        latest: dict[Any, int] = {}
        kept: list[int] = []
        for i, (memory, at) in enumerate(self._places if needed else []):
            key = layout(memory) if at is None else i
            before = latest.get(key)
            if before is None or bisect_left(needed, self._until[before]) != bisect_left(
                needed, self._stamps[i]
            ):
                latest[key] = i
                kept.append(i)
            else:
                self._until[before] = self._until[i]
                self._last_dropped = max(self._last_dropped, self._until[i])
        if not needed:
            self._clear(version)
        for name in ("_places", "_olds", "_stamps", "_bounds", "_until"):
            entries = getattr(self, name)
            setattr(self, name, [entries[i] for i in kept])
        self._past = self._table = None
        self._weight = sum(_ENTRY + old.nbytes for old in self._olds)
        self._limit = max(self._limit, 2 * self._weight)


class Past:
    """A copy of memory from address `low` to `high`, as it was before write `reached`."""

    __slots__ = ("high", "low", "memory", "reached")

    def __init__(self, low: int, high: int, reached: int, owner: Any) -> None:
        self.low, self.high, self.reached = low, high, reached
        now = array_at(low, (high - low,), np.uint8, base=owner)
        aligned = low & 63  # so that elements lie as they do in the memory itself
        self.memory = np.empty(aligned + high - low, np.uint8)[aligned:]
        self.memory[...] = now

    def view(self, a: Any) -> Any:
        """The part of the copy that stands for `a`."""
        at = a.__array_interface__["data"][0] - self.low
        return np.ndarray(a.shape, a.dtype, self.memory, at, a.strides)


def orders_of_nodes(version: Version) -> list[int]:
    """When the nodes were made that hold a residual on the memory of `version`."""
    holders = [
        r
        for r in gc.get_referrers(version)
        if isinstance(r, (Tensor, SavedOutput)) and r.version is version
    ]
    kept = [r for r in gc.get_referrers(*holders) if type(r) is tuple] if holders else []
    names = {id(r) for r in kept}
    nodes = gc.get_referrers(*kept) if kept else []
    return [n.order for n in nodes if isinstance(n, Node) and id(n.owners) in names]


def layout(a: Any) -> tuple[Any, ...]:
    """Where the elements of an array are."""
    return a.ctypes.data, a.shape, a.strides, a.dtype


def same_places(a: Any, b: Any) -> bool:
    """Whether two arrays are the same elements in the same places."""
    return a.dtype == b.dtype and a.shape == b.shape and layout(a)[::2] == layout(b)[::2]


def overlaps(a: Any, b: Any) -> bool:
    """Whether two arrays share an element, as far as that can be told in little time."""
    if a.flags.forc and b.flags.forc:
        (low, high), (low_b, high_b) = byte_bounds(a), byte_bounds(b)
        return bool(low < high_b and low_b < high)
    try:
        return bool(np.shares_memory(a, b, max_work=_WORK))
    except np.exceptions.TooHardError:
        return True
