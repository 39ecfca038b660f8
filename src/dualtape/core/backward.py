"""The backward pass: cotangents from the roots to the leaves, latest operation first.

Every node is younger than its inputs, so a heap ordered by creation visits a node only after all that
used its result; no recursion, no topological sort, no counting of dependencies. Leaves need not enter
the heap: what is left in `pending` when it is empty belongs to them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import callsite, modes
from .boxes import Box
from .conform import conform
from .errors import GraphError
from .graph import LEAF, NODE, OUTPUT, AccumulateGrad, Freed, Node, check_residuals
from .primitive import AVAL, NO_RESIDUAL
from .pullback import chosen, forward_line
from .tensor import Tensor, wrap
from .vocabulary import vocabulary

Root = tuple[Any, Any]

# Compared by identity first, which is why a tuple and not a set.
_REAL = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16))


# A pass on values leaves the mode alone: nothing is recorded at its level anyway, and what lies inside boxes
# may belong to an outer recording that must go on. Only user code (hooks, custom functions) is put under it.


def user_code(graph: bool) -> AbstractContextManager[None]:
    """The mode in which hooks run: recording exactly when the pass is recorded."""
    return modes.switched(off=modes.NO_GRAD) if graph else modes.switched(on=modes.NO_GRAD)


class Pass:
    """One backward pass.

    Args:
        retain_graph: Keep the residuals for another pass.
        create_graph: Compute on tensors and record, so that the gradients have derivatives too.
        needed: The edges' nodes and leaves worth visiting; None for all.
    """

    __slots__ = ("create_graph", "freed", "heap", "needed", "owned", "pending", "retain_graph")

    def __init__(self, retain_graph: bool, create_graph: bool, needed: set[Any] | None) -> None:
        self.retain_graph = retain_graph or create_graph
        self.create_graph = create_graph
        self.needed = needed
        self.pending: dict[Any, Any] = {}
        self.owned: set[Any] = set()
        self.heap: list[tuple[int, Any]] = []
        self.freed = Freed(None if self.retain_graph else callsite.caller(3))

    def add(self, edge: Any, g: Any) -> None:
        """Add `g` to what has arrived at `edge`."""
        kind = edge.kind
        key = edge if kind != OUTPUT else edge.node
        if self.needed is not None and key not in self.needed:
            return
        pending = self.pending
        if kind == OUTPUT:
            parts = pending.get(key)
            if parts is None:
                parts = pending[key] = {}
                heappush(self.heap, (key.order, key))
            number = edge.output_number
            before = parts.get(number)
            parts[number] = g if before is None else before + g
            return
        before = pending.get(key)
        if before is None:
            pending[key] = g
            if kind == NODE:
                heappush(self.heap, (key.order, key))
        elif key in self.owned:
            np.add(before, g, out=before)
        else:
            total = before + g
            pending[key] = total
            if type(total) is np.ndarray:
                self.owned.add(key)

    def run(self, captures: dict[Any, Any] | None = None) -> None:
        """Visit nodes until none is left; `captures` maps wanted nodes to {output: cotangent}."""
        heap, pending, needed = self.heap, self.pending, self.needed
        freed = None if self.retain_graph else self.freed
        plainly = not self.create_graph and not modes.current() & modes.ANOMALY
        while heap:
            node = heappop(heap)[1]
            plan = node.plan
            if (
                not plainly or plan is None or plan.joint is not None or node.hooks is not None
                or node.dtype not in _REAL or node.output_avals is not None
                or (captures is not None and node in captures)
            ):  # fmt: skip
                self.visit(node, captures)
                continue
            # The same as `visit`, for the case that nearly every node is: one real output, nothing asked
            # besides. Half the time of a backward pass is here.
            ct = pending.pop(node)
            owners = node.owners
            inputs = node.inputs
            params = node.params
            if owners.__class__ is Freed:
                check_residuals(node)
            for i, rule, one, picks, names in plan.steps:
                edge = inputs[i]
                if needed is not None and edge not in needed and edge.node not in needed:
                    continue
                try:
                    if one is None or params is not None:
                        check_residuals(node)
                        args = [
                            owners[k].value if k >= 0 else edge if k == AVAL else i for k in picks
                        ]
                        g = rule(ct, *args, **chosen(names, params))
                    elif one >= 0:
                        owner = owners[one]
                        version = owner.version
                        if version is not None and version.stamp < node.order:
                            check_residuals(node)
                        g = rule(ct, owner.value)
                    elif one == NO_RESIDUAL:
                        g = rule(ct)
                    else:  # AVAL: an edge has the shape and dtype that the rule asks for
                        g = rule(ct, edge)
                except Exception as error:
                    error.add_note(forward_line(node))
                    raise
                if g.shape != edge.shape or g.dtype is not edge.dtype:
                    g = conform(g, edge, node, i)
                if edge in pending or edge.kind == OUTPUT:
                    self.add(edge, g)
                else:
                    pending[edge] = g
                    if edge.kind:
                        heappush(heap, (edge.order, edge))
            if owners and freed is not None:
                node.owners = freed

    def visit(self, node: Node, captures: dict[Any, Any] | None) -> None:
        """Run one node's hooks and rules and pass the results on."""
        graph, needed = self.create_graph, self.needed
        ct = self.pending.pop(node)
        several = node.output_avals is not None
        if several:
            ct = [ct.get(i) for i in range(len(node.output_avals))]
        if node.hooks is not None:
            with user_code(graph):
                ct = run_before(node, ct, graph)
        if captures is not None and node in captures:
            wanted = captures[node]
            for number in wanted:
                wanted[number] = ct[number] if several else ct
        edges = node.inputs
        if needed is not None:
            edges = tuple([e if e is not None and e.node in needed else None for e in edges])
            if not any(e is not None for e in edges):
                return
        if several:
            ct = filled(node, ct)
        try:
            grads = node.pullback(ct, edges, graph)
        except Exception as error:
            error.add_note(forward_line(node))
            raise
        if not self.retain_graph and node.owners:
            node.owners = self.freed
        if modes.current() & modes.ANOMALY:
            check_nan(node, grads)
        if node.hooks is not None and node.hooks.post:
            with user_code(graph):
                grads = run_post(node, grads, ct)
        for i, g in enumerate(grads):
            edge = edges[i]
            if g is not None and edge is not None:
                self.add(edge, conform(g, edge, node, i))


