"""Loops that are not code of the program around them: a body is lowered like any graph, and one driver runs it step by step.

A body reads and writes by a table of pointers. Between two steps the driver exchanges the pointers of what is carried
(two buffers each, one read and one written), and moves the pointers of stacks on by an element. Python is left out, except
for what a body itself calls NumPy for.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..transforms.loops_branches import Branches
from ..transforms.loops_rules import Loop, Sweep
from ..transforms.loops_trace import Body
from .graph import Array, Graph
from .hoisting import hoisted
from .lowering.structured import graph_of, is_inline
from .native import library

MOST_AT_ONCE = 1 << 16
"""Steps of a `while` between two looks at Python, which may want to stop it."""
PAUSED = -2

DRIVER = """
define i32 @counted(ptr %core, ptr %table, i64 %steps, ptr %swaps, i64 %nswaps, ptr %moves, i64 %nmoves, ptr %index, i64 %delta) {
entry:
  %some = icmp sgt i64 %steps, 0
  br i1 %some, label %step, label %done
step:
  %i = phi i64 [ 0, %entry ], [ %i.next, %after ]
  %status = call i32 %core(ptr %table)
  %bad = icmp ne i32 %status, 0
  br i1 %bad, label %failed, label %swap.head
swap.head:
  %s.some = icmp sgt i64 %nswaps, 0
  br i1 %s.some, label %swap, label %move.head
swap:
  %s = phi i64 [ 0, %swap.head ], [ %s.next, %swap ]
  %s.even = shl i64 %s, 1
  %s.odd = or i64 %s.even, 1
  %a.at = getelementptr i64, ptr %swaps, i64 %s.even
  %b.at = getelementptr i64, ptr %swaps, i64 %s.odd
  %a.slot = load i64, ptr %a.at
  %b.slot = load i64, ptr %b.at
  %a.ptr = getelementptr ptr, ptr %table, i64 %a.slot
  %b.ptr = getelementptr ptr, ptr %table, i64 %b.slot
  %a = load ptr, ptr %a.ptr
  %b = load ptr, ptr %b.ptr
  store ptr %b, ptr %a.ptr
  store ptr %a, ptr %b.ptr
  %s.next = add i64 %s, 1
  %s.more = icmp slt i64 %s.next, %nswaps
  br i1 %s.more, label %swap, label %move.head
move.head:
  %m.some = icmp sgt i64 %nmoves, 0
  br i1 %m.some, label %move, label %count
move:
  %m = phi i64 [ 0, %move.head ], [ %m.next, %move ]
  %m.even = shl i64 %m, 1
  %m.odd = or i64 %m.even, 1
  %m.at = getelementptr i64, ptr %moves, i64 %m.even
  %d.at = getelementptr i64, ptr %moves, i64 %m.odd
  %m.slot = load i64, ptr %m.at
  %d = load i64, ptr %d.at
  %m.ptr = getelementptr ptr, ptr %table, i64 %m.slot
  %old = load ptr, ptr %m.ptr
  %new = getelementptr i8, ptr %old, i64 %d
  store ptr %new, ptr %m.ptr
  %m.next = add i64 %m, 1
  %m.more = icmp slt i64 %m.next, %nmoves
  br i1 %m.more, label %move, label %count
count:
  %n = load i64, ptr %index
  %n.next = add i64 %n, %delta
  store i64 %n.next, ptr %index
  br label %after
after:
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %steps
  br i1 %more, label %step, label %done
done:
  ret i32 0
failed:
  ret i32 %status
}

