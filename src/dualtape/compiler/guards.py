"""What a compiled program checks at each call: that names, attributes, elements are what they were when it was traced."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from operator import is_
from types import MemberDescriptorType
from typing import Any

SIMPLE = (int, float, complex, str, bytes, bool, type(None))


def told_apart(x: Any) -> Any:
    """What is equal for two numbers or strings of one type just if they are the same: NaN is, and zeros have signs."""
    if isinstance(x, complex) or (isinstance(x, float) and (not x or x != x)):
        return repr(x)
    return x


def same(old: Any, new: Any) -> bool:
    """Whether a value is what it was: the same object, or the same number or string of the same type."""
    return old is new or (
        type(old) is type(new)
        and isinstance(old, SIMPLE)
        and bool(told_apart(old) == told_apart(new))
    )


def all_same(old: Collection[Any], new: Collection[Any]) -> bool:
    """`same`, element by element."""
    return len(old) == len(new) and (all(map(is_, old, new)) or all(map(same, old, new)))


class Guard:
    """Something that has to be as it was when the function was traced."""

    __slots__ = ("expected", "name", "where")

    def __init__(self, where: Any, name: Any, expected: Any) -> None:
        self.where = where
        self.name = name
        self.expected = expected

    def now(self) -> Any:
        """What is there now."""
        raise NotImplementedError

    def holds(self) -> bool:
        """Whether it is as it was."""
        return same(self.expected, self.now())

    def restore(self) -> None:
        """Put it back as it was."""

    def change(self) -> str:
        """What is different, for people."""
        return f"{self.label()} was {shown(self.expected)} and is {shown(self.now())}"

    def label(self) -> str:
        """What is guarded, for people."""
        return f"`{self.name}`" if isinstance(self.name, (str, int)) else f"[{shown(self.name)}]"


class Item(Guard):
    """`where[name]` of a dict: a global, an attribute, an option."""

    __slots__ = ()

    def replace(self, x: Any) -> None:
        """Put something else there for a while."""
        self.where[self.name] = x

    def now(self) -> Any:
        """See `Guard`."""
        return self.where.get(self.name, MISSING)

    def restore(self) -> None:
        """See `Guard`."""
        if self.now() is self.expected:
            return
        if self.expected is MISSING:
            del self.where[self.name]
        else:
            self.where[self.name] = self.expected


class ClassItem(Guard):
    """What a class itself has under a name: a method, a number. `where` is the class."""

    __slots__ = ()

    def dict(self) -> dict[str, Any]:
        """The class's own dict, which is to be read only: CPython remembers look-ups."""
        (found,) = gc.get_referents(vars(self.where))
        assert type(found) is dict
        return found

    def now(self) -> Any:
        """See `Guard`."""
        return vars(self.where).get(self.name, MISSING)

    def restore(self) -> None:
        """See `Guard`."""
        if self.now() is not self.expected:
            setattr(self.where, self.name, self.expected)


class Field(Guard):
    """What an object has in a field of `__slots__`; `slot` is its descriptor."""

    __slots__ = ("slot",)

    def __init__(self, where: Any, name: str, slot: MemberDescriptorType) -> None:
        self.slot = slot
        super().__init__(where, name, getattr(where, name, MISSING))

    def now(self) -> Any:
        """See `Guard`."""
        return getattr(self.where, self.name, MISSING)

    def restore(self) -> None:
        """See `Guard`."""
        if self.now() is self.expected:
            return
        if self.expected is MISSING:
            self.slot.__delete__(self.where)
        else:
            self.slot.__set__(self.where, self.expected)


class Whole(Guard):
    """A set or a dict that is compared, and put back, as a whole."""

    __slots__ = ()

    def now(self) -> Any:
        """See `Guard`."""
        return self.where

    def restore(self) -> None:
        """See `Guard`."""
        if not self.holds():
            self.where.clear()
            self.where.update(self.expected)


class Members(Whole):
    """The elements of a set."""

    __slots__ = ()

    def holds(self) -> bool:
        """See `Guard`."""
        return bool(self.where == self.expected)

    def change(self) -> str:
        """See `Guard`."""
        return f"the set {self.label()} has other elements"


class Contents(Guard):
    """What a cell of a closure contains."""

    __slots__ = ()

    def replace(self, x: Any) -> None:
        """Put something else there for a while."""
        self.where.cell_contents = x

    def now(self) -> Any:
        """See `Guard`."""
        try:
            return self.where.cell_contents
        except ValueError:
            return MISSING

    def restore(self) -> None:
        """See `Guard`."""
        if self.now() is not self.expected and self.expected is not MISSING:
            self.where.cell_contents = self.expected


class Elements(Guard):
    """The elements of a list or a deque, or the keys of a dict."""

    __slots__ = ()

    def now(self) -> Any:
        """See `Guard`."""
        return tuple(self.where)

    def holds(self) -> bool:
        """See `Guard`."""
        return all_same(self.expected, self.where)

    def restore(self) -> None:
        """See `Guard`: a list gets its elements back, a dict loses keys that came (`Item` sees to the values)."""
        if self.holds():
            return
        if isinstance(self.where, list):
            self.where[:] = self.expected
            return
        if isinstance(self.where, deque):
            self.where.clear()
            self.where.extend(self.expected)
            return
        for key in set(self.where) - set(self.expected):
            del self.where[key]

    def change(self) -> str:
        """See `Guard`."""
        return f"{self.label()} had {len(self.expected)} elements and has other ones ({len(self.where)})"


class Entries(Whole):
    """The keys and values of a long dict, which are not looked at one by one."""

    __slots__ = ()

    def holds(self) -> bool:
        """See `Guard`."""
        old, new = self.expected, self.where
        return all_same(old, new) and all_same(old.values(), new.values())

    def change(self) -> str:
        """See `Guard`."""
        return f"the dict {self.label()}, of {len(self.expected)} entries, has changed"


class Numbers(Guard):
    """The numbers in a plain array, which NumPy may have computed with while tracing."""

    __slots__ = ()

    def now(self) -> Any:
        """See `Guard`."""
        return self.where

    def holds(self) -> bool:
        """See `Guard`."""
        return bool(
            self.where.shape == self.expected.shape
            and self.where.tobytes() == self.expected.tobytes()
        )

    def restore(self) -> None:
        """See `Guard`."""
        if not self.holds():
            self.where[...] = self.expected

    def change(self) -> str:
        """See `Guard`."""
        return f"the numbers in the array {self.label()} have changed"


class Hooks(Guard):
    """The hooks of a leaf, which ran, if there were any, while tracing."""

    __slots__ = ()

    def now(self) -> Any:
        """See `Guard`."""
        return hooks_of(self.where)

    def holds(self) -> bool:
        """See `Guard`."""
        return bool(self.expected == self.now())

    def change(self) -> str:
        """See `Guard`."""
        return f"a leaf of shape {self.where.shape} has other hooks"


def hooks_of(leaf: Any) -> tuple[Any, ...]:
    """What is called when a gradient arrives at a leaf."""
    return (*(leaf.hooks or {}).values(), *(leaf.post_hooks or {}).values())


class Missing:
    """Stands for a name that is not there."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


def shown(x: Any) -> str:
    """A value in few characters."""
    text = repr(x) if isinstance(x, (*SIMPLE, Missing)) else f"a {type(x).__name__}"
    return text if len(text) < 60 else text[:57] + "..."


def changes(guards: Iterable[Guard]) -> Iterator[str]:
    """What is no longer as it was."""
    for g in guards:
        if not g.holds():
            yield g.change()
