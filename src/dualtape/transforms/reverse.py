"""Reverse mode: `grad`, `value_and_grad` and `vjp`.

A transformed function runs under the ordinary recording. What is special is where it begins (a variable
of its own for each argument, `surface.variable`) and whether the backward pass is recorded too: it is
when something besides the arguments, such as a weight of an enclosing `grad`, was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import modes, tracing
from ..core.aval import FLOATS
from ..core.backward import gradients, reaching
from ..core.boxes import Box
from ..core.conform import conform
from ..core.errors import DtypeError, ShapeError
from ..core.graph import LEAF
from ..core.tensor import Outer, Tensor, wrap
from ..core.vocabulary import vocabulary
from ..ops import rescue as rescue  # a native pass may need it
from . import tree
from .arguments import Argnums, Selection, named
from .forward import auxiliary
from .surface import (
    called,
    check_differentiable,
    inner,
    lift,
    lower,
    native,
    output,
    outward,
    variable,
)

_UNRECORDED = modes.NO_GRAD | modes.INFERENCE
_RECORD = {"off": _UNRECORDED}

_ones: dict[Any, Any] = {}


def one(dtype: Any) -> Any:
    """The cotangent 1 of a scalar output."""
    found = _ones.get(dtype)
    if found is None:
        found = _ones[dtype] = np.ones((), dtype)[()]
    return found


class Variables:
    """The chosen arguments of a function as variables of their own.

    Args:
        arguments: The arguments.
        what: The transformation, for messages.
        kept: Whether the derivative is taken later, when plain arrays may have been overwritten.
    """

    __slots__ = ("classes", "edges", "safe", "structure", "tensors")

    def __init__(self, arguments: Any, what: str, kept: bool = False) -> None:
        flat, self.structure = tree.flatten(arguments)
        self.tensors: list[Tensor] = []
        self.edges: list[Any] = []
        self.classes: list[type[Tensor]] = []
        for x in flat:
            source = lift(x.copy() if kept and isinstance(x, np.ndarray) else x)
            if source.value.dtype not in FLOATS:
                check_differentiable(source, f"{what}: an argument")
            made = variable(source)
            if source is x and isinstance(made.value, (np.ndarray, Outer)):
                made.version = source.shared_version()  # they share memory
            self.tensors.append(made)
            self.edges.append(made.edge)
            self.classes.append(type(source).result_class)
        # Native code gets mask-safe gradients; a front end its framework's bits (`trust.safe`).
        safe = native() in self.classes and not modes.current() & modes.UNSAFE
        self.safe = modes.SAFE if safe else 0

    def reach(self, edges: Sequence[Any]) -> tuple[set[Any] | None, bool]:
        """What lies between the variables and `edges` (None for all), and whether anything else does."""
        if len(self.edges) == 1 and len(edges) == 1:
            (start,), (end,) = self.edges, edges
            if end is None or (start.kind == LEAF and end.source == start.source):
                return None, False
        return reaching([e for e in edges if e is not None], [e.node for e in self.edges])

    def end(self) -> None:
        """Note that the transformation is over, and the variables no longer anybody's."""
        for edge in self.edges:
            if edge.kind == LEAF:
                edge.ended = True

    def pull(
        self, roots: list[tuple[Any, Any]], needed: set[Any] | None, record: bool, retain: bool
    ) -> Any:
        """Return the variables' cotangents, in the structure of the arguments.

        Args:
            roots: (edge, cotangent value) pairs.
            needed: What `reach` gave.
            record: Whether the pass is recorded, because its result depends on more than the variables.
            retain: Keep the graph for another pass.
        """
        return self.collect(self.raw(roots, needed, record, retain), [ct for _, ct in roots])

    def raw(
        self,
        roots: list[tuple[Any, Any]],
        needed: set[Any] | None,
        record: bool,
        retain: bool = False,
    ) -> list[Any]:
        """`pull`, as a list of values, None for zero."""
        if record:
            roots = [(e, ct if isinstance(ct, Tensor) else wrap(Tensor, ct)) for e, ct in roots]
        before = modes.current()
        modes.set_mode(before | self.safe)
        try:
            return gradients(
                roots, self.edges, retain_graph=retain, create_graph=record, needed=needed
            )
        finally:
            modes.set_mode(before)

    def collect(self, grads: Sequence[Any], given: Sequence[Any]) -> Any:
        """Gradients, as the pass returned them, in the structure of the arguments."""
        out: list[Any] = []
        for g, e, cls in zip(grads, self.edges, self.classes, strict=True):
            if g is None:
                g = tracing.zeros(e.shape, e.dtype)
            # Rules may return broadcast or shared memory; a caller gets an array of its own.
            elif type(g) is np.ndarray and (
                g.base is not None
                or not g.flags.carray
                or is_among(g, grads) > 1
                or is_among(g, given)
            ):
                g = np.array(g, order="C")
            out.append(lower(outward(g, cls)))
        return self.structure.unflatten(out)


