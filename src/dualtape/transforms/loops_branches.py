"""A condition as one primitive: a number chooses which of several sub-programs runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.aval import Aval, aval_of
from ..core.custom import Values
from ..core.forward import paused
from ..core.modes import SAFE, current
from ..ops.compare import eq
from ..ops.reduce import any as any_of
from .loops_bodies import blank, choose, first_chosen, on_batch, pulled_body, pushed_body, wide
from .loops_rules import Structured, StructuredCall, moved, present, spread
from .loops_trace import Body, traced


@dataclass(eq=False)
class Branches(Structured):
    """A choice. Operands: the number of the branch (0 to count - 1), and the operands of all branches.

    Attributes:
        name: For messages and graphs.
        bodies: The branches, of the same inputs and outputs.
    """

    name: str
    bodies: tuple[Body, ...]
    derived: dict[Any, Any] = field(default_factory=dict)

    @property
    def native(self) -> bool:
        """Whether the compiler made something that runs the branches."""
        return self.bodies[0].native is not None

    def out_avals(self) -> list[Aval]:
        """See `Structured`."""
        return self.bodies[0].out_avals

    def run(self, values: Values) -> Values:
        """See `Rules.run`."""
        return self.bodies[int(values[0])].run(*values[1:])

    def reached(self, given: Sequence[bool], smooth: bool = True) -> list[bool]:
        """Which results depend on the given operands, in any branch."""
        found = [b.reached(given, smooth) for b in self.bodies]
        return [any(column) for column in zip(*found, strict=True)]

    def push(self, call: Any, primals: Values, tangents: Values) -> tuple[Values, Values]:
        """See `Rules.push`."""
        if paused.get():
            return list(call(*primals)), [None] * len(self.out_avals())
        given = [t is not None for t in tangents[1:]]
        key = ("push", *given)
        found = self.derived.get(key)
        if found is None:
            active = self.reached(given)
            bodies = tuple([pushed_body(b, [given], [active]) for b in self.bodies])
            found = self.derived[key] = (Branches(self.name, bodies), active)
        made, active = found
        values = made.on([*primals, *present(tangents[1:])])
        dots = iter(values[len(active) :])
        return values[: len(active)], [next(dots) if a else None for a in active]

    def pull(self, cts: Values, needs: tuple[bool, ...], primals: Values, outs: Values) -> Values:
        """See `Rules.pull`."""
        given = [c is not None for c in cts]
        key = ("pull", needs, tuple(given), current() & SAFE)
        made = self.derived.get(key)
        wanted = list(needs[1:])
        if made is None:
            bodies = [
                pulled_body(b, 0, [[], wanted], [[], wanted, []], [list(map(int, given))])
                for b in self.bodies
            ]  # fmt: skip
            made = self.derived[key] = Branches(f"{self.name}_backward", tuple(bodies))
        values = iter(made.on([*primals, *present(cts)]))
        return [None, *[next(values) if w else None for w in wanted]]

    def on_batch(
        self, contents: Values, axes: list[int | None], size: int
    ) -> tuple[Values, tuple[int, ...]]:
        """See `Structured`: where the choice differs among examples, every branch runs that one of them wants."""
        values = [moved(x, a, 0) for x, a in zip(contents, axes, strict=True)]
        given = tuple([a is not None for a in axes])
        key = ("batch", given, size)
        found = self.derived.get(key)
        flags = list(given[1:])
        if given[0]:
            if found is None:
                found = self.derived[key] = [
                    self.wanted_branch(k, flags, size) for k in range(len(self.bodies))
                ]
            outs: Values = []
            for k, branch in enumerate(found):
                mask = eq(values[0], np.asarray(k, aval_of(values[0]).dtype))
                asked = StructuredCall(branch, len(values) + 1)(any_of(mask), mask, *values[1:])
                outs = (
                    list(asked)
                    if not k
                    else [choose(mask, new, old) for new, old in zip(asked, outs, strict=True)]
                )
            return outs, (0,) * len(outs)
        if found is None:
            active = self.reached(flags, smooth=False)
            avals = [
                wide(a, size) if b else a
                for a, b in zip(self.bodies[0].in_avals, flags, strict=True)
            ]
            bodies = tuple(
                [
                    traced(lambda *v, b=b: on_batch(b, flags, active, size, v), avals)
                    for b in self.bodies
                ]
            )
            found = self.derived[key] = (Branches(self.name, bodies), active)
        made, active = found
        outs = [x if a else spread(x, size) for x, a in zip(made.on(values), active, strict=True)]
        return outs, (0,) * len(outs)

    def wanted_branch(self, number: int, flags: list[bool], size: int) -> Branches:
        """Branch `number` for the examples that want it (a mask), run if there is one."""
        body = self.bodies[number]
        mask = Aval((size,), np.dtype(np.bool_))
        given = [wide(a, size) if b else a for a, b in zip(body.in_avals, flags, strict=True)]

        def run(active: Any, *values: Any) -> list[Any]:
            safe = [first_chosen(active, v) if b else v for v, b in zip(values, flags, strict=True)]
            return on_batch(body, flags, [True] * len(body.outputs), size, safe)

        def skip(active: Any, *values: Any) -> list[Any]:
            return [blank(wide(a, size)) for a in body.out_avals]

        return Branches(self.name, (traced(skip, [mask, *given]), traced(run, [mask, *given])))
