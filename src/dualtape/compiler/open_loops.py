"""Loops and conditions whose bodies were traced with open lengths, for given lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.aval import Aval
from ..core.formulas import Values
from ..core.open_shapes import concrete
from ..core.primitive import Primitive
from ..core.tracing import Instruction
from ..transforms.loops_branches import Branches
from ..transforms.loops_rules import Loop, StructuredCall
from ..transforms.loops_trace import Body


def primitive_at(primitive: Primitive, values: Values) -> Primitive:
    """A primitive for given lengths: the same, but for loops and conditions.

    Raises:
        TypeError: There are open lengths where they cannot be found.
    """
    if type(primitive) is not StructuredCall:
        return primitive
    rules = primitive.rules
    if type(rules) is Loop:
        sweeps = tuple([replace(s, body=body_at(s.body, values)) for s in rules.sweeps])
        cond = None if rules.cond is None else body_at(rules.cond, values)
        length, start = concrete(rules.length, values), concrete(rules.start, values)
        made = replace(
            rules, sweeps=sweeps, cond=cond, length=length, start=start, derived={}, native=None
        )
    elif type(rules) is Branches:
        bodies = tuple([body_at(b, values) for b in rules.bodies])
        return _called(Branches(rules.name, bodies), primitive)
    else:
        raise TypeError(f"{primitive.name} is of a kind whose functions were traced")
    return _called(made, primitive)


def _called(rules: Loop | Branches, primitive: StructuredCall) -> StructuredCall:
    made = StructuredCall(rules, len(primitive.inputs))
    made.aval()  # which notes what its results are
    return made


def body_at(body: Body, values: Values) -> Body:
    """A body for given lengths."""
    avals = [aval_at(a, values) for a in body.avals]
    calls = calls_at(body.instructions, values)
    return Body(avals, body.inputs, body.constants, calls, body.outputs)


def calls_at(calls: Sequence[Instruction], values: Values) -> list[Instruction]:
    """Calls for given lengths."""
    return [
        Instruction(
            primitive_at(c.primitive, values), c.operands, concrete(c.params, values), c.results
        )
        for c in calls
    ]


def aval_at(a: Aval, values: Values) -> Aval:
    """A shape and dtype for given lengths."""
    return Aval(concrete(a.shape, values), a.dtype)
