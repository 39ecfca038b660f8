"""`autograd.Function` inside transformations: one level at a time, outermost last.

What a function computes is seen by every transformation around it. The innermost one takes what is its own out of
the arguments (a batch, tangents, a recording), calls the function again for what is left, and puts its own
rule on top: the function's `vmap`, `jvp` or `backward`. So `forward` runs once, at the bottom, and
`setup_context` runs for each level that has a derivative to keep something for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core import modes, tracing
from ...core.batching import Batched, Batching
from ...core.boxes import top_interpreter
from ...core.errors import MissingRuleError
from ...core.forward import Dual, ForwardMode
from ...core.tensor import boxed, is_outer, wrap
from ...transforms import tree
from ...transforms.batch import batch_level, batched, unbatched
from ...transforms.surface import inner, outward
from .._tensor import Tensor
from .function_nodes import FunctionCtx, record, run

_DOCS = "Please override and implement the vmap staticmethod or set generate_vmap_rule=True."


class VmapInfo(NamedTuple):
    """What a `vmap` staticmethod is told of the batch."""

    batch_size: int
    randomness: str


def apply(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Function.apply` while a transformation is open."""
    top = top_interpreter(tuple([a.value for a in args if isinstance(a, Tensor)]))
    edges = [a.current_edge() if isinstance(a, Tensor) else None for a in args]
    level: float = max(
        [0 if top is None else top.level, *[e.level for e in edges if e is not None]]
    )
    own = [e is not None and not is_outer(a, level) for a, e in zip(args, edges, strict=True)]
    if True in own:
        return _recorded(cls, args, kwargs, edges, own)
    if isinstance(top, ForwardMode):
        return _pushed(cls, args, kwargs, top)
    if isinstance(top, Batching):
        return _mapped(cls, args, kwargs, top)
    return run(cls, args, kwargs)[0]


def _context(
    cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, needs: tuple[bool, ...]
) -> FunctionCtx:
    """What the function keeps of a level's arguments and results."""
    ctx = FunctionCtx()
    ctx.needs_input_grad = needs
    with modes.switched(on=modes.NO_GRAD):
        if (
            cls._takes_context()
        ):  # an older function keeps things while it computes: so it does again
            cls.forward(ctx, *args, **kwargs)
        else:
            cls.setup_context(ctx, args, out)
    return ctx


def _recorded(
    cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], edges: list[Any], own: list[bool]
) -> Any:
    """Above everything else in the arguments there is a recording."""
    beneath = tuple([wrap(Tensor, a.value) if o else a for a, o in zip(args, own, strict=True)])
    if modes.current() & modes.NO_GRAD:
        return cls.apply(*beneath, **kwargs)
    result = cls.apply(*beneath, **kwargs)
    several = isinstance(result, (tuple, list))
    outs = [
        wrap(Tensor, boxed(o)) if isinstance(o, Tensor) else o
        for o in (result if several else (result,))
    ]
    whole = type(result)(outs) if several else outs[0]
    ctx = _context(cls, args, kwargs, whole, tuple(own))
    if ctx._dirty:
        raise NotImplementedError(
            f"{cls.__name__} changes an argument in place (mark_dirty), which is not supported inside "
            "transformations: compute out of place"
        )
    if cls._takes_context():  # its outputs are those of another run, so they cannot be told apart
        ctx._non_differentiable = ()
    kept = tuple([e if o else None for e, o in zip(edges, own, strict=True)])
    record(cls, ctx, kept, outs, args, several)
    return whole


