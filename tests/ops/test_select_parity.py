"""Choices, comparisons, signs and roundings against PyTorch's: values and derivatives."""

import numpy as np
import pytest

from dualtape.core.errors import DtypeError
from dualtape.core.tensor import Tensor
from dualtape.ops import compare as c
from dualtape.ops import numbers as n
from dualtape.ops import select as s
from dualtape.ops.exponential import log

torch = pytest.importorskip("torch")

INF, NAN = np.inf, np.nan
EDGES = np.array([-INF, -3.0, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 3.0, 6.0, INF, NAN])
FIRST = np.array([INF, -INF, 0, -0.0, 0, 1, 2, -7, 7, -7, NAN, 1, NAN, 1, -1, 6, -2, -2, 1, INF])
SECOND = np.array([INF, INF, 0, 0, -0.0, 1, 0.5, 3, -3, -3, 1, NAN, NAN, 0, 0, 0.1, 3, 2, INF, 1])
DTYPES = ["float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin", "copysign"])
def test_pairs(against_torch, name, dtype):
    ours = getattr(s, name, None) or getattr(n, name)
    # The derivative of copysign at an infinity is inf/inf in PyTorch; it is 1 or -1.
    finite = np.isfinite(FIRST) if name == "copysign" else np.ones(FIRST.shape, bool)
    x, y = FIRST[finite].astype(dtype), SECOND[finite].astype(dtype)
    order = 1 if name == "copysign" else 2  # PyTorch differentiates a quotient that is constant
    against_torch(ours, getattr(torch, name), x, y, order=order)
    against_torch(ours, getattr(torch, name), x[:, None], y[:3], order=order)
    against_torch(ours, getattr(torch, name), x[5], y[5], order=order)
    against_torch(ours, getattr(torch, name), x[:0], y[:1], order=order)


def test_an_infinite_cotangent_stays_out_of_the_branch_not_taken(against_torch):
    x = np.array([-1.0, 0.5])
    against_torch(
        lambda v: log(s.maximum(v, np.zeros(2))),
        lambda v: v.maximum(torch.zeros(2).double()).log(),
        x,
        order=1,
    )
    against_torch(lambda v: log(s.clamp(v, 0)), lambda v: v.clamp(0).log(), x, order=1)


@pytest.mark.parametrize("dtype", [*DTYPES, "complex64", "complex128", "int64"])
@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3),) * 3,
        ((3,), (2, 1), ()),
        ((), (), ()),
        ((0, 2), (2,), (0, 2)),
        ((50, 60), (60,), (50, 1)),
    ],
)
def test_where(against_torch, rng, shapes, dtype):
    condition = rng.uniform(size=shapes[0]) < 0.5
    x, y = (np.asarray(10 * rng.standard_normal(v), dtype) for v in shapes[1:])
    against_torch(s.where, torch.where, condition, x, y, order=0 if dtype == "int64" else 2)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "complex64", "complex128", "int8", "int64", "bool"]
)
@pytest.mark.parametrize("size", [3, 5000])
def test_choices_of_every_width(rng, size, dtype):
    m = rng.uniform(size=size) < 0.5
    x, y = (np.asarray(20 * rng.standard_normal(size), dtype) for _ in range(2))
    if x.dtype.kind == "f":
        x[::3], y[1::3] = NAN, INF
    np.testing.assert_array_equal(s.where(m, x, y), np.where(m, x, y))
    np.testing.assert_array_equal(s.where(m, x[::-1], y[0]), np.where(m, x[::-1], y[0]))
    np.testing.assert_array_equal(s.where(m, x[0], y[0]), np.where(m, x[0], y[0]))
    np.testing.assert_array_equal(s.keep(m, x), np.where(m, x, np.zeros_like(x)))
    np.testing.assert_array_equal(s.keep(m, x[1]), np.where(m, x[1], np.zeros_like(x)))
    assert s.keep(m, x).dtype == s.where(m, x, y).dtype == x.dtype


