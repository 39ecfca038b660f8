"""Guards as words in memory: where dicts, lists, cells and slots keep what is guarded, so that a look is one comparison.

NOTE [quick words]
A guard on `d[key]` costs a dict look-up, some 15 ns, and a training step has dozens of them. But a dict's value stays
where it is until the dict's table is made anew. So the first thing that a call does is to compare words: that the dict
has the table that it had, that the table is as large and has as many entries as it had, that an entry's key is the very
key, and that its value is the expected object. The words come in an order in which each address is that of memory which
the words before have shown to be there. If any word is another, nothing is said yet: the guards themselves are looked at,
and if they hold, the words are found anew (`Quick.find`), as after a new global has made the dict of globals grow.
"""

from __future__ import annotations

import functools
import types
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...core.inplace import array_at
from .ctypes_checks import contents, field
from .guards import MISSING, CellIs, DictItem, ElementsAre, Guard, SlotIs, is_same
from .layout import WORD, Layout, LayoutError, byte, layout, member_offset, word
from .slots import Array

GENERAL, UNICODE, SPLIT = 0, 1, 2
"""Kinds of tables: with hashes, of strings only, and of strings shared by several dicts."""
_ENTRY = {GENERAL: 3 * WORD, UNICODE: 2 * WORD, SPLIT: 2 * WORD}
_HEADER = (
    4 * WORD
)  # of a table; its second word has sizes and kind, its fourth the number of entries
_PLAIN = (dict, defaultdict)
MOST_FINDS = 16
"""How often the words of a call are found anew; a dict that is emptied and filled at each call would ask for it each time."""

Word = tuple[int, int]
"""An address, and what is to be there."""


class Unplaced(Exception):
    """There is no fixed place for what is guarded."""


