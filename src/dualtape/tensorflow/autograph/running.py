"""What converted functions call: Python's control flow where Python can decide, and the program's where a tensor does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ...compiler.reach import is_library
from ...core.aval import aval_of
from ...core.errors import TransformError
from ...core.tensor import wrap
from ...core.tracing import capture
from ...transforms import loops
from .. import creation
from ..arithmetic import logical_and, logical_not, logical_or
from ..convert import as_tensor
from ..elementwise import cast
from ..gather import gather
from ..tensor import EagerTensor, Readable
from .state import (
    DifferentDtypeError,
    DifferentShapeError,
    Parts,
    Undefined,
    UndefinedError,
    dtype_name,
    shape_text,
    traced,
)

Get = Callable[[], tuple[Any, ...]]
Put = Callable[[Sequence[Any]], None]
Names = tuple[str, ...]
RESULT = "the result"

converter: list[Callable[[Any], Any]] = []
"""What converts a function; `source` puts itself here."""


def fn(f: Any) -> Any:
    """What is called in place of `f`: a converted function for one of the user's."""
    if capture.get() is None:
        return f
    if isinstance(f, FunctionType):
        return f if is_library(f.__code__.co_filename) else converter[0](f)
    if isinstance(f, MethodType):
        inner = f.__func__
        if isinstance(inner, FunctionType) and not is_library(inner.__code__.co_filename):
            return converter[0](f)
        return f
    if isinstance(f, functools.partial):
        return functools.partial(fn(f.func), *f.args, **f.keywords)
    if not isinstance(f, type):
        call = next((vars(c)["__call__"] for c in type(f).__mro__ if "__call__" in vars(c)), None)
        if isinstance(call, FunctionType) and not is_library(call.__code__.co_filename):
            return MethodType(converter[0](call), f)
    return f


# --- logic --------------------------------------------------------------------------------------------


def not_(x: Any) -> Any:
    """`not x`."""
    return logical_not(as_tensor(x)) if traced(x) else not x


def and_(*parts: Callable[[], Any]) -> Any:
    """`a and b and ...`."""
    return joined(parts, logical_and, False)


def or_(*parts: Callable[[], Any]) -> Any:
    """`a or b or ...`."""
    return joined(parts, logical_or, True)


def joined(
    parts: Sequence[Callable[[], Any]], combine: Callable[[Any, Any], Any], stop: bool
) -> Any:
    """Python's value, up to the first tensor; from there on all of them, combined."""
    value: Any = None
    for i, part in enumerate(parts):
        value = part()
        if traced(value):
            for later in parts[i + 1 :]:
                value = combine(value, as_tensor(later()))
            return value
        if i < len(parts) - 1 and bool(value) is stop:
            return value
    return value


