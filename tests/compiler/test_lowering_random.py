"""Random programs and their gradients, lowered, against the primitives on arrays."""

import dataclasses

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler.graph import check
from dualtape.compiler.lowering import emission, program
from dualtape.core.aval import Aval
from dualtape.core.errors import GraphError, TransformError
from dualtape.core.tensor import Tensor, wrap
from dualtape.ops import arithmetic, exponential, extrema, reduce, select, shape, trigonometric
from dualtape.ops.compare import gt
from dualtape.ops.matmul import matmul
from dualtape.ops.shape import broadcast_to, permute, reshape
from dualtape.testing import programs

from .lowering_graphs import graph_of, held

pytest.importorskip("llvmlite")


@pytest.fixture(params=[False, True], ids=["whole", "in parts"])
def parts(request, monkeypatch):
    """Some tests are run as if the program were too large for one function."""
    if request.param:
        monkeypatch.setattr(emission, "MOST", 1)
        monkeypatch.setattr(program, "MOST", 0)


def chooser(seed):
    """Random choices."""
    rng = np.random.default_rng(seed)
    return lambda n: int(rng.integers(n))


def gradients(made, xs):
    """The gradients of a program's loss by its real inputs."""
    real = tuple([k for k, x in enumerate(xs) if x.dtype.kind == "f"])
    return list(dt.grad(made.loss, real)(*xs)) if real else []


@pytest.mark.parametrize("seed", range(30))
def test_a_program_of_the_property_tests(seed):
    choose = chooser(seed)
    inputs = programs.random_inputs(choose)
    made = programs.random_program(choose, inputs)
    inputs = [np.array(x) for x in inputs]

    def both(*xs):
        xs = [wrap(Tensor, x) for x in xs]
        return [*made.pool(xs), made.loss(*xs), *gradients(made, xs)]

    try:
        graph = graph_of(both, *[Aval(x.shape, x.dtype) for x in inputs])
    except (
        TransformError,
        GraphError,
        TypeError,
    ):  # it asks for a number, or has structured control
        pytest.skip("not to be traced")
    if any(a.dtype.kind == "O" for a in graph.avals):
        pytest.skip("it closes over values of an inner transformation")
    held(graph, inputs, 1e-8)


UNARY = [
    arithmetic.neg, arithmetic.square, exponential.exp, trigonometric.sin, trigonometric.tanh,
    lambda x: exponential.sqrt(arithmetic.square(x) + 1), lambda x: select.clamp_p(x, low=-1, high=1.5),
]  # fmt: skip
BINARY = [
    arithmetic.add, arithmetic.sub, arithmetic.mul, select.maximum,
    lambda x, y: x / (arithmetic.square(y) + 1), lambda x, y: select.where(gt(x, y), x, y * 0.5),
]  # fmt: skip
SUMS = [reduce.sum, reduce.mean, extrema.amax, extrema.amin]


def step(choose, pool):
    """One more value made of those in the pool; None if the choice does not fit."""
    x = pool[-1 - choose(min(4, len(pool)))]
    s = tuple(x.shape)
    kind = choose(9)
    if kind < 2:
        return UNARY[choose(len(UNARY))](x)
    if kind < 5:
        y = pool[choose(len(pool))]
        try:
            np.broadcast_shapes(s, tuple(y.shape))
        except ValueError:
            return None
        return BINARY[choose(len(BINARY))](x, y)
    if kind < 7:
        if not s or 0 in s:
            return None
        axes = tuple([a for a in range(len(s)) if choose(2)]) or (len(s) - 1,)
        return SUMS[choose(4)](x, axes, bool(choose(2)))
    if kind == 7:
        how = choose(4)
        if how == 0:
            return permute(x, tuple(np.roll(range(len(s)), choose(3))))
        if how == 1:
            return reshape(x, (-1,)) if 0 not in s else None
        if how == 2 and len(s) == 2:
            return shape.slice_p(
                x, index=(slice(choose(2), None, 1 + choose(2)), slice(None, None, 1))
            )
        return broadcast_to(x, (2, *s)) if len(s) < 3 else None
    if len(s) == 2:
        return (
            matmul(x, permute(x, (1, 0)) if choose(2) else x) if s[0] == s[1] or choose(2) else None
        )
    return None


def body(seed, length):
    """A function that makes a random program, the same whenever it is called, and returns some of its values."""

    def f(*xs):
        choose = chooser(seed)
        pool = list(xs)
        for _ in range(length):
            try:
                new = step(choose, pool)
            except ValueError:  # sizes that do not fit
                new = None
            if new is not None and np.prod(new.shape, dtype=int) <= 20000:
                pool.append(new)
        return [pool[-1 - choose(len(pool))] for _ in range(4)] + [pool[-1]]

    return f


SHAPES = [((3,), (3,)), ((5, 7), (7,)), ((33, 20), (33, 1)), ((4, 130), (130,)), ((2, 3, 17), (3, 1)), ((), (9,)),
          ((64, 64), (64,)), ((1, 40), (40, 1)), ((0, 3), (3,)), ((3, 1000), (1000,)), ((1100, 5), (5,))]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("seed", range(22))
def test_a_program_of_maps_and_reductions(seed, dtype):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s).astype(dtype) for s in SHAPES[seed % len(SHAPES)]]
    graph = graph_of(body(seed, 14), *[Aval(x.shape, x.dtype) for x in arrays])
    if seed % 2:  # write inputs anew where a value fits
        pairs = [
            (v, next((o for o in graph.outputs if graph.avals[o] == graph.avals[v]), None))
            for v in graph.inputs
        ]
        pairs = tuple([(v, o) for v, o in pairs if o is not None])
        graph = check(dataclasses.replace(graph, updates=pairs))
    held(graph, arrays, 1e-9 if dtype == "float64" else 5e-4)
