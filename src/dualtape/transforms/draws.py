"""Random numbers that NumPy or Python draw inside a `vmap`: once for all examples, and nobody says so.

The engine sees its own draws. Those of `np.random` and of the module `random` are plain numbers when they get
here, so the generators at hand are looked at before and after the function has run.
"""

from __future__ import annotations

import builtins
import dis
import inspect
import random
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ctypes import c_char
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..core import callsite
from ..core.errors import GradientWarning, TransformError
from .arguments import name_of

_PYTHON: Any = random.random.__self__  # type: ignore[attr-defined]
_HEAD = object.__basicsize__
_CPYTHON = sys.implementation.name == "cpython"
_UNUSED = (623, 624)
"""Where a Mersenne Twister stands in its block of numbers before the first is drawn."""
_DEEPEST = 3
_NOBODY = object()

Held = tuple[Any, Callable[[], Any], Any]
"""A generator (None for NumPy's global one), what reads it, and what that gave."""


class Draws:
    """The generators that a function may draw from, with what they hold before it runs.

    These are the two global ones, and those of NumPy among the function's arguments and the names of its own code.
    To look costs some microseconds; to ask a generator for its state takes a hundred.

    Args:
        f: The function, which will run for a whole batch.
        leaves: Its arguments, taken apart; None if it may draw.
    """

    __slots__ = ("before", "f", "numpys")

    def __init__(self, f: Callable[..., Any], leaves: Iterable[Any] | None) -> None:
        self.f = f
        self.before: list[Held] | None = None
        if leaves is None or not _CPYTHON:
            return
        self.before = [(_PYTHON, _python, _python())]
        numpys = self.numpys = sys.modules.get("numpy.random")
        if numpys is None:
            return
        self.before.append((None, _numpy, _numpy()))
        kinds = (numpys.Generator, numpys.RandomState)
        for x in (*leaves, *_named(f)):
            if isinstance(x, kinds):
                read = _reader(x)
                self.before.append((x, read, read()))

    def __enter__(self) -> Draws:
        _open.set((*_open.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _open.set(tuple([d for d in _open.get() if d is not self]))

    def check(self, what: str, *, refuse: bool) -> None:
        """Say so if a generator has moved since.

        Where other threads are alive, which may have drawn, it is a warning in any case.

        Args:
            what: The transformation, for messages.
            refuse: Whether to raise rather than to warn.

        Raises:
            TransformError: Numbers were drawn, by this thread.
        """
        if self.before is None:
            return
        owner = self._moved()
        if owner is _NOBODY:
            return
        if owner is None:
            owner = sys.modules["numpy.random"].get_state.__self__
        place = next(_uses(self.f, owner, _DEEPEST), None)
        seen = "" if place is None else f"\n  perhaps at {callsite.describe(place)}"
        message = (
            f"{what}: {name_of(self.f)} drew from {_called(owner)}, which gives one number for all examples of the batch, "
            f"since the function runs once.{seen}\n"
            f"  Draw for the whole batch outside and pass the numbers in, or pass {what} randomness='same' if one for "
            "all is meant."
        )
        if refuse and threading.active_count() == 1:
            raise TransformError(message)
        callsite.warn(message, GradientWarning)

    def _moved(self) -> Any:
        """The first generator that has moved: None for NumPy's global one, _NOBODY if none has."""
        for owner, read, held in self.before or ():
            if read() != held:
                return owner
        if self.numpys is None and "numpy.random" in sys.modules:  # it has been imported since
            now: Any = sys.modules["numpy.random"].get_state(legacy=False)
            if now["state"].get("pos") not in _UNUSED or now.get("has_gauss"):
                return None
        return _NOBODY


@contextmanager
def apart() -> Iterator[None]:
    """Let what runs in the block draw: it runs for one example, so that each gets numbers of its own."""
    watched = [d.before for d in _open.get() if d.before is not None]
    still = [(b, i) for b in watched for i, (_, read, held) in enumerate(b) if read() == held]
    yield
    for before, i in still:
        owner, read, _ = before[i]
        before[i] = owner, read, read()


_open: ContextVar[tuple[Draws, ...]] = ContextVar("dualtape_draws", default=())


def _memory(thing: Any) -> Any:
    """The memory of an object without its head, which has the reference count; `.raw` copies it.

    Generators hold their state in it: the block of random bits, the place in it, what is left of a pair of normal
    numbers. Who uses it keeps the object alive.
    """
    return (c_char * (type(thing).__basicsize__ - _HEAD)).from_address(id(thing) + _HEAD)


def _reader(generator: Any) -> Callable[[], Any]:
    """What reads all that a generator of NumPy holds."""
    bits = getattr(generator, "bit_generator", None)  # the older kind keeps it to itself
    bits = generator._bit_generator if bits is None else bits
    own, block = _memory(generator), _memory(bits)
    return lambda: (own.raw, block.raw, generator, bits)


_python_memory: Any = _memory(_PYTHON) if _CPYTHON else None


def _python() -> Any:
    """What Python's global generator holds."""
    return _python_memory.raw, _PYTHON.gauss_next


_numpy_readers: list[tuple[Any, Callable[[], Any]]] = []
"""NumPy's global bits, and what reads them: the last that were met."""


def _numpy() -> Any:
    """What NumPy's global generator holds."""
    bits: Any = sys.modules["numpy.random"].get_bit_generator()
    if not _numpy_readers or _numpy_readers[-1][0] is not bits:
        generator: Any = sys.modules["numpy.random"].get_state.__self__
        _numpy_readers[:] = [(bits, _reader(generator))]
    return _numpy_readers[-1][1]()


def _named(f: Any) -> list[Any]:
    """What the names in a function's own code stand for."""
    while (inner := getattr(f, "__wrapped__", None)) is not None:
        f = inner
    if f.__class__ is not FunctionType:
        return []
    code = f.__code__
    names = f.__globals__
    found = [names[name] for name in code.co_names if name in names]
    if code.co_freevars:
        for cell in f.__closure__ or ():
            try:
                found.append(cell.cell_contents)
            except ValueError:  # not assigned yet
                continue
    if f.__defaults__:
        found += f.__defaults__
    return found


def _called(generator: Any) -> str:
    if generator is _PYTHON:
        return "random"
    if generator is sys.modules["numpy.random"].get_state.__self__:
        return "np.random"
    return f"a np.random.{type(generator).__name__}"


def _uses(f: Any, owner: Any, depth: int) -> Iterator[callsite.Site]:
    """Where the code of a function, or of functions that it names, names a method of a generator."""
    f = inspect.unwrap(f)
    if isinstance(f, MethodType):
        f = f.__func__
    if not isinstance(f, FunctionType) or not callsite.is_users(f.__code__):
        return
    names = {**vars(builtins), **f.__globals__}
    for free, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            names[free] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    further = []
    for code in _codes(f.__code__):
        found: Any = None
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                known = found is owner or isinstance(found, ModuleType)
                found = getattr(found, instruction.argval, None) if known else None
            elif instruction.opname.startswith("LOAD_") and isinstance(instruction.argval, str):
                found = names.get(instruction.argval)
            else:
                continue
            if getattr(found, "__self__", None) is owner:
                yield code, instruction.offset
            elif isinstance(found, (FunctionType, MethodType)):
                further.append(found)
    for function in further if depth else ():
        yield from _uses(function, owner, depth - 1)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside of it."""
    yield code
    for c in code.co_consts:
        if isinstance(c, CodeType):
            yield from _codes(c)
