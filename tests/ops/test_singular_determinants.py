"""The determinant's derivatives at singular matrices: those of a polynomial, to the third."""

import math

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.errors import MissingRuleError

RNG = np.random.default_rng(0)


def directional(transform, f, v, order):
    for _ in range(order):
        f = transform(f, v)
    return f


def reverse(f, v):
    return lambda x: np.sum(dt.grad(f)(x) * v)


def forward(f, v):
    return lambda x: dt.jvp(f, (x,), (v,))[1]


def polynomial(x, v, order):
    """The derivative of det(x + t v) by t at 0."""
    n = len(x)
    ts = np.linspace(-1, 1, n + 1)
    c = np.polyfit(ts, [np.linalg.det(x + t * v) for t in ts], n)[::-1]
    return c[order] * math.factorial(order) if order <= n else 0.0


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize(
    ("n", "rank"), [(2, 1), (3, 2), (3, 1), (3, 0), (3, 3), (4, 2), (5, 3), (5, 1)]
)
def test_three_orders(n, rank, complex_):
    def normal(*shape):
        return RNG.normal(size=shape) + (1j * RNG.normal(size=shape) if complex_ else 0.0)

    x, v = normal(n, rank) @ normal(rank, n), normal(n, n)
    for order in (1, 2, 3):
        want = polynomial(x, v, order)
        scale = max(1.0, abs(want))
        got = directional(forward, np.linalg.det, v, order)(x)
        np.testing.assert_allclose(got / scale, want / scale, atol=1e-9)
        if not complex_:
            got = directional(reverse, np.linalg.det, v, order)(x)
            np.testing.assert_allclose(got / scale, want / scale, atol=1e-9)
        _, terms = dt.jet(np.linalg.det, (x,), ([v] + [0 * v] * (order - 1),))
        np.testing.assert_allclose(terms[-1] / scale, want / scale, atol=1e-9)


def test_a_batch_in_which_one_is_singular():
    x = np.stack([RNG.normal(size=(3, 3)), np.ones((3, 3))])
    v = RNG.normal(size=(2, 3, 3))
    want = [polynomial(a, d, 3) for a, d in zip(x, v, strict=True)]
    got = dt.vmap(lambda x, v: directional(forward, np.linalg.det, v, 3)(x))(x, v)
    np.testing.assert_allclose(got, want, atol=1e-9)
    got = dt.vmap(lambda x, v: directional(reverse, np.linalg.det, v, 3)(x))(x, v)
    np.testing.assert_allclose(got, want, atol=1e-9)


def test_the_fourth_order_says_that_it_is_missing():
    x, v = np.outer([1.0, 2.0, 3.0], [1.0, 0.5, 2.0]), RNG.normal(size=(3, 3))
    with pytest.raises(MissingRuleError, match="cofactor_curve"):
        directional(reverse, np.linalg.det, v, 4)(x)
    regular = x + np.eye(3)
    np.testing.assert_allclose(directional(reverse, np.linalg.det, v, 4)(regular), 0.0, atol=1e-8)
