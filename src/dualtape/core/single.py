"""In-place sums, quicker for arrays of one element: NumPy takes such operands for overlapping, and goes the long way round."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .aval import FLOATS


def _in_place(compute: Callable[..., Any], update: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def into(a: Any, b: Any) -> Any:
        if (
            a.__class__ is np.ndarray and a.size == 1 and isinstance(b, (np.ndarray, np.generic))
            and b.dtype is a.dtype and a.dtype in FLOATS and b.size == 1 and b.ndim <= a.ndim
        ):  # fmt: skip
            # Halves and singles rounded from a sum of doubles are what they are without (Figueroa, 1995).
            a.fill(compute(a.item(), b.item()))
            return a
        return update(a, b)

    return into


add_into = _in_place(operator.add, operator.iadd)
"""`a += b` as an expression."""
subtract_from = _in_place(operator.sub, operator.isub)
"""`a -= b` as an expression."""
