"""`jit`: a function that is traced once per kind of call, and from then on run as a program.

A call looks for a program whose signature is the call's and whose guards hold; without one the function is
captured again, and it is noted why. What cannot be captured runs eagerly, with one warning that says where and why,
or with `strict=True` raises.
"""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core import modes
from ..core.boxes import Box
from ..core.callsite import warn
from ..core.errors import TransformError
from ..core.tensor import Tensor
from ..core.tracing import StagingError
from ..transforms import tree
from .capturing import ChangesState, NotCompilable, Refused, captured
from .executable import executable, weakly
from .fastcall import fast_call
from .graph import Graph
from .interpreter import Executable
from .program import Program
from .reach import SIMPLE, is_library, shown

RETRACES_BEFORE_WARNING = 8


class CompileError(TransformError):
    """A function that was to be compiled as a whole (`strict`, `fullgraph`) does what cannot be compiled."""


@dataclass(slots=True)
class Record:
    """One capture, for `explain`."""

    signature: str
    reason: str
    seconds: float = 0.0
    compile_seconds: float = 0.0
    calls: int = 0
    program: Program | None = None
    eager: str | None = None


@dataclass(slots=True)
class Entry:
    """What is known of one signature; `held` are the arguments that it knows by their identity, which stays theirs so."""

    held: tuple[Any, ...] = ()
    programs: list[Program] = field(default_factory=list)
    eager: str | None = None
    unsettled: int = 0


class Compiled:
    """A function that runs as compiled programs; made by `jit`."""

    def __init__(
        self,
        f: Callable[..., Any],
        strict: bool = False,
        backend: str = "auto",
        name: str = "jit",
        effects_once: bool = False,
    ) -> None:
        self._function = f
        self._strict = strict
        self._backend = backend
        self._name = name
        self._effects_once = effects_once
        self._fast: Callable[..., Any] | None = None
        self._entries: dict[Any, Entry] = {}
        self._history: list[Record] = []
        functools.update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        fast = self._fast
        if fast is not None and not kwargs:
            return fast(*args)
        return self._any_call(args, kwargs)

    def _slow(self, *args: Any) -> Any:
        return self._any_call(args, {})

    def _any_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves, structure = tree.flatten((args, kwargs))
        if modes.current() & modes.BOXED or any(
            [isinstance(x, Tensor) and isinstance(x.value, Box) for x in leaves]  # noqa: C419
        ):
            return self._function(
                *args, **kwargs
            )  # a transformation around: it sees the operations
        key = (structure, tuple([_kind(x) for x in leaves]), _sharing(leaves))
        entry = self._entries.get(key)
        reason = ""
        if entry is not None:
            if entry.eager is not None:
                return self._function(*args, **kwargs)
            for p in entry.programs:
                reason = p.changed() or ""
                if not reason:
                    if p.call is not None:
                        self._fast = p.call
                    return self._run(p, leaves, args, kwargs)
        else:
            reason = self._difference(key) if self._history else "first call"
            entry = self._entries[key] = Entry(tuple([x for x in leaves if _kind(x)[0] is object]))
        program = self._capture(entry, leaves, structure, reason)
        if program is None:
            return self._function(*args, **kwargs)
        return self._run(program, leaves, args, kwargs)

    def _run(self, program: Program, leaves: Sequence[Any], args: Any, kwargs: Any) -> Any:
        arrays = program.inputs(leaves)
        if program.overlap(arrays):  # what it writes to, it also reads under another name
            return self._function(*args, **kwargs)
        return program(leaves, arrays)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return functools.partial(self, instance)

    # --- capturing ------------------------------------------------------------------------------------

    def _capture(
        self, entry: Entry, leaves: Sequence[Any], structure: tree.Structure, reason: str
    ) -> Program | None:
        record = Record(_described(leaves, structure), reason)
        self._history.append(record)
        start = time.perf_counter()
        try:
            program = captured(self._function, leaves, structure, self._effects_once)
        except ChangesState as error:
            entry.unsettled += 1
            if entry.unsettled < 2:  # as the first step of an optimizer does, which makes its state
                record.eager = str(error)
                return None
            self._give_up(entry, record, error)
            return None
        except (TransformError, Refused) as error:
            if isinstance(error.__cause__, StagingError):
                self._entries = {k: e for k, e in self._entries.items() if e is not entry}
                raise error.__cause__ from None
            self._give_up(entry, record, error.__cause__ if isinstance(error, Refused) else error)
            return None
        entry.unsettled = 0
        record.seconds = time.perf_counter() - start
        start = time.perf_counter()
        program.run = executable(program.graph, self._backend)
        if program.derivative is not None:
            program.derivative.run = executable(program.derivative.backward, self._backend)
        program.call = fast_call(program, leaves, structure, weakly(self._slow))
        record.compile_seconds = time.perf_counter() - start
        record.program = program
        entry.programs.insert(0, program)
        if len(self._history) == RETRACES_BEFORE_WARNING + 1:
            warn(
                f"{self._label()} has been traced {len(self._history)} times. The last reason: {reason}. Pass what changes as an "
                f"array or a tensor rather than as a number, or keep it the same; {self._name}(f).explain() lists all reasons"
            )
        return program

    def _give_up(self, entry: Entry, record: Record, error: Any) -> None:
        what = (
            f"{error}" if isinstance(error, TransformError) else f"{type(error).__name__}: {error}"
        )
        where = "" if "\n  at " in what else _line(error)
        entry.eager = record.eager = f"{what}{where}"
        message = f"{self._label()} cannot be compiled: {what}{where}"
        if self._strict:
            self._entries = {k: e for k, e in self._entries.items() if e is not entry}
            raise CompileError(message) from error
        if self._effects_once:  # TensorFlow's functions run as graphs or not without a word
            return
        warn(
            f"{message}\n  It runs eagerly for such arguments. Use where() or a structured loop for what depends on numbers."
        )

    def _label(self) -> str:
        return f"{self._name}({getattr(self._function, '__qualname__', type(self._function).__name__)})"

    def _difference(self, key: Any) -> str:
        """Which argument is different from the last call captured, old and new."""
        old = next(reversed(self._entries))
        if old[0] != key[0]:
            return f"the arguments' structure was {old[0]} and is {key[0]}"
        for i, (a, b) in enumerate(zip(old[1], key[1], strict=True)):
            if a != b:
                return f"argument {i} was {_kind_text(a)} and is {_kind_text(b)}"
        return "arguments that were one array are two, or the other way round"

    # --- looking at it --------------------------------------------------------------------------------

    def explain(self) -> str:
        """What was traced and why, what it cost, what runs natively, and what runs eagerly and why."""
        lines = [f"{self._label()}: traced {len(self._history)} times"]
        for i, r in enumerate(self._history):
            lines.append(f"{i + 1}. {r.signature}")
            lines.append(f"   why: {r.reason}")
            if r.program is None:
                lines.append(f"   ran eagerly: {r.eager}")
                continue
            lines.append(
                f"   tracing {r.seconds * 1e3:.1f} ms, compiling {r.compile_seconds * 1e3:.1f} ms, {len(r.program.graph.calls)} operations"
            )
            assert r.program.run is not None
            lines += [f"   {text}" for text in r.program.run.explain()]
        return "\n".join(lines)

    def _last(self) -> Program:
        for r in reversed(self._history):
            if r.program is not None:
                return r.program
        raise ValueError(f"{self._label()} has not been compiled yet: call it first")

    def _executable(self) -> Executable:
        run = self._last().run
        assert run is not None
        return run

    def graph(self) -> Graph:
        """The graph of the last program traced; it prints as text.

        Raises:
            ValueError: There is none yet.
        """
        return self._last().graph

    def llvm(self) -> str:
        """The LLVM code of the last program.

        Raises:
            ValueError: There is none.
        """
        return self._executable().llvm()

    def asm(self) -> str:
        """The machine code of the last program, as assembly text.

        Raises:
            ValueError: There is none.
        """
        return self._executable().asm()

    def __repr__(self) -> str:
        return f"<{self._label()}>"


