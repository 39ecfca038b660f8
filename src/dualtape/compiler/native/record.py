"""A plan as the trampoline reads it: one array of 64-bit words.

A header (`HEADER`), then entries of 8 words for checks, fetches, outputs and result items, and lists of slot
indices. Offsets are in bytes from the record's start. The objects that the words point to are kept by the tuple
that is the built-in function's `self`. What changes later: `dirty`, `busy`, the last data pointers of states, what is known
of the quick words (`places.py`), and the slow callable, which a list at the tuple's end holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...core import modes
from ...core.versions import Version
from .ctypes_call import changed, stamp, unfit
from .ctypes_checks import READABLE, WRITEABLE
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
)
from .layout import Layout, layout, member_offset
from .places import Quick
from .plan import ArgResult, ArrayResult, Finish, Item, ObjectResult, Plan, TensorResult
from .reuse import reuse
from .slots import (
    ArgArray,
    ArgFloat,
    ArgTensor,
    Array,
    Buffer,
    Dtype,
    Fetch,
    Held,
    Kept,
    Live,
    Output,
    Shape,
    State,
    nbytes,
    type_numbers,
)

HEADER = (
    *("core", "arguments", "slots", "template", "sizes", "dirty"),
    *("slow", "on_status", "changed", "finish", "result"),
    *("n_checks", "checks", "n_fetches", "fetches", "n_outputs", "outputs", "n_items", "items"),
    # Overlaps are looked for between written and other arrays, each list being of slot indices. Those that are
    # bound to the plan are compared with one another only when one of them has moved.
    *("n_written_bound", "written_bound", "n_bound", "bound"),
    *("n_written", "written", "n_given", "given", "n_written_given", "written_given"),
    *("n_pins", "pins", "n_stamps", "stamps", "n_stores", "stores"),
    *("version_type", "one", "clock", "stamp"),
    # Words of memory to be compared first, by their address; if one is another, the guards that they stand for.
    *("n_words", "words", "n_full", "full", "find"),
    # The name of the attribute of `Kept.reader`; whether the plan's memory is for one call at a time, and is in use.
    *("reader", "alone", "busy"),
)
"""The header's words, in their order."""

_KINDS = (
    "arg_is arg_type arg_equals dict_item attribute_item word_is word_is_not context_is list_is keys_are numbers_are "
    "live arg_float arg_array arg_tensor state held kept"
)
CHECKS = {kind: n for n, kind in enumerate(_KINDS.split())}
ITEMS = {"value": 0, "argument": 1, "object": 2}
RESULTS = {"none": 0, "one": 1, "tuple": 2, "finish": 3}
LIVE_KINDS = {"float": 0, "number": 1, "int": 2}
WITHOUT_EDGE, WITHOUT_VIEW, WITH_EDGE = 1, 2, 4  # what is asked of a tensor

ENTRY = 8  # words
PLACE = 5  # of the words of an entry for a number that is read: where it is, if that is known
OWNED = 4  # NumPy's flag of an array whose memory is its own


class Finder:
    """Finds the quick words of a record anew, if they are not what they were although its guards hold.

    Attributes:
        quick: The words.
        record: The record; `reads` are the places in it of what is known of numbers' places.
    """

    __slots__ = ("quick", "reads", "record")

    record: Array

    def __init__(self, quick: Quick, reads: Sequence[int]) -> None:
        self.quick = quick
        self.reads = reads

    def __call__(self) -> None:
        """Find them."""
        if self.quick.left > 0:
            self.quick.find()
            self.put()

    def put(self) -> None:
        """Write what is known into the record."""
        words = self.quick.words
        self.record[HEADER.index("words")] = words.ctypes.data
        self.record[HEADER.index("n_words")] = len(words) // 2
        self.record[self.reads] = self.quick.places
        if self.quick.left <= 0:  # no more
            self.record[HEADER.index("find")] = 0


