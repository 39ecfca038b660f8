"""A Python loop that was unrolled by tracing becomes a loop again, so that compiling does not take longer with more steps.

What is looked for is one block of calls after another, the same primitives in the same order, in which each operand is
(a) the same value in every block, (b) made at the same place of the same block or of the one before, or (c) a constant of its
own. Everything is linear in the number of calls: a block's length is guessed from how far equal calls are apart.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.tracing import Instruction
from ...transforms.loops_rules import Loop, StructuredCall, Sweep
from ...transforms.loops_trace import Body
from ..graph import Call, Graph
from .common import frozen

LEAST_BLOCKS = 8
LEAST_CALLS = 1024
"""Shorter programs are left as they are: what is unrolled can be fused over several steps."""
CANDIDATES = 6

SAME, BEFORE, OWN = 0, 1, 2


class Run(NamedTuple):
    """Calls `start` to `start + length * blocks`: blocks of `length` calls."""

    start: int
    length: int
    blocks: int

    @property
    def end(self) -> int:
        """The first call behind it."""
        return self.start + self.length * self.blocks


def rolled(graph: Graph) -> Graph:
    """The graph with its longest repetitions as loops."""
    for _ in range(CANDIDATES):
        if len(graph.calls) < LEAST_CALLS:
            break
        found = as_loop(graph)
        if found is None:
            break
        graph = found
    return graph


def as_loop(graph: Graph) -> Graph | None:
    """The graph with its longest repetition as a loop; None if there is none."""
    tokens = tokens_of(graph)
    best: tuple[int, Run, list[list[tuple[int, int]]]] | None = None
    made = {v: (i, r) for i, c in enumerate(graph.calls) for r, v in enumerate(c.results)}
    for length in lengths(tokens):
        for run in runs(tokens, length):
            checked = consistent(graph, run, made)
            if checked is None:
                continue
            covered = checked[0].length * checked[0].blocks
            if covered >= LEAST_CALLS and (best is None or covered > best[0]):
                best = (covered, *checked)
    return None if best is None else replaced(graph, best[1], best[2], made)


def tokens_of(graph: Graph) -> list[int]:
    """A number per call: equal for the same primitive with the same parameters on the same shapes and dtypes."""
    numbers: dict[Any, int] = {}
    out = []
    for c in graph.calls:
        avals = tuple([graph.avals[v] for v in c.operands])
        key = (id(c.primitive), frozen(c.params), avals)
        out.append(numbers.setdefault(key, len(numbers)))
    return out


def lengths(tokens: list[int]) -> list[int]:
    """The most frequent distances between a call and the next one that is like it, and their doubles.

    In a block of two steps, what a step takes from the last but one comes from the block before.
    """
    last: dict[int, int] = {}
    distances: Counter[int] = Counter()
    for i, t in enumerate(tokens):
        if t in last:
            distances[i - last[t]] += 1
        last[t] = i
    most = len(tokens) // LEAST_BLOCKS
    found = [d for d, _ in distances.most_common(4 * CANDIDATES) if d <= most][:CANDIDATES]
    return list(dict.fromkeys([*found, *[2 * d for d in found if 2 * d <= most]]))


def runs(tokens: list[int], length: int) -> list[Run]:
    """Where calls repeat after `length` calls, often enough."""
    out = []
    start = 0
    n = len(tokens) - length
    for i in range(n + 1):
        if i == n or tokens[i] != tokens[i + length]:
            count = (i - start) // length + 1
            if count >= LEAST_BLOCKS:
                out.append(Run(start, length, count))
            start = i + 1
    return out


def consistent(
    graph: Graph, run: Run, made: dict[int, tuple[int, int]]
) -> tuple[Run, list[list[tuple[int, int]]]] | None:
    """The longest part of a run in whose blocks operands are of the same kinds, and these kinds; None if too short.

    A kind is (SAME, value), (BEFORE, how many calls before) or (OWN, 0).
    """
    middle = run.start + run.length * (run.blocks // 2)
    kinds = [
        [
            kind_of(graph, made, i, i - run.length, s, run.length)
            for s in range(len(graph.calls[i].operands))
        ]
        for i in range(middle, middle + run.length)
    ]
    if any(k is None for row in kinds for k in row):
        return None
    sure: Any = kinds
    fits = [
        block_fits(graph, made, run.start + k * run.length, run, sure) for k in range(run.blocks)
    ]
    first = run.blocks // 2
    while first > 0 and fits[first - 1]:
        first -= 1
    last = run.blocks // 2
    while last < run.blocks and fits[last]:
        last += 1
    part = Run(run.start + first * run.length, run.length, last - first)
    while part.blocks >= LEAST_BLOCKS and not begins(graph, made, part, sure):
        part = Run(part.start + run.length, run.length, part.blocks - 1)
    return (part, sure) if part.blocks >= LEAST_BLOCKS else None


def kind_of(
    graph: Graph, made: dict[int, tuple[int, int]], i: int, j: int, slot: int, length: int
) -> tuple[int, int] | None:
    """What operand `slot` of call `i` is, seen beside that of call `j` one block before."""
    v, w = graph.calls[i].operands[slot], graph.calls[j].operands[slot]
    if v == w:
        return SAME, v
    if v in made and w in made:
        (a, r), (b, q) = made[v], made[w]
        if i - a == j - b and r == q and i - a < 2 * length:
            return BEFORE, i - a
    if v in graph.constants and w in graph.constants:
        return OWN, 0
    return None


def block_fits(
    graph: Graph, made: dict[int, tuple[int, int]], start: int, run: Run, kinds: list[list[tuple[int, int]]]
) -> bool:  # fmt: skip
    """Whether the operands of a block are of the given kinds."""
    middle = run.start + run.length * (run.blocks // 2)
    for o, row in enumerate(kinds):
        i = start + o
        for s, (kind, x) in enumerate(row):
            v = graph.calls[i].operands[s]
            if kind == SAME:
                if v != x:
                    return False
            elif kind == BEFORE:
                if v not in made or made[v][0] != i - x:
                    return False
                if made[v][1] != made[graph.calls[middle + o].operands[s]][1]:
                    return False
            elif v not in graph.constants:
                return False
    return True


def begins(
    graph: Graph, made: dict[int, tuple[int, int]], run: Run, kinds: list[list[tuple[int, int]]]
) -> bool:
    """Whether what the first block takes from the one before it is there, and nothing reaches farther back."""
    for o, row in enumerate(kinds):
        for kind, x in row:
            if kind == BEFORE and o - x < 0 and (run.start + o - x < 0 or o - x < -run.length):
                return False
            if kind == SAME and x in made and made[x][0] >= run.start:
                return False
    return True


def replaced(
    graph: Graph, run: Run, kinds: list[list[tuple[int, int]]], made: dict[int, tuple[int, int]]
) -> Graph | None:
    """The graph with a run as a loop; None if results of other steps than the last are used behind it."""
    calls, length = graph.calls, run.length
    last = run.end - length
    outside = {v for c in calls[run.end :] for v in c.operands} | set(graph.wanted())
    inner = {v for c in calls[run.start : last] for v in c.results}
    if outside & inner:
        return None
    # What goes from step to step: (place in the block, number of the result).
    carried: dict[tuple[int, int], None] = {}
    for o, row in enumerate(kinds):
        for s, (kind, x) in enumerate(row):
            if kind == BEFORE and o - x < 0:
                carried[o - x + length, made[calls[run.start + o].operands[s]][1]] = None
    for o in range(length):
        for r, v in enumerate(calls[last + o].results):
            if v in outside:
                carried[o, r] = None
    if not all(run.start - length + o >= 0 for o, _ in carried):
        return None
    firsts = [calls[run.start - length + o].results for o, _ in carried]
    if any(len(f) <= r for f, (_, r) in zip(firsts, carried, strict=True)):
        return None
    first = [f[r] for f, (_, r) in zip(firsts, carried, strict=True)]
    if [graph.avals[v] for v in first] != [
        graph.avals[calls[run.start + o].results[r]] for o, r in carried
    ]:
        return None
    return with_loop(graph, run, kinds, list(carried), first)


def with_loop(
    graph: Graph, run: Run, kinds: list[list[tuple[int, int]]], carried: list[tuple[int, int]], first: list[int]
) -> Graph:  # fmt: skip
    """The graph with the loop itself."""
    calls, length = graph.calls, run.length
    avals: list[Aval] = []
    constants: dict[int, Any] = {}

    def new(v: int) -> int:
        avals.append(graph.avals[v])
        return len(avals) - 1

    same: dict[int, int] = {}
    for row in kinds:
        for kind, x in row:
            if kind == SAME and x not in same:
                same[x] = new(x)
                if x in graph.constants:
                    constants[same[x]] = graph.constants[x]
    given = [x for x in same if x not in graph.constants]
    own: dict[tuple[int, int], int] = {
        (o, s): new(calls[run.start + o].operands[s])
        for o, row in enumerate(kinds)
        for s, (kind, _) in enumerate(row)
        if kind == OWN
    }
    before = {place: new(v) for place, v in zip(carried, first, strict=True)}
    results = [[new(v) for v in c.results] for c in calls[run.start : run.start + length]]
    body = []
    for o, row in enumerate(kinds):
        c = calls[run.start + o]
        operands = []
        for s, (kind, x) in enumerate(row):
            if kind == SAME:
                operands.append(same[x])
            elif kind == OWN:
                operands.append(own[o, s])
            else:
                r = number_of(calls[run.start + o - x], c.operands[s])
                operands.append(results[o - x][r] if x <= o else before[o - x + length, r])
        body.append(Instruction(c.primitive, tuple(operands), c.params, tuple(results[o])))
    inputs = [*[same[x] for x in given], *own.values(), *before.values()]
    outputs = [results[o][r] for o, r in carried]
    step = Body(avals, inputs, constants, body, outputs)
    loop = Loop("rolled_loop", len(given), len(own), (Sweep(step, len(carried)),), run.blocks)
    values = list(graph.avals)
    stacks = {}
    for o, s in own:
        stacks[len(values)] = np.stack(
            [
                graph.constants[calls[run.start + k * length + o].operands[s]]
                for k in range(run.blocks)
            ]
        )
        values.append(Aval(stacks[len(values)].shape, stacks[len(values)].dtype))
    last = run.end - length
    primitive = StructuredCall(loop, len(given) + len(own) + len(carried))
    primitive.aval()
    made = Call(
        primitive, (*given, *stacks, *first), {}, tuple([calls[last + o].results[r] for o, r in carried])
    )  # fmt: skip
    return graph.with_calls(
        [*calls[: run.start], made, *calls[run.end :]], avals=values, constants={**graph.constants, **stacks}
    )  # fmt: skip


def number_of(call: Call, value: int) -> int:
    """Which result of a call a value is."""
    return call.results.index(value)
