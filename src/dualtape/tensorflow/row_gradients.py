"""Gradients of tensors that are only gathered from, as `tf.IndexedSlices`.

The engine's gradient of a gather is dense. TensorFlow's is the rows that were taken, and programs (and
optimizers) see the difference. The rows' gradients are what arrives at the gathers themselves; so where all
uses of a source are gathers, the pass is asked for those instead of the source.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.backward import gradients, reaching
from ..core.graph import LEAF
from ..core.sweep import as_tensor as as_class
from ..ops.shape import concatenate, reshape
from .indexed_slices import IndexedSlices
from .recording import Watched
from .tensor import EagerTensor, tensor


def sparse_gradients(
    roots: Sequence[tuple[Any, Any]],
    wanted: Sequence[Any],
    gathers: Mapping[Any, EagerTensor],
    within: Callable[[Any], bool],
    free: bool,
    graph: bool,
) -> list[Any]:
    """Return what arrives at each wanted edge: a tensor, an `IndexedSlices`, or None.

    Args:
        roots: (edge, cotangent) pairs.
        wanted: Edges or None.
        gathers: The indices of each gather along the first axis, by its node.
        within: Which nodes count.
        free: Whether the residuals may be freed.
        graph: Whether to record the pass.
    """
    present = [e for e in wanted if e is not None]
    needed, _ = reaching([e for e, _ in roots], [e.node for e in present], within)
    users: dict[Any, list[Any]] = {}
    for node in needed:
        if node.kind != LEAF:
            for e in node.inputs:
                if e is not None:
                    users.setdefault((e.node, e.output_number), []).append(node)
    roots_at = {(e.node, e.output_number) for e, _ in roots}
    turn = {node: i for i, node in enumerate(_visiting_order(roots, needed))}
    rows: list[list[Any] | None] = []
    for e in wanted:
        nodes = None if e is None else _gathers_of(e, users, roots_at, gathers)
        rows.append(nodes and sorted(nodes, key=turn.__getitem__))
    asked: list[Any] = []
    for e, nodes in zip(wanted, rows, strict=True):
        asked.extend([e] if nodes is None else nodes)
    found = iter(gradients(roots, asked, retain_graph=not free, create_graph=graph, within=within))
    results: list[Any] = []
    for e, nodes in zip(wanted, rows, strict=True):
        if nodes is None:
            g = next(found)
            results.append(None if g is None else as_class(g, EagerTensor))
        else:
            results.append(_slices(e, [(next(found), gathers[n]) for n in nodes]))
    return results


def _visiting_order(roots: Sequence[tuple[Any, Any]], needed: set[Any]) -> list[Any]:
    """The nodes in the order in which TensorFlow's backward pass comes to them: first ready, first served.

    It is the order in which it joins the rows of several gathers.
    """
    waiting: dict[Any, int] = {}
    for node in needed:
        if node.kind != LEAF:
            for e in node.inputs:
                if e is not None and e.node in needed:
                    waiting[e.node] = waiting.get(e.node, 0) + 1
    queue = deque(
        dict.fromkeys(e.node for e, _ in roots if e.node in needed and not waiting.get(e.node))
    )
    order = []
    while queue:
        node = queue.popleft()
        order.append(node)
        if node.kind == LEAF:
            continue
        for e in node.inputs:
            if e is not None and e.node in needed:
                waiting[e.node] -= 1
                if not waiting[e.node]:
                    queue.append(e.node)
    return order


def _gathers_of(
    edge: Any, users: Mapping[Any, list[Any]], roots: set[Any], gathers: Mapping[Any, Any]
) -> list[Any] | None:
    """The gathers that use `edge`; None where something else uses it too."""
    nodes: list[Any] = []
    stack = [edge]
    while stack:
        e = stack.pop()
        key = (e.node, e.output_number)
        if key in roots:
            return None
        for node in users.get(key, ()):
            if node.__class__ is Watched:
                stack.append(node)
            elif node in gathers:
                nodes.append(node)
            else:
                return None
    return nodes or None


def _slices(edge: Any, parts: list[tuple[Any, EagerTensor]]) -> IndexedSlices | None:
    parts = [(g, i) for g, i in parts if g is not None]
    if not parts:
        return None
    shape = edge.shape
    values = []
    places = []
    for g, indices in parts:
        count = math.prod(indices.value.shape)
        values.append(reshape(as_class(g, EagerTensor), (count, *shape[1:])))
        places.append(reshape(indices.value, (count,)))
    return IndexedSlices(
        values[0] if len(values) == 1 else concatenate(values),
        tensor(places[0] if len(places) == 1 else concatenate(places)),
        tensor(np.array(shape, np.int32)),
    )
