"""A loop as one primitive: its body is a sub-program, and so are its derivatives' bodies.

NOTE [sweeps]
A loop of a known length reads stacks (one element per step) and makes stacks. Its backward pass is a loop of the same
length in the other direction, which reads what was carried at each step, and computes the body again: nothing else is
kept. How many steps a `while` makes is not known before it runs, so nothing of it can be stacked where other operations
would see it. Its backward pass therefore runs it once more, inside of one primitive: a first sweep that goes as long as
the condition holds and keeps what is carried, then one backwards over the same steps. Differentiated again, that is
four sweeps; pushforwards and batches leave the number as it is. So both kinds of loops are closed under everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.aval import Aval, aval_of, is_inexact
from ..core.boxes import Box
from ..core.custom import Call, Rules, Values
from ..core.forward import Dual, paused
from ..core.modes import SAFE, current
from ..core.tensor import Outer, Tensor
from ..core.vocabulary import vocabulary
from .loops_backward import Reversed, Unwound, with_carried, zeros
from .loops_bodies import carries_batched, pushed_body
from .loops_trace import Body, traced

Flags = list[bool]


class StructuredCall(Call):
    """A loop or a condition with operands. Its batches may be at any axis of its operands and results."""

    rules: Structured

    def batch(self, contents: Values, axes: list[int | None], size: int) -> Any:
        """See `Call.batch`."""
        outs, places = self.rules.on_batch(contents, axes, size)
        return self._found(outs), places


class Structured(Rules):
    """Rules of loops and conditions."""

    def on_batch(
        self, contents: Values, axes: list[int | None], size: int
    ) -> tuple[Values, tuple[int, ...]]:
        """Run on a batch: the results, and where the batch is in each."""
        raise NotImplementedError

    def out_avals(self) -> list[Aval]:
        """The results' shapes and dtypes."""
        raise NotImplementedError

    def avals(self, avals: tuple[Aval, ...]) -> list[Aval]:
        """See `Rules.avals`."""
        return self.out_avals()

    def on(self, operands: Sequence[Any]) -> Values:
        """Call it."""
        return list(StructuredCall(self, len(operands))(*operands))


@dataclass(frozen=True, eq=False)
class Sweep:
    """One way through the steps.

    Attributes:
        body: (constants, elements, carried) -> (carried, results of the step).
        carried: How many values are carried.
        reads: Elements that are results of earlier sweeps at the same step: (sweep, number).
        backwards: Whether it goes from the last step to the first.
    """

    body: Body
    carried: int
    reads: tuple[tuple[int, int], ...] = ()
    backwards: bool = False

    @property
    def results(self) -> int:
        """How many results each step has."""
        return len(self.body.outputs) - self.carried