def filled(node: Node, cts: list[Any]) -> Any:
    """The cotangents of a node's differentiable outputs, with `node.missing` for those that got none."""
    sample = next((c for c in cts if c is not None), None)
    out = []
    for i in node.differentiable:
        c = cts[i]
        if c is None:
            c = node.missing(i)
            if isinstance(sample, Tensor) and c is not None:
                c = wrap(Tensor, c)
        out.append(c)
    return tuple(out)


def check_nan(node: Node, grads: Iterable[Any]) -> None:
    """Raise for the first cotangent with a NaN (anomaly mode)."""
    for i, g in enumerate(grads):
        value = g.value if isinstance(g, Tensor) else g
        if isinstance(value, (np.ndarray, np.generic)) and np.isnan(value).any():
            raise GraphError(
                f"Function '{node.name()}' returned nan values in its {i}th output.\n"
                f"  the operation was run at {callsite.describe(node.site)}"
            )


def as_tensor(g: Any, cls: type[Tensor]) -> Tensor:
    """A cotangent as hooks and users see it."""
    if isinstance(g, Tensor):
        return g if type(g) is cls else wrap(cls, g.value, g.edge)
    return wrap(cls, g)


def replaced(old: Any, new: Any, graph: bool) -> Any:
    """The cotangent after a hook: its result, unless it returned None."""
    if new is None:
        return old
    return new if graph else new.value


def run_before(node: Node, ct: Any, graph: bool) -> Any:
    """Run the tensor hooks, retained gradients and node pre-hooks on what arrived at a node."""
    hooks = node.hooks
    assert hooks is not None
    several = isinstance(ct, list)
    cts = ct if several else [ct]
    for number, functions in hooks.before.items():
        if cts[number] is None:
            continue
        for cls, hook in list(functions.values()):
            cts[number] = replaced(cts[number], hook(as_tensor(cts[number], cls)), graph)
    for number, holder in hooks.retained.items():
        if cts[number] is not None:
            holder.grad = as_tensor(cts[number], holder.result_class)
    for cls, hook in list(hooks.pre.values()):
        given = tuple(None if c is None else as_tensor(c, cls) for c in cts)
        back = hook(given)
        if back is not None:
            back = back if isinstance(back, tuple) else (back,)
            cts = [replaced(c, n, graph) for c, n in zip(cts, back, strict=True)]
    return cts if several else cts[0]


def run_post(node: Node, grads: list[Any], ct: Any) -> list[Any]:
    """Run the hooks that see a node's input and output gradients."""
    hooks = node.hooks
    assert hooks is not None
    for cls, hook in list(hooks.post.values()):
        outs = tuple(
            None if c is None else as_tensor(c, cls)
            for c in (ct if isinstance(ct, tuple) else (ct,))
        )
        ins = tuple(None if g is None else as_tensor(g, cls) for g in grads)
        back = hook(ins, outs)
        if back is not None:
            back = back if isinstance(back, tuple) else (back,)
            graph = any(isinstance(g, Tensor) for g in grads)
            grads = [replaced(g, n, graph) for g, n in zip(grads, back, strict=True)]
    return grads


