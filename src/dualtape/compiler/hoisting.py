"""Arrays that bodies of loops and conditions read become operands, and so constants of the program around them.

Code has numbers in it, but no arrays: these are read where they are, by the one table of pointers that a program has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.aval import Aval, aval_of
from ..core.tracing import Instruction
from ..transforms.loops_branches import Branches
from ..transforms.loops_rules import Loop, StructuredCall
from ..transforms.loops_trace import Body
from .graph import Array, Graph
from .lowering.structured import own


def hoisted(graph: Graph) -> Graph:
    """The graph with the arrays that bodies of loops and conditions read, however deep inside, as its own constants."""
    avals, constants = list(graph.avals), dict(graph.constants)
    calls, changed = with_arrays_outside(graph.calls, avals, constants)
    return graph.with_calls(calls, avals=avals, constants=constants) if changed else graph


def with_arrays_outside(
    calls: Sequence[Instruction], avals: list[Aval], constants: dict[int, Any]
) -> tuple[list[Instruction], bool]:
    """Calls whose bodies have no arrays of their own; these are added to the constants, and their shapes to `avals`."""
    out = []
    known = {id(x): n for n, x in constants.items()}
    for c in calls:
        lifted = lifted_of(c.primitive)
        if lifted is None:
            out.append(c)
            continue
        primitive, arrays = lifted
        numbers = []
        for a in arrays:
            if id(a) not in known:
                known[id(a)] = len(avals)
                constants[len(avals)] = a
                avals.append(aval_of(a))
            numbers.append(known[id(a)])
        at = 1 if isinstance(primitive.rules, Branches) else 0
        operands = (*c.operands[:at], *numbers, *c.operands[at:])
        out.append(c._replace(primitive=primitive, operands=operands))
    return out, any(a is not b for a, b in zip(out, calls, strict=True))


def lifted_of(primitive: Any) -> tuple[Any, list[Array]] | None:
    """A loop or a condition that is given the arrays of its bodies as operands, and the arrays; None if there are none."""
    rules = getattr(primitive, "rules", None)
    if not isinstance(rules, (Loop, Branches)):
        return None
    if "lifted" not in rules.derived:
        rules.derived["lifted"] = lifted(rules)
    return rules.derived["lifted"]  # type: ignore[no-any-return]


def lifted(rules: Loop | Branches) -> tuple[Any, list[Array]] | None:
    """See `lifted_of`."""
    if isinstance(rules, Loop):
        bodies = [s.body for s in rules.sweeps]
        if rules.cond is not None:
            bodies.append(rules.cond)
    else:
        bodies = list(rules.bodies)
    made = []
    arrays: dict[int, Array] = {}
    for b in bodies:
        avals, constants = list(b.avals), {n: own(v) for n, v in b.constants.items()}
        instructions, _ = with_arrays_outside(b.instructions, avals, constants)
        made.append((b, avals, constants, instructions))
        arrays |= {id(v): v for v in constants.values() if isinstance(v, np.ndarray)}
    if not arrays:
        return None
    new = []
    for b, avals, constants, instructions in made:
        numbers = {id(v): n for n, v in constants.items() if isinstance(v, np.ndarray)}
        first = []
        for key, a in arrays.items():
            if key not in numbers:
                numbers[key] = len(avals)
                avals.append(aval_of(a))
            first.append(numbers[key])
        same = {n: numbers[id(v)] for n, v in constants.items() if isinstance(v, np.ndarray)}
        instructions = [
            i._replace(operands=tuple([same.get(n, n) for n in i.operands])) for i in instructions
        ]
        outputs = [same.get(n, n) for n in b.outputs]
        numbers_only = {n: v for n, v in constants.items() if n not in same}
        new.append(Body(avals, [*first, *b.inputs], numbers_only, instructions, outputs))
    if isinstance(rules, Loop):
        sweeps = tuple([replace(s, body=b) for s, b in zip(rules.sweeps, new, strict=False)])
        cond = None if rules.cond is None else new[-1]
        count = rules.constants + len(arrays)
        rules = replace(rules, constants=count, sweeps=sweeps, cond=cond, derived={}, native=None)
        operands = count + rules.stacks + sum([s.carried for s in sweeps])
    else:
        rules = replace(rules, bodies=tuple(new), derived={})
        operands = 1 + len(new[0].inputs)
    primitive = StructuredCall(rules, operands)
    primitive.aval()  # it then knows how many results it has
    return primitive, list(arrays.values())
