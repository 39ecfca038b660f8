"""Which calls of the program an operation happened in.

NOTE [marks in frames]
A call is told from the next one of the same function by a mark that is left in its frame: `frame.f_trace`, which Python reads only while
`sys.settrace` is on. So the mark lives exactly as long as the call, keeps nothing alive, and costs nothing when the
function returns. Under a debugger the attribute is the debugger's; calls are then told apart by where they are.
The frame that a user's frame has called is marked too, if it is the engine's: it stands for the one time that the user's instruction
is carried out (see NOTE [turns]).
"""

from __future__ import annotations

import concurrent.futures.thread
import sys
import threading
from itertools import count
from types import CodeType, FrameType
from typing import Any

from ..core import callsite
from .loops import Turn, Where

USER, DIALECT, OWN = 1, 2, 0
"""Whose a frame is: the program's (or another library's), a front end's, or the engine's."""

_DIALECTS = tuple(callsite._PACKAGE + room for room in ("torch", "tensorflow"))
_roles: dict[str, int] = {m.__file__ or "": OWN for m in (threading, concurrent.futures.thread)}
"""By file. What starts threads is no part of the program."""

_numbers = count(1)
_NOWHERE = Where()


class Call:
    """One call of a Python function while it runs.

    Attributes:
        code: The function's.
        parent: The call that it was called in, None for the outermost.
        instruction: Where in the parent.
        role: Whose it is.
        number: Tells it from others.
        block: What it opens in the picture; filled in by `blocks`.
        where: In which iterations of its loops it is.
    """

    __slots__ = ("block", "code", "instruction", "known", "number", "parent", "role", "where")

    def __init__(self, code: CodeType, parent: Call | None, instruction: int, role: int) -> None:
        self.code = code
        self.parent = parent
        self.instruction = instruction
        self.role = role
        self.number = next(_numbers)
        self.block: Any = None
        self.known = False
        self.where = Where() if role == USER else _NOWHERE

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """For a debugger that is switched on while the mark is in a frame: nothing to trace."""


Path = tuple[tuple[Call, int], ...]
"""The running calls, outermost first, each with the instruction that it is at."""

Turns = tuple[tuple[Turn, ...], ...]
"""Of each call of a path, the iterations that it is in."""


def role_of(code: CodeType) -> int:
    """Whose code it is."""
    name = code.co_filename
    role = _roles.get(name)
    if role is None:
        role = USER if callsite._classify(name) else DIALECT if name.startswith(_DIALECTS) else OWN
        _roles[name] = role
    return role


class Stacks:
    """Reads the stack of the running thread.

    Args:
        base: The frame that the program was started from: it and what called it are left out.
    """

    def __init__(self, base: FrameType | None) -> None:
        self.base = base
        self._untraced: dict[int, tuple[Call, int]] = {}

    def path(self, frame: FrameType | None) -> tuple[Path, Turns, FrameType | None]:
        """The calls that `frame` is in, without the engine's own; their iterations; and the innermost frame of the user's."""
        frames: list[tuple[FrameType, int, FrameType | None]] = []
        users: FrameType | None = None
        below: FrameType | None = None
        base = self.base
        while frame is not None and frame is not base:
            role = _roles.get(frame.f_code.co_filename)
            if role is None:
                role = role_of(frame.f_code)
            if role:
                frames.append((frame, role, below))
                if users is None and role == USER:
                    users = frame
            below = frame
            frame = frame.f_back
        parent: Call | None = None
        at = 0
        path: list[tuple[Call, int]] = []
        turns: list[tuple[Turn, ...]] = []
        for f, role, called in reversed(frames):
            parent = self._call(f, parent, at, role)
            at = f.f_lasti
            path.append((parent, at))
            if role == USER:
                # The frame that it has called stands for this one time that its instruction is carried out.
                entry = called and self._call(called, parent, at, role_of(called.f_code))
                turns.append(parent.where.move(f, at, entry))
            else:
                turns.append(())
        return tuple(path), tuple(turns), users

    def _call(self, frame: FrameType, parent: Call | None, at: int, role: int) -> Call:
        mark: Any = frame.f_trace
        return mark if mark.__class__ is Call else self._new_call(frame, parent, at, role)

    def _new_call(self, frame: FrameType, parent: Call | None, at: int, role: int) -> Call:
        if frame.f_trace is None and sys.gettrace() is None:
            call = Call(frame.f_code, parent, at, role)
            frame.f_trace = call
            return call
        found = self._untraced.get(id(frame))
        here = frame.f_lasti
        if (
            found is None
            or found[0].code is not frame.f_code
            or found[0].parent is not parent
            or found[0].instruction != at
        ):
            found = (Call(frame.f_code, parent, at, role), here)
        self._untraced[id(frame)] = (found[0], here)
        return found[0]
