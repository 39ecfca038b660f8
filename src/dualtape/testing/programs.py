"""Random programs of operations, for tests that hold one way of differentiating against another.

A program is a list of steps on a growing pool of values, the first of which are its inputs. It is made by running it:
a step is kept when its result is finite, small, and far enough from a kink for a difference quotient. Who makes it
supplies the choices (`choose(n)` is a number below n), so that a search that shrinks its findings can be behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import Tensor, wrap
from ..ops import complex as co
from ..ops.reduce import sum as total
from . import program_steps, program_transforms

Choose = Callable[[int], int]
Array = np.ndarray[Any, Any]

# Larger values make difference quotients worthless.
LIMIT = 20.0


class Step(NamedTuple):
    """One step: a row of the tables of `program_steps` or `program_transforms`.

    Attributes:
        name: The row.
        operands: Which values of the pool.
        params: What else was chosen for it.
        body: The function of one value that a transformation is applied to.
    """

    name: str
    operands: tuple[int, ...]
    params: dict[str, Any]
    body: Program | None = None

    def __str__(self) -> str:
        args = [f"v{i}" for i in self.operands] + [f"{k}={v}" for k, v in self.params.items()]
        inner = "" if self.body is None else f"[{'; '.join(map(str, self.body.steps))}]"
        return f"{self.name}{inner}({', '.join(args)})"


class Program(NamedTuple):
    """A program.

    Attributes:
        inputs: How many inputs it has.
        steps: Its steps; step k makes value number inputs + k.
    """

    inputs: int
    steps: tuple[Step, ...]

    def __call__(self, *values: Any, loops: bool = False) -> Any:
        """Return the last value. With `loops`, a vmap is a Python loop instead."""
        return self.pool(values, loops)[-1]

    def pool(self, values: Sequence[Any], loops: bool = False) -> list[Any]:
        """All values."""
        pool = list(values)
        for s in self.steps:
            pool.append(apply(s, [pool[i] for i in s.operands], loops))
        return pool

    def loss(self, *values: Any, loops: bool = False) -> Any:
        """A real scalar in which every value of the pool has a part, the later ones more."""
        pool = self.pool(values, loops)
        out = None
        for k, v in enumerate(pool):
            part = total(folded(v, k)) * (0.5 if k < self.inputs else 1.0)
            out = part if out is None else out + part
        return out

    def __str__(self) -> str:
        return "\n".join(f"v{self.inputs + k} = {s}" for k, s in enumerate(self.steps))


def folded(v: Any, k: int) -> Any:
    """A value, real and with weights, so that no two elements count the same."""
    shape = tuple(v.shape)
    rng = np.random.default_rng(k)
    dtype = dtype_of(v)
    weights = np.asarray(rng.uniform(0.3, 1.0, shape))
    if dtype.kind == "c":
        real = real_dtype(dtype)
        more = np.asarray(rng.uniform(0.3, 1.0, shape), real)
        return co.real(v) * like(v, weights.astype(real)) + co.imag(v) * like(v, more)
    return v * like(v, weights.astype(dtype))


def like(v: Any, array: Array) -> Any:
    """An array as an operand beside `v`."""
    return wrap(type(v), array) if isinstance(v, Tensor) else array


def dtype_of(v: Any) -> np.dtype[Any]:
    """The NumPy dtype of a value."""
    dtype: np.dtype[Any] = v.value.dtype if isinstance(v, Tensor) else v.dtype
    return dtype


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the parts of a complex number."""
    return np.dtype(np.float32 if dtype.itemsize == 8 else np.float64)


def apply(s: Step, values: list[Any], loops: bool = False) -> Any:
    """Run one step."""
    if s.body is None:
        return program_steps.STEPS[s.name].run(*values, **s.params)
    body = s.body

    def f(x: Any) -> Any:
        return body(x, loops=loops)

    return program_transforms.TRANSFORMS[s.name].run(f, *values, loops=loops, **s.params)


def concrete(v: Any) -> Array:
    """The numbers of a value."""
    return np.asarray(v.value if isinstance(v, Tensor) else v)


def is_tame(v: Any) -> bool:
    """Whether a value is worth going on with."""
    a = concrete(v)
    return bool(a.size <= 200 and np.isfinite(a).all() and np.abs(a).max(initial=0.0) < LIMIT)


def random_inputs(choose: Choose) -> list[Array]:
    """One to three arrays of random shapes, mostly ones that broadcast, in double precision."""
    rng = np.random.default_rng(choose(1 << 16))
    rank = choose(4)
    shape = tuple(1 + choose(3) if choose(12) else 0 for _ in range(rank))
    found = []
    for _ in range(1 + choose(3)):
        own = tuple(1 if choose(4) == 0 else n for n in shape)[choose(2) if rank else 0 :]
        a = rng.uniform(-1.2, 1.2, own)
        if choose(4) == 0:
            a = a + 1j * rng.uniform(-1.2, 1.2, own)
        found.append(np.asarray(a))
    return found


def random_program(
    choose: Choose, inputs: Sequence[Any], length: int = 6, depth: int = 2
) -> Program:
    """A random program that can run on the given inputs.

    Args:
        choose: Gives a number below its argument.
        inputs: Arrays.
        length: At most so many steps.
        depth: How deep transformations may nest.
    """
    pool: list[Any] = [wrap(Tensor, x[()] if isinstance(x, np.ndarray) else x) for x in inputs]
    steps: list[Step] = []
    names = list(program_steps.STEPS)
    for _ in range(1 + choose(length)):
        operands: tuple[int, ...]
        if depth and choose(3) == 0:
            made = random_transform(choose, pool, depth)
            if made is None:
                continue
            step, out = made
        else:
            name = names[choose(len(names))]
            row = program_steps.STEPS[name]
            operands = tuple(len(pool) - 1 - choose(min(len(pool), 4)) for _ in range(row.arity))
            values = [pool[i] for i in operands]
            params = row.choose(choose, *[concrete(v) for v in values])
            if params is None:
                continue
            step = Step(name, operands, params)
            with np.errstate(all="ignore"):
                out = apply(step, values)
        if is_tame(out):
            steps.append(step)
            pool.append(out)
    return Program(len(inputs), tuple(steps))


def random_transform(choose: Choose, pool: list[Any], depth: int) -> tuple[Step, Any] | None:
    """A random transformation of a random function, applied to a value of the pool."""
    names = list(program_transforms.TRANSFORMS)
    name = names[choose(len(names))]
    row = program_transforms.TRANSFORMS[name]
    operands = tuple(len(pool) - 1 - choose(min(len(pool), 4)) for _ in range(row.arity))
    values = [pool[i] for i in operands]
    chosen = row.choose(choose, *[concrete(v) for v in values])
    if chosen is None:
        return None
    params, example = chosen
    body = random_program(choose, [example], 3, depth - 1)
    if not body.steps:
        return None
    if row.small:  # a Jacobian: of few rows, and not of a real function of complex numbers
        out = concrete(body(wrap(Tensor, example)))
        if out.size > 8 or out.dtype.kind != np.asarray(example).dtype.kind:
            return None
    step = Step(name, operands, params, body)
    with np.errstate(all="ignore"):
        return step, apply(step, values)
