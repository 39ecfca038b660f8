"""What a call of native code does besides running it: checks, where each pointer comes from, and the result.

A core function is `i32 core(ptr slots)`: `slots` is a table of pointers to the data of arrays, and it returns 0,
or a status that is then reported. A `Plan` says how the table is filled from a call's positional arguments and
from what the plan is bound to. If anything is not as planned, the slow callable is called with the same
arguments instead, before anything has had an effect.

An array is as planned if it is exactly an `ndarray` of the planned dtype and shape, C-contiguous and aligned,
and writeable where the core writes to it. A dtype is the planned one if it is the same object, or has the same
type number in native byte order and no metadata (an unpickled array's is such). Arrays that the core writes to
share no memory with any other, or the slow callable is called.

The order of a call: guards; `Live` and `ArgFloat` numbers; arrays; then `Fetch`, the first that has effects, after
which all of the above is looked at once more; then outputs are made and the core runs; then what was written is
stamped, stores are made, and the result is built. Slots are in `slots.py`, guards in `guards.py`.
"""

from __future__ import annotations

import types
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from .errors import NativeError
from .guards import MISSING as MISSING
from .guards import ArgEquals as ArgEquals
from .guards import ArgFloatEquals as ArgFloatEquals
from .guards import ArgIs as ArgIs
from .guards import ArgType as ArgType
from .guards import AttributeDictItem as AttributeDictItem
from .guards import CellIs as CellIs
from .guards import ContextIs as ContextIs
from .guards import DictItem as DictItem
from .guards import ElementsAre as ElementsAre
from .guards import Guard as Guard
from .guards import NumbersAre as NumbersAre
from .guards import SlotIs as SlotIs
from .guards import SlotIsNot as SlotIsNot
from .slots import ArgArray as ArgArray
from .slots import ArgFloat as ArgFloat
from .slots import ArgTensor as ArgTensor
from .slots import Array as Array
from .slots import Buffer as Buffer
from .slots import Dtype as Dtype
from .slots import Fetch as Fetch
from .slots import Held as Held
from .slots import Kept as Kept
from .slots import Live as Live
from .slots import Output as Output
from .slots import Shape as Shape
from .slots import Slot as Slot
from .slots import State as State


@dataclass(frozen=True, slots=True, eq=False)
class ArrayResult:
    """The array of output slot `slot`, 0-d arrays included, or its scalar; or that of a `Fetch`."""

    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class TensorResult:
    """A tensor of class `cls` around that, as `core.tensor.wrap` makes it: not a view, with `edge` for its history."""

    cls: type[Tensor]
    slot: int
    edge: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class ArgResult:
    """Argument `k` itself."""

    k: int


@dataclass(frozen=True, slots=True, eq=False)
class ObjectResult:
    """An object of the plan."""

    object: Any


Item = ArrayResult | TensorResult | ArgResult | ObjectResult


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """The result is what `callable` makes of a list of the items; it also runs for its effects."""

    callable: Callable[[list[Any]], Any]
    items: tuple[Item, ...]


Result = Item | tuple[Item, ...] | Finish | None
"""One item is the result itself; a tuple of items, a tuple."""


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """An effect: a field of an object's `__slots__` is set to an item (a leaf's gradient).

    The array of the tensor that was there before is used again if nobody else has it.
    """

    object: Any
    descriptor: types.MemberDescriptorType
    item: Item


