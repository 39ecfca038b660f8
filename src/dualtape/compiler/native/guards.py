"""What must still hold when a call is made; see `plan.py`.

"The same" is the same object, or an equal int, str or bytes of exactly the same type, or a float with the same bits
(so 0.0 and -0.0 differ, and a NaN is itself).
"""

from __future__ import annotations

import struct
import types
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .slots import Array


class Missing:
    """The class of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()
"""Expected of a dict: no such key. Expected of a slot or cell: empty."""


@dataclass(frozen=True, slots=True, eq=False)
class ArgIs:
    """Argument `k` is this object (None, a bool, a class, a function)."""

    k: int
    object: Any


@dataclass(frozen=True, slots=True, eq=False)
class ArgType:
    """Argument `k` is exactly of this class."""

    k: int
    cls: type


@dataclass(frozen=True, slots=True, eq=False)
class ArgFloatEquals:
    """Argument `k` is the same float."""

    k: int
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class ArgEquals:
    """Argument `k` is the same as `value` (an int, a float, a string)."""

    k: int
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class DictItem:
    """`dict[key]` is the same as `expected`; with MISSING, there is no such key."""

    dict: dict[Any, Any]
    key: Any
    expected: Any


@dataclass(frozen=True, slots=True, eq=False)
class AttributeDictItem:
    """The same of `object.__dict__`, whichever dict that is at the time of the call."""

    object: Any
    key: str
    expected: Any


@dataclass(frozen=True, slots=True, eq=False)
class SlotIs:
    """A field of `__slots__` holds the same as `expected`; with MISSING, it is empty.

    `descriptor` is the field's, as in `Tensor.__dict__["edge"]`.
    """

    object: Any
    descriptor: types.MemberDescriptorType
    expected: Any


@dataclass(frozen=True, slots=True, eq=False)
class SlotIsNot:
    """A field of `__slots__` holds something, and not the very object `excluded`."""

    object: Any
    descriptor: types.MemberDescriptorType
    excluded: Any


@dataclass(frozen=True, slots=True, eq=False)
class CellIs:
    """A closure's cell holds the same as `expected`; with MISSING, it is empty."""

    cell: types.CellType
    expected: Any


@dataclass(frozen=True, slots=True, eq=False)
class ContextIs:
    """A context variable has this integer as its value (the mode of `core.modes`)."""

    variable: ContextVar[int]
    value: int


@dataclass(frozen=True, slots=True, eq=False)
class ElementsAre:
    """A list's elements, or a dict's keys in their order, are the same as these."""

    container: list[Any] | dict[Any, Any]
    expected: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NumbersAre:
    """An array has the dtype, shape and bytes of `expected`. The plan keeps `expected`, which must not change."""

    array: Array
    expected: Array


Guard = (
    ArgIs
    | ArgType
    | ArgFloatEquals
    | ArgEquals
    | DictItem
    | AttributeDictItem
    | SlotIs
    | SlotIsNot
    | CellIs
    | ContextIs
    | ElementsAre
    | NumbersAre
)


def is_same(found: Any, expected: Any) -> bool:
    """Whether two values are the same object, or equal numbers or strings of one type, floats bit by bit."""
    if found is expected:
        return True
    kind = type(expected)
    if kind is float:
        return type(found) is float and struct.pack("d", found) == struct.pack("d", expected)
    return kind in COMPARED and type(found) is kind and bool(found == expected)


COMPARED = (int, str, bytes)
"""Types whose comparison runs no code but the interpreter's."""
