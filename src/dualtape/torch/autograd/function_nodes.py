"""The nodes that `autograd.Function` records, and the context that its forward fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...core import callsite, modes, tracing
from ...core.custom import UserNode
from ...core.errors import InplaceError
from ...core.graph import new_node
from ...core.inplace import rebase
from ...core.residuals import Freed, check_residuals, saved_inference
from ...core.saved import PackHooks, active_hooks, is_inference, packed
from ...core.sweep import as_tensor, user_code
from ...core.tensor import Tensor as CoreTensor
from ...core.tensor import boxed, is_outer, wrap
from ...core.versions import Version
from .._tensor import Tensor

if TYPE_CHECKING:
    from .function import Function


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
        self._beneath = False

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
        saved = node.unpacked()
        if self._beneath:
            saved = tuple([_without(t, node.level) for t in saved])
        return saved


def _without(t: Any, level: int) -> Any:
    """A saved tensor without the history of `level`; of outer levels it is kept."""
    if t is None or t.edge is None or is_outer(t, level):
        return t
    return wrap(type(t).result_class, t.value)


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


class _PackedTensor:
    """A saved tensor in the hands of the user's hooks, and the place in the history that it has."""

    __slots__ = ("edge", "holder", "output")
    version = None

    def __init__(self, holder: Any, edge: Any, output: int | None) -> None:
        self.holder = holder
        self.edge = edge
        self.output = output
        """The number of the function's output that it is, whose edge would be a cycle; None for an input."""

    @property
    def value(self) -> Any:
        """What the unpack hook gives."""
        return self.holder.value


class CustomNode(UserNode):
    """The node of a user's function."""

    __slots__ = ("ctx",)

    ctx: FunctionCtx
    function: ClassVar[type[Function]]

    def __getattr__(self, name: str) -> Any:
        # In PyTorch the node is the context: what `forward` put there is found on `grad_fn`.
        if name == "ctx":  # not yet there
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def unpacked(self) -> tuple[Any, ...]:
        """The saved tensors, joined to their history again."""
        out: list[Any] = []
        for owner in self.owners:
            if owner is _NOTHING:
                out.append(None)
            elif isinstance(owner, _Input):
                out.append(owner.tensor)
            else:
                edge = owner.edge if owner.output is None else self.edge_of(owner.output)
                t = wrap(Tensor, owner.value, edge)
                t.version = owner.version
                out.append(t)
        return tuple(out)

    def pack(self, hooks: PackHooks) -> None:
        """Put the saved tensors through the user's hooks."""
        owners: list[Any] = []
        for owner in self.owners:
            if owner is _NOTHING:
                owners.append(owner)
            elif isinstance(owner, _Input):
                edge = owner.tensor.current_edge()
                owners.append(_PackedTensor(packed(owner.tensor, None, hooks), edge, None))
            else:
                edge = self.edge_of(owner.output)
                owners.append(_PackedTensor(packed(owner, edge, hooks), None, owner.output))
        self.owners = tuple(owners)

    def asked(self, cts: tuple[Any, ...], edges: tuple[Any, ...], graph: bool) -> list[Any]:
        """See `UserNode.asked`."""
        if isinstance(self.owners, Freed):
            check_residuals(self)
        ctx = self.ctx
        given = [None if c is None else as_tensor(c, Tensor) for c in cts]
        ctx._node = self  # only for the call: a context that kept its node would be a cycle
        # Inside a transformation an outer recording may have to go on where this pass is not recorded: what is
        # this node's level is taken off, and the mode left as it is.
        ctx._beneath = not graph and bool(modes.current() & modes.BOXED)
        try:
            if ctx._beneath:
                back = self.function.backward(ctx, *given)
            else:
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
                raise RuntimeError(
                    f"expected Variable or None (got {type(g).__name__})\n  gradient {i} of {name}"
                )
        if graph:
            return back
        return [None if g is None else boxed(g) if ctx._beneath else g.value for g in back]

    def missing(self, number: int) -> Any:
        """The cotangent of an output that nothing arrived at: zeros, or None on request."""
        if not self.ctx._materialize:
            return None
        assert self.output_avals is not None
        shape, dtype = self.output_avals[number]
        return tracing.zeros(shape, dtype)


def run(
    cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, FunctionCtx]:
    """Run forward, build the node; return the outputs and the context."""
    ctx = FunctionCtx()
    edges = tuple([a.current_edge() if isinstance(a, Tensor) else None for a in args])
    recording = not modes.current() & modes.NO_GRAD and any(e is not None for e in edges)
    ctx.needs_input_grad = tuple([e is not None for e in edges])
    with modes.switched(on=modes.NO_GRAD):
        if cls._takes_context():
            result = cls.forward(ctx, *args, **kwargs)
        else:
            result = cls.forward(*args, **kwargs)
            cls.setup_context(ctx, args, result)
    several = isinstance(result, (tuple, list))
    outs = list(result) if several else [result]
    outs = [_fresh(o, args, ctx) for o in outs]
    if recording:
        record(cls, ctx, edges, outs, args, several)
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


def record(
    cls: type[Function],
    ctx: FunctionCtx,
    edges: tuple[Any, ...],
    outs: list[Any],
    args: tuple[Any, ...],
    several: bool,
) -> None:
    """Give the outputs of a function their node.

    Args:
        cls: The function.
        ctx: What its forward left.
        edges: Of the arguments, None where no gradient is needed.
        outs: The outputs.
        args: The arguments.
        several: Whether the function returned a tuple.

    Raises:
        GraphError: A saved tensor was made in inference mode.
        TypeError: `save_for_backward` got something that is no tensor.
        InplaceError: `forward` wrote into a leaf that requires a gradient.
    """
    if any(t.is_leaf and t.requires_grad for t in ctx._dirty if isinstance(t, Tensor)):
        raise InplaceError(
            "a leaf Variable that requires grad has been used in an in-place operation."
        )
    tensors = [
        i for i, o in enumerate(outs)
        if isinstance(o, Tensor) and o.value.dtype.kind in "fcV" and not any(o is n for n in ctx._non_differentiable)
    ]  # fmt: skip
    if not tensors:
        return
    first = outs[tensors[0]].value
    node = new_node(cls._node_class, edges, tuple(first.shape), first.dtype, callsite.caller(3))
    avals = None
    if several:
        avals = tuple(
            (tuple(o.value.shape), o.value.dtype) if isinstance(o, Tensor) else ((), node.dtype)
            for o in outs
        )
    node.begin(avals, len(outs))
    node.ctx = ctx
    node.owners = tuple(
        _NOTHING if t is None else _SavedOutput(t, outs) if any(t is o for o in outs) else _Input(t)
        for t in ctx._to_save
    )
    for i, t in enumerate(ctx._to_save):
        if t is not None and not isinstance(t, CoreTensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {i} is of type "
                f"{type(t).__module__}.{type(t).__name__}"
            )
    if any(isinstance(t, Tensor) and is_inference(t) for t in ctx._to_save):
        raise saved_inference()
    for t in ctx._dirty:
        t.shared_version().bump(5)
    node.order = modes.next_order()
    hooks = active_hooks()
    if hooks is not None:
        node.pack(hooks)
    ctx._to_save = ()  # an output among them would tie a knot: output, node, context, output
    for i in tensors:
        out = outs[i]
        edge = node.edge_of(i)
        if out.view_of is None:
            out.edge = edge
        elif any(out is d for d in ctx._dirty):  # its base takes part in the history
            rebase(out, edge)
        else:  # what the function says of it holds, not what the view's base has been through
            out.view_of, out.edge = None, edge
