"""What a function can reach besides its arguments: globals, closures, modules, optimizers, attributes by name.

From what was there when it was traced follow the guards that a compiled program checks at each call, and the
tensors whose numbers it reads at each call. Only names that appear in the code are followed, and a
framework's own modules and optimizers as a whole.
"""

from __future__ import annotations

import dis
import functools
import os
import random
import sys
import sysconfig
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Iterable, Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..core.random_state import Stream
from ..core.tensor import Tensor
from .guards import (
    MISSING,
    SIMPLE,
    ClassItem,
    Contents,
    Elements,
    Entries,
    Field,
    Guard,
    Item,
    Members,
    Numbers,
)

_STORE, _EXTENDED = dis.opmap["STORE_ATTR"], dis.opmap["EXTENDED_ARG"]
_BY_NAME = frozenset({"getattr", "attrgetter", "vars", "__dict__", "__getattribute__"})
"""What gets at attributes whose names the code may not mention."""
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
MOST_ELEMENTS = 256
"""Containers of more elements are compared as a whole, and not followed into, unless there are tensors in them."""
MOST_BYTES = 1 << 18
"""Plain arrays up to this size are compared at each call; larger ones found by name are followed instead (`Reach.large`)."""
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_DATA = (*SIMPLE, np.ndarray, np.generic, Tensor, MemberDescriptorType)
_LIBRARIES = tuple(
    {p + os.sep for k in ("stdlib", "purelib", "platlib") if (p := sysconfig.get_path(k))}
)


def _may_change(x: Any) -> bool:
    """Whether something in a long list may change while it stays the same object; plain arrays are trusted not to."""
    if isinstance(x, tuple):
        return any(map(_may_change, x))
    return not isinstance(x, (*SIMPLE, np.ndarray, np.generic))


def names_of(code: CodeType) -> set[str]:
    """All names that a function's code, and the code inside it, mentions."""
    found = {*code.co_names, *code.co_freevars}
    for c in code.co_consts:
        if isinstance(c, CodeType):
            found |= names_of(c)
        elif isinstance(c, str):
            found.add(c)  # a key, or getattr's name
        elif isinstance(c, (tuple, frozenset)):
            found |= {x for x in c if isinstance(x, str)}
    return found


