"""Exponentials, logarithms, trigonometry and powers against PyTorch's: values and derivatives."""

import numpy as np
import pytest

from dualtape.core.tensor import Tensor
from dualtape.ops import arithmetic as a
from dualtape.ops import exponential as e
from dualtape.ops import fused
from dualtape.ops import trigonometric as t
from dualtape.ops.logistic import sigmoid

torch = pytest.importorskip("torch")

INF, NAN = np.inf, np.nan
EDGES = np.array([-INF, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, INF, NAN])
FIRST = np.array([INF, -INF, 0, -0.0, 0, 1, 2, -7, 7, -7, NAN, 1, NAN, 1, -1, 6, -2, -2, 1, INF])
SECOND = np.array([INF, INF, 0, 0, -0.0, 1, 0.5, 3, -3, -3, 1, NAN, NAN, 0, 0, 0.1, 3, 2, INF, 1])

# The primitive, the interval where it is smooth in the reals, whether it takes complex numbers.
UNARY = [
    (e.exp, -2, 2), (e.exp2, -2, 2), (e.expm1, -2, 2), (e.log, 0.1, 3), (e.log2, 0.1, 3),
    (e.log10, 0.1, 3), (e.log1p, -0.9, 3), (e.sqrt, 0.1, 3), (e.rsqrt, 0.1, 3), (t.sin, -4, 4),
    (t.cos, -4, 4), (t.tan, -1.2, 1.2), (t.asin, -0.9, 0.9), (t.acos, -0.9, 0.9), (t.atan, -3, 3),
    (t.sinh, -2, 2), (t.cosh, -2, 2), (t.tanh, -2, 2), (t.asinh, -3, 3), (t.acosh, 1.1, 3),
    (t.atanh, -0.9, 0.9), (t.sinc, -2.2, 2.1), (sigmoid, -4, 4), (a.reciprocal, 0.2, 3),
    (a.square, -2, 2),
]  # fmt: skip
REAL_ONLY = [(t.deg2rad, -200, 200), (t.rad2deg, -4, 4)]
NAMES = [p.name for p, *_ in UNARY + REAL_ONLY]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(("op", "low", "high"), UNARY + REAL_ONLY, ids=NAMES)
def test_unary(against_torch, rng, op, low, high, dtype):
    if dtype[0] == "c" and (op, low, high) in REAL_ONLY:
        return
    for shape in ((2, 3), (), (0, 2)):
        x = rng.uniform(low, high, shape)
        if dtype[0] == "c":
            x = x + 1j * rng.uniform(-0.7, 0.7, shape)
        # In half precision PyTorch rounds between the steps of a second derivative, and so do we.
        settings = {"order": 1, "tolerance": 1e-2} if dtype == "float16" else {}
        against_torch(op, getattr(torch, op.name), np.asarray(x, dtype), **settings)


@pytest.mark.parametrize(("op", "low", "high"), UNARY + REAL_ONLY, ids=NAMES)
def test_unary_at_the_edges(against_torch, op, low, high):
    # Below its domain PyTorch's acosh is NaN and has a slope none the less.
    x = EDGES[EDGES != -1] if op is t.acosh else EDGES
    against_torch(op, getattr(torch, op.name), x, order=1)
    against_torch(op, getattr(torch, op.name), x.astype("float32"), order=1)


BINARY = [e.logaddexp, e.logaddexp2, e.xlogy, t.atan2, t.hypot, a.add, a.sub, a.mul, a.div, a.pow]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("op", BINARY, ids=lambda p: p.name)
def test_binary(against_torch, rng, op, dtype):
    if dtype[0] == "c" and op in (e.logaddexp2, e.xlogy, t.atan2, t.hypot):
        return
    for shapes in (((2, 1), (3,)), ((), ()), ((0, 2), (2,)), ((2,), ())):
        x, y = (rng.uniform(0.3, 2, s) for s in shapes)
        if dtype[0] == "c":
            x, y = (v + 1j * rng.uniform(-1, 1, v.shape) for v in (x, y))
        against_torch(op, getattr(torch, op.name), x.astype(dtype), y.astype(dtype))


@pytest.mark.parametrize("op", BINARY, ids=lambda p: p.name)
def test_binary_at_the_edges(against_torch, op):
    against_torch(op, getattr(torch, op.name), FIRST, SECOND, order=1)


def test_xlog1py(against_torch, rng):
    against_torch(
        e.xlog1py, torch.special.xlog1py, rng.uniform(-2, 2, (2, 1)), rng.uniform(-0.5, 2, 3)
    )
    against_torch(e.xlog1py, torch.special.xlog1py, FIRST, SECOND, order=1)
    against_torch(
        e.xlog1py, torch.special.xlog1py, np.zeros(3), np.array([-1.0, -2.0, 3.0]), order=1
    )


def test_the_sum_of_two_infinitely_small_exponentials(against_torch):
    x = np.array([-INF, -INF, INF, INF, 1])
    y = np.array([-INF, 2, INF, -INF, -INF])
    for op in (e.logaddexp, e.logaddexp2):
        against_torch(op, getattr(torch, op.name), x, y, order=1)
    z = x[[1, 3, 4]] + 0.3j, y[[1, 3, 4]] + 0.1j
    against_torch(e.logaddexp, torch.logaddexp, *z, order=0)


def test_slopes_hold_where_the_squares_would_under_or_overflow():
    x, y = np.array([1e-200, 1e200]), np.array([1e-200, -1e200])
    slope = t.atan2.vjps[0].rule(np.ones(2), x, y)
    np.testing.assert_allclose(slope, [5e199, -5e-201])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, -1.5, 7])
