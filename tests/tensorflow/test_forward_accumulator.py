"""`tf.autodiff.ForwardAccumulator` with tapes and with itself."""

X, V = [1.0, 2.0, 3.0], [1.0, 0.5, -1.0]


def test_over_a_tape_and_under_one(tf, close):
    x, v = tf.constant(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3) * x[0]
        g = tape.gradient(y, x)
    close(accumulator.jvp(g), [-9, 18, 9])
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x**3 * x[0]
        slope = accumulator.jvp(y)
    close(tape.gradient(slope, x), [-9, 18, 9])


def test_nested(tf, close):
    x, v = tf.constant(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, v) as outer:
        with tf.autodiff.ForwardAccumulator(x, v) as inner:
            y = x**3
        slope = inner.jvp(y)
    close(outer.jvp(slope), [6, 3, 18])
    close(outer.jvp(y), [3, 6, -27])


def test_of_a_variable(tf, close):
    w, v = tf.Variable(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(w, v) as accumulator:
        y = w * w * tf.constant(X)
        with tf.GradientTape() as tape:
            z = tf.reduce_sum(w**3)
        g = tape.gradient(z, w)
    close(accumulator.jvp(y), [2, 4, -18])
    close(accumulator.jvp(g), [6, 6, -18])


def test_what_does_not_depend_on_the_primals(tf, close):
    x, v = tf.constant(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        y = v * 2.0
    assert accumulator.jvp(y) is None
    close(accumulator.jvp(y, unconnected_gradients="zero"), [0, 0, 0])
