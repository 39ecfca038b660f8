"""Where CPython and NumPy keep what the trampoline reads, found and verified by looking at real objects.

Nothing here is promised by a public interface except where it has been so for decades, so each offset is compared
with what public attributes say before it is used. If anything differs, calls go through ctypes.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import sysconfig
import types
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...core.versions import Version
from ...core.views import View
from .slots import Array

WORD = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in bytes from an object's address.

    Attributes:
        count: Of any object, how many references there are to it, in 32 bits as far as small counts go.
        type: Of any object, its class.
        body: Of any object, the first field of its own: a float's double, a cell's contents, an array's data.
        nd: Of an array, the number of axes; dims, descr, flags and weak references likewise.
        number: Of a dtype, its type number; order its byte order; metadata likewise.
        items: Of a tuple, the first item.
        value: Of a tensor, the slot; edge, version, view_of and leaf likewise.
        view_base: Of a `View`, the slot `base`; the remaining ones likewise.
    """

    count: int
    type: int
    body: int
    nd: int
    dims: int
    descr: int
    flags: int
    weak: int
    order: int
    number: int
    metadata: int
    items: int
    value: int
    edge: int
    version: int
    view_of: int
    leaf: int
    view_base: int
    view_base_edge: int
    version_count: int
    version_stamp: int


class LayoutError(Exception):
    """Objects of this interpreter are laid out in another way; the message says which."""


def word(address: int) -> int:
    """The 8 bytes at an address."""
    return ctypes.c_uint64.from_address(address).value


def byte(address: int) -> int:
    """The byte at an address."""
    return ctypes.c_uint8.from_address(address).value


def _int(address: int) -> int:
    return ctypes.c_int32.from_address(address).value


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise LayoutError(f"{what}: {found!r} instead of {expected!r}")


@functools.cache
def layout() -> Layout:
    """The offsets, verified.

    Raises:
        LayoutError: This interpreter is another one than those the trampoline knows.
    """
    _check_interpreter()
    h = object.__basicsize__
    fields = {name: member_offset(cls.__dict__[slot]) for name, (cls, slot) in _FIELDS.items()}
    general = {"count": h - 16, "type": h - 8, "body": h, "items": tuple.__basicsize__}
    array = {"nd": h + 8, "dims": h + 16, "descr": h + 40, "flags": h + 48, "weak": h + 56}
    dtype = {"order": h + 10, "number": h + 12, "metadata": h + 40}
    found = Layout(**general, **array, **dtype, **fields)
    verify(found)
    return found


def verify(at: Layout) -> None:
    """Compare what lies at the offsets with what public attributes say.

    Raises:
        LayoutError: An offset is wrong.
    """
    _check_builtins(at)
    _check_counts(at)
    _check_arrays(at)
    _check_scalars(at)
    _check_slots(at)


_FIELDS: dict[str, tuple[type, str]] = {
    **{name: (Tensor, name) for name in ("value", "edge", "version", "view_of", "leaf")},
    **{f"view_{name}": (View, name) for name in ("base", "base_edge")},
    **{f"version_{name}": (Version, name) for name in ("count", "stamp")},
}


def _check_interpreter() -> None:
    _expect("implementation", sys.implementation.name, "cpython")
    _expect("bytes of a pointer", ctypes.sizeof(ctypes.c_void_p), WORD)
    _expect("byte order", sys.byteorder, "little")
    # Without the lock another thread may change an array between the look at it and its use.
    _expect("free-threaded", bool(sysconfig.get_config_var("Py_GIL_DISABLED")), False)
    state = python_function("PyInterpreterState_Get", ctypes.c_void_p)
    number = python_function("PyInterpreterState_GetID", ctypes.c_int64, ctypes.c_void_p)
    _expect("subinterpreter", number(state()), 0)


