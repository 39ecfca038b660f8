"""What vmap makes of control flow: masked examples, and what does not leak from them."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.core import modes
from dualtape.core.errors import DtypeError, ShapeError, StructureError


def descend(x, w):
    """Leaves its domain as soon as a finished example goes on: the root of a negative number."""
    return dt.while_loop(lambda y: y > 0.5, lambda y: y - w * np.sqrt(y - 0.5), x)


XS = np.array([0.2, 0.9, 3.0, 0.5])


def test_no_nan_leaks_from_examples_that_are_done():
    w = 0.7
    want = sum(dt.grad(lambda w, x=x: descend(x, w))(w) for x in XS)
    got = dt.grad(lambda w: np.sum(dt.vmap(lambda x: descend(x, w))(XS)))(w)
    np.testing.assert_allclose(got, want)
    slopes = dt.jvp(lambda w: dt.vmap(lambda x: descend(x, w))(XS), (w,), (1.0,))[1]
    np.testing.assert_allclose(np.sum(slopes), want)
    each = dt.vmap(dt.grad(descend, argnums=(0, 1)), in_axes=(0, None))(XS, w)
    alone = [dt.grad(descend, argnums=(0, 1))(x, w) for x in XS]
    np.testing.assert_allclose(np.stack(each, 1), np.array(alone), rtol=1e-12)


def test_no_nan_leaks_from_a_branch_that_was_not_taken():
    def f(x, w):
        return dt.cond(x > 0, lambda x: np.log(x) * w, lambda x: w * np.sqrt(-x) / x, x)

    xs = np.array([1.0, -2.0, 0.5])
    want = np.array([dt.grad(f, argnums=1)(x, 0.3) for x in xs])
    got = dt.grad(lambda w: np.sum(dt.vmap(lambda x: f(x, w))(xs)))(0.3)
    np.testing.assert_allclose(got, want.sum())


def test_a_branch_that_no_example_takes_does_not_run():
    def fails(x):
        raise AssertionError("not wanted")

    np.testing.assert_array_equal(dt.vmap(lambda x: dt.cond(x > 0, np.square, fails, x))(XS), XS**2)


def test_nested_batches_take_their_own_branches():
    def f(x, y):
        return dt.cond(x > y, lambda x, y: np.sqrt(x - y), lambda x, y: y - x, x, y)

    got = dt.vmap(lambda x: dt.vmap(lambda y: f(x, y))(XS))(XS)
    np.testing.assert_allclose(got, [[f(x, y) for y in XS] for x in XS])
    slopes = dt.vmap(lambda x: dt.vmap(lambda y: dt.grad(f)(x, y))(XS))(XS)
    np.testing.assert_allclose(slopes, [[dt.grad(f)(x, y) for y in XS] for x in XS])


def test_messages_name_the_leaf_and_the_types():
    with pytest.raises(
        ShapeError, match=r"carried value\[1\]\['h'\] was float64\[2\](.|\n)*float64\[3\]"
    ):
        dt.scan(lambda c, x: ((c[0], {"h": np.ones(3)}), x), (0.0, {"h": np.ones(2)}), np.ones(4))
    with pytest.raises(DtypeError, match=r"was int64\[\](.|\n)*returned float64\[\]"):
        dt.while_loop(lambda c: c < 3, lambda c: c + 0.5, np.array(1))
    with pytest.raises(StructureError, match="while_loop"):
        dt.while_loop(lambda c: c[0] < 3, lambda c: c[0], (1.0, 2.0))
    with pytest.raises(ShapeError, match="predicate must be a scalar"):
        dt.cond(np.ones(2) > 0, np.sin, np.cos, 1.0)
    with pytest.raises(TypeError, match="bounds must be integers"):
        dt.fori_loop(0, 3.0, lambda i, x: x, 1.0)
    with pytest.raises(ShapeError, match="results must be alike"):
        dt.vmap(lambda x: dt.cond(x > 1, lambda: np.ones(2), lambda: np.ones(3)))(XS)
    with pytest.raises(StructureError, match="return \\(value, output\\)"):
        dt.scan(lambda c, x: c, 0.0, XS)


def test_torch_tensors_keep_their_class():
    import dualtape.torch as torch

    t = torch.tensor(2.0, requires_grad=True)
    dt.while_loop(lambda y: y < 100, lambda y: y * y, t).backward()
    assert t.grad.item() == 1024.0
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    last, products = dt.scan(lambda c, e: (c * e, c + e), torch.tensor(1.0), x)
    assert type(products) is torch.Tensor
    (last + products.sum()).backward()
    assert x.grad.tolist() == [5.0, 3.0]


def test_stop_gradient_stops_every_mode_and_level():
    stop = dt.stop_gradient
    assert dt.grad(lambda x: x * stop(x))(3.0) == 3.0
    assert dt.jvp(lambda x: x * stop({"a": x, "b": "text"})["a"], (3.0,), (1.0,))[1] == 3.0
    assert dt.jet(lambda x: x * stop(x), (3.0,), ([1.0, 0.0],))[1] == [3.0, 0.0]
    assert dt.grad(lambda x: dt.grad(lambda y: x * y * stop(x * y))(3.0))(2.0) == 6.0
    np.testing.assert_array_equal(dt.vmap(dt.grad(lambda x: x * stop(x * x)))(XS), XS * XS)
    assert dt.linearize(lambda x: x * stop(x), 3.0)[1](1.0) == 3.0
    assert stop(3) == 3
    assert modes.depth() == 0
