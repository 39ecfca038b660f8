"""Random streams: how code is tried out, or run a second time, without taking numbers from anybody or giving any twice.

A front end keeps what the next numbers of a stream depend on in a cursor, and asks `at` for it at each draw. Mostly that
is the cursor itself. In a block of `apart` it is a copy, seen by code of the same context only: nothing has to be put
back afterwards, so that other threads, which may draw meanwhile, notice nothing.

NumPy's and Python's global streams (`streams`) are not the engine's: nobody can know which thread drew from them, and
they can only be set back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np


class Stream(NamedTuple):
    """How to read and to set the state of a source of random numbers that is not the engine's."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


# Asked for when needed: importing numpy.random takes as long as a third of dualtape.
NUMPY = Stream(lambda: np.random.get_state(), lambda state: np.random.set_state(state))
PYTHON = Stream(random.getstate, random.setstate)
streams: tuple[Stream, ...] = (NUMPY, PYTHON)
"""NumPy's and Python's global streams."""


class Cursor:
    """Where a stream stands. Cursors are equal only to themselves."""

    __slots__ = ()

    def __init__(self) -> None:
        way = _way.get()
        if way is not None:
            way.note_made(self)

    def copy(self) -> Self:
        """One that stands at the same place, and moves by itself."""
        raise NotImplementedError


class Held(Cursor):
    """A cursor of one value that is replaced and never written to."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def copy(self) -> Held:
        """See `Cursor`."""
        return Held(self.value)


C = TypeVar("C", bound=Cursor)
T = TypeVar("T")


def at(cursor: C, moves: bool = False) -> C:
    """The cursor to read from, or with `moves` to draw from or to set, in its place."""
    way = _way.get()
    return cursor if way is None else way.at(cursor, moves)


class Standing(Generic[T]):
    """An attribute of an object that is what its `_cursor`, a `Held`, stands at."""

    def __get__(self, owner: Any, cls: Any = None) -> T:
        if owner is None:
            return self  # type: ignore[return-value]
        value: T = at(owner._cursor).value
        return value

    def __set__(self, owner: Any, value: T) -> None:
        at(owner._cursor, True).value = value


class Way:
    """How code finds the cursors that it draws from; this one notes where each stood when it was first asked for.

    Attributes:
        start: Copies of the cursors as they were found.
        made: Those that were made under it.
    """

    def __init__(self, outer: Way | None) -> None:
        self.outer = outer
        self.start: dict[Cursor, Cursor] = {}
        self.made: set[Cursor] = set()

    def note_made(self, cursor: Cursor) -> None:
        """A cursor has been made."""
        self.made.add(cursor)
        if self.outer is not None:
            self.outer.note_made(cursor)

    def at(self, cursor: C, moves: bool) -> C:
        """See `at`."""
        here = cursor if self.outer is None else self.outer.at(cursor, moves)
        if cursor not in self.start and cursor not in self.made:
            self.start[cursor] = here.copy()
        return here


class Apart(Way):
    """The way of code whose draws move copies.

    Attributes:
        moved: The cursors that would have been moved.
    """

    def __init__(
        self,
        outer: Way | None,
        start: Mapping[Cursor, Cursor],
        kept: Iterable[Cursor],
        rest: bool,
    ) -> None:
        super().__init__(outer)
        self.start = dict(start)
        self.here: dict[Cursor, Cursor] = {c: c for c in kept}
        self.rest = rest
        self.moved: set[Cursor] = set()

    def note_made(self, cursor: Cursor) -> None:
        """See `Way`."""
        self.made.add(cursor)
        if not self.rest and self.outer is not None:
            self.outer.note_made(cursor)

    def at(self, cursor: C, moves: bool) -> C:
        """See `at`."""
        if cursor in self.made and self.rest:  # nobody else has it
            return cursor
        here: Any = self.here.get(cursor)
        if here is None:
            start = self.start.get(cursor)
            if start is None:
                if not self.rest:
                    return cursor if self.outer is None else self.outer.at(cursor, moves)
                start = cursor
            here = start.copy()
            self.here[cursor] = here
        if moves and here is not cursor:
            self.moved.add(cursor)
        return here  # type: ignore[no-any-return]


_way: ContextVar[Way | None] = ContextVar("dualtape_random_way", default=None)


@contextmanager
def noting() -> Iterator[Way]:
    """A block in which it is noted which streams are used, and where they stood at first."""
    way = Way(_way.get())
    token = _way.set(way)
    try:
        yield way
    finally:
        _way.reset(token)


@contextmanager
def apart(
    start: Mapping[Cursor, Cursor] | None = None, kept: Iterable[Cursor] = (), rest: bool = True
) -> Iterator[Apart]:
    """A block whose draws move copies of the cursors, which are forgotten afterwards.

    Args:
        start: Where streams stand at first; the copies themselves stay there.
        kept: Cursors that are moved all the same.
        rest: Whether all other streams are copied too, from where they stand; otherwise they are drawn from as outside.
    """
    way = Apart(_way.get(), start or {}, kept, rest)
    token = _way.set(way)
    try:
        yield way
    finally:
        _way.reset(token)


class _Own(Cursor):
    """Python's global stream, where the engine itself draws from it."""

    __slots__ = ("stream",)

    def __init__(self, stream: random.Random) -> None:
        super().__init__()
        self.stream = stream

    def copy(self) -> _Own:
        """See `Cursor`."""
        stream = random.Random()
        stream.setstate(self.stream.getstate())
        return _Own(stream)


_own = _Own(random.random.__self__)  # type: ignore[attr-defined]


def python_stream() -> random.Random:
    """Python's global stream, for front ends that draw from it."""
    return at(_own, True).stream


class Replay:
    """What the first run of a function drew, for a second one to draw again.

    Streams that the function does not use are left alone. Of NumPy's and Python's global streams it is known only
    whether they moved during the first run; those that did are set back for the second one, and then to where they were.
    """

    def __init__(self) -> None:
        self.start: Mapping[Cursor, Cursor] = {}
        self.moved: list[tuple[Stream, Any]] = []

    @contextmanager
    def first(self) -> Iterator[None]:
        """The first run."""
        before = [(s, s.get()) for s in streams]
        with noting() as way:
            yield
        self.start = way.start
        self.moved = [(s, state) for s, state in before if not same(state, s.get())]

    @contextmanager
    def again(self) -> Iterator[None]:
        """A second run."""
        now = [(s, s.get()) for s, _ in self.moved]
        for s, state in self.moved:
            s.set(state)
        try:
            with apart(self.start, kept=(_own,)):
                yield
        finally:
            for s, state in now:
                s.set(state)


def same(a: Any, b: Any) -> bool:
    """Whether two states of a stream are equal."""
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, (tuple, list)):
        with suppress(ValueError):  # as of arrays among the elements
            if a == b:  # thousands of words of a generator's state
                return True
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return bool(a == b)
