"""`tf.function`: calls the Python function, its options honoured."""

import numpy as np
import pytest


def test_calls(tf, close):
    @tf.function
    def f(x, y=2.0):
        return x * y

    close(f(tf.constant(3.0)), 6.0)
    close(f(tf.constant(3.0), y=tf.constant(5.0)), 15.0)
    close(f(np.float32(2.0)), 4.0)


def test_differentiated_from_outside(tf, close):
    w = tf.Variable(3.0)

    @tf.function
    def f(x):
        return w * x * x

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    dx, dw = tape.gradient(y, [x, w])
    close(dx, 12.0)
    close(dw, 4.0)


def test_a_tape_inside(tf, close):
    w = tf.Variable(3.0)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = w * w
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    close(step(), 9.0)
    close(w, 2.4)


def test_gradients_inside(tf, close):
    @tf.function
    def f(x):
        return tf.gradients(x**3, x)

    close(f(tf.constant(2.0))[0], 12.0)


def test_gradients_outside_is_refused(tf):
    x = tf.constant(2.0)
    with pytest.raises(RuntimeError, match=r"tf.gradients is not supported when eager execution"):
        tf.gradients(x * x, x)


def test_control_flow_of_tensors(tf, close):
    @tf.function
    def f(x):
        total = tf.constant(0.0)
        while total < 10.0:
            total += x
        if total > 11.0:
            return -total
        return total

    close(f(tf.constant(4.0)), -12.0)
    close(f(tf.constant(5.0)), 10.0)


def test_methods(tf, close):
    class Model:
        def __init__(self):
            self.w = tf.Variable(2.0)

        @tf.function
        def apply(self, x):
            return self.w * x

    model = Model()
    close(model.apply(tf.constant(3.0)), 6.0)


def test_input_signature(tf, close):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def f(x):
        return x * 2.0

    close(f(tf.constant([1.0, 2.0])), [2.0, 4.0])
    close(f([1, 2]), [2.0, 4.0])
    with pytest.raises(TypeError):
        f(tf.constant([[1.0]]))


def test_concrete_function(tf, close):
    @tf.function
    def f(x):
        return x * 2.0

    g = f.get_concrete_function(tf.TensorSpec([2], tf.float32))
    close(g(tf.constant([1.0, 2.0])), [2.0, 4.0])


def test_tracing_count(tf):
    @tf.function
    def f(x):
        return x * 2

    for value in (1.0, 2.0):
        f(tf.constant(value))
    assert f.experimental_get_tracing_count() == 1
    f(tf.constant([1.0, 2.0]))
    assert f.experimental_get_tracing_count() == 2


def test_python_function_and_name(tf):
    def f(x):
        """Twice x."""
        return x * 2

    g = tf.function(f)
    assert g.python_function is f
    assert g.__name__ == "f"
    assert g.__doc__ == "Twice x."


def test_run_functions_eagerly(tf):
    tf.config.run_functions_eagerly(True)
    try:
        assert tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)
    assert not tf.config.functions_run_eagerly()


# --- functions that take functions --------------------------------------------------------------


def test_while_loop_and_cond(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        _, y = tf.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (tf.constant(0), x * 1.0)
        )
        z = tf.cond(y > 100.0, lambda: y, lambda: y * 2.0)
    close(z, 32.0)
    close(tape.gradient(z, x), 64.0)


def test_map_scan_fold(tf, close):
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        a = tf.map_fn(lambda v: v * v, x)
        b = tf.scan(lambda s, v: s + v, x)
        c = tf.foldl(lambda s, v: s * v, x)
        d = tf.vectorized_map(lambda v: v * 3.0, x)
    close(a, [1.0, 4.0, 9.0])
    close(b, [1.0, 3.0, 6.0])
    close(c, 6.0)
    close(d, [3.0, 6.0, 9.0])
    close(tape.gradient(a, x), [2.0, 4.0, 6.0])
    close(tape.gradient(b, x), [3.0, 2.0, 1.0])
    close(tape.gradient(c, x), [6.0, 3.0, 2.0])


def test_tensor_array(tf, close):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        array = tf.TensorArray(tf.float32, size=3)
        for i in range(3):
            array = array.write(i, x ** float(i))
        y = tf.reduce_sum(array.stack())
    close(y, 7.0)
    close(tape.gradient(y, x), 5.0)


def test_numpy_function(tf, close):
    close(tf.numpy_function(lambda v: v * 2, [tf.constant([1.0, 2.0])], tf.float32), [2.0, 4.0])
