"""Which calls of the program an operation happened in.

NOTE [marks in frames]
A call is told from the next one of the same function by a mark that is left in its frame: `frame.f_trace`, which Python reads only while
`sys.settrace` is on. So the mark lives exactly as long as the call, keeps nothing alive, and costs nothing when the
function returns. Under a debugger the attribute is the debugger's; calls are then told apart by where they are.
"""

from __future__ import annotations

import sys
from itertools import count
from types import CodeType, FrameType
from typing import Any

from ..core import callsite

USER, DIALECT, OWN = 1, 2, 0
"""Whose a frame is: the program's (or another library's), a front end's, or the engine's."""

_DIALECTS = tuple(callsite._PACKAGE + room for room in ("torch", "tensorflow"))
_roles: dict[str, int] = {}

_numbers = count(1)


class Call:
    """One call of a Python function while it runs.

    Attributes:
        code: The function's.
        parent: The call that it was called in, None for the outermost.
        instruction: Where in the parent.
        role: Whose it is.
        number: Tells it from others.
        block: What it opens in the picture; filled in by `blocks`.
    """

    __slots__ = ("block", "code", "instruction", "known", "number", "parent", "role")

    def __init__(self, code: CodeType, parent: Call | None, instruction: int, role: int) -> None:
        self.code = code
        self.parent = parent
        self.instruction = instruction
        self.role = role
        self.number = next(_numbers)
        self.block: Any = None
        self.known = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """For a debugger that is switched on while the mark is in a frame: nothing to trace."""


Path = tuple[tuple[Call, int], ...]
"""The running calls, outermost first, each with the instruction that it is at."""


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

    def path(self, frame: FrameType | None) -> tuple[Path, FrameType | None]:
        """The calls that `frame` is in, without the engine's own; and the innermost frame of the user's."""
        frames: list[tuple[FrameType, int]] = []
        users: FrameType | None = None
        base = self.base
        while frame is not None and frame is not base:
            role = _roles.get(frame.f_code.co_filename)
            if role is None:
                role = role_of(frame.f_code)
            if role:
                frames.append((frame, role))
                if users is None and role == USER:
                    users = frame
            frame = frame.f_back
        parent: Call | None = None
        at = 0
        path: list[tuple[Call, int]] = []
        for f, role in reversed(frames):
            mark: Any = f.f_trace
            parent = mark if mark.__class__ is Call else self._new_call(f, parent, at, role)
            at = f.f_lasti
            path.append((parent, at))
        return tuple(path), users

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