def if_exp(test: Any, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """`body if test else orelse`."""
    if not traced(test):
        return body() if test else orelse()
    return choice(test, body, orelse)


def assert_(test: Any, message: Callable[[], Any]) -> None:
    """`assert test, message`."""
    if traced(test):
        raise TransformError(
            "an assertion about a tensor is checked when the function runs eagerly"
        )
    if not test:
        text = message()
        raise AssertionError(*(() if text is None else (text,)))


# --- conditions ---------------------------------------------------------------------------------------


def if_return(
    test: Any, body: Callable[[], Any], orelse: Callable[[], Any], get: Get, put: Put, names: Names, live: Names
) -> Any:  # fmt: skip
    """An `if` whose branches both return."""
    if not traced(test):
        return body() if test else orelse()
    before = get()

    def run(branch: Callable[[], Any]) -> Callable[[], Any]:
        def inner() -> Any:
            put(before)
            return branch()

        return inner

    try:
        return choice(test, run(body), run(orelse))
    finally:
        put(before)


def choice(test: Any, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """The value of one of two functions, chosen by a tensor."""

    def run(branch: Callable[[], Any]) -> Callable[[], tuple[Any, ...]]:
        return lambda: (branch(),)

    (value,) = merged(test, run(body), run(orelse), (RESULT,), (None,))
    return value


def if_(
    test: Any, body: Callable[[], Any], orelse: Callable[[], Any], get: Get, put: Put, names: Names, live: Names
) -> None:  # fmt: skip
    """An `if` statement, whose branches write to the names; those that are live are read later on."""
    if not traced(test):
        if test:
            body()
        else:
            orelse()
        return
    before = get()

    def run(branch: Callable[[], Any]) -> Callable[[], tuple[Any, ...]]:
        def inner() -> tuple[Any, ...]:
            put(before)
            branch()
            return tuple([x if n in live else None for n, x in zip(names, get(), strict=True)])

        return inner

    try:
        values = merged(test, run(body), run(orelse), names, before)
    finally:
        put(before)
    put([v if n in live else Undefined(n) for n, v in zip(names, values, strict=True)])


def merged(
    test: Any, body: Callable[[], Any], orelse: Callable[[], Any], names: Names, before: Sequence[Any]
) -> list[Any]:  # fmt: skip
    """The values that variables have after a condition.

    Args:
        test: A tensor.
        body, orelse: Run a branch, and give the values after it.
        names: The variables'; RESULT for what is returned.
        before: Their values before.
    """
    ends: dict[int, list[Parts]] = {}
    forms: list[Parts | None] = []

    def run(number: int, branch: Callable[[], Any]) -> Callable[[], list[Any]]:
        def inner() -> list[Any]:
            ends[number] = [Parts(x) for x in branch()]
            return [t for p in ends[number] for t in p.values]

        return inner

    def kept() -> list[list[Any]]:
        forms[:] = [
            form(n, old, a, b) for n, old, a, b in zip(names, before, ends[1], ends[0], strict=True)
        ]
        return [positions(ends[0], forms), positions(ends[1], forms)]

    outs = iter(loops.chosen_among(truth(test), (run(0, orelse), run(1, body)), "if", kept))
    values = []
    for parts, f in zip(ends[1], forms, strict=True):
        if f is None:
            values.append(parts.whole)
        else:
            values.append(f.rebuilt([tensor_of(next(outs)) for _ in f.values]))
    return values


def positions(parts: Sequence[Parts], forms: Sequence[Parts | None]) -> list[Any]:
    """Where the tensors of those variables are that are results; zeros for one without a value."""
    out: list[Any] = []
    at = 0
    for p, f in zip(parts, forms, strict=True):
        if f is not None and p.missing:
            out += [np.zeros(tuple(x.value.shape), x.value.dtype) for x in f.values]
        elif f is not None:
            out += range(at, at + len(p.values))
        at += len(p.values)
    return out


def form(name: str, old: Any, main: Parts, other: Parts) -> Parts | None:
    """What a variable is after a condition; None if it is what it was, or the same Python object in both branches.

    Raises:
        UndefinedError: It has no value in one branch.
        DifferentDtypeError: It has another dtype in one.
        TransformError: It has another structure or shape in one: TensorFlow's graphs allow some of that.
    """
    if main.whole is other.whole and (main.whole is old or not main.values):
        return None
    if name.startswith("ag__result") and main.missing != other.missing:
        return other if main.missing else main  # read only where it was set
    for parts, branch in ((main, "main"), (other, "else")):
        if isinstance(parts.whole, Undefined):
            raise UndefinedError(f"'{name}' must also be initialized in the {branch} branch")
        if parts.whole is None:
            raise UndefinedError(
                f"'{name}' is None at the end of the {branch} branch."
                if name is not RESULT
                else f"the {branch} branch must also have a return statement."
            )
    if not main.like(other):
        raise TransformError(f"{name!r} has another structure in the else branch")
    for a, b in zip(main.values, other.values, strict=True):
        if a.value.dtype != b.value.dtype:
            raise DifferentDtypeError(
                f"'{name}' has dtype {dtype_name(a)} in the main branch, but dtype {dtype_name(b)} in the else branch"
            )
        if tuple(a.value.shape) != tuple(b.value.shape):
            raise TransformError(
                f"'{name}' has shape {shape_text(a)} in the main branch, but shape {shape_text(b)} in the else branch"
            )
    return main


def tensor_of(x: Any) -> EagerTensor:
    """A result as a tensor of TensorFlow's."""
    if type(x) is EagerTensor:
        return x
    return wrap(EagerTensor, x.value, x.current_edge())  # type: ignore[return-value]


def truth(test: Any) -> Any:
    """A condition as a boolean tensor."""
    return loops.truth(as_tensor(test), "if")


# --- loops --------------------------------------------------------------------------------------------


def while_(
    test: Callable[[], Any], body: Callable[[], None], get: Get, put: Put, names: Names, carried: Names
) -> None:  # fmt: skip
    """A `while` statement."""
    while True:
        going = test()
        if traced(going):
            graph_loop(test, body, get, put, names, carried)
            return
        if not going:
            return
        body()


def for_(
    over: Any, test: Callable[[], Any] | None, body: Callable[[Any], None], get: Get, put: Put, names: Names, carried: Names
) -> None:  # fmt: skip
    """A `for` statement; `test` says whether a `break` has not been met."""
    if isinstance(over, Readable):
        over = over._read()
    if hasattr(type(over), "element_spec") and capture.get() is not None:
        raise TransformError("a loop over a dataset runs eagerly")
    if isinstance(over, Range) and not over.traced and test is None and over.like_python:
        over = range(*over.numbers())
    if isinstance(over, Range) or (capture.get() is not None and isinstance(over, EagerTensor)):
        over_tensor(over, test, body, get, put, names, carried)
        return
    for item in over:
        body(item)
        if test is not None:
            going = test()
            if traced(going):
                raise TransformError(
                    "a `break` that a tensor decides, in a loop over something else than a tensor"
                )
            if not going:
                return


def over_tensor(
    over: Any, test: Any, body: Any, get: Get, put: Put, names: Names, carried: Names
) -> None:
    """A `for` over the elements of a tensor, or over a range: a loop that counts."""
    length, item = (over.length(), over.item) if isinstance(over, Range) else steps_of(over)
    step = as_tensor(np.int32(0))
    place = [step]

    def going() -> Any:
        more = as_tensor(place[0] < length)
        return more if test is None else and_(lambda: more, test)

    def once() -> None:
        at = place[0]
        body(item(at))
        place[0] = at + np.int32(1)

    def wide_get() -> tuple[Any, ...]:
        return (*get(), place[0])

    def wide_put(values: Sequence[Any]) -> None:
        put(values[:-1])
        place[0] = values[-1]

    graph_loop(going, once, wide_get, wide_put, (*names, "ag__step"), (*carried, "ag__step"))


def steps_of(x: EagerTensor) -> tuple[Any, Callable[[Any], Any]]:
    """The number of elements along the first axis, and how to get one."""
    if not x.value.shape:
        raise TypeError("Cannot iterate over a scalar tensor.")
    return as_tensor(x.value.shape[0], np.dtype(np.int32)), lambda at: gather(x, at)


class Range:
    """The bounds of a `range` that is gone over, which is not made."""

    def __init__(self, like_python: bool, *bounds: Any) -> None:
        start, limit, delta = (0, bounds[0], 1) if len(bounds) == 1 else (*bounds, 1)[:3]
        self.like_python = like_python
        self.traced = any(traced(b) for b in bounds)
        self.bounds = (start, limit, delta)
        tensors = [as_tensor(b) for b in self.bounds]
        kind = np.result_type(
            *[
                t.value.dtype
                for t, b in zip(tensors, self.bounds, strict=True)
                if not isinstance(b, int)
            ]
            or [np.int32]
        )
        if kind.kind not in "iu":
            raise TransformError("a range of numbers that are no integers")
        self.start, self.limit, self.delta = [cast(t, kind) for t in tensors]

    def numbers(self) -> list[int]:
        """The bounds as Python numbers."""
        return [int(b) for b in self.bounds]

    def length(self) -> Any:
        """How many numbers there are."""
        if isinstance(self.bounds[2], int):
            d = int(self.bounds[2])
            if not d:
                raise ValueError("range() arg 3 must not be zero")
            return cast(
                (self.limit - self.start + (d - (1 if d > 0 else -1))) // d, np.dtype(np.int32)
            )
        raise TransformError("a range whose step is a tensor")

    def item(self, at: Any) -> Any:
        """Number `at`."""
        return self.start + cast(at, self.start.value.dtype) * self.delta


def range_(f: Any, *args: Any, **kwargs: Any) -> Any:
    """What a loop over `f(...)`, a call of something named `range`, goes over."""
    if kwargs or capture.get() is None or f not in (range, creation.range):
        return fn(f)(*args, **kwargs)
    if f is range and not any(traced(a) for a in args):
        return range(*args)
    return Range(f is range, *args)


def graph_loop(
    test: Callable[[], Any], body: Callable[[], None], get: Get, put: Put, names: Names, carried: Names
) -> None:  # fmt: skip
    """A loop that a tensor decides about, as one operation of the program.

    Raises:
        UndefinedError, DifferentDtypeError: As TensorFlow.
        TransformError: What only runs eagerly.
    """
    before = get()
    start = [Parts(x) for x in before]
    chosen = [n in carried for n in names]
    missing = [c and p.missing for c, p in zip(chosen, start, strict=True)]
    try:
        if any(missing):
            fill(start, missing, names, before, body, get, put)

        def place(values: Sequence[Any]) -> None:
            rest = iter(values)
            put(
                [
                    p.rebuilt([tensor_of(next(rest)) for _ in p.values]) if c else x
                    for p, c, x in zip(start, chosen, before, strict=True)
                ]
            )

        def going(values: Sequence[Any]) -> Any:
            place(values)
            return as_tensor(test())

        def once(values: Sequence[Any]) -> list[Any]:
            place(values)
            body()
            out: list[Any] = []
            for name, c, p, x in zip(names, chosen, start, get(), strict=True):
                if c:
                    out += [tensor_of(t) for t in stepped(name, p, x)]
            return out

        init = [tensor_of(t) for p, c in zip(start, chosen, strict=True) if c for t in p.values]
        values = loops.while_loop(going, once, init)
        rest = iter(values)
        after = []
        for n, p, c, x in zip(names, start, chosen, before, strict=True):
            if not c:
                after.append(Undefined(n))
            elif p.values:
                after.append(p.rebuilt([tensor_of(next(rest)) for _ in p.values]))
            else:
                after.append(x)
    except BaseException:
        put(before)
        raise
    put(after)


def stepped(name: str, start: Parts, value: Any) -> list[EagerTensor]:
    """The tensors of a variable after a step.

    Raises:
        UndefinedError, DifferentDtypeError: They are not like those before.
    """
    now = Parts(value)
    if not start.like(now):
        raise TransformError(
            f"'{name}' has another structure, or is another object, after one iteration"
        )
    for a, b in zip(start.values, now.values, strict=True):
        if a.value.dtype != b.value.dtype:
            raise DifferentDtypeError(
                f"'{name}' has dtype {dtype_name(a)} before the loop, but dtype {dtype_name(b)} after one iteration"
            )
        if tuple(a.value.shape) != tuple(b.value.shape):
            raise DifferentShapeError(
                f"'{name}' has shape {shape_text(a)} before the loop, but shape {shape_text(b)} after one iteration. Use "
                "tf.autograph.experimental.set_loop_options to set shape invariants."
            )
    return now.values


def fill(
    start: list[Parts], missing: Sequence[bool], names: Names, before: Sequence[Any], body: Callable[[], None], get: Get,
    put: Put,
) -> None:  # fmt: skip
    """Give what has no value before a loop zeros of what it is after a step."""
    after: list[Parts] = []
    flat = [aval_of(x) for p in start for x in p.values]

    def once(t: Any, inputs: list[Any]) -> list[Any]:
        rest = iter(inputs)
        given = [
            p.rebuilt([wrap(EagerTensor, next(rest)) for _ in p.values]) if p.values else x
            for p, x in zip(start, before, strict=True)
        ]
        put(given)
        body()
        after[:] = [Parts(x) for x in get()]
        return []

    loops.Places().run("while", flat, once)
    avals = [[aval_of(x) for x in p.values] for p in after]
    for i, m in enumerate(missing):
        if m:
            if after[i].missing:
                continue
            zeros = [as_tensor(np.zeros(a.shape, a.dtype)) for a in avals[i]]
            start[i] = Parts(after[i].rebuilt(zeros))
    put(before)
