"""`tf.function`: variables, tapes and Python side effects beside TensorFlow's rules."""

import numpy as np
import pytest

import dualtape.tensorflow as tf

X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=5).astype(np.float32)


def compiled(f):
    """Whether the last call of a function was a program's."""
    return f._compiled._history[-1].program is not None


def test_a_training_step_updates_variables():
    def train(decorate):
        w, b = tf.Variable([1.0, 2.0]), tf.Variable(0.5)

        @decorate
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((tf.linalg.matvec(x, w) + b - y) ** 2)
            gw, gb = tape.gradient(loss, [w, b])
            w.assign_sub(0.1 * gw)
            b.assign_sub(0.1 * gb)
            return loss

        losses = [float(step(tf.constant(X), tf.constant(Y))) for _ in range(4)]
        return losses, w.numpy(), b.numpy(), step

    losses, w, b, _ = train(lambda f: f)
    got, w2, b2, step = train(tf.function)
    np.testing.assert_allclose(got, losses, rtol=1e-5)
    np.testing.assert_allclose(w2, w, rtol=1e-5)
    np.testing.assert_allclose(b2, b, rtol=1e-5)
    assert len(step._compiled._history) == 1
    assert compiled(step)


def test_a_variable_assigned_outside_is_seen_and_what_was_read_keeps_its_value():
    w = tf.Variable([1.0, 2.0])
    f = tf.function(lambda x: x * w)
    add = tf.function(lambda: w.assign_add([1.0, 1.0]))
    assert f(tf.constant([1.0, 1.0])).numpy().tolist() == [1.0, 2.0]
    w.assign([5.0, 6.0])
    assert f(tf.constant([1.0, 1.0])).numpy().tolist() == [5.0, 6.0]
    before = w.read_value()
    for _ in range(3):
        add()
    assert before.numpy().tolist() == [5.0, 6.0]
    assert w.numpy().tolist() == [8.0, 9.0]


def test_a_tape_around_a_function_sees_its_operations():
    w = tf.Variable(3.0)
    f = tf.function(lambda x: x * w * w)
    f(tf.constant(1.0))
    with tf.GradientTape() as tape:
        y = f(tf.constant(2.0))
    assert float(tape.gradient(y, w)) == 12.0


def test_python_side_effects_happen_when_the_function_is_traced():
    seen = []

    @tf.function
    def f(x):
        seen.append(x.shape)
        return x + 1.0

    for _ in range(3):
        f(tf.ones(2))
    f(tf.ones(3))
    assert len(seen) == 2


def test_variables_are_made_at_the_first_call():
    class Layer(tf.Module):
        def __init__(self):
            self.w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(tf.ones([2]) * 3.0)
            return x * self.w

    layer = Layer()
    for _ in range(3):
        assert layer(tf.constant([1.0, 2.0])).numpy().tolist() == [3.0, 6.0]
    layer.w.assign([1.0, 1.0])
    assert layer(tf.constant([1.0, 2.0])).numpy().tolist() == [1.0, 2.0]


def test_numbers_are_guarded_and_tensors_are_not():
    f = tf.function(lambda x, n: x * n)
    assert [float(f(tf.constant(2.0), n)) for n in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert f.experimental_get_tracing_count() == 3
    assert [float(f(tf.constant(2.0), tf.constant(n))) for n in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert f.experimental_get_tracing_count() == 4


def test_run_functions_eagerly():
    w = tf.Variable(1.0)
    f = tf.function(lambda: w.assign_add(1.0))
    tf.config.run_functions_eagerly(True)
    try:
        f()
        assert f._compiled is None
    finally:
        tf.config.run_functions_eagerly(False)
    f()
    assert float(w) == 3.0


@pytest.mark.parametrize("seed", [None, 3])
def test_random_numbers_differ_from_call_to_call(seed):
    f = tf.function(lambda: tf.random.normal([4], seed=seed))
    a, b = f().numpy(), f().numpy()
    assert (a != b).any()


def test_code_can_ask_whether_it_is_traced():
    seen = []

    @tf.function
    def f(x):
        seen.append(
            (
                tf.executing_eagerly(),
                tf.inside_function(),
                tf.is_symbolic_tensor(x),
                tf.get_static_value(x),
            )
        )
        return x + 1.0

    f(tf.constant(1.0))
    f(tf.constant(2.0))
    assert seen == [(False, True, True, None)]
    assert tf.executing_eagerly()
    assert not tf.inside_function()


@pytest.mark.parametrize(
    ("f", "args", "text"),
    [
        (lambda x, y: x // y, ([7, -8], [2, 0]), "Integer division by zero"),
        (lambda x, y: x % y, ([7, -8], [2, 0]), "Integer division by zero"),
        (tf.truncatemod, ([7, -8], [2, 0]), "Integer division by zero"),
        (lambda x, y: x**y, ([7, -8], [2, -1]), "negative integer powers"),
        (tf.gather, ([7, -8], [2, 0]), "is not in"),
        (lambda x, y: x[y[0]], ([7, -8], [2, 0]), "slice index 2"),
    ],
)
def test_what_operations_refuse_is_tensorflows_error(f, args, text):
    g = tf.function(f)
    x, y = map(tf.constant, args)
    good = tf.constant([1, 1])
    np.testing.assert_array_equal(g(x, good), f(x, good))
    for h in (f, g, g):
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            h(x, y)
    assert compiled(g)


def test_shifts_and_evenly_spaced_numbers_are_compiled():
    f = tf.function(lambda i: tf.bitwise.left_shift(i, i) ^ tf.bitwise.invert(i))
    x = tf.constant([1, 2, 3])
    np.testing.assert_array_equal(f(x), (np.arange(1, 4) << np.arange(1, 4)) ^ ~np.arange(1, 4))
    assert compiled(f)
    g = tf.function(lambda x: tf.linspace(x[0], x[1], 5))
    np.testing.assert_allclose(g(tf.constant([1.0, 3.0])), np.linspace(1, 3, 5))
    assert compiled(g)


def test_a_matrix_without_a_factor_has_one_of_nan():
    x = tf.stack([tf.eye(2), -tf.eye(2), 4 * tf.eye(2)])
    f = tf.function(tf.linalg.cholesky)
    expected = [[[1, 0], [0, 1]], [[np.nan, 0], [np.nan, np.nan]], [[2, 0], [0, 2]]]
    for g in (tf.linalg.cholesky, f, f):
        np.testing.assert_array_equal(g(x), expected)
    assert compiled(f)
