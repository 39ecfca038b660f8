"""Tracing: a value without numbers, and the flat program that primitives called on it append to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import numpy as np

from . import modes
from .aval import Aval, aval_of
from .boxes import Box, Interpreter, open_trace
from .errors import TransformError
from .lengths import any_open, is_open
from .open_shapes import concrete
from .primitive import Primitive


class Traced(Box):
    """The result of an instruction that will be run later."""

    __slots__ = ("aval", "number")

    def __init__(self, interpreter: Trace, number: int, aval: Aval) -> None:
        self.interpreter = interpreter
        self.number = number
        self.aval = aval

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.aval.shape

    @property
    def dtype(self) -> Any:
        """Its NumPy dtype."""
        return self.aval.dtype

    def __bool__(self) -> bool:
        raise TransformError(
            f"the truth of a traced value ({self.aval}) was asked for, but it has no number while tracing. "
            "Use where() or a structured condition instead of `if`."
        )

    def _no_number(self, what: str) -> TransformError:
        return TransformError(
            f"{what} of a traced value ({self.aval}), which has no number while tracing"
        )

    def __float__(self) -> float:
        raise self._no_number("float()")

    def __int__(self) -> int:
        raise self._no_number("int()")

    def __index__(self) -> int:
        raise self._no_number("the use as an index")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._no_number("NumPy's view")

    def __repr__(self) -> str:
        return f"%{self.number}:{self.aval}"


class Instruction(NamedTuple):
    """One primitive call: operands and results are numbers of the program's variables."""

    primitive: Primitive
    operands: tuple[int, ...]
    params: dict[str, Any]
    results: tuple[int, ...]


class Program(NamedTuple):
    """A flat program: inputs, constants by variable, instructions, outputs."""

    inputs: tuple[int, ...]
    constants: dict[int, Any]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]

    def __call__(self, *values: Any) -> list[Any]:
        """Run on arrays, or on any values that primitives take."""
        env = dict(self.constants)
        env.update(zip(self.inputs, values, strict=True))
        for i in self.instructions:
            out = i.primitive(*[env[k] for k in i.operands], **i.params)  # type: ignore[operator]
            env.update(zip(i.results, out if i.primitive.outputs != 1 else (out,), strict=True))
        return [env[k] for k in self.outputs]

    def pruned(self) -> Program:
        """The program without the instructions that no output needs."""
        needed = set(self.outputs)
        kept = []
        for i in reversed(self.instructions):
            if not needed.isdisjoint(i.results):
                needed.update(i.operands)
                kept.append(i)
        constants = {k: v for k, v in self.constants.items() if k in needed}
        return Program(self.inputs, constants, tuple(reversed(kept)), self.outputs)


class Evaluation:
    """A program as NumPy calls on arrays; values are let go of after their last use.

    It is called with one array per input and returns the outputs, which may be (views of) inputs or constants.

    Args:
        program: What to run.
        on_values: Whether it will be called with any values that primitives take, rather than arrays.
    """

    __slots__ = ("program", "steps")

    def __init__(self, program: Program, on_values: bool = False) -> None:
        self.program = program
        last: dict[int, int] = {}
        for at, i in enumerate(program.instructions):
            for v in (*i.operands, *i.results):
                last[v] = at
        kept = {*program.outputs, *program.constants}
        self.steps = [
            (
                cast(Any, i.primitive) if on_values else i.primitive.eval, i.operands, i.params, i.results, i.primitive.outputs != 1,
                tuple({v for v in (*i.operands, *i.results) if last[v] == at and v not in kept}),
            )
            for at, i in enumerate(program.instructions)
        ]  # fmt: skip

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """Run it."""
        program = self.program
        env = dict(program.constants)
        env.update(zip(program.inputs, arrays, strict=True))
        for evaluate, operands, params, results, several, over in self.steps:
            out = evaluate(*[env[k] for k in operands], **params)
            if several:
                env.update(zip(results, out, strict=True))
            else:
                env[results[0]] = out
            for k in over:
                del env[k]
        return [env[k] for k in program.outputs]


class Trace(Interpreter):
    """Records every primitive called while it is open, whatever its operands."""

    __slots__ = ("_avals", "constants", "instructions", "known")

    name = "trace"

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.instructions: list[Instruction] = []
        self.constants: dict[int, Any] = {}
        self.known: dict[int, tuple[int, Any]] = {}
        self._avals: list[Aval] = []

    def variable(self, aval: Aval) -> Traced:
        """A new variable of the program."""
        self._avals.append(aval)
        return Traced(self, len(self._avals) - 1, aval)

    def number(self, v: Any) -> int:
        """The variable that stands for a value; a constant for one the trace did not make."""
        if isinstance(v, Traced) and v.interpreter is self:
            return v.number
        found = self.known.get(id(v))
        if found is None:
            variable = self.variable(aval_of(v))
            self.constants[variable.number] = v
            found = self.known[id(v)] = (
                variable.number,
                v,
            )  # holds v, so that its id stays its own
        return found[0]

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        avals = primitive.aval(*[aval_of(v) for v in values], **params)
        several = primitive.outputs != 1
        outs = tuple(self.variable(a) for a in (avals if several else (avals,)))
        self.instructions.append(
            Instruction(
                primitive,
                tuple(self.number(v) for v in values),
                params,
                tuple(o.number for o in outs),
            )
        )
        return outs if several else outs[0]


