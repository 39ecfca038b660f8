"""Shapes, slices and parameters with open lengths in them."""

from __future__ import annotations

from enum import Enum
from types import EllipsisType
from typing import Any

import numpy as np

from .formulas import Values
from .lengths import OPEN, Length


class OpenShape(tuple[int, ...]):
    """A shape with open lengths: compared by its rank and its known lengths first, which decides without a condition."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple) or len(self) != len(other):
            return False
        pairs: list[tuple[Any, Any]] = list(zip(self, other, strict=True))
        known = [type(a) is not Length and type(b) is not Length for a, b in pairs]
        return all(a == b for (a, b), k in zip(pairs, known, strict=True) if k) and all(
            a is b or a == b for (a, b), k in zip(pairs, known, strict=True) if not k
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


def concrete(x: Any, values: Values) -> Any:
    """What a value with open lengths in it (shapes, slices, parameters) is for given lengths.

    Raises:
        TypeError: It may hide open lengths in something of another kind.
    """
    kind = type(x)
    if kind in OPEN:
        return x.at(values)
    if kind in _WITHOUT or isinstance(x, _WITHOUT_ANY):
        return x
    if kind is tuple or kind is OpenShape:
        return tuple([concrete(v, values) for v in x])
    if kind is list:
        return [concrete(v, values) for v in x]
    if kind is dict:
        return {k: concrete(v, values) for k, v in x.items()}
    if kind is slice:
        return slice(*[concrete(v, values) for v in (x.start, x.stop, x.step)])
    if hasattr(kind, "_make"):
        return kind._make([concrete(v, values) for v in x])
    if isinstance(x, tuple):
        return kind([concrete(v, values) for v in x])
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields, replace

        found = {f.name: concrete(getattr(x, f.name), values) for f in fields(x) if f.init}
        return replace(x, **found)
    raise TypeError(f"a parameter is of type {kind.__name__}")


_WITHOUT = frozenset({int, float, bool, complex, str, bytes, type(None), EllipsisType, np.ndarray})
_WITHOUT_ANY = (np.dtype, np.generic, type, Enum)


def indices(part: slice, n: Any) -> tuple[Any, Any, Any]:
    """`part.indices(n)` for any length: its start, stop and step."""
    bounds = (part.start, part.stop, part.step)
    if not any([type(b) is Length for b in (*bounds, n)]):  # noqa: C419
        return part.indices(n)
    step = 1 if part.step is None else part.step
    lower, upper = (0, n) if step > 0 else (-1, n - 1)

    def bound(b: Any, default: Any) -> Any:
        if b is None:
            return default
        if b < 0:
            b = b + n
            return lower if b < lower else b
        return upper if b > upper else b

    start, stop = (
        bound(part.start, lower if step > 0 else upper),
        bound(part.stop, upper if step > 0 else lower),
    )
    return start, stop, step


def steps(start: Any, stop: Any, step: Any) -> Any:
    """`len(range(start, stop, step))` for any lengths."""
    if step < 0:
        start, stop, step = stop, start, -step
    return 0 if stop <= start else (stop - start + step - 1) // step
