"""Reductions as nodes: found by primitive in `REDUCTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare, extrema, products, reduce
from ...ops.arithmetic import add, div
from ...ops.complex import cast_p
from .nodes import IOTA, MAP, Nodes, Ref
from .scalars import SCALARS, supported
from .views import reshaped

Axes = tuple[int, ...]


def reduced(nodes: Nodes, op: str, x: Ref, axes: Axes | None, keepdims: bool = False) -> Ref | None:
    """A reduction over axes (None: all), None where there is nothing to reduce and no number for that."""
    axes = tuple(range(len(x.shape))) if axes is None else axes
    if x.dtype.kind == "b":
        op = {"add": "or", "max": "or", "mul": "and", "min": "and"}.get(op, op)
    shape = tuple([n for i, n in enumerate(x.shape) if i not in axes])
    if prod([x.shape[a] for a in axes]) == 1:
        out = reshaped(x, shape)
        assert out is not None
        if op == "add":
            out = _positive(nodes, out)
    elif op == "add" and (one := _one_hot(x, axes)) is not None:
        out = _positive(nodes, one)
    elif not prod(x.shape):
        if op in ("max", "min"):
            return None
        out = nodes.literal(int(op in ("mul", "and")), x.dtype).spread(shape)
    else:
        out = nodes.reduce(op, x, axes, x.dtype)
    if keepdims:
        kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
        return reshaped(out, kept)
    return out


def _positive(nodes: Nodes, x: Ref) -> Ref:
    """A sum of one element: as NumPy starts from 0, -0.0 becomes 0.0."""
    if x.dtype.kind != "f":
        return x
    zero = nodes.literal(0, x.dtype)
    return nodes.map(SCALARS[add], (x, zero), x.shape, x.dtype, "add")


def _one_hot(x: Ref, axes: Axes) -> Ref | None:
    """The sum over an axis along which only one element, the same for all, is not zero."""
    n = x.node
    if n.kind != MAP or n.name != "one_of" or len(axes) != 1 or not x.whole or x.shape != n.shape:
        return None
    (a,) = axes
    place, index, value = n.args
    if index.node.kind != IOTA or not index.strides[a] or place.strides[a] or value.strides[a]:
        return None
    shape, strides = (
        tuple([v for i, v in enumerate(t) if i != a]) for t in (x.shape, value.strides)
    )
    return Ref(value.node, shape, strides, value.offset)


def _plain(op: str) -> Callable[..., Ref | None]:
    def lower(
        nodes: Nodes, x: Ref, out: Any, axes: Axes | None = None, keepdims: bool = False, **_: Any
    ) -> Ref | None:
        return reduced(nodes, op, x, axes, keepdims)

    return lower


def _mean(
    nodes: Nodes, x: Ref, out: Any, axes: Axes | None = None, keepdims: bool = False
) -> Ref | None:
    if x.dtype.kind != "f":
        return None
    total = reduced(nodes, "add", x, axes, keepdims)
    count = prod(x.shape if axes is None else [x.shape[a] for a in axes])
    assert total is not None
    n = nodes.literal(count, x.dtype)
    return nodes.map(SCALARS[div], (total, n), total.shape, x.dtype, "div")


def _truth(op: str) -> Callable[..., Ref | None]:
    def lower(nodes: Nodes, x: Ref, out: Any, axes: Axes, keepdims: bool) -> Ref | None:
        return reduced(nodes, op, _nonzero(nodes, x), axes, keepdims)

    return lower


def _nonzero(nodes: Nodes, x: Ref) -> Ref:
    zero = nodes.literal(0, x.dtype)
    return nodes.map(SCALARS[compare.ne], (x, zero), x.shape, np.dtype(bool), "ne")


def _count(nodes: Nodes, x: Ref, out: Any, axes: Axes, keepdims: bool) -> Ref | None:
    wide = np.dtype(np.int64)
    ones = nodes.map(SCALARS[cast_p], (_nonzero(nodes, x),), x.shape, wide, "cast")
    return reduced(nodes, "add", ones, axes, keepdims)


REDUCTIONS: dict[Primitive, Callable[..., Ref | None]] = {
    reduce.sum_p: _plain("add"),
    reduce.sum_all_p: _plain("add"),
    reduce.mean_p: _mean,
    reduce.mean_all_p: _mean,
    reduce.all_p: _truth("and"),
    reduce.any_p: _truth("or"),
    reduce.count_nonzero_p: _count,
    extrema.amax_p: _plain("max"),
    extrema.amin_p: _plain("min"),
    extrema.max_all_p: _plain("max"),
    extrema.min_all_p: _plain("min"),
    products.prod_p: _plain("mul"),
    products.prod_all_p: _plain("mul"),
}
"""From (nodes, operand, result's abstract value, **params) to the result, None where it has to be done by NumPy."""


def lower_reduction(
    primitive: Primitive, nodes: Nodes, x: Ref, out: Aval, params: dict[str, Any]
) -> Ref | None:
    """The result of a reduction, None if there is no lowering for it."""
    f = REDUCTIONS.get(primitive)
    if f is None or not supported(x.dtype) or not supported(out.dtype):
        return None
    ref = f(nodes, x, out, **params)
    return ref if ref is None or ref.dtype == out.dtype else None