def is_among(x: Any, things: Sequence[Any]) -> int:
    """How often `x` itself is among several things."""
    found = 0
    for other in things:
        if other is x:
            found += 1
    return found


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Return a function that computes `f` and its gradient.

    Args:
        f: Maps arrays to a real scalar.
        argnums: Which arguments: a position, a name, or a tuple of these. An argument may be a tree.
        has_aux: `f` returns (scalar, anything); the second is passed on.
        holomorphic: `f` is a holomorphic function of complex numbers, and its complex derivative is wanted.

    Returns:
        A function of f's arguments that returns (value, gradient), or ((value, aux), gradient). The
        gradient has the structure, shapes and dtypes of the chosen argument; with several
        `argnums` it is a tuple of these.

    Raises:
        ShapeError: The output is not a scalar (in the call).
        DtypeError: A chosen argument is not floating or complex; or the output is complex.
        TypeError: `argnums` names no argument.

    The gradient g of a real f of complex z is the one with df = Re(sum(conj(g) dz)): the direction of
    steepest ascent, df/dx + i df/dy, as in PyTorch. JAX gives its conjugate.
    """
    selection = Selection(f, argnums, "grad")

    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = selection.of(args, kwargs)
        mode = modes.current()
        modes.set_mode(mode & ~_UNRECORDED)
        try:
            variables = Variables(call.chosen, "grad")
            out = call.run(variables.structure.unflatten(variables.tensors))
            aux = None
            if has_aux:
                out, aux = auxiliary(out, "grad")
            out = scalar(out, holomorphic)
            edge = out.current_edge()
            needed, more = variables.reach([edge])
            more = more and not mode & modes.NO_GRAD
            roots = [] if edge is None else [(edge, one(edge.dtype))]
            grads = variables.pull(roots, needed, more, retain=False)
            if holomorphic:
                grads = tree.map(lambda g: lower(vocabulary.conj(g)), grads)
            value = lower(out if more else wrap(type(out), out.value))
            variables.end()
        finally:
            modes.set_mode(mode)
        if has_aux:
            return (value, apart(aux, variables, mode)), grads
        return value, grads

    return named(f, run, "value_and_grad")


def scalar(out: Any, holomorphic: bool) -> Tensor:
    """The output of a function to be differentiated by `grad`.

    Raises:
        ShapeError: It is not a scalar.
        DtypeError: It is complex (and not `holomorphic`), or has no derivatives.
        TypeError: It is no array.
    """
    if type(out) is tuple:
        raise TypeError(
            f"grad needs a function that returns a scalar, but it returned a tuple of {len(out)}: with has_aux=True the "
            "first of two is differentiated and the second passed on; a tuple of results has a jacobian or a vjp"
        )
    t = output(out, "grad")
    shape, dtype = tuple(t.shape), t.value.dtype
    if shape != ():
        raise ShapeError(
            f"grad needs a function that returns a scalar, but it returned an array of shape {list(shape)}: "
            "sum it, or use jacobian or vjp"
        )
    if holomorphic != (dtype.kind == "c"):
        raise DtypeError(
            f"grad(holomorphic=True) needs a complex output, got {dtype}"
            if holomorphic
            else "grad needs a real output, got a complex one: take its abs or real part, or say "
            "holomorphic=True for the complex derivative of a holomorphic function"
        )
    if t.current_edge() is None and dtype.kind not in "fcV" and not isinstance(t.value, Box):
        raise DtypeError(
            f"grad: the function returned {dtype}, which has no derivatives: its output must be floating point"
        )
    return t


def apart(aux: Any, variables: Variables, mode: int) -> Any:
    """Auxiliary results as the caller gets them: without history, unless more than the variables is in it."""

    def one(t: Any) -> Any:
        edge = t.current_edge() if isinstance(t, Tensor) else None
        if edge is None or (not mode & modes.NO_GRAD and variables.reach([edge])[1]):
            return lower(t)
        return lower(wrap(type(t), t.value))

    return tree.map(one, aux)


def grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Return the function that computes the gradient of `f`.

    Args:
        f, argnums, has_aux, holomorphic: As for `value_and_grad`.

    Returns:
        A function of f's arguments that returns the gradient, or (gradient, aux).

    Raises:
        ShapeError, DtypeError, TypeError: As for `value_and_grad`.

    >>> import numpy as np, dualtape as dt
    >>> f = lambda x: np.sum(np.sin(x) ** 2)
    >>> dt.grad(f)(np.array([0.0, np.pi / 4]))
    array([0., 1.])
    """
    both = value_and_grad(f, argnums, has_aux=has_aux, holomorphic=holomorphic)

    def run(*args: Any, **kwargs: Any) -> Any:
        value, grads = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return named(f, run, "grad")


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return `f(*primals)` and the function that pulls cotangents back through it.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such.
        primals: Its arguments: floating or complex.
        has_aux: `f` returns (output, anything); the second comes back third.

    Returns:
        The output, and a function that maps a cotangent, like the output, to a tuple of one per
        primal. It may be called more than once.

    Raises:
        DtypeError: A primal is not floating or complex.
        StructureError, ShapeError, DtypeError: In the pullback, when the cotangent does not fit the output.

    >>> import numpy as np, dualtape as dt
    >>> value, pullback = dt.vjp(np.sin, np.array([0.0, np.pi]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([  1., -10.]),)
    """
    mode = modes.current()
    with modes.switched(**_RECORD):
        variables = Variables(primals, "vjp", kept=True)
        out = called(f, variables.structure.unflatten(variables.tensors), {})
        aux = None
        if has_aux:
            out, aux = auxiliary(out, "vjp")
            aux = apart(aux, variables, mode)
        flat, structure = tree.flatten(out)
        outs = [output(o, "vjp") for o in flat]
        edges = [o.current_edge() for o in outs]
        needed, more = variables.reach(edges)
        more = more and not mode & modes.NO_GRAD
        variables.end()  # nobody else gets hold of them: the pullback knows its way
    avals = [(tuple(o.shape), o.value.dtype) for o in outs]

    def pullback(cotangent: Any) -> Any:
        cts = tree.matched(structure, cotangent, "vjp: the cotangent")
        roots = []
        for (shape, dtype), edge, ct in zip(avals, edges, cts, strict=True):
            t = lift(ct)
            if tuple(t.shape) != shape:
                raise ShapeError(
                    f"vjp: a cotangent must have its output's shape {list(shape)}, got {list(t.shape)}"
                )
            if t.value.dtype.kind == "c" and dtype.kind != "c":
                raise DtypeError(
                    f"vjp: a cotangent must have its output's dtype {dtype}, got {t.value.dtype}"
                )
            if edge is not None:
                value = inner(t)
                roots.append(
                    (edge, value if t.value.dtype == dtype else conform(value, edge, edge, 0))
                )
        record = more and not modes.current() & modes.NO_GRAD
        with modes.switched(**_RECORD):
            return variables.pull(roots, needed, record, retain=True)

    value = structure.unflatten([lower(o if more else wrap(type(o), o.value)) for o in outs])
    return (value, pullback, aux) if has_aux else (value, pullback)
