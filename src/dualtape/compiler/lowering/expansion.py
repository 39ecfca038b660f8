"""What expansions share."""

from __future__ import annotations

from typing import Any

from ...ops.axes import size_of


class Unexpanded(Exception):
    """An expansion does not cover these operands or parameters: NumPy runs the primitive."""


def filled(*xs: Any) -> None:
    """Leave empty arrays to NumPy."""
    if not all(size_of(x.shape) for x in xs):
        raise Unexpanded


def floats(*xs: Any) -> None:
    """Leave what is not floating to NumPy."""
    if not all(x.dtype.kind == "f" for x in xs):
        raise Unexpanded


def everything(x: Any) -> tuple[int, ...]:
    """All axes."""
    return tuple(range(len(x.shape)))
