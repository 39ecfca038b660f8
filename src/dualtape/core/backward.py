"""The backward pass as front ends ask for it: which nodes it visits, and what becomes of the results.

The sweep itself is in `sweep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from . import callsite, departures, modes
from .aval import FLOATS
from .boxes import Box
from .forward import Dual
from .graph import LEAF, OUTPUT, AccumulateGrad
from .observation import tell_of_pass
from .single import add_into
from .stopped import stopped
from .sweep import Pass, as_tensor, is_unshared, named, replaced, user_code
from .tensor import Tensor, wrap
from .value import Value
from .vocabulary import vocabulary

Root = tuple[Any, Any]


def reaching(
    roots: Iterable[Any], wanted: Iterable[Any], within: Callable[[Any], bool] | None = None
) -> tuple[set[Any], bool]:
    """Return the nodes and leaves on a path from `roots` to `wanted`, both ends included.

    Args:
        roots: Edges.
        wanted: Nodes and leaves.
        within: If given, only nodes for which it is true are passed through.

    Returns:
        The set, and whether anything was met that leads elsewhere (and not to an ended variable).
    """
    targets = set(wanted)
    oldest = max([t.order for t in targets], default=0)
    seen: set[Any] = set()
    stack = [e.node for e in roots]
    everything = True  # whether whatever was met leads to a target, as where all leaves are wanted
    elsewhere = False
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        if node.order > oldest or (within is not None and not within(node)):
            everything = False
            elsewhere = elsewhere or node.kind != LEAF or not node.ended
            continue
        seen.add(node)
        if node.kind != LEAF:
            for e in node.inputs:
                if e is not None:
                    stack.append(e if e.kind != OUTPUT else e.node)
        elif node not in targets:
            everything = False
            elsewhere = elsewhere or not node.ended
    if everything:
        return seen, False
    needed = set()
    for node in sorted(seen, key=lambda n: n.order, reverse=True):  # oldest first
        if node in targets or (
            node.kind != LEAF and any(e is not None and e.node in needed for e in node.inputs)
        ):
            needed.add(node)
    return needed, elsewhere


def backward(
    roots: Sequence[Root], *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Accumulate gradients into the leaves that `roots` depend on.

    Args:
        roots: (edge, cotangent) pairs; cotangents are tensors when `create_graph`, else values.
        retain_graph: Keep residuals for another pass.
        create_graph: Record the pass itself.
    """
    mode = modes.current()
    if create_graph and mode & modes.NO_GRAD:
        with modes.switched(off=modes.NO_GRAD):
            backward(roots, retain_graph=retain_graph, create_graph=True)
        return
    work = Pass(retain_graph, create_graph, None)
    if mode & modes.SAFE:
        work = looked_after(work, roots, None)
    else:
        for edge, ct in roots:
            work.add(edge, ct)
        work.run()
    pending = work.pending
    if departures.watchers:
        for watcher in departures.watchers:
            watcher.passing(pending, callsite.caller(2))
    # Not .items(): its iterator holds on to the pair, which `is_unshared` would count.
    for leaf in pending:
        g = pending[leaf]
        accumulate(leaf, g, create_graph, leaf in work.owned, work)
    if mode & modes.STEPPED:
        tell_of_pass("kept", work)


def gradients(
    roots: Sequence[Root],
    wanted: Sequence[Any],
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
    within: Callable[[Any], bool] | None = None,
    needed: set[Any] | None = None,
) -> list[Any]:
    """Return the cotangent that arrives at each wanted edge, None where none does.

    Args:
        roots: (edge, cotangent) pairs, as for `backward`.
        wanted: Edges; None entries give None.
        retain_graph, create_graph: As for `backward`.
        within: Restricts the graph, see `reaching`.
        needed: What `reaching` gave, if it was called before.
    """
    if create_graph and modes.current() & modes.NO_GRAD:
        with modes.switched(off=modes.NO_GRAD):
            return gradients(roots, wanted, create_graph=True, within=within, needed=needed)
    present = [e for e in wanted if e is not None]
    if needed is None and (
        len(present) != 1
        or within is not None
        or present[0].kind != LEAF
        or not all_from(present[0], roots)
    ):
        needed, _ = reaching([e for e, _ in roots], [e.node for e in present], within)
    captures: dict[Any, Any] | None = None
    for e in present:
        if e.kind != LEAF:
            captures = {} if captures is None else captures
            captures.setdefault(e.node, {})[e.output_number] = None
    work = Pass(retain_graph, create_graph, needed)
    if modes.current() & modes.SAFE:
        work = looked_after(work, roots, captures)
    else:
        for edge, ct in roots:
            work.add(edge, ct)
        work.run(captures)
    results = work.pending
    for leaf, g in results.items():
        if leaf.hooks:
            results[leaf] = run_leaf_hooks(leaf, g, work, kept=False)
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


