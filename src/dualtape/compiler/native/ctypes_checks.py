"""What a call must be like, as Python functions: guards of the arguments and the world, and arrays' looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .guards import (
    MISSING,
    ArgEquals,
    ArgFloatEquals,
    ArgIs,
    ArgType,
    AttributeDictItem,
    CellIs,
    ContextIs,
    DictItem,
    ElementsAre,
    Guard,
    NumbersAre,
    SlotIs,
    SlotIsNot,
    is_same,
)
from .slots import (
    ArgArray,
    ArgTensor,
    Array,
    Dtype,
    Fetch,
    Held,
    Kept,
    Shape,
    State,
    type_numbers,
)

READABLE = 0x101
"""NumPy's flags of an array that is C-contiguous and aligned."""
WRITEABLE = 0x400

NUMBERS = ArgTensor | State | Held | Kept
"""Slots whose arrays may be NumPy scalars, if they are not written."""

Arguments = tuple[Any, ...]


class Mismatch(Exception):
    """The call is not as planned."""


def guarding(guard: Guard) -> Callable[[Arguments], bool]:
    """What tells from the arguments whether a guard holds."""
    match guard:
        case ArgIs(k, expected):
            return lambda args: args[k] is expected
        case ArgType(k, cls):
            return lambda args: type(args[k]) is cls
        case ArgFloatEquals(k, value) | ArgEquals(k, value):
            return lambda args: is_same(args[k], value)
        case DictItem(container, key, expected):
            return lambda args: is_same(container.get(key, MISSING), expected)
        case AttributeDictItem(owner, key, expected):
            return lambda args: (
                hasattr(owner, "__dict__") and is_same(vars(owner).get(key, MISSING), expected)
            )
        case SlotIs(owner, descriptor, expected):
            return lambda args: is_same(field(descriptor, owner), expected)
        case SlotIsNot(owner, descriptor, excluded):
            return lambda args: (
                (found := field(descriptor, owner)) is not MISSING and found is not excluded
            )
        case CellIs(cell, expected):
            return lambda args: is_same(contents(cell), expected)
        case ContextIs(variable, value):
            return lambda args: mode(variable) == value
        case ElementsAre(elements, expected):
            return lambda args: (
                len(elements) == len(expected) and all(map(is_same, elements, expected))
            )
        case NumbersAre(array, expected):
            fits = fitting(ArgArray(0, expected.dtype, expected.shape))
            return lambda args: has_bytes(fits, array, expected.tobytes())


def has_bytes(fits: Callable[[Any], Array], array: Any, expected: bytes) -> bool:
    """Whether an array is as planned and has these bytes."""
    try:
        return fits(array).tobytes() == expected
    except Mismatch:
        return False


def field(descriptor: Any, owner: Any) -> Any:
    """What a field of `__slots__` holds, or MISSING."""
    try:
        return descriptor.__get__(owner)
    except AttributeError:  # unset
        return MISSING


def contents(cell: Any) -> Any:
    """What a cell holds, or MISSING."""
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return MISSING


def mode(variable: Any) -> int | None:
    """The integer that is a context variable's value; None if there is none."""
    try:
        found = variable.get()
    except LookupError:
        return None
    return found if type(found) is int else None


def fitting(
    slot: ArgArray | ArgTensor | State | Held | Kept | Fetch, written: bool = False
) -> Callable[[Any], Array]:
    """What gives an array back if it is as planned; it raises `Mismatch`."""
    dtype: Dtype = slot.dtype
    shape: Shape = slot.shape
    flags = READABLE | WRITEABLE if written else READABLE
    numbers = type_numbers(dtype)
    scalar = None if shape or written or not isinstance(slot, NUMBERS) else dtype.type

    def fits(array: Any) -> Array:
        if type(array) is np.ndarray and array.shape == shape and array.flags.num & flags == flags:
            found = array.dtype
            if found is dtype or (
                found.num in numbers and found.isnative and found.metadata is None
            ):
                return array
        elif type(array) is scalar:
            return np.array(array)
        raise Mismatch

    return fits
