"""Making a callable of a plan, by the fastest way that works in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from . import trampoline
from .ctypes_call import CtypesCall
from .plan import Plan


def make_call(plan: Plan, core_address: int, slow: Callable[..., Any]) -> Callable[..., Any]:
    """Make the callable that a plan describes.

    Args:
        plan: The plan, which the callable keeps.
        core_address: Where the core function begins; its library belongs into `plan.keep`.
        slow: Called with the same arguments whenever a call is not as planned.

    Returns:
        A callable of positional arguments; called with named ones it calls `slow`. It may be called from several threads, and again from
        within `slow` or a `Fetch`.
    """
    if is_fast():
        return trampoline.trampoline_call(plan, core_address, slow)
    return CtypesCall(plan, core_address, slow)


def go_on_with(call: Callable[..., Any], following: Callable[..., Any]) -> None:
    """From now on, let a callable of `make_call` that does not fit a call's arguments call `following`."""
    if isinstance(call, CtypesCall):
        call.go_on_with(following)
    else:
        trampoline.go_on_with(call, following)


def is_fast() -> bool:
    """Whether calls are made now without Python on the way.

    They are not if `DUALTAPE_FAST_CALL` is 0, nor where `trampoline.why_not` has an objection.
    """
    return os.environ.get("DUALTAPE_FAST_CALL") != "0" and trampoline.why_not() is None
