"""Making the node of an operation, and what its operands are to a recording where transformations are open."""

from __future__ import annotations

from typing import Any

import numpy as np

from .boxes import Box
from .callsite import NOWHERE, caller
from .graph import Output
from .modes import next_order
from .primitive import Primitive
from .pullback import node_class
from .residuals import SavedOutput
from .tensor import Outer, Tensor, boxed, new, wrap
from .versions import Version


def class_of_results(tensors: tuple[Tensor, ...]) -> type[Tensor]:
    """The class of what a primitive makes of `tensors`: a front end's, if one of them is its."""
    cls = tensors[0].result_class
    if cls is Tensor:
        return next((x.result_class for x in tensors if x.result_class is not Tensor), Tensor)
    return cls


def kept(x: Tensor) -> Tensor:
    """`x` as a residual. A value that a write may replace, by a box or where it is one, is kept as it is now."""
    if not x.joins_batches or isinstance(x.value, np.generic):
        return x
    t = wrap(type(x).result_class, x.value, x.edge)
    if type(x.value) is Outer:
        t.version = x.version
    elif not isinstance(x.value, Box):
        t.version = x.shared_version()
    return t


def kept_outside(x: Tensor, y: Tensor) -> Tensor:
    """The residual of an inner recording that `x`, of an outer one, is; `y` is what `kept` made of it."""
    t = wrap(Tensor, boxed(y))
    if x.joins_batches:
        t.version = y.version
    return t


def is_own(x: Tensor, level: float) -> bool:
    """Whether a tensor met among boxes of `level` is above them rather than inside."""
    value = x.value
    if x.edge is not None:
        return bool(x.edge.level >= level)
    return isinstance(value, Box) and value.interpreter.level >= level


def record(
    primitive: Primitive,
    tensors: tuple[Tensor, ...],
    params: dict[str, Any],
    edges: tuple[Any, ...],
    mask: int,
    out: Any,
    cls: type[Tensor],
    level: int,
) -> Any:
    """Wrap the result `out` of `primitive`, with a node when `mask` says that some operand needs one."""
    several = primitive.outputs != 1
    if not mask:
        return tuple([wrap(cls, v) for v in out]) if several else wrap(cls, out)
    plan = primitive.plan(mask, len(tensors))
    node = new(primitive.node_class or node_class(primitive))
    node.inputs = edges
    node.params = params or None
    node.plan = plan
    node.order = next_order()
    node.level = level
    source = None
    for e in edges:
        if e is not None:
            source = e.source if source is None or source == e.source else 0
    node.source = source or 0
    node.code, node.instruction = caller(3) or NOWHERE
    node.hooks = None
    first = out[primitive.differentiable[0]] if several else out
    node.shape = first.shape
    node.dtype = first.dtype
    if several:
        results = tuple([wrap(cls, v) for v in out])
        node.output_avals = tuple([(v.shape, v.dtype) for v in out])
        for i in primitive.differentiable:
            v = out[i]
            results[i].edge = Output(node, i, v.shape, v.dtype)
    else:
        results = (wrap(cls, out, node),)
    if plan.saves_output:
        kept: list[Any] = list(tensors)
        for i, t in enumerate(results):
            if len(tensors) + i in plan.sources:
                t.version = Version()
                kept.append(SavedOutput(t.value, t.version))
            else:
                kept.append(None)
        node.owners = plan.save(tuple(kept))
    else:
        node.owners = plan.save(tensors)
    return results if several else results[0]
