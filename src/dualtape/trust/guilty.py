"""Which operation is to blame when a derivative is wrong: the first that does not agree with the numbers.

A program is run at nearby points, in step. The values between two operations then tell how an operation's
operands moved and how its results did; its pullback must map any cotangent so that the inner products with both
movements are equal. That needs no way to run the operation by itself, so that functions with a gradient written by
the user are held to it as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core import callsite
from ..core.aval import is_inexact
from ..core.conform import conform
from ..core.errors import DualtapeError
from ..core.sweep import filled
from ..core.tensor import Tensor, wrap
from ..transforms.forward import jvp
from ..transforms.reverse import vjp
from .numeric import Array, differences, inner, moved, size
from .subject import Call, Recording, Subject, key_of

STEP = 1e-3

_KIND = re.compile(r"_(masked|by_reciprocal|by_root|by_sinh|all)$")


class Guilty(NamedTuple):
    """An operation that disagrees.

    Attributes:
        operation: Its name.
        site: The user's line.
        got, want: What its rule says and what the numbers say.
        reason: The disagreement in words.
    """

    operation: str
    site: Any
    got: float
    want: float
    reason: str

    def __str__(self) -> str:
        where = callsite.describe(self.site)
        return f"{self.operation} at {where}\n    {self.reason}"


class Together:
    """A program run at a point and at four points around it, in step."""

    def __init__(self, subject: Subject, direction: Sequence[Array]) -> None:
        point = subject.point
        self.base: Recording = subject.record(point)
        self.around = [
            subject.record(moved(point, direction, t * STEP)) for t in (1.0, -1.0, 0.5, -0.5)
        ]
        names = [n.name() for n in self.base.nodes]
        self.in_step = all([n.name() for n in r.nodes] == names for r in self.around) and all(
            [c.primitive.name for c in r.calls] == [c.primitive.name for c in self.base.calls]
            for r in self.around
        )
        self.rank = {n: k for k, n in enumerate([*self.base.leaves, *self.base.nodes])}
        self.others = [[*r.leaves, *r.nodes] for r in self.around]

    def velocity(self, edge: Any) -> Array | None:
        """How the value of an edge of the first run moves; None if it was not seen in every run."""
        node, number = key_of(edge)
        rank = self.rank.get(node)
        if rank is None:  # the history of something that the function closes over
            return np.zeros(edge.shape, edge.dtype)
        found = []
        for r, nodes in zip(self.around, self.others, strict=True):
            value = r.values.get((nodes[rank], number))
            if value is None:
                return None
            found.append(value)
        return extrapolated(found)

    def movement(self, number: int) -> tuple[list[Array], list[Array]]:
        """How the operands and the results of a call of the first run move."""
        calls = [r.calls[number] for r in self.around]
        ins = [extrapolated([c.operands[i] for c in calls]) for i in range(len(calls[0].operands))]
        outs = [extrapolated([c.results[i] for c in calls]) for i in range(len(calls[0].results))]
        return ins, outs


def extrapolated(found: Sequence[Array]) -> Array:
    """The derivative from the values at +h, -h, +h/2 and -h/2; zeros where there is none to speak of."""
    a, b, c, d = found
    if not is_inexact(a.dtype):
        return np.zeros(a.shape)
    with np.errstate(all="ignore"):
        return np.asarray((4 * (c - d) / STEP - (a - b) / (2 * STEP)) / 3)


def first_in_reverse(together: Together, tolerance: float) -> Guilty | None:
    """The first operation whose pullback does not fit the movements; or that cut the history."""
    rng = np.random.default_rng(7)
    cuts = first_cut(together, tolerance)
    for node in together.base.nodes:
        if node in (cuts[1] if cuts else ()):
            continue
        found = disagreement(together, node, rng, tolerance)
        if found is not None:
            return found
    return cuts[0] if cuts else None


def disagreement(
    together: Together, node: Any, rng: np.random.Generator, tolerance: float
) -> Guilty | None:
    """Whether the pullback of a node fails the inner product with the movements."""
    avals = node.output_avals
    if avals is None:
        dots = [together.velocity(node)]
    else:
        dots = []
        for number, (shape, dtype) in enumerate(avals):
            value = together.base.values.get((node, number))
            seen = value is not None and number in node.differentiable and is_inexact(dtype)
            dots.append(together.velocity(_Place(node, number, shape, dtype)) if seen else None)
    moves = [None if e is None else together.velocity(e) for e in node.inputs]
    if all(d is None for d in dots) or any(
        e is not None and m is None for e, m in zip(node.inputs, moves, strict=True)
    ):
        return None
    for _ in range(3):
        cts = [None if d is None else noise(rng, d) for d in dots]
        grads = node.pullback(
            filled(node, cts) if avals is not None else cts[0], node.inputs, False
        )
        want = sum(inner([c], [d]) for c, d in zip(cts, dots, strict=True) if d is not None)
        got, scale = 0.0, 1e-300
        for i, (g, e, m) in enumerate(zip(grads, node.inputs, moves, strict=True)):
            if g is not None and e is not None and m is not None:
                g = np.asarray(conform(g, e, node, i))
                got += inner([g], [m])
                scale += weight(g, m)
        scale += sum(
            weight(c, d) for c, d in zip(cts, dots, strict=True) if c is not None and d is not None
        )
        if not abs(got - want) <= tolerance * max(scale, 1e-12):
            reason = (
                f"its backward rule gives {got:.9g} where the values moved by {want:.9g} (inner products with a "
                "random cotangent)"
            )
            return Guilty(name_of(node), node.site, got, want, reason)
    return None


def weight(a: Array, b: Array) -> float:
    """The sum of the absolute values of the products."""
    return float(np.sum(np.abs(a) * np.abs(b)))


class _Place(NamedTuple):
    """What is asked of an edge, for an output without one."""

    node: Any
    output_number: int
    shape: Any
    dtype: Any


def called(primitive: Any) -> str:
    """A primitive's name as the user knows it: not which of the slopes of `log`, or which kind of `sum`, it has."""
    return _KIND.sub("", primitive.name)