def looked_after(
    work: Pass, roots: Sequence[Root], captures: dict[Any, dict[int, Any]] | None
) -> Pass:
    """Run a pass, and if a NaN came out a second one that keeps masked cotangents zero; return the last.

    A masked cotangent times infinity is NaN, and a NaN stays one on its way to the leaves or is masked in its
    turn: a pass without NaN in its results needs no second look, and costs what it always does. Anomaly mode, which
    stops at the first NaN, has only the second. A recorded pass notes what lies beneath masks in any case, for the pass
    back through it: see `ops.rescue.noted`.
    """
    if modes.current() & modes.ANOMALY:
        work.beneath = set()
        for edge, ct in roots:
            work.add(edge, ct)
        work.run(captures)
        return work
    work.spent = []
    if work.create_graph:
        work.beneath = set()
    for edge, ct in roots:
        work.add(edge, ct)
    work.run(captures)
    found = [g for key, g in work.pending.items() if key.kind == LEAF]
    for wanted in (captures or {}).values():
        found += wanted.values()
    for g in found:
        if g is not None and may_be_nan(g):
            break
    else:
        return work
    for node, owners in work.spent:
        node.owners = owners
    for wanted in (captures or {}).values():
        wanted.update(dict.fromkeys(wanted))
    again = Pass(work.retain_graph, work.create_graph, work.needed)
    again.freed = work.freed
    again.beneath = set()
    for edge, ct in roots:
        again.add(edge, ct)
    again.run(captures)
    return again


def may_be_nan(g: Any) -> bool:
    """Whether there is a NaN in a value, or (under a trace) whether there may be one."""
    while isinstance(g, Value):
        if isinstance(g, Dual):
            if may_be_nan(g.primal):
                return True
            g = g.tangent
        elif isinstance(g, Tensor):
            g = g.value
        elif hasattr(g, "content"):
            g = g.content
        elif hasattr(g, "coefficients"):  # of a series
            return any(c is not None and may_be_nan(c) for c in g.coefficients)
        else:
            return True
    if isinstance(g, np.ndarray):
        # NaN exactly if one of them is.
        if g.ndim == 1 and g.dtype in FLOATS:
            g = g.dot(g)
        elif g.dtype.kind in "fc":
            g = np.vdot(g, g)
        else:
            return g.dtype.kind == "V" and bool(np.isnan(g).any())
    return bool(g != g)


def all_from(leaf: AccumulateGrad, roots: Sequence[Root]) -> bool:
    """Whether the roots are known to depend on no other leaf, so that all of their graph is needed."""
    source = leaf.source
    return all([edge.source == source for edge, _ in roots])  # noqa: C419 - faster for few


def run_leaf_hooks(leaf: AccumulateGrad, g: Any, work: Pass, *, kept: bool) -> Any:
    """Run the tensor hooks of a leaf on its gradient.

    Args:
        leaf: The leaf.
        g: What arrived at it.
        work: The pass.
        kept: Whether the gradient is going to `.grad`: hooks of the leaf's node run then only.
    """
    assert leaf.hooks is not None
    graph = work.create_graph
    with named(work), user_code(graph):
        for cls, hook in list(leaf.hooks.values()):
            if kept or not getattr(hook, "of_node", False):
                g = replaced(g, hook(as_tensor(g, cls)), graph)
    return g


def accumulate(
    leaf: AccumulateGrad, g: Any, graph: bool, owned: bool, work: Pass | None = None
) -> None:
    """Add a gradient to a leaf's `.grad`, in place where the old one may be overwritten.

    Args:
        leaf: The leaf.
        g: The gradient.
        graph: Whether it is a tensor with history.
        owned: Whether its memory is nobody else's.
        work: The pass, if the leaf's hooks have not seen the gradient yet.
    """
    if work is not None and leaf.hooks:
        g = run_leaf_hooks(leaf, g, work, kept=True)
    grad = leaf.grad
    if isinstance(g, Box) and not graph:
        g = stopped(g)  # as a leaf's gradient is without history, so it is without tangents
    if graph:
        tensor = as_tensor(g, leaf.result_class)
        if grad is None:
            leaf.grad = tensor
        else:
            total = vocabulary.add(as_tensor(grad, Tensor), as_tensor(g, Tensor))
            leaf.grad = as_tensor(total, leaf.result_class)
    elif grad is None:
        if type(g) is np.ndarray and not owned and not is_unshared(g, _HELD):
            g = g.copy()
        leaf.grad = wrap(leaf.result_class, g)
    else:
        value = grad.value
        if type(value) is np.ndarray and not isinstance(g, Box):
            add_into(value, g)
        else:
            grad.value = value + g
        if grad.version is not None:
            grad.version.bump_quietly()
    if leaf.post_hooks:
        with user_code(graph):
            for hook in list(leaf.post_hooks.values()):
                hook(leaf, g)


_HELD = 5
"""References to a gradient that nobody but the pass holds, in `is_unshared`: the dict's, the loop variable, two arguments, the question."""
