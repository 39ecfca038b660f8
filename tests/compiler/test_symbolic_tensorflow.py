"""`tf.function` for any batch size: `reduce_retracing`, lengths of None in a signature, and TensorFlow's count of traces."""

import warnings

import numpy as np
import pytest

import dualtape.tensorflow as tf

SHAPES = [(2, 3), (2, 3), (4, 3), (5, 3), (1, 3), (7, 3), (0, 3), (2, 3)]
# What TensorFlow 2.21 counts (and prints while tracing) after each call.
COUNTED = {
    "default": ({}, SHAPES, [1, 1, 2, 3, 4, 5, 6, 6]),
    "reduce": ({"reduce_retracing": True}, SHAPES, [1, 1, 2, 2, 2, 2, 2, 2]),
    "relax": ({"experimental_relax_shapes": True}, SHAPES, [1, 1, 2, 2, 2, 2, 2, 2]),
    "signature": ({"input_signature": [tf.TensorSpec([None, 3])]}, SHAPES, [1] * 8),
    "two axes": (
        {"reduce_retracing": True},
        [(2, 3), (4, 3), (4, 5), (6, 7), (2, 3)],
        [1, 2, 3, 3, 3],
    ),
    "ranks": ({"reduce_retracing": True}, [(2, 3), (4,), (4, 5), (6,), (2, 3, 4)], [1, 2, 2, 2, 2]),
}


@pytest.mark.parametrize("name", COUNTED)
def test_traces_are_counted_as_tensorflow_does(name):
    options, shapes, expected = COUNTED[name]
    f = tf.function(lambda x: x * 2, **options)
    found = []
    for s in shapes:
        np.testing.assert_allclose(f(tf.ones(s)).numpy(), np.full(s, 2.0))
        found.append(f.experimental_get_tracing_count())
    assert found == expected


def test_dtypes_and_numbers_are_not_generalised():
    f = tf.function(lambda x, k: x * tf.cast(k, x.dtype), reduce_retracing=True)
    found = []
    for n, k in ((2, 3), (4, 3), (4, 5), (6, 5), (2, 3), (3, 7)):
        np.testing.assert_allclose(f(tf.ones((n,)), k).numpy(), np.full(n, float(k)))
        found.append(f.experimental_get_tracing_count())
    assert found == [1, 2, 3, 4, 4, 5]
    f = tf.function(lambda x: x * 2, reduce_retracing=True)
    for n, d in (
        (2, tf.float32),
        (4, tf.float32),
        (4, tf.float64),
        (5, tf.float64),
        (6, tf.float64),
        (8, tf.float32),
    ):
        f(tf.ones((n, 3), d))
    assert f.experimental_get_tracing_count() == 4


def test_python_sees_none_for_an_open_length():
    seen = []

    @tf.function(reduce_retracing=True)
    def f(x):
        seen.append(str(x.shape))
        return x

    for n in (2, 4, 5, 6):
        f(tf.ones((n, 3)))
    assert seen == ["(2, 3)", "(None, 3)"]
    f = tf.function(f.python_function, input_signature=[tf.TensorSpec([None, 3])])
    f(tf.ones((3, 3)))
    assert seen[2:] == ["(None, 3)"]


N = ("n", 4)
W = tf.Variable(np.random.default_rng(1).normal(size=(4, 3)).astype("f4"))


def gradient(x):
    with tf.GradientTape() as t:
        loss = tf.reduce_mean(tf.square(x @ W))
    return loss, t.gradient(loss, W)


