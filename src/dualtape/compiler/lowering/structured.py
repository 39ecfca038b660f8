"""Loops and conditions as code in the program that they are part of.

A body is a function of the same module, which LLVM puts into the loop where it is short, so that a carried number stays in
a register.

NOTE [carried in place]
A body reads what is carried from the memory that it writes the next to, as a step of an optimizer does with its
parameters: what is carried is an input of the body's graph that the graph updates. So nothing is exchanged between steps.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...transforms.loops_branches import Branches
from ...transforms.loops_rules import Loop
from ...transforms.loops_trace import Body
from ..emit import memory
from ..emit.writer import Lanes
from ..graph import Graph
from ..native import library
from ..passes import simplified
from . import scalars, unwound
from .arena import rounded
from .nodes import ROUTINE, Node, Ref
from .scalars import ELEMENTS

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission
    from .program import Program

SMALL = 256
"""Bytes that are kept on the stack, where LLVM may turn them into registers."""
SHORT = 40
"""Operations up to which a body is put into its loop."""
BETWEEN = 1 << 16
"""Steps between two looks at whether somebody wants to stop the program."""

make: Callable[[Graph], Program] | None = None
"""Makes a program of a graph; set by `program.py`, which needs this room."""


class Inside(NamedTuple):
    """A callback of a loop's body: the table that it is called with is the body's."""

    program: Any
    callback: Any

    @property
    def results(self) -> tuple[Node, ...]:
        """The callback's."""
        return self.callback.results  # type: ignore[no-any-return]

    @property
    def primitive(self) -> Primitive:
        """The callback's."""
        return self.callback.primitive  # type: ignore[no-any-return]


def graph_of(body: Body, carried: int | None = None) -> Graph:
    """A body as a graph, simplified; its last inputs, `carried` many, are updated by its first outputs."""
    constants = {n: own(v) for n, v in body.constants.items()}
    outputs = body.outputs
    updates: tuple[tuple[int, int], ...] = ()
    if carried:
        pairs = zip(body.inputs[len(body.inputs) - carried :], outputs, strict=False)
        updates = tuple([(i, o) for i, o in pairs if i != o])
    if carried is not None:
        outputs = outputs[carried:]
    return simplified(
        Graph(list(body.avals), body.inputs, constants, body.instructions, outputs, updates)
    )


def own(x: Any) -> Any:
    """A constant; a number that nobody can change is a number of the code."""
    a = np.asarray(x)
    return a[()] if not a.ndim and (a is not x or not a.flags.writeable) else a


def program_of(body: Body, carried: int | None = None) -> Program | None:
    """A body as a program without arrays of its own; None if it has some, or reads what native code cannot."""
    key = ("lowered", carried)
    if key not in body.derived:
        graph = graph_of(body, carried)
        avals = [graph.avals[v] for v in (*graph.inputs, *graph.outputs)]
        found = None
        if all(scalars.supported(a.dtype) for a in avals):
            assert make is not None
            made = make(graph)
            if not made.build.constants:
                found = made
        body.derived[key] = found
    found = body.derived[key]
    return found  # type: ignore[no-any-return]


def is_inline(primitive: Primitive) -> bool:
    """Whether a loop or a condition is written as code of the program that it is part of."""
    return parts_of(primitive) is not None


def parts_of(primitive: Primitive) -> list[Program] | None:
    """The bodies of a loop or a condition, a condition's test last; None if they need Python, or it is none."""
    rules = getattr(primitive, "rules", None)
    if isinstance(rules, Branches):
        found = [program_of(b) for b in rules.bodies]
    elif isinstance(rules, Loop):
        if rules.length is None and len(rules.sweeps) == 1 and rules.sweeps[0].results:
            return None
        found = [program_of(s.body, s.carried) for s in rules.sweeps]
        if rules.cond is not None:
            found.append(program_of(rules.cond))
    else:
        return None
    every = [p for p in found if p is not None]
    return every if len(every) == len(found) else None


