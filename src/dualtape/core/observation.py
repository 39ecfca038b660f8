"""Watching a program run: somebody is told of every primitive that is called on tensors, and how long it took.

Or of every step of a backward pass. A bit of the mode sends calls through `bind_unusual`, so that nobody pays who does not
watch; another one sends backward passes the long way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any, Protocol

from . import modes

Observer = Callable[[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]], None]
"""Called with the primitive, its operands and results as tensors, and its static parameters between."""

_observer: ContextVar[Observer | None] = ContextVar("dualtape_observer", default=None)


@contextmanager
def _told(variable: ContextVar[Any], watcher: Any, bit: int) -> Iterator[None]:
    """Set who is told, and the bit of the mode that has it told, for the block."""
    before = variable.get()
    variable.set(watcher)
    try:
        with modes.switched(on=bit):
            yield
    finally:
        variable.set(before)


def observing(observer: Observer) -> AbstractContextManager[None]:
    """Tell `observer` of every primitive bound in the block, after it has run.

    It runs unobserved. An outer observer is not told meanwhile.
    """
    return _told(_observer, observer, modes.OBSERVED)


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


class Timer(Protocol):
    """Who is told how long primitives take. What it does itself is not timed."""

    def ran(self, name: str, results: Any, start: int, end: int) -> None:
        """A primitive, or a compiled function, has run; times are `perf_counter_ns`."""


_timer: ContextVar[Timer | None] = ContextVar("dualtape_timer", default=None)


def timing(timer: Timer) -> AbstractContextManager[None]:
    """Tell `timer` of every primitive bound in the block that no other primitive runs."""
    return _told(_timer, timer, modes.TIMED)


def timed(name: str, run: Callable[..., Any], operands: Any, params: dict[str, Any]) -> Any:
    """What `run(*operands, **params)` gives, untimed within, after the timer was told how long it took."""
    with modes.switched(off=modes.TIMED):
        start = perf_counter_ns()
        result = run(*operands, **params)
        end = perf_counter_ns()
        timer = _timer.get()
        if timer is not None:
            timer.ran(name, result, start, end)
    return result


class PassObserver(Protocol):
    """Who is told of backward passes (`core.sweep.Pass`). It is told with its own watching switched off."""

    def begun(self, work: Any) -> None:
        """A pass begins: its roots have their cotangents in `work.pending`."""

    def stepped(
        self, work: Any, node: Any, ct: Any, edges: tuple[Any, ...], grads: list[Any]
    ) -> None:
        """A node was visited: its rules made `grads` (per edge, not yet summed to its shape) of `ct`; `work.pending` has them."""

    def ended(self, work: Any, captures: dict[Any, Any] | None) -> None:
        """A pass is over: leaves have their gradients in `work.pending`, other nodes in `captures`."""

    def kept(self, work: Any) -> None:
        """The gradients of a pass were added to the leaves' `.grad`."""


_pass_observer: ContextVar[PassObserver | None] = ContextVar("dualtape_pass_observer", default=None)


def observing_passes(observer: PassObserver) -> AbstractContextManager[None]:
    """Tell `observer` of every backward pass that is run in the block."""
    return _told(_pass_observer, observer, modes.STEPPED)


def observe_passes(observer: PassObserver | None) -> None:
    """Tell `observer` of every backward pass from now on, in this thread; None ends it."""
    _pass_observer.set(observer)
    mode = modes.current()
    modes.set_mode(mode & ~modes.STEPPED if observer is None else mode | modes.STEPPED)


def tell_of_pass(what: str, *facts: Any) -> None:
    """Tell the observer of backward passes: `what` is the name of one of its methods."""
    observer = _pass_observer.get()
    if observer is not None:
        with modes.switched(off=modes.OBSERVED | modes.STEPPED | modes.TIMED):
            getattr(observer, what)(*facts)


def uncompiled(function: Any) -> bool:
    """Whether whoever watches backward passes wants to see the operations of a compiled function; it is told which one."""
    told = getattr(_pass_observer.get(), "uncompiled", None)
    if told is None:
        return False
    told(function)
    return True
