"""Cuts a run into pieces: iterations of the loops that hold backward passes, and what lies between.

NOTE [iterations]
A loop is folded if a backward pass runs in it: the innermost loop, of the program's or of a front end's (`model.fit`), around the
call that ends in the pass. Its iterations are told apart by where the loop's own function is: what runs after a pass stands
behind it, so an operation that stands before the pass belongs to the next iteration. A function called in the loop may do
all the work at one place; then it is another call in the next iteration.
"""

from __future__ import annotations

from collections.abc import Callable

from .events import LEAF, RESULT, Event, Ran, Swept
from .stack import Call, Path
from .syntax import Loop, loops_at

MOST = 20_000
"""Operations that one piece shows."""

Context = tuple[int, Loop]


class Piece:
    """Events that make one picture.

    Attributes:
        context: The call and the loop that it is an iteration of; None for what is in no such loop.
        swept_at: Where the loop's function was at the first pass, and the call that it was in.
    """

    __slots__ = ("context", "events", "left_out", "swept_at")

    def __init__(self, context: Context | None) -> None:
        self.context = context
        self.events: list[Event] = []
        self.swept_at: tuple[int, Call | None] | None = None
        self.left_out = 0


class Cutter:
    """Takes events in, and gives pieces to `closing`, and then each of its pictures to `done`."""

    def __init__(
        self, done: Callable[[list[Event], int], None], closing: Callable[[list[Event]], None]
    ) -> None:
        self.done = done
        self.closing = closing
        self.known: set[Loop] = set()
        self.files: set[str] = set()
        self.piece = Piece(None)

    def happened(self, event: Event) -> None:
        """Take in an event."""
        inside = event.work is not None if isinstance(event, Ran) else event.outer is not None
        # What other threads do belongs to what the first one does meanwhile.
        if not inside and event.path and not event.thread:
            if isinstance(event, Swept):
                self.know(event.path)
            self.cut(event.path, isinstance(event, Swept))
        piece = self.piece
        if len(piece.events) >= MOST and isinstance(event, Ran):
            piece.left_out += 1
            return
        piece.events.append(event)

    def know(self, path: Path) -> None:
        """A pass runs here: fold the innermost loop around it. What ran in it so far becomes a piece."""
        loop = _innermost(path)
        if loop is None or loop in self.known:
            return
        self.known.add(loop)
        self.files.add(loop.file)
        found = self.context(path)
        old = self.piece
        if found is None or old.context is not None:
            return
        context = found[0]
        first = len(old.events)
        while first and self._is_in(old.events[first - 1], context):
            first -= 1
        self.piece = Piece(context)
        self.piece.events = old.events[first:]
        del old.events[first:]
        self.finish(old)

    def _is_in(self, event: Event, context: Context) -> bool:
        if not event.path or event.thread:
            return True
        found = self.context(event.path)
        return found is not None and found[0] == context

    def context(self, path: Path) -> tuple[Context, int, Call | None] | None:
        """The folded loop that a path is in, where its function is, and the call that it is in."""
        if not self.known:
            return None
        for i in range(len(path) - 1, -1, -1):
            call, at = path[i]
            if call.code.co_filename in self.files:
                for loop in loops_at(call.code, at):
                    if loop in self.known:
                        child = path[i + 1][0] if i + 1 < len(path) else None
                        return (call.number, loop), at, child
        return None

    def cut(self, path: Path, swept: bool) -> None:
        """Begin a new piece if what runs at `path` is not of this one."""
        found = self.context(path)
        piece = self.piece
        context = None if found is None else found[0]
        if context != piece.context:
            self.finish(piece)
            piece = self.piece = Piece(context)
        elif found is not None and piece.swept_at is not None:
            _, at, child = found
            first, its = piece.swept_at
            if at < first or (at == first and child is not its):
                self.finish(piece)
                piece = self.piece = Piece(context)
        if swept and found is not None and piece.swept_at is None:
            piece.swept_at = found[1:]

    def finish(self, piece: Piece) -> None:
        """Hand a piece on; what is in no loop in independent parts."""
        if not piece.events:
            return
        self.closing(piece.events)
        if piece.context is not None:
            self.done(piece.events, piece.left_out)
            return
        groups = independent(piece.events)
        for i, group in enumerate(groups):
            self.done(group, piece.left_out if i == len(groups) - 1 else 0)

    def close(self) -> None:
        """The program is over."""
        piece, self.piece = self.piece, Piece(None)
        self.finish(piece)


def _innermost(path: Path) -> Loop | None:
    for call, at in reversed(path):
        loops = loops_at(call.code, at)
        if loops:
            return loops[0]
    return None


def independent(events: list[Event]) -> list[list[Event]]:
    """Events in groups that have nothing to do with one another: no value and no leaf in common.

    Groups without a gradient are joined to what follows them: they prepare its data.
    """
    parent: dict[int, int] = {}

    def root(x: int) -> int:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    def join(x: int, y: int) -> None:
        parent[root(x)] = root(y)

    for e in events:
        me = id(e)
        if isinstance(e, Ran):
            for s in (*e.operands, *e.results):
                if s is not None and s.kind in (RESULT, LEAF):
                    join(me, s.order or id(s.maker))
                    if s.maker is not None:
                        join(me, id(s.maker))
            if e.work is not None:
                join(me, id(e.work))
        else:
            if e.outer is not None:
                join(me, id(e.outer))
            for s, _ in e.roots:
                join(me, s.order or id(s.maker))
            for step in e.steps:
                join(me, id(step.ran))
            for given in e.given:
                join(me, given.value.order)
    groups: dict[int, list[Event]] = {}
    for e in events:
        groups.setdefault(root(id(e)), []).append(e)
    found: list[list[Event]] = []
    waiting: list[Event] = []
    for group in groups.values():
        if any(isinstance(e, Swept) or e.order for e in group):
            found.append(sorted([*waiting, *group], key=lambda e: e.serial))
            waiting = []
        else:
            waiting += group
    if waiting:
        if found:
            found[-1] = sorted([*found[-1], *waiting], key=lambda e: e.serial)
        else:
            found.append(waiting)
    return found