@dataclass(eq=False)
class Structured:
    """A loop or a condition in a program.

    Attributes:
        rules: What it does.
        programs: Its bodies.
        firsts: By body the number of its first callback, among those of the program around.
        results: Its nodes, in order.
    """

    rules: Any
    programs: list[Program]
    firsts: list[int] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)

    def __repr__(self) -> str:
        rules = self.rules
        if isinstance(rules, Branches):
            return f"{rules.name} of {len(rules.bodies)}"
        return f"{rules.name} {'' if rules.length is None else f'of {rules.length} steps'}".rstrip()

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """What it calls, with addresses."""
        found = {k: v for p in self.programs for k, v in p.symbols.items()}
        if self.is_long:
            found["dualtape_signals"] = library.address_of(ctypes.pythonapi.PyErr_CheckSignals)
        if isinstance(self.rules, Loop) and len(self.rules.sweeps) > 1:
            found.update(unwound.externals())
        return tuple(found.items())

    @property
    def is_long(self) -> bool:
        """Whether it may run for so long that somebody wants to stop it."""
        rules = self.rules
        return isinstance(rules, Loop) and (rules.length is None or rules.length > BETWEEN)

    @property
    def is_short(self) -> bool:
        """Whether LLVM is to optimise it as a whole."""
        return sum(len(c.members) for p in self.programs for c in p.order) <= SHORT and not any(
            p.large for p in self.programs
        )

    def key(self) -> str:
        """Stable text."""
        r = self.rules
        shape = (
            (
                r.length,
                r.start,
                r.constants,
                r.stacks,
                [(s.backwards, s.carried, s.reads) for s in r.sweeps],
            )
            if isinstance(r, Loop)
            else ()
        )
        return f"{self!r} {shape} {[p.key for p in self.programs]} {self.firsts}"

    def room(self, itemsize: int) -> int:
        """Bytes of the arena that it uses."""
        sizes = [n.size * n.dtype.itemsize for n in self.results] + [p.arena for p in self.programs]
        return sum([rounded(n) for n in sizes if n > SMALL])

    # --- writing --------------------------------------------------------------------------------------

    def write(self, e: Emission, node: Node) -> None:
        """Write it, once for all its results."""
        if not e.stands_for_all(node):
            return
        w = e.w
        operands = [e.at(w, x) for x in node.args]
        functions = [
            self.function(e, p, n) for p, n in zip(self.programs, self.firsts, strict=True)
        ]
        if isinstance(self.rules, Branches):
            self.write_branches(e, node, operands, functions)
        elif len(self.rules.sweeps) > 1:
            unwound.write(self, e, operands, functions)
        elif self.rules.length is None:
            self.write_while(e, operands, functions)
        else:
            self.write_counted(e, operands, functions[0])

    def function(self, e: Emission, p: Program, first: int) -> str:
        """Write a body as a function; its name."""
        name = f"@inner.{len(e.module.functions)}"
        e.module.functions[name] = ""  # taken
        sub = type(e)(p)
        sub.module = e.module
        sub.first_callback = e.first_callback + first
        sub.write("define internal", name, attributes="alwaysinline " if self.is_short else "")
        return name

    def own_memory(self, e: Emission, size: int) -> str:
        """Memory for the time of this step."""
        return e.stack(max(size, 1)) if size <= SMALL else e.room(size)

    def place(self, e: Emission, node: Node) -> str:
        """Where a result goes, wherever that is if nobody wants it."""
        if e.placed(node):
            return e.pointer(e.w, node)
        return self.own_memory(e, node.size * node.dtype.itemsize)

    def table(self, e: Emission, p: Program, inputs: list[str], outputs: list[str]) -> str:
        """A table of pointers for a body; those that move are put into it later."""
        table = e.stack(8 * (p.callback_slot + 1))
        arena = self.own_memory(e, p.arena) if p.arena else "null"
        back = e.slot(e.p.callback_slot) if p.build.callbacks else "null"
        for k, pointer in enumerate([*inputs, *outputs, arena, back]):
            memory.put(e.w, table, k, pointer)
        assert p.arena_slot == len(inputs) + len(outputs), "a body's table is another"
        return table

    def carry(
        self, e: Emission, first: list[str], results: list[Node] | None = None
    ) -> list[tuple[Node, str]]:
        """Memory for what is carried, which is there at first."""
        out = []
        for node, source in zip(self.results if results is None else results, first, strict=False):
            size = node.size * node.dtype.itemsize
            pointer = e.stack(max(size, 1)) if size <= SMALL else self.place(e, node)
            copy(e, pointer, source, size)
            out.append((node, pointer))
        return out

    def deliver(self, e: Emission, carried: list[tuple[Node, str]]) -> None:
        """Put what was carried on the stack to where it is wanted."""
        for node, pointer in carried:
            size = node.size * node.dtype.itemsize
            if size <= SMALL and e.placed(node):
                copy(e, e.pointer(e.w, node), pointer, size)

    def write_counted(self, e: Emission, operands: list[str], function: str) -> None:
        """A loop of known length."""
        w, loop = e.w, self.rules
        sweep, length = loop.sweeps[0], loop.length
        n, m = loop.constants, loop.constants + loop.stacks
        carried = self.carry(e, operands[m:])
        stacks = [self.place(e, r) for r in self.results[sweep.carried :]]
        if length:
            avals = sweep.body.in_avals
            offset = 0 if loop.start is None else 1
            index = [e.stack(8)] if offset else []
            reads = avals[n + offset : n + offset + loop.stacks]
            moving = [
                *[(n + offset + k, p, a) for k, (p, a) in enumerate(zip(operands[n:m], reads, strict=True))],
                *[(len(avals) + k, p, a) for k, (p, a) in
                  enumerate(zip(stacks, sweep.body.out_avals[sweep.carried :], strict=True))],
            ]  # fmt: skip
            inputs = [*operands[:n], *index, *operands[n:m], *[p for _, p in carried]]
            table = self.table(e, self.programs[0], inputs, stacks)

            def step(i: str, _: list[str]) -> list[str]:
                if self.is_long:
                    self.look(e, i)
                at = w.op(f"sub nsw i64 {length - 1}, {i}") if sweep.backwards else i
                for slot, base, a in moving:
                    start = w.op(f"mul nsw i64 {at}, {a.size * a.dtype.itemsize}")
                    memory.put(w, table, slot, w.op(f"getelementptr i8, ptr {base}, i64 {start}"))
                for p in index:
                    number = w.op(f"add nsw i64 {at}, {loop.start}")
                    w.do(f"store i64 {number}, ptr {p}, align 8")
                self.call(e, self.programs[0], function, table)
                return []

            w.loop(0, length, 1, step)
        self.deliver(e, carried)

    def write_while(self, e: Emission, operands: list[str], functions: list[str]) -> None:
        """A loop that goes on while its condition holds."""
        w, loop = e.w, self.rules
        n = loop.constants
        carried = self.carry(e, operands[n:])
        inputs = [*operands[:n], *[p for _, p in carried]]
        table = self.table(e, self.programs[0], inputs, [])
        flag, count = e.stack(1), e.stack(8)
        asked = self.table(e, self.programs[1], inputs, [flag])
        w.do(f"store i64 0, ptr {count}, align 8")
        w.count += 1
        head, step, done = f"while.{w.count}", f"step.{w.count}", f"over.{w.count}"
        w.do(f"br label %{head}")
        w.label(head)
        self.call(e, self.programs[1], functions[1], asked)
        answer = w.op(f"load i8, ptr {flag}, align 1")
        w.do(f"br i1 {w.op(f'icmp eq i8 {answer}, 0')}, label %{done}, label %{step}")
        w.label(step)
        number = w.op(f"load i64, ptr {count}, align 8")
        w.do(f"store i64 {w.op(f'add nsw i64 {number}, 1')}, ptr {count}, align 8")
        self.look(e, number)
        self.call(e, self.programs[0], functions[0], table)
        w.do(f"br label %{head}")
        w.label(done)
        self.deliver(e, carried)

    def write_branches(
        self, e: Emission, node: Node, operands: list[str], functions: list[str]
    ) -> None:
        """A choice."""
        w = e.w
        results = [self.place(e, r) for r in self.results]
        t = memory.stored(Lanes(ELEMENTS[node.args[0].dtype.char]))
        chosen = w.op(f"load {t.text}, ptr {operands[0]}, align {t.bits // 8}")
        tables = [self.table(e, p, operands[1:], results) for p in self.programs]
        w.count += 1
        names = [f"branch.{w.count}.{k}" for k in range(len(functions))]
        done = f"chosen.{w.count}"
        # A number that is no branch's cannot come: the last takes it.
        cases = " ".join([f"{t.text} {k}, label %{name}" for k, name in enumerate(names[:-1])])
        w.do(f"switch {t.text} {chosen}, label %{names[-1]} [ {cases} ]")
        for name, p, function, table in zip(names, self.programs, functions, tables, strict=True):
            w.label(name)
            self.call(e, p, function, table)
            w.do(f"br label %{done}")
        w.label(done)

    def call(self, e: Emission, p: Program, function: str, table: str) -> None:
        """Write the call of a body."""
        status = e.w.op(f"call i32 {function}(ptr {table})")
        if p.build.callbacks or "dualtape_signals" in p.symbols:
            e._unless_failed(status)

    def look(self, e: Emission, number: str, check: Callable[[str], None] | None = None) -> None:
        """Stop, every so many steps, if somebody wants to (Ctrl-C); `check` goes elsewhere with what says so."""
        w = e.w
        w.module.declarations["@dualtape_signals"] = "declare i32 @dualtape_signals()"
        rest = w.op(f"and i64 {number}, {BETWEEN - 1}")
        now = w.op(f"icmp eq i64 {rest}, {BETWEEN - 1}")
        w.count += 1
        ask, on = f"ask.{w.count}", f"on.{w.count}"
        w.do(f"br i1 {now}, label %{ask}, label %{on}")
        w.label(ask)
        (check or e._unless_failed)(w.op("call i32 @dualtape_signals()"))
        w.do(f"br label %{on}")
        w.label(on)


