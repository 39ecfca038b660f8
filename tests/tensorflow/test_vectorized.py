"""Whole batches at once: `vectorized_map`, and Jacobians of tapes in one pass or row by row."""

import numpy as np
import pytest

from dualtape.core import modes

X = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("at_once", [True, False])
def test_jacobians(tf, close, at_once):
    x, v = tf.constant(X), tf.Variable([1.0, 2.0, 3.0])

    def jacobian(f, *xs, **options):
        with tf.GradientTape(persistent=True) as tape:
            for a in xs:
                tape.watch(a)
            y = f(*xs)
        return tape.jacobian(y, list(xs), experimental_use_pfor=at_once, **options)

    (j,) = jacobian(lambda x: tf.reduce_sum(x**2, 1), x)
    close(j, [[[2, 4, 6], [0, 0, 0]], [[0, 0, 0], [8, 10, 12]]])
    (j,) = jacobian(lambda v: v * tf.reduce_sum(v), v)
    close(j, [[7, 1, 1], [2, 8, 2], [3, 3, 9]])
    (j,) = jacobian(lambda v: tf.gather(v, [0, 2, 0]) ** 2, v)
    close(j, [[2, 0, 0], [0, 0, 6], [2, 0, 0]])
    j, none = jacobian(lambda x, c: x * 2.0, x[0], tf.constant(1.0))
    close(j, 2 * np.eye(3))
    assert none is None
    _, zero = jacobian(lambda x, c: x * 2.0, x[0], tf.constant(1.0), unconnected_gradients="zero")
    close(zero, [0, 0, 0])


@pytest.mark.parametrize("at_once", [True, False])
def test_batch_jacobian_hessian_and_gradient_of_a_jacobian(tf, close, at_once):
    x = tf.constant(X)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**2 * tf.reduce_sum(x, 1, keepdims=True)
    own = tape.batch_jacobian(y, x, experimental_use_pfor=at_once)
    whole = tape.jacobian(y, x, experimental_use_pfor=at_once)
    close(own, [np.asarray(whole)[i, :, i] for i in range(2)])

    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(x**3)
        g = inner.gradient(y, x)
    h = outer.jacobian(g, x, experimental_use_pfor=at_once)
    close(tf.reshape(h, (6, 6)), np.diag(6 * np.ravel(X)))

    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = x**3
        total = tf.reduce_sum(inner.jacobian(y, x, experimental_use_pfor=at_once))
    close(outer.gradient(total, x), 6 * np.array(X))


def test_a_custom_gradient_in_a_jacobian(tf, close):
    @tf.custom_gradient
    def square(x):
        return x * x, lambda dy: dy * 10.0 * x

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = square(x)
    close(tape.jacobian(y, x), [[10, 0], [0, 20]])


def test_a_custom_gradient_that_asks_for_numbers_goes_row_by_row(dt, close):
    @dt.custom_gradient
    def f(x):
        return x * 2.0, lambda dy: dy * (2.0 if float(dt.reduce_sum(dy).numpy()) > 0 else 0.0)

    x = dt.constant([1.0, 2.0])
    with dt.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    close(tape.jacobian(y, x), [[2, 0], [0, 2]])


def test_vectorized_map(tf, close):
    x, v = tf.constant(X), tf.Variable([1.0, 2.0, 3.0])
    close(tf.vectorized_map(lambda a: tf.reduce_sum(a**2), x), [14, 77])
    close(tf.vectorized_map(lambda a: tf.tensordot(a, v, 1), x), [14, 32])
    close(tf.vectorized_map(lambda a: tf.constant(1.0), x), [1, 1])
    close(tf.vectorized_map(lambda ab: ab[0] + ab[1], (x, tf.ones((1, 3)))), np.add(X, 1))
    double, nested = tf.vectorized_map(
        lambda ab: (ab[0] * 2, {"s": ab[0] + ab[1]}), (x, tf.constant([1.0, 2.0]))
    )
    close(double, np.multiply(X, 2))
    close(nested["s"], np.add(X, [[1], [2]]))
    close(tf.vectorized_map(lambda a: tf.where(a > 2.0, a, -a), x), [[-1, -2, 3], [4, 5, 6]])
    close(
        tf.vectorized_map(lambda a: tf.cond(tf.reduce_sum(a) > 7.0, lambda: a, lambda: -a), x),
        [[-1, -2, -3], [4, 5, 6]],
    )
    draws = np.asarray(tf.vectorized_map(lambda a: tf.random.normal((2,)), x))
    assert draws.shape == (2, 2)
    assert (draws[0] != draws[1]).any()


def test_vectorized_map_and_tapes(tf, close):
    x, v = tf.constant(X), tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.vectorized_map(lambda a: tf.reduce_sum(a * v) ** 2, x)
    close(tape.gradient(y, v), [284, 376, 468])

    def own(a):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(a * v) ** 2
        return tape.gradient(y, v)

    want = 2 * np.array([[14.0], [32.0]]) * X
    close(tf.vectorized_map(own, x), want)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.vectorized_map(own, x))
    close(tape.gradient(y, v), [2 * sum(sum(r) * r[k] for r in X) for k in range(3)])

    def watched(a):
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = tf.reduce_sum(a**3)
        return tape.gradient(y, a)

    close(tf.vectorized_map(watched, x), 3 * np.square(X))
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = tf.vectorized_map(lambda a: tf.reduce_sum(a**2), x)
    close(accumulator.jvp(y), [12, 30])


def test_vectorized_map_errors(dt):
    x = dt.constant(X)
    with pytest.raises(ValueError, match="same length"):
        dt.vectorized_map(lambda ab: ab[0], (x, dt.ones((3, 3))))
    with pytest.raises(ValueError, match="scalar"):
        dt.vectorized_map(lambda a: a, dt.constant(1.0))
    with pytest.raises(RuntimeError, match="random operation"):
        dt.vectorized_map(lambda a: dt.random.normal((2,)), x, fallback_to_while_loop=False)

    def fails(a):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        dt.vectorized_map(fails, x)
    assert modes.depth() == 0