class SettingUp(TransformError):
    """Something that lives on was made in a function being compiled: it runs eagerly this once, and is traced at its next call."""


class StagingError(Exception):
    """A front end refuses the function as a program, although Python would run it: the user is told, and nothing runs."""


capture: ContextVar[Any] = ContextVar("dualtape_capture", default=None)
"""The compiler's trace, which stands beneath all transformations, while one is open."""


around_capture: list[Callable[[Any], Any]] = []
"""Context managers, by the capture, that front ends want to be around it."""


settings: list[tuple[dict[str, Any], str]] = []
"""Globals of front ends that change what code means (a default dtype): a compiled program holds for their values."""


after_call: list[Callable[[], None]] = []
"""What front ends do when a function that is being compiled has returned: let go of what it left with them."""


def asked(ask: Callable[..., Any], shape: tuple[int, ...] | None = None) -> Any:
    """`ask()`, or what stands for it in a function being compiled: it is then asked at each call.

    Args:
        ask: Gives an array that differs from call to call, as a draw at random does.
        shape: Of the array, if `ask` wants it: lengths in it may be open.
    """
    trace = capture.get()
    if trace is None:
        return ask() if shape is None else ask(shape)
    return trace.draw(ask, shape)


def filled(build: Callable[..., Any], shape: Sequence[int], dtype: Any, *numbers: Any) -> Any:
    """`build(shape, *numbers)`, an array that depends on nothing else; with open lengths among them, what stands for it.

    Args:
        build: Makes the array.
        shape: Of the array.
        dtype: Of the array.
        numbers: What else it is computed from.
    """
    trace = capture.get()
    if trace is None or not (any_open(shape) or any(map(is_open, numbers))):
        return build(shape, *numbers)
    return trace.computed(
        lambda values: build(concrete(shape, values), *[concrete(x, values) for x in numbers]),
        tuple(shape),
        dtype,
    )


def zeros(shape: Sequence[int], dtype: Any) -> Any:
    """`np.zeros` of a shape whose lengths may be open; a scalar for no axes."""
    return filled(lambda s: np.zeros(s, dtype)[()], tuple(shape), dtype)


def ones(shape: Sequence[int], dtype: Any) -> Any:
    """`np.ones` of a shape whose lengths may be open; a scalar for no axes."""
    return filled(lambda s: np.ones(s, dtype)[()], tuple(shape), dtype)


def elements(values: Sequence[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of integers; in a function being compiled one whose elements `known_elements` gives, open lengths or not."""
    trace = capture.get()
    return (
        np.array(values, dtype).reshape(shape)
        if trace is None
        else trace.elements(values, shape, dtype)
    )


def known_elements(x: Any) -> Any:
    """The elements of a traced array of integers, as an array of objects; None if they are not known."""
    trace = capture.get()
    if trace is None or not isinstance(x, Traced) or x.interpreter is not trace:
        return None
    return trace.integers.get(x.number)  # type: ignore[attr-defined]


def not_while_compiling(what: str) -> None:
    """Raise in a function that is being compiled, for what its programs would not do at each call.

    Raises:
        TransformError: It is being compiled.
    """
    if capture.get() is not None:
        raise TransformError(f"{what} in a function that is being compiled: do it outside of it")


def option(container: Any, key: Any) -> Any:
    """The number `container[key]`, or what stands for it in a function being compiled: it is read at each call."""
    trace = capture.get()
    number = container[key]
    if trace is None or type(number) is not float:
        return number
    return trace.option(container, key)


@contextmanager
def tracing() -> Iterator[Trace]:
    """Open a trace."""
    with modes.deeper() as level:
        trace = Trace(level)
        before = open_trace.get()
        open_trace.set(trace)
        try:
            yield trace
        finally:
            open_trace.set(before)
            trace.open = False


def trace(f: Callable[..., Sequence[Any]], *avals: Aval) -> Program:
    """Run `f` on traced values of the given shapes and dtypes and return the program it ran.

    Args:
        f: Maps values to a list of values, by primitives.
        avals: One per argument.
    """
    with tracing() as t:
        inputs = [t.variable(a) for a in avals]
        outputs = f(*inputs)
        numbers = tuple(t.number(o) for o in outputs)
    return Program(tuple(v.number for v in inputs), t.constants, tuple(t.instructions), numbers)
