"""Loops and conditions in C: their bodies are functions, and what drives them is a `for`, a `while` or a `switch`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...transforms.loops_branches import Branches
from ...transforms.loops_rules import Loop
from ..emit import memory
from ..emit.writer import Lanes, literal
from ..lowering.nodes import IOTA, LITERAL, Node, Ref
from ..lowering.scalars import ELEMENTS
from ..lowering.structured import graph_of
from . import instructions as ins
from .library import MEMORY

if TYPE_CHECKING:
    from .emission import CEmission, Written


def written(e: CEmission, rules: Any, operands: Sequence[Ref], results: Sequence[Node]) -> bool:
    """Write a call of a loop or a condition; False if it is neither, or a loop whose steps would have to be kept."""
    if isinstance(rules, Branches):
        _branches(e, operands, results, rules)
        return True
    if isinstance(rules, Loop) and len(rules.sweeps) == 1:
        if rules.length is None and rules.sweeps[0].results:
            return False
        _loop(e, operands, results, rules)
        return True
    return False


def _bytes(a: Aval) -> int:
    return a.size * a.dtype.itemsize


class _Writer:
    """What drives a loop or condition, line by line."""

    def __init__(self, e: CEmission) -> None:
        self.e = e
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def done(self) -> None:
        """Write the lines, as one statement."""
        self.e.w.effect("\n".join(self.lines))

    def operand(self, x: Ref) -> str:
        """C's pointer to an operand, which is copied if it is not whole."""
        e = self.e
        element = _stored(x.dtype)
        if x.whole and e.p.placed(x.node):
            return e.w.address(e.at(e.w, x), element)
        start = e.scratch(x.dtype.itemsize * int(np.prod(x.shape, dtype=int)))
        base = e.slot(e.p.arena_slot)
        out = e.w.op(f"getelementptr i8, ptr {base}, i64 {start}")
        self._copied(x, out)
        return e.w.address(out, element)

    def _copied(self, x: Ref, out: str) -> None:
        w = self.e.w
        size, element = x.dtype.itemsize, ELEMENTS[x.dtype.char]
        source = (
            None
            if x.node.kind in (LITERAL, IOTA) or not self.e.p.placed(x.node)
            else self.e.at(w, x)
        )

        def number(at: str) -> str:
            """The number at an index."""
            if x.node.kind == LITERAL:
                return ins.literal(element, literal(element, x.node.op))
            if x.node.kind == IOTA:
                value = w.op(f"add nsw i64 {at}, {x.offset}")
                return value if element == "i64" else w.op(f"trunc i64 {value} to {element}")
            if source is None:
                return self.e.scalars[x.node]
            p = w.op(f"getelementptr i8, ptr {source}, i64 {w.op(f'mul nsw i64 {at}, {size}')}")
            return w.op(f"load {_stored(x.dtype)}, ptr {p}, align {size}")

        def nest(axis: int, at: str, place: str) -> None:
            if axis < len(x.shape):
                step = int(np.prod(x.shape[axis + 1 :], dtype=int))

                def body(i: str, _: list[str]) -> list[str]:
                    nest(
                        axis + 1,
                        w.op(f"add nsw i64 {w.op(f'mul nsw i64 {i}, {x.strides[axis]}')}, {at}"),
                        w.op(f"add nsw i64 {w.op(f'mul nsw i64 {i}, {step}')}, {place}"),
                    )
                    return []

                w.loop(0, x.shape[axis], 1, body)
                return
            target = w.op(
                f"getelementptr i8, ptr {out}, i64 {w.op(f'mul nsw i64 {place}, {size}')}"
            )
            value = number(at)
            place_of, kind = w.element(target, _stored(x.dtype))
            w.effect(f"{place_of} = ({kind}){value};")

        zero = w.op("add nsw i64 0, 0")
        nest(0, zero, zero)


def _stored(dtype: np.dtype[Any]) -> str:
    """LLVM's element of an array, as it lies in memory."""
    return memory.stored(Lanes(ELEMENTS[dtype.char])).element