def _pushed(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: ForwardMode) -> Any:
    """The innermost transformation pushes tangents: forward on the primals, `jvp` on the tangents."""
    if cls._not_given("jvp"):
        raise MissingRuleError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD.\n"
            f"  {cls.__name__} has none."
        )
    primals: list[Any] = []
    tangents: list[Any] = []
    for a in args:
        value = a.value if isinstance(a, Tensor) else None
        if isinstance(value, Dual) and value.interpreter is level:
            primals.append(outward(value.primal, Tensor))
            tangents.append(outward(value.tangent, Tensor))
        else:
            primals.append(a)
            tangents.append(None)
    out = cls.apply(*primals, **kwargs)
    ctx = _context(cls, tuple(primals), kwargs, out, tuple([t is not None for t in tangents]))
    if ctx._materialize:
        tangents = [_zeros(p) if t is None else t for p, t in zip(primals, tangents, strict=True)]
    dots = cls.jvp(ctx, *tangents)
    several = isinstance(out, (tuple, list))
    outs = list(out) if several else [out]
    parts = list(dots) if isinstance(dots, (tuple, list)) else [dots]
    if len(parts) != len(outs):
        raise RuntimeError(
            f"{cls.__name__}.jvp returned {len(parts)} tangents for {len(outs)} outputs"
        )
    paired = []
    for o, d in zip(outs, parts, strict=True):
        if d is None or not isinstance(o, Tensor) or o.value.dtype.kind not in "fcV":
            paired.append(o)
            continue
        if tuple(d.shape) != tuple(o.shape):
            raise RuntimeError(
                f"{cls.__name__}.jvp returned a tangent of shape {list(d.shape)} for an output of shape "
                f"{list(o.shape)}"
            )
        paired.append(wrap(Tensor, Dual(level, inner(o), inner(d))))
    return type(out)(paired) if several else paired[0]


def _zeros(p: Any) -> Any:
    if not isinstance(p, Tensor) or p.value.dtype.kind not in "fcV":
        return None
    return wrap(Tensor, tracing.zeros(tuple(p.shape), p.value.dtype))


def _mapped(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: Batching) -> Any:
    """The innermost transformation is a batch."""
    if cls._takes_context():
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            "override the setup_context staticmethod."
        )
    own_rule = not cls._not_given("vmap")
    if cls.generate_vmap_rule and own_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overridden vmap "
            "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            "ambiguity."
        )
    if not (cls.generate_vmap_rule or own_rule):
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. {_DOCS}"
        )
    axes: list[int | None] = []
    operands: list[Any] = []
    for a in args:
        value = a.value if isinstance(a, Tensor) else None
        own = isinstance(value, Batched) and value.interpreter is level
        axes.append(value.axis if own else None)  # type: ignore[union-attr]
        operands.append(outward(value.content, Tensor) if own else a)  # type: ignore[union-attr]
    if own_rule:
        info = VmapInfo(level.size, level.randomness)
        back = cls.vmap(info, tuple(axes), *operands, **kwargs)
        if not isinstance(back, tuple) or len(back) != 2:
            raise RuntimeError(
                "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure "
                f"compatible with the output. Got a {type(back)} instead"
            )
        leaves, structure = tree.flatten(back[0])
        places = tree.spread(structure, back[1], f"{cls.__name__}.vmap: out_dims")
    else:
        found = _generated(cls, tuple(axes), level.size, level.randomness).apply(
            *operands, **kwargs
        )
        leaves, structure = tree.flatten(found)
        places = [0 if isinstance(o, Tensor) else None for o in leaves]
    return structure.unflatten(
        [
            o if a is None else wrap(Tensor, Batched(level, inner(o), a % len(o.shape)))
            for o, a in zip(leaves, places, strict=True)
        ]
    )


