"""Hooks on tensors and nodes, and gradients kept for tensors that are not leaves."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ...core.graph import AccumulateGrad, Node
from ...core.sweep import as_tensor
from .._tensor import Tensor
from ..registry import method

_number = itertools.count()


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away; usable in a `with`."""

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: dict[int, Any], id: int) -> None:
        self._hooks = hooks
        self.id = id

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _added(hooks: dict[int, Any], hook: Any) -> RemovableHandle:
    number = next(_number)
    hooks[number] = hook
    return RemovableHandle(hooks, number)


def _checked(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A tensor hook whose result is checked to be None or a tensor of the gradient's shape.

    Raises:
        TypeError, RuntimeError: It is not.
    """

    def run(grad: Tensor) -> Any:
        back = hook(grad)
        if back is None:
            return None
        if not isinstance(back, Tensor):
            raise TypeError(f"expected Variable, but hook returned '{type(back).__name__}'")
        if tuple(back.value.shape) != tuple(grad.value.shape):
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', 'hook')}' has changed the size of value"
            )
        return back

    return run


@method()
def register_hook(self: Tensor, hook: Callable[[Any], Any]) -> RemovableHandle:
    """Call `hook(grad)` whenever this tensor's gradient is computed; its result replaces the gradient.

    Raises:
        RuntimeError: The tensor does not require a gradient.
    """
    edge = self.current_edge()
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    entry = (Tensor, _checked(hook))
    if isinstance(edge, AccumulateGrad):
        if edge.hooks is None:
            edge.hooks = {}
        return _added(edge.hooks, entry)
    return _added(edge.node.all_hooks().before.setdefault(edge.output_number, {}), entry)


@method()
def register_post_accumulate_grad_hook(
    self: Tensor, hook: Callable[[Any], None]
) -> RemovableHandle:
    """Call `hook(tensor)` after this leaf's `.grad` was accumulated into.

    Raises:
        RuntimeError: Not a leaf that requires a gradient.
    """
    edge = self.current_edge()
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not isinstance(edge, AccumulateGrad):
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if edge.post_hooks is None:
        edge.post_hooks = {}
    return _added(edge.post_hooks, lambda leaf, grad: hook(leaf.variable))


@method()
def retain_grad(self: Tensor) -> None:
    """Keep `.grad` for this tensor though it is not a leaf.

    Raises:
        RuntimeError: The tensor does not require a gradient.
    """
    edge = self.current_edge()
    if edge is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if not isinstance(edge, AccumulateGrad):
        edge.node.all_hooks().retained[edge.output_number] = self.accumulator()


def _retains_grad(self: Tensor) -> bool:
    edge = self.current_edge()
    if edge is None or isinstance(edge, AccumulateGrad) or edge.node.hooks is None:
        return False
    return edge.node.hooks.retained.get(edge.output_number) is self.leaf is not None


Tensor.retains_grad = property(_retains_grad)  # type: ignore[attr-defined]


def register_node_hook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_inputs, grad_outputs)` after the node has run."""
    return _added(self.all_hooks().post, (Tensor, fn))


def register_node_prehook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_outputs)` before the node runs; its result replaces them."""
    return _added(self.all_hooks().pre, (Tensor, fn))


def register_leaf_hook(self: AccumulateGrad, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn((), (gradient,))` after a gradient was added to `.grad`."""
    if self.post_hooks is None:
        self.post_hooks = {}
    return _added(self.post_hooks, lambda leaf, grad: fn((), (as_tensor(grad, Tensor),)))


def register_leaf_prehook(self: AccumulateGrad, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn((gradient,))` before a gradient is added to `.grad`; its result replaces the gradient."""

    def hook(grad: Tensor) -> Any:
        back = fn((grad,))
        return back[0] if isinstance(back, tuple) else back

    hook.of_node = True  # type: ignore[attr-defined]
    if self.hooks is None:
        self.hooks = {}
    return _added(self.hooks, (Tensor, hook))


_leaf_metadata: weakref.WeakKeyDictionary[AccumulateGrad, dict[Any, Any]] = (
    weakref.WeakKeyDictionary()
)


def node_metadata(self: Node) -> dict[Any, Any]:
    """A dictionary for whatever the program wants to note on the node."""
    return self.all_hooks().metadata


def leaf_metadata(self: AccumulateGrad) -> dict[Any, Any]:
    """A dictionary for whatever the program wants to note on the leaf's node."""
    return _leaf_metadata.setdefault(self, {})


Node.register_hook = register_node_hook  # type: ignore[attr-defined]
Node.register_prehook = register_node_prehook  # type: ignore[attr-defined]
Node.metadata = property(node_metadata)  # type: ignore[attr-defined]
AccumulateGrad.register_hook = register_leaf_hook  # type: ignore[attr-defined]
AccumulateGrad.register_prehook = register_leaf_prehook  # type: ignore[attr-defined]
AccumulateGrad.metadata = property(leaf_metadata)  # type: ignore[attr-defined]
