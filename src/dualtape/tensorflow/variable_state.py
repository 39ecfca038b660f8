"""What the compiler asks of a variable: its numbers are taken out for the time of a trace, and read at each call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.aval import Aval, aval_of
from ..core.boxes import Box
from ..core.tracing import SettingUp, around_capture, capture
from .recording import Recording, recording, set_recording

# How often an array is held when only a variable's dict, a local name and the argument of getrefcount hold it.
_ALONE = 3


class Compilable:
    """The part of a variable that compiled programs see."""

    _value: Any
    _snapshot: Any
    _edge: Any
    _seen: Any

    @staticmethod
    def check_made() -> None:
        """Raise if a function is being captured: a variable outlives it.

        Raises:
            SettingUp: It is.
        """
        if capture.get() is not None:
            raise SettingUp("it makes a tf.Variable")

    def compiled_state(self, capture: Any) -> None:
        """Let a capture take the numbers."""
        if id(self) in capture.places or isinstance(self._value, Box):  # under another name
            return
        if not isinstance(self._value, np.ndarray):
            self._value = np.array(self._value)
        before = (self._value, self._snapshot, self._edge, self._seen)

        def enter(traced: Any) -> None:
            self._value, self._snapshot, self._edge, self._seen = traced, None, None, None

        def leave() -> None:
            self._value, self._snapshot, self._edge, self._seen = before

        capture.take(self, self._value, enter, lambda: self._value, leave)

    def compiled_swap(self, state: Any = None) -> Any:
        """What a variable is at present (its number first), and with `state` make it that."""
        before = (self._value, self._snapshot, self._edge, self._seen)
        if state is not None:
            self._value, self._snapshot, self._edge, self._seen = state
        return before

    def compiled_put(self, value: Any) -> None:
        """Write to it, as `assign` does."""
        self._value, self._snapshot = value, None

    def compiled_aval(self) -> Aval:
        """Shape and dtype now."""
        return aval_of(self._value)

    def compiled_array(self, written: bool) -> Any:
        """The numbers; if they will be written to, in memory that no tensor read before has."""
        value = self._value
        if written:
            self._snapshot = None
            if not isinstance(value, np.ndarray) or sys.getrefcount(value) > _ALONE:
                value = self._value = np.array(value)
        return np.asarray(value)


def taken(variable: Any) -> Any:
    """A variable's value, to be replaced; a function being compiled takes the numbers first."""
    trace = capture.get()
    if trace is not None:
        variable.compiled_state(trace)
    return variable._value


class _Reader(list[Any]):
    """Takes in every variable that is read while a function is captured."""

    def __init__(self, capture: Any) -> None:
        super().__init__()
        self.capture = capture

    def append(self, variable: Any) -> None:
        """See `Recording.readers`."""
        variable.compiled_state(self.capture)


@contextmanager
def variables_met(capture: Any) -> Iterator[None]:
    """Let variables that are read be taken over, wherever the function has them from."""
    before = recording()
    set_recording(Recording(before.tapes, (*before.readers, _Reader(capture))))
    try:
        yield
    finally:
        set_recording(before)


around_capture.append(variables_met)
