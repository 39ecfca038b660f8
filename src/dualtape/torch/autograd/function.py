"""`autograd.Function`: an operation whose forward and backward the user writes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ...core import callsite, modes
from ...core.backward import as_tensor, user_code
from ...core.boxes import top_interpreter
from ...core.errors import GraphError, MissingRuleError
from ...core.forward import Dual, ForwardMode
from ...core.graph import Freed, Node, Output, Version, check_residuals
from ...core.inplace import rebase
from ...core.tensor import new, wrap
from .._tensor import Tensor


class FunctionCtx:
    """What a function's forward leaves for its backward.

    Attributes:
        needs_input_grad: A bool per argument of `apply`.
        saved_tensors: What `save_for_backward` got.
    """

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._for_forward: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._non_differentiable: tuple[Any, ...] = ()
        self._materialize = True
        self._node: CustomNode | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for the backward, guarded against in-place writes."""
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for `jvp`."""
        self._for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Declare arguments that forward changed in place."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Declare outputs that have no gradient."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing output gradients come as zeros (the default) or as None."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors saved, with their history.

        Raises:
            RuntimeError: The graph was freed, or a saved tensor was modified in place.
        """
        node = self._node
        if node is None:
            return self._for_forward or self._to_save
        check_residuals(node)
        return node.unpacked()


class _SavedOutput:
    """An output of a function kept by its node: without the edge, which would be a cycle."""

    __slots__ = ("output", "value", "version")

    def __init__(self, tensor: Tensor, outputs: list[Any]) -> None:
        self.output = next(i for i, o in enumerate(outputs) if o is tensor)
        self.value = tensor.value
        self.version = tensor.shared_version()


class _Nothing:
    """A saved None."""

    __slots__ = ()
    version = None
    value = None


_NOTHING = _Nothing()


class _Input:
    """A saved input: its tensor is the owner, so that later writes are seen."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    @property
    def version(self) -> Version | None:
        """The tensor's."""
        return self.tensor.version

    @property
    def value(self) -> Any:
        """The tensor's."""
        return self.tensor.value


