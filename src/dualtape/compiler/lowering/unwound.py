"""The backward pass of a `while` as code: it goes forward once more, keeps what each step needs, and comes back.

How many steps there are is not known before, so what is kept of them goes into memory that grows: a record per step, for
each sweep (NOTE [sweeps] in `transforms/loops_rules.py`). It is let go of at the end, also where a step fails.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ..emit import memory
from ..native import library

if TYPE_CHECKING:
    from .emission import Emission
    from .structured import Structured

FIRST = 64
"""Steps that there is room for at first."""
DECLARED = {
    "dualtape_realloc": "declare ptr @dualtape_realloc(ptr, i64)",
    "dualtape_free": "declare void @dualtape_free(ptr)",
    "dualtape_no_memory": "declare ptr @dualtape_no_memory()",
}


def externals() -> dict[str, int]:
    """What it calls, with addresses."""
    python = ctypes.pythonapi
    found = (python.PyMem_RawRealloc, python.PyMem_RawFree, python.PyErr_NoMemory)
    return dict(zip(DECLARED, map(library.address_of, found), strict=True))


class Records:
    """What a sweep keeps: where in a record each result is, and memory for records."""

    def __init__(self, e: Emission, avals: Sequence[Aval]) -> None:
        self.e = e
        self.offsets: list[int] = []
        self.size = 0
        for a in avals:
            self.offsets.append(self.size)
            self.size += -(-a.size * a.dtype.itemsize // 8) * 8
        self.slot = e.stack(8)
        e.w.do(f"store ptr null, ptr {self.slot}, align 8")

    def grow(self, steps: str, failed: str) -> None:
        """Make room for so many records in all."""
        w = self.e.w
        size = w.op(f"mul i64 {steps}, {max(self.size, 1)}")
        old = w.op(f"load ptr, ptr {self.slot}, align 8")
        new = w.op(f"call ptr @dualtape_realloc(ptr {old}, i64 {size})")
        w.count += 1
        none, got = f"none.{w.count}", f"got.{w.count}"
        w.do(f"br i1 {w.op(f'icmp eq ptr {new}, null')}, label %{none}, label %{got}")
        w.label(none)
        w.op("call ptr @dualtape_no_memory()")
        w.do(f"br label %{failed}")
        w.label(got)
        w.do(f"store ptr {new}, ptr {self.slot}, align 8")

    def place(self, k: int, step: str) -> str:
        """Where a step's result is."""
        w = self.e.w
        base = w.op(f"load ptr, ptr {self.slot}, align 8")
        start = w.op(f"mul i64 {step}, {self.size}")
        at = w.op(f"getelementptr i8, ptr {base}, i64 {start}")
        return w.op(f"getelementptr i8, ptr {at}, i64 {self.offsets[k]}")

    def free(self) -> None:
        """Let go of the memory."""
        w = self.e.w
        w.do(f"call void @dualtape_free(ptr {w.op(f'load ptr, ptr {self.slot}, align 8')})")


