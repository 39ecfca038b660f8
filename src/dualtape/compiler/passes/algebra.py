"""Rewritings that hold for every number, NaN and signed zeros included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import arithmetic as a
from ...ops import complex as c
from ...ops import shape as s
from ..graph import Call, Graph
from .common import replaced


class Facts:
    """What a rule may ask: who made a value, and what constant it is."""

    def __init__(self, graph: Graph) -> None:
        self.avals = graph.avals
        self.made: dict[int, Call] = {}
        self.constants = graph.constants

    def is_all(self, v: int, number: float) -> bool:
        """Whether a value is a constant that nobody writes to, of nothing but `number`."""
        spread = self.maker(v, s.broadcast_to_p)
        x = self.constants.get(v if spread is None else spread.operands[0])
        return x is not None and not x.flags.writeable and bool((x == number).all())

    def is_negative(self, v: int) -> bool:
        """Whether a constant has the sign bit set somewhere."""
        spread = self.maker(v, s.broadcast_to_p)
        return bool(np.signbit(self.constants[v if spread is None else spread.operands[0]]).any())

    def maker(self, v: int, primitive: Any) -> Call | None:
        """The call that made a value, if it is of the primitive."""
        found = self.made.get(v)
        return found if found is not None and found.primitive is primitive else None


Rule = Callable[[Call, Facts], "int | Call | None"]


def _same_aval(call: Call, facts: Facts, v: int) -> int | None:
    return v if facts.avals[v] == facts.avals[call.results[0]] else None


def _times_one(call: Call, facts: Facts) -> int | None:
    x, y = call.operands
    if facts.is_all(y, 1):
        return _same_aval(call, facts, x)
    return _same_aval(call, facts, y) if facts.is_all(x, 1) else None


def _by_one(call: Call, facts: Facts) -> int | None:
    x, y = call.operands
    return _same_aval(call, facts, x) if facts.is_all(y, 1) else None


def _minus_zero(call: Call, facts: Facts) -> int | None:
    x, y = call.operands
    zero = facts.is_all(y, 0) and not facts.is_negative(y)
    return _same_aval(call, facts, x) if zero else None


def _unchanged(call: Call, facts: Facts) -> int | None:
    return _same_aval(call, facts, call.operands[0])


def _twice(primitive: Any) -> Rule:
    def rule(call: Call, facts: Facts) -> int | None:
        inner = facts.maker(call.operands[0], primitive)
        return None if inner is None else _same_aval(call, facts, inner.operands[0])

    return rule


def _reshaped(call: Call, facts: Facts) -> int | Call | None:
    inner = facts.maker(call.operands[0], s.reshape_p)
    if inner is not None:
        call = Call(call.primitive, inner.operands, call.params, call.results)
        return _unchanged(call, facts) or call
    return _unchanged(call, facts)


def _permuted(call: Call, facts: Facts) -> int | None:
    inner = facts.maker(call.operands[0], s.transpose_p)
    if inner is None or {*inner.params.values()} != {*call.params.values()}:
        return None
    return inner.operands[0]


def _negated_term(other: Any) -> Rule:
    """X + (-y) = x - y and x - (-y) = x + y."""

    def rule(call: Call, facts: Facts) -> Call | None:
        x, y = call.operands
        inner = facts.maker(y, a.neg)
        return None if inner is None else Call(other, (x, inner.operands[0]), {}, call.results)

    return rule


RULES: dict[Any, tuple[Rule, ...]] = {
    a.mul: (_times_one,),
    a.div: (_by_one,),
    a.sub: (_minus_zero, _negated_term(a.add)),
    a.add: (_negated_term(a.sub),),
    a.neg: (_twice(a.neg),),
    s.t_p: (_twice(s.t_p),),
    s.transpose_p: (_permuted,),
    s.reshape_p: (_reshaped,),
    s.broadcast_to_p: (_unchanged,),
    c.cast_p: (_unchanged,),
    c.cast_constant: (_unchanged,),
}


def algebra(graph: Graph) -> Graph:
    """Apply the rules, each call once; what a rule gives is seen by the calls after it."""
    facts = Facts(graph)
    stands_for: dict[int, int] = {}
    calls = []
    for call in graph.calls:
        operands = tuple([stands_for.get(v, v) for v in call.operands])
        call = Call(call.primitive, operands, call.params, call.results)
        for rule in RULES.get(call.primitive, ()):
            found = rule(call, facts)
            if isinstance(found, int):
                stands_for[call.results[0]] = found
                break
            call = found or call
        else:
            for v in call.results:
                facts.made[v] = call
            calls.append(call)
    return replaced(graph.with_calls(calls), stands_for)
