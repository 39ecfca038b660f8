"""Forward mode: a value that carries its tangent, per level, through the same rules."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from .aval import Aval
from .boxes import Box, Interpreter, open_trace
from .modes import BOXED, current, set_mode
from .primitive import AVAL, Primitive, Signature
from .tensor import Tensor
from .value import Value
from .vocabulary import vocabulary


class Dual(Box):
    """A primal with a tangent of the same shape and dtype."""

    __slots__ = ("primal", "tangent")

    def __init__(self, interpreter: ForwardMode, primal: Any, tangent: Any) -> None:
        self.interpreter = interpreter
        self.primal = primal
        self.tangent = tangent

    @property
    def shape(self) -> Any:
        """The primal's shape."""
        return self.primal.shape

    @property
    def dtype(self) -> Any:
        """The primal's NumPy dtype."""
        return dtype_of(self.primal)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"


def dtype_of(x: Any) -> Any:
    """The NumPy dtype of a value or tensor."""
    return x.value.dtype if isinstance(x, Tensor) else x.dtype


paused: ContextVar[bool] = ContextVar("dualtape_forward_paused", default=False)
"""Whether operations drop tangents, as a front end's switch asked."""


class ForwardMode(Interpreter):
    """Pushes tangents through primitives for one level."""

    __slots__ = ()

    name = "forward-mode level"

    def process(self, primitive: Primitive, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """See `Interpreter.process`."""
        primals = []
        tangents = []
        plain = True
        for v in values:
            if v.__class__ is Dual and v.interpreter is self:
                p, t = v.primal, v.tangent
                plain = plain and not isinstance(t, Value) and not isinstance(p, Value)
                primals.append(p)
                tangents.append(t)
            else:
                plain = plain and not isinstance(v, Value)
                primals.append(v)
                tangents.append(None)
        if plain and primitive.push is None and open_trace.get() is None:
            # Nobody else has a say: below this level there are arrays, on which a primitive is the NumPy call.
            mode = current()
            set_mode(mode & ~BOXED)
            try:
                return self.push(primitive, primitive.eval, primals, tangents, params)
            finally:
                set_mode(mode)
        return self.push(primitive, primitive, primals, tangents, params)

    def push(
        self,
        primitive: Primitive,
        compute: Any,
        primals: list[Any],
        tangents: list[Any],
        params: dict[str, Any],
    ) -> Any:
        """The primitive's result on primals (which `compute` gives), with the tangents pushed through."""
        if primitive.push is not None:
            outs, dots = primitive.push(primals, tangents)
            return tuple(
                o if d is None else Dual(self, o, fitted(d, o))
                for o, d in zip(outs, dots, strict=True)
            )
        out = compute(*primals, **params)
        if primitive.kind == "constant" or paused.get():
            return out
        dots = pushforward(primitive, primals, tangents, out, params)
        if primitive.outputs == 1:
            return out if dots[0] is None else Dual(self, out, dots[0])
        return tuple(o if d is None else Dual(self, o, d) for o, d in zip(out, dots, strict=True))


def pushforward(
    primitive: Primitive, primals: list[Any], tangents: list[Any], out: Any, params: dict[str, Any]
) -> list[Any]:
    """Return the tangent of each output, None for zero.

    Args:
        primitive: The operation.
        primals: Its operands.
        tangents: Their tangents, None for zero.
        out: Its result at `primals`.
        params: Its static parameters.
    """
    outs = out if primitive.outputs != 1 else (out,)
    if primitive.kind == "linear":
        if tangents[0] is None and not primitive.variadic:
            return [None] * len(outs)
        operands = [
            p if i and not primitive.variadic else zeros_like(p) if t is None else t
            for i, (p, t) in enumerate(zip(primals, tangents, strict=True))
        ]
        dots = primitive(*operands, **params)  # type: ignore[operator]
        dots = list(dots) if primitive.outputs != 1 else [dots]
        return [fitted(d, o) for d, o in zip(dots, outs, strict=True)]
    if primitive.pointwise and primitive.outputs == 1:
        return [pushed_pointwise(primitive, primals, tangents, out, params)]
    total: list[Any] = [None] * len(outs)
    for i, dot in enumerate(tangents):
        if dot is None:
            continue
        if primitive.kind == "multilinear":
            if primitive.vjp_of(i) is None:
                continue
            part = primitive(*primals[:i], dot, *primals[i + 1 :], **params)  # type: ignore[operator]
        else:
            rule = primitive.jvp_of(i)
            if rule is None:
                continue
            part = apply(rule, dot, primals, outs, i, params)
        parts = part if len(primitive.differentiable) > 1 or isinstance(part, tuple) else (part,)
        for number, p in zip(primitive.differentiable, parts, strict=True):
            p = fitted(p, outs[number])
            total[number] = p if total[number] is None else vocabulary.add(total[number], p)
    return total


def pushed_pointwise(
    primitive: Primitive, primals: list[Any], tangents: list[Any], out: Any, params: dict[str, Any]
) -> Any:
    """`pushforward` of an elementwise operation, which nearly all operations are."""
    total = None
    for i, dot in enumerate(tangents):
        if dot is None:
            continue
        rule: Any = primitive.jvps[i]
        if rule.__class__ is not Signature:
            rule = primitive.jvp_of(i)
            if rule is None:
                continue
        needs = rule.needs
        if params:
            part = apply(rule, dot, primals, (out,), i, params)
        elif not needs:
            part = rule.rule(dot)
        elif len(needs) == 1 and needs[0] >= 0:
            part = rule.rule(dot, primals[needs[0]] if needs[0] < len(primals) else out)
        else:
            part = apply(rule, dot, primals, (out,), i, params)
        if part.shape != out.shape or part.dtype is not out.dtype:
            part = fitted(part, out)
        total = part if total is None else vocabulary.add(total, part)
    return total


def apply(
    rule: Signature, dot: Any, primals: list[Any], outs: Any, i: int, params: dict[str, Any]
) -> Any:
    """Call a jvp rule with the residuals it names."""
    everything = (*primals, *outs)
    args = [
        Aval(tuple(primals[i].shape), dtype_of(primals[i]))
        if n == AVAL
        else i
        if n < 0
        else everything[n]
        for n in rule.needs
    ]
    chosen = params if rule.params is None else {k: params[k] for k in rule.params if k in params}
    return rule.rule(dot, *args, **chosen)


def zeros_like(x: Any) -> Any:
    """Zeros with the shape and dtype of a value."""
    return vocabulary.zeros_like(x) if isinstance(x, Value) else np.zeros_like(x)


def fitted(dot: Any, out: Any) -> Any:
    """A tangent broadcast to the shape, and cast to the dtype, of the output it belongs to."""
    shape, dtype = tuple(out.shape), dtype_of(out)
    if not isinstance(dot, Value):
        if not isinstance(dot, (np.ndarray, np.generic)):
            dot = np.asarray(dot, dtype)
        if dot.shape != shape:
            dot = np.broadcast_to(dot, shape)
        if dot.dtype != dtype:
            dot = (dot.real if dot.dtype.kind == "c" and dtype.kind != "c" else dot).astype(dtype)
        return dot
    if tuple(dot.shape) != shape:
        dot = vocabulary.broadcast_to(dot, shape)
    if dtype_of(dot) != dtype:
        dot = vocabulary.cast(dot, dtype)
    return dot
