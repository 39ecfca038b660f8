"""`no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`: context managers that also decorate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from ...core import modes
from ...core.saved import leave_inference

F = TypeVar("F", bound=Callable[..., Any])


# Only the bits of recording are put back: a transformation opened meanwhile keeps its own.
_MASK = modes.NO_GRAD | modes.INFERENCE


class _Mode:
    """A switch of the recording mode, usable as `with`, as decorator, and on generators."""

    __slots__ = ("_before",)

    def _bits(self, mode: int) -> int:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._before = before = modes.current()
        modes.set_mode(self._bits(before))

    def __exit__(self, *_: object) -> None:
        modes.set_mode(modes.current() & ~_MASK | self._before & _MASK)

    def clone(self) -> _Mode:
        """A fresh switch of the same kind, for a decorated call."""
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            raise TypeError(f"{type(self).__name__} cannot decorate a class: decorate its methods")
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                running = function(*args, **kwargs)
                with self.clone():
                    try:
                        sent = next(running)
                    except StopIteration as end:
                        return end.value
                while True:
                    try:
                        answer = yield sent
                    except GeneratorExit:
                        with self.clone():
                            running.close()
                        raise
                    except BaseException as error:
                        with self.clone():
                            sent = running.throw(error)
                    else:
                        with self.clone():
                            try:
                                sent = running.send(answer)
                            except StopIteration as end:
                                return end.value

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return decorated  # type: ignore[return-value]


class no_grad(_Mode):
    """Nothing is recorded inside."""

    __slots__ = ()

    def __new__(cls, function: Any = None) -> Any:
        """A switch, or with a function that function decorated."""
        self = object.__new__(cls)
        return self if function is None else self(function)

    def __enter__(self) -> None:
        self._before = before = modes.current()
        modes.set_mode(before | modes.NO_GRAD)


class enable_grad(no_grad):
    """Recording is on inside; not within inference mode, where nothing is recorded."""

    __slots__ = ()

    def __enter__(self) -> None:
        self._before = before = modes.current()
        if not before & modes.INFERENCE:
            modes.set_mode(before & ~modes.NO_GRAD)


class set_grad_enabled(_Mode):
    """Recording is on or off: from the call on, and for the block if used with `with`."""

    __slots__ = ("_prev", "mode")

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._prev = modes.current()
        modes.set_mode(self._bits(self._prev))

    def _bits(self, mode: int) -> int:
        if mode & modes.INFERENCE:  # nothing is recorded there
            return mode
        return mode & ~modes.NO_GRAD if self.mode else mode | modes.NO_GRAD

    def __enter__(self) -> None:
        self._before = self._prev
        modes.set_mode(self._bits(modes.current()))

    def __call__(self, function: F) -> F:
        """Decorate a function."""
        modes.set_mode(self._prev)  # as a decorator it must not act before the call
        return super().__call__(function)

    def clone(self) -> _Mode:
        """See `_Mode.clone`."""
        return set_grad_enabled(self.mode)


class inference_mode(_Mode):
    """Nothing is recorded inside, and what is made inside can never be recorded."""

    __slots__ = ("mode",)
    mode: bool

    def __new__(cls, mode: Any = True) -> Any:
        """A switch, or with a function that function decorated."""
        self = object.__new__(cls)
        self.mode = mode if isinstance(mode, bool) else True
        return self if isinstance(mode, bool) else self(mode)

    def _bits(self, mode: int) -> int:
        bits = modes.NO_GRAD | modes.INFERENCE
        return mode | bits if self.mode else mode & ~bits

    def __enter__(self) -> None:
        self._before = before = modes.current()
        modes.set_mode(self._bits(before))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if not modes.current() & modes.INFERENCE:
            leave_inference()

    def clone(self) -> _Mode:
        """See `_Mode.clone`."""
        fresh: _Mode = inference_mode(self.mode)
        return fresh


def is_grad_enabled() -> bool:
    """Whether operations are recorded."""
    return not modes.current() & modes.NO_GRAD


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on."""
    return bool(modes.current() & modes.INFERENCE)
