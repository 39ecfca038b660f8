"""`numpy.emath`: functions that become complex where their argument leaves the real domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops.complex import cast, complex_dtype
from .concrete import concrete
from .functions import register
from .operands import as_array, inexact


def _widened(x: Any, outside: Callable[[Any], Any]) -> Any:
    """`x`, complex if an element lies outside of the real domain."""
    a = inexact(as_array(x))
    if a.value.dtype.kind != "c" and np.any(outside(concrete(a))):
        return cast(a, complex_dtype(a.value.dtype))
    return a


def _negative(x: Any) -> Any:
    return x < 0


def _beyond_one(x: Any) -> Any:
    return np.abs(x) > 1


def _of(f: Any, outside: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: f(_widened(x, outside))


def _logn(n: Any, x: Any) -> Any:
    return np.log(_widened(x, _negative)) / np.log(_widened(n, _negative))


def _power(x: Any, p: Any) -> Any:
    return np.power(_widened(x, _negative), p)


for _name, _f in {
    "sqrt": _of(np.sqrt, _negative), "log": _of(np.log, _negative), "log2": _of(np.log2, _negative),
    "log10": _of(np.log10, _negative), "arccos": _of(np.arccos, _beyond_one),
    "arcsin": _of(np.arcsin, _beyond_one), "arctanh": _of(np.arctanh, _beyond_one),
    "logn": _logn, "power": _power,
}.items():  # fmt: skip
    register(_f, f"emath.{_name}")
