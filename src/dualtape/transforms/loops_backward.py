"""The backward passes of loops, as loops: see NOTE [sweeps] in `loops_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..core import tracing
from ..core.aval import aval_of
from ..core.custom import Values
from ..core.vocabulary import vocabulary
from .loops_bodies import pulled_body
from .loops_trace import Body

Flags = list[bool]


class Reversed:
    """The backward pass of a loop of known length, for given operands and cotangents."""

    def __init__(self, loop: Any, needs: tuple[bool, ...], given: tuple[bool, ...]) -> None:
        self.loop = loop
        sweep = loop.sweeps[0]
        n = sweep.carried
        c_needs, s_needs, firsts = loop.split(needs)
        avals = sweep.body.in_avals
        offset = [] if loop.start is None else [False]
        elements = [*offset, *s_needs]
        carried = needed_carries(sweep, c_needs, elements, firsts[0])
        cts = list(given[:n])
        self.stacked = list(given[n:])
        inputs = [*c_needs, *elements, *carried]
        while True:
            found = sweep.body.reaching([*cts, *self.stacked])
            wanted = [a and b for a, b in zip(inputs, found, strict=True)]
            wider = [a or b for a, b in zip(cts, wanted[len(inputs) - n :], strict=True)]
            if wider == cts:
                break
            cts = wider
        self.c_wanted = wanted[: loop.constants]
        self.s_wanted = wanted[loop.constants + len(offset) : len(inputs) - n]
        self.carried = [a and b for a, b in zip(cts, carried, strict=True)]
        body = pulled_body(
            sweep.body, n, [c_needs, elements], [self.c_wanted, [*offset, *self.s_wanted], self.carried], [self.stacked]
        )  # fmt: skip
        flags = body.used()[loop.constants + len(offset) :]
        self.reads = flags[: len(avals) - loop.constants - len(offset) + sum(self.stacked)]
        body = without_inputs(body, loop.constants + len(offset), self.reads)
        self.made = type(loop)(
            f"{loop.name}_backward", loop.constants, sum(self.reads),
            (type(sweep)(body, sum(self.carried) + sum(self.c_wanted), (), not sweep.backwards),), loop.length, None, loop.start,
        )  # fmt: skip

    def __call__(self, cts: Values, primals: Values, saved: Values) -> Values:
        """Return the operands' cotangents."""
        loop = self.loop
        n = loop.sweeps[0].carried
        constants, stacks, firsts = loop.split(primals)
        stacked = [c for c, f in zip(cts[n:], self.stacked, strict=True) if f]
        reads = [x for x, f in zip([*stacks, *saved, *stacked], self.reads, strict=True) if f]
        first = [
            zeros(x) if c is None else c
            for x, c, f in zip(firsts[0], cts[:n], self.carried, strict=True)
            if f
        ]
        first += [zeros(x) for x, w in zip(constants, self.c_wanted, strict=True) if w]
        values = iter(self.made.on([*constants, *reads, *first]))
        carried = [next(values) if f else None for f in self.carried]
        c_cts = [next(values) if f else None for f in self.c_wanted]
        s_cts = [next(values) if f else None for f in self.s_wanted]
        return [*c_cts, *s_cts, *carried]


