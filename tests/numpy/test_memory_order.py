"""`order="A"` and `"K"`, which go by how an array lies in memory; `piecewise` and masked writes of batches."""

import warnings

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.errors import ConcreteError

R = np.random.default_rng(0).normal(size=(2, 3, 4))

ORDERED = [
    lambda x: x.T.ravel("K"),
    lambda x: x.T.flatten("A"),
    lambda x: np.ravel(x.T, order="A"),
    lambda x: x.T.reshape(6, 4, order="A"),
    lambda x: x.transpose(1, 0, 2).ravel("K"),
    lambda x: x.transpose(1, 0, 2).ravel("A"),
    lambda x: x.transpose(2, 0, 1).flatten("K"),
    lambda x: x[:, ::-1, ::2].ravel("K"),
    lambda x: x.transpose(1, 0, 2).copy().ravel("K"),
    lambda x: np.copy(x.transpose(1, 0, 2)).ravel("K"),
    lambda x: np.broadcast_to(x[0, 0], (5, 4)).ravel("K"),
    lambda x: np.exp(x.T).ravel("K"),
]


@pytest.mark.parametrize("f", ORDERED)
def test_the_order_in_memory_is_numpys(f):
    expected = f(R)
    weights = np.cos(np.arange(expected.size)).reshape(expected.shape)
    np.testing.assert_array_equal(dt.jvp(f, (R,), (R,))[0], expected)
    value, slope = dt.value_and_grad(lambda x: np.sum(f(x) * weights))(R)
    np.testing.assert_allclose(value, np.sum(expected * weights))
    along = (np.sum(f(R * (1 + 1e-6)) * weights) - np.sum(f(R * (1 - 1e-6)) * weights)) / 2e-6
    np.testing.assert_allclose(np.sum(slope * R), along, rtol=1e-7)


def test_a_batch_has_no_order_in_memory():
    for f in (lambda x: x.T.ravel("K"), lambda x: x.T.reshape(-1, order="A")):
        with pytest.raises(ConcreteError, match="goes by the layout in memory"):
            dt.vmap(f)(R)
    np.testing.assert_array_equal(dt.vmap(lambda x: x[0].ravel("K"))(R), R[:, 0])
    with pytest.warns(UserWarning, match="layout in memory"):  # and runs eagerly
        np.testing.assert_array_equal(dt.jit(lambda x: x.T.ravel("K"))(R), R.T.ravel("K"))


@pytest.mark.parametrize("around", [dt.vmap, lambda f: dt.vmap(dt.jit(f))])
def test_piecewise_with_conditions_of_a_batch(around):
    def f(x):
        return np.piecewise(x, [x < 0, x > 0.5], [lambda t: t**2, np.sin, lambda t: 3 * t])

    x = R[0]
    np.testing.assert_allclose(around(f)(x), f(x))
    slope = dt.vmap(dt.grad(lambda row: np.sum(f(row))))(x)
    np.testing.assert_allclose(slope, dt.grad(lambda x: np.sum(f(x)))(x))


def masked(x):
    y = x * 1.0
    y[y < 0] = 0.0
    y[np.sum(x, axis=1) > 0.5] = x[0, 0] * 2
    return np.sum(y**3)


def test_one_value_is_written_where_a_batched_or_traced_mask_says():
    rows = np.stack([dt.grad(masked)(r) for r in R])
    np.testing.assert_allclose(dt.vmap(masked)(R), [masked(r) for r in R])
    np.testing.assert_allclose(dt.vmap(dt.grad(masked))(R), rows)
    np.testing.assert_allclose(dt.vmap(dt.hessian(masked))(R)[1], dt.hessian(masked)(R[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that it does not compile
        np.testing.assert_allclose(dt.jit(dt.grad(masked))(R[0]), rows[0])

    def several(x):
        y = x * 1.0
        y[y > 0] = np.ones(3)
        return y

    with pytest.raises(ConcreteError, match="a mask as an index"):
        dt.vmap(several)(R)
