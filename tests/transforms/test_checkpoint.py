"""`checkpoint`: what it forgets, what it must find again, and what it refuses."""

import gc
import weakref

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.errors import InplaceError, TransformError

X = np.array([0.3, 0.5, -0.2])


def test_intermediate_results_are_not_kept():
    class Marked(np.ndarray):
        pass

    alive = []

    def f(x):
        y = np.sin(x)
        z = np.exp(y)
        alive.append(weakref.ref(getattr(y, "value", y)))
        return z * y

    def kept(f):
        alive.clear()
        out, pull = dt.vjp(f, X)
        gc.collect()
        return alive[0]() is not None, pull(out)[0]

    plain, want = kept(f)
    checkpointed, got = kept(dt.checkpoint(f))
    assert plain
    assert not checkpointed
    np.testing.assert_array_equal(got, want)


def test_how_often_the_function_runs():
    runs = []

    def f(x):
        runs.append(1)
        return np.sum(np.sin(x) ** 3)

    g = dt.checkpoint(f)
    g(X)
    dt.jvp(g, (X,), (X,))
    assert len(runs) == 2
    dt.grad(g)(X)
    assert len(runs) == 4
    _, pull = dt.vjp(g, X)
    pull(1.0)
    pull(2.0)
    assert len(runs) == 7
    dt.hessian(g)(X)
    assert len(runs) == 9


def test_a_policy_keeps_what_it_names():
    seen = set()

    def policy(name, shape, dtype):
        seen.add((name, shape, dtype.name))
        return True

    runs = []

    def f(x):
        runs.append(1)
        return np.sum(np.sin(x) * np.exp(x))

    np.testing.assert_array_equal(dt.grad(dt.checkpoint(f, policy))(X), dt.grad(f)(X))
    assert len(runs) == 2
    assert {("sin", (3,), "float64"), ("exp", (3,), "float64"), (None, (3,), "float64")} <= seen


def test_closed_over_weights_under_vmap_that_has_ended():
    xs = np.array([[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]])

    def loss(w, wrap):
        return np.sum(dt.vmap(lambda x: wrap(lambda x: np.tanh(x * w) * w)(x))(xs))

    for transform in (dt.grad, dt.hessian):
        got = transform(lambda w: loss(w, dt.checkpoint))(X)
        np.testing.assert_allclose(got, transform(lambda w: loss(w, lambda f: f))(X), rtol=1e-12)


def test_random_numbers_are_drawn_again():
    import dualtape.torch as torch

    def f(x):
        return x * torch.rand(3) * x

    grads = []
    for wrap in (dt.checkpoint, lambda f: f):
        torch.manual_seed(0)
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        wrap(lambda x: f(f(x)))(x).sum().backward()
        grads.append((x.grad.tolist(), torch.rand(1).item()))
    assert grads[0] == grads[1]

    noisy = dt.checkpoint(lambda x: np.sum(np.sin(x) ** 2 * np.random.random(3)))
    np.random.seed(1)
    noise = np.random.random(3)
    np.random.seed(1)
    np.testing.assert_allclose(dt.grad(noisy)(X), np.sin(2 * X) * noise)


def test_a_function_that_changes_is_refused():
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(np.sin(x) if len(calls) == 1 else np.sin(np.exp(x)))

    with pytest.raises(TransformError, match="the function computed something else"):
        dt.grad(dt.checkpoint(f))(X)


def test_a_generator_that_has_moved_on_does_not_give_another_functions_gradient():
    rng = np.random.default_rng(0)

    def noisy(x):
        return {"loss": x * x * rng.normal(size=3), "name": "noise"}

    def loss(x):
        return np.sum(dt.checkpoint(lambda x: noisy(x)["loss"])(x))

    with pytest.raises(TransformError, match="returned other numbers"):
        dt.grad(loss)(X)
    with pytest.raises(TransformError, match="returned other numbers"):
        dt.vmap(dt.grad(loss))(np.stack([X, X]))

    def made_inside(x):
        return np.sum(x * x * np.random.default_rng(0).normal(size=3))

    want = 2 * X * np.random.default_rng(0).normal(size=3)
    np.testing.assert_allclose(dt.grad(dt.checkpoint(made_inside))(X), want)
    assert np.isnan(dt.grad(dt.checkpoint(lambda x: np.sum(x * x) * np.nan))(X)).all()


def test_an_argument_written_to_in_between_is_refused():
    import dualtape.torch as torch

    w = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.tensor([3.0, 4.0])
    out = dt.checkpoint(lambda w, x: torch.sin(w * x))(w, x).sum()
    x.mul_(2)
    with pytest.raises(InplaceError, match="written to in place"):
        out.backward()
