"""Bodies made of bodies: with tangents, with cotangents, for a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import modes
from ..core.aval import Aval, aval_of
from ..core.backward import gradients
from ..core.batching import Batched, Batching
from ..core.forward import Dual
from ..core.graph import AccumulateGrad
from ..core.tensor import Tensor, wrap
from ..core.vocabulary import vocabulary
from ..ops.extrema import argmax
from ..ops.reduce import any as any_of
from ..ops.select import where
from ..ops.slices import index_select
from .batch import batch_level
from .forward import forward_level
from .loops_trace import Body, traced

Flags = Sequence[bool]


def interleaved(groups: Sequence[Sequence[Any]], flags: Sequence[Flags]) -> list[Any]:
    """Each group, followed by those of it that are flagged."""
    out: list[Any] = []
    for group, active in zip(groups, flags, strict=True):
        out += group
        out += [x for x, a in zip(group, active, strict=True) if a]
    return out


def grouped(values: Sequence[Any], flags: Sequence[Flags]) -> list[list[Any]]:
    """Values in groups as long as the groups of flags."""
    out, at = [], 0
    for f in flags:
        out.append(list(values[at : at + len(f)]))
        at += len(f)
    return out


def pushed_body(body: Body, active: Sequence[Flags], out_active: Sequence[Flags]) -> Body:
    """The body on values and tangents: each group of inputs is followed by the tangents of its active ones.

    Args:
        body: The body.
        active: Which inputs have a tangent, by group.
        out_active: Which outputs are to have one, by group.
    """
    avals = interleaved(grouped(body.in_avals, active), active)

    def f(*values: Any) -> list[Any]:
        with forward_level() as level:
            given: list[Any] = []
            at = 0
            for flags in active:
                primals = values[at : at + len(flags)]
                at += len(flags)
                for p, a in zip(primals, flags, strict=True):
                    given.append(Dual(level, p, values[at]) if a else p)
                    at += a
            found = grouped(body(*given), out_active)
        out: list[Any] = []
        for group, flags in zip(found, out_active, strict=True):
            pairs = [
                (x.primal, x.tangent)
                if isinstance(x, Dual) and x.interpreter is level
                else (x, None)
                for x in group
            ]
            out += [p for p, _ in pairs]
            out += [
                blank(aval_of(p)) if d is None else d
                for (p, d), a in zip(pairs, flags, strict=True)
                if a
            ]
        return out

    return traced(f, avals)


def blank(a: Aval) -> Any:
    """Zeros."""
    return np.zeros(a.shape, a.dtype)


def pulled_body(
    body: Body, carried: int, given: Sequence[Flags], wanted: Sequence[Flags], stacked: Sequence[Sequence[int]],
) -> Body:  # fmt: skip
    """The body backwards: from cotangents of what it carries on and of its results to those of what it was given.

    Args:
        body: (constants, elements, carried) -> (carried, results).
        carried: How many values it carries.
        given: Of constants and elements, for their numbers.
        wanted: Whose cotangents are wanted: of constants, elements, carried.
        stacked: How many cotangents arrive at each result; they are added up.

    Returns:
        A body (constants, elements, carried, cotangents of results, cotangents of carried, sums for constants) ->
        (cotangents of carried, sums for constants, cotangents of elements), the last three those wanted.
    """
    counts = stacked[0]
    c_wanted, e_wanted, k_wanted = wanted
    count = len(body.inputs)
    avals = body.in_avals
    outs = body.out_avals
    arriving = [a for a, n in zip(outs[carried:], counts, strict=True) for _ in range(n)]
    first = len(given[0]) + len(given[1])
    cts_of = [a for a, w in zip(avals[first:], k_wanted, strict=True) if w]
    sums_of = [a for a, w in zip(avals, c_wanted, strict=False) if w]
    flags = [*c_wanted, *e_wanted, *k_wanted]

    def f(*values: Any) -> list[Any]:
        rest = iter(values[count:])
        result_cts = [[next(rest) for _ in range(n)] for n in counts]
        carried_cts = [next(rest) if w else None for w in k_wanted]
        sums = [next(rest) if w else None for w in c_wanted]
        tensors = []
        for v, w in zip(values[:count], flags, strict=True):
            t = wrap(Tensor, v)
            if w:
                t.edge = t.leaf = AccumulateGrad(t)
            tensors.append(t)
        with modes.switched(off=modes.NO_GRAD):
            made = body(*tensors)
            roots = []
            for out, ct in zip(made[:carried], carried_cts, strict=True):
                edge = edge_of(out)
                if ct is not None and edge is not None:
                    roots.append((edge, ct))
            for out, cts in zip(made[carried:], result_cts, strict=True):
                edge = edge_of(out)
                if edge is not None:
                    roots += [(edge, ct) for ct in cts]
            chosen = [t for t, w in zip(tensors, flags, strict=True) if w]
            found = iter(gradients(roots, [t.edge for t in chosen]) if chosen else [])
        grads = [next(found) if w else None for w in flags]
        e_grads = grads[len(c_wanted) : first]
        out_cts = [
            blank(a) if g is None else g
            for a, g, w in zip(avals[first:], grads[first:], k_wanted, strict=True)
            if w
        ]
        totals = [
            s if g is None else vocabulary.add(s, g)
            for s, g, w in zip(sums, grads, c_wanted, strict=False)
            if w
        ]
        elements = [
            blank(a) if g is None else g
            for a, g, w in zip(avals[len(c_wanted) : first], e_grads, e_wanted, strict=True)
            if w
        ]
        return [*out_cts, *totals, *elements]

    return traced(f, [*avals, *arriving, *cts_of, *sums_of])


def edge_of(x: Any) -> Any:
    """Where the gradient of a result goes; None if it needs none."""
    return x.current_edge() if isinstance(x, Tensor) else None


# --- batches ------------------------------------------------------------------------------------------


def wide(aval: Aval, size: int) -> Aval:
    """The shape of a batch."""
    return Aval((size, *aval.shape), aval.dtype)


def on_batch(
    body: Body, flags: Flags, out_flags: Flags, size: int, values: Sequence[Any]
) -> list[Any]:
    """Run a body on values of which the flagged ones are batches along axis 0; so will be the flagged results."""
    with batch_level(size) as level:
        given = [Batched(level, v, 0) if b else v for v, b in zip(values, flags, strict=True)]
        outs = body(*given)
    return [as_batch(level, o, size) if b else o for o, b in zip(outs, out_flags, strict=True)]


def as_batch(level: Batching, x: Any, size: int) -> Any:
    """A value with its batch at axis 0, repeated if it has none."""
    if isinstance(x, Batched) and x.interpreter is level:
        return vocabulary.move_axis(x.content, x.axis, 0)
    shape = tuple(x.shape)
    return vocabulary.broadcast_to(vocabulary.reshape(x, (1, *shape)), (size, *shape))


def first_chosen(active: Any, x: Any) -> Any:
    """The examples of a batch, with the first chosen one in place of all that are not (NOTE [masked branches])."""
    one = index_select(x, 0, vocabulary.reshape(argmax(active, 0), (1,)))
    return choose(active, x, vocabulary.broadcast_to(one, tuple(x.shape)))


def choose(active: Any, x: Any, y: Any) -> Any:
    """Examples of `x` where they are active, else of `y`."""
    rank = len(x.shape)
    mask = vocabulary.reshape(active, (*active.shape, *[1] * (rank - 1)))
    return where(mask, x, y)


def carries_batched(loop: Any, given: Sequence[bool], size: int) -> tuple[Any, Any, Any]:
    """A loop for a batch: the loop, and which carried values and which results are batches, by sweep.

    Args:
        loop: The loop.
        given: Which operands are batches: along axis 0, stacks along axis 1.
        size: The number of examples.

    Where the condition differs among examples, the loop goes on until all are done; those that are keep what they carry.
    """
    constants, stacks, firsts = loop.split(given)
    offset = [] if loop.start is None else [False]
    masked = False
    carried: list[list[bool]] = []
    results: list[list[bool]] = []
    elements: list[list[bool]] = []
    while True:
        carried, results, elements = [], [], []
        for sweep, first in zip(loop.sweeps, firsts, strict=True):
            reads = [results[s][k] for s, k in sweep.reads]
            elements.append([*offset, *stacks, *reads])
            flags = [True] * sweep.carried if masked else list(first)
            while True:
                out = sweep.body.reached([*constants, *elements[-1], *flags], smooth=False)
                wider = [a or b for a, b in zip(flags, out[: sweep.carried], strict=True)]
                if wider == flags:
                    break
                flags = wider
            carried.append(flags)
            results.append(out[sweep.carried :])
        if masked or loop.cond is None:
            break
        masked = loop.cond.reached([*constants, *carried[0]], smooth=False)[0]
        if not masked:
            break
    made = []
    for number, sweep in enumerate(loop.sweeps):
        flags = [*constants, *elements[number], *carried[number]]
        outs = [*carried[number], *results[number]]
        avals = [wide(a, size) if b else a for a, b in zip(sweep.body.in_avals, flags, strict=True)]
        reads = list(sweep.reads)
        if masked and number:
            avals.insert(len(constants) + len(reads), Aval((size,), np.dtype(np.bool_)))
            reads.append((0, loop.sweeps[0].results))
        f = (
            masked_step(loop, number, flags, outs, size)
            if masked
            else lambda *v, b=sweep.body, i=flags, o=outs: on_batch(b, i, o, size, v)
        )
        made.append(type(sweep)(traced(f, avals), sweep.carried, tuple(reads), sweep.backwards))
    cond = None
    if loop.cond is not None:
        flags = [*constants, *carried[0]]
        avals = [wide(a, size) if b else a for a, b in zip(loop.cond.in_avals, flags, strict=True)]

        def holds(*values: Any) -> list[Any]:
            (found,) = on_batch(loop.cond, flags, [masked], size, values)
            return [any_of(found) if masked else found]

        cond = traced(holds, avals)
    new = type(loop)(
        loop.name,
        loop.constants,
        loop.stacks,
        tuple(made),
        loop.length,
        cond,
        loop.start,
        loop.saved,
    )
    return new, carried, results


def masked_step(
    loop: Any, number: int, flags: Flags, outs: Flags, size: int
) -> Callable[..., list[Any]]:
    """A step that leaves the examples alone for which the condition does not hold; the first sweep says which."""
    sweep = loop.sweeps[number]
    n = sweep.carried
    reads = len(sweep.reads)
    constants = loop.constants

    def f(*values: Any) -> list[Any]:
        given = list(values)
        if number:
            active = given.pop(constants + reads)
        else:
            in_flags = [*flags[:constants], *flags[len(flags) - n :]]
            (active,) = on_batch(loop.cond, in_flags, [True], size, given)
        safe = [first_chosen(active, v) if b else v for v, b in zip(given, flags, strict=True)]
        found = on_batch(sweep.body, flags, outs, size, safe)
        old = given[len(given) - n :]
        kept = [choose(active, x, o) for x, o in zip(found[:n], old, strict=True)]
        return [*kept, *found[n:], *([] if number else [active])]

    return f
