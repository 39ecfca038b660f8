"""In-place writes: the memory changes for everybody who sees it, and the history follows.

A write is the out-of-place operation followed by an assignment of its result, so that every derivative is
the out-of-place one's. What is special about being in place is only here: a residual about to be
overwritten is copied first, versions are counted, and the base of a written view gets a history in which
the written region comes from the new values.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import modes
from .batching import Batched
from .boxes import Box
from .callsite import caller
from .errors import InplaceError, ShapeError, TransformError
from .graph import AccumulateGrad, Node, new_node
from .residuals import SavedOutput
from .tensor import Tensor, is_outer, wrap
from .versions import InferenceVersion, Version
from .views import Alias, Chain, owner, registered, replay, shares_memory
from .vocabulary import vocabulary


def write(x: Tensor, compute: Callable[[Tensor], Tensor], *, fills: bool = False) -> Tensor:
    """Overwrite `x` with `compute(x)`, as PyTorch's in-place operations do, and return it.

    Args:
        x: The tensor to write to.
        compute: The out-of-place operation, on a stand-in for `x` as it was.
        fills: Whether all elements become one number, so that they may share places.

    Raises:
        InplaceError: `x` is a leaf that requires a gradient (or a view of one) and recording is on; elements
            of `x` share a place (an expanded view); or it was made in inference mode, which has ended.
        ShapeError: The result has more elements than `x`.
        DtypeError: The result's dtype cannot be stored in `x`.
    """
    mode = modes.current()
    recording = not mode & modes.NO_GRAD
    if isinstance(x.version, InferenceVersion):
        x.version.check_write()
    if recording:
        check_writable(x)
    before = wrap(type(x).result_class, x.value, x.edge)
    if not recording:
        return assign(x, compute(before), None, fills=fills)
    # The stand-in shares the version of `x`, so a residual that views it is found out of date rather than
    # wrong; one that is the stand-in itself (somebody holds it after the call) gets the old value to keep.
    # Hooks on residuals may keep an alias of it: they get memory of its own from the start.
    if not mode & modes.PACKING:
        before.version = x.shared_version()
    elif type(x.value) is np.ndarray:
        before.value = x.value.copy()
    holders = sys.getrefcount(before)
    out = compute(before)
    if sys.getrefcount(before) > holders:
        if type(before.value) is not np.ndarray or isinstance(out.value, Box):
            before.version = None  # nothing is overwritten
        elif not x.journals:
            before.value = before.value.copy()
            before.version = None
    return assign(x, out, before, fills=fills)


def assign(x: Tensor, out: Tensor, before: Tensor | None, *, fills: bool = False) -> Tensor:
    """Put the value and the history of `out`, computed from `before`, into `x`."""
    shape = tuple(x.shape)
    if tuple(out.shape) != shape and (
        before is not None or not can_expand(tuple(out.shape), shape)
    ):
        out = expanded(out, shape)
    value = x.value
    held = None
    if isinstance(value, Box) or isinstance(out.value, Box):
        check_batches(x, out)
        check_inside(x, out)
        aliased = isinstance(x.view_of, Alias)
        if x.view_of is not None and write_through(x, out, before is not None and not aliased):
            return x
        edge = out.edge
        left(x)
        # A box is never written to and may be shared; an array may be a view of another's memory.
        x.value = out.value if isinstance(out.value, Box) else np.array(out.value)
        if isinstance(x.value, Box) and x.value.interpreter.kept is not None:
            x.value.interpreter.kept.append(weakref.ref(x))
        if before is not None and edge is None and is_outer(before, innermost(out.value)):
            before.edge = None  # its history goes on inside the box
            x.edge = None
        update_views(x)
    else:
        edge = out.edge
        if edge is not None and out.value.dtype != value.dtype:
            edge = vocabulary.cast(out, value.dtype).edge
        held = keep_output(edge, x)
        if type(value) is np.ndarray:
            if not value.flags.writeable:
                value = writable(value, shared_places=fills)
            x.overwriting(value)
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


def left(x: Tensor) -> None:
    """Note that `x` moves from its memory to a box: what is kept on that memory has not been written to."""
    if x.journals and type(x.value) is np.ndarray:
        x.version = None


def innermost(value: Any) -> float:
    """The level of the innermost transformation that `value` is inside of."""
    return value.interpreter.level if isinstance(value, Box) else 0


def batches(value: Any) -> set[Any]:
    """The batches that a value is an example of."""
    found = set()
    while isinstance(value, (Box, Tensor)):
        if isinstance(value, Tensor):
            value = value.value
            continue
        if isinstance(value, Batched):
            found.add(value.interpreter)
        value = getattr(value, "primal", getattr(value, "content", None))
    return found


def check_batches(x: Tensor, out: Tensor) -> None:
    """Raise for a write of something that differs from example to example into something that does not.

    Raises:
        TransformError: `out` belongs to a batch and `x` does not.
    """
    if not x.joins_batches and batches(out.value) - batches(x.value):
        raise TransformError(
            "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in "
            "extra_args that has more elements than `self`. This happened due to `other` being vmapped over but "
            "`self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of inplace "
            "arithmetic, or make `self` from a tensor of the batch (x.new_zeros(...))."
        )


def check_inside(x: Tensor, out: Tensor) -> None:
    """Raise for a write of something made at each step of a traced loop into what lives outside of it.

    Raises:
        TransformError: The value stands for something inside of a body, and `x` is not from there.
    """
    made = out.value
    inside = getattr(made, "interpreter", None)
    if getattr(inside, "keeps_writes_out", False) and (
        not isinstance(x.value, Box) or x.value.interpreter is not inside
    ):
        raise TransformError(
            "the body of a traced loop or condition writes in place to a tensor from outside of it: carry the tensor along "
            "instead, and return it with its new value"
        )


def write_through(x: Tensor, out: Tensor, recording: bool) -> bool:
    """Write to a view inside a transformation: its base, and all that views it, get new values.

    Returns False for what is no view after all: a copy, as `reshape` makes of what is not contiguous.

    Raises:
        TransformError: The view is of another dtype than its base.
    """
    view = x.view_of
    base, chain = view.base, view.chain
    if base.value.dtype != x.value.dtype:
        raise TransformError(
            "an in-place write through a view of another dtype (real, imag, view_as_real) inside a "
            "transformation is not supported: build the result out of place (torch.complex)"
        )
    places = np.arange(base.size_).reshape(tuple(base.shape))
    if chain and not shares_memory(replay(chain, places), places):
        x.view_of = None
        return False
    before = wrap(type(base).result_class, base.value, base.current_edge())
    new_base = vocabulary.put_view(before, chain, out) if chain else out
    left(base)
    base.value = new_base.value
    if recording:
        base.edge = new_base.edge
    base.shared_version().bump()
    update_views(base)
    return True


def update_views(base: Tensor) -> None:
    """Give the views of `base` that share no memory with it, being inside a transformation, their values anew."""
    for x in registered(base):
        view = x.view_of
        new_x = replay(view.chain, wrap(type(base).result_class, base.value, base.edge))
        x.value = new_x.value
        if view.recorded:
            view.base_edge = base.edge
            x.edge = new_x.edge


class _Memory:
    """Memory as NumPy asks for it: an array interface, and who owns what it points to."""

    __slots__ = ("__array_interface__", "base")

    def __init__(self, interface: dict[str, Any], base: Any) -> None:
        self.__array_interface__ = interface
        self.base = base


def array_at(address: int, shape: Any, dtype: Any, strides: Any = None, base: Any = None) -> Any:
    """The memory at an address as an array, which keeps `base` alive.

    A ctypes array would do, but its class is made anew for each size, and is a cycle.
    """
    interface = {"data": (address, False), "shape": shape, "strides": strides, "version": 3}
    made = np.asarray(_Memory({**interface, "typestr": np.dtype(dtype).str}, base))
    return made if made.dtype == dtype else made.view(dtype)


def writable(a: Any, *, shared_places: bool = False) -> Any:
    """The same elements as `a`, which is read-only, to be written to.

    An array that repeats elements is read-only, and so are its parts, in which nothing may be repeated.

    Args:
        a: An array.
        shared_places: Whether elements may share a place: fit for filling with one number only.

    Raises:
        InplaceError: Elements share a place; or the memory belongs to a read-only array of the user's.
    """
    if a.flags.writeable:
        return a
    if not shared_places and may_overlap(a.shape, [abs(n) for n in a.strides], a.itemsize):
        raise InplaceError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    root = owner(a)
    if not getattr(getattr(root, "flags", None), "writeable", False):
        raise InplaceError(
            "the tensor is on the memory of a read-only NumPy array, and so it cannot be written to.\n"
            "  Write to a clone (x = x.clone()), or make the array writable before you make the tensor."
        )
    return array_at(a.__array_interface__["data"][0], a.shape, a.dtype, a.strides, root)


def may_overlap(shape: Any, strides: Any, step: int) -> bool:
    """Whether two elements of a strided array may be one; False is certain.

    Args:
        shape: Lengths of the axes.
        strides: Their steps, not negative.
        step: The length of an element, in the unit of the strides.
    """
    reach = step
    for stride, n in sorted(zip(strides, shape, strict=True)):
        if n > 1:
            if stride < reach:
                return True
            reach += stride * (n - 1)
    return False


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
        if isinstance(base.edge, AccumulateGrad) and x.view_of.recorded:
            raise InplaceError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation.\n"
                "  Update it under `with torch.no_grad():`, or write to a clone."
            )
        if not x.view_of.recorded and base.edge is not None and not isinstance(x.view_of, Alias):
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
            # The type first: to ask a residual that went through hooks for its value runs them.
            if (
                isinstance(owner, SavedOutput)
                and type(x.value) is np.ndarray
                and owner.value.dtype == x.value.dtype
                and owner.value.shape == x.value.shape
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
        writable(replay(chain, out), shared_places=True)[...] = 0
        return out
    mask = np.ones(ct.shape, bool)
    writable(replay(chain, mask), shared_places=True)[...] = False
    return ct * mask


def rebase(x: Tensor, edge: Any) -> None:
    """Give the base of the view `x` the history that follows from a write of `edge`'s values to `x`."""
    base = x.view_of.base
    base.edge = copied(base, (base.edge, edge), x.view_of.chain)
    x.view_of.refresh(x)


def copied(base: Tensor, edges: tuple[Any, Any], chain: Chain) -> CopySlices:
    """The node of a write to the part of `base` that `chain` views: `edges` are the old and the written one's."""
    return new_node(  # type: ignore[no-any-return]
        CopySlices, edges, tuple(base.shape), base.value.dtype, caller(4), {"chain": chain}
    )
