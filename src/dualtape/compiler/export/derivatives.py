"""What is exported of a function: it, and functions of its derivatives, all of flat arrays, captured as graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core import callsite
from ...core.aval import is_inexact
from ...core.errors import TransformError
from ...core.tensor import Tensor
from ...transforms import jacobian, jvp, surface, tree, vjp
from ..capturing import Refused, captured
from ..graph import Graph
from ..passes import simplified
from ..program import Program


class ExportError(TransformError):
    """A function that cannot be exported: why, and at which line."""


@dataclass(frozen=True, slots=True)
class Pure:
    """A function of arrays as a graph, and which arguments its inputs are.

    Attributes:
        graph: Inputs, then written states.
        arguments: For each of its first inputs, the leaf of the arguments.
        states: Arrays that it writes to, its last inputs.
        structure: Of the results.
    """

    graph: Graph
    arguments: tuple[int, ...]
    states: tuple[Any, ...]
    structure: tree.Structure


def is_operand(x: Any) -> bool:
    """Whether an argument is an array: Python numbers are part of the program."""
    return isinstance(x, (Tensor, np.ndarray, np.generic))


def pure(
    f: Callable[..., Any], leaves: Sequence[Any], structure: tree.Structure, label: str
) -> Pure:
    """Capture a function of arrays, whose closed-over arrays become constants.

    Args:
        f: It.
        leaves, structure: Of the arguments (args, kwargs).
        label: What to call it in messages.

    Raises:
        ExportError: It cannot be captured, draws random numbers, or leaves gradients behind.
    """
    try:
        program = captured(f, leaves, structure).program()
    except Refused as refused:
        error = refused.__cause__
        if isinstance(error, TransformError):
            raise ExportError(f"{label} cannot be exported: {error}") from error
        assert error is not None
        raise error from None
    except TransformError as error:
        raise ExportError(f"{label} cannot be exported: {error}") from error
    if program.draws:
        raise ExportError(
            f"{label} cannot be exported: it draws random numbers. Draw them outside, and pass them as an argument"
        )
    if program.grads or program.written_gradients:
        raise ExportError(
            f"{label} cannot be exported: it leaves gradients in `.grad`. Export the loss, with derivatives=('gradient',), "
            "or return the gradients"
        )
    return _closed(program, leaves, label)


def _closed(program: Program, leaves: Sequence[Any], label: str) -> Pure:
    """The program's graph with what it only reads as constants, and the function's results as outputs."""
    graph = program.graph
    updated = {t for t, _ in graph.updates}
    count = len(program.arguments)
    constants = dict(graph.constants)
    kept: list[int] = []
    states: list[Any] = []
    given = [*program.states, *program.places, *program.live]
    for v, x in zip(graph.inputs[count:], given, strict=False):
        array = _array(x, leaves)
        if v in updated:
            kept.append(v)
            states.append(array)
        else:
            constants[v] = np.array(array, graph.avals[v].dtype, order="C")
    outputs = []
    for r in program.results:
        if r.kind in ("tensor", "array"):
            outputs.append(graph.outputs[r.number])
        elif r.kind == "argument":
            outputs.append(graph.inputs[program.arguments.index(r.number)])
        else:
            raise ExportError(
                f"{label} cannot be exported: it returns {r.value!r:.60}, which is no array that it computes"
            )
    inputs = (*graph.inputs[:count], *kept)
    made = Graph(graph.avals, inputs, constants, graph.calls, tuple(outputs), graph.updates)
    return Pure(simplified(made), program.arguments, tuple(states), program.structure)


def _array(x: Any, leaves: Sequence[Any]) -> Any:
    if hasattr(x, "tensor"):
        return x.now(leaves).buffer()
    if hasattr(x, "compiled_array"):
        return x.compiled_array(False)
    return np.asarray(x.container[x.key], np.float64)


class Derived:
    """The functions to export, of the leaves of the arguments.

    Args:
        f: The user's function.
        leaves, structure: Of the arguments.
        wrt: Leaves to differentiate with respect to.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        leaves: Sequence[Any],
        structure: tree.Structure,
        wrt: Sequence[int],
    ) -> None:
        self.f, self.leaves, self.structure = f, list(leaves), structure
        self.wrt = tuple(wrt)

    def _of(self, leaves: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
        """The flat results as a function of the arguments chosen."""

        def value(*chosen: Any) -> tuple[Any, ...]:
            every = list(leaves)
            for k, x in zip(self.wrt, chosen, strict=True):
                every[k] = x
            args, kwargs = self.structure.unflatten(every)
            return tuple(tree.flatten(self.f(*args, **kwargs))[0])

        return value

    def gradient(self, *leaves: Any) -> tuple[Any, ...]:
        """The values, and the gradient of the first."""
        value = self._of(leaves)
        out, pull = vjp(value, *[leaves[k] for k in self.wrt])
        one = np.ones(tuple(out[0].shape), _dtype(out[0]))
        grads = pull((_like(one, out[0]), *[_zero(x) for x in out[1:]]))
        return (*out, *grads)

    def vjp(self, *given: Any) -> tuple[Any, ...]:
        """The values, and the cotangents of the arguments; the results' cotangents come last."""
        count = len(self.leaves)
        leaves, cts = given[:count], given[count:]
        out, pull = vjp(self._of(leaves), *[leaves[k] for k in self.wrt])
        which = iter(cts)
        every = [_like(next(which), x) if is_inexact(_dtype(x)) else _zero(x) for x in out]
        return (*out, *pull(tuple(every)))

    def jvp(self, *given: Any) -> tuple[Any, ...]:
        """The values and their tangents; the arguments' tangents come last."""
        count = len(self.leaves)
        leaves, dots = given[:count], given[count:]
        primals = tuple([leaves[k] for k in self.wrt])
        tangents = tuple([_like(d, x) for d, x in zip(dots, primals, strict=True)])
        out, made = jvp(self._of(leaves), primals, tangents)
        return (*out, *[d for d, x in zip(made, out, strict=True) if is_inexact(_dtype(x))])

    def jacobian(self, *leaves: Any) -> tuple[Any, ...]:
        """The values, and for each smooth result the derivatives by each argument."""
        value = self._of(leaves)
        chosen = [leaves[k] for k in self.wrt]
        out = value(*chosen)
        smooth = [i for i, x in enumerate(out) if is_inexact(_dtype(x))]
        made = jacobian(
            lambda *xs: tuple([value(*xs)[i] for i in smooth]), argnums=tuple(range(len(chosen)))
        )(*chosen)
        return (*out, *[d for row in made for d in row])


def _dtype(x: Any) -> np.dtype[Any]:
    value = x.value if isinstance(x, Tensor) else x
    out: np.dtype[Any] = np.dtype(value.dtype)
    return out


def _like(array: Any, x: Any) -> Any:
    """Numbers as a tensor of the class of another."""
    if isinstance(x, Tensor) and type(x) is not surface.native() and not isinstance(array, type(x)):
        return surface.outward(array.value if isinstance(array, Tensor) else array, type(x))
    return array


def _zero(x: Any) -> Any:
    return _like(np.zeros(tuple(x.shape), _dtype(x)), x)


def line_of(primitive: Any, again: Callable[[], Any]) -> str:
    """The user's line that calls a primitive, found by tracing once more; "" if nobody's line does."""
    found: list[str] = []
    before = primitive.aval

    def spy(*args: Any, **params: Any) -> Any:
        frame = callsite.user_frame()
        if frame is not None and not found:
            found.append(callsite.describe((frame.f_code, frame.f_lasti)))
        return before(*args, **params)

    try:
        primitive.aval = spy
    except AttributeError:  # of a call made for this trace only
        return ""
    try:
        again()
    finally:
        primitive.aval = before
    return found[0] if found else ""
