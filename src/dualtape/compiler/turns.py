"""Threads take turns: while one traces a function, what it can reach has no numbers, and no other may look for a program."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10.0
"""Seconds that a thread waits. One that the traced function itself waits for would otherwise wait for ever."""


class _Turn:
    """The lock; a child process, which may have been made in the middle of somebody's turn, gets a new one."""

    __slots__ = ("lock",)

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.lock = threading.RLock()


_turn = _Turn()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turn.renew)


@contextmanager
def in_turn() -> Iterator[None]:
    """Let no other thread trace, or look at what is being traced."""
    lock = _turn.lock
    mine = lock.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            lock.release()