def jit(f: Callable[..., Any] | None = None, *, strict: bool = False, backend: str = "auto") -> Any:
    """Compile a function: it is traced at its first call with arguments of a kind, and run as native code from then on.

    Args:
        f: Of NumPy, PyTorch-style or TensorFlow-style code; without it a decorator is returned.
        strict: Raise where something cannot be compiled, instead of running eagerly with a warning.
        backend: "native" (needs `pip install dualtape[compile]`), "numpy" (the same graph as NumPy calls), or "auto": native
            where llvmlite is installed.

    Returns:
        The function, with `explain()`, `graph()`, `llvm()` and `asm()`.

    Raises:
        CompileError: With `strict`, at a call.
    """
    if f is None:
        return functools.partial(jit, strict=strict, backend=backend)
    return Compiled(f, strict, backend)


# --- signatures ---------------------------------------------------------------------------------------


def _kind(x: Any) -> Any:
    """What a program is made for: shape and dtype of an array, the value of a number, the identity of the rest."""
    if isinstance(x, Tensor):
        return type(x), tuple(x.value.shape), x.value.dtype, x.current_edge() is not None
    if isinstance(x, (np.ndarray, np.generic)):
        return type(x), x.shape, x.dtype, False
    if isinstance(x, SIMPLE):
        return type(x), x if x == x else "nan"
    return object, id(x)


def _kind_text(kind: Any) -> str:
    if len(kind) == 4:
        cls, shape, dtype, grad = kind
        return f"a {cls.__name__} {dtype.name}{list(shape)}{' that requires a gradient' if grad else ''}"
    return shown(kind[1]) if kind[0] is not object else "another object"


def _sharing(leaves: Sequence[Any]) -> tuple[int, ...] | None:
    """Which leaves are one and the same array; None if all are different."""
    ids = [id(x) for x in leaves if isinstance(x, (Tensor, np.ndarray))]
    if len(set(ids)) == len(ids):
        return None
    return tuple([ids.index(i) for i in ids])


def _described(leaves: Sequence[Any], structure: tree.Structure) -> str:
    return ", ".join(_kind_text(_kind(x)) for x in leaves) or "no arguments"


def _line(error: BaseException) -> str:
    """The user's line that an exception comes from."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not is_library(frame.filename):
            return f"\n  at {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
    return ""


__all__ = ["CompileError", "Compiled", "NotCompilable", "jit"]