class Record:
    """Builds the words of one plan.

    Attributes:
        keep: Objects that the words point to, and which the plan does not keep itself.
    """

    def __init__(self, plan: Plan, core_address: int, slow: Callable[..., Any]) -> None:
        self.plan = plan
        self.at: Layout = layout()
        self.keep: list[Any] = [plan]
        self.words: list[int] = [0] * len(HEADER)
        slots = plan.slots
        self._set("core", core_address)
        self._set("arguments", plan.arguments)
        self._set("slots", len(slots))
        self._set("dirty", 1)
        self._set("slow", id(slow))
        self._set("on_status", self._object(plan.on_status))
        self._set("changed", self._object(changed))
        # Numbers come before arrays: reading a dict may run code in theory, and pointers must not wait for it.
        lives = [s for s in slots if isinstance(s, Live)]
        quick = Quick(plan.guards, [(s.container, s.key) for s in lives])
        self._entries("full", [self._guard(guard) for guard in quick.guards])
        checks = [self._guard(guard) for guard in quick.others]
        numbers = [
            self._number(i, s) for i, s in enumerate(slots) if isinstance(s, Live | ArgFloat)
        ]
        read = [len(checks) + n for n, e in enumerate(numbers) if e[0] == CHECKS["live"]]
        checks += numbers
        arrays = [
            (i, s)
            for i, s in enumerate(slots)
            if isinstance(s, ArgArray | ArgTensor | State | Held | Kept)
        ]
        self._entries("checks", checks + [self._array(i, s) for i, s in arrays])
        self._entries(
            "fetches", [self._fetch(i, s) for i, s in enumerate(slots) if isinstance(s, Fetch)]
        )
        self._entries(
            "outputs", [self._output(i, s) for i, s in enumerate(slots) if isinstance(s, Output)]
        )
        self._effects()
        self._result()
        self._list("template", [s.array.ctypes.data if isinstance(s, Buffer) else 0 for s in slots])
        self._overlaps()
        first = self.words[HEADER.index("checks")] // 8
        finder = Finder(quick, [first + ENTRY * n + PLACE for n in read])
        self._set("find", self._object(finder))
        self.array = finder.record = np.array(self.words, np.uint64)
        finder.put()

    def _set(self, name: str, value: int) -> None:
        self.words[HEADER.index(name)] = value

    def _list(self, name: str, values: Sequence[int]) -> None:
        self._set(name, 8 * len(self.words))
        if "n_" + name in HEADER:
            self._set("n_" + name, len(values))
        self.words += values

    def _entries(self, name: str, entries: Sequence[Sequence[int]]) -> None:
        self._set(name, 8 * len(self.words))
        self._set("n_" + name, len(entries))
        for entry in entries:
            self.words += [*entry, *[0] * (ENTRY - len(entry))]

    def _object(self, thing: Any) -> int:
        """An object's address; 0 for what is missing."""
        if thing is MISSING:
            return 0
        self.keep.append(thing)
        return id(thing)

    def _spec(
        self, dtype: Dtype, shape: Shape, written: bool = False, scalars: bool = False
    ) -> list[int]:
        """The last four words of an array's entry: dtype, type numbers, axes and flags, where lengths are."""
        numbers = type_numbers(dtype)
        flags = READABLE | WRITEABLE if written else READABLE
        scalar = (
            self._object(dtype.type) if scalars else 0
        )  # stands where 0-d arrays have no lengths
        last = self._memory(shape) if shape else scalar
        return [
            self._object(dtype),
            numbers[0] | numbers[-1] << 32,
            len(shape) | flags << 32,
            last,
        ]

    def _guard(self, guard: Guard) -> list[int]:
        match guard:
            case ArgIs(k, expected):
                return [CHECKS["arg_is"], k, self._object(expected)]
            case ArgType(k, cls):
                return [CHECKS["arg_type"], k, self._object(cls)]
            case ArgFloatEquals(k, value) | ArgEquals(k, value):
                return [CHECKS["arg_equals"], k, self._object(value)]
            case DictItem(container, key, expected):
                words = (container, key, expected)
                return [CHECKS["dict_item"], *[self._object(word) for word in words]]
            case AttributeDictItem(owner, key, expected):
                words = (owner, key, expected)
                return [CHECKS["attribute_item"], *[self._object(word) for word in words]]
            case SlotIs(owner, descriptor, expected):
                return [CHECKS["word_is"], self._place(owner, descriptor), self._object(expected)]
            case SlotIsNot(owner, descriptor, excluded):
                return [
                    CHECKS["word_is_not"],
                    self._place(owner, descriptor),
                    self._object(excluded),
                ]
            case CellIs(cell, expected):
                return [
                    CHECKS["word_is"],
                    self._object(cell) + self.at.body,
                    self._object(expected),
                ]
            case ContextIs(variable, mode):
                # The same object is quickest to compare, but only small integers are the same object.
                small = [self._object(variable), self._object(mode)]
                return [CHECKS["context_is"], *small, mode & (2**64 - 1)]
            case ElementsAre(container, expected):
                kind = "list_is" if isinstance(container, list) else "keys_are"
                pointers = self._memory([self._object(x) for x in expected])
                return [CHECKS[kind], self._object(container), len(expected), pointers]
            case NumbersAre(array, expected):
                place = [self._object(array), self._object(expected) and expected.ctypes.data]
                spec = self._spec(expected.dtype, expected.shape)
                return [CHECKS["numbers_are"], *place, expected.nbytes, *spec]

    def _place(self, owner: Any, descriptor: Any) -> int:
        """Where a field of `__slots__` is."""
        return self._object(owner) + member_offset(descriptor)

    def _memory(self, words: Sequence[int]) -> int:
        """Where these words are from now on."""
        memory = np.array(words, np.uint64)
        self.keep.append(memory)
        return memory.ctypes.data

    def _number(self, i: int, slot: Live | ArgFloat) -> list[int]:
        if isinstance(slot, ArgFloat):
            return [CHECKS["arg_float"], i, slot.k]
        place = [self._object(slot.container), self._object(slot.key)]
        return [CHECKS["live"], i, *place, LIVE_KINDS[slot.kind]]

    def _array(self, i: int, slot: ArgArray | ArgTensor | State | Held | Kept) -> list[int]:
        written = i in self.plan.written
        match slot:
            case ArgArray():
                head = [CHECKS["arg_array"], i, slot.k, 0]
            case ArgTensor():
                flags = WITHOUT_EDGE * slot.requires_edge_none | WITHOUT_VIEW * written
                flags |= WITH_EDGE * slot.requires_edge
                head = [CHECKS["arg_tensor"], i, slot.k | flags << 32, self._object(slot.cls)]
            case State():
                head = [CHECKS["state"], i, self._object(slot.tensor) + self.at.value, 0]
            case Held():
                place = self._place(slot.object, slot.descriptor)
                head = [CHECKS["held"], i, place, self._object(slot.cls)]
            case Kept():
                head = [CHECKS["kept"], i, self._object(slot.object), self._object(slot.value)]
                self._set("reader", self._object(slot.reader))
        scalars = not written and not isinstance(slot, ArgArray)
        return head + self._spec(slot.dtype, slot.shape, written, scalars)

    def _fetch(self, i: int, slot: Fetch) -> list[int]:
        # What it returned is wrong if `unfit` is called, which raises.
        place = [self._object(slot.callable), self._object(partial(unfit, slot))]
        return [0, i, *place, *self._spec(slot.dtype, slot.shape)]

    def _output(self, i: int, slot: Output) -> list[int]:
        """An entry: whether it is a scalar; slot; where a tensor of which class may have an array to be used again."""
        old = [0, 0]
        held = [(s.object, s.descriptor) for s in self.plan.slots if isinstance(s, Held)]
        for store in self.plan.stores:
            if (
                isinstance(store.item, TensorResult)
                and store.item.slot == i
                and not self.plan.calls_back
                and (store.object, store.descriptor) not in held  # which the core reads or writes
            ):
                old = [self._place(store.object, store.descriptor), self._object(store.item.cls)]
        spec = self._spec(slot.dtype, slot.shape)
        spec[2] |= (WRITEABLE | OWNED) << 32
        return [slot.scalar, i, *old, *spec]

    def _tensor(self, i: int, slot: ArgTensor | State | Held | Kept) -> list[int]:
        """An entry for what is done with a tensor.

        0, slot and tensor; 1, slot and argument; 2, slot and the tensor's place; 3, slot, an object and its attribute.
        """
        if isinstance(slot, ArgTensor):
            return [1, i, slot.k]
        if isinstance(slot, Held):
            return [2, i, self._place(slot.object, slot.descriptor)]
        if isinstance(slot, Kept):
            return [3, i, self._object(slot.object), self._object(slot.value)]
        return [0, i, self._object(slot.tensor)]

    def _effects(self) -> None:
        plan = self.plan
        kinds = ArgTensor | State | Held | Kept
        tensors = [(i, s) for i, s in enumerate(plan.slots) if isinstance(s, kinds)]
        self._set("alone", int(plan.alone))
        self._entries("pins", [self._tensor(i, s) for i, s in tensors if plan.calls_back])
        self._entries("stamps", [self._tensor(i, s) for i, s in tensors if i in plan.stamped])
        clock: Any = modes.next_order  # the `__next__` of an iterator
        for name, thing in (
            ("version_type", Version),
            ("one", 1),
            ("clock", clock.__self__),
            ("stamp", stamp),
        ):
            self._set(name, self._object(thing))

    def _result(self) -> None:
        plan = self.plan
        result, items = plan.result, plan.items()
        if isinstance(result, Finish):
            kind = "finish"
            self._set("finish", self._object(result.callable))
        elif isinstance(result, tuple):
            kind = "tuple"
        else:
            kind = "none" if result is None else "one"
        self._set("result", RESULTS[kind])
        # Stores come first. An array's reference is handed over to the item that is the last to need it.
        every = [*[store.item for store in plan.stores], *items]
        last = {
            item.slot: n
            for n, item in enumerate(every)
            if isinstance(item, ArrayResult | TensorResult)
        }
        entries = [self._item(n, item, last) for n, item in enumerate(every)]
        places = [self._place(store.object, store.descriptor) for store in plan.stores]
        again = [self._reuse(store.item) for store in plan.stores]
        stores = zip(entries, places, again, strict=False)
        self._entries("stores", [[*e, place, fresh] for e, place, fresh in stores])
        self._entries("items", entries[len(places) :])

    def _reuse(self, item: Item) -> int:
        """Where it says which tensors an item may take the place of without being made; 0 for none."""
        if not isinstance(item, TensorResult):
            return 0
        output = self.plan.slots[item.slot]
        assert isinstance(output, Output)
        found = reuse(item.cls, output.dtype, output.scalar)
        if found is None:
            return 0
        *words, kind, size = found
        number = 0 if kind is None else self._object(kind)
        return self._memory([w & (2**64 - 1) for w in (*words, number, size)])

    def _item(self, n: int, item: Item, last: dict[int, int]) -> list[int]:
        """An entry: kind; slot, argument or object; tensor class; whether it is the last; a scalar's dtype; edge."""
        match item:
            case ArrayResult(slot) | TensorResult(_, slot, _):
                output = self.plan.slots[slot]
                scalar = isinstance(output, Output) and output.scalar
                cls = self._object(item.cls) if isinstance(item, TensorResult) else 0
                dtype = self._object(output.dtype) if scalar else 0  # type: ignore[union-attr]
                edge = self._object(item.edge) if isinstance(item, TensorResult) else 0
                return [ITEMS["value"], slot, cls, last[slot] == n, dtype, edge]
            case ArgResult(k):
                return [ITEMS["argument"], k, 0, 0, 0, 0]
            case ObjectResult(thing):
                return [ITEMS["object"], self._object(thing), 0, 0, 0, 0]

    def _overlaps(self) -> None:
        slots, written = self.plan.slots, self.plan.written
        sizes = [nbytes(slot) for slot in slots]
        self._list("sizes", sizes)
        bound = [i for i, s in enumerate(slots) if sizes[i] and isinstance(s, State | Buffer)]
        given = [
            i
            for i, s in enumerate(slots)
            if sizes[i] and isinstance(s, ArgArray | ArgTensor | Held | Kept | Fetch)
        ]
        self._list("bound", bound if written else [])
        self._list("given", given if written else [])
        self._list("written", [i for i in sorted(written) if sizes[i]])
        self._list("written_bound", [i for i in bound if i in written])
        self._list("written_given", [i for i in given if i in written])


def record(plan: Plan, core_address: int, slow: Callable[..., Any]) -> tuple[Array | Any, ...]:
    """The tuple that is the `self` of a plan's built-in function: the record, then all it points to."""
    made = Record(plan, core_address, slow)
    return made.array, *made.keep, [slow]