def stored_by(code: CodeType) -> set[str]:
    """The names of the attributes that a function's code sets."""
    text, names, found = code.co_code, code.co_names, set()
    if _STORE not in text:
        return set()
    high = 0
    for at in range(0, len(text), 2):
        opcode, argument = text[at], text[at + 1] | high
        high = argument << 8 if opcode == _EXTENDED else 0
        if opcode == _STORE:
            found.add(names[argument])
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
        iterators: Names of what gives something else each time that it is asked.
        keepers: Things that are no tensors and keep numbers (they have `compiled_state`).
    """

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self.tensors: dict[int, Tensor] = {}
        self.large: list[Item | Contents] = []
        self.keepers: dict[int, Any] = {}
        self.named: set[int] = set()
        self.streams: list[Stream] = []
        self.iterators: list[str] = []
        self.names = {"__call__", "forward"}  # which calls mean without naming them
        self.asked: set[str] = set()  # those that may be missing
        self.stored: set[str] = set()  # those of attributes that functions set
        self.computed = False  # whether names of attributes may be computed
        self.namespaces: dict[int, dict[str, Any]] = {}
        self._seen: dict[Any, Any] = {}
        self._objects: list[tuple[Any, str]] = []

    def follow(self, roots: Iterable[Any]) -> Reach:
        """Look at everything that can be reached from `roots`."""
        for x in roots:
            self.visit(x, "")
        before: Any = None
        # An attribute's name may be mentioned in a function found later, and be one of an object found later.
        while (
            now := (len(self.names), len(self._objects), len(self.asked), self.computed)
        ) != before:
            before = now
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
            for part in (x.func, *x.args, x.keywords):
                self.visit(part, label)
        elif isinstance(x, (list, deque, tuple)):
            if not isinstance(x, tuple):
                self.guards.append(Elements(x, label, tuple(x)))
            if len(x) <= MOST_ELEMENTS or any(map(_may_change, x)):
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
        elif kind is set:
            self.guards.append(Members(x, label, frozenset(x)))
        elif hasattr(kind, "compiled_state"):
            self.keepers[id(x)] = x
        elif kind is ModuleType:
            if not _is_library_module(x):
                self._objects.append((x, label))
        elif hasattr(kind, "__next__"):
            self.iterators.append(label)
        elif isinstance(x, type):
            if not _of_library(x):
                self._objects.append((x, label))
        elif hasattr(x, "__dict__"):
            self.instance(x, label)
        elif not _of_library(kind):
            self._objects.append((x, label))
        if (
            isinstance(x, (list, deque, tuple, dict))
            and hasattr(x, "__dict__")
            and not _of_library(kind)
        ):
            self.instance(x, label)

    def met(self, x: Any) -> bool:
        """Whether something was found."""
        return id(x) in self._seen

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
        if vars(f):
            self._objects.append((f, f.__name__))
        self.names |= names_of(f.__code__)
        self.computed |= not _BY_NAME.isdisjoint(f.__code__.co_names)
        if f.__name__ != "__init__":
            self.stored |= stored_by(f.__code__)
        if {"hasattr", "getattr"} & set(f.__code__.co_names):
            self.asked |= {
                c for c in f.__code__.co_consts if isinstance(c, str) and c.isidentifier()
            }
        self.namespaces[id(f.__globals__)] = f.__globals__
        for name in sorted(names_of(f.__code__)):
            if name in f.__globals__:
                self.value(Item(f.__globals__, name, f.__globals__[name]))
        for default in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.visit(default, "")

    def mapping(self, x: Any, label: str) -> None:
        """The keys of a dict, and its values."""
        if len(x) > MOST_ELEMENTS and not any(map(_may_change, x.values())):
            self.guards.append(Entries(x, label, dict(x)))
            return
        self.guards.append(Elements(x, label, tuple(x)))
        for key in x:
            self.value(Item(x, key, x[key]))

    def instance(self, x: Any, label: str) -> None:
        """An object: a module or an optimizer as a whole, of others the attributes that the code names."""
        d = vars(x)
        if "__wrapped__" in d:
            self.visit(x.__wrapped__, label)
        if "_parameters" in d and "_modules" in d:
            if "forward" not in d and self._first(d, "forward"):
                self.guards.append(Item(d, "forward", MISSING))
            for name, value in d.items():
                if type(value) is not set:  # names of buffers that are not saved
                    self.value(Item(d, name, value))
        elif "param_groups" in d and "state" in d:
            self.value(Item(d, "param_groups", x.param_groups))
            self.guards.append(Item(d, "state", x.state))
            self.guards.append(Elements(x.state, f"{label}.state", tuple(x.state)))
            for key, state in list(x.state.items()):
                self.guards.append(Item(x.state, key, state))
                self.visit(state, f"{label}.state")
        elif hasattr(type(x), "compiled_keepers"):
            for keeper in x.compiled_keepers():
                self.visit(keeper, label)
            unwatched = getattr(x, "compiled_unwatched", d)
            for name, value in list(d.items()):
                if name not in unwatched:
                    self.value(Item(d, name, value))
        elif isinstance(x, (UserDict, UserList, ChainMap)):
            for name, value in d.items():
                self.value(Item(d, name, value))
        self._objects.append((x, label))
        for cls in type(x).__mro__:
            for f in vars(cls).values():
                f = f.fget if isinstance(f, property) else getattr(f, "__func__", f)
                if type(f) is FunctionType and not is_library(f.__code__.co_filename):
                    self.visit(f, label)

    def attributes(self, x: Any, label: str) -> None:
        """The attributes of an object whose names the code mentions, its own and those of its class."""
        d = {} if isinstance(x, type) else getattr(x, "__dict__", {})
        for name in sorted(self._mentioned(x, d)):
            if self._first(d, name):
                self.value(Item(d, name, d[name]))
        if hasattr(x, "__dict__") and not isinstance(x, (type, ModuleType)):
            stored = set() if _of_library(type(x)) else self.stored
            for name in sorted((self.asked | stored) - d.keys()):
                if self._first(d, name):
                    self.guards.append(Item(d, name, MISSING))
        for cls in (x if isinstance(x, type) else type(x)).__mro__:
            if cls is object or _of_library(cls):
                continue
            for name in sorted(self._mentioned(cls, vars(cls))):
                found = vars(cls)[name]
                if isinstance(found, MemberDescriptorType):
                    if not isinstance(x, type) and self._first(x, name):
                        self._guarded(Field(x, name, found), label)
                    continue
                if self._first(cls, name):
                    self._guarded(ClassItem(cls, name, found), label)
                shadowed = hasattr(x, "__dict__") and not isinstance(x, type)
                if (
                    shadowed
                    and name not in d
                    and not hasattr(type(found), "__set__")
                    and self._first(d, name)
                ):
                    self.guards.append(Item(d, name, MISSING))

    def _mentioned(self, x: Any, d: Mapping[str, Any]) -> set[str]:
        """The attributes among those of an object that the code may ask for."""
        found = self.names & d.keys()
        if self.computed and not (isinstance(x, (type, ModuleType)) or _of_library(type(x))):
            return {*d}
        if (
            self.computed
        ):  # of modules and classes, data alone, and what says that objects have some
            found |= {k for k, v in d.items() if k[:2] != "__" and isinstance(v, _DATA)}
        return found

    def _first(self, where: Any, name: str) -> bool:
        """Whether a name is looked at for the first time."""
        if (id(where), name) in self._seen:
            return False
        self._seen[id(where), name] = where
        return True

    def _guarded(self, guard: Guard, label: str) -> None:
        self.guards.append(guard)
        if guard.expected is not MISSING:
            found = guard.expected
            self.visit(getattr(found, "__func__", found), f"{label}.{guard.name}")


def _is_library_module(x: ModuleType) -> bool:
    """Whether a module is not of the user's making; one without a file may be."""
    filename = getattr(x, "__file__", None)
    if filename:
        return is_library(filename)
    return x.__name__.partition(".")[0] in sys.stdlib_module_names


def _of_library(cls: type) -> bool:
    """Whether a class is not of the user's making."""
    filename = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return cls.__module__ == "builtins" or (filename is not None and is_library(filename))


def reachable(roots: Iterable[Any]) -> Reach:
    """What can be reached from functions and objects."""
    return Reach().follow(roots)