class CustomNode(Node):
    """The node of a user's function."""

    __slots__ = ("ctx", "differentiable", "output_avals")

    ctx: FunctionCtx
    function: ClassVar[type[Function]]

    def unpacked(self) -> tuple[Any, ...]:
        """The saved tensors, joined to their history again."""
        out: list[Any] = []
        for owner in self.owners:
            if owner is _NOTHING:
                out.append(None)
            elif isinstance(owner, _Input):
                out.append(owner.tensor)
            else:
                edge: Any = self
                if self.output_avals is not None:
                    shape, dtype = self.output_avals[owner.output]
                    edge = Output(self, owner.output, shape, dtype)
                t = wrap(Tensor, owner.value, edge)
                t.version = owner.version
                out.append(t)
        return tuple(out)

    def pullback(self, ct: Any, edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `Node.pullback`."""
        if isinstance(self.owners, Freed):
            check_residuals(self)
        ctx = self.ctx
        cts = ct if isinstance(ct, tuple) else (ct,)
        given = [None if c is None else as_tensor(c, Tensor) for c in cts]
        ctx._node = self  # only for the call: a context that kept its node would be a cycle
        try:
            with user_code(graph):
                back = self.function.backward(ctx, *given)
        finally:
            ctx._node = None
        name = type(self).__name__
        back = list(back) if isinstance(back, (tuple, list)) else [back]
        if len(back) > len(edges) and all(g is None for g in back[len(edges) :]):
            back = back[: len(edges)]
        if len(back) != len(edges):
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {len(edges)}, got "
                f"{len(back)})"
            )
        for i, g in enumerate(back):
            if g is not None and not isinstance(g, Tensor):
                raise TypeError(
                    f"function {name} returned a gradient of type {type(g).__name__} at index {i}; expected a "
                    "Tensor or None"
                )
        if graph:
            return back
        return [None if g is None else g.value for g in back]

    def missing(self, number: int) -> Any:
        """The cotangent of an output that nothing arrived at: zeros, or None on request."""
        if not self.ctx._materialize:
            return None
        assert self.output_avals is not None
        shape, dtype = self.output_avals[number]
        return np.zeros(shape, dtype)


class _FunctionMeta(type):
    """Gives each function its node class, named as PyTorch names it."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._node_class = type(name + "Backward", (CustomNode,), {"__slots__": (), "function": cls})


class Function(metaclass=_FunctionMeta):
    """Base of operations with a hand-written derivative.

    Subclasses define static methods `forward(ctx, *args)` and `backward(ctx, *grads)`; or `forward(*args)`
    and `setup_context(ctx, inputs, output)`; and, for forward mode, `jvp(ctx, *tangents)`. Call `apply`.
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

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the function, recording its node if an argument needs a gradient."""
        if "vjp" in cls.__dict__ and "backward" not in cls.__dict__:
            cls.backward = cls.__dict__["vjp"]  # type: ignore[method-assign]
        level = _dual_level(args)
        if level is not None:
            return _pushed(cls, args, kwargs, level)
        return _run(cls, args, kwargs)[0]


def _run(
    cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, FunctionCtx]:
    """Run forward, build the node; return the outputs and the context."""
    ctx = FunctionCtx()
    edges = tuple([a.current_edge() if isinstance(a, Tensor) else None for a in args])
    recording = not modes.current() & modes.NO_GRAD and any(e is not None for e in edges)
    ctx.needs_input_grad = tuple([e is not None for e in edges])
    with modes.switched(on=modes.NO_GRAD):
        if cls.setup_context is Function.setup_context:
            result = cls.forward(ctx, *args, **kwargs)
        else:
            result = cls.forward(*args, **kwargs)
            cls.setup_context(ctx, args, result)
    several = isinstance(result, (tuple, list))
    outs = list(result) if several else [result]
    outs = [_fresh(o, args, ctx) for o in outs]
    if recording:
        _record(cls, ctx, edges, outs, args, several)
    return (type(result)(outs) if several else outs[0]), ctx


def _fresh(out: Any, args: tuple[Any, ...], ctx: FunctionCtx) -> Any:
    """An output that may get an edge of its own: an argument returned as it is becomes an alias."""
    if not isinstance(out, Tensor) or any(out is d for d in ctx._dirty):
        return out
    if any(out is a for a in args):
        alias = wrap(Tensor, out.buffer())
        alias.version = out.shared_version()
        return alias
    return out


def _record(
    cls: type[Function],
    ctx: FunctionCtx,
    edges: tuple[Any, ...],
    outs: list[Any],
    args: tuple[Any, ...],
    several: bool,
) -> None:
    tensors = [
        i for i, o in enumerate(outs)
        if isinstance(o, Tensor) and o.value.dtype.kind in "fcV" and not any(o is n for n in ctx._non_differentiable)
    ]  # fmt: skip
    if not tensors:
        return
    node = new(cls._node_class)
    node.inputs = edges
    node.params = node.plan = node.hooks = None
    node.ctx = ctx
    node.level = max(e.level for e in edges if e is not None)
    node.site = callsite.caller(3)
    first = outs[tensors[0]]
    node.shape, node.dtype = tuple(first.value.shape), first.value.dtype
    node.differentiable = tuple(range(len(outs)))
    node.output_avals = None
    if several:
        node.output_avals = tuple(
            (tuple(o.value.shape), o.value.dtype) if isinstance(o, Tensor) else ((), node.dtype)
            for o in outs
        )
    node.owners = tuple(
        _NOTHING if t is None else _SavedOutput(t, outs) if any(t is o for o in outs) else _Input(t)
        for t in ctx._to_save
    )
    for t in ctx._dirty:
        t.shared_version().bump(5)
    node.order = modes.next_order()
    ctx._to_save = ()  # an output among them would tie a knot: output, node, context, output
    for i in tensors:
        out = outs[i]
        edge = Output(node, i, tuple(out.value.shape), out.value.dtype) if several else node
        if out.view_of is not None:  # a dirty view: its base takes part in the history
            rebase(out, edge)
        else:
            out.edge = edge


def _dual_level(args: tuple[Any, ...]) -> ForwardMode | None:
    """The innermost open forward-mode level among the arguments."""
    top = (
        top_interpreter(tuple(a.value for a in args if isinstance(a, Tensor)))
        if modes.depth()
        else None
    )
    return top if isinstance(top, ForwardMode) else None


def _pushed(
    cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any], level: ForwardMode
) -> Any:
    """`apply` on dual numbers: forward on the primals, `jvp` on the tangents."""
    primals: list[Any] = []
    tangents: list[Any] = []
    for a in args:
        dual = a.value if isinstance(a, Tensor) and isinstance(a.value, Dual) else None
        if dual is None or dual.interpreter is not level:
            primals.append(a)
            tangents.append(None)
        else:
            primals.append(as_tensor(dual.primal, Tensor))
            tangents.append(as_tensor(dual.tangent, Tensor))
    if cls.jvp is Function.jvp:
        raise MissingRuleError(
            f"Trying to compute forward-mode AD through {cls.__name__}, which does not implement jvp. "
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )
    out, ctx = _run(cls, tuple(primals), kwargs)
    dots = cls.jvp(ctx, *tangents)
    several = isinstance(out, (tuple, list))
    outs = list(out) if several else [out]
    parts = list(dots) if isinstance(dots, (tuple, list)) else [dots]
    paired = [
        o if d is None else wrap(Tensor, Dual(level, inside(o), inside(d)))
        for o, d in zip(outs, parts, strict=True)
    ]
    return type(out)(paired) if several else paired[0]


def inside(t: Tensor) -> Any:
    """What goes into a box for a tensor: itself if it has history, else its value."""
    return t if t.current_edge() is not None else t.value


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
    node = new(DelayedError)
    node.inputs = ()
    node.owners = ()
    node.params = node.plan = node.hooks = None
    node.order = modes.next_order()
    node.level = 0
    node.site = callsite.caller(3)
    node.shape, node.dtype = tuple(g.value.shape), g.value.dtype
    return wrap(Tensor, g.value, node)
