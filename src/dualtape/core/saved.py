"""What else may happen to residuals when they are saved: the user's hooks, and tensors that may not be.

Both are rare, so neither is looked for on the fast paths of `bind`: a bit of the mode sends a call
through `bind_unusual`, which ends here.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple

from . import modes
from .errors import GraphError, InplaceError
from .graph import Hooks
from .residuals import SavedOutput, saved_inference
from .tensor import Tensor, wrap
from .versions import InferenceVersion, Version


class PackHooks(NamedTuple):
    """A pair of hooks, and the tensor class in which they see residuals."""

    cls: type[Tensor]
    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


_stack: ContextVar[tuple[PackHooks, ...]] = ContextVar("dualtape_pack_hooks", default=())
_forbidden: ContextVar[str | None] = ContextVar("dualtape_pack_hooks_forbidden", default=None)


@contextmanager
def packing(
    cls: type[Tensor], pack: Callable[[Any], Any], unpack: Callable[[Any], Any]
) -> Iterator[None]:
    """Let residuals saved in the block be what `pack` makes of them, until `unpack` is asked for them.

    Args:
        cls: The tensor class that the hooks see.
        pack: Maps a residual to anything. It must not write to the residual.
        unpack: Maps that back to a tensor of the same shape and dtype, in each backward pass.

    Raises:
        GraphError: Inside `packing_forbidden`.
    """
    refuse_if_forbidden()
    before = _stack.get()
    _stack.set((*before, PackHooks(cls, pack, unpack)))
    try:
        with modes.switched(on=modes.PACKING):
            yield
    finally:
        _stack.set(before)


@contextmanager
def packing_forbidden(message: str) -> Iterator[None]:
    """Make `packing` an error, with this message, in the block.

    Raises:
        GraphError: Hooks are active already.
    """
    before = _forbidden.get()
    _forbidden.set(message)
    try:
        if _stack.get():
            refuse_if_forbidden()
        yield
    finally:
        _forbidden.set(before)


def refuse_if_forbidden() -> None:
    """Raise if hooks on residuals are not allowed here."""
    message = _forbidden.get()
    if message is not None:
        raise GraphError(message)


class Packed:
    """A residual in the hands of the user's hooks. Writes cannot be seen through them: no version."""

    __slots__ = ("hooks", "packed")

    version: ClassVar[Version | None] = None

    def __init__(self, tensor: Tensor, hooks: PackHooks) -> None:
        version = tensor.shared_version()
        count = version.count
        with modes.switched(on=modes.NO_GRAD):
            self.packed = hooks.pack(tensor)
        if version.count != count:
            raise InplaceError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack "
                "hook cannot be modified by in-place operations as this can lead to unexpected side-effects. "
                "Let the hook work on a clone."
            )
        self.hooks = hooks

    @property
    def value(self) -> Any:
        """The residual, from the unpack hook.

        Raises:
            TypeError: The hook returned no tensor.
        """
        with modes.switched(on=modes.NO_GRAD):
            back = self.hooks.unpack(self.packed)
        if not isinstance(back, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(back).__name__}"
            )
        return back.value


def packed(owner: Any, edge: Any, hooks: PackHooks) -> Any:
    """The holder of a residual, once it went through hooks.

    Args:
        owner: A tensor, or the holder of an output (or anything with a value and a version).
        edge: The edge of the output that it is, if it is one.
        hooks: The hooks.
    """
    if isinstance(owner, hooks.cls):
        tensor = owner
    else:
        tensor = wrap(hooks.cls, owner.value, owner.edge if isinstance(owner, Tensor) else edge)
        tensor.version = owner.shared_version() if isinstance(owner, Tensor) else owner.version
    holder = Packed(tensor, hooks)
    if edge is not None and holder.packed is tensor:
        tensor.edge = None  # a node that holds its own output with its history is never freed
    return holder


def active_hooks() -> PackHooks | None:
    """The innermost hooks on residuals, None where there are none."""
    stack = _stack.get()
    return stack[-1] if stack else None


# --- tensors of inference mode ------------------------------------------------------------------------


_block: ContextVar[InferenceVersion | None] = ContextVar("dualtape_inference", default=None)
_alive: ContextVar[tuple[weakref.ref[InferenceVersion], ...]] = ContextVar(
    "dualtape_inference_alive", default=()
)


def mark_inference(t: Tensor) -> None:
    """Note that a tensor with memory of its own was made in inference mode."""
    version = _block.get()
    if version is None:
        version = InferenceVersion()
        _block.set(version)
        _alive.set((*_alive.get(), weakref.ref(version)))
    t.version = version


def leave_inference() -> None:
    """Close a block of inference mode: while tensors made in it are about, recording is guarded."""
    _block.set(None)
    if inference_tensors_alive():
        modes.set_mode(modes.current() | modes.GUARDED)


def inference_tensors_alive() -> bool:
    """Whether a tensor of a past block of inference mode still exists."""
    alive = _alive.get()
    if not any(ref() is not None for ref in alive):
        if alive:
            _alive.set(())
        return False
    return True


def is_inference(t: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    return isinstance(t.version, InferenceVersion)


# --- what bind does with both ---------------------------------------------------------------------------


def look_at(results: Iterable[Any], mode: int) -> None:
    """Treat the results of a primitive, and the residuals of its node, as the mode asks.

    Args:
        results: The fresh outputs of one primitive.
        mode: The mode in which it was called.

    Raises:
        GraphError: A residual is a tensor made in inference mode.
    """
    node = None
    for t in results:
        if t.edge is not None:
            node = t.edge.node
        elif mode & modes.INFERENCE and t.version is None:
            mark_inference(t)
    if node is None or not isinstance(node.owners, tuple):
        return
    if mode & modes.GUARDED:
        if not inference_tensors_alive():
            modes.set_mode(modes.current() & ~modes.GUARDED)
        elif any(isinstance(owner.version, InferenceVersion) for owner in node.owners):
            raise saved_inference()
    if mode & modes.PACKING:
        pack_residuals(node)


def pack_residuals(node: Any) -> None:
    """Put the residuals of a fresh node through the innermost hooks."""
    hooks = active_hooks()
    if hooks is None:
        return
    count = len(node.inputs)
    holders = []
    for owner, source in zip(node.owners, node.plan.sources, strict=True):
        edge = None
        if isinstance(
            owner, Packed
        ):  # by the call below an open transformation that made this node
            holders.append(owner)
            continue
        if isinstance(owner, SavedOutput):
            edge = node.edge_of(source - count)
        elif owner.value.shape == () and owner.edge is None:
            holders.append(owner)  # mostly a number of the program, as the 2 of `x * 2`
            continue
        holders.append(packed(owner, edge, hooks))
    node.owners = tuple(holders)
    if node.hooks is None:
        node.hooks = (
            Hooks()
        )  # so that the pass visits it the long way, where each residual is read once
