"""`tf.custom_gradient` and its relatives."""

import pytest


def test_the_gradient_is_what_the_function_says(tf, close):
    @tf.custom_gradient
    def f(x):
        return x * x, lambda up: up * 10.0

    w = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = f(w) * 2.0
    close(y, 18.0)
    close(tape.gradient(y, w), 20.0)


def test_several_inputs_and_outputs(tf, close):
    @tf.custom_gradient
    def f(x, y):
        return (x * x, y * y), lambda a, b: (a * 10.0, b * 3.0)

    u, v = tf.Variable(2.0), tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        a, b = f(u, v)
        y = a + tf.reduce_sum(b)
    du, dv = tape.gradient(y, [u, v])
    close(du, 10.0)
    close(dv, [3.0, 3.0])


def test_second_derivative_through_the_gradient(tf, close):
    @tf.custom_gradient
    def cube(x):
        return x**3, lambda up: up * 3.0 * x**2

    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = cube(x)
        g = inner.gradient(y, x)
    close(g, 12.0)
    close(outer.gradient(g, x), 12.0)


def test_the_gradients_of_variables(tf, close):
    w = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(up, variables=None):
            assert [v is w for v in variables] == [True]
            return up * 10.0, [up * 7.0]

        return x * w, grad

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    dx, dw = tape.gradient(y, [x, w])
    close(dx, 10.0)
    close(dw, 7.0)


def test_variables_without_a_place_for_their_gradients(tf):
    w = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        return x * w, lambda up: up * 10.0

    with tf.GradientTape(), pytest.raises(TypeError, match="variables"):
        f(tf.constant(1.0))


def test_numbers_as_arguments(tf, close):
    @tf.custom_gradient
    def f(x):
        return x * x, lambda up: up

    close(f(3.0), 9.0)


def test_none_as_a_gradient(tf, close):
    @tf.custom_gradient
    def f(x, y):
        return x * y, lambda up: (None, up)

    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = f(a, b)
    da, db = tape.gradient(y, [a, b])
    assert da is None
    close(db, 1.0)


def test_the_wrong_number_of_gradients(tf):
    @tf.custom_gradient
    def f(x, y):
        return x * y, lambda up: up

    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = f(a, b)
    with pytest.raises(ValueError, match="custom_gradient function expected to return 2 gradients"):
        tape.gradient(y, [a, b])


def test_a_gradient_of_the_wrong_shape_is_an_error(dt):
    """TensorFlow hands it on; whatever it is added to is then wrong."""

    @dt.custom_gradient
    def f(x):
        return x**3, lambda up: dt.ones([3])

    w = dt.Variable(2.0)
    with dt.GradientTape() as tape:
        y = f(w)
    with pytest.raises(ValueError, match="shape"):
        tape.gradient(y, w)


def test_keyword_arguments(tf, close):
    @tf.custom_gradient
    def f(x, *, k=1.0):
        return x * k, lambda up: up * k * 100.0

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = f(w, k=5.0)
    close(tape.gradient(y, w), 500.0)


def test_clipping_gradients_on_their_way(tf, close):
    @tf.custom_gradient
    def clipped(x):
        return tf.identity(x), lambda up: tf.clip_by_norm(up, 1.0)

    v = tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(clipped(v) ** 2)
    close(tape.gradient(y, v), [0.6, 0.8])


def test_recompute_and_pass_through(tf, close):
    w = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        again = tf.recompute_grad(lambda x: x**3)(w)
        passed = tf.grad_pass_through(lambda x: x**3)(w)
    close(tape.gradient(again, w), 12.0)
    close(passed, 8.0)
    close(tape.gradient(passed, w), 1.0)


# --- forward accumulation -----------------------------------------------------------------------


def test_forward_accumulator(tf, close):
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
        y = tf.reduce_sum(x**3)
    close(acc.jvp(y), 3.0)
    assert acc.jvp(tf.constant(1.0)) is None
    close(acc.jvp(tf.constant(1.0), unconnected_gradients=tf.UnconnectedGradients.ZERO), 0.0)


def test_forward_over_reverse(tf, close):
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 0.0, 0.0])) as acc:
        with tf.GradientTape() as tape:
            y = tf.reduce_prod(v)
        g = tape.gradient(y, v)
    close(acc.jvp(g), [0.0, 3.0, 2.0])


def test_reverse_over_forward(tf, close):
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        with tf.autodiff.ForwardAccumulator(w, tf.constant(1.0)) as acc:
            y = w**3
        d = acc.jvp(y)
    close(d, 12.0)
    close(tape.gradient(d, w), 12.0)


def test_a_tangent_of_another_shape(dt):
    v = dt.Variable([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"[Ss]hape"):
        dt.autodiff.ForwardAccumulator(v, dt.constant([1.0, 0.0]))
