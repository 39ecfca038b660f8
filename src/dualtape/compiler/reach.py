"""What a function can reach besides its arguments: globals, closures, modules, optimizers, attributes by name.

From what was there when it was traced follow the guards that a compiled program checks at each call, and the
tensors whose numbers it reads at each call. Only names that appear in the code are followed, and a
framework's own modules and optimizers as a whole.
"""

from __future__ import annotations

import functools
import os
import random
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from operator import is_
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..core.random_state import Stream
from ..core.tensor import Tensor

SIMPLE = (int, float, complex, str, bytes, bool, type(None))
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
MOST_ELEMENTS = 256
"""Containers of more elements are compared as a whole, and not followed into, unless there are tensors in them."""
MOST_BYTES = 1 << 18
"""Plain arrays up to this size are compared at each call; larger ones found by name are followed instead (`Reach.large`)."""
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LIBRARIES = tuple(
    {p + os.sep for k in ("stdlib", "purelib", "platlib") if (p := sysconfig.get_path(k))}
)


def same(old: Any, new: Any) -> bool:
    """Whether a value is what it was: the same object, or an equal number or string of the same type."""
    return old is new or (
        type(old) is type(new) and isinstance(old, SIMPLE) and (old == new or old != old)
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
        return f"`{self.name}`"


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
        if self.now() is not self.expected:
            self.where[self.name] = self.expected


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
    """The elements of a list, or the keys of a dict."""

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
        for key in set(self.where) - set(self.expected):
            del self.where[key]

    def change(self) -> str:
        """See `Guard`."""
        return f"{self.label()} had {len(self.expected)} elements and has other ones ({len(self.where)})"


class Entries(Guard):
    """The keys and values of a long dict, which are not looked at one by one."""

    __slots__ = ()

    def now(self) -> Any:
        """See `Guard`."""
        return self.where

    def holds(self) -> bool:
        """See `Guard`."""
        old, new = self.expected, self.where
        return all_same(old, new) and all_same(old.values(), new.values())

    def restore(self) -> None:
        """See `Guard`."""
        if not self.holds():
            self.where.clear()
            self.where.update(self.expected)

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


def _keeps_numbers(x: Any) -> bool:
    """Whether a function that has this in a long list may write to it."""
    return isinstance(x, Tensor) or hasattr(type(x), "compiled_state")


def shown(x: Any) -> str:
    """A value in few characters."""
    text = repr(x) if isinstance(x, (*SIMPLE, Missing)) else f"a {type(x).__name__}"
    return text if len(text) < 60 else text[:57] + "..."


def names_of(code: CodeType) -> set[str]:
    """All names that a function's code, and the code inside it, mentions."""
    found = {*code.co_names, *code.co_freevars}
    for c in code.co_consts:
        if isinstance(c, CodeType):
            found |= names_of(c)
        elif isinstance(c, str):
            found.add(c)  # a key, or getattr's name
    return found


def is_library(filename: str) -> bool:
    """Whether a file is of the standard library, an installed package, or ours."""
    return filename.startswith(_OURS) or (
        filename.startswith(_LIBRARIES) or filename.startswith("<frozen")
    )


class Reach:
    """What was found.

    Attributes:
        guards: In the order of being found.
        tensors: Tensors, by identity.
        named: The tensors, by identity, that were found otherwise than as another's gradient.
        streams: Sources of random numbers of the user's own, from which plain NumPy and Python code draws.
        large: Where large plain arrays are found by name: the function is given something that follows what it computes
            with them, so that nothing of it is frozen.
        namespaces: The globals of the functions found, by identity.
        keepers: Things that are no tensors and keep numbers (they have `compiled_state`).
    """

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self.tensors: dict[int, Tensor] = {}
        self.large: list[Item | Contents] = []
        self.keepers: dict[int, Any] = {}
        self.named: set[int] = set()
        self.streams: list[Stream] = []
        self.names: set[str] = set()
        self.namespaces: dict[int, dict[str, Any]] = {}
        self._seen: dict[Any, Any] = {}
        self._objects: list[tuple[Any, str]] = []

    def follow(self, roots: Iterable[Any]) -> Reach:
        """Look at everything that can be reached from `roots`."""
        for x in roots:
            self.visit(x, "")
        before = -1
        while (
            len(self.names) != before
        ):  # an attribute's name may be mentioned in a function found later
            before = len(self.names)
            for x, label in list(self._objects):
                self.attributes(x, label)
        return self

    def visit(self, x: Any, label: str, named: bool = True) -> None:
        """Look at one value; `named` is false for what is found as a gradient."""
        if isinstance(x, SIMPLE):
            return
        if named and isinstance(x, Tensor):
            self.named.add(id(x))
        if id(x) in self._seen:
            return
        kind = type(x)
        self._seen[id(x)] = x
        if isinstance(x, Tensor):
            self.tensors[id(x)] = x
            leaf = x.leaf
            if leaf is not None and leaf.grad is not None:
                self.visit(leaf.grad, f"{label}.grad", named=False)
        elif kind is np.ndarray:
            if x.dtype != object:
                self.guards.append(Numbers(x, label, x.copy()))
        elif kind is FunctionType:
            self.function(x)
        elif kind is MethodType:
            self.visit(x.__func__, label)
            self.visit(x.__self__, label)
        elif kind is functools.partial:
            for part in (x.func, *x.args, *x.keywords.values()):
                self.visit(part, label)
        elif kind in (list, tuple):
            if kind is list:
                self.guards.append(Elements(x, label, tuple(x)))
            if len(x) <= MOST_ELEMENTS or any(map(_keeps_numbers, x)):
                for i, part in enumerate(x):
                    self.visit(part, f"{label}[{i}]")
        elif kind is BuiltinFunctionType:
            if isinstance(x.__self__, _GENERATORS):
                self.visit(x.__self__, label)
        elif isinstance(x, np.random.Generator):
            bits = x.bit_generator
            self.streams.append(
                Stream(lambda: bits.state, lambda state: setattr(bits, "state", state))
            )
        elif isinstance(x, np.random.RandomState):
            self.streams.append(Stream(x.get_state, x.set_state))
        elif isinstance(x, random.Random):
            self.streams.append(Stream(x.getstate, x.setstate))
        elif isinstance(x, dict):
            self.mapping(x, label)
        elif hasattr(kind, "compiled_state"):
            self.keepers[id(x)] = x
        elif kind is ModuleType:
            filename = getattr(x, "__file__", None)
            if filename and not is_library(filename):
                self._objects.append((x, label))
        elif not isinstance(x, type) and hasattr(x, "__dict__"):
            self.instance(x, label)

    def value(self, guard: Guard) -> None:
        """Guard a value, and look at it."""
        x = guard.expected
        if type(x) is np.ndarray and x.nbytes > MOST_BYTES and x.dtype.kind in "fciub":
            assert isinstance(guard, (Item, Contents))
            self.large.append(guard)
        else:
            self.visit(x, guard.label().strip("`"))
        self.guards.append(guard)

    def function(self, f: FunctionType) -> None:
        """Globals and closure of a Python function; one of a library is left alone."""
        inner = getattr(f, "__wrapped__", None)
        if inner is not None:
            self.visit(inner, "")
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            if isinstance(cell, CellType):
                found = Contents(cell, name, None)
                found.expected = found.now()
                self.value(found)
        if is_library(f.__code__.co_filename):
            return
        self.names |= names_of(f.__code__)
        self.namespaces[id(f.__globals__)] = f.__globals__
        for name in sorted(names_of(f.__code__)):
            if name in f.__globals__:
                self.value(Item(f.__globals__, name, f.__globals__[name]))
        for default in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.visit(default, "")

    def mapping(self, x: Any, label: str) -> None:
        """The keys of a dict, and its values."""
        if len(x) > MOST_ELEMENTS and not any(map(_keeps_numbers, x.values())):
            self.guards.append(Entries(x, label, dict(x)))
            return
        self.guards.append(Elements(x, label, tuple(x)))
        for key in x:
            if isinstance(key, SIMPLE):
                self.value(Item(x, key, x[key]))
            else:
                self.visit(x[key], label)

    def instance(self, x: Any, label: str) -> None:
        """An object: a module or an optimizer as a whole, of others the attributes that the code names."""
        d = vars(x)
        if "__wrapped__" in d:
            self.visit(x.__wrapped__, label)
        if "_parameters" in d and "_modules" in d:
            for name, value in d.items():
                self.value(Item(d, name, value))
        elif "param_groups" in d and "state" in d:
            self.visit(x.param_groups, f"{label}.param_groups")
            for state in list(x.state.values()):
                self.visit(state, f"{label}.state")
            self.guards.append(Elements(x.state, f"{label}.state", tuple(x.state)))
        elif hasattr(type(x), "compiled_keepers"):
            for keeper in x.compiled_keepers():
                self.visit(keeper, label)
            unwatched = getattr(x, "compiled_unwatched", d)
            for name, value in list(d.items()):
                if name not in unwatched:
                    self.value(Item(d, name, value))
        self._objects.append((x, label))
        for cls in type(x).__mro__:
            for f in vars(cls).values():
                f = f.fget if isinstance(f, property) else getattr(f, "__func__", f)
                if type(f) is FunctionType and not is_library(f.__code__.co_filename):
                    self.visit(f, label)

    def attributes(self, x: Any, label: str) -> None:
        """The attributes of an object whose names the code mentions."""
        d = vars(x)
        for name in sorted(self.names & d.keys()):
            if (id(d), name) not in self._seen:
                self._seen[id(d), name] = d
                self.value(Item(d, name, d[name]))


def reachable(roots: Iterable[Any]) -> Reach:
    """What can be reached from functions and objects."""
    return Reach().follow(roots)


def changes(guards: Iterable[Guard]) -> Iterator[str]:
    """What is no longer as it was."""
    for g in guards:
        if not g.holds():
            yield g.change()
