"""Random streams that are not the engine's, while a function is traced: NumPy's, Python's, and generators of theirs.

The engine's own streams need nothing of this: a trace draws from copies (`core.random_state.apart`).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.random_state import NUMPY, PYTHON, Stream, same, streams
from .reach import Reach


class Streams:
    """Where the streams stood before a trace.

    The generators that the function reaches by name, and the global streams that its code names, are taken to have been
    moved by the function. So is a global stream that moved while there was no other thread. While there are others,
    nobody can know who moved a global stream that the function does not name: it is left where it is then, since setting
    it back might give another thread the same numbers twice, and the function may be traced once more.

    Args:
        reach: What the function can reach.
    """

    def __init__(self, reach: Reach) -> None:
        named = [
            s for s, is_named in ((NUMPY, _numpy(reach)), (PYTHON, _python(reach))) if is_named
        ]
        self._own = _states([*named, *reach.streams])
        self._others = _states([s for s in streams if s not in named])
        self._alone = threading.active_count() == 1

    def _settle(self) -> None:
        """Count the others as the function's, if there has been no other thread."""
        if self._alone and threading.active_count() == 1:
            self._own += self._others
            self._others = []

    def moved(self) -> bool:
        """Whether the function has drawn from one."""
        self._settle()
        return bool(_moved(self._own))

    def moved_by_somebody(self) -> bool:
        """Whether the function or another thread has drawn from one."""
        return bool(_moved(self._others))

    def put_back(self) -> None:
        """Set back what the function has moved."""
        self._settle()
        for stream, state in _moved(self._own):
            stream.set(state)


def _states(of: Iterable[Stream]) -> list[tuple[Stream, Any]]:
    return [(s, s.get()) for s in of]


def _moved(states: list[tuple[Stream, Any]]) -> list[tuple[Stream, Any]]:
    return [(s, state) for s, state in states if not same(state, s.get())]


def _numpy(reach: Reach) -> bool:
    """Whether the function's code names NumPy's global stream."""
    return reach.met(np.random) or (
        "random" in reach.names and (reach.met(np) or "numpy" in reach.names)
    )


def _python(reach: Reach) -> bool:
    """Whether the function's code names the module `random`."""
    return reach.met(random)
