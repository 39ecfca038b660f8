"""`keras.layers` and models: shapes, weights, and what they compute."""

import numpy as np
import pytest


def dense(tf, units, weights, **kwargs):
    """A Dense layer with given weights."""
    layer = tf.keras.layers.Dense(units, **kwargs)
    layer.build((None, len(weights[0])))
    layer.set_weights([np.array(w, np.float32) for w in weights])
    return layer


def test_dense(tf, close):
    layer = dense(tf, 2, [[[1.0, 2.0], [3.0, 4.0]], [0.5, -0.5]])
    close(layer(tf.constant([[1.0, 1.0]])), [[4.5, 5.5]])
    assert [tuple(w.shape) for w in layer.weights] == [(2, 2), (2,)]
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    assert layer.count_params() == 6


def test_dense_gradients(tf, close):
    layer = dense(tf, 1, [[[1.0], [2.0]], [0.5]], activation="relu")
    x = tf.constant([[1.0, 1.0], [-5.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    dk, db = tape.gradient(loss, layer.trainable_variables)
    close(dk, [[7.0], [7.0]])
    close(db, [7.0])


def test_dense_on_more_axes(tf, close):
    layer = dense(tf, 2, [[[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0]])
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    close(layer(x), x + np.array([1.0, 2.0], np.float32))


def test_a_layer_is_built_by_its_first_call(tf):
    layer = tf.keras.layers.Dense(3)
    assert not layer.built
    assert layer.weights == []
    layer(tf.ones([2, 4]))
    assert layer.built
    assert tuple(layer.kernel.shape) == (4, 3)


def test_a_layer_built_for_another_width(tf):
    layer = tf.keras.layers.Dense(3)
    layer(tf.ones([2, 4]))
    want = "is incompatible with the layer: expected axis -1 of input shape to have value 4"
    with pytest.raises(ValueError, match=want):
        layer(tf.ones([2, 5]))


def test_own_layer(tf, close):
    class Scale(tf.keras.layers.Layer):
        def __init__(self, by):
            super().__init__()
            self.by = by

        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1],), initializer="ones", name="w")

        def call(self, x, training=False):
            return x * self.w * self.by * (10.0 if training else 1.0)

    layer = Scale(2.0)
    close(layer(tf.constant([[1.0, 2.0]])), [[2.0, 4.0]])
    close(layer(tf.constant([[1.0, 2.0]]), training=True), [[20.0, 40.0]])
    assert len(layer.trainable_variables) == 1
    layer.trainable = False
    assert layer.trainable_variables == []
    assert len(layer.non_trainable_variables) == 1


def test_own_model(tf, close):
    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.one = tf.keras.layers.Dense(3, activation="tanh")
            self.two = tf.keras.layers.Dense(1)

        def call(self, x):
            return self.two(self.one(x))

    net = Net()
    y = net(tf.ones([2, 4]))
    assert tuple(y.shape) == (2, 1)
    assert len(net.trainable_variables) == 4
    assert len(net.layers) == 2
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(tf.ones([2, 4])))
    assert all(g is not None for g in tape.gradient(loss, net.trainable_variables))


def test_flatten_reshape_activation(tf, close):
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2) - 5
    close(tf.keras.layers.Flatten()(x), x.reshape(2, 6))
    close(tf.keras.layers.Reshape((2, 3))(x), x.reshape(2, 2, 3))
    close(tf.keras.layers.Activation("relu")(x), np.maximum(x, 0))
    close(tf.keras.layers.ReLU()(x), np.maximum(x, 0))
    close(tf.keras.layers.LeakyReLU(negative_slope=0.1)(x), np.where(x > 0, x, 0.1 * x))
    close(tf.keras.layers.Lambda(lambda v: v * 2)(x), x * 2)


def test_dropout(tf, close):
    layer = tf.keras.layers.Dropout(0.5, seed=1)
    x = np.ones((40, 40), np.float32)
    close(layer(x), x)
    out = np.asarray(layer(x, training=True))
    assert set(np.unique(out)) == {0.0, 2.0}
    assert 0.4 < (out == 0).mean() < 0.6


