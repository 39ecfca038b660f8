"""Gates: a function that looks at the size of one argument, and calls one of two others with what it was given.

These are Python's, for the time before there is native code, and where CPython is laid out in another way; see `native_gate.py`.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.large import LARGE

Function = Callable[..., Any]

least = ctypes.c_int64(LARGE)
"""Elements from which an array is large."""

originals: dict[Any, Function] = {}
"""Primitives' own `eval`, of those that have a gate in front of it."""


def python_gate(small: Function, large: Function) -> Function:
    """What calls `large` if an argument is an array (no other class) of at least `least` elements, else `small`."""

    @functools.wraps(small, updated=())
    def look(*args: Any, **params: Any) -> Any:
        for x in args:
            if type(x) is np.ndarray and x.size >= least.value:
                return large(*args, **params)
        return small(*args, **params)

    return look
