"""The threads that a program starts while it is watched."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def joining(attend: Callable[[], None]) -> Iterator[None]:
    """Have `attend` called in each thread that is started in the block, before the thread does anything.

    It is Python's hook for profilers that is used, once per thread; one that is there already is given its turn.
    """
    before = threading.getprofile()

    def begin(frame: FrameType, event: str, argument: Any) -> None:
        sys.setprofile(before)
        attend()

    threading.setprofile(begin)
    try:
        yield
    finally:
        threading.setprofile(before)
