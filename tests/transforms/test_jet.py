"""`jet` beside JAX's, its cost, and its errors."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.modes import next_order

X = np.array([0.3, 0.7])
TERMS = [np.random.default_rng(k).normal(size=2) for k in range(6)]

FUNCTIONS = {
    "elementary": lambda m, x: m.exp(m.sin(x)) * m.tanh(x) / (1 + x * x) + m.log(x) ** 3,
    "matrices": lambda m, x: m.outer(x, m.exp(x)) @ x,
    "choice": lambda m, x: m.where(x > 0.5, m.maximum(x, 0.6) ** 3, m.abs(x) * m.sqrt(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_beside_jax(name):
    scaled = name != "choice"
    jax = pytest.importorskip("jax")
    from jax.experimental.jet import jet

    f = FUNCTIONS[name]
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        want = jet(lambda x: f(jax.numpy, x), (X,), (TERMS,), factorial_scaled=scaled)
    finally:
        jax.config.update("jax_enable_x64", before)
    got = dt.jet(lambda x: f(np, x), (X,), (TERMS,), factorial_scaled=scaled)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
    for g, w in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-9)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sin(np.exp(np.sin(x) * x)) / (1 + x),
        lambda x: x**2.5 + np.sqrt(x),
        lambda x: np.arctan2(x, x * x) + np.hypot(x, 2.0),
        lambda x: np.logaddexp(x, x * x),
    ],
)
def test_order_k_costs_k_squared(f):
    def operations(order):
        found = []

        def g(x):
            before = next_order()
            dt.jet(f, (x,), ([x] + [0 * x] * (order - 1),))
            found.append(before - next_order())
            return x

        dt.grad(g)(0.5)  # recorded, so that the clock counts the operations
        return found[0]

    assert operations(16) < 4.6 * operations(8)


def test_powers_at_zero():
    _, terms = dt.jet(lambda x: x**2.5, (0.0,), ([1.0, 0.0],))
    assert [float(t) for t in terms] == [0.0, 0.0]
    _, terms = dt.jet(lambda x: x**3, (0.0,), ([1.0, 0.0, 0.0],))
    assert [float(t) for t in terms] == [0.0, 0.0, 6.0]


def test_levels_are_not_confused():
    inner = lambda x: dt.jet(lambda y: x * y, (1.0,), ([1.0],))[1][0]  # noqa: E731
    assert dt.jet(lambda x: x * inner(x), (3.0,), ([1.0, 0.0],))[1] == [6.0, 2.0]
    assert dt.grad(lambda x: x * dt.jet(lambda y: x + y, (1.0,), ([1.0],))[1][0])(1.0) == 1.0


def test_trees_and_what_does_not_depend():
    value, terms = dt.jet(
        lambda p, y: {"a": p["u"] * y, "b": np.ones(2)},
        ({"u": 2.0}, 3.0),
        ([{"u": 1.0}, {"u": 0.0}], [1.0, 0.0]),
    )
    assert value["a"] == 6.0
    assert terms["a"] == [5.0, 2.0]
    np.testing.assert_array_equal(terms["b"], np.zeros((2, 2)))


def test_errors():
    with pytest.raises(ValueError, match="same length"):
        dt.jet(np.multiply, (1.0, 2.0), ([1.0], [1.0, 0.0]))
    with pytest.raises(ValueError, match="2 primals but 1 series"):
        dt.jet(np.multiply, (1.0, 2.0), ([1.0],))
    with pytest.raises(ValueError, match="its primal's shape"):
        dt.jet(np.sin, (1.0,), ([np.ones(2)],))
    with pytest.raises(TypeError, match="no derivatives"):
        dt.jet(np.sin, (1,), ([1.0],))
