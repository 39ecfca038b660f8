"""A primitive without a batching rule: vmap runs it example by example and says so, once."""

import warnings

import numpy as np
import pytest

import dualtape as dt
from dualtape.core import batching
from dualtape.core.kinds import general
from dualtape.ops.trigonometric import cos


def primitive(name):
    return general(
        name, lambda x: np.sin(x) * 2, aval=lambda x: x, jvp=lambda d, x: d * cos(x) * 2, vjp=lambda d, x: d * cos(x) * 2
    )  # fmt: skip


def test_one_warning_names_it_and_the_result_is_right():
    p = primitive("nameless_sine")
    xs = np.arange(6.0).reshape(3, 2)
    with pytest.warns(UserWarning, match="nameless_sine on one example after the other") as told:
        got, again = dt.vmap(p)(xs), dt.vmap(p, in_axes=1, out_axes=1)(xs.T)
    assert len(told) == 1
    assert told[0].filename == __file__
    np.testing.assert_allclose(got, 2 * np.sin(xs))
    np.testing.assert_allclose(again, 2 * np.sin(xs).T)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nested = dt.vmap(dt.vmap(lambda x: dt.numpy.sum(p(x))))(np.stack([xs, -xs]))
    np.testing.assert_allclose(nested, np.sum(2 * np.sin(np.stack([xs, -xs])), -1))


def test_derivatives_go_through():
    p = primitive("nameless_sine_too")
    batching._slow.add("nameless_sine_too")
    xs = np.arange(6.0).reshape(3, 2)
    got = dt.vmap(dt.grad(lambda x: dt.numpy.sum(p(x))))(xs)
    np.testing.assert_allclose(got, 2 * np.cos(xs))
    through = dt.grad(lambda xs: dt.numpy.sum(dt.vmap(lambda x: p(x))(xs)))(xs)
    np.testing.assert_allclose(through, 2 * np.cos(xs))


def test_an_empty_batch_is_refused():
    p = primitive("nameless_sine_of_nothing")
    with pytest.raises(RuntimeError, match="over an empty axis of nameless_sine_of_nothing"):
        dt.vmap(p)(np.ones((0, 2)))
