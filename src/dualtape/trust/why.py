"""`why_none`: which of the reasons it was that there is no gradient."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from . import case
from .case import Case
from .native import constant, plain
from .verdict import Verdict

_PLAIN = (np.ndarray, np.generic, int, float, complex)


def why_none(y: Any, x: Any) -> Verdict:
    """Say why the gradient of `y` with respect to `x` is None.

    Nothing is computed and nothing changes: the recording is read, then the source of the calling program where
    the recording cannot know.

    Args:
        y: What was differentiated: a tensor of any front end.
        x: With respect to what: a tensor or variable.

    Returns:
        A verdict: `.cause`, `.where` (file and line), `.reason`, `.advice`; `str` gives all of it. Its cause is
        `Cause.HAS_GRADIENT` if nothing is in the way.

    Raises:
        TypeError: One of the two is no tensor.
    """
    return answer(y, x, sys._getframe(1), ("y", "x"))


def answer(y: Any, x: Any, frame: FrameType, names: tuple[str, str], *tape: Any) -> Verdict:
    """`why_none` for a frame of the user, in the dialect of `x`.

    Args:
        y, x: See `why_none`.
        frame: The user's frame, which is in the call.
        names: The parameters' names in that call.
        tape: The tape that is asked, if one is.

    Raises:
        TypeError: One of the two is no tensor.
    """
    left = isinstance(y, _PLAIN)
    if isinstance(x, _PLAIN) and getattr(type(y), "_diagnosis", None) == Tensor._diagnosis:
        return constant(y, x, frame, names)
    for value, name in zip((y, x), names, strict=True):
        if callable(value) and not hasattr(type(value), "_diagnosis"):
            raise TypeError(
                f"why_none: {name} is a function, which has no gradient itself. Ask inside the function, about what it "
                "computes: dualtape.why_none(result, argument); whether its derivatives are right says dualtape.check(f, x)."
            )
        if not hasattr(type(value), "_diagnosis") and not (left and value is y):
            raise TypeError(
                f"why_none: {name} is a {type(value).__name__}, which is not a tensor and has no history. Ask "
                "about the tensor or variable that it came from."
            )
    if left:
        edge = getattr(x, "edge", None)
        return plain(y, Case(y, x, frame, names, None if edge is None else edge.node))
    room = importlib.import_module(type(x)._diagnosis)
    verdict: Verdict = room.why_none(y, x, frame, names, *tape)
    return verdict


@contextmanager
def consulting(ledger: Any) -> Iterator[None]:
    """Let verdicts given in the block know what a ledger holds (None: the ledger around, if any)."""
    if ledger is None:
        yield
        return
    token = case.ledger.set(ledger)
    try:
        yield
    finally:
        case.ledger.reset(token)