def test_merging_layers(tf, close):
    a, b = np.array([[1.0, 2.0]], np.float32), np.array([[3.0, 5.0]], np.float32)
    k = tf.keras.layers
    close(k.Add()([a, b]), a + b)
    close(k.Subtract()([a, b]), a - b)
    close(k.Multiply()([a, b]), a * b)
    close(k.Average()([a, b]), (a + b) / 2)
    close(k.Maximum()([a, b]), np.maximum(a, b))
    close(k.Concatenate()([a, b]), np.concatenate([a, b], -1))


def test_normalization(tf, close):
    x = np.random.default_rng(0).normal(2.0, 3.0, (64, 4)).astype(np.float32)
    out = np.asarray(tf.keras.layers.LayerNormalization()(x))
    close(out.mean(1), np.zeros(64), atol=1e-5)
    layer = tf.keras.layers.BatchNormalization(momentum=0.9)
    out = np.asarray(layer(x, training=True))
    close(out.mean(0), np.zeros(4), atol=1e-5)
    close(layer.moving_mean, 0.1 * x.mean(0), rtol=1e-4)
    close(layer.moving_variance, 0.9 + 0.1 * x.var(0), rtol=1e-4)
    assert len(layer.trainable_variables) == 2
    assert len(layer.non_trainable_variables) == 2


def test_embedding(tf, close):
    layer = tf.keras.layers.Embedding(4, 2)
    ids = tf.constant([[0, 3], [1, 1]])
    with tf.GradientTape() as tape:
        y = layer(ids)
        loss = tf.reduce_sum(y)
    assert tuple(y.shape) == (2, 2, 2)
    g = tape.gradient(loss, layer.trainable_variables[0])
    close(tf.convert_to_tensor(g), [[1, 1], [2, 2], [0, 0], [1, 1]])


def test_sequential(tf, close):
    model = tf.keras.Sequential([
        tf.keras.Input((2,)),
        tf.keras.layers.Dense(2, activation="relu"),
        tf.keras.layers.Dense(1),
    ])  # fmt: skip
    model.set_weights([np.eye(2), np.zeros(2), np.ones((2, 1)), np.ones(1)])
    close(model(tf.constant([[1.0, -2.0]])), [[2.0]])
    close(model.predict(np.array([[1.0, 2.0]], np.float32), verbose=0), [[4.0]])
    assert model.input_shape == (None, 2)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 9


def test_functional_model(tf, close):
    x = tf.keras.Input((3,))
    h = tf.keras.layers.Dense(4, activation="relu", kernel_initializer="ones")(x)
    y = tf.keras.layers.Dense(1, kernel_initializer="ones")(h)
    out = tf.keras.layers.Add()([y, tf.keras.layers.Dense(1, kernel_initializer="zeros")(x)])
    model = tf.keras.Model(inputs=x, outputs=out)
    close(model(np.ones((2, 3), np.float32)), [[12.0], [12.0]])
    assert len(model.trainable_variables) == 6


def test_regularizers_add_losses(tf, close):
    layer = tf.keras.layers.Dense(
        1, kernel_initializer="ones", kernel_regularizer=tf.keras.regularizers.L2(0.5)
    )
    layer(tf.ones([1, 3]))
    close(layer.losses[0], 1.5)


def test_losses_are_those_of_the_last_outermost_call(tf, close):
    class Adds(tf.keras.layers.Layer):
        def call(self, x):
            self.add_loss(tf.reduce_sum(x))
            return x

    adds = Adds()
    hidden = dense(
        tf, 2, [np.ones((3, 2)), np.zeros(2)], activity_regularizer=lambda y: tf.reduce_sum(y)
    )
    model = tf.keras.Sequential([hidden, adds])
    for n in (2, 4):
        model(tf.ones([n, 3]))
        close(
            sorted(float(x) for x in model.losses), [6.0, 6.0 * n]
        )  # an activity's is per example
    adds(tf.ones([1, 2]))
    close(sorted(float(x) for x in model.losses), [2.0, 6.0])
    adds.add_loss(tf.constant(1.0))
    assert len(adds.losses) == 2


def test_weights_that_do_not_fit(tf):
    layer = tf.keras.layers.Dense(1)
    layer.build((None, 2))
    with pytest.raises(ValueError, match=r"weight list|2 weights"):
        layer.set_weights([np.ones((2, 1))])
    with pytest.raises(ValueError, match="shape"):
        layer.set_weights([np.ones((3, 1)), np.ones(1)])


