"""One sweep over a recorded graph: cotangents from the roots to the leaves, latest operation first.

Every node is younger than its inputs, so a heap ordered by creation visits a node only after all that
used its result; no recursion, no topological sort, no counting of dependencies. Leaves need not enter
the heap: what is left in `pending` when it is empty belongs to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from . import callsite, modes
from .adapted import own_copy
from .aval import FLOATS
from .conform import conform, summed
from .errors import GraphError
from .graph import LEAF, NODE, OUTPUT, Node
from .observation import tell_of_pass
from .primitive import AVAL, NO_RESIDUAL, Plan
from .pullback import chosen, forward_line
from .residuals import Freed, check_residuals
from .tensor import Tensor, unboxed, wrap
from .vocabulary import vocabulary

# A pass on values leaves the mode alone: nothing is recorded at its level anyway, and what lies inside boxes
# may belong to an outer recording that must go on. Only user code (hooks, custom functions) is put under it.


def user_code(graph: bool) -> AbstractContextManager[None]:
    """The mode in which hooks run: recording exactly when the pass is recorded."""
    return modes.switched(off=modes.NO_GRAD) if graph else modes.switched(on=modes.NO_GRAD)


running: ContextVar[Pass | None] = ContextVar("dualtape_pass", default=None)
"""The pass that a node with hooks, or a leaf's hook, is run by."""


@contextmanager
def named(work: Pass) -> Iterator[None]:
    """Tell user code which pass it runs in."""
    token = running.set(work)
    try:
        yield
    finally:
        running.reset(token)


class Pass:
    """One backward pass.

    Args:
        retain_graph: Keep the residuals for another pass.
        create_graph: Compute on tensors and record, so that the gradients have derivatives too.
        needed: The edges' nodes and leaves worth visiting; None for all.

    Attributes:
        spent: Where residuals that were freed are noted, so that a second look can have them back.
        beneath: What lies beneath a mask, in a pass that looks after masked cotangents.
    """

    __slots__ = (
        "__weakref__",
        "beneath",
        "create_graph",
        "freed",
        "heap",
        "hooked",
        "needed",
        "owned",
        "pending",
        "retain_graph",
        "spent",
    )

    def __init__(self, retain_graph: bool, create_graph: bool, needed: set[Any] | None) -> None:
        self.retain_graph = retain_graph or create_graph
        self.create_graph = create_graph
        self.needed = needed
        self.pending: dict[Any, Any] = {}
        self.owned: set[Any] = set()
        self.heap: list[tuple[int, Any]] = []
        self.hooked: Any = None
        self.spent: list[tuple[Any, Any]] | None = None
        self.beneath: set[Any] | None = None
        self.freed = Freed(None if self.retain_graph else callsite.caller(3))

    def ahead(self) -> set[Any]:
        """The nodes and leaves that the pass has still to come to, with the node whose hooks run now."""
        found: set[Any] = set()
        stack = [*self.pending, *(() if self.hooked is None else (self.hooked,))]
        while stack:
            node = stack.pop()
            if node in found or (self.needed is not None and node not in self.needed):
                continue
            found.add(node)
            if node.kind != LEAF:
                stack.extend([e.node for e in node.inputs if e is not None])
        return found

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
        elif g.__class__ is np.ndarray and (
            key in self.owned
            or (
                before.__class__ is np.ndarray
                and before.nbytes >= _LARGE
                and is_unshared(before, _HELD)
            )
        ):
            before += g  # in place
            self.owned.add(key)
        else:
            total = before + g
            pending[key] = total
            if type(total) is np.ndarray:
                self.owned.add(key)
            else:
                self.owned.discard(key)  # a box has come to an array

    def run(self, captures: dict[Any, Any] | None = None) -> None:
        """Visit nodes until none is left; `captures` maps wanted nodes to {output: cotangent}."""
        heap = self.heap
        mode = modes.current()
        plainly = (
            self.beneath is None
            and not self.create_graph
            and not mode & (modes.ANOMALY | modes.STEPPED)
        )
        if mode & modes.STEPPED:
            tell_of_pass("begun", self)
        while heap:
            node = heappop(heap)[1]
            try:
                plan = node.plan
                if (
                    plainly and plan is not None and (captures is None or node not in captures)
                    and (plan.pull or shortcut(plan, node))(self, node)
                ):  # fmt: skip
                    continue
                if node.hooks is None:
                    self.visit(node, captures)
                else:
                    self.hooked = node
                    with named(self):
                        self.visit(node, captures)
            except Exception as error:
                error.add_note(forward_line(node))
                raise
        if mode & modes.STEPPED:
            tell_of_pass("ended", self, captures)

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
        grads = node.pullback(ct, edges, graph)
        if not self.retain_graph and node.owners:
            if self.spent is not None:
                self.spent.append((node, node.owners))
            node.owners = self.freed
        if self.beneath is not None:
            grads = self.rescued(node, ct, grads)
        mode = modes.current()
        if mode & modes.ANOMALY:
            check_nan(node, grads)
        if node.hooks is not None and node.hooks.post:
            with user_code(graph):
                grads = run_post(node, grads, ct)
        for i, g in enumerate(grads):
            edge = edges[i]
            if g is not None and edge is not None:
                self.add(edge, conform(g, edge, node, i))
        if mode & modes.STEPPED:
            tell_of_pass("stepped", self, node, ct, edges, grads)

    def rescued(self, node: Node, ct: Any, grads: list[Any]) -> list[Any]:
        """The cotangents of a node's operands, looked after if the node lies beneath a mask."""
        assert self.beneath is not None
        masks = node.primitive is not None and node.primitive.masks
        under = node in self.beneath
        if under or masks:
            self.beneath.update([e.node for e in node.inputs if e is not None])
        if not under:
            return grads
        if self.spent is None:  # a NaN came out of the first pass
            grads = [None if g is None else vocabulary.rescue(ct, g, node.params) for g in grads]
        return vocabulary.noted(ct, grads) if self.create_graph and reads_history(node) else grads


