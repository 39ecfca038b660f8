"""Tracing: a value without numbers, and the flat program that primitives called on it append to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from . import modes
from .aval import Aval, aval_of
from .boxes import Box, Interpreter, open_trace
from .errors import TransformError
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

    def __float__(self) -> float:
        raise TransformError(
            f"float() of a traced value ({self.aval}), which has no number while tracing"
        )

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
