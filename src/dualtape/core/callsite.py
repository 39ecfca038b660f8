"""Which line of the user's program did it: remembered as (code, instruction), looked up when printed."""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType

Site = tuple[CodeType, int]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_SKIPPED = ("<frozen importlib", "<frozen runpy")

# Whether a source file is dualtape's own, by the name its code objects carry. A string's hash is
# cached, so this is the cheapest test of a frame that there is.
_is_ours: dict[str, bool] = {}

getframe = sys._getframe
is_ours = _is_ours.get


def _classify(filename: str) -> bool:
    ours = filename.startswith(_PACKAGE) or filename.startswith(_SKIPPED)
    _is_ours[filename] = ours
    return ours


def caller(depth: int = 2) -> Site | None:
    """Return the call site of the nearest frame outside dualtape.

    Args:
        depth: Frames to leave out at once, those known to be dualtape's own.
    """
    try:
        frame = getframe(depth)
    except ValueError:
        return None
    while frame is not None:
        code = frame.f_code
        name = code.co_filename
        ours = _is_ours.get(name)
        if ours is None:
            ours = _classify(name)
        if not ours:
            return code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]
    return None


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