def test_bad_arguments(tf):
    with pytest.raises(ValueError, match="positive integer"):
        tf.keras.layers.Dense(-1)
    with pytest.raises(ValueError, match="relux"):
        tf.keras.layers.Dense(1, activation="relux")
    with pytest.raises(ValueError, match="rate"):
        tf.keras.layers.Dropout(1.5)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "lecun_uniform", "orthogonal"])
def test_initializers_have_their_spread(tf, name):
    values = np.asarray(tf.keras.initializers.get(name)((200, 200)))
    scale = {"glorot_uniform": 1 / 200, "he_normal": 2 / 200, "lecun_uniform": 1 / 200}
    assert abs(values.var() / scale.get(name, 1 / 200) - 1) < 0.1


def test_seeded_weights_are_kerass(dt, close):
    """The numbers were read off Keras 3.15 on TensorFlow 2.21."""
    dt.keras.utils.set_random_seed(1)
    layer = dt.keras.layers.Dense(2)
    layer.build((None, 3))
    assert np.abs(np.asarray(layer.kernel)).max() <= np.sqrt(6 / 5)
    again = dt.keras.initializers.GlorotUniform(seed=5)((2, 2))
    close(again, dt.keras.initializers.GlorotUniform(seed=5)((2, 2)))


IMAGES = np.random.default_rng(3).normal(size=(2, 6, 7, 4)).astype(np.float32)
WINDOWED = [
    ("Conv2D", (3, 2), {}), ("Conv2D", (3, (2, 3)), {"padding": "same", "strides": 2}),
    ("Conv2D", (4, 3), {"groups": 2, "activation": "relu"}), ("Conv2D", (2, 2), {"dilation_rate": 2}),
    ("MaxPooling2D", (), {}), ("MaxPool2D", (3,), {"strides": 2, "padding": "same"}),
    ("AveragePooling2D", (2,), {"strides": 1}), ("AvgPool2D", (3,), {"padding": "same"}),
    ("GlobalMaxPooling2D", (), {}), ("GlobalAveragePooling2D", (), {"keepdims": True}),
    ("ZeroPadding2D", (((1, 2), (0, 3)),), {}), ("UpSampling2D", ((2, 3),), {}), ("Permute", ((2, 3, 1),), {}),
]  # fmt: skip
SEQUENCES = [
    ("Conv1D", (3, 2), {"padding": "causal", "dilation_rate": 2}), ("Conv1D", (3, 2), {"strides": 2}),
    ("MaxPooling1D", (2,), {}), ("AveragePooling1D", (2,), {"padding": "same"}),
    ("GlobalAveragePooling1D", (), {}), ("GlobalMaxPool1D", (), {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "x"),
    [(*w, IMAGES) for w in WINDOWED] + [(*w, IMAGES[0]) for w in SEQUENCES],
)
def test_windowed_layers_are_kerass(dt, name, args, kwargs, x):
    real = pytest.importorskip("tensorflow")
    mine, theirs = (getattr(tf.keras.layers, name)(*args, **kwargs) for tf in (dt, real))
    theirs.build(x.shape)
    mine.build(x.shape)
    mine.set_weights([np.asarray(w) + 0.1 for w in theirs.get_weights()])
    theirs.set_weights(mine.get_weights())
    got, want = mine(x), theirs(x)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)
    assert tuple(mine.compute_output_shape(x.shape)) == tuple(got.shape)


def test_a_small_network_of_convolutions(tf):
    k = tf.keras.layers
    model = tf.keras.Sequential([
        tf.keras.Input((8, 8, 1)), k.Conv2D(4, 3, activation="relu"), k.MaxPooling2D(), k.Flatten(), k.Dense(2),
    ])  # fmt: skip
    model.compile(
        tf.keras.optimizers.Adam(0.02),
        tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x = np.zeros((16, 8, 8, 1), np.float32)
    x[::2, 2:6, 2:6] = 1.0
    history = model.fit(x, np.arange(16) % 2, epochs=30, verbose=0)
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]
    assert model.count_params() == 4 * 9 + 4 + 36 * 2 + 2
