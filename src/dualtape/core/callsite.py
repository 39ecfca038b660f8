"""Which line of the user's program did it: remembered as (code, instruction), looked up when printed."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from types import CodeType, FrameType

import numpy as np

Site = tuple[CodeType, int]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# NumPy's functions written in Python call back into ours.
_SKIPPED = ("<frozen importlib", "<frozen runpy", os.path.dirname(np.__file__) + os.sep)

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
        ours = is_ours(code.co_filename)
        if ours is False or (ours is None and not _classify(code.co_filename)):
            return code, frame.f_lasti
        frame = frame.f_back  # type: ignore[assignment]
    return None


def user_frame(depth: int = 2) -> FrameType | None:
    """Return the nearest frame outside dualtape; None where there is none."""
    frame: FrameType | None = getframe(depth)
    while frame is not None:
        name = frame.f_code.co_filename
        ours = _is_ours.get(name)
        if not (_classify(name) if ours is None else ours):
            return frame
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
