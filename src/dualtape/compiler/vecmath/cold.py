"""Branches that are taken seldom, one lane at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..emit.writer import Lanes, Module, Writer
from .values import Value

# From a lane of each operand: whether it needs the slow way (i1), and what the results are then.
Body = Callable[[Sequence[Value]], tuple[Value, Callable[[], Sequence[Value]]]]


def rare(
    condition: Value, name: str, inputs: Sequence[Value], results: Sequence[Value], body: Body
) -> list[Value]:
    """`results`, where lanes that `body` chooses are computed anew if the condition holds in any.

    Args:
        condition: Lanes of i1; the branch is taken if one of them holds.
        name: Of the private function with a loop over the lanes, written once for a type.
        inputs: What `body` reads: it is given a lane of each of these.
        results: Of the fast way.
        body: Writes the test of a lane, and its results.

    Leaves the writer in another block: `w.block` is its label.
    """
    w, t = condition.w, condition.t
    given = [*inputs, *results]
    types = ", ".join(v.t.text for v in results)
    full = f"@dualtape.{name}.{given[0].t.suffix}"
    define(w.module, full, lambda: _lanes(Writer(w.module), full, t.width, inputs, results, body))
    before = w.block
    number = w.name()[1:]
    w.do(f"br label %near.{number}")
    w.label(f"near.{number}")
    w.do(f"br i1 {condition.any().name}, label %far.{number}, label %join.{number}")
    w.label(f"far.{number}")
    operands = ", ".join(f"{v.t.text} {v.name}" for v in given)
    found = w.op(f"call {{ {types} }} {full}({operands})")
    slow = [w.op(f"extractvalue {{ {types} }} {found}, {i}") for i in range(len(results))]
    w.do(f"br label %join.{number}")
    w.label(f"join.{number}")
    w.follow(before)
    out = []
    for fast, far in zip(results, slow, strict=True):
        phi = f"phi {fast.t.text} [ {fast.name}, %near.{number} ], [ {far}, %far.{number} ]"
        out.append(Value(w, fast.t, w.op(phi)))
    return out


def define(module: Module, name: str, write: Callable[[], str]) -> None:
    """Add a private function to a module, unless it is there."""
    if name not in module.functions:
        module.functions[name] = ""  # while it is being written
        module.functions[name] = write()


def _lanes(
    w: Writer, name: str, width: int, inputs: Sequence[Value], results: Sequence[Value], body: Body
) -> str:
    """A loop over the lanes, which lie in memory meanwhile."""
    given = [*inputs, *results]
    w.label("entry")
    slots = [w.op(f"alloca {v.t.text}") for v in given]
    for i, (v, slot) in enumerate(zip(given, slots, strict=True)):
        w.do(f"store {v.t.text} %a{i}, ptr {slot}")
    w.do("br label %lane")
    w.label("lane")
    lane = w.op("phi i64 [ 0, %entry ], [ %next, %done ]")

    def at(v: Value, slot: str) -> str:
        return w.op(f"getelementptr {v.t.element}, ptr {slot}, i64 {lane}")

    loaded = [
        Value(w, Lanes(v.t.element), w.op(f"load {v.t.element}, ptr {at(v, slot)}"))
        for v, slot in zip(inputs, slots, strict=False)
    ]
    needed, compute = body(loaded)
    w.do(f"br i1 {needed.name}, label %compute, label %done")
    w.label("compute")
    found = compute()
    for v, slot, value in zip(results, slots[len(inputs) :], found, strict=True):
        w.do(f"store {v.t.element} {value.name}, ptr {at(v, slot)}")
    w.do("br label %done")
    w.label("done")
    w.do(f"%next = add i64 {lane}, 1")
    w.do(f"%more = icmp ult i64 %next, {width}")
    w.do("br i1 %more, label %lane, label %out")
    w.label("out")
    types = ", ".join(v.t.text for v in results)
    out = "poison"
    for i, (v, slot) in enumerate(zip(results, slots[len(inputs) :], strict=True)):
        whole = w.op(f"load {v.t.text}, ptr {slot}")
        out = w.op(f"insertvalue {{ {types} }} {out}, {v.t.text} {whole}, {i}")
    w.do(f"ret {{ {types} }} {out}")
    parameters = ", ".join(f"{v.t.text} %a{i}" for i, v in enumerate(given))
    # Not optimised: it takes a third of the time to compile.
    head = f"define internal {{ {types} }} {name}({parameters}) noinline optnone cold nounwind {{"
    return "\n".join([head, *w.lines, "}"])
