"""The seam for native kernels: front ends say when a large array is made; what follows is not the engine's."""

from __future__ import annotations

from collections.abc import Callable

LARGE = 1 << 14
"""Elements of a large array."""

waiting: list[Callable[[], None]] = []
"""What is to be done when the first one is met."""


def met() -> None:
    """A large array has been made."""
    while waiting:
        waiting.pop()()