class _Examples:
    """A function on whole batches, each of whose static methods is another's over the examples.

    Attributes:
        function: The other.
        axes: The batch axis of each argument, None for none.
        size, randomness: Of the batch.
    """

    function: Any
    axes: tuple[int | None, ...]
    size: int
    randomness: str

    @classmethod
    def level(cls) -> Any:
        """Open the batch."""
        return batch_level(cls.size, cls.randomness)

    @classmethod
    def forward(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the function's own."""
        with cls.level() as level:
            out = cls.function.forward(*cls._inputs(level, args), **kwargs)
            return tree.map(lambda o: unbatched(level, o, 0) if isinstance(o, Tensor) else o, out)

    @classmethod
    def _inputs(cls, level: Batching, values: tuple[Any, ...]) -> list[Any]:
        return [
            v if v is None or a is None else batched(level, v, a)
            for v, a in zip(values, cls.axes, strict=True)
        ]

    @classmethod
    def setup_context(cls, ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what the function keeps, as whole batches."""
        example = FunctionCtx()
        example.needs_input_grad = ctx.needs_input_grad
        with cls.level() as level:
            ins = cls._inputs(level, inputs)
            flat, structure = tree.flatten(output)
            outs = [batched(level, o, 0) if isinstance(o, Tensor) else o for o in flat]
            cls.function.setup_context(example, tuple(ins), structure.unflatten(outs))
            known = {id(i): (x, a) for i, x, a in zip(ins, inputs, cls.axes, strict=True)}
            known.update({id(e): (o, 0) for e, o in zip(outs, flat, strict=True)})

            def whole(t: Any) -> tuple[Any, int | None]:
                if t is None:
                    return None, None
                found = known.get(id(t))
                return (unbatched(level, t, 0), 0) if found is None else found

            back = [whole(t) for t in example._to_save]
            ahead = [whole(t) for t in example._for_forward]
            fixed = [whole(t)[0] for t in example._non_differentiable]
        ctx.save_for_backward(*[t for t, _ in back])
        ctx.save_for_forward(*[t for t, _ in ahead])
        ctx.mark_non_differentiable(*fixed)
        ctx.set_materialize_grads(example._materialize)
        example._to_save = example._for_forward = example._non_differentiable = ()
        ctx.example = example  # type: ignore[attr-defined]
        ctx.places = ([a for _, a in back], [a for _, a in ahead])  # type: ignore[attr-defined]

    @classmethod
    def _restored(cls, level: Batching, ctx: Any, forward: bool) -> FunctionCtx:
        """The function's own context, in the batch."""
        example: FunctionCtx = ctx.example
        saved = ctx.saved_tensors
        places = ctx.places[1] if forward and ctx.places[1] else ctx.places[0]
        example._to_save = tuple(
            [
                t if t is None or a is None else batched(level, t, a)
                for t, a in zip(saved, places, strict=True)
            ]
        )
        example.needs_input_grad = ctx.needs_input_grad
        return example

    @classmethod
    def backward(cls, ctx: Any, *cts: Any) -> Any:
        """The function's own for every example; what all examples share gets the sum."""
        with cls.level() as level:
            example = cls._restored(level, ctx, False)
            given = [None if ct is None else batched(level, ct, 0) for ct in cts]
            try:
                back = cls.function.backward(example, *given)
            finally:
                example._to_save = ()
            back = back if isinstance(back, (tuple, list)) else (back,)
            grads: list[Any] = []
            for i, g in enumerate(back):
                a = cls.axes[i] if i < len(cls.axes) else None
                if g is None:
                    grads.append(None)
                elif a is None:
                    grads.append(unbatched(level, g, 0).sum(0))  # type: ignore[attr-defined]
                else:
                    grads.append(unbatched(level, g, a))
        return tuple(grads)

    @classmethod
    def jvp(cls, ctx: Any, *tangents: Any) -> Any:
        """The function's own for every example."""
        with cls.level() as level:
            example = cls._restored(level, ctx, True)
            try:
                dots = cls.function.jvp(example, *cls._inputs(level, tangents))
            finally:
                example._to_save = ()
            return tree.map(lambda d: unbatched(level, d, 0), dots)


def _generated(cls: Any, axes: tuple[int | None, ...], size: int, randomness: str) -> Any:
    """The function over a batch, for `generate_vmap_rule`."""
    body = {
        "function": cls, "axes": axes, "size": size, "randomness": randomness, "generate_vmap_rule": True,
    }  # fmt: skip
    names = ["forward", "setup_context", "backward"] + ["jvp"] * (not cls._not_given("jvp"))
    methods = {n: _Examples.__dict__[n] for n in names}
    shared = {n: _Examples.__dict__[n] for n in ("level", "_inputs", "_restored")}
    return type(cls)(f"Vmapped{cls.__name__}", (cls.__mro__[-2],), {**shared, **body, **methods})