define i32 @guarded(ptr %cond, ptr %ctable, ptr %flag, ptr %copies, i64 %ncopies, ptr %core, ptr %table, i64 %steps, ptr %swaps, i64 %nswaps,
  ptr %moves, i64 %nmoves, ptr %count) {
entry:
  br label %test
test:
  %i = phi i64 [ 0, %entry ], [ %i.next, %ran ]
  br label %copy.head
copy.head:
  %c.some = icmp sgt i64 %ncopies, 0
  br i1 %c.some, label %copy, label %ask
copy:
  %c = phi i64 [ 0, %copy.head ], [ %c.next, %copy ]
  %c.even = shl i64 %c, 1
  %c.odd = or i64 %c.even, 1
  %to.at = getelementptr i64, ptr %copies, i64 %c.even
  %from.at = getelementptr i64, ptr %copies, i64 %c.odd
  %to.slot = load i64, ptr %to.at
  %from.slot = load i64, ptr %from.at
  %to.ptr = getelementptr ptr, ptr %ctable, i64 %to.slot
  %from.ptr = getelementptr ptr, ptr %table, i64 %from.slot
  %p = load ptr, ptr %from.ptr
  store ptr %p, ptr %to.ptr
  %c.next = add i64 %c, 1
  %c.more = icmp slt i64 %c.next, %ncopies
  br i1 %c.more, label %copy, label %ask
ask:
  %asked = call i32 %cond(ptr %ctable)
  %cbad = icmp ne i32 %asked, 0
  br i1 %cbad, label %cfailed, label %answer
answer:
  %yes = load i8, ptr %flag
  %over = icmp eq i8 %yes, 0
  br i1 %over, label %done, label %room
room:
  %full = icmp sge i64 %i, %steps
  br i1 %full, label %paused, label %run
run:
  %status = call i32 @counted(ptr %core, ptr %table, i64 1, ptr %swaps, i64 %nswaps, ptr %moves, i64 %nmoves, ptr %count, i64 1)
  %bad = icmp ne i32 %status, 0
  br i1 %bad, label %failed, label %ran
ran:
  %i.next = add i64 %i, 1
  br label %test
done:
  ret i32 0
paused:
  ret i32 -2
cfailed:
  ret i32 %asked
failed:
  ret i32 %status
}
"""

POINTER, INTEGER = ctypes.c_void_p, ctypes.c_int64


@cache
def driver() -> tuple[Any, Any, Any]:
    """The functions that run loops, and what keeps them."""
    code = library.load("loops 1", lambda: DRIVER)
    counted = ctypes.PYFUNCTYPE(
        ctypes.c_int32,
        POINTER,
        POINTER,
        INTEGER,
        POINTER,
        INTEGER,
        POINTER,
        INTEGER,
        POINTER,
        INTEGER,
    )(code.address("counted"))
    guarded = ctypes.PYFUNCTYPE(
        ctypes.c_int32, POINTER, POINTER, POINTER, POINTER, INTEGER, POINTER, POINTER, INTEGER, POINTER, INTEGER, POINTER,
        INTEGER, POINTER,
    )(code.address("guarded"))  # fmt: skip
    return counted, guarded, code


Make = Callable[[Graph], Any]


def prepare(graph: Graph, make: Make) -> None:
    """Make the bodies of a graph's loops and conditions native code, where they are not to be part of the graph's.

    Args:
        graph: The graph.
        make: Makes native code of a graph (`executable.Native`).
    """
    for c in graph.calls:
        rules = getattr(c.primitive, "rules", None)
        if is_inline(c.primitive):
            continue
        if isinstance(rules, Loop) and rules.native is None:
            rules.native = NativeLoop(rules, make)
        elif isinstance(rules, Branches):
            for b in rules.bodies:
                if b.native is None:
                    b.native = lowered(b, make)


def lowered(body: Body, make: Make) -> Any:
    """A body as native code; so are the loops inside."""
    graph = hoisted(graph_of(body))
    prepare(graph, make)
    return make(graph)


class Table:
    """A body's table of pointers, and what it points to."""

    def __init__(self, native: Any) -> None:
        self.native = native
        self.inputs = len(native.graph.inputs)
        self.outputs = self.inputs + len(native.constants)
        count = len(native.graph.outputs)
        self.pointers: Array = np.zeros(self.outputs + count + len(native.fixed), np.int64)
        for i, b in enumerate(native.constants):
            self.pointers[self.inputs + i] = address(b.array)
        for i, b in enumerate(native.fixed):
            self.pointers[self.outputs + count + i] = address(b.array)
        self.code = native.library.address("core")

    def failed(self, status: int) -> None:
        """Raise what a callback raised."""
        if status:
            self.native.failed(status)