def write(op: Structured, e: Emission, operands: list[str], functions: list[str]) -> None:
    """Write all sweeps; the condition is the last of the functions."""
    w, loop = e.w, op.rules
    for name, text in DECLARED.items():
        w.module.declarations[f"@{name}"] = text
    w.count += 1
    failed, over = f"lost.{w.count}", f"unwound.{w.count}"
    constants = operands[: loop.constants]
    carried, at, done = [], loop.constants, 0
    for s in loop.sweeps:
        results = op.results[done : done + s.carried]
        carried.append(op.carry(e, operands[at : at + s.carried], results))
        at, done = at + s.carried, done + s.carried
    kept = [Records(e, s.body.out_avals[s.carried :]) for s in loop.sweeps]
    count = e.stack(8)
    w.do(f"store i64 0, ptr {count}, align 8")

    def check(status: str) -> None:
        w.count += 1
        bad, good = w.op(f"icmp ne i32 {status}, 0"), f"went.{w.count}"
        w.do(f"br i1 {bad}, label %{failed}, label %{good}")
        w.label(good)

    def run(number: int, table: str) -> None:
        check(w.op(f"call i32 {functions[number]}(ptr {table})"))

    _forward(op, e, [*constants, *[p for _, p in carried[0]]], kept[0], count, failed, check, run)
    steps = w.op(f"load i64, ptr {count}, align 8")
    w.count += 1
    some, none = f"some.{w.count}", f"none.{w.count}"
    w.do(f"br i1 {w.op(f'icmp eq i64 {steps}, 0')}, label %{none}, label %{some}")
    w.label(some)
    for number in range(1, len(loop.sweeps)):
        s, records = loop.sweeps[number], kept[number]
        n = loop.constants
        reads = ["null"] * len(s.reads)
        inputs = [*constants, *reads, *[p for _, p in carried[number]]]
        table = op.table(e, op.programs[number], inputs, ["null"] * s.results)
        if s.results:
            records.grow(steps, failed)

        def step(i: str, _: list[str], number: int = number, s: Any = s, table: str = table, first: int = n,
                 records: Records = records, outputs: int = len(inputs)) -> list[str]:  # fmt: skip
            op.look(e, i, check)
            here = w.op(f"sub i64 {w.op(f'sub i64 {steps}, 1')}, {i}") if s.backwards else i
            for k, (sweep, result) in enumerate(s.reads):
                memory.put(w, table, first + k, kept[sweep].place(result, here))
            for k in range(s.results):
                memory.put(w, table, outputs + k, records.place(k, here))
            run(number, table)
            return []

        w.loop(0, steps, 1, step)
    w.do(f"br label %{none}")
    w.label(none)
    for records in kept:
        records.free()
    w.do(f"br label %{over}")
    w.label(failed)
    for records in kept:
        records.free()
    w.do("br label %failed")
    e.failing = True
    w.label(over)
    for values in carried:
        op.deliver(e, values)


def _forward(
    op: Structured, e: Emission, inputs: list[str], records: Records, count: str, failed: str, check: Any, run: Any
) -> None:  # fmt: skip
    """The first sweep, which goes on while the condition holds."""
    w, sweep = e.w, op.rules.sweeps[0]
    last = len(op.programs) - 1
    table = op.table(e, op.programs[0], inputs, ["null"] * sweep.results)
    flag, room = e.stack(1), e.stack(8)
    asked = op.table(e, op.programs[last], inputs, [flag])
    w.do(f"store i64 0, ptr {room}, align 8")
    w.count += 1
    names = ("while", "step", "grow", "ready", "over")
    head, step, grow, ready, over = [f"{name}.{w.count}" for name in names]
    w.do(f"br label %{head}")
    w.label(head)
    run(last, asked)
    answer = w.op(f"load i8, ptr {flag}, align 1")
    w.do(f"br i1 {w.op(f'icmp eq i8 {answer}, 0')}, label %{over}, label %{step}")
    w.label(step)
    number = w.op(f"load i64, ptr {count}, align 8")
    have = w.op(f"load i64, ptr {room}, align 8")
    w.do(f"br i1 {w.op(f'icmp sge i64 {number}, {have}')}, label %{grow}, label %{ready}")
    w.label(grow)
    twice = w.op(f"shl i64 {have}, 1")
    first = w.op(f"icmp eq i64 {have}, 0")
    more = w.op(f"select i1 {first}, i64 {FIRST}, i64 {twice}")
    records.grow(more, failed)
    w.do(f"store i64 {more}, ptr {room}, align 8")
    w.do(f"br label %{ready}")
    w.label(ready)
    for k in range(sweep.results):
        memory.put(w, table, len(inputs) + k, records.place(k, number))
    w.do(f"store i64 {w.op(f'add nsw i64 {number}, 1')}, ptr {count}, align 8")
    op.look(e, number, check)
    run(0, table)
    w.do(f"br label %{head}")
    w.label(over)