@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((2, 3), (2, 1)), ((), ()), ((0, 3), (3,))])
def test_masked_fill(against_torch, rng, shapes):
    x, mask = rng.standard_normal(shapes[0]), rng.uniform(size=shapes[1]) < 0.5
    against_torch(s.masked_fill, torch.masked_fill, x, mask, np.array(2.5))


@pytest.mark.parametrize("bounds", [(-1, 1), (None, 1.0), (-1.0, None), (1, -1), (0.5, 0.5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_clamp_by_numbers(against_torch, bounds, dtype):
    for x in (EDGES, EDGES[3], EDGES[:0]):
        against_torch(
            lambda v: s.clamp(v, *bounds), lambda v: torch.clamp(v, *bounds), np.asarray(x, dtype)
        )


def test_clamp_by_values(against_torch):
    x = np.array([3.0, -4.0, 0.5, -2.0, 1.0, NAN, 1.0, 1.0, 0.0, 5.0])
    low = np.array([0.0, -1.0, 2.0, -2.0, 1.0, 0.0, NAN, 0.0, 1.0, 1.0])
    high = np.array([2.0, 5.0, 1.0, -2.0, 1.0, 1.0, 2.0, NAN, 1.0, 1.0])
    against_torch(s.clamp, torch.clamp, x, low, high)
    against_torch(lambda v, m: s.clamp(v, low=m), lambda v, m: torch.clamp(v, min=m), x, low)
    against_torch(lambda v, m: s.clamp(v, high=m), lambda v, m: torch.clamp(v, max=m), x, high)
    with pytest.raises(RuntimeError, match="At least one of 'min' or 'max' must not be None"):
        s.clamp(x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "settings", [{}, {"nan": 2.0}, {"posinf": 5.0}, {"neginf": -5.0, "nan": -1.0}]
)
def test_nan_to_num(against_torch, settings, dtype):
    against_torch(
        lambda v: s.nan_to_num(v, **settings),
        lambda v: torch.nan_to_num(v, **settings),
        EDGES.astype(dtype),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["floor", "ceil", "trunc", "round", "frac", "sign", "abs", "angle"]
)
def test_parts(against_torch, name, dtype):
    ours = n.abs_ if name == "abs" else getattr(n, name)
    for x in (EDGES, EDGES[4], EDGES[:0]):
        against_torch(ours, getattr(torch, name), np.asarray(x, dtype))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", ["abs", "sgn", "angle"])
def test_complex_parts(against_torch, name, dtype):
    ours = n.abs_ if name == "abs" else getattr(n, name)
    x = np.array([1 + 2j, 3, -2j, -1 + 0.5j, -0.3 - 2j], dtype)
    against_torch(ours, getattr(torch, name), x)
    against_torch(ours, getattr(torch, name), np.array([0, 1e-15], dtype), order=1)
    against_torch(ours, getattr(torch, name), x[0])


@pytest.mark.parametrize("decimals", [0, 1, 3, -1])
def test_round_decimals(against_torch, decimals):
    x = np.array([2.567, -1.235, 0.5, 15.0, -25.0, 1234.5678, INF, NAN])
    for dtype in ("float32", "float64"):
        against_torch(
            lambda v: n.round(v, decimals),
            lambda v: torch.round(v, decimals=decimals),
            x.astype(dtype),
        )


def test_sgn_of_real_numbers(against_torch):
    against_torch(n.sgn, torch.sgn, EDGES, order=0)
    x = Tensor(EDGES)
    x.require_grad()
    assert not n.sgn(x).edge.pullback(np.ones(EDGES.shape), (x.edge,), False)[0].any()


def test_signs_of_integers(against_torch):
    x = np.array([-3, 0, 7])
    for ours, theirs in (
        (n.sign, torch.sign),
        (n.abs_, torch.abs),
        (n.floor, torch.floor),
        (c.signbit, torch.signbit),
    ):
        against_torch(ours, theirs, x, order=0)
        against_torch(ours, theirs, x.astype("int8"), order=0)
    against_torch(n.sign, torch.sign, np.array([0, 200], "uint8"), order=0)


def test_exponents(against_torch, rng):
    x, y = rng.standard_normal((2, 1)), rng.standard_normal(3)
    against_torch(n.ldexp, torch.ldexp, x, y)
    against_torch(n.ldexp, torch.ldexp, FIRST, SECOND, order=1)
    against_torch(lambda v: n.frexp(v)[0], lambda v: torch.frexp(v)[0], EDGES)
    against_torch(lambda v: n.frexp(v)[1], lambda v: torch.frexp(v)[1], EDGES[1:-2], order=0)
    against_torch(n.nextafter, torch.nextafter, FIRST, SECOND, order=1)
    against_torch(n.heaviside, torch.heaviside, FIRST, SECOND, order=0)


PAIRWISE = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]


@pytest.mark.parametrize("name", PAIRWISE)
def test_comparisons(against_torch, name):
    for dtype in ("float32", "float64", "float16"):
        against_torch(
            getattr(c, name),
            getattr(torch, name),
            FIRST.astype(dtype),
            SECOND.astype(dtype),
            order=0,
        )
    against_torch(
        getattr(c, name), getattr(torch, name), np.array([1, 0, 3]), np.array([[1], [2]]), order=0
    )
    against_torch(getattr(c, name), getattr(torch, name), np.float32(1), np.float32(2), order=0)
    z = np.array([1 + 1j, 0, 2]), np.array([1 + 1j, 1j, NAN])
    if name in ("eq", "ne", "logical_and", "logical_or", "logical_xor"):
        against_torch(getattr(c, name), getattr(torch, name), *z, order=0)
    else:
        with pytest.raises(RuntimeError, match=f'"{name}" not implemented for'):
            getattr(c, name)(*map(Tensor, z))


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_complex_numbers_have_no_order(name):
    with pytest.raises(DtypeError, match=name):
        getattr(s, name)(np.array([1j]), np.array([1.0]))


PREDICATES = ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "logical_not"]


@pytest.mark.parametrize("name", PREDICATES)
def test_predicates(against_torch, name):
    for dtype in (*DTYPES, "int32", "bool"):
        x = EDGES[1:10] if dtype in ("int32", "bool") else EDGES
        against_torch(getattr(c, name), getattr(torch, name), x.astype(dtype), order=0)


BITS = {"bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or", "bitwise_xor": "bitwise_xor",
        "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift",
        "gcd": "gcd", "lcm": "lcm"}  # fmt: skip


@pytest.mark.parametrize("name", BITS)
def test_bits(against_torch, name):
    x, y = np.array([1, 12, -4, 0, 1, -1]), np.array([3, 8, 6, 0, 64, 63])
    for dtype in ("int64", "int32"):
        against_torch(
            getattr(c, name), getattr(torch, BITS[name]), x.astype(dtype), y.astype(dtype), order=0
        )
    with pytest.raises(TypeError):
        getattr(c, name)(Tensor(np.array([1.0])), Tensor(np.array([2.0])))


def test_bitwise_not(against_torch):
    against_torch(c.bitwise_not, torch.bitwise_not, np.array([0, 5, -7]), order=0)
    against_torch(c.bitwise_not, torch.bitwise_not, np.array([True, False]), order=0)


@pytest.mark.parametrize(
    "settings", [{}, {"equal_nan": True}, {"rtol": 0.3, "atol": 0.0}, {"rtol": 0, "atol": 0}]
)
def test_isclose(against_torch, settings):
    def both(x, y):
        against_torch(
            lambda u, v: c.isclose(u, v, **settings),
            lambda u, v: torch.isclose(u, v, **settings),
            x,
            y,
            order=0,
        )

    both(FIRST, SECOND)
    both(np.array([1.0, 1.1, 1e-9, 5], "float32"), np.array([1 + 1e-6, 1.0, 0, 4], "float32"))
    both(np.array([1, 10, 7]), np.array([1, 11, 20]))
    both(np.array([1 + 1j, 2, NAN]), np.array([1 + 1.0000001j, 2j, NAN]))
    with pytest.raises(
        RuntimeError, match="rtol must be greater than or equal to zero, but got -1"
    ):
        c.isclose(FIRST, SECOND, rtol=-1)
