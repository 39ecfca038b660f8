"""Products of vectors as maps and sums, which fuse with their neighbours; layers as products with a map after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.primitive import Primitive
from ...ops import affine as af
from ...ops import matmul as mm
from ...ops.rearrange import roll
from ...ops.reduce import sum_all_p
from ...ops.shape import t_p
from ...ops.vectors import cross_p


def _dot(x: Any, y: Any) -> Any:
    return sum_all_p(x * y)


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    return mm.mm_p(x, t_p(weight)) + bias


def _addmm(bias: Any, x: Any, y: Any, *, beta: Any, alpha: Any) -> Any:
    out = mm.mm_p(x, y)
    if alpha != 1:
        out = out * alpha
    if beta == 0:
        return out
    return out + (bias if beta == 1 else bias * beta)


def _cross(x: Any, y: Any, *, axis: int) -> Any:
    x1, x2, y1, y2 = [roll(v, -k, axis) for v in (x, y) for k in (1, 2)]
    return x1 * y2 - x2 * y1


EXPANSIONS: dict[Primitive, Callable[..., Any]] = {
    mm.dot_p: _dot,
    mm.vdot_p: _dot,
    cross_p: _cross,
    af.linear_p: _linear,
    af.addmm_p: _addmm,
}