class Unwound:
    """The backward pass of a `while`, for given operands and cotangents: see NOTE [sweeps]."""

    def __init__(self, loop: Any, needs: tuple[bool, ...], given: tuple[bool, ...]) -> None:
        self.loop = loop
        c_needs, _, firsts = loop.split(needs)
        given_by: list[list[bool]] = []
        at = 0
        for s in loop.sweeps:
            given_by.append(list(given[at : at + s.carried]))
            at += s.carried
        carried: list[Flags] = []
        results: list[Flags] = []
        elements: list[Flags] = []
        for s, first in zip(loop.sweeps, firsts, strict=True):
            elements.append([results[k][j] for k, j in s.reads])
            carried.append(needed_carries(s, c_needs, elements[-1], first))
            results.append(s.body.reached([*c_needs, *elements[-1], *carried[-1]])[s.carried :])
        forward = [replace(s, body=with_carried(s.body, s.carried)) for s in loop.sweeps]
        arriving: list[dict[int, list[tuple[int, int]]]] = [{} for _ in loop.sweeps]
        back: list[Any] = []
        count = len(loop.sweeps)
        self.c_wanted: list[Flags] = []
        self.carried: list[Flags] = []
        for number in reversed(range(count)):
            s = loop.sweeps[number]
            n = s.carried
            cts = given_by[number]
            stacked = [k in arriving[number] for k in range(s.results)]
            inputs = [*c_needs, *elements[number], *carried[number]]
            while True:
                found = s.body.reaching([*cts, *stacked])
                wanted = [a and b for a, b in zip(inputs, found, strict=True)]
                wider = [a or b for a, b in zip(cts, wanted[len(inputs) - n :], strict=True)]
                if wider == cts:
                    break
                cts = wider
            c_wanted = wanted[: loop.constants]
            e_wanted = wanted[loop.constants : len(inputs) - n]
            flags = [a and b for a, b in zip(cts, carried[number], strict=True)]
            body = pulled_body(
                s.body, n, [c_needs, elements[number]], [c_wanted, e_wanted, flags],
                [[len(arriving[number].get(k, ())) for k in range(s.results)]],
            )  # fmt: skip
            reads = [*s.reads, *[(number, s.results + k) for k in range(n)]]
            for k in range(s.results):
                reads += arriving[number].get(k, [])
            place = count + len(back)
            for rank_, (k, j) in enumerate(
                [r for r, w in zip(s.reads, e_wanted, strict=True) if w]
            ):
                arriving[k].setdefault(j, []).append((place, rank_))
            back.append(type(s)(body, sum(flags) + sum(c_wanted), tuple(reads), not s.backwards))
            self.c_wanted.append(c_wanted)
            self.carried.append(flags)
        sweeps = only_read([*forward, *back], loop.constants)
        self.made = type(loop)(
            f"{loop.name}_backward", loop.constants, 0, tuple(sweeps), None, loop.cond,
        )  # fmt: skip

    def __call__(self, cts: Values, primals: Values) -> Values:
        """Return the operands' cotangents."""
        loop = self.loop
        constants, _, firsts = loop.split(primals)
        count = len(loop.sweeps)
        starts = []
        at = 0
        for s in loop.sweeps:
            starts.append(at)
            at += s.carried
        operands = list(primals)
        for k, number in enumerate(reversed(range(count))):
            operands += [
                zeros(x) if cts[starts[number] + i] is None else cts[starts[number] + i]
                for i, (x, f) in enumerate(zip(firsts[number], self.carried[k], strict=True))
                if f
            ]
            operands += [zeros(x) for x, w in zip(constants, self.c_wanted[k], strict=True) if w]
        values = iter(self.made.on(operands)[at:])
        c_cts: Values = [None] * len(constants)
        by_sweep: list[Values] = [[] for _ in loop.sweeps]
        for k, number in enumerate(reversed(range(count))):
            by_sweep[number] = [next(values) if f else None for f in self.carried[k]]
            for i, w in enumerate(self.c_wanted[k]):
                if w:
                    g = next(values)
                    c_cts[i] = g if c_cts[i] is None else vocabulary.add(c_cts[i], g)
        return [*c_cts, *[g for part in by_sweep for g in part]]


# --- small things -------------------------------------------------------------------------------------


def needed_carries(sweep: Any, constants: Flags, elements: Flags, first: Flags) -> Flags:
    """Which carried values depend differentiably on operands that need a gradient."""
    carried = list(first)
    while True:
        out = sweep.body.reached([*constants, *elements, *carried])[: sweep.carried]
        wider = [a or b for a, b in zip(carried, out, strict=True)]
        if wider == carried:
            return carried
        carried = wider


def with_carried(body: Body, carried: int) -> Body:
    """The body with what it is given to carry as more results."""
    count = len(body.inputs) - carried
    return Body(
        body.avals, body.inputs, body.constants, body.instructions, [*body.outputs, *body.inputs[count:]]
    )  # fmt: skip


def without_inputs(body: Body, at: int, kept: Sequence[bool]) -> Body:
    """The body without those inputs from `at` on that are not kept, which it does not use."""
    numbers = body.inputs[at : at + len(kept)]
    inputs = [
        *body.inputs[:at],
        *[n for n, k in zip(numbers, kept, strict=True) if k],
        *body.inputs[at + len(kept) :],
    ]
    return Body(body.avals, inputs, body.constants, body.instructions, body.outputs)


def only_read(sweeps: list[Any], constants: int) -> list[Any]:
    """The sweeps without results that no later one reads, and without elements that are not used."""
    read: list[set[int]] = [set() for _ in sweeps]
    kept_reads: list[list[bool]] = []
    for s in sweeps:
        used = s.body.used()[constants : constants + len(s.reads)]
        kept_reads.append(used)
        for (k, j), u in zip(s.reads, used, strict=True):
            if u:
                read[k].add(j)
    out = []
    for s, found, kept in zip(sweeps, read, kept_reads, strict=True):
        results = s.body.outputs[s.carried :]
        outputs = [*s.body.outputs[: s.carried], *[results[j] for j in sorted(found)]]
        body = without_inputs(s.body, constants, kept)
        body = Body(body.avals, body.inputs, body.constants, body.instructions, outputs)
        places = [sorted(r) for r in read]
        reads = tuple(
            [(k, places[k].index(j)) for (k, j), u in zip(s.reads, kept, strict=True) if u]
        )
        out.append(replace(s, body=body, reads=reads))
    return out


def zeros(x: Any) -> Any:
    """Zeros like a value."""
    a = aval_of(x)
    return tracing.zeros(a.shape, a.dtype)
