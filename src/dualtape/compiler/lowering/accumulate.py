"""How reductions are accumulated: identities, combining lanes, and in what precision partial results are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit.frames import LoopWriter
from ..emit.writer import FLOATS, Lanes
from ..vecmath.values import Value
from .scalars.choice import larger, smaller
from .scalars.rules import ELEMENTS

Dtype = np.dtype[Any]


def identity(op: str, dtype: Dtype) -> Any:
    """What changes nothing."""
    if op in ("add", "or"):
        return 0
    if op in ("mul", "and"):
        return 1
    low = op == "max"
    if dtype.kind == "f":
        return -np.inf if low else np.inf
    if dtype.kind == "b":
        return not low
    info = np.iinfo(dtype)
    return int(info.min if low else info.max)


def combine(w: LoopWriter, op: str, dtype: Dtype, t: Lanes, a: str, b: str) -> str:
    """Two partial results made one, lane by lane."""
    if op in ("max", "min"):
        f = larger if op == "max" else smaller
        return f(dtype, Value(w, t, a), Value(w, t, b)).name
    opcode = f"f{op}" if t.element in FLOATS else op
    return w.binary(opcode, t, a, b)


def wide(op: str, dtype: Dtype) -> Dtype:
    """In what partial results are kept from run to run: single precision is added up in double."""
    return np.dtype(np.float64) if op in ("add", "mul") and dtype.char == "f" else dtype


def widened(w: LoopWriter, t: Lanes, value: str, dtype: Dtype, to: Dtype) -> tuple[Lanes, str]:
    """Lanes in the precision of partial results."""
    if dtype == to:
        return t, value
    wide_lanes = t.of(ELEMENTS[to.char])
    return wide_lanes, w.cast("fpext", value, t, wide_lanes)


def narrowed(w: LoopWriter, value: str, dtype: Dtype, to: Dtype) -> str:
    """A number back in the result's dtype."""
    if dtype == to:
        return value
    return w.cast("fptrunc", value, Lanes(ELEMENTS[dtype.char]), Lanes(ELEMENTS[to.char]))