def test_power(against_torch, rng, exponent):
    def both(x, **settings):
        against_torch(lambda v: a.power(v, exponent=exponent), lambda v: v**exponent, x, **settings)

    both(rng.uniform(0.2, 2, (2, 3)))
    both(rng.uniform(0.2, 2, (2, 3)).astype("float32"))
    both(rng.uniform(0.2, 2, (2, 3)) + 0.3j)
    both(np.array(0.7))
    both(EDGES, order=1)


@pytest.mark.parametrize("base", [0, 1, 2, 0.5, -2, 3.5])
def test_rpow(against_torch, rng, base):
    def both(x, **settings):
        against_torch(lambda v: a.rpow(v, base=base), lambda v: base**v, x, **settings)

    both(EDGES, order=1)
    both(EDGES.astype("float32"), order=1)
    if base > 0:
        both(rng.uniform(-2, 2, (2, 3)))
        both(rng.uniform(-2, 2, (2, 3)) + 0.3j)


def test_second_derivatives_of_powers_of_zero(against_torch):
    for n in (2, 3, 1, 0):
        against_torch(
            lambda v, n=n: a.power(v, exponent=n), lambda v, n=n: v**n, np.array([0.0, -0.0, -2.0])
        )
    against_torch(a.pow, torch.pow, np.zeros(2), np.array([2.0, 3.0]), wanted=[0])


@pytest.mark.parametrize("op", [a.remainder, a.fmod], ids=lambda p: p.name)
def test_remainders(against_torch, rng, op):
    f = getattr(torch, op.name)
    against_torch(op, f, rng.uniform(-5, 5, (4, 1)), rng.uniform(0.5, 2, 3) * np.array([1, -1, 1]))
    against_torch(op, f, FIRST, SECOND, order=1)
    against_torch(op, f, np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3]), order=0)
    against_torch(op, f, np.array([250, 7], "uint8"), np.array([9, 8], "uint8"), order=0)


@pytest.mark.parametrize("mode", [None, "floor", "trunc"])
def test_division(against_torch, mode):
    def both(x, y, **settings):
        against_torch(
            lambda u, v: a.divide(u, v, mode),
            lambda u, v: torch.div(u, v, rounding_mode=mode),
            x,
            y,
            **settings,
        )

    both(FIRST, SECOND, order=1)
    both(np.array([6.0, -1.0, 5.5], "float32"), np.array([0.1, 0.3, -1.1], "float32"), order=1)
    if mode is not None:
        both(np.array([7, -7, 7, -7, 6, 2**62 + 1]), np.array([2, 2, -2, -2, -3, 3]), order=0)
        both(np.array([-128, 127], "int8"), np.array([5, -5], "int8"), order=0)


def test_integer_powers(against_torch):
    x = np.array([2, 1, -1, 0, -1, 3, -2])
    against_torch(a.pow, torch.pow, x, np.array([-1, -2, -2, -1, -3, 4, 3]), order=0)
    against_torch(lambda v: a.power(v, exponent=3), lambda v: v**3, x, order=0)
    with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
        a.power.bind(_tensor([1, 2]), exponent=-1)


@pytest.mark.parametrize(
    "op", [a.floor_divide, a.div_floor, a.div_trunc, a.remainder, a.fmod], ids=lambda p: p.name
)
def test_an_integer_divided_by_zero_is_an_error(op):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        op(_tensor([1, 2]), _tensor([1, 0]))
    with pytest.raises(ZeroDivisionError):
        op(np.array([1, 2]), np.array([1, 0]))


def _tensor(values):
    return Tensor(np.array(values))


@pytest.mark.parametrize("value", [1, -0.5])
@pytest.mark.parametrize("name", ["addcmul", "addcdiv"])
def test_fused(against_torch, rng, name, value):
    x, y, z = rng.uniform(0.5, 2, (2, 1)), rng.uniform(-1, 1, 3), rng.uniform(0.5, 2, (2, 3))
    for dtype in ("float32", "float64", "complex128"):
        against_torch(
            lambda *v: getattr(fused, name)(*v, value),
            lambda *v: getattr(torch, name)(*v, value=value),
            *(v.astype(dtype) for v in (x, y, z)),
        )  # fmt: skip


def test_lerp(against_torch, rng):
    x, y, w = rng.uniform(-1, 1, (2, 1)), rng.uniform(-1, 1, 3), np.array([0.2, 0.8, 2.0])
    for dtype in ("float32", "float64", "complex128"):
        against_torch(fused.lerp, torch.lerp, *(v.astype(dtype) for v in (x, y, w)))
    for number in (0.0, 0.3, 0.5, 1.0, -2.0):
        against_torch(
            lambda u, v, n=number: fused.lerp(u, v, n),
            lambda u, v, n=number: torch.lerp(u, v, n),
            x,
            y,
        )
    against_torch(fused.lerp, torch.lerp, FIRST[:5], FIRST[:5] + 1, SECOND[:5], order=1)


def test_float_power(against_torch):
    x, y = np.array([1, 2, 3]), np.array([2, -1, 0])
    against_torch(fused.float_power, torch.float_power, x, y, order=0)
    against_torch(fused.float_power, torch.float_power, FIRST.astype("float32"), SECOND, order=1)
    against_torch(
        lambda v: fused.float_power(v, 1.5), lambda v: torch.float_power(v, 1.5), EDGES, order=1
    )
    against_torch(
        lambda v: fused.float_power(2, v), lambda v: torch.float_power(2, v), EDGES, order=1
    )
