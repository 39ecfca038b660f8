"""The variables of running functions, without keeping them alive."""

from __future__ import annotations

from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any


def local_variables(frame: FrameType) -> dict[str, Any]:
    """The variables of a function's frame; none for a module's and a class's, which are a dictionary's.

    Before Python 3.13 a frame keeps what it once gave as `f_locals` until it is asked again, and so whatever was in
    variables that are gone since. It is emptied: nothing else reads it, and it is filled anew when asked for.
    """
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return {}
    kept = frame.f_locals
    found = dict(kept)
    if type(kept) is dict:
        kept.clear()
    return found