def copy(e: Emission, to: str, source: str, size: int) -> None:
    """Copy memory."""
    if size and to != source:
        name = "@llvm.memcpy.p0.p0.i64"
        e.module.declarations[name] = f"declare void {name}(ptr, ptr, i64, i1)"
        e.w.do(f"call void {name}(ptr {to}, ptr {source}, i64 {size}, i1 false)")


def structured(b: Build, p: Primitive, xs: list[Ref], outs: list[Aval]) -> list[Ref] | None:
    """The results of a loop or a condition; None if it needs Python, or is none."""
    programs = parts_of(p)
    if programs is None or not outs:
        return None
    args = [b.materialized(x) for x in xs]
    op = Structured(p.rules, programs)  # type: ignore[attr-defined]
    for inner in programs:
        op.firsts.append(len(b.callbacks))
        own = inner.build.callbacks
        b.callbacks += [c if isinstance(c, Inside) else Inside(inner, c) for c in own]
    params = {"code": op.key()}
    op.results = [
        b.nodes.routine(op, tuple(args), a.shape, a.dtype, repr(op), k, params)
        for k, a in enumerate(outs)
    ]
    return [n.ref() for n in op.results]


def is_short(program: Program) -> bool:
    """Whether a program has loops, and all of them are such that LLVM is to optimise the module."""
    ops = [n.op for c in program.order if c.routine for n in c.members if n.kind == ROUTINE]
    found = [op for op in ops if isinstance(op, Structured)]
    return bool(found) and len(program.order) <= SHORT and all(op.is_short for op in found)
