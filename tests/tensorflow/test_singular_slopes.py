"""Derivatives at singular points, for the cotangents 0 and 1, beside the real TensorFlow."""

import numpy as np
import pytest

import dualtape.tensorflow as tf

POINTS = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 1000.0, np.inf, -np.inf], np.float32)
ONE = (
    "sqrt", "rsqrt", "reciprocal", "log", "log1p", "acos", "asin", "atan", "acosh", "asinh", "atanh", "tan", "erf", "erfinv",
    "sigmoid", "softplus", "abs", "square", "reciprocal_no_nan", "lgamma", "digamma",
)  # fmt: skip
TWO = ("divide_no_nan", "multiply_no_nan", "xdivy", "xlogy", "xlog1py", "atan2", "pow", "divide")
X, Y = (
    v.ravel().astype(np.float32)
    for v in np.meshgrid([0.0, 1.0, -1.0, 2.0, np.inf, -0.5], [0.0, 1.0, -1.0, 2.0, np.inf, 0.5])
)


def gradients(m, name, operands, cotangent):
    xs = [m.constant(x) for x in operands]
    with m.GradientTape() as tape:
        tape.watch(xs)
        y = getattr(m.math, name)(*xs)
    ct = m.constant(np.full(operands[0].shape, cotangent, np.float32))
    return [g.numpy() for g in tape.gradient(y, xs, output_gradients=ct)]


@pytest.mark.parametrize("cotangent", [0.0, 1.0])
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_beside_tensorflow(name, cotangent):
    real = pytest.importorskip("tensorflow")
    operands = (POINTS,) if name in ONE else (X, Y)
    want = gradients(real, name, operands, cotangent)
    for ours, theirs in zip(gradients(tf, name, operands, cotangent), want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_cotangent_of_zero_is_an_operand_like_others():
    """The zeros that a slope keeps are no constants: the way through the cotangent is differentiated."""
    x = tf.constant([4.0])
    ct = tf.constant([0.0])
    for f, slope in ((tf.sqrt, 0.25), (tf.math.rsqrt, -0.0625), (tf.math.reciprocal, -0.0625)):
        with tf.GradientTape() as outer:
            outer.watch(ct)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            g = inner.gradient(y, x, output_gradients=ct)
        np.testing.assert_allclose(outer.gradient(g, ct).numpy(), [slope])


def test_products_and_quotients_without_nan_go_through_vectorized_map():
    x, y = tf.constant([np.inf, 3.0, 0.0]), tf.constant([0.0, 2.0, 0.0])
    product = tf.vectorized_map(lambda p: tf.math.multiply_no_nan(*p), (x, y))
    assert product.numpy().tolist() == [0.0, 6.0, 0.0]
    quotient = tf.vectorized_map(lambda p: tf.math.xdivy(*p), (y, y))
    assert quotient.numpy().tolist() == [0.0, 1.0, 0.0]
