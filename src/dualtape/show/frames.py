"""The variables of running code, without keeping them alive."""

from __future__ import annotations

import sys
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any

_OURS = 3
"""References to what a frame gives as `f_locals` if nobody else has it: the frame's, the caller's, `getrefcount`'s."""


def variables(frame: FrameType) -> dict[str, Any]:
    """The variables of the code that a frame runs; of a module or a class, its own dictionary."""
    return local_variables(frame) if frame.f_code.co_flags & CO_OPTIMIZED else frame.f_locals


def local_variables(frame: FrameType) -> dict[str, Any]:
    """The variables of a function's frame; none for a module's and a class's, which are a dictionary's.

    Before Python 3.13 a frame keeps what it once gave as `f_locals` until it is asked again, and so whatever was in
    variables that are gone since. It is emptied, for it is filled anew when asked for; but not where the program has
    it too, from `locals()`.
    """
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return {}
    kept = frame.f_locals
    found = dict(kept)
    if type(kept) is dict and sys.getrefcount(kept) == _OURS:
        kept.clear()
    return found