def address(a: Array) -> int:
    """Where an array's first element is; a third of the time of `a.ctypes.data`."""
    return a.__array_interface__["data"][0]  # type: ignore[no-any-return]


def plain(x: Any, aval: Aval, steps: int | None = None) -> Array:
    """An operand as native code takes it; with `steps` a stack of so many elements."""
    a = np.asarray(x)
    shape = aval.shape if steps is None else (steps, *aval.shape)
    if a.dtype != aval.dtype or a.shape != shape:
        raise AssertionError(f"a loop was given {a.dtype}{a.shape} for {aval.dtype}{shape}")
    if a.flags.c_contiguous and a.flags.aligned:
        return a
    return np.ascontiguousarray(a).reshape(shape)


def pairs(items: Sequence[tuple[int, int]]) -> tuple[Array, int, int]:
    """Pairs of integers for the driver: what holds them, their address, their number."""
    a = np.array([*items] or [(0, 0)], np.int64)
    return a, address(a), len(items)


class Step:
    """A sweep's body with its table: what is the same at each run of the loop."""

    def __init__(self, loop: Loop, sweep: Sweep, make: Make) -> None:
        self.sweep = sweep
        self.table = Table(lowered(sweep.body, make))
        self.avals = sweep.body.in_avals
        self.results = sweep.body.out_avals[sweep.carried :]
        self.constants = loop.constants
        self.first = len(self.avals) - sweep.carried
        self.offset = 0 if loop.start is None else 1
        table = self.table.outputs
        self.carried = [(self.first + k, table + k) for k in range(sweep.carried)]
        self.swaps = pairs(self.carried)
        reads = range(self.constants + self.offset, self.first)
        places = [(i, self.avals[i]) for i in reads]
        places += [(table + sweep.carried + k, a) for k, a in enumerate(self.results)]
        sign = -1 if sweep.backwards else 1
        self.strides = [(i, sign * a.size * a.dtype.itemsize) for i, a in places]
        self.moves = pairs(self.strides)

    def carry(self, first: Sequence[Any]) -> list[Array]:
        """Two buffers for each carried value, the first of which holds what is carried at first."""
        p = self.table.pointers
        buffers = []
        for x, (i, j) in zip(first, self.carried, strict=True):
            a = np.array(x, self.avals[i].dtype, order="C")
            if a.shape != self.avals[i].shape:
                raise AssertionError(f"a loop was given {a.shape} for {self.avals[i]}")
            b = np.empty_like(a)
            buffers += [a, b]
            p[i], p[j] = address(a), address(b)
        return buffers

    def place(self, arrays: Sequence[Array], at: int, steps: int) -> None:
        """Point slots (from number `at` of those that move) at the elements that the sweep comes to first."""
        p = self.table.pointers
        for a, (i, stride) in zip(arrays, self.strides[at:], strict=False):
            p[i] = address(a) + (-stride * (steps - 1) if self.sweep.backwards else 0)

    def hold(self, constants: Sequence[Any]) -> list[Array]:
        """Point at the constants; returns the arrays, which are to be held."""
        held = [plain(x, a) for x, a in zip(constants, self.avals, strict=False)]
        for i, a in enumerate(held):
            self.table.pointers[i] = address(a)
        return held

    def rooms(self, count: int) -> list[Array]:
        """Stacks for the results of so many steps."""
        return [np.empty((count, *a.shape), a.dtype) for a in self.results]

    def last(self, buffers: list[Array], steps: int) -> list[Array]:
        """What is carried after so many steps."""
        return buffers[steps % 2 :: 2]


