"""Forward mode: a value that carries its tangent, per level, through the same rules."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from .aval import Aval
from .boxes import Box, Interpreter, open_trace
from .primitive import AVAL, NO_RESIDUAL, Primitive, Signature
from .tensor import Tensor, new
from .value import Value
from .vocabulary import vocabulary


class Dual(Box):
    """A primal with a tangent of the same shape and dtype (NumPy's, `dtype`)."""

    __slots__ = ("dtype", "primal", "tangent")

    def __init__(self, interpreter: ForwardMode, primal: Any, tangent: Any) -> None:
        self.interpreter = interpreter
        self.primal = primal
        self.tangent = tangent
        self.dtype = dtype_of(primal)  # asked for more often than a property can be called for free

    @property
    def shape(self) -> Any:
        """The primal's shape."""
        return self.primal.shape

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r})"


def dtype_of(x: Any) -> Any:
    """The NumPy dtype of a value or tensor."""
    return x.value.dtype if isinstance(x, Tensor) else x.dtype


ndarray = np.ndarray

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
                if t.__class__ is not ndarray and isinstance(t, Value):
                    plain = False
            else:
                p, t = v, None
            if p.__class__ is not ndarray and isinstance(p, Value):
                plain = False
            primals.append(p)
            tangents.append(t)
        if plain and primitive.push is None and open_trace.get() is None:
            # Nobody else has a say: below this level there are arrays, on which a primitive is the NumPy call.
            return self.push(primitive, primitive.eval, primals, tangents, params)
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
        if primitive.outputs != 1:
            dots = pushforward(primitive, primals, tangents, out, params)
            return tuple(
                o if d is None else Dual(self, o, d) for o, d in zip(out, dots, strict=True)
            )
        if primitive.pointwise:
            dot = pushed_pointwise(primitive, primals, tangents, out, params)
        elif primitive.kind == "linear" and len(tangents) == 1:
            dot = tangents[0]
            if dot is not None:
                dot = compute(dot, **params)
                if dot.shape != out.shape or dot.dtype is not out.dtype:
                    dot = fitted(dot, out)
        else:
            dot = pushforward(primitive, primals, tangents, out, params)[0]
        if dot is None:
            return out
        box: Dual = new(Dual)  # `Dual(self, out, dot)`, in half the time
        box.interpreter = self
        box.primal = out
        box.tangent = dot
        box.dtype = out.dtype if out.__class__ is ndarray else dtype_of(out)
        return box


def pushed_straight(
    primitive: Primitive, tensors: tuple[Tensor, ...], params: dict[str, Any], cls: type[Tensor]
) -> Tensor | None:
    """An elementwise primitive where forward mode over arrays is all there is, which it nearly always is.

    What `bind_boxed` and `ForwardMode.process` do, without asking who else has a say: half of what a step costs.

    Returns:
        The result, of class `cls`; None if there is more to it.
    """
    level: Any = None
    primals: list[Any] = []
    tangents: list[Any] = []
    for x in tensors:
        if x.edge is not None or x.view_of is not None:
            return None
        v = x.value
        t = None
        if v.__class__ is Dual:
            if level is None:
                level = v.interpreter
            elif v.interpreter is not level:
                return None
            t = v.tangent
            v = v.primal
            if t.__class__ is not ndarray and isinstance(t, Value):
                return None
        if v.__class__ is not ndarray and isinstance(v, Value):
            return None
        primals.append(v)
        tangents.append(t)
    if level is None or not level.open or level.kept is not None or paused.get():
        return None
    out = primitive.eval(*primals, **params)
    dot = pushed_pointwise(primitive, primals, tangents, out, params)
    result: Tensor = new(cls)
    result.edge = result.version = result.view_of = result.leaf = None
    if dot is None:
        result.value = out
        return result
    result.value = box = new(Dual)  # `Dual(level, out, dot)`, in half the time
    box.interpreter = level
    box.primal = out
    box.tangent = dot
    box.dtype = out.dtype
    return result


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
        only = rule.only
        if params or only is None:
            part = apply(rule, dot, primals, (out,), i, params)
        elif only == NO_RESIDUAL:
            part = rule.rule(dot)
        else:
            part = rule.rule(dot, primals[only] if only < len(primals) else out)
        if part.shape != out.shape or part.dtype is not out.dtype:
            part = fitted(part, out)
        total = part if total is None else total + part
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