def reaching(
    roots: Iterable[Any], wanted: Iterable[Any], within: Callable[[Any], bool] | None
) -> set[Any]:
    """The nodes and leaves on a path from `roots` to `wanted`, both ends included.

    Args:
        roots: Edges.
        wanted: Nodes and leaves.
        within: If given, only nodes for which it is true are passed through.
    """
    targets = set(wanted)
    oldest = max([t.order for t in targets], default=0)
    seen: set[Any] = set()
    stack = [e.node for e in roots]
    everything = True  # whether whatever was met leads to a target, as where all leaves are wanted
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        if node.order > oldest or (within is not None and not within(node)):
            everything = False
            continue
        seen.add(node)
        if node.kind != LEAF:
            for e in node.inputs:
                if e is not None:
                    stack.append(e if e.kind != OUTPUT else e.node)
        elif node not in targets:
            everything = False
    if everything:
        return seen
    needed = set()
    for node in sorted(seen, key=lambda n: n.order, reverse=True):  # oldest first
        if node in targets or (
            node.kind != LEAF and any(e is not None and e.node in needed for e in node.inputs)
        ):
            needed.add(node)
    return needed


def backward(
    roots: Sequence[Root], *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Accumulate gradients into the leaves that `roots` depend on.

    Args:
        roots: (edge, cotangent) pairs; cotangents are tensors when `create_graph`, else values.
        retain_graph: Keep residuals for another pass.
        create_graph: Record the pass itself.
    """
    if create_graph and modes.current() & modes.NO_GRAD:
        with modes.switched(off=modes.NO_GRAD):
            backward(roots, retain_graph=retain_graph, create_graph=True)
        return
    work = Pass(retain_graph, create_graph, None)
    for edge, ct in roots:
        work.add(edge, ct)
    work.run()
    pending = work.pending
    for (
        leaf
    ) in pending:  # not .items(): its iterator holds on to the pair, which `is_fresh` would count
        g = pending[leaf]
        accumulate(leaf, g, create_graph, leaf in work.owned)


def gradients(
    roots: Sequence[Root],
    wanted: Sequence[Any],
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
    within: Callable[[Any], bool] | None = None,
) -> list[Any]:
    """Return the cotangent that arrives at each wanted edge, None where none does.

    Args:
        roots: (edge, cotangent) pairs, as for `backward`.
        wanted: Edges; None entries give None.
        retain_graph, create_graph: As for `backward`.
        within: Restricts the graph, see `reaching`.
    """
    if create_graph and modes.current() & modes.NO_GRAD:
        with modes.switched(off=modes.NO_GRAD):
            return gradients(roots, wanted, create_graph=True, within=within)
    present = [e for e in wanted if e is not None]
    needed = reaching([e for e, _ in roots], [e.node for e in present], within)
    captures: dict[Any, Any] | None = None
    for e in present:
        if e.kind != LEAF:
            captures = {} if captures is None else captures
            captures.setdefault(e.node, {})[e.output_number] = None
    work = Pass(retain_graph, create_graph, needed)
    for edge, ct in roots:
        work.add(edge, ct)
    work.run(captures)
    results = work.pending
    for leaf, g in results.items():
        if leaf.hooks:
            results[leaf] = run_leaf_hooks(leaf, g, create_graph)
    out: list[Any] = []
    for e in wanted:
        if e is None:
            out.append(None)
        elif e.kind == LEAF:
            out.append(results.get(e))
        else:
            assert captures is not None
            out.append(captures[e.node][e.output_number])
    return out


def run_leaf_hooks(leaf: AccumulateGrad, g: Any, graph: bool) -> Any:
    """Run the tensor hooks of a leaf on its gradient."""
    if leaf.hooks:
        with user_code(graph):
            for cls, hook in list(leaf.hooks.values()):
                g = replaced(g, hook(as_tensor(g, cls)), graph)
    return g


def accumulate(leaf: AccumulateGrad, g: Any, graph: bool, owned: bool) -> None:
    """Add a gradient to a leaf's `.grad`, in place where the old one may be overwritten."""
    g = run_leaf_hooks(leaf, g, graph) if leaf.hooks else g
    grad = leaf.grad
    if graph:
        tensor = as_tensor(g, leaf.result_class)
        if grad is None:
            leaf.grad = tensor
        else:
            total = vocabulary.add(as_tensor(grad, Tensor), as_tensor(g, Tensor))
            leaf.grad = as_tensor(total, leaf.result_class)
    elif grad is None:
        if type(g) is np.ndarray and not owned and not is_fresh(g):
            g = g.copy()
        leaf.grad = wrap(leaf.result_class, g)
    else:
        value = grad.value
        if type(value) is np.ndarray and not isinstance(g, Box):
            np.add(value, g, out=value)
        else:
            grad.value = value + g
        if grad.version is not None:
            grad.version.bump_quietly()
    if leaf.post_hooks:
        with user_code(graph):
            for hook in list(leaf.post_hooks.values()):
                hook(leaf.variable)


# What a gradient's reference count is in `is_fresh` when nobody but the pass holds it: the dict of
# pending cotangents, the loop variable, two arguments and getrefcount's own.
_HELD_BY_PASS = 5


def is_fresh(g: np.ndarray[Any, Any]) -> bool:
    """Whether an array that the pass made is held by nobody else, so that it may become a `.grad`."""
    return g.base is None and sys.getrefcount(g) <= _HELD_BY_PASS and g.flags.writeable
