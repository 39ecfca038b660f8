"""Forward mode: `jvp`, and `linearize`, which remembers the linear part as a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core import modes, tracing
from ..core.aval import aval_of
from ..core.errors import DtypeError, ShapeError, StructureError
from ..core.forward import Dual, ForwardMode
from ..core.tensor import Tensor, wrap
from ..core.tracing import Program, Trace
from ..core.vocabulary import vocabulary
from . import tree
from .surface import called, check_differentiable, inner, lift, lower, output, outward


@contextmanager
def forward_level() -> Iterator[ForwardMode]:
    """Open a level of forward mode; its values end with it."""
    with modes.deeper() as depth:
        level = ForwardMode(depth)
        try:
            yield level
        finally:
            level.open = False


def dual(level: ForwardMode, primal: Tensor, tangent: Tensor) -> Tensor:
    """The tensor that carries `tangent` at `level`.

    Raises:
        ShapeError: Their shapes differ.
        DtypeError: Their dtypes differ, or have no derivatives.
    """
    check_differentiable(primal, "jvp: a primal")
    if tuple(primal.shape) != tuple(tangent.shape):
        raise ShapeError(
            f"jvp: a tangent must have its primal's shape {list(primal.shape)}, got {list(tangent.shape)}"
        )
    have, want = tangent.value.dtype, primal.value.dtype
    value = inner(tangent)
    if have != want:
        if not np.can_cast(have, want, "same_kind"):
            raise DtypeError(f"jvp: a tangent must have its primal's dtype {want}, got {have}")
        value = vocabulary.cast(value, want)
    return wrap(type(primal).result_class, Dual(level, inner(primal), value))


class Remembering(Trace):
    """A trace whose program runs later, when the arrays that it met may have been overwritten: it keeps copies."""

    __slots__ = ()

    def number(self, v: Any) -> int:
        """See `Trace.number`."""
        return super().number(v.copy() if type(v) is np.ndarray and v.flags.writeable else v)


def split(level: ForwardMode, t: Tensor) -> tuple[Tensor, Tensor | None]:
    """The primal and the tangent (None for zero) of a tensor at `level`."""
    value = t.value
    if isinstance(value, Dual) and value.interpreter is level:
        cls = type(t)
        return outward(value.primal, cls), outward(value.tangent, cls)
    return t, None


def primals_of(level: ForwardMode, aux: Any) -> Any:
    """Auxiliary results without their tangents at `level`."""
    return tree.map(lambda a: lower(split(level, a)[0]) if isinstance(a, Tensor) else a, aux)


def zeros_like(t: Tensor) -> Tensor:
    """Zeros of the shape and dtype of a tensor, in its class."""
    return wrap(type(t), tracing.zeros(tuple(t.shape), t.value.dtype))


def tensors(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any], Any]:
    """The leaves of primals and tangents as tensors, and the primals' structure."""
    flat, structure = tree.flatten(tuple(primals))
    dots = tree.matched(structure, tuple(tangents), "jvp: tangents")
    return [lift(x) for x in flat], [lift(d) for d in dots], structure


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Return `f(*primals)` and its derivative in the direction of `tangents`.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such.
        primals: Its arguments: floating or complex.
        tangents: The direction; like `primals` in structure, shapes and dtypes.
        has_aux: `f` returns (output, anything); the second comes back third, without derivative.

    Returns:
        The output, its tangent (zeros where it does not depend on the primals) and, with `has_aux`,
        the auxiliary result.

    Raises:
        StructureError, ShapeError, DtypeError: The tangents do not fit the primals.

    One evaluation of `f` at two to three times its cost; nothing is stored.

    >>> import numpy as np, dualtape as dt
    >>> value, slope = dt.jvp(np.sin, (0.0,), (1.0,))
    >>> float(value), float(slope)
    (0.0, 1.0)
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise StructureError(
            "jvp: primals and tangents must be tuples, one entry per argument of f"
        )
    xs, dots, structure = tensors(primals, tangents)
    with forward_level() as level:
        args = structure.unflatten([dual(level, x, d) for x, d in zip(xs, dots, strict=True)])
        out = called(f, args, {})
        aux = None
        if has_aux:
            out, aux = auxiliary(out, "jvp")
            aux = primals_of(level, aux)
        flat, shape = tree.flatten(out)
        pairs = [split(level, output(o, "jvp")) for o in flat]
    values = shape.unflatten([lower(p) for p, _ in pairs])
    slopes = shape.unflatten([lower(zeros_like(p) if d is None else d) for p, d in pairs])
    return (values, slopes, aux) if has_aux else (values, slopes)


