"""Which line of the user's program did it: remembered as (code, instruction), looked up when printed."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from types import CodeType, FrameType

import numpy as np

Site = tuple[CodeType, int]
NOWHERE = (None, 0)
"""What a node holds whose line is not known."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# NumPy's functions written in Python call back into ours.
_SKIPPED = ("<frozen importlib", "<frozen runpy", os.path.dirname(np.__file__) + os.sep)

getframe = sys._getframe

# Source files met so far, by the names that code objects carry: a string's hash is cached, so to look one up here
# is the cheapest test of a frame that there is.
_users: set[str] = set()
_ours: set[str] = set()


# The user's code object met last: most operations are run by the same as the one before, and to compare with it is
# cheaper than to look anything up.
latest: list[CodeType | None] = [None]


def _classify(filename: str) -> bool:
    """Whether a file is the user's (or another library's) rather than dualtape's own; it is remembered."""
    ours = filename.startswith(_PACKAGE) or filename.startswith(_SKIPPED)
    (_ours if ours else _users).add(filename)
    return not ours


def is_users(code: CodeType) -> bool:
    """Whether a code object is the user's; if so, it is the latest from now on."""
    name = code.co_filename
    if name in _users or (name not in _ours and _classify(name)):
        latest[0] = code
        return True
    return False


def user_frame(depth: int = 2) -> FrameType | None:
    """Return the nearest frame outside dualtape; None where there is none.

    Args:
        depth: Frames to leave out at once, those known to be dualtape's own.
    """
    try:
        frame: FrameType | None = getframe(depth)
    except ValueError:
        return None
    while frame is not None and frame.f_code is not latest[0] and not is_users(frame.f_code):
        frame = frame.f_back
    return frame


def caller(depth: int = 2) -> Site | None:
    """Return the call site of the nearest frame outside dualtape; None where there is none.

    Args:
        depth: Frames to leave out at once, those known to be dualtape's own: to walk there costs three times as much.
    """
    try:
        frame: FrameType | None = getframe(depth)
    except ValueError:
        return None
    while frame is not None:
        code = frame.f_code
        if code is latest[0]:
            return code, frame.f_lasti
        name = code.co_filename
        if name not in _ours and (name in _users or _classify(name)):
            latest[0] = code
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn with the line of the user's program, however deep in dualtape the warning comes from."""
    frame = user_frame()
    if frame is None:
        warnings.warn(message, category, stacklevel=2)
        return
    names = frame.f_globals
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


def line_of(site: Site) -> tuple[str, int]:
    """Return the file name and the line number of a call site."""
    code, instruction = site
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return code.co_filename, line
    return code.co_filename, code.co_firstlineno


def describe(site: Site | None) -> str:
    """Return `file.py:12 in f: y = x * 2` for messages."""
    if site is None:
        return "an unknown line"
    filename, line = line_of(site)
    text = linecache.getline(filename, line).strip()
    where = f"{filename}:{line} in {site[0].co_name}"
    return f"{where}: {text}" if text else where
