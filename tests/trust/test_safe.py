"""Mask-safe gradients: the nine classic traps behind a `where`, in every direction and dialect."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch

# name: the function, where it is used, and a point at which it must not be
TRAPS = {
    "sqrt": (np.sqrt, lambda x: x > 0, 0.0),
    "log": (np.log, lambda x: x > 0, 0.0),
    "reciprocal": (lambda x: 1.0 / x, lambda x: x != 0, 0.0),
    "power": (lambda x: x**0.5, lambda x: x > 0, 0.0),
    "exp overflow": (np.exp, lambda x: x < 100, 1000.0),
    "sqrt(x*x)": (lambda x: np.sqrt(x * x), lambda x: x > 0, 0.0),
    "acos": (np.arccos, lambda x: x < 1, 1.0),
    "rsqrt": (lambda x: 1.0 / np.sqrt(x), lambda x: x > 0, 0.0),
    "x/|x|": (lambda x: x / np.abs(x), lambda x: x != 0, 0.0),
}


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


@pytest.fixture(params=TRAPS, ids=list(TRAPS))
def trap(request):
    f, condition, at = TRAPS[request.param]
    return lambda x: np.where(condition(x), f(x), 0.0 * x), at


def test_first_order_is_finite_and_equals_forward_mode(trap):
    f, at = trap
    assert dt.grad(f)(at) == dt.jvp(f, (at,), (1.0,))[1] == 0.0


def test_second_order(trap):
    f, at = trap
    forward_twice = dt.jvp(lambda x: dt.jvp(f, (x,), (1.0,))[1], (at,), (1.0,))[1]
    assert dt.grad(dt.grad(f))(at) == dt.hessian(f)(at) == forward_twice == 0.0
    assert dt.jvp(dt.grad(f), (at,), (1.0,))[1] == 0.0


def test_beside_points_where_it_is_used(trap):
    f, at = trap
    x = np.array([at, 0.25, 0.75])
    want = np.diag(dt.jacfwd(f)(x))
    assert np.isfinite(want).all()
    np.testing.assert_allclose(dt.grad(lambda x: np.sum(f(x)))(x), want)
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(x), want)
    np.testing.assert_allclose(np.diag(dt.jacrev(f)(x)), want)


def test_rows_behind_a_mask():
    """The norm of a row that is not used: its cotangent is one number for the whole row."""

    def f(x):
        lengths = np.sqrt(np.sum(x * x, axis=1))
        return np.sum(np.where(lengths > 0, lengths, 0.0))

    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(dt.grad(f)(x), [[0.6, 0.8], [0.0, 0.0]])


def test_parts_that_are_not_taken():
    def f(x):
        return np.sum(np.sqrt(x)[1:])

    np.testing.assert_allclose(dt.grad(f)(np.array([0.0, 4.0])), [0.0, 0.25])


def test_a_true_infinity_times_zero_is_not_hidden():
    """No mask, no help: 0 * inf is NaN, as everywhere."""
    assert np.isnan(dt.grad(lambda x: np.sqrt(x) ** 2)(0.0))


def test_the_risk_beneath_a_mask():
    """docs/safe_gradients.md: a cotangent that is zero by chance, beneath a mask, hides 0 * inf."""

    def f(x):
        return np.where(x >= 0, np.sqrt(x) ** 2, 0.0)  # is x, and the mask takes nothing away at 0

    assert dt.grad(f)(0.0) == 0.0
    with dt.safe_gradients(False):
        assert np.isnan(dt.grad(f)(0.0))


def test_off_for_native_code(trap):
    f, at = trap
    with dt.safe_gradients(False):
        unsafe = dt.grad(f)(at)
    assert np.isnan(unsafe)


def torch_trap(t):
    x = t.tensor([0.0, 4.0], requires_grad=True)
    y = t.where(x > 0, t.sqrt(x), t.zeros(2)).sum()
    return x, y


def test_pytorch_dialect_has_its_bits_until_asked():
    x, y = torch_trap(torch)
    y.backward()
    assert x.grad.isnan().tolist() == [True, False]
    x, y = torch_trap(torch)
    with dt.safe_gradients():
        y.backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_pytorch_dialect_like_the_real_one():
    real = pytest.importorskip("torch")
    x, y = torch_trap(real)
    y.backward()
    assert x.grad.isnan().tolist() == [True, False]


def test_second_order_in_the_pytorch_dialect():
    x, y = torch_trap(torch)
    with dt.safe_gradients():
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
    assert g.tolist() == [0.0, 0.25]
    np.testing.assert_allclose(h.numpy(), [0.0, -1 / 32])


def test_the_graph_is_freed_after_a_second_look():
    _, y = torch_trap(torch)
    with dt.safe_gradients():
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()


def test_tensorflow_dialect():
    x = tf.Variable([0.0, 4.0])  # with log, since the gradient of TensorFlow's sqrt is safe already

    def gradient():
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > 0, tf.math.log(x), 0.0))
        return tape.gradient(y, x).numpy()

    assert np.isnan(gradient()[0])
    with dt.safe_gradients():
        assert gradient().tolist() == [0.0, 0.25]


def test_no_second_pass_without_nan():
    """The cost is in what lies beneath a mask, and only where a NaN came out."""
    calls = []

    class Counted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            calls.append(1)
            return g * 2

    x = torch.tensor([1.0, 4.0], requires_grad=True)
    with dt.safe_gradients():
        torch.where(x > 0, torch.sqrt(Counted.apply(x)), x).sum().backward()
    assert len(calls) == 1


def test_anomaly_mode_looks_after_masks_too():
    """It stops at the first NaN, which a masked cotangent makes in the pass that is not looked after."""
    x, y = torch_trap(torch)
    with dt.safe_gradients(), torch.autograd.detect_anomaly():
        y.backward()
    assert x.grad.tolist() == [0.0, 0.25]


@pytest.mark.parametrize("exponent", [0.5, 1.3, 2.5])
def test_reverse_mode_over_itself_where_only_a_higher_derivative_is_infinite(exponent):
    def f(x):
        return np.where(x > 0, x**exponent, 0.0)

    def deep(x):
        return np.where(x > 0, np.sin(2.0 * x**exponent) * x, 0.0 * x)

    for g in (f, deep):
        for _ in range(3):
            g = dt.grad(g)
            assert g(0.0) == 0.0
    x = np.array([0.0, 1.0, -1.0])
    want = [0.0, exponent * (exponent - 1), 0.0]
    np.testing.assert_allclose(dt.vmap(dt.grad(dt.grad(f)))(x), want)
    np.testing.assert_allclose(dt.jit(dt.vmap(dt.grad(dt.grad(f))))(x), want)


def test_reverse_mode_over_itself_hides_nothing_that_a_chance_zero_leaves():
    f = lambda x: np.where(x > -1, np.sin(x) ** 2, 0.0)  # noqa: E731 - the cotangent of sin is 0
    assert dt.grad(dt.grad(f))(0.0) == 2.0
    f = lambda x: np.where(x > -1, np.sin(x) ** 3, 0.0)  # noqa: E731
    assert dt.grad(dt.grad(dt.grad(f)))(0.0) == 6.0
    f = lambda x: np.where(x >= 0, x**2.5, 0.0)  # noqa: E731 - the branch is taken
    assert dt.grad(dt.grad(dt.grad(f)))(0.0) == np.inf
