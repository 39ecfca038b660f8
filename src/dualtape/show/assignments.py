"""Who assigns to a `tf.Variable`, told while somebody listens.

A variable keeps no record of what is assigned to it, and nobody pays for one: the two methods that all assignments go through
are replaced as long as there is a listener.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import Lock
from typing import Any

Listener = Callable[[Any], None]

_WRITERS = ("_put", "_updated")
_listeners: list[Listener] = []
_originals: dict[tuple[type, str], Callable[..., Any]] = {}
_lock = Lock()


def listen(listener: Listener, variable: Any) -> None:
    """Call `listener` with each variable that was assigned to, from a frame within the assignment's.

    Args:
        listener: Who is called.
        variable: Any of them, so that nobody who explains a program of PyTorch's imports the TensorFlow front end.
    """
    with _lock:
        if not _listeners:
            for name in _WRITERS:
                for kind in type(variable).__mro__:
                    if name in vars(kind):
                        _originals[kind, name] = vars(kind)[name]
                        setattr(kind, name, _telling(vars(kind)[name]))
                        break
        _listeners.append(listener)


def leave(listener: Listener) -> None:
    """Call it no more; nothing if it was not called."""
    with _lock:
        if listener not in _listeners:
            return
        _listeners.remove(listener)
        if not _listeners:
            for (kind, name), original in _originals.items():
                setattr(kind, name, original)
            _originals.clear()


def _telling(write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    def written(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = write(self, *args, **kwargs)
        for listener in tuple(_listeners):
            listener(self)
        return result

    return written
