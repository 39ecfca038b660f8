"""Calls of native code by way of ctypes: some microseconds, and no assumption about how objects lie in memory.

The same as the trampoline in every respect but time; the tests run over both.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

import numpy as np

from ...core.tensor import Tensor, wrap
from ...core.views import View
from .ctypes_checks import Arguments, Mismatch, field, fitting, guarding
from .errors import NativeError
from .guards import MISSING
from .plan import ArgResult, ArrayResult, Finish, Item, ObjectResult, Plan, TensorResult
from .slots import (
    ArgArray,
    ArgFloat,
    ArgTensor,
    Array,
    Buffer,
    Fetch,
    Held,
    Kept,
    Live,
    Output,
    Slot,
    State,
    nbytes,
)


class CtypesCall:
    """A plan and its core, callable."""

    __slots__ = (
        *(
            "__weakref__",
            "_plan",
            "_core",
            "_slow",
            "_lock",
            "_guards",
            "_sources",
            "_fetches",
            "_outputs",
        ),
        *("_constants", "_spans", "_items", "_stores", "_stamped", "_alone"),
    )

    def __init__(self, plan: Plan, core_address: int, slow: Callable[..., Any]) -> None:
        self._plan = plan
        self._slow = slow
        # PYFUNCTYPE keeps the interpreter's lock, so no other thread works in the plan's buffers; where Python is
        # built without one, the plan has its own.
        free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
        self._lock: AbstractContextManager[Any] = threading.RLock() if free else nullcontext()
        self._core = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(core_address)
        slots = plan.slots
        self._guards = [guarding(guard) for guard in plan.guards]
        self._sources = [
            (i, reading(slot, i in plan.written))
            for i, slot in enumerate(slots)
            if not isinstance(slot, Buffer | Fetch | Output)
        ]
        self._fetches = [(i, s, fitting(s)) for i, s in enumerate(slots) if isinstance(s, Fetch)]
        self._outputs = [
            (i, s.shape, s.dtype) for i, s in enumerate(slots) if isinstance(s, Output)
        ]
        self._constants = [s.array.ctypes.data if isinstance(s, Buffer) else 0 for s in slots]
        self._spans = [
            (i, size, i in plan.written)
            for i, s in enumerate(slots)
            if plan.written and (size := nbytes(s))
        ]
        scalars = {i for i, s in enumerate(slots) if isinstance(s, Output) and s.scalar}
        self._items = [building(item, scalars) for item in plan.items()]
        self._stamped = [tensor_of(slots[i]) for i in sorted(plan.stamped)]
        self._alone = threading.Lock() if plan.alone else None
        self._stores = [(s.descriptor, s.object, building(s.item, scalars)) for s in plan.stores]

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Run the core, or the slow callable, on positional arguments; the slow callable on named ones."""
        if named:
            return self._slow(*args, **named)
        if self._alone is not None and not self._alone.acquire(blocking=False):
            return self._slow(*args)
        arrays: list[Any] = [None] * len(self._constants)
        try:
            pointers = self._prepare(args, arrays)
            if pointers is not None:
                return self._run(args, arrays, pointers)
        finally:
            if self._alone is not None:
                self._alone.release()
        return self._slow(*args)

    def go_on_with(self, following: Callable[..., Any]) -> None:
        """See `call.go_on_with`."""
        self._slow = following

    def _run(self, args: Arguments, arrays: list[Any], pointers: list[int]) -> Any:
        """The call, once everything is as planned."""
        if self._fetches:
            for i, slot, fits in self._fetches:
                found = slot.callable()
                try:
                    arrays[i] = fits(found)
                except Mismatch:
                    unfit(slot, found)
            now = self._prepare(args, arrays)
            if now is None:
                changed()
            pointers = now
        for i, shape, dtype in self._outputs:
            arrays[i] = array = np.empty(shape, dtype)
            pointers[i] = array.ctypes.data
        with self._lock:
            status = self._core((ctypes.c_void_p * len(pointers))(*pointers))
        for tensor in self._stamped:
            stamp(tensor(args))
        if status:
            return self._plan.on_status(status)
        for descriptor, owner, build in self._stores:
            descriptor.__set__(owner, build(arrays, args))
        result = self._plan.result
        if result is None:
            return None
        items = [build(arrays, args) for build in self._items]
        if isinstance(result, Finish):
            return result.callable(items)
        return tuple(items) if isinstance(result, tuple) else items[0]

    def _prepare(self, args: Arguments, arrays: list[Any]) -> list[int] | None:
        """Check everything; pointers to all but outputs (and fetched arrays, where there are none yet).

        None if the call is not as planned.
        """
        try:
            return self._checked(args, arrays)
        except Mismatch:
            return None

    def _checked(self, args: Arguments, arrays: list[Any]) -> list[int]:
        if len(args) != self._plan.arguments:
            raise Mismatch
        for holds in self._guards:
            if not holds(args):
                raise Mismatch
        pointers = self._constants.copy()
        for i, read in self._sources:
            arrays[i] = array = read(args)
            pointers[i] = array.ctypes.data
        for i, _, _ in self._fetches:
            if arrays[i] is not None:
                pointers[i] = arrays[i].ctypes.data
        if self._spans and overlapping(pointers, self._spans):
            raise Mismatch
        return pointers


