"""Name scopes: prefixes of variables' names, and contexts that mean nothing on one eager CPU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any

_scope: ContextVar[str] = ContextVar("dualtape_name_scope", default="")


def scoped(name: str) -> str:
    """A name with the prefix of the open scopes."""
    return _scope.get() + name


class name_scope:
    """A context in which variables' names get a prefix; entered, it gives the prefix.

    Args:
        name: The prefix without its slash; ending in a slash it replaces the outer ones.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        self._name = name
        self._before: list[str] = []

    @property
    def name(self) -> str:
        """The scope's name as given."""
        return self._name

    def __enter__(self) -> str:
        before = _scope.get()
        self._before.append(before)
        now = self._name if self._name.endswith("/") or not self._name else f"{before}{self._name}/"
        _scope.set(now)
        return now

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _scope.set(self._before.pop())


@contextmanager
def device(device_name: Any) -> Iterator[None]:
    """A context for running on a device; there is the CPU only, and every device is it."""
    yield


@contextmanager
def init_scope() -> Iterator[None]:
    """A context that lifts operations out of a graph; there is none, so it does nothing."""
    yield


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """A context that orders operations in a graph; eagerly they run in the order of the program."""
    yield


def snake_case(name: str) -> str:
    """`FooBar` -> `foo_bar`, as TensorFlow names modules and layers after their classes."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