def name_of(node: Any) -> str:
    """An operation as the user knows it: a primitive's name, or that of the user's own function."""
    primitive = getattr(node, "primitive", None)
    if primitive is not None:
        return called(primitive)
    function = getattr(node, "function", None)
    if function is not None:
        return str(getattr(function, "__qualname__", function))
    params = node.params if isinstance(node.params, dict) else {}
    return str(params.get("name") or node.name())


def noise(rng: np.random.Generator, like: Array) -> Array:
    """Random numbers of the shape and kind of an array."""
    out: Any = rng.standard_normal(like.shape)
    if like.dtype.kind == "c":
        out = out + 1j * rng.standard_normal(like.shape)
    return np.asarray(out, like.dtype)


def first_cut(together: Together, tolerance: float) -> tuple[Guilty, set[Any]] | None:
    """The first operand that moves with the arguments but has no history, and the nodes with such operands."""
    first: Guilty | None = None
    nodes: set[Any] = set()
    for k, call in enumerate(together.base.calls):
        if call.primitive.kind == "constant":
            continue
        ins, _ = together.movement(k)
        for i, (edge, move) in enumerate(zip(call.edges, ins, strict=True)):
            if edge is not None or not size([move]) > tolerance * max(
                size([call.operands[i]]), 1e-12
            ):
                continue
            if not depends(call, i):
                continue
            nodes.add(call.node)
            if first is None:
                reason = (
                    f"operand {i} changes with the arguments but has no history: it was detached, or went through "
                    "NumPy or a Python number, so that its share of the derivative is lost"
                )
                first = Guilty(called(call.primitive), call.site, 0.0, size([move]), reason)
    return None if first is None else (first, nodes)


def depends(call: Call, number: int) -> bool:
    """Whether a primitive's result depends differentiably on an operand."""
    p = call.primitive
    if p.joint_vjp is not None or not p.vjps:  # a function with a rule of the user's has no table
        return True
    return p.vjps[0 if p.variadic else number] is not None


def alone(call: Call) -> tuple[list[int], Callable[..., list[Any]]]:
    """Which operands of a call can be moved, and the call as a function of these."""
    moving = [
        i
        for i, (v, e) in enumerate(zip(call.operands, call.edges, strict=True))
        if e is not None and is_inexact(v.dtype) and depends(call, i)
    ]

    def run(*xs: Any) -> list[Any]:
        operands = [wrap(Tensor, v) for v in call.operands]
        for i, x in zip(moving, xs, strict=True):
            operands[i] = x
        out = call.primitive(*operands, **call.params)
        outs = out if call.primitive.outputs != 1 else (out,)
        return [outs[i] for i in call.primitive.differentiable]

    return ([] if call.primitive.kind == "constant" else moving), run


def tensors(values: Sequence[Any]) -> list[Tensor]:
    """Arrays as the engine's tensors."""
    return [wrap(Tensor, np.asarray(v)) for v in values]


def arrays(values: Sequence[Any]) -> list[Array]:
    """Results as arrays."""
    return [np.asarray(getattr(v, "value", v)) for v in values]


def first_in_forward(together: Together, tolerance: float) -> Guilty | None:
    """The first operation whose pushforward does not fit the movements."""
    for k, call in enumerate(together.base.calls):
        moving, run = alone(call)
        if not moving:
            continue
        ins, outs = together.movement(k)
        point = [call.operands[i] for i in moving]
        dots = [np.asarray(ins[i], call.operands[i].dtype) for i in moving]
        try:
            slopes = arrays(jvp(run, tensors(point), tensors(dots))[1])
        except NotImplementedError:
            continue
        for number, got in zip(call.primitive.differentiable, slopes, strict=True):
            want = outs[number]
            if size([got - want]) <= tolerance * max(size([want]), size([got]), 1e-12):
                continue
            at = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
            reason = (
                f"its forward rule gives {got[at]:.9g} where output {number} moved by {want[at]:.9g}, at element "
                f"{tuple(map(int, at))}"
            )
            a, b = float(abs(got[at])), float(abs(want[at]))
            return Guilty(called(call.primitive), call.site, a, b, reason)
    return None


def first_in_second(recording: Recording, tolerance: float) -> Guilty | None:
    """The first operation whose backward rule has a wrong derivative."""
    rng = np.random.default_rng(11)
    for call in recording.calls:
        moving, run = alone(call)
        if not moving:
            continue
        cts = tensors([noise(rng, call.results[i]) for i in call.primitive.differentiable])
        point = [call.operands[i] for i in moving]
        direction = [noise(rng, v) for v in point]

        def pulled(*xs: Any, run: Any = run, cts: Any = cts) -> list[Any]:
            return list(vjp(run, *xs)[1](cts))

        def path(t: float, g: Any = pulled, x: Any = point, d: Any = direction) -> list[Array]:
            return arrays(g(*tensors(moved(x, d, t))))

        try:
            got = arrays(jvp(pulled, tensors(point), tensors(direction))[1])
        except (NotImplementedError, DualtapeError):
            continue
        want, error = differences(path)
        off = size([g - w for g, w in zip(got, want, strict=True)])
        if not off <= tolerance * max(size(want), size(got), 1e-12) + 10 * error:
            reason = f"the derivative of its backward rule is off by {off:.3g} on a scale of {size(want):.3g}"
            return Guilty(called(call.primitive), call.site, size(got), size(want), reason)
    return None