def report(status: int) -> Any:
    """What a core's status other than 0 comes to by default: an error."""
    raise NativeError(f"compiled code reported status {status}; this is a bug in dualtape")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How native code is called.

    Attributes:
        arguments: How many positional arguments there are; with another number the slow callable is called.
        slots: The pointer table.
        guards: What is looked at first.
        result: What comes back.
        written: Indices of the slots that the core writes in place, besides outputs: arguments and states.
        keep: What must live as long as the call does, such as the `Library` of its core.
        on_status: Called with the status if it is not 0; what it returns is returned, and nothing is stored.
        stamped: Indices of those of the written slots whose tensors note the write, as `Version.bump_quietly` does.
        stores: What is set after the core has run, in this order, before the result is built.
        calls_back: The core may run Python code, so the arrays of tensors are held until it returns.
        alone: It goes on after that, in memory that the plan has once: while one call is made, others are the slow callable's.

    Raises:
        NativeError: The plan contradicts itself.
    """

    arguments: int
    slots: tuple[Slot, ...]
    guards: tuple[Guard, ...] = ()
    result: Result = None
    written: frozenset[int] = frozenset()
    keep: tuple[Any, ...] = ()
    on_status: Callable[[int], Any] = report
    stamped: frozenset[int] = frozenset()
    stores: tuple[Store, ...] = ()
    calls_back: bool = False
    alone: bool = False

    def __post_init__(self) -> None:
        stored = [store.item for store in self.stores]
        for part in (*self.slots, *self.guards, *self.stores, *stored, *self.items()):
            problem = _problem(part, self)
            if problem:
                raise NativeError(f"faulty call plan: {part}: {problem}; this is a bug in dualtape")
        for i in self.written:
            if not isinstance(self.slots[i], ArgArray | ArgTensor | State | Held | Kept):
                raise NativeError(f"faulty call plan: slot {i} cannot be written in place")
        for i in self.stamped:
            if i not in self.written or isinstance(self.slots[i], ArgArray | Kept):
                raise NativeError(f"faulty call plan: slot {i} is not a tensor that is written")

    def items(self) -> tuple[Item, ...]:
        """What the result is made of."""
        result = self.result
        if result is None:
            return ()
        if isinstance(result, Finish):
            return result.items
        return result if isinstance(result, tuple) else (result,)


def _problem(part: Slot | Guard | Item | Store, plan: Plan) -> str | None:
    """What is wrong with a part of a plan; None if nothing is."""
    k = getattr(part, "k", 0)
    if not 0 <= k < max(plan.arguments, 1) or (hasattr(part, "k") and not plan.arguments):
        return f"there are {plan.arguments} arguments"
    dtype = getattr(part, "dtype", None)
    # Built-in numbers have NumPy's type numbers 0 to 16 and 23 (float16), added ones (bfloat16) those from 256.
    if dtype is not None and not (
        (dtype.num in range(17) or dtype.num == 23 or dtype.num in range(256, 2048))
        and dtype.isnative
    ):
        return "arrays of this dtype have no plain memory"
    match part:
        case Buffer(array):
            return None if is_plain(array) else "not contiguous"
        case ElementsAre(container, _):
            # A subclass may have another order than its memory has, as an OrderedDict does.
            plain = type(container) in (list, dict, defaultdict)
            return None if plain else "only lists and dicts have elements"
        case NumbersAre(array, expected):
            alike = array.dtype == expected.dtype and array.shape == expected.shape
            return (
                None
                if alike and is_plain(array) and is_plain(expected)
                else "not alike and contiguous"
            )
        case Output(kind, shape, True):
            return "a scalar is too large" if shape or kind.itemsize > 16 else None
        case ArrayResult(slot) if isinstance(plan.slots[slot], Fetch):
            return None
        case ArrayResult(slot) | TensorResult(_, slot, _):
            return None if isinstance(plan.slots[slot], Output) else "not an output"
        case Live(container, _, _) | DictItem(container, _, _) if not isinstance(container, dict):
            return "not a dict"
        case Live(_, key, _) | DictItem(_, key, _) | AttributeDictItem(_, key, _):
            # The comparison of other keys may run Python code.
            return None if is_key(key) else "a key must be a str, an int or a tensor"
        case (
            SlotIs(thing, descriptor, _)
            | SlotIsNot(thing, descriptor, _)
            | Store(thing, descriptor, _)
            | Held(thing, descriptor, _, _, _)
        ):
            return None if isinstance(thing, descriptor.__objclass__) else "no such slot"
        case _:
            return None


def is_key(x: Any) -> bool:
    """Whether something can be a dict's key whose look-up is sure not to compare it with others: tensors are themselves."""
    return type(x) in (str, int) or (isinstance(x, Tensor) and hash(x) == id(x))


def is_plain(array: Array) -> bool:
    """Whether an array is exactly an `ndarray`, C-contiguous and aligned."""
    return type(array) is np.ndarray and array.flags.c_contiguous and array.flags.aligned