def python_function(name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    """A function of CPython's API, with types of its own: those of `ctypes.pythonapi` belong to everybody.

    Raises:
        LayoutError: This interpreter has no such function.
    """
    try:
        return ctypes.PYFUNCTYPE(result, *parameters)((name, ctypes.pythonapi))
    except AttributeError as err:
        raise LayoutError(f"no function {name}") from err


def _check_builtins(at: Layout) -> None:
    number, item = 1234.5, object()
    _expect("type of a float", word(id(number) + at.type), id(float))
    _expect("float", ctypes.c_double.from_address(id(number) + at.body).value, number)
    pair = (number, item)
    _expect(
        "tuple",
        (word(id(pair) + at.items), word(id(pair) + at.items + WORD)),
        (id(number), id(item)),
    )
    cell = types.CellType(item)
    _expect("cell", word(id(cell) + at.body), id(item))
    del cell.cell_contents
    _expect("empty cell", word(id(cell) + at.body), 0)


def _check_counts(at: Layout) -> None:
    thing = np.zeros(1)
    before = _int(id(thing) + at.count)
    held = [thing] * 5
    _expect("references", (before, _int(id(thing) + at.count)), (1, 1 + len(held)))
    _expect("no weak references", word(id(thing) + at.weak), 0)
    reference = weakref.ref(thing)
    _expect("weak references", word(id(thing) + at.weak), id(reference))


def _check_arrays(at: Layout) -> None:
    base = np.arange(24.0).reshape(2, 3, 4)
    frozen = np.ones(3, np.float32)
    frozen.flags.writeable = False
    marked = np.zeros(2, np.dtype(np.float64, metadata={"a": 1}))
    swapped = np.zeros(2, np.dtype(np.int16).newbyteorder("S"))
    examples: list[Array] = [
        *(base, base.T, base[:, ::2], base[1:1], np.array(1j), np.zeros((0, 3), bool)),
        *(frozen, marked, swapped, np.zeros(9, np.int8)[1:].view(np.int64)),
    ]
    if np.ndarray.__basicsize__ < at.weak + WORD or np.dtype.__basicsize__ < at.metadata + WORD:
        raise LayoutError("arrays are smaller")
    for a in examples:
        _expect("type of an array", word(id(a) + at.type), id(np.ndarray))
        _expect("axes", _int(id(a) + at.nd), a.ndim)
        _expect("data", word(id(a) + at.body), a.ctypes.data)
        _expect("dtype", word(id(a) + at.descr), id(a.dtype))
        _expect("flags", _int(id(a) + at.flags) & 0xFFFF, a.flags.num & 0xFFFF)
        dims = word(id(a) + at.dims)
        if a.ndim:  # strides follow the lengths, in the object and in memory: so this is the pointer to them
            _expect("strides", word(id(a) + at.dims + WORD), dims + WORD * a.ndim)
            _expect("lengths", tuple(word(dims + WORD * i) for i in range(a.ndim)), a.shape)
        d = a.dtype
        _expect("type number", _int(id(d) + at.number), d.num)
        order = chr(ctypes.c_uint8.from_address(id(d) + at.order).value)
        _expect("byte order", order, d.byteorder)
        _expect("metadata", word(id(d) + at.metadata) != 0, d.metadata is not None)


def _check_scalars(at: Layout) -> None:
    for letter in "?bhilqBHILQefdgFDG":
        scalar = np.dtype(letter).type(1)
        found = ctypes.string_at(id(scalar) + at.body, scalar.nbytes)
        _expect(f"scalar {letter}", np.frombuffer(found, letter)[0], scalar)


def _check_slots(at: Layout) -> None:
    for name, (cls, slot) in _FIELDS.items():
        thing: object = object.__new__(cls)
        offset, mark = getattr(at, name), object()
        _expect(f"unset {name}", word(id(thing) + offset), 0)
        setattr(thing, slot, mark)
        _expect(name, word(id(thing) + offset), id(mark))


def member_offset(descriptor: types.MemberDescriptorType) -> int:
    """Where a field of `__slots__` lies in its objects.

    Raises:
        LayoutError: The descriptor is not such a field's.
    """
    # PyMemberDescrObject: the class, the name, the qualified name, then a pointer to the PyMemberDef, which
    # is {char *name; int type; Py_ssize_t offset; ...}.
    if type(descriptor) is not types.MemberDescriptorType:
        raise LayoutError(f"{descriptor!r} is not a slot")
    header = object.__basicsize__
    _expect("class of a slot", word(id(descriptor) + header), id(descriptor.__objclass__))
    definition = word(id(descriptor) + header + 24)
    _expect("kind of a slot", _int(definition + WORD), 16)  # an object, or unset
    offset = word(definition + 2 * WORD)
    if not header <= offset <= descriptor.__objclass__.__basicsize__ - WORD:
        raise LayoutError(f"offset {offset} of {descriptor!r}")
    return offset
