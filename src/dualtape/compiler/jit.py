"""`jit`: a function that is traced once per kind of call, and from then on run as a program.

A call looks for a program whose signature is the call's and whose guards hold; without one the function is
captured again, and it is noted why. What cannot be captured runs eagerly, with one warning that says where and why,
or with `strict=True` raises.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..core import modes
from ..core.boxes import Box
from ..core.callsite import warn
from ..core.errors import TransformError
from ..core.observation import timed, uncompiled
from ..core.tensor import Tensor
from ..core.tracing import StagingError
from ..transforms import tree
from .capturing import ChangesState, NotCompilable, Refused, captured
from .executable import executable, weakly
from .fastcall import fast_call
from .general import (
    MOST_LENGTHS,
    Captured,
    General,
    Pattern,
    Trial,
    pattern_of,
    shapes_of,
)
from .graph import Graph
from .history import Record, told
from .interpreter import Executable
from .native.call import go_on_with
from .program import Program
from .signatures import described, difference, kind_of, line_of, sharing
from .turns import in_turn

RETRACES_BEFORE_WARNING = 8
MOST_IN_TURNS = 4
"""Programs that are tried one after the other without Python."""
MOST_GENERALS = 16
"""Programs for any lengths that are kept for calls that differ in lengths alone."""


class CompileError(TransformError):
    """A function that was to be compiled as a whole (`strict`, `fullgraph`) does what cannot be compiled."""


@dataclass(slots=True)
class Entry:
    """What is known of one signature.

    Attributes:
        held: The arguments that it knows by their identity, which stays theirs so.
        programs: The newest first.
        eager: Why it runs eagerly, if it does.
        told: Whether the user has heard of it.
        unsettled: How often in turn it was captured while it changed what it found.
    """

    held: tuple[Any, ...] = ()
    programs: list[Program] = field(default_factory=list)
    eager: str | None = None
    told: bool = False
    unsettled: int = 0


class Compiled:
    """A function that runs as compiled programs; made by `jit`.

    Attributes:
        __call__: What runs it: a program's own call where there is one. A field, so that the interpreter goes there straight.
    """

    __slots__ = ("__call__", "__dict__", "__weakref__")

    __call__: Callable[..., Any]

    def __init__(
        self,
        f: Callable[..., Any],
        strict: bool = False,
        backend: str = "auto",
        name: str = "jit",
        effects_once: bool = False,
        dynamic: bool | None = None,
        axes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self._function = f
        self._strict = strict
        self._backend = backend
        self._name = name
        self._effects_once = effects_once
        self._dynamic = dynamic
        self._axes = axes
        self._patterns: dict[Any, Pattern] = {}
        self._entries: dict[Any, Entry] = {}
        self._history: list[Record] = []
        self._recent: list[Callable[..., Any]] = []
        self._python = self.__call__ = weakly(self._slow)
        functools.update_wrapper(self, f, updated=())

    def _slow(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, by Python: a call goes here where no program's own call takes it."""
        if modes.current() & modes.TIMED:
            return timed(f"compiled {getattr(self, '__name__', self._name)}", self, args, kwargs)
        return self._any_call(args, kwargs)

    def _any_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves, structure = tree.flatten((args, kwargs))
        if modes.current() & modes.STEPPED and uncompiled(self._function):
            return self._function(*args, **kwargs)  # a page is being made of its operations
        if modes.current() & modes.BOXED:  # a transformation around: it sees the operations
            return self._function(*args, **kwargs)
        with in_turn():
            boxed = any([isinstance(x, Tensor) and isinstance(x.value, Box) for x in leaves])  # noqa: C419
            if not boxed:
                key = (structure, tuple([kind_of(x) for x in leaves]), sharing(leaves))
                program = self._program(key, leaves, structure)
                arrays = None if program is None else program.inputs(leaves)
        if boxed:
            return self._function(*args, **kwargs)
        if program is None:
            return self._eagerly(key, args, kwargs)
        assert arrays is not None
        if program.overlap(arrays):  # what it writes to, it also reads under another name
            return self._function(*args, **kwargs)
        return program(leaves, arrays)

    def _program(
        self, key: Any, leaves: Sequence[Any], structure: tree.Structure
    ) -> Program | None:
        """The program for a call, which may have to be made; None if it is to run eagerly."""
        entry = self._entries.get(key)
        if entry is None:
            last = next(reversed(self._entries), None)
            reason = "first call" if last is None else difference(last, key)
            entry = self._entries[key] = Entry(
                tuple([x for x in leaves if kind_of(x)[0] is object])
            )
        elif entry.eager is not None:
            return None
        else:
            reason = (
                "the call before set up what it finds now, as an optimizer's first step does"
                if entry.unsettled
                else "the call before failed"
            )
        for p in entry.programs:
            reason = p.changed(leaves) or ""
            if not reason:
                if p.trial is not None and p.trial.is_over():
                    self._make_native(p, p.trial.general, leaves, structure)
                if p.call is not None:
                    self._prefer(p.call)
                return p
        return self._at_lengths(key, entry, leaves, structure) or self._capture(
            key, entry, leaves, structure, reason
        )

    def _eagerly(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Run the function as it is; where it turned out at this call that it has to be, say so, unless it fails by itself."""
        entry = self._entries.get(key)
        if entry is None or entry.told:
            return self._function(*args, **kwargs)
        try:
            out = self._function(*args, **kwargs)
        except Exception:  # then no more is known of whether it can be compiled
            entry.eager = None
            raise
        entry.told = entry.eager is not None
        if (
            entry.told and not self._effects_once
        ):  # TensorFlow's run as graphs or not without a word
            warn(
                f"{self._label()} cannot be compiled: {entry.eager}\n"
                "  It runs eagerly for such arguments. Use where() or a structured loop for what depends on numbers."
            )
        return out

    def _prefer(self, call: Callable[..., Any]) -> None:
        """Let a program's own call be tried first, and then those that were first before: training and evaluation take turns."""
        self._recent = [call, *[c for c in self._recent if c is not call]][:MOST_IN_TURNS]
        for c, following in zip(self._recent, [*self._recent[1:], self._python], strict=True):
            go_on_with(c, following)
        self.__call__ = call

    def __reduce__(self) -> Any:
        """Copies and pickles are of the function and its options; what has been compiled is not copied."""
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for name in (path := getattr(self, "__qualname__", "")).split("."):
            found = getattr(found, name, None)
        if found is self:  # the decorated function: it is found by its name
            return path
        return type(self), (
            self._function, self._strict, self._backend, self._name, self._effects_once, self._dynamic, self._axes,
        )  # fmt: skip

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return functools.partial(self, instance)

    # --- capturing ------------------------------------------------------------------------------------

    def _at_lengths(
        self, key: Any, entry: Entry, leaves: Sequence[Any], structure: tree.Structure
    ) -> Program | None:
        """A program made from one for any lengths, if one fits."""
        pattern = self._patterns.get(pattern_of(key))
        if pattern is None:
            return None
        shapes = shapes_of(key[1])
        for g in tuple(pattern.generals):
            values = g.values(shapes)
            if values is None or not g.captured.holds():
                continue
            try:
                program = g.captured.program(values)
            except Exception as error:
                g.record.settled = f"{type(error).__name__}: {error}"
                pattern.generals.remove(g)
                warn(
                    f"{self._label()}: a program for any length does not fit {values}, which is a bug in dualtape: "
                    f"{g.record.settled}\n  The function is traced again."
                )
                continue
            if program.changed(leaves) is None:
                if g.tries(program):
                    program.trial = Trial(g, key)
                    g.tried.append(key)
                    if len(g.tried) > MOST_LENGTHS:
                        self._entries.pop(g.tried.pop(0), None)
                    self._compile(program, g.record, leaves, structure, "numpy")
                else:
                    self._make_native(program, g, leaves, structure)
                entry.programs.insert(0, program)
                return program
        return None

    def _make_native(
        self, program: Program, g: General, leaves: Sequence[Any], structure: tree.Structure
    ) -> None:
        """Compile a program for given lengths."""
        program.trial = None
        self._compile(program, g.record, leaves, structure, self._backend)
        g.note(program)

    def _capture(
        self, key: Any, entry: Entry, leaves: Sequence[Any], structure: tree.Structure, reason: str
    ) -> Program | None:
        record = Record(described(leaves), reason)
        self._history.append(record)
        start = time.perf_counter()
        try:
            found = self._captured(key, record, leaves, structure)
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
        program = found.program()
        record.seconds = time.perf_counter() - start
        if record.general is None:
            self._compile(program, record, leaves, structure, self._backend)
        else:
            self._make_native(program, record.general, leaves, structure)
        entry.programs.insert(0, program)
        if len(self._history) == RETRACES_BEFORE_WARNING + 1:
            failed = self._patterns[pattern_of(key)].failed or record.settled
            advice = (
                f"Lengths cannot be left open: {failed}\n "
                if failed
                else "Pass what changes as an array or a tensor rather than as a number, or keep it the same;"
            )
            warn(
                f"{self._label()} has been traced {len(self._history)} times. The last reason: {reason}. {advice} "
                f"{self._name}(f).explain() lists all reasons"
            )
        return program

    def _captured(
        self, key: Any, record: Record, leaves: Sequence[Any], structure: tree.Structure
    ) -> Captured:
        """Capture a call, with lengths left open if it is time for that and they can be."""
        pattern = self._patterns.setdefault(pattern_of(key), Pattern())
        shapes = shapes_of(key[1])
        chosen = None
        if self._dynamic is not False:
            chosen = pattern.left_open(shapes, self._dynamic is True, self._axes)
        if chosen is not None:
            lengths, wanted = chosen
            try:
                found = captured(
                    self._function, leaves, structure, self._effects_once, lengths, wanted
                )
            except ChangesState:
                raise
            except (TransformError, Refused) as error:
                if isinstance(error.__cause__, StagingError):
                    raise
                cause = error.__cause__ if isinstance(error, Refused) else error
                record.settled = pattern.failed = f"{type(cause).__name__}: {cause}{line_of(error)}"
            else:
                pattern.seen.append(shapes)
                record.settled = lengths.settled
                if not lengths.settled:
                    record.general = General(found, wanted, record)
                    pattern.generals.insert(0, record.general)
                    del pattern.generals[MOST_GENERALS:]
                return found
        found = captured(self._function, leaves, structure, self._effects_once)
        pattern.seen.append(shapes)
        return found

    def _compile(
        self, program: Program, record: Record, leaves: Sequence[Any], structure: tree.Structure, backend: str
    ) -> None:  # fmt: skip
        start = time.perf_counter()
        program.run = executable(program.graph, backend)
        if program.derivative is not None:
            program.derivative.run = executable(program.derivative.backward, backend)
        program.call = fast_call(program, leaves, structure, self._python)
        record.compile_seconds += time.perf_counter() - start
        if program.trial is None:
            record.program = program

    def _give_up(self, entry: Entry, record: Record, error: Any) -> None:
        what = (
            f"{error}" if isinstance(error, TransformError) else f"{type(error).__name__}: {error}"
        )
        where = "" if "\n  at " in what else line_of(error)
        entry.eager = record.eager = f"{what}{where}"
        if self._strict:
            self._entries = {k: e for k, e in self._entries.items() if e is not entry}
            raise CompileError(f"{self._label()} cannot be compiled: {entry.eager}") from error

    def _label(self) -> str:
        return f"{self._name}({getattr(self, '__qualname__', type(self._function).__name__)})"

    # --- looking at it --------------------------------------------------------------------------------

    def explain(self) -> str:
        """What was traced and why, what it cost, what runs natively, and what runs eagerly and why."""
        return told(self._label(), self._history)

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

    # --- taking it elsewhere --------------------------------------------------------------------------

    def export_c(
        self,
        directory: Any,
        *args: Any,
        derivatives: Sequence[str] | str | None = None,
        wrt: Sequence[int | str] | int | str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write the function and its derivatives as one C99 file with a header, which need nothing but `math.h`.

        Args:
            directory: Where `name.c` and `name.h` go; it is made if it is not there.
            *args: Example arguments: their shapes and dtypes are the code's. Python numbers among them, and arrays that
                the function closes over, become constants.
            derivatives: Some of "gradient", "vjp", "jvp", "jacobian". None: the gradient of a function that returns one
                real number, "vjp" and "jvp" of others.
            wrt: The arrays among the arguments to differentiate by: names or positions. None: all real ones.
            name: Of the function in C; None for its own.
            **kwargs: More example arguments.

        Returns:
            An `Exported`: the files' names, and for each function its parameters and the size of its workspace.

        Raises:
            ExportError: It cannot be traced, or uses what only NumPy runs; the message names the primitive and the line.
        """
        export = import_module(f"{__package__}.export.interface").export_c
        return export(
            self._function, self._label(), directory, args, kwargs, derivatives, wrt, name
        )

    def low_level_callable(
        self, kind: str = "quad", *, size: int | None = None, example: Sequence[Any] | None = None
    ) -> Any:
        """The function as a `scipy.LowLevelCallable`, which SciPy calls without Python on the way.

        Args:
            kind: "quad" (number -> number), "nquad" (numbers -> number; for `quad` with `args` too), "generic_filter" (the
                window as a flat array -> number), "generic_filter1d" (extended line -> line), "geometric_transform"
                (array of output coordinates -> the input's).
            size: How many elements the array has that a filter's function is called with.
            example: Arguments to trace with, where they cannot be told from the function: tensors of a dialect, or numbers
                for a function that takes any number of them.

        Raises:
            ExportError: It does not fit; the message says what is expected. Or part of it would be run by NumPy.
            CompilerMissingError: llvmlite is not installed.
        """
        make = import_module(f"{__package__}.export.callables").low_level_callable
        return make(self._function, self._label(), kind, size, example)

    def __repr__(self) -> str:
        return f"<{self._label()}>"


def jit(
    f: Callable[..., Any] | None = None,
    *,
    strict: bool = False,
    backend: str = "auto",
    dynamic: bool | None = None,
) -> Any:
    """Compile a function: it is traced at its first call with arguments of a kind, and run as native code from then on.

    Args:
        f: Of NumPy, PyTorch-style or TensorFlow-style code; without it a decorator is returned.
        strict: Raise where something cannot be compiled, instead of running eagerly with a warning.
        backend: "native" (needs `pip install dualtape[compile]`), "numpy" (the same graph as NumPy calls), or "auto": native
            where llvmlite is installed.
        dynamic: Whether one trace serves all lengths of the arrays' axes: from the second length on of an axis (None), of
            all axes from the first call on (True), or never (False).

    Returns:
        The function, with `explain()`, `graph()`, `llvm()` and `asm()`.

    Raises:
        CompileError: With `strict`, at a call.
    """
    if f is None:
        return functools.partial(jit, strict=strict, backend=backend, dynamic=dynamic)
    return Compiled(f, strict, backend, dynamic=dynamic)


__all__ = ["CompileError", "Compiled", "NotCompilable", "jit"]
