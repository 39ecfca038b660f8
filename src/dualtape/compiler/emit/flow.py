"""Loops and branches over numbers that are known at run time only, and functions that are written once in a module.

Nothing is moved out of these loops: see `frames` for loops whose bodies are known well enough for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..vecmath.values import Value
from . import memory
from .frames import LoopWriter
from .writer import Lanes, Module, Writer

__all__ = [
    "I64", "Array", "Value", "across", "during", "each", "function", "parameter", "when", "whole",
]  # fmt: skip

I64 = Lanes("i64")
Values = list[Value]


@dataclass(frozen=True, slots=True)
class Array:
    """Elements side by side in memory: `x[i]` loads (`width` neighbours), `x[i] = v` stores."""

    w: LoopWriter
    pointer: str
    t: Lanes

    def _at(self, i: Value | int) -> str:
        size = memory.stored(self.t).bits // 8
        return memory.offset(self.w, self.pointer, i.name if isinstance(i, Value) else i, size)

    def __getitem__(self, i: Value | int) -> Value:
        return Value(self.w, self.t, memory.load(self.w, self.t, self._at(i), 1, self.t.width))

    def __setitem__(self, i: Value | int, v: Value) -> None:
        memory.store(self.w, self.t, v.name, self._at(i), 1, self.t.width)

    def past(self, i: Value | int) -> Array:
        """What begins at an element."""
        return Array(self.w, self._at(i), self.t)

    def wide(self, width: int) -> Array:
        """The same memory in lanes."""
        return Array(self.w, self.pointer, Lanes(self.t.element, width))


def whole(w: Writer, n: int) -> Value:
    """An integer as a value."""
    return Value(w, I64, str(n))


def _label(w: Writer, kind: str) -> str:
    w.count += 1
    return f"{kind}.{w.count}"


def during(
    w: Writer,
    carried: Sequence[Value],
    test: Callable[..., Value],
    body: Callable[..., Sequence[Value]],
) -> Values:
    """Write a loop that runs while a test holds.

    Args:
        w: Where.
        carried: First values of what the loop carries.
        test: (carried values) -> i1, whether to go on.
        body: (carried values) -> their next values.

    Returns:
        The carried values at the end.
    """
    head, inside, done = (_label(w, kind) for kind in ("while", "do", "end"))
    before = w.block
    w.do(f"br label %{head}")
    w.label(head)
    phis: list[str] = []
    w.lines.append(phis)
    values = [Value(w, v.t, w.name()) for v in carried]
    more = test(*values)
    w.do(f"br i1 {more.name}, label %{inside}, label %{done}")
    w.label(inside)
    following = list(body(*values))
    for v, first, last in zip(values, carried, following, strict=True):
        phis.append(
            f"  {v.name} = phi {v.t.text} [ {first.name}, %{before} ], [ {last.name}, %{w.block} ]"
        )
    w.do(f"br label %{head}")
    w.label(done)
    return values


def each(
    w: Writer,
    n: Value | int,
    body: Callable[..., Sequence[Value] | None],
    *carried: Value,
    start: Value | int = 0,
    step: int = 1,
) -> Values:
    """Write a loop for i in range(start, n, step), perhaps over nothing: body (i, carried values) -> next values."""
    first = start if isinstance(start, Value) else whole(w, start)

    def following(i: Value, *rest: Value) -> list[Value]:
        carried = body(i, *rest) or ()
        return [*carried, Value(w, I64, w.unfollowed(i.name)) + step]

    def turned(*values: Value) -> list[Value]:
        return following(values[-1], *values[:-1])

    out = during(w, [*carried, first], lambda *values: values[-1] < n, turned)
    return out[:-1]


def when(
    w: Writer,
    condition: Value,
    yes: Callable[[], Sequence[Value] | None],
    no: Callable[[], Sequence[Value] | None] | None = None,
) -> Values:
    """Write a branch; the values that it gives are those of the side taken."""
    left, right, done = (_label(w, kind) for kind in ("yes", "no", "join"))
    w.do(f"br i1 {condition.name}, label %{left}, label %{right}")
    w.label(left)
    a = list(yes() or ())
    ends = [w.block]
    w.do(f"br label %{done}")
    w.label(right)
    b = list((no() if no else None) or ())
    ends.append(w.block)
    w.do(f"br label %{done}")
    w.label(done)
    return [
        Value(w, x.t, w.op(f"phi {x.t.text} [ {x.name}, %{ends[0]} ], [ {y.name}, %{ends[1]} ]"))
        for x, y in zip(a, b, strict=True)
    ]


def across(w: Writer, n: Value, width: int, body: Callable[[int, Value], None]) -> None:
    """Go over n elements in lanes of `width`, and one by one over what is left: body (how many, index of the first)."""
    most = n - n % width if width > 1 else whole(w, 0)
    if width > 1:
        each(w, most, lambda i: body(width, i), step=width)
    each(w, n, lambda i: body(1, i), start=most)


def function(
    module: Module,
    name: str,
    parameters: Mapping[str, str],
    write: Callable[[LoopWriter], Value | None],
) -> str:
    """A private function of the module, written if it is not there yet.

    Args:
        module: Where.
        name: Without @; stands for everything that `write` depends on.
        parameters: Types by name: they are %name inside.
        write: Writes the body, and returns what it returns.

    Returns:
        Its name with @.
    """
    full = f"@{name}"
    if full not in module.functions:
        module.functions[full] = ""  # while it is being written
        w = LoopWriter(module)
        w.label("entry")
        out = write(w)
        typed = ", ".join([f"{t} %{p}" for p, t in parameters.items()])
        if out is not None:
            module.results[full] = out.t
        kind = "void" if out is None else out.t.text
        last = "  ret void" if out is None else f"  ret {kind} {out.name}"
        head = f"define internal {kind} {full}({typed}) noinline nounwind {{"
        module.functions[full] = "\n".join([head, w.text(), last, "}"])
    return full


def parameter(w: Writer, name: str) -> Value:
    """An i64 that the function is given."""
    return Value(w, I64, f"%{name}")
