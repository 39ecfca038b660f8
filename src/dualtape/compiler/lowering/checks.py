"""Indices that are looked at before they are used: out of range, NumPy runs the primitive, which raises its error."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare as c
from ...ops.arithmetic import (
    add,
    div_floor,
    div_trunc,
    floor_divide,
    fmod,
    remainder,
    sub,
    truncated_quotient,
)
from ...ops.exponential import log, log1p
from ...ops.picking import position_p
from ...ops.pointwise_loss import binary_cross_entropy_p
from ...ops.reduce import all_p, sum_all_p
from ...ops.select import clamp_p, where
from .nodes import LITERAL, Node, Ref
from .scalars import supported

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

INT64 = np.dtype(np.int64)


class Guard:
    """Calls back, which is to raise an error, unless a condition holds."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"guard {self.index}"

    def write(self, e: Emission, node: Node) -> None:
        """Write it; its result is the number 0."""
        w = e.w
        w.count += 1
        wrong, right = f"wrong.{w.count}", f"right.{w.count}"
        good = e.scalar(node.args[0])
        w.do(f"br i1 {good}, label %{right}, label %{wrong}")
        w.label(wrong)
        e.call_back(self.index)
        w.do(f"br label %{right}")
        w.label(right)
        e.scalars[node] = "0"
        if e.p.in_memory(node):
            w.do(f"store i64 0, ptr {e.pointer(w, node)}, align 8")


def everywhere(b: Build, good: Ref) -> Ref:
    """Whether a condition holds for all elements, 0-d."""
    axes = tuple(range(len(good.shape)))
    return b.call(all_p, good, axes=axes, keepdims=False) if axes else good


def finite(b: Build, x: Ref) -> Ref:
    """Whether all numbers are finite, 0-d."""
    return everywhere(b, b.call(c.eq, b.call(sub, x, x), b.nodes.literal(0, x.dtype)))


def guarded(b: Build, good: Ref, p: Primitive, params: dict[str, Any], xs: list[Ref]) -> Ref:
    """The number 0 (int64), once it is known that a condition holds; the call says where the error is from."""
    guard = Guard(b.raising(p, params, tuple(xs)))
    return b.nodes.routine(guard, (good, *xs), (), INT64, "check").ref()


def checked(
    b: Build, i: Ref, size: int, wrap: bool, p: Primitive, params: dict[str, Any], xs: list[Ref]
) -> Ref | None:
    """Indices as int64, known to be less than a size.

    Args:
        b: The nodes.
        i: Integers, not empty.
        size: The bound.
        wrap: Whether negative ones count from the end.
        p, params, xs: The call that raises the error.

    Returns:
        The indices; None where they are of a dtype that is left to NumPy.
    """
    if i.dtype.kind != "i" or not supported(i.dtype):
        return None
    n = b.nodes.literal(size, INT64)
    zero = b.nodes.literal(0, INT64)
    wide = b.cast(i, INT64)
    if wrap:
        wide = b.call(where, b.call(c.lt, wide, zero), b.call(add, wide, n), wide)
    inside = b.call(c.logical_and, b.call(c.ge, wide, zero), b.call(c.lt, wide, n))
    return b.call(add, wide, guarded(b, everywhere(b, inside), p, params, xs))


def divisor(b: Build, p: Primitive, xs: list[Ref], params: dict[str, Any]) -> Ref:
    """What a division of integers divides by, known not to be 0 anywhere; another operation's second operand."""
    y = xs[1]
    if p not in DIVISIONS or y.dtype.kind not in "iu" or y.node.kind == LITERAL or 0 in y.shape:
        return y
    good = everywhere(b, b.call(c.ne, y, b.nodes.literal(0, y.dtype)))
    return b.call(add, y, b.cast(guarded(b, good, p, params, xs), y.dtype))


def _position(
    b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
) -> list[Ref] | None:
    if not outs[0].size:
        return None
    out = checked(b, xs[0], params["size"], params["wrap"], position_p, params, xs)
    return None if out is None else [out]


def _binary_cross_entropy(
    b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
) -> list[Ref] | None:
    x, y = xs
    if x.dtype.char not in "fd" or x.dtype != y.dtype or not prod(x.shape) or x.shape != y.shape:
        return None
    unit = [everywhere(b, b.call(c.between, v, low=0.0, high=1.0)) for v in (x, y)]
    good = b.call(c.logical_and, *unit)
    after = b.cast(guarded(b, good, binary_cross_entropy_p, params, xs), x.dtype)
    program = b.traced(_losses, x, y, reduction=params.get("reduction", "mean"))
    return [b.call(add, program, after)]


def _losses(x: Any, y: Any, *, reduction: str) -> Any:
    wrong = clamp_p(log1p(-x), low=-100.0, high=None)
    right = clamp_p(log(x), low=-100.0, high=None)
    out = (y - 1) * wrong - y * right
    if reduction == "none":
        return out
    total = sum_all_p(out)
    return total / prod(out.shape) if reduction == "mean" else total


DIVISIONS = frozenset({floor_divide, truncated_quotient, div_floor, div_trunc, remainder, fmod})
ROUTINES: dict[Primitive, Any] = {
    position_p: _position,
    binary_cross_entropy_p: _binary_cross_entropy,
}