@dataclass(eq=False)
class Loop(Structured):
    """A loop. Operands: constants, stacks, what each sweep carries at first. Results: what each carries at last, stacks.

    Attributes:
        name: Of the loop, for messages and graphs.
        constants: How many operands are the same at every step.
        stacks: How many operands have an element per step (of a loop of known length).
        sweeps: One for a loop of known length; see NOTE [sweeps].
        length: The number of steps; None for a `while`.
        cond: Of a `while`: (constants, carried by the first sweep) -> whether to go on.
        start: The number of the first step, if the body wants the number of its step as its first element.
        saved: Which results of a step are what it was given to carry, if they are; for the backward pass.
        native: Runs it, if the compiler made something that does: (constants, stacks, first values) -> results, or None.
    """

    name: str
    constants: int
    stacks: int
    sweeps: tuple[Sweep, ...]
    length: int | None = None
    cond: Body | None = None
    start: int | None = None
    saved: tuple[int, ...] | None = None
    derived: dict[Any, Any] = field(default_factory=dict)
    native: Any = None

    # --- what goes in and comes out -------------------------------------------------------------------

    def out_avals(self) -> list[Aval]:
        """See `Structured`."""
        out = []
        for s in self.sweeps:
            avals = s.body.out_avals
            out += avals[: s.carried]
            if self.length is not None:
                out += [Aval((self.length, *a.shape), a.dtype) for a in avals[s.carried :]]
        return out

    def split(self, values: Sequence[Any]) -> tuple[list[Any], list[Any], list[list[Any]]]:
        """Operands as constants, stacks and first values by sweep."""
        c, s = self.constants, self.constants + self.stacks
        firsts, at = [], s
        for sweep in self.sweeps:
            firsts.append(list(values[at : at + sweep.carried]))
            at += sweep.carried
        return list(values[:c]), list(values[c:s]), firsts

    def keeps(self, outs: int) -> tuple[int, ...]:
        """See `Rules.keeps`: what was carried at each step."""
        return () if self.saved is None else tuple([self.sweeps[0].carried + k for k in self.saved])

    def saving(self) -> Loop:
        """The same loop of known length with stacks of what is carried as more results."""
        if self.saved is not None or self.length is None:
            return self
        found = self.derived.get("saving")
        if found is None:
            sweep = self.sweeps[0]
            body = with_carried(sweep.body, sweep.carried)
            saved = tuple(range(sweep.results, sweep.results + sweep.carried))
            found = replace(
                self, sweeps=(replace(sweep, body=body),), saved=saved, derived={}, native=None
            )
            self.derived["saving"] = found
        return found

    def on(self, operands: Sequence[Any]) -> Values:
        """Call it; where a derivative will be wanted, what is carried is kept. Results beyond the loop's own are left out."""
        if any(map(followed, operands)):
            return super(Loop, self.saving()).on(operands)[: len(self.out_avals())]
        return super().on(operands)

    # --- running --------------------------------------------------------------------------------------

    def run(self, values: Values) -> Values:
        """See `Rules.run`."""
        constants, stacks, firsts = self.split(values)
        if self.native is not None:
            return self.native(constants, stacks, firsts)  # type: ignore[no-any-return]
        if self.length is not None:
            return self.run_counted(constants, stacks, firsts[0])
        kept: list[list[list[Any]]] = []
        out: Values = []
        steps = 0
        for number, (sweep, carried) in enumerate(zip(self.sweeps, firsts, strict=True)):
            results: list[Any] = [[] for _ in range(sweep.results)]
            n = sweep.carried
            body = sweep.body
            if not number:
                assert self.cond is not None
                while self.cond.run(*constants, *carried)[0]:
                    found = body.run(*constants, *carried)
                    carried = found[:n]
                    for column, x in zip(results, found[n:], strict=True):
                        column.append(x)
                    steps += 1
            else:
                results = [[None] * steps for _ in results]
                reads = [kept[s][k] for s, k in sweep.reads]
                for i in reversed(range(steps)) if sweep.backwards else range(steps):
                    found = body.run(*constants, *[r[i] for r in reads], *carried)
                    carried = found[:n]
                    for column, x in zip(results, found[n:], strict=True):
                        column[i] = x
            kept.append(results)
            out += carried
        return out

    def run_counted(self, constants: Values, stacks: Values, carried: Values) -> Values:
        """Run a loop of known length."""
        sweep = self.sweeps[0]
        length, n, body = self.length or 0, sweep.carried, sweep.body
        results = [np.empty((length, *a.shape), a.dtype) for a in body.out_avals[n:]]
        start = self.start
        for i in reversed(range(length)) if sweep.backwards else range(length):
            number = () if start is None else (np.int64(start + i),)
            found = body.run(*constants, *number, *[s[i] for s in stacks], *carried)
            carried = found[:n]
            for column, x in zip(results, found[n:], strict=True):
                column[i] = x
        return [*carried, *results]

    # --- forward mode ---------------------------------------------------------------------------------

    def push(self, call: Call, primals: Values, tangents: Values) -> tuple[Values, Values]:
        """See `Rules.push`."""
        if paused.get():
            return list(call(*primals)), [None] * len(self.out_avals())
        given = tuple([t is not None for t in tangents])
        key = ("push", given)
        found = self.derived.get(key)
        if found is None:
            found = self.derived[key] = self.pushed(given)
        loop, out_active = found
        constants, stacks, firsts = self.split(primals)
        c_dots, s_dots, f_dots = self.split(tangents)
        operands = [*constants, *present(c_dots), *stacks, *present(s_dots)]
        active = loop.derived["active"]
        for first, dots, flags in zip(firsts, f_dots, active, strict=True):
            operands += first
            operands += [
                zeros(x) if d is None else d
                for x, d, a in zip(first, dots, flags, strict=True)
                if a
            ]
        values = loop.on(operands)
        outs: Values = []
        dots_out: Values = []
        at = 0
        for flags in out_active:  # each group: values, then the tangents of those that have one
            outs += values[at : at + len(flags)]
            at += len(flags)
            for f in flags:
                dots_out.append(values[at] if f else None)
                at += f
        return outs, dots_out

    def pushed(self, given: tuple[bool, ...]) -> tuple[Loop, list[Flags]]:
        """The loop that carries tangents too, and which results have one, by group of results."""
        constants, stacks, firsts = self.split(given)
        c_active = list(constants)
        active: list[Flags] = []
        results: list[Flags] = []
        sweeps = []
        offset = [] if self.start is None else [False]
        for number, (sweep, first) in enumerate(zip(self.sweeps, firsts, strict=True)):
            reads = [results[s][k] for s, k in sweep.reads]
            elements = [*offset, *stacks, *reads] if self.length is not None else reads
            carried = list(first)
            n = sweep.carried
            while True:
                out = sweep.body.reached([*c_active, *elements, *carried])
                wider = [a or b for a, b in zip(carried, out[:n], strict=True)]
                if wider == carried:
                    break
                carried = wider
            active.append(carried)
            results.append(out[n:])
            body = pushed_body(sweep.body, [c_active, elements, carried], [carried, out[n:]])
            new_reads = (
                *sweep.reads,
                *[(s, rank(results[s], k)) for s, k in sweep.reads if results[s][k]],
            )
            sweeps.append(Sweep(body, n + sum(carried), new_reads, sweep.backwards))
            assert number == len(sweeps) - 1
        saved = self.saved
        if saved is not None:
            saved = (
                *saved,
                *[rank(results[0], k) for k, a in zip(saved, active[0], strict=True) if a],
            )
        loop = Loop(
            self.name, self.constants + sum(c_active), self.stacks + sum(stacks), tuple(sweeps), self.length,
            self.cond_on(len(c_active) + sum(c_active), sweeps[0]), self.start, saved,
        )  # fmt: skip
        loop.derived["active"] = active
        groups = []
        for carried, result in zip(active, results, strict=True):
            groups.append(carried)
            if self.length is not None:
                groups.append(result)
        return loop, groups

    def cond_on(self, constants: int, first: Sweep) -> Body | None:
        """The condition for a loop that has more constants, and carries more, behind its own."""
        if self.cond is None:
            return None
        avals = first.body.in_avals
        places = [*range(self.constants), *range(constants, constants + self.sweeps[0].carried)]
        given = [*avals[:constants], *avals[constants : constants + first.carried]]
        cond = self.cond
        return traced(lambda *v: cond(*[v[i] for i in places]), given)

    # --- reverse mode ---------------------------------------------------------------------------------

    def pull(self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values) -> Values:
        """See `Rules.pull`."""
        given = tuple([c is not None for c in cts])
        key = ("pull", needs, given, current() & SAFE)
        found = self.derived.get(key)
        if self.length is None:
            if found is None:
                found = self.derived[key] = Unwound(self, needs, given)
            return found(cts, primals)
        if self.saved is None:
            wide = self.saving()
            more = list(StructuredCall(wide, len(primals))(*primals))
            own = len(self.out_avals())
            return wide.pull([*cts, *[None] * (len(more) - own)], needs, primals, more)
        if found is None:
            found = self.derived[key] = Reversed(self, needs, given)
        carried = [outs[self.sweeps[0].carried + k] for k in self.saved]
        return found(cts, primals, carried)

    # --- batches --------------------------------------------------------------------------------------

    def on_batch(
        self, contents: Values, axes: list[int | None], size: int
    ) -> tuple[Values, tuple[int, ...]]:
        """See `Structured`."""
        given = tuple([a is not None for a in axes])
        key = ("batch", given, size)
        found = self.derived.get(key)
        if found is None:
            found = self.derived[key] = carries_batched(self, given, size)
        loop, carried, results = found
        constants, stacks, firsts = self.split(list(zip(contents, axes, strict=True)))
        operands = [moved(x, a, 0) for x, a in constants] + [moved(x, a, 1) for x, a in stacks]
        for first, flags in zip(firsts, carried, strict=True):
            operands += [
                (moved(x, a, 0) if a is not None else spread(x, size)) if f else x
                for (x, a), f in zip(first, flags, strict=True)
            ]
        values = loop.on(operands)
        outs: Values = []
        places: list[int] = []
        for flags, more in zip(carried, results, strict=True):
            for f in flags:
                x = values[len(outs)]
                outs.append(x if f else spread(x, size))
                places.append(0)
            if self.length is not None:
                for f in more:
                    x = values[len(outs)]
                    outs.append(x if f else spread(x, size))
                    places.append(1 if f else 0)
        return outs, tuple(places)


# --- small things -------------------------------------------------------------------------------------


def present(values: Sequence[Any]) -> list[Any]:
    """Those that are not None."""
    return [v for v in values if v is not None]


def rank(flags: Sequence[bool], k: int) -> int:
    """Where the tangent of result `k` stands behind all results."""
    return len(flags) + sum(flags[:k])


def moved(x: Any, axis: int | None, to: int) -> Any:
    """A value with its batch at another axis."""
    return x if axis is None or axis == to else vocabulary.move_axis(x, axis, to)


def spread(x: Any, size: int) -> Any:
    """A value repeated for each example, along a new first axis."""
    a = aval_of(x)
    return vocabulary.broadcast_to(vocabulary.reshape(x, (1, *a.shape)), (size, *a.shape))


def followed(x: Any) -> bool:
    """Whether something may want a derivative with respect to a value."""
    while isinstance(x, (Tensor, Box)):
        if isinstance(x, Tensor):
            if x.current_edge() is not None:
                return is_inexact(x.value.dtype)
            x = x.value
        elif isinstance(x, (Dual, Outer)):
            return is_inexact(aval_of(x).dtype)
        else:
            x = getattr(x, "content", None)
    return False