def auxiliary(out: Any, what: str) -> tuple[Any, Any]:
    """Take apart what a function with `has_aux` returned.

    Raises:
        TypeError: It is not a pair.
    """
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"{what}: with has_aux=True the function must return (output, auxiliary)")
    return out


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return `f(*primals)` and its derivative there, as a linear function of the tangents.

    Args:
        f: As for `jvp`.
        primals: Its arguments.

    Returns:
        The output, and a function that maps tangents (one per argument) to the output's tangent. It
        runs only the linear operations, which were remembered; `f` is not called again.

    Raises:
        DtypeError: A primal's dtype has no derivatives.

    >>> import numpy as np, dualtape as dt
    >>> value, slope = dt.linearize(lambda x: x * x, 3.0)
    >>> float(value), float(slope(1.0)), float(slope(10.0))
    (9.0, 6.0, 60.0)
    """
    flat, structure = tree.flatten(primals)
    xs = [lift(x) for x in flat]
    for x in xs:
        check_differentiable(x, "linearize: a primal")

    def run(duals: list[Any]) -> tuple[list[Tensor], Any]:
        outs, shape = tree.flatten(called(f, structure.unflatten(duals), {}))
        return [output(o, "linearize") for o in outs], shape

    values, shape, program = linear_part(run, xs)
    classes = [type(p) for p in values]

    def pushforward(*tangents: Any) -> Any:
        dots = []
        for x, d in zip(xs, tree.matched(structure, tangents, "tangents"), strict=True):
            t = lift(d)
            if tuple(t.shape) != tuple(x.shape):
                raise ShapeError(
                    f"linearize: a tangent must have its primal's shape {list(x.shape)}, got {list(t.shape)}"
                )
            v = inner(t)
            dots.append(v if t.value.dtype == x.value.dtype else vocabulary.cast(v, x.value.dtype))
        outs = program(*dots)
        return shape.unflatten(
            [
                lower(outward(np.copy(o) if isinstance(o, np.ndarray) else o, c))
                for o, c in zip(outs, classes, strict=True)
            ]
        )

    return shape.unflatten([lower(p) for p in values]), pushforward


def linear_part(
    run: Callable[[list[Tensor]], tuple[list[Tensor], Any]], xs: Sequence[Tensor]
) -> tuple[list[Tensor], Any, Program]:
    """Run a function once, and remember what is done to the tangents of its arguments.

    Args:
        run: Maps tensors to output tensors and whatever else there is to say of them.
        xs: Its arguments.

    Returns:
        The outputs at `xs`, what else `run` returned, and the program from the arguments' tangents to the outputs'.
    """
    with modes.deeper() as depth:  # a trace by data: only what depends on a tangent is recorded
        trace = Remembering(depth)
        inputs = [trace.variable(aval_of(x)) for x in xs]
        try:
            with forward_level() as level:
                outs, more = run(
                    [
                        wrap(type(x).result_class, Dual(level, inner(x), i))
                        for x, i in zip(xs, inputs, strict=True)
                    ]
                )
                pairs = [split(level, o) for o in outs]
        finally:
            trace.open = False
    numbers = []
    for p, d in pairs:
        dot = tracing.zeros(tuple(p.shape), p.value.dtype) if d is None else inner(d)
        numbers.append(trace.number(dot))
    program = Program(
        tuple([i.number for i in inputs]),
        trace.constants,
        tuple(trace.instructions),
        tuple(numbers),
    )
    return [p for p, _ in pairs], more, program.pruned()
