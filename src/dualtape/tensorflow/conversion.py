"""The way to `autograph`, which is loaded when a function is first traced."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.tracing import capture

_PACKAGE = __name__.rpartition(".")[0]


def in_graph(f: Callable[..., Any]) -> Callable[..., Any]:
    """What is called in place of `f`: while a function is traced, its converted form."""
    if capture.get() is None:
        return f
    autograph = import_module(f"{_PACKAGE}.autograph")
    return autograph.running.fn(f)  # type: ignore[no-any-return]
