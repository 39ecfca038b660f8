"""Running sums, extrema and log-sum-exps, differences and integrals against PyTorch's."""

import numpy as np
import pytest

from dualtape.core.errors import ShapeError
from dualtape.ops import products
from dualtape.ops import scan as s

torch = pytest.importorskip("torch")
inf, nan = np.inf, np.nan


def draw(rng, shape, dtype):
    a = rng.standard_normal(shape)
    return np.asarray(a + 1j * rng.standard_normal(shape) if dtype.startswith("c") else a, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp"])
def test_running(against_torch, rng, name, axis, dtype):
    f = getattr(products if name == "cumprod" else s, name)
    for shape in ((3, 4, 2), (2, 1, 0)):
        against_torch(
            lambda x: f(x, axis), lambda x: getattr(torch, name)(x, axis), draw(rng, shape, dtype)
        )


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"])
def test_running_over_a_scalar(against_torch, name):
    f = getattr(products if name == "cumprod" else s, name)
    g = getattr(torch, name)
    against_torch(
        lambda x: f(x, 0),
        lambda x: tuple(g(x, 0)) if name[:4] == "cumm" else g(x, 0),
        np.array(2.0),
    )
    with pytest.raises(IndexError, match="Dimension out of range"):
        f(np.array(2.0), 1)


def test_running_sums_are_accumulated_in_double():
    x = np.full(200_000, 0.1, np.float32)
    assert s.cumsum(x)[-1] == np.float32(20_000)
    x = np.full(100_000, 1 + 1e-6, np.float32)
    np.testing.assert_allclose(products.cumprod(x)[-1], float(x[0]) ** 100_000, rtol=1e-6)


@pytest.mark.parametrize(
    "x", [[1000.0, 1.0, -1000.0], [-inf, 1.0, 2.0], [-inf, -inf], [1.0, nan, 2.0]]
)
def test_logcumsumexp_extremes(against_torch, x):
    against_torch(s.logcumsumexp, lambda x: x.logcumsumexp(-1), np.array(x), order=1)


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 3.0, 3.0, 2.0],
        [1.0, nan, 3.0, nan],
        [inf, 1.0, inf, -inf],
        [nan, nan],
        [-inf, -inf],
        [3.0, 1.0, 2.0, 1.0],
    ],
)
def test_running_extrema_of_rows(against_torch, x):
    against_torch(s.cummax, lambda x: tuple(x.cummax(-1)), np.array(x))
    against_torch(s.cummin, lambda x: tuple(x.cummin(-1)), np.array(x))


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64"])
@pytest.mark.parametrize("axis", [0, 1])
def test_running_extrema(against_torch, rng, axis, dtype):
    x = rng.integers(-3, 3, (4, 5)).astype(dtype)
    order = 2 if dtype[0] == "f" else 0
    against_torch(lambda x: s.cummax(x, axis), lambda x: tuple(x.cummax(axis)), x, order=order)
    against_torch(lambda x: s.cummin(x, axis), lambda x: tuple(x.cummin(axis)), x, order=order)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
@pytest.mark.parametrize("axis", [0, -1])
def test_diff(against_torch, rng, n, axis):
    x, before = rng.standard_normal((3, 3)), rng.standard_normal((3, 1) if axis else (1, 3))
    against_torch(lambda x: s.diff(x, n, axis), lambda x: torch.diff(x, n, axis), x)
    against_torch(
        lambda x, b: s.diff(x, n, axis, b, b), lambda x, b: torch.diff(x, n, axis, b, b), x, before
    )


def test_diff_of_booleans_and_errors(against_torch):
    x = np.array([True, False, False])
    against_torch(s.diff, torch.diff, x, order=0)
    with pytest.raises(ShapeError, match="diff expects input to be at least one-dimensional"):
        s.diff(np.array(1.0))
    with pytest.raises(ShapeError, match="order must be non-negative but got -1"):
        s.diff(x, -1)
    with pytest.raises(ShapeError, match="prepend or append to be the same dimension"):
        s.diff(np.ones(3), prepend=np.ones((1, 1)))


@pytest.mark.parametrize("name", ["trapezoid", "cumulative_trapezoid"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_trapezoid(against_torch, rng, name, axis):
    f, g = getattr(s, name), getattr(torch, name)
    y = rng.standard_normal((3, 4))
    against_torch(lambda y: f(y, axis=axis), lambda y: g(y, dim=axis), y)
    against_torch(lambda y: f(y, dx=0.3, axis=axis), lambda y: g(y, dx=0.3, dim=axis), y)
    against_torch(lambda y, x: f(y, x, axis=axis), lambda y, x: g(y, x, dim=axis), y, y + 1)
    against_torch(
        lambda y, x: f(y, x, axis=axis),
        lambda y, x: g(y, x, dim=axis),
        y,
        rng.uniform(size=y.shape[axis]),
    )
    against_torch(f, g, y[:, :1])


def test_trapezoid_errors():
    with pytest.raises(ShapeError, match="There must be one `x` value for each sample point"):
        s.trapezoid(np.ones(3), np.ones(4))
    with pytest.raises(IndexError, match="has no dimensions"):
        s.trapezoid(np.array(1.0))
