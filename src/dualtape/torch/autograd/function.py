"""`autograd.Function`: an operation whose forward and backward the user writes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from ...core import callsite, modes
from ...core.errors import GraphError
from ...core.graph import Node, new_node
from ...core.tensor import wrap
from .._tensor import Tensor
from . import function_levels
from .function_nodes import CustomNode, run
from .function_nodes import FunctionCtx as FunctionCtx

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class _FunctionMeta(type):
    """Gives each function its node class, named as PyTorch names it."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._node_class = type(name + "Backward", (CustomNode,), {"__slots__": (), "function": cls})


class Function(metaclass=_FunctionMeta):
    """Base of operations with a hand-written derivative.

    Subclasses define static methods `forward(ctx, *args)` and `backward(ctx, *grads)`; or `forward(*args)`
    and `setup_context(ctx, inputs, output)`; for forward mode, `jvp(ctx, *tangents)`; for `vmap`, that method, or
    `generate_vmap_rule = True` to have it made of the others. Call `apply`.
    """

    _node_class: ClassVar[type[CustomNode]]
    generate_vmap_rule = False

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result, outside recording."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what the backward needs, when `forward` takes no `ctx`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return a gradient (or None) per argument of `forward`."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it "
            "with backward mode AD."
        )

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Return a tangent per output, given one (or None) per argument."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> Any:
        """Return the outputs for a batch, and where the batch is in each.

        Args:
            info: `batch_size` and `randomness`.
            in_dims: Which axis of each argument is the batch; None where it is the same for all.
            args: As of `forward`, with the batch.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def _not_given(cls, name: str) -> bool:
        """Whether a method is still this class's."""
        return getattr(cls, name) is getattr(Function, name)

    @classmethod
    def _takes_context(cls) -> bool:
        """Whether `forward` takes the context, there being no `setup_context`."""
        return cls.setup_context is Function.setup_context

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the function, recording its node if an argument needs a gradient."""
        if "vjp" in cls.__dict__ and "backward" not in cls.__dict__:
            cls.backward = cls.__dict__["vjp"]  # type: ignore[method-assign]
        if modes.current() & modes.BOXED:
            return function_levels.apply(cls, args, kwargs)
        return run(cls, args, kwargs)[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` whose result may not be differentiated again."""

    @functools.wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with modes.switched(on=modes.NO_GRAD):
            back = backward(ctx, *grads)
        wants = not modes.current() & modes.NO_GRAD and any(
            isinstance(g, Tensor) and g.requires_grad for g in grads
        )
        if not wants:
            return back
        several = isinstance(back, tuple)
        guarded = [_guarded(g) for g in (back if several else (back,))]
        return tuple(guarded) if several else guarded[0]

    return wrapper


class DelayedError(Node):
    """A node that must never run: the derivative of a once-differentiable backward."""

    __slots__ = ()

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """Raise."""
        raise GraphError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def _guarded(g: Any) -> Any:
    if not isinstance(g, Tensor):
        return g
    site = callsite.caller(3)
    node = new_node(DelayedError, (), tuple(g.value.shape), g.value.dtype, site)
    return wrap(Tensor, g.value, node)