def tensor_of(slot: Slot) -> Callable[[Arguments], Any]:
    """What gets the tensor that a slot's array belongs to."""
    match slot:
        case ArgTensor(k):
            return lambda args: args[k]
        case State(tensor):
            return lambda args: tensor
        case Held(owner, descriptor):
            return lambda args: field(descriptor, owner)
        case _:
            raise NativeError(f"{slot} belongs to no tensor")


def stamp(tensor: Tensor) -> None:
    """Note that a tensor was written to."""
    tensor.shared_version().bump_quietly()


def building(item: Item, scalars: set[int]) -> Callable[[list[Any], Arguments], Any]:
    """What makes an item of the call's arrays and arguments."""
    match item:
        case ArrayResult(slot) if slot in scalars:
            return lambda arrays, args: arrays[slot][()]
        case TensorResult(cls, slot, edge) if slot in scalars:
            return lambda arrays, args: wrap(cls, arrays[slot][()], edge)
        case ArrayResult(slot):
            return lambda arrays, args: arrays[slot]
        case TensorResult(cls, slot, edge):
            return lambda arrays, args: wrap(cls, arrays[slot], edge)
        case ArgResult(k):
            return lambda arrays, args: args[k]
        case ObjectResult(thing):
            return lambda arrays, args: thing


_value, _edge, _view_of = (Tensor.__dict__[name] for name in ("value", "edge", "view_of"))
_base, _base_edge = (View.__dict__[name] for name in ("base", "base_edge"))


def is_current(view: Any) -> bool:
    """Whether a `View`'s base has the history that the view was made with."""
    if type(view) is not View:
        return False
    base = field(_base, view)
    return isinstance(base, Tensor) and field(_edge, base) is field(_base_edge, view)


def reading(slot: Slot, written: bool) -> Callable[[Arguments], Array]:
    """What gets a slot's array from the arguments or a state, 0-d for a number; it raises `Mismatch`."""
    match slot:
        case ArgFloat(k):
            return lambda args: _number(args[k], "float")
        case Live(container, key, kind):
            return lambda args: _number(container.get(key), kind)
        case ArgArray(k):
            fits = fitting(slot, written)
            return lambda args: fits(args[k])
        case State(tensor):
            fits = fitting(slot, written)
            return lambda args: fits(field(_value, tensor))
        case Held(owner, descriptor, cls, _, _):
            fits = fitting(slot, written)
            apart = value_of(cls, True, True, False)
            return lambda args: fits(apart(field(descriptor, owner)))
        case Kept(owner, _, _, name, reader):
            fits = fitting(slot, written)

            def kept(args: Arguments) -> Array:
                array = getattr(owner, name)
                if written and (
                    sys.getrefcount(array) > _ALONE or getattr(owner, reader) is not None
                ):
                    raise Mismatch
                return fits(array)

            return kept
        case ArgTensor(k, cls):
            fits = fitting(slot, written)
            value = value_of(cls, written, slot.requires_edge_none, slot.requires_edge)
            return lambda args: fits(value(args[k]))
        case _:
            raise NativeError(f"{slot} is not read")


# The attribute, the local name and the argument of `getrefcount`.
_ALONE = 3


def value_of(
    cls: type[Tensor], apart: bool, without_edge: bool, with_edge: bool
) -> Callable[[Any], Any]:
    """What gets the value of a tensor exactly of class `cls`; it raises `Mismatch`.

    Args:
        cls: The class.
        apart: Whether it may view no other tensor.
        without_edge: Whether it may have no history.
        with_edge: Whether it must have one.
    """

    def value(tensor: Any) -> Any:
        if type(tensor) is not cls:
            raise Mismatch
        view = field(_view_of, tensor)
        if view is not None and (apart or not is_current(view)):
            raise Mismatch
        edge = field(_edge, tensor)
        if (without_edge and edge is not None) or (with_edge and edge in (None, MISSING)):
            raise Mismatch
        return field(_value, tensor)

    return value


def _number(value: Any, kind: str) -> Array:
    """A Python number in memory."""
    try:
        if type(value) is float and kind != "int":
            return np.array(value, np.float64)
        if type(value) is int and kind != "float":
            return np.array(value, np.float64 if kind == "number" else np.int64)
    except OverflowError:  # an int that does not fit
        raise Mismatch from None
    raise Mismatch


def unfit(slot: Fetch, found: Any) -> NoReturn:
    """Say that something else was fetched than planned."""
    raise NativeError(
        f"{slot.callable!r} was to give an array {slot.dtype}{list(slot.shape)} for compiled code, "
        f"and returned {found!r}"
    )


def changed() -> NoReturn:
    """Say that a call was as planned before its fetches, and no longer after them."""
    raise NativeError("what compiled code works on was changed while it drew its random numbers")


def overlapping(pointers: list[int], spans: Sequence[tuple[int, int, bool]]) -> bool:
    """Whether an array that is written shares memory with another one.

    Args:
        pointers: Where each slot's array begins; 0 where there is none.
        spans: Slots with their sizes in bytes, and whether they are written.
    """
    ranges = sorted((pointers[i], size, written) for i, size, written in spans)
    end_written = end_any = 0  # of the ranges so far, which begin earlier
    for start, size, written in ranges:
        if start < end_written or (written and start < end_any):
            return True
        end = start + size
        end_any = max(end_any, end)
        if written:
            end_written = max(end_written, end)
    return False
