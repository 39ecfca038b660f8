"""Watching a program run: somebody is told of every primitive that is called on tensors.

A bit of the mode sends calls through `bind_unusual`, so that nobody pays who does not watch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from . import modes

Observer = Callable[[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]], None]
"""Called with the primitive, its operands and results as tensors, and its static parameters between."""

_observer: ContextVar[Observer | None] = ContextVar("dualtape_observer", default=None)


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Tell `observer` of every primitive bound in the block, after it has run.

    It runs unobserved. An outer observer is not told meanwhile.
    """
    before = _observer.get()
    _observer.set(observer)
    try:
        with modes.switched(on=modes.OBSERVED):
            yield
    finally:
        _observer.set(before)


def observe(observer: Observer | None) -> None:
    """Tell `observer` of every primitive from now on, in this thread; None ends it."""
    _observer.set(observer)
    mode = modes.current()
    modes.set_mode(mode & ~modes.OBSERVED if observer is None else mode | modes.OBSERVED)


def tell(
    primitive: Any, operands: tuple[Any, ...], params: dict[str, Any], results: tuple[Any, ...]
) -> None:
    """Tell the observer of one call."""
    observer = _observer.get()
    if observer is not None:
        with modes.switched(off=modes.OBSERVED):
            observer(primitive, operands, params, results)
