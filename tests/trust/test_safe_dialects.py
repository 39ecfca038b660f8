"""Mask-safe gradients in the dialects: each trap finite when asked, and the framework's own values when not."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch


def math_of(m):
    """Where a library has its rarer functions; PyTorch's `math` is Python's own."""
    return m.math if hasattr(m, "GradientTape") else m


# name: the function of a library and its operand, where it is used, and a point at which it must not be
TRAPS = {
    "sqrt": (lambda m, x: m.sqrt(x), lambda x: x > 0, 0.0),
    "log": (lambda m, x: math_of(m).log(x), lambda x: x > 0, 0.0),
    "reciprocal": (lambda m, x: 1.0 / x, lambda x: x != 0, 0.0),
    "power": (lambda m, x: x**0.5, lambda x: x > 0, 0.0),
    "exp overflow": (lambda m, x: m.exp(x), lambda x: x < 80, 1000.0),
    "sqrt(x*x)": (lambda m, x: m.sqrt(x * x), lambda x: x > 0, 0.0),
    "acos": (lambda m, x: m.acos(x), lambda x: x < 1, 1.0),
    "rsqrt": (lambda m, x: math_of(m).rsqrt(x), lambda x: x > 0, 0.0),
    "x/|x|": (lambda m, x: x / m.abs(x), lambda x: x != 0, 0.0),
}


@pytest.fixture(params=TRAPS, ids=list(TRAPS))
def trap(request):
    f, condition, at = TRAPS[request.param]
    return lambda m: lambda x: m.where(condition(x), f(m, x), 0.0 * x), [at, 0.25, 0.75]


def through_torch(m, f, point):
    """The first and the second derivative of the sum of `f`."""
    x = m.tensor(point, requires_grad=True)
    (g,) = m.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return g.detach().numpy(), h.numpy()


def through_tensorflow(m, f, point):
    x = m.constant(point)
    with m.GradientTape() as outer:
        outer.watch(x)
        with m.GradientTape() as inner:
            inner.watch(x)
            y = m.reduce_sum(f(x))
        g = inner.gradient(y, x)
    return g.numpy(), outer.gradient(g, x).numpy()


def test_safe_in_pytorch(trap):
    masked, point = trap
    f = masked(torch)
    with dt.safe_gradients():
        first, second = through_torch(torch, f, point)
    x, one = torch.tensor(point), torch.ones(3)
    once = lambda x: torch.func.jvp(f, (x,), (one,))[1]  # noqa: E731
    assert np.isfinite(first).all()
    assert np.isfinite(second).all()
    np.testing.assert_allclose(first, once(x).numpy(), rtol=1e-5)
    forward_twice = torch.func.jvp(once, (x,), (one,))[1].numpy()
    np.testing.assert_allclose(second, forward_twice, rtol=1e-5, atol=1e-6)


def test_safe_in_tensorflow(trap):
    masked, point = trap
    f = masked(tf)
    with dt.safe_gradients():
        first, second = through_tensorflow(tf, f, point)
    x, one = tf.constant(point), tf.ones(3)
    with (
        tf.autodiff.ForwardAccumulator(x, one) as outer,
        tf.autodiff.ForwardAccumulator(x, one) as inner,
    ):
        once = inner.jvp(f(x))
    assert np.isfinite(first).all()
    assert np.isfinite(second).all()
    np.testing.assert_allclose(first, once.numpy(), rtol=1e-5)
    np.testing.assert_allclose(second, outer.jvp(once).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("safe", [False, None], ids=["off", "by default"])
def test_unasked_pytorch_has_its_own(trap, safe):
    real = pytest.importorskip("torch")
    masked, point = trap
    want = through_torch(real, masked(real), point)
    if safe is None:
        got = through_torch(torch, masked(torch), point)
    else:
        with dt.safe_gradients(safe):
            got = through_torch(torch, masked(torch), point)
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)  # NaN where they have NaN


def test_unasked_tensorflow_has_its_own(trap):
    real = pytest.importorskip("tensorflow")
    masked, point = trap
    want = through_tensorflow(real, masked(real), point)
    for ours, theirs in zip(through_tensorflow(tf, masked(tf), point), want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
