"""In-place sums, quick for arrays of one element: NumPy takes them for overlapping, and three times as long as for two."""

from __future__ import annotations

from typing import Any

import numpy as np

from .aval import FLOATS


def add_into(a: Any, b: Any) -> Any:
    """`a += b` as an expression. A sum of halves or singles, rounded from that of doubles, is what it is without (Figueroa, 1995)."""
    if a.__class__ is np.ndarray and a.size == 1 and is_one_more(a, b):
        a.fill(a.item() + b.item())
        return a
    a += b
    return a


def subtract_from(a: Any, b: Any) -> Any:
    """`a -= b`, as `add_into`."""
    if a.__class__ is np.ndarray and a.size == 1 and is_one_more(a, b):
        a.fill(a.item() - b.item())
        return a
    a -= b
    return a


def is_one_more(a: Any, b: Any) -> bool:
    """Whether `b` is one number, of the same floating dtype as `a`, and not of more axes."""
    return (
        isinstance(b, (np.ndarray, np.generic)) and b.dtype is a.dtype and a.dtype in FLOATS
        and b.size == 1 and b.ndim <= a.ndim
    )  # fmt: skip
