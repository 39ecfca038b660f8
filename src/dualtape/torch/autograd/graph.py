"""PyTorch's `torch.autograd.graph`: the recorded graph, and hooks on what it saves and on its gradients."""

from __future__ import annotations

import abc
import contextlib
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...core import sweep
from ...core.errors import GraphError
from ...core.graph import AccumulateGrad, Output
from ...core.graph import Node as CoreNode
from ...core.saved import packing, packing_forbidden
from ...core.tensor import Tensor as CoreTensor
from ...core.versions import InferenceVersion
from .._tensor import Tensor
from .hooks import RemovableHandle


class Node(abc.ABC):
    """What `grad_fn` is: an operation of the recorded graph, or a leaf's `AccumulateGrad`."""

    @abc.abstractmethod
    def name(self) -> str:
        """The name, such as `MulBackward0`."""

    @property
    @abc.abstractmethod
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the operation's inputs, with the number of the output that each input is."""

    @property
    @abc.abstractmethod
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the program's notes."""

    @abc.abstractmethod
    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after the node has run."""

    @abc.abstractmethod
    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before the node runs; its result replaces them."""


Node.register(CoreNode)
Node.register(AccumulateGrad)


# --- edges ------------------------------------------------------------------------------------------


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient can be asked for, or given, instead of a tensor.

    Attributes:
        node: The operation, or the leaf's `AccumulateGrad`.
        output_nr: Which of the node's outputs.
        ownership_token: Kept for PyTorch's programs; always None, as nodes are held by those who use them.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The edge of a tensor: its gradient can be asked for when the tensor itself is gone.

    Raises:
        RuntimeError: The tensor does not require gradients.
    """
    edge = tensor.current_edge()
    if edge is None:
        raise GraphError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    return GradientEdge(edge.node, edge.output_number)


def engine_edge(edge: GradientEdge) -> Any:
    """The engine's edge for PyTorch's."""
    node = edge.node
    if isinstance(node, AccumulateGrad) or node.output_avals is None:
        return node
    shape, dtype = node.output_avals[edge.output_nr]
    return Output(node, edge.output_nr, shape, dtype)


def increment_version(tensor: Any) -> None:
    """Count a write to a tensor, or to each of several, that autograd could not see.

    Raises:
        RuntimeError: Neither a tensor nor an iterable of tensors.
    """
    tensors = (tensor,) if isinstance(tensor, CoreTensor) else tensor
    if not isinstance(tensors, Iterable):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    for t in tensors:
        if not isinstance(t, CoreTensor):
            raise RuntimeError("increment_version expects each element of the list to be a tensor")
        if not isinstance(t.version, InferenceVersion):
            t.shared_version().bump()


# --- hooks on what is saved -----------------------------------------------------------------------------


class saved_tensors_hooks:
    """In the block, the graph keeps `pack_hook(tensor)` instead of each tensor that it saves.

    Args:
        pack_hook: Called once per saved tensor while recording, without recording; must not write to it.
        unpack_hook: Gets that back, in each backward pass that needs it, and returns a tensor of the same
            shape, dtype and values.

    The innermost hooks apply. What goes through hooks is not watched for in-place writes.

    Raises:
        RuntimeError: On entering, inside `disable_saved_tensors_hooks`.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._open: list[contextlib.AbstractContextManager[None]] = []

    def __enter__(self) -> None:
        block = packing(Tensor, self.pack_hook, self.unpack_hook)
        block.__enter__()
        self._open.append(block)

    def __exit__(self, *args: object) -> None:
        self._open.pop().__exit__(None, None, None)


class save_on_cpu(saved_tensors_hooks):
    """Keep what the graph saves in main memory, where all tensors of dualtape are.

    Args:
        pin_memory: Keeps a copy rather than the tensor itself, as PyTorch does.
        device_type: Of the memory to pin for; not used.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> Any:
            return tensor.clone() if pin_memory else tensor

        super().__init__(pack, lambda kept: kept)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Make hooks on saved tensors an error in the block; also a decorator.

    Raises:
        RuntimeError: With that message: hooks are active, or are asked for inside.
    """
    with packing_forbidden(error_message):
        yield


class _MutationContext:
    """What `allow_mutation_on_saved_tensors` gives."""

    def clear(self) -> None:
        """Forget what was kept: nothing, here, as the graph itself holds the copies."""


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_MutationContext]:
    """Let the program write in place to what the graph saved: it saves copies in the block."""
    with packing(Tensor, lambda t: t.clone(), lambda kept: kept):
        yield _MutationContext()


# --- a hook on several gradients --------------------------------------------------------------------------


class _MultiHandle(RemovableHandle):
    """Takes all hooks of a `register_multi_grad_hook` away."""

    __slots__ = ("handles",)

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Take the hooks away; a second time does nothing."""
        for handle in self.handles:
            handle.remove()


class _Gathering:
    """The gradients of several tensors that have arrived in the pass going on."""

    def __init__(self, tensors: Sequence[Any], fn: Callable[[Any], None]) -> None:
        self.places = [t.current_edge().node for t in tensors]
        self.fn = fn
        self.work: Callable[[], Any] = lambda: None
        self.grads: list[Any] = []
        self.left = 0

    def arrived(self, number: int, grad: Any) -> None:
        """Note one gradient, and call the hook when it was the last that this pass computes."""
        work = sweep.running.get()
        if work is None or self.work() is not work:
            ahead = {self.places[number]} if work is None else work.ahead()
            self.work = (lambda: None) if work is None else weakref.ref(work)
            self.grads = [None] * len(self.places)
            self.left = sum(node in ahead for node in self.places)
        self.grads[number] = grad
        self.left -= 1
        if self.left == 0:
            grads, self.grads = self.grads, []
            self.fn(grads)


class _First:
    """Whether a gradient is the first to arrive in a pass."""

    def __init__(self, fn: Callable[[Any], None]) -> None:
        self.fn = fn
        self.work: Callable[[], Any] = lambda: None

    def arrived(self, grad: Any) -> None:
        """Call the hook on the first gradient of a pass."""
        work = sweep.running.get()
        if work is None or self.work() is not work:
            self.work = (lambda: None) if work is None else weakref.ref(work)
            self.fn(grad)


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call a function when the gradients of several tensors have been computed.

    Args:
        tensors: Tensors that require gradients.
        fn: Called once per backward pass: for "all", with a list of a gradient per tensor when the last
            that this pass computes is there, None for those it does not come to; for "any", with the first.
        mode: "all" or "any".

    Returns:
        A handle whose `remove()` takes the hook away.

    Raises:
        ValueError: Another mode.
        AssertionError: For "all", a tensor does not require gradients.

    A tensor that the pass comes to without a gradient (a custom function returned None) keeps an "all" hook
    from being called, for want of an event to call it at.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        first = _First(fn)
        return _MultiHandle(
            [t.register_hook(first.arrived) for t in tensors if t.current_edge() is not None]
        )
    for t in tensors:
        if t.current_edge() is None:
            raise AssertionError("Expected gradient function to be set")
    gathering = _Gathering(tensors, fn)

    def hook(number: int) -> Callable[[Any], None]:
        return lambda grad: gathering.arrived(number, grad)

    return _MultiHandle([t.register_hook(hook(i)) for i, t in enumerate(tensors)])


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Accepted: there are no streams on the CPU."""


__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
    "set_warn_on_accumulate_grad_stream_mismatch",
]