FUNCTIONS = {
    "means": (lambda x: (tf.reduce_mean(x), tf.math.reduce_variance(x, 0), tf.nn.softmax(x)), [N]),
    "shapes": (lambda x: (tf.reshape(x, [tf.shape(x)[0], 2, 2]), tf.reshape(x, [-1]), tf.reshape(x, [x.shape[0], -1])), [N]),
    "numbers": (lambda x: (x / tf.cast(tf.shape(x)[0], tf.float32), x * x.shape[0], tf.size(x), tf.shape(x)), [N]),
    "gradient": (gradient, [N]),
    "made": (lambda x: (tf.zeros_like(x), tf.zeros(tf.shape(x)), tf.ones((tf.shape(x)[0], 2)), tf.fill([tf.shape(x)[0]], 1.0)), [N]),
    "ranges": (lambda x: (tf.range(tf.shape(x)[0]), tf.range(x.shape[0]), tf.one_hot(tf.range(tf.shape(x)[0]), 3)), [N]),
    "joined": (lambda x, y: (tf.concat([x, y], 0), tf.stack([x, y]), tf.tile(x, [2, 1])), [N, N]),
    "parts": (lambda x: (x[1:] - x[:-1], x[: tf.shape(x)[0] // 2], x[:, 1]), [N]),
    "entropy": (lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros(tf.shape(x)[:1], tf.int32), x), [N]),
    "products": (lambda x: (x @ W, tf.matmul(x, x, transpose_b=True), tf.einsum("ij,kj->ik", x, x)), [N]),
    "spread": (lambda x: tf.broadcast_to(tf.reduce_sum(x, 1, keepdims=True), tf.shape(x)), [N]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_two_traces_serve_all_lengths(name):
    f, shapes = FUNCTIONS[name]
    compiled = tf.function(f, reduce_retracing=True)
    rng = np.random.default_rng(0)
    for n in (8, 5, 3, 11):
        xs = [
            tf.constant(rng.normal(size=[n if d == "n" else d for d in s]).astype("f4"))
            for s in shapes
        ]
        for u, v in zip(tf.nest.flatten(compiled(*xs)), tf.nest.flatten(f(*xs)), strict=True):
            u, v = np.asarray(u), np.asarray(v)
            assert u.shape == v.shape
            assert u.dtype == v.dtype
            np.testing.assert_allclose(u, v, rtol=2e-5, atol=1e-5)
    assert len(compiled._compiled._history) == 2
    assert compiled._compiled._history[1].general is not None


def test_a_shape_as_data_is_known_at_the_first_trace():
    @tf.function
    def f(x):
        n = tf.shape(x)[0]
        return tf.reshape(x, [n * 2, -1]) + tf.zeros([2 * n, 1])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(tf.ones((3, 4))).shape == (6, 2)
    assert f._compiled._history[0].eager is None


def test_keras_training_steps():
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3)])  # fmt: skip
    opt = tf.keras.optimizers.Adam(0.01)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model(tf.zeros((2, 4)))

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as t:
            loss = loss_of(y, model(x, training=True))
        grads = t.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    losses = [float(step(tf.ones((n, 4)), tf.ones((n,), tf.int32))) for n in (8, 8, 5, 3, 11, 7)]
    assert losses[-1] < losses[0]
    assert len(step._compiled._history) == 3  # the first makes the optimizer's variables
    assert step._compiled._history[2].general is not None


def test_random_numbers_have_the_length_of_the_call():
    f = tf.function(lambda x: x + tf.random.normal(tf.shape(x), seed=3), reduce_retracing=True)
    for n in (8, 5, 3, 7):
        assert f(tf.zeros((n, 4))).shape == (n, 4)
    assert len(f._compiled._history) == 2


@pytest.mark.parametrize("name", ["while", "for", "cond"])
def test_control_flow_over_the_length(name):
    def by_while(x):
        i, s = tf.constant(0), tf.zeros((4,))
        while i < tf.shape(x)[0]:
            s += x[i]
            i += 1
        return s

    def by_for(x):
        s = tf.zeros((4,))
        for row in x:
            s += row
        return s

    def by_cond(x):
        return tf.cond(tf.shape(x)[0] > 6, lambda: tf.reduce_sum(x, 0), lambda: tf.reduce_sum(x, 0))

    f = tf.function(
        {"while": by_while, "for": by_for, "cond": by_cond}[name], reduce_retracing=True
    )
    for n in (8, 5, 3, 11):
        x = np.random.default_rng(n).normal(size=(n, 4)).astype("f4")
        np.testing.assert_allclose(f(tf.constant(x)).numpy(), x.sum(0), rtol=1e-5, atol=1e-6)
    assert len(f._compiled._history) == 2
