"""Arrays as the page reads them: small ones in full, in the shortest digits that give the same bits; large ones as pictures."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from .snapshots import Absent, Snapshot, Summary, heat_of, summary_of

FULL = 100
"""Elements up to which an array is written in full."""

CELLS = 16
"""Rows and columns of a picture in the page, at most."""

_SAFE = 1 << 53


def encoded(shot: Snapshot | None) -> Any:
    """An `ArrayValue` of web/src/model.ts; None where nothing is known."""
    if isinstance(shot, Absent):
        return "None"
    if shot is None or not shot.known:
        return None
    if shot.summary is not None:
        return large(shot.summary)
    a = np.asarray(shot.data)
    if a.size > FULL:
        return large(summary_of(a))
    if not a.shape:
        return number(a[()])
    return numbers(a)


def numbers(a: np.ndarray[Any, Any]) -> list[Any]:
    """The elements of an array, in C order."""
    flat = a.reshape(-1)
    if a.dtype == np.float64 and bool(np.isfinite(flat).all()):
        return flat.tolist()
    return [number(x) for x in flat]


def number(x: Any) -> Any:
    """One element: in the shortest digits that read back to the same number in its dtype."""
    kind = x.dtype.kind
    if kind == "f":
        if not math.isfinite(x):
            return "nan" if x != x else "inf" if x > 0 else "-inf"
        return float(x) if x.dtype.itemsize == 8 else float(str(x))
    if kind in "iu":
        n = int(x)
        return n if -_SAFE < n < _SAFE else str(n)
    if kind == "b":
        return bool(x)
    if kind == "c":
        return [number(x.real), number(x.imag)]
    if kind == "V":  # bfloat16 and its kin
        return number(np.float32(x))
    return str(x)


def large(s: Summary) -> dict[str, Any]:
    """A large array."""
    h = s.heat if max(s.heat.shape) <= CELLS else heat_of(s.heat, CELLS)
    finite = h[np.isfinite(h)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    with np.errstate(all="ignore"):
        level = (h - low) / ((high - low) or 1.0) * 254
    byte = np.where(np.isfinite(h), np.clip(np.round(level), 0, 254), 255)
    byte = np.nan_to_num(byte, nan=255).astype(np.uint8)
    heat = {
        "rows": int(h.shape[0]), "columns": int(h.shape[1]), "low": short(low), "high": short(high),
        "cells": base64.b64encode(byte.tobytes()).decode("ascii"),
    }  # fmt: skip
    return {
        "min": short(s.low), "max": short(s.high), "mean": short(s.mean), "std": short(s.std),
        "nan": s.nans, "inf": s.infs, "zero": s.zeros, "heat": heat,
    }  # fmt: skip


def short(x: float | None) -> float | None:
    """A statistic to six digits."""
    return None if x is None or not math.isfinite(x) else float(f"{x:.6g}")


def weight(value: Any) -> int:
    """About how many characters a value takes in the page."""
    if value is None:
        return 5
    if isinstance(value, list):
        return (
            2 + sum([weight(v) for v in value])
            if value and isinstance(value[0], list)
            else 2 + 12 * len(value)
        )
    if isinstance(value, dict):
        heat = value["heat"]
        return 140 + (0 if heat is None else 60 + len(heat["cells"]))
    return 12