def reads_history(node: Node) -> bool:
    """Whether a node's rules read what itself has a derivative, rather than constants alone."""
    if node.plan is None:
        return True
    inputs = node.inputs
    return any(s >= len(inputs) or inputs[s] is not None for s in node.plan.sources)


def is_unshared(g: np.ndarray[Any, Any], held: int) -> bool:
    """Whether an array that the pass made is held by nobody else, so that it may be written to.

    Args:
        g: The array.
        held: How many references to it there are here if only the pass holds it.
    """
    return g.base is None and getrefcount(g) <= held and g.flags.writeable


_LARGE = 1 << 14
"""Bytes from which it takes less time to ask than to make a new array."""

_HELD = 4
"""The dict's, the caller's variable, the argument, the question."""


def shortcut(plan: Plan, node: Node) -> Callable[[Pass, Any], bool]:
    """Make what visits the nodes of a plan, of which `node` is the first, in a pass on values."""
    fits = plan.joint is None and node.output_avals is None
    plan.pull = own_copy(pulled) if fits else not_pulled
    return plan.pull


def not_pulled(work: Pass, node: Any) -> bool:
    """`pulled` for the nodes that it is not for."""
    return False


def pulled(work: Pass, node: Any) -> bool:
    """Do what `Pass.visit` does, for what nearly every node is: one real output, and nothing asked besides.

    Half the time of a backward pass is here. Each plan has a copy of its own (see `adapted`).

    Args:
        work: A pass that does not record.
        node: A node whose plan has a rule per input.

    Returns:
        False if there is more to do, which is left to `visit`.
    """
    if node.hooks is not None or node.dtype not in FLOATS:
        return False
    pending, needed = work.pending, work.needed
    ct = pending.pop(node)
    owners = node.owners
    inputs = node.inputs
    params = node.params
    if owners.__class__ is Freed:
        check_residuals(node)
    for i, rule, one, picks, names in node.plan.rules:
        edge = inputs[i]
        if needed is not None and edge not in needed and edge.node not in needed:
            continue
        if one is None:
            owners = check_residuals(node)
            args = [owners[k].value if k >= 0 else edge if k == AVAL else i for k in picks]
            g = rule(ct, *args, **chosen(names, params))
        elif one >= 0:
            owner = owners[one]
            version = owner.version
            if version is not None and version.stamp < node.order:
                owner = check_residuals(node)[one]
            value = owner.value
            g = rule(ct, value) if params is None else rule(ct, value, **chosen(names, params))
        elif one == NO_RESIDUAL:
            g = rule(ct) if params is None else rule(ct, **chosen(names, params))
        elif params is None:  # AVAL: an edge has the shape and dtype that the rule asks for
            g = rule(ct, edge)
        else:
            g = rule(ct, edge, **chosen(names, params))
        if g.dtype is not edge.dtype:
            g = conform(g, edge, node, i)
        elif g.shape != edge.shape:
            g = summed(g, edge, node, i)
        if edge in pending or edge.kind == OUTPUT:
            work.add(edge, g)
        else:
            pending[edge] = g
            if edge.kind:
                heappush(work.heap, (edge.order, edge))
    if owners and not work.retain_graph:
        node.owners = work.freed
        if work.spent is not None:
            work.spent.append((node, owners))
    return True


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
    g = unboxed(g)
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