class Table:
    """The table of a dict: what says that it is the same one, and where it keeps keys and values."""

    def __init__(self, d: Any, offset: int) -> None:
        start = id(d) + object.__basicsize__
        keys, values = word(start + 2 * WORD), word(start + 3 * WORD)
        if not keys:
            raise Unplaced
        size, kind = byte(keys + WORD + 1), byte(keys + WORD + 2)
        if kind not in _ENTRY or (kind == SPLIT) != bool(values):
            raise Unplaced
        count = word(keys + 3 * WORD)
        shape = keys + WORD
        self.split = kind == SPLIT
        self.used: Word = (start, word(start))
        self.words: list[Word] = [
            (start + 2 * WORD, keys), (start + 3 * WORD, values), (shape, word(shape)), (keys + 3 * WORD, count),
        ]  # fmt: skip
        first, step = keys + _HEADER + (1 << size), _ENTRY[kind]
        before = WORD if kind == GENERAL else 0
        entries = array_at(first, (count, step // WORD), np.uint64)
        self.places = {
            key: (
                first + i * step + before,
                values + offset + WORD * i if values else first + i * step + before + WORD,
            )
            for i, key in enumerate(entries[:, before // WORD].tolist())
            if key
        }

    def item(self, key: Any) -> tuple[Word, int]:
        """The word that is the key, and where its value is; `key` is the dict's own."""
        found = self.places.get(id(key))
        if found is None:
            raise Unplaced
        return (found[0], id(key)), found[1]


class Places:
    """Finds the words of guards. Tables are looked at once."""

    def __init__(self) -> None:
        self.at: Layout = layout()
        self.offset = table_offset()
        self.words: list[Word] = []
        self.held: list[Any] = []
        self._tables: dict[int, tuple[Table, dict[Any, Any]]] = {}
        self._keys: set[int] = set()

    def table(self, d: Any) -> tuple[Table, dict[Any, Any]]:
        """A dict's table, whose words are noted, and its keys by themselves."""
        found = self._tables.get(id(d))
        if found is None:
            if type(d) not in _PLAIN:
                raise Unplaced
            found = self._tables[id(d)] = Table(d, self.offset), {k: k for k in d}
            self.words += found[0].words
            self.held.append(d)
        return found

    def value(self, d: Any, key: Any) -> int:
        """Where `d[key]` is; 0 if there is no such key."""
        table, keys = self.table(d)
        if key not in keys:
            if table.split:  # another dict's key may be in the table
                raise Unplaced
            return 0
        own, place = table.item(keys[key])
        if own[0] not in self._keys:
            self._keys.add(own[0])
            self.words.append(own)
        return place

    def expect(self, place: int, found: Any, expected: Any) -> None:
        """Note that what is found at a place is as expected."""
        if not is_same(found, expected):
            raise Unplaced
        self.held.append(found)
        self.words.append((place, 0 if found is MISSING else id(found)))

    def guard(self, g: Guard) -> None:
        """Note the words of a guard.

        Raises:
            Unplaced: It has none, or does not hold.
        """
        match g:
            case DictItem(d, key, expected):
                place = self.value(d, key)
                if place:
                    self.expect(place, d[key], expected)
                elif expected is not MISSING:
                    raise Unplaced
            case SlotIs(owner, descriptor, expected):
                self.expect(
                    id(owner) + member_offset(descriptor), field(descriptor, owner), expected
                )
            case CellIs(cell, expected):
                self.expect(id(cell) + self.at.body, contents(cell), expected)
            case ElementsAre(container, expected):
                if len(container) != len(expected):
                    raise Unplaced
                if isinstance(container, list):
                    self.list_elements(container, expected)
                else:
                    self.dict_keys(container, expected)
            case _:
                raise Unplaced

    def list_elements(self, x: list[Any], expected: Sequence[Any]) -> None:
        """Note the elements of a list."""
        items = word(id(x) + self.at.body + WORD)
        self.words += [(id(x) + self.at.body, len(x)), (id(x) + self.at.body + WORD, items)]
        self.held.append(x)
        for i, want in enumerate(expected):
            self.expect(items + WORD * i, x[i], want)

    def dict_keys(self, d: Any, expected: Sequence[Any]) -> None:
        """Note the keys of a dict, in their order."""
        table, keys = self.table(d)
        if table.split:  # whose order is kept elsewhere
            raise Unplaced
        self.words.append(table.used)
        for key, want in zip(keys, expected, strict=True):
            if not is_same(key, want):
                raise Unplaced
            self.value(d, key)


class Quick:
    """The words of a call's guards, found as often as needed.

    Attributes:
        guards: Those that have words.
        others: Those that are looked at one by one.
        words: Pairs of address and word.
        places: Where numbers are that are read at each call, of `lives`; 0 if that is not known.
    """

    def __init__(self, guards: Sequence[Guard], lives: Sequence[tuple[Any, Any]]) -> None:
        self.guards: list[Guard] = []
        self.others: list[Guard] = []
        self.lives = lives
        self.held: list[Any] = []
        self.never = np.zeros(1, np.uint64)
        self.left = MOST_FINDS
        if not is_known():
            self.others += guards
            self._unknown()
            return
        found = Places()
        for g in guards:
            try:
                found.guard(g)
            except Unplaced:
                self.others.append(g)
            else:
                self.guards.append(g)
        self._take(found)

    def find(self) -> None:
        """Find the words of the present."""
        found = Places()
        self.left -= 1
        try:
            for g in self.guards:
                found.guard(g)
        except Unplaced:
            self._unknown()
        else:
            self._take(found)

    def _take(self, found: Places) -> None:
        try:
            places = [found.value(d, key) for d, key in self.lives]
        except Unplaced:
            places = [0] * len(self.lives)
        if self.left <= 0:
            self._unknown()
            return
        self.places, self.held = places, found.held
        self.words: Array = np.array(found.words, np.uint64).reshape(-1)

    def _unknown(self) -> None:
        """Take words that are never there."""
        self.words = np.array([self.never.ctypes.data, 1], np.uint64)
        self.held, self.places = [], [0] * len(self.lives)


@functools.cache
def is_known() -> bool:
    """Whether dicts and lists of this interpreter are laid out as this file says; looked at once."""
    try:
        table_offset()
        _verify()
    except LayoutError:
        return False
    return True


class _Thing:
    pass


@functools.cache
def table_offset() -> int:
    """Where, behind the address that a dict with a shared table has of its values, the first one is.

    Raises:
        LayoutError: Nowhere near.
    """
    thing, value = _Thing(), object()
    thing.first = value  # type: ignore[attr-defined]
    values = word(id(vars(thing)) + object.__basicsize__ + 3 * WORD)
    if not values:
        return 0
    for offset in (0, WORD):
        if word(values + offset) == id(value):
            return offset
    raise LayoutError("values of a dict are elsewhere")


def _examples() -> Iterator[dict[Any, Any]]:
    yield {}
    yield {"a": 1.5}
    yield {f"name {i}": object() for i in range(300)}
    mixed: dict[Any, Any] = {1: object(), "b": 2.5, (1, 2): object()}
    yield mixed
    holes = {f"key {i}": object() for i in range(20)}
    for i in range(0, 20, 3):
        del holes[f"key {i}"]
    yield holes
    yield defaultdict(list, {object(): 1, "x": object()})
    thing = _Thing()
    thing.a, thing.b = object(), object()  # type: ignore[attr-defined]
    yield vars(thing)
    module = types.ModuleType("example")
    module.a = object()  # type: ignore[attr-defined]
    yield vars(module)


def _verify() -> None:
    """Compare what lies at the places with what the public interface says.

    Raises:
        LayoutError: It is something else.
    """
    for d in _examples():
        _verify_dict(d)
        for change in ("a", "another key"):
            before = object()
            d[change] = before
            _verify_dict(d)
            del d[change]
            _verify_dict(d)
    x = [object(), object(), object()]
    found = Places()
    found.list_elements(x, x)
    if not _there(found.words):
        raise LayoutError("elements of a list are elsewhere")
    for spoil in (lambda: x.append(object()), lambda: x.__setitem__(1, None), x.pop):
        found = Places()
        found.list_elements(x, tuple(x))
        spoil()
        if _there(found.words):
            raise LayoutError("a change of a list goes unnoticed")


def _verify_dict(d: dict[Any, Any]) -> None:
    found = Places()
    for key in d:
        try:
            place = found.value(d, key)
        except Unplaced:
            continue
        if not place or word(place) != id(d[key]):
            raise LayoutError(f"a dict's value {key!r} is elsewhere")
    table, _ = found.table(d)
    if table.used[1] != len(d) or not _there([*found.words, table.used]):
        raise LayoutError("a dict's table is elsewhere")
    d["one more"] = 1
    grown = not _there(found.words) or table.split
    del d["one more"]
    if not grown:
        raise LayoutError("a key that is added to a dict goes unnoticed")


def _there(words: Sequence[Word]) -> bool:
    return all(word(at) == x for at, x in words)
