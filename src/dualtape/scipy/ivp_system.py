"""Right-hand sides of differential equations, and what is made of them: Jacobians, and the systems of sensitivities.

Everything here works on arrays of the native front end: t, y as a vector, and parameters as a flat list of arrays. A
system that is evaluated often is compiled, where llvmlite is installed; the numbers are the same but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from ..core.aval import is_inexact
from ..core.errors import ShapeError, TransformError
from ..core.tensor import Tensor
from ..numpy.operands import is_quiet
from ..ops.complex import cast
from ..transforms import jacfwd, jvp, tree, vjp
from ..transforms.surface import lift, lower, native, outward

EAGER_CALLS = 64
"""Calls of a function before it is compiled: a short integration is over by then."""


class Evaluated:
    """A function of arrays as a solver calls it: eagerly at first, as native code when it turns out to be called often.

    `begin` is called before each integration, and looks whether what the function closes over is what it was.
    """

    def __init__(self, f: Callable[..., Any], name: str) -> None:
        self.f = f
        self.name = name
        self.calls = 0
        self.compiled: dict[Any, tuple[Callable[..., Any], Callable[[], Any]]] = {}

    def begin(self) -> Evaluated:
        """Forget programs that do not hold any more."""
        self.compiled = {k: c for k, c in self.compiled.items() if not c[1]()}
        return self

    def __call__(self, t: float, *arrays: Any) -> Any:
        """Evaluate it.

        Raises:
            TransformError: It depends on something being differentiated that it was not given.
        """
        self.calls += 1
        if self.calls > EAGER_CALLS:
            key = tuple([a.shape for a in arrays])
            found = self.compiled.get(key)
            if found is None:
                found = self.compiled[key] = _compiled(self.f, (np.array(t), *arrays))
            return found[0](np.array(t), *arrays)
        out = self.f(np.float64(t), *arrays)
        for x in tree.leaves(out):
            if not is_quiet(x):
                raise TransformError(
                    f"solve_ivp: {self.name} depends on a value being differentiated that is not among its arguments. Pass "
                    "it in args="
                )
        return tree.map(lambda x: np.asarray(x.value if isinstance(x, Tensor) else x), out)


def _compiled(
    f: Callable[..., Any], arrays: tuple[Any, ...]
) -> tuple[Callable[..., Any], Callable[[], Any]]:
    """A function as native code for arrays of these shapes, and what says why it does not hold any more."""
    if not import_module("dualtape.compiler.native.target").available():
        return f, lambda: None
    capturing = import_module("dualtape.compiler.capturing")
    leaves, structure = tree.flatten((arrays, {}))
    try:
        program = capturing.captured(f, leaves, structure).program()
    except (TransformError, capturing.Refused):
        program = None
    if (
        program is None
        or any(
            (
                program.states,
                program.places,
                program.draws,
                program.live,
                program.grads,
                program.graph.updates,
            )
        )
        or program.derivative is not None
        or [r.kind for r in program.results] != ["array"]
    ):  # `jit` knows what to do, and says what cannot be done
        return import_module("dualtape.compiler.jit").jit(f), lambda: None
    run = import_module("dualtape.compiler.executable").executable(program.graph)
    where, number = program.arguments, program.results[0].number
    return lambda *given: run([given[i] for i in where])[number], lambda: program.changed(leaves)


class System:
    """dy/dt = f(t, y, *parameters), of real numbers.

    Attributes:
        f: On native values; its result is a vector.
        name: For messages.
    """

    def __init__(self, f: Callable[..., Any], name: str) -> None:
        self.f = f
        self.name = name
        self.rhs = Evaluated(lambda t, y, *p: lower(lift(f(t, y, *p))), name)

    @cached_property
    def jacobian(self) -> Evaluated:
        """The derivative of f by y, a matrix."""
        f = self.f
        return Evaluated(lambda t, y, *p: jacfwd(lambda v: f(t, v, *p))(y), self.name)

    @cached_property
    def pull_state(self) -> Evaluated:
        """(t, y, cotangent, *parameters) -> the cotangent times the Jacobian."""
        f = self.f

        def pull(t: Any, y: Any, ct: Any, *p: Any) -> Any:
            return vjp(lambda v: f(t, v, *p), y)[1](ct)[0]

        return Evaluated(pull, self.name)

    @cached_property
    def pull_parameters(self) -> Evaluated:
        """(t, y, cotangent, *parameters) -> cotangents of the parameters, as one vector."""
        f = self.f

        def pull(t: Any, y: Any, ct: Any, *p: Any) -> Any:
            found = vjp(lambda *q: f(t, y, *q), *p)[1](ct)
            return np.concatenate([np.reshape(g, (-1,)) * np.float64(1) for g in found])

        return Evaluated(pull, self.name)

    @cached_property
    def pushed(self) -> System:
        """The system of y and one tangent s: ds/dt = (df/dy) s + (df/dp) dp; its parameters are p and dp."""
        f = self.f

        def both(t: Any, z: Any, *p: Any) -> Any:
            n, half = z.shape[0] // 2, len(p) // 2
            primals, tangents = (z[:n], *p[:half]), (z[n:], *p[half:])
            out, dot = jvp(lambda y, *q: f(t, y, *q), primals, tangents)
            return np.concatenate([out, dot])

        return System(both, self.name)

    @cached_property
    def sensitive(self) -> System:
        """The system of y and of its derivatives by y0 and by all parameters, a row of S for each element of y."""
        f = self.f

        def all_of(t: Any, z: Any, *p: Any) -> Any:
            sizes = [int(np.prod(q.shape)) for q in p]
            n = _states(z.shape[0], sum(sizes))
            y, s = z[:n], np.reshape(z[n:], (n, -1))
            by_state = jacfwd(lambda v: f(t, v, *p))(y)
            ds = by_state @ s
            if p:
                found = jacfwd(lambda *q: f(t, y, *q), argnums=tuple(range(len(p))))(*p)
                columns = [np.reshape(d, (n, -1)) for d in found]
                ds = ds + np.concatenate([np.zeros((n, n)), *columns], 1)
            return np.concatenate([f(t, y, *p), np.reshape(ds, (-1,))])

        return System(all_of, self.name)


def _states(size: int, parameters: int) -> int:
    """The n with n + n (n + parameters) = size."""
    b = 1 + parameters
    root: float = (b * b + 4 * size) ** 0.5
    n = round((root - b) / 2)
    assert n * (n + b) == size
    return n


def system(
    f: Callable[..., Any], args: Sequence[Any], cls: type[Tensor], dtype: Any
) -> tuple[System, list[Any]]:
    """The system of a user's function, and its parameters: the real arrays and floats among `args`.

    Args:
        f: (t, y, *args) -> dy/dt, an array or a list of numbers.
        args: More arguments, trees.
        cls: The class of tensors that it is called with.
        dtype: Of y as it is called.
    """
    leaves, structure = tree.flatten(tuple(args))
    places = tuple([i for i, x in enumerate(leaves) if _is_parameter(x)])
    parameters = [_native(leaves[i]) for i in places]
    classes = tuple(
        [
            type(leaves[i]).result_class if isinstance(leaves[i], Tensor) else native()
            for i in places
        ]
    )
    held = tuple([None if i in places else x for i, x in enumerate(leaves)])
    try:
        made = _system(f, structure, places, classes, held, cls, np.dtype(dtype))  # type: ignore[arg-type]
    except TypeError:  # something that cannot be looked up
        made = _system.__wrapped__(f, structure, places, classes, held, cls, np.dtype(dtype))
    return made, parameters


def _is_parameter(x: Any) -> bool:
    if isinstance(x, float):
        return True
    return isinstance(x, (Tensor, np.ndarray, np.generic)) and is_inexact(np.dtype(lift(x).dtype))


def _native(x: Any) -> Any:
    """A value as the native front end has it."""
    t = (
        outward(x, native())
        if isinstance(x, Tensor)
        else lift(np.float64(x) if isinstance(x, float) else x)
    )
    return lower(t)


@lru_cache(32)
def _system(
    f: Callable[..., Any], structure: tree.Structure, places: tuple[int, ...], classes: tuple[Any, ...], held: tuple[Any, ...],
    cls: type[Tensor], dtype: np.dtype[Any],
) -> System:  # fmt: skip
    plain = cls is native()

    def flat(t: Any, y: Any, *parameters: Any) -> Any:
        leaves = list(held)
        for i, c, x in zip(places, classes, parameters, strict=True):
            leaves[i] = x if c is native() else outward(lift(x), c)
        if not plain:
            t, y = outward(cast(lift(t), dtype), cls), outward(cast(lift(y), dtype), cls)
        return vector(f(t, y, *structure.unflatten(leaves)), y.shape[0], f)

    return System(flat, getattr(f, "__name__", type(f).__name__))


def vector(out: Any, n: int, f: Any) -> Any:
    """What a right-hand side returned as a native vector of doubles.

    Raises:
        ShapeError: It has not as many elements as y.
    """
    if isinstance(out, (list, tuple)):
        parts = [_native(x) if isinstance(x, (Tensor, float)) else x for x in out]
        out = np.stack([np.reshape(x, ()) for x in parts])
    out = _native(out)
    if tuple(out.shape) != (n,):
        if int(np.prod(out.shape)) != n:
            raise ShapeError(
                f"solve_ivp: {getattr(f, '__name__', 'the function')} returned shape {tuple(out.shape)} for y of shape ({n},)"
            )
        out = np.reshape(out, (n,))
    return out if out.dtype.kind == "c" else np.multiply(out, np.float64(1))
