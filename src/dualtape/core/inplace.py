"""In-place writes: the memory changes for everybody who sees it, and the history follows.

A write is the out-of-place operation followed by an assignment of its result, so that every derivative is
the out-of-place one's. What is special about being in place is only here: a residual about to be
overwritten is copied first, versions are counted, and the base of a written view gets a history in which
the written region comes from the new values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from . import modes
from .boxes import Box
from .callsite import caller
from .errors import InplaceError, ShapeError, TransformError
from .graph import AccumulateGrad, Node, SavedOutput, Version
from .tensor import Tensor, new, wrap
from .views import Chain, replay
from .vocabulary import vocabulary


def write(x: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
    """Overwrite `x` with `compute(x)`, as PyTorch's in-place operations do, and return it.

    Args:
        x: The tensor to write to.
        compute: The out-of-place operation, on a stand-in for `x` as it was.

    Raises:
        InplaceError: `x` is a leaf that requires a gradient (or a view of one) and recording is on.
        ShapeError: The result has more elements than `x`.
        DtypeError: The result's dtype cannot be stored in `x`.
    """
    recording = not modes.current() & modes.NO_GRAD
    if recording:
        check_writable(x)
    before = wrap(type(x).result_class, x.value, x.edge)
    if not recording:
        return assign(x, compute(before), None)
    # The stand-in shares the version of `x`, so a residual that views it is found out of date rather than
    # wrong; one that is the stand-in itself (somebody holds it after the call) gets the old value to keep.
    before.version = x.shared_version()
    holders = sys.getrefcount(before)
    out = compute(before)
    if sys.getrefcount(before) > holders:
        if type(before.value) is np.ndarray:
            before.value = before.value.copy()
        before.version = None
    return assign(x, out, before)


def assign(x: Tensor, out: Tensor, before: Tensor | None) -> Tensor:
    """Put the value and the history of `out`, computed from `before`, into `x`."""
    shape = tuple(x.shape)
    if tuple(out.shape) != shape and (
        before is not None or not can_expand(tuple(out.shape), shape)
    ):
        out = expanded(out, shape)
    value = x.value
    held = None
    if isinstance(value, Box) or isinstance(out.value, Box):
        if x.view_of is not None:
            raise TransformError(
                "an in-place write through a view inside a transformation is not supported: build the "
                "result out of place (torch.where, index_put, cat)"
            )
        edge = out.edge
        x.value = out.value
    else:
        edge = out.edge
        if edge is not None and out.value.dtype != value.dtype:
            edge = vocabulary.cast(out, value.dtype).edge
        held = keep_output(edge, x)
        if type(value) is np.ndarray:
            np.copyto(value, out.value, casting="unsafe")
        else:
            new_value = out.value
            x.value = new_value if new_value.dtype == value.dtype else new_value.astype(value.dtype)
    if x.version is None:
        x.version = Version()
    x.version.bump()
    if held is not None:  # this write is not one that came after the node saved its output
        held.order = modes.next_order()
    if before is None:  # nothing recorded: the history of x stays what it was
        return x
    view = x.view_of
    if view is None:
        if edge is None and before.edge is not None:  # still recorded: its old history gets zeros
            edge = copied(x, (before.edge, None), ())
        x.edge = edge
    elif edge is not None or view.base.current_edge() is not None:
        rebase(x, edge)
    return x


def can_expand(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to `to`."""
    lead = len(to) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, to[lead:], strict=True))


def expanded(out: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The result broadcast to the shape of the tensor it is written to."""
    if not can_expand(tuple(out.shape), shape):
        raise ShapeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape {list(out.shape)}"
        )
    return vocabulary.broadcast_to(out, shape)  # type: ignore[no-any-return]


def check_writable(x: Tensor) -> None:
    """Raise where PyTorch forbids the write because a leaf's gradient would lose its meaning."""
    edge = x.current_edge()
    if edge is not None and isinstance(edge, AccumulateGrad):
        raise InplaceError(
            "a leaf Variable that requires grad is being used in an in-place operation.\n"
            "  Update it under `with torch.no_grad():`, or write to a clone."
        )
    if x.view_of is not None:
        base = x.view_of.base
        if isinstance(base.edge, AccumulateGrad):
            raise InplaceError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation.\n"
                "  Update it under `with torch.no_grad():`, or write to a clone."
            )
        if not x.view_of.recorded and base.edge is not None:
            raise InplaceError(
                "A view was created in no_grad mode and is being modified inplace with grad mode "
                "enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You can "
                "clarify your code by moving both the view and the inplace either both inside the no_grad "
                "block (if you don't want the inplace to be tracked) or both outside (if you want the "
                "inplace to be tracked)."
            )


def keep_output(edge: Any, x: Tensor) -> Node | None:
    """Let a node that saved its output share it with `x`, into whose memory it is about to be written.

    It is then guarded by the version of `x`, as in PyTorch, and not held twice. Returns the node.
    """
    node = None if edge is None else edge.node
    held = None
    if isinstance(node, Node) and isinstance(node.owners, tuple):
        for owner in node.owners:
            value = owner.value
            if (
                isinstance(owner, SavedOutput)
                and type(x.value) is np.ndarray
                and value.dtype == x.value.dtype
                and value.shape == x.value.shape
            ):
                owner.value = x.value
                owner.version = x.shared_version()
                held = node
    return held


class CopySlices(Node):
    """The history of a base after a write through one of its views.

    inputs: the base's old edge, and the edge of the values written. `params["chain"]` leads from the
    base to the view.
    """

    __slots__ = ()

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        assert self.params is not None
        chain = self.params["chain"]
        old, written = edges
        return [
            None if old is None else cleared(ct, chain),
            None if written is None else replay(chain, ct),
        ]


def cleared(ct: Any, chain: Chain) -> Any:
    """`ct` with zeros where `chain` views it."""
    if isinstance(ct, np.ndarray):
        out = ct.copy()
        replay(chain, out)[...] = 0
        return out
    mask = np.ones(ct.shape, bool)
    replay(chain, mask)[...] = False
    return ct * mask


def rebase(x: Tensor, edge: Any) -> None:
    """Give the base of the view `x` the history that follows from a write of `edge`'s values to `x`."""
    base = x.view_of.base
    base.edge = copied(base, (base.edge, edge), x.view_of.chain)
    x.view_of.refresh(x)


def copied(base: Tensor, edges: tuple[Any, Any], chain: Chain) -> CopySlices:
    """The node of a write to the part of `base` that `chain` views: `edges` are the old and the written one's."""
    node = new(CopySlices)
    node.inputs = edges
    node.owners = ()
    node.params = {"chain": chain}
    node.plan = None
    node.order = modes.next_order()
    node.level = max(e.level for e in edges if e is not None)
    node.site = caller(4)
    node.hooks = None
    node.shape = tuple(base.shape)
    node.dtype = base.value.dtype
    return node