class NativeLoop:
    """Runs one `Loop`."""

    def __init__(self, loop: Loop, make: Make) -> None:
        self.sweeps = loop.sweeps
        self.length = loop.length
        self.start = loop.start
        self.steps = [Step(loop, s, make) for s in loop.sweeps]
        self.cond = None if loop.cond is None else Table(lowered(loop.cond, make))
        n, m = loop.constants, self.steps[0].first
        self.copies = pairs([(n + k, m + k) for k in range(loop.sweeps[0].carried)])
        self.lock = threading.Lock()

    def __call__(
        self, constants: list[Any], stacks: list[Any], firsts: list[list[Any]]
    ) -> list[Any]:
        """Run it; one thread at a time, since the tables of pointers are one."""
        with self.lock:
            if self.length is not None:
                carried, results = self.counted(0, self.length, constants, stacks, firsts[0])
                return [*carried, *results]
            return self.unbounded(constants, firsts)

    def counted(
        self, number: int, steps: int, constants: list[Any], stacks: list[Any], first: list[Any]
    ) -> tuple[list[Any], list[Array]]:
        """A sweep over a known number of steps: what is carried at last, and the stacks of results."""
        step = self.steps[number]
        buffers, results = step.carry(first), step.rooms(steps)
        if not steps:
            return buffers[::2], results
        held = step.hold(constants)
        backwards = step.sweep.backwards
        index = np.array((self.start or 0) + (steps - 1 if backwards else 0), np.int64)
        if step.offset:
            step.table.pointers[step.constants] = address(index)
        reads = step.avals[step.constants + step.offset :]
        held += [plain(x, a, steps) for x, a in zip(stacks, reads, strict=False)]
        step.place([*held[step.constants :], *results], 0, steps)
        run, _, _ = driver()
        status = run(
            step.table.code, address(step.table.pointers), steps, step.swaps[1], step.swaps[2], step.moves[1], step.moves[2],
            address(index), -1 if backwards else 1,
        )  # fmt: skip
        step.table.failed(status)
        return step.last(buffers, steps), results

    def unbounded(self, constants: list[Any], firsts: list[list[Any]]) -> list[Any]:
        """A `while`, and the sweeps over its steps."""
        carried, steps, kept = self.guarded(constants, firsts[0])
        stacks = [kept]
        out = list(carried)
        for number, sweep in list(enumerate(self.sweeps))[1:]:
            reads = [stacks[s][k] for s, k in sweep.reads]
            last, results = self.counted(number, steps, constants, reads, firsts[number])
            stacks.append(results)
            out += last
        return out

    def guarded(self, constants: list[Any], first: list[Any]) -> tuple[list[Any], int, list[Array]]:
        """The first sweep, as long as the condition holds: what is carried at last, the number of steps, the stacks."""
        step, cond = self.steps[0], self.cond
        assert cond is not None
        room = 64 if step.results else MOST_AT_ONCE
        buffers, results = step.carry(first), step.rooms(room)
        held = step.hold(constants)
        flag = np.zeros((), np.bool_)
        cond.pointers[: len(held)] = step.table.pointers[: len(held)]
        cond.pointers[cond.outputs] = address(flag)
        count = np.zeros((), np.int64)
        chunks: list[list[Array]] = []
        _, run, _ = driver()
        while True:
            before = int(count)
            step.place(results, 0, room)
            status = run(
                cond.code, address(cond.pointers), address(flag), self.copies[1], self.copies[2], step.table.code,
                address(step.table.pointers), room, step.swaps[1], step.swaps[2], step.moves[1], step.moves[2], address(count),
            )  # fmt: skip
            chunks.append([a[: int(count) - before] for a in results])
            if status == 0:
                break
            if status != PAUSED:
                for t in (cond, step.table):
                    if t.native.lowered.error is not None:
                        t.failed(status)
                raise AssertionError(f"native code returned {status}")
            if results:
                room *= 2
                results = step.rooms(room)
        steps = int(count)
        kept = [np.concatenate(column) for column in zip(*chunks, strict=True)]
        return step.last(buffers, steps), steps, kept