def _results(e: CEmission, results: Sequence[Node]) -> list[str]:
    """C's pointers to the results; those that nobody reads get a place too."""
    out = []
    for node in results:
        element = _stored(node.dtype)
        if e.p.placed(node):
            out.append(e.w.address(e.pointer(e.w, node), element))
        else:
            start = e.scratch(node.size * node.dtype.itemsize)
            at = e.w.op(f"getelementptr i8, ptr {e.slot(e.p.arena_slot)}, i64 {start}")
            out.append(e.w.address(at, element))
    return out


def _called(f: Written, inputs: list[str], outputs: list[str], work: int) -> str:
    given = [f"(const {t} *)({x})" for t, x in zip(f.inputs, inputs, strict=True)]
    given += [f"({t} *)({y})" for t, y in zip(f.outputs, outputs, strict=True)]
    return f"{f.name}({', '.join([*given, f'work + {work}'])})"


def _branches(
    e: CEmission, operands_: Sequence[Ref], results: Sequence[Node], rules: Branches
) -> None:
    d = _Writer(e)
    functions = [e.file.function(graph_of(b)) for b in rules.bodies]
    which, *operands = [d.operand(x) for x in operands_]
    outs = _results(e, results)
    work = e.scratch(max([f.work for f in functions]))
    index = f"((const {MEMORY[_stored(operands_[0].dtype)]} *)({which}))[0]"
    for k, f in enumerate(functions):
        last = k == len(functions) - 1
        test = "" if last else f"if ({index} == {k}) "
        d.line(f"{'else ' if k else ''}{test}{{")
        d.line(f"    if ({_called(f, operands, outs, work)}) return 1;")
        d.line("}")
    d.done()


def _loop(e: CEmission, operands: Sequence[Ref], results: Sequence[Node], rules: Loop) -> None:
    d = _Writer(e)
    sweep = rules.sweeps[0]
    body = e.file.function(graph_of(sweep.body))
    cond = None if rules.cond is None else e.file.function(graph_of(rules.cond))
    given = [d.operand(x) for x in operands]
    outs = _results(e, results)
    constants, rest = given[: rules.constants], given[rules.constants :]
    stacks, firsts = rest[: rules.stacks], rest[rules.stacks :]
    n = sweep.carried
    avals = sweep.body.out_avals[:n]
    number = e.file.next_number()
    old, new = [f"a{number}_{k}" for k in range(n)], [f"b{number}_{k}" for k in range(n)]
    d.line("{")
    for k, a in enumerate(avals):
        size = _bytes(a)
        at = [e.scratch(size), e.scratch(size)]
        d.line(f"    char *{old[k]} = work + {at[0]}, *{new[k]} = work + {at[1]};")
        d.line(f"    dt_copy({old[k]}, {firsts[k]}, {size});")
    i = f"k{number}"
    work = e.scratch(max(body.work, 0 if cond is None else cond.work))
    if rules.length is not None:
        steps = (
            f"{i} = {rules.length - 1}; {i} >= 0; --{i}"
            if sweep.backwards
            else f"{i} = 0; {i} < {rules.length}; ++{i}"
        )
        d.line(f"    for (int64_t {steps}) {{")
    else:
        d.line("    for (;;) {")
        assert cond is not None
        d.line("        uint8_t go = 0;")
        d.line(f"        if ({_called(cond, [*constants, *old], ['&go'], work)}) return 1;")
        d.line("        if (!go) break;")
    elements = []
    if rules.start is not None:
        d.line(f"        const int64_t step = {i} + {rules.start};")
        elements.append("&step")
    first = rules.constants + (rules.start is not None)
    for s, a in zip(stacks, sweep.body.in_avals[first:], strict=False):
        elements.append(f"(const char *)({s}) + {i} * {_bytes(a)}")
    kept = [
        f"(char *)({y}) + {i} * {_bytes(a)}" if rules.length is not None else y
        for y, a in zip(outs[n:], sweep.body.out_avals[n:], strict=True)
    ]
    d.line(
        f"        if ({_called(body, [*constants, *elements, *old], [*new, *kept], work)}) return 1;"
    )
    for x, y in zip(old, new, strict=True):
        d.line(f"        {{ char *t = {x}; {x} = {y}; {y} = t; }}")
    d.line("    }")
    for k, a in enumerate(avals):
        d.line(f"    dt_copy({outs[k]}, {old[k]}, {_bytes(a)});")
    d.line("}")
    d.done()
