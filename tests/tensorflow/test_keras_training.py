"""`keras`: losses, metrics, optimizers, and the loop of `fit`."""

import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.25).astype(np.float32)

LOSSES = [
    ("MeanSquaredError", {}), ("MeanAbsoluteError", {}), ("Huber", {"delta": 0.5}), ("LogCosh", {}),
    ("BinaryCrossentropy", {"from_logits": True}), ("CosineSimilarity", {}), ("Hinge", {}),
    ("SquaredHinge", {}), ("MeanSquaredLogarithmicError", {}), ("MeanAbsolutePercentageError", {}),
]  # fmt: skip

OPTIMIZERS = [
    ("SGD", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"learning_rate": 0.1}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
    ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Nadam", {"learning_rate": 0.1}),
    ("RMSprop", {"learning_rate": 0.1}),
    ("RMSprop", {"learning_rate": 0.1, "momentum": 0.5, "centered": True}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.5}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.1}),
]


def steps(tf, name, settings, count=5):
    """Where an optimizer takes two variables in a few steps."""
    a, b = tf.Variable([1.0, -2.0]), tf.Variable(3.0)
    optimizer = getattr(tf.keras.optimizers, name)(**settings)
    for _ in range(count):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(a**4) * 0.1 + (b - 1.0) ** 2 * a[0]
        optimizer.apply_gradients(zip(tape.gradient(loss, [a, b]), [a, b], strict=True))
    assert int(optimizer.iterations) == count
    return [*np.asarray(a), float(b)]


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_optimizers_step_as_kerass(dt, name, settings):
    real = pytest.importorskip("tensorflow")
    np.testing.assert_allclose(steps(dt, name, settings), steps(real, name, settings), rtol=2e-5)


def test_sgd_by_hand(tf, close):
    v = tf.Variable([1.0, 2.0])
    tf.keras.optimizers.SGD(0.5).apply_gradients([(tf.constant([1.0, 1.0]), v)])
    close(v, [0.5, 1.5])


def test_adam_by_hand(tf, close):
    v = tf.Variable(1.0)
    adam = tf.keras.optimizers.Adam(0.1)
    adam.apply_gradients([(tf.constant(3.0), v)])
    close(v, 0.9)


def test_minimize(dt, close):
    v = dt.Variable(3.0)
    dt.keras.optimizers.SGD(0.25).minimize(lambda: v * v, [v])
    close(v, 1.5)


def test_learning_rates(tf, close):
    optimizer = tf.keras.optimizers.SGD(0.5)
    close(optimizer.learning_rate, 0.5)
    optimizer.learning_rate = 0.25
    v = tf.Variable(1.0)
    optimizer.apply_gradients([(tf.constant(1.0), v)])
    close(v, 0.75)


def test_schedules(tf, close):
    k = tf.keras.optimizers.schedules
    close(k.ExponentialDecay(0.1, 10, 0.5)(20), 0.025)
    close(k.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1])(3), 0.5)
    close(k.CosineDecay(0.1, 10)(5), 0.05)
    close(k.PolynomialDecay(0.1, 10, 0.0)(5), 0.05)
    close(k.InverseTimeDecay(0.1, 1, 1.0)(1), 0.05)
    v = tf.Variable(1.0)
    optimizer = tf.keras.optimizers.SGD(k.PiecewiseConstantDecay([0], [1.0, 0.5]))
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant(1.0), v)])
    close(v, -0.5)


def test_none_gradients_are_left_out(tf, close):
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    tf.keras.optimizers.SGD(1.0).apply_gradients([(tf.constant(1.0), a), (None, b)])
    close(a, 0.0)
    close(b, 1.0)


def test_a_variable_that_the_optimizer_does_not_know(tf):
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    optimizer = tf.keras.optimizers.Adam()
    optimizer.apply_gradients([(tf.constant(1.0), a)])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply_gradients([(tf.constant(1.0), b)])


# --- losses and metrics -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "settings"), LOSSES)
def test_losses_are_kerass(dt, name, settings):
    real = pytest.importorskip("tensorflow")
    t = np.random.default_rng(1).uniform(0, 1, (4, 3)).astype(np.float32)
    p = np.random.default_rng(2).uniform(0, 1, (4, 3)).astype(np.float32)
    weights = np.array([1.0, 0.0, 2.0, 0.5], np.float32)
    for reduction in ("sum_over_batch_size", "sum", "none"):
        mine = getattr(dt.keras.losses, name)(reduction=reduction, **settings)
        theirs = getattr(real.keras.losses, name)(reduction=reduction, **settings)
        np.testing.assert_allclose(mine(t, p), theirs(t, p), rtol=2e-5)
        np.testing.assert_allclose(mine(t, p, weights), theirs(t, p, weights), rtol=2e-5)


def test_classification_losses(tf, close):
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    want = -(np.log(0.7) + np.log(0.8)) / 2
    close(tf.keras.losses.SparseCategoricalCrossentropy()(np.array([0, 2]), p), want)
    close(tf.keras.losses.CategoricalCrossentropy()(np.eye(3, dtype=np.float32)[[0, 2]], p), want)
    logits = tf.math.log(p)
    sparse = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    close(sparse(np.array([0, 2]), logits), want)
    smooth = tf.keras.losses.CategoricalCrossentropy(label_smoothing=0.3)
    one_hot = np.eye(3)[[0, 2]] * 0.7 + 0.1
    close(smooth(np.eye(3, dtype=np.float32)[[0, 2]], p), -(one_hot * np.log(p)).sum(1).mean())


def test_losses_by_name(tf, close):
    close(tf.keras.losses.get("mse")(np.array([1.0, 3.0]), np.array([2.0, 1.0])), 2.5)
    with pytest.raises(ValueError, match="no_such_loss"):
        tf.keras.losses.get("no_such_loss")


def test_loss_shapes_that_do_not_fit(tf):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        tf.keras.losses.MeanSquaredError()(np.ones((2, 3)), np.ones((2, 4)))


def test_metrics(tf, close):
    mean = tf.keras.metrics.Mean()
    mean.update_state([1.0, 3.0])
    mean.update_state(5.0)
    close(mean.result(), 3.0)
    mean.reset_state()
    mean.update_state([2.0, 4.0], sample_weight=[3.0, 1.0])
    close(mean.result(), 2.5)
    accuracy = tf.keras.metrics.Accuracy()
    accuracy.update_state([1, 2, 3], [1, 2, 0])
    close(accuracy.result(), 2 / 3)
    sparse = tf.keras.metrics.SparseCategoricalAccuracy()
    sparse.update_state([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    close(sparse.result(), 0.5)
    binary = tf.keras.metrics.BinaryAccuracy()
    binary.update_state([1.0, 0.0, 1.0], [0.7, 0.6, 0.2])
    close(binary.result(), 1 / 3)
    error = tf.keras.metrics.MeanSquaredError()
    error.update_state([0.0, 1.0], [1.0, 1.0])
    close(error.result(), 0.5)


# --- fit ----------------------------------------------------------------------------------------


def line(tf, **kwargs):
    model = tf.keras.Sequential([
        tf.keras.Input((3,)),
        tf.keras.layers.Dense(1, kernel_initializer="zeros"),
    ])  # fmt: skip
    model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse", **kwargs)
    return model


def test_fit_reaches_the_line(tf, close):
    model = line(tf)
    history = model.fit(X, Y, epochs=100, batch_size=8, verbose=0)
    close(model.layers[-1].kernel, [[1.0], [-2.0], [0.5]], atol=1e-3)
    close(model.layers[-1].bias, [0.25], atol=1e-3)
    assert len(history.history["loss"]) == 100
    assert history.history["loss"][-1] < 1e-5
    assert history.epoch == list(range(100))


def test_fit_without_shuffling_is_exact(dt):
    real = pytest.importorskip("tensorflow")
    logs = []
    for tf in (dt, real):
        model = line(tf, metrics=["mae"])
        history = model.fit(
            X, Y, epochs=3, batch_size=8, shuffle=False, verbose=0, validation_split=0.25
        )
        logs.append(history.history)
    assert list(logs[0]) == list(logs[1])
    for key, values in logs[1].items():
        np.testing.assert_allclose(logs[0][key], values, rtol=1e-4)


def test_evaluate_and_predict(tf, close):
    model = line(tf, metrics=["mae"])
    loss, error = model.evaluate(X, Y, verbose=0)
    close(loss, (Y**2).mean(), rtol=1e-4)
    close(error, np.abs(Y).mean(), rtol=1e-4)
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae"}
    assert model.predict(X, verbose=0).shape == (32, 1)


def test_progress_of_fit(tf, capsys):
    line(tf).fit(X, Y, epochs=2, batch_size=16, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[2] == "Epoch 2/2"
    assert lines[1].startswith("2/2 - ")
    assert " - loss: " in lines[1]


def test_callbacks(tf):
    seen = []

    class Log(tf.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, sorted(logs)))
            if epoch == 1:
                self.model.stop_training = True

    line(tf).fit(X, Y, epochs=5, verbose=0, callbacks=[Log()])
    assert seen == [(0, ["loss"]), (1, ["loss"])]


def test_fit_on_a_dataset(tf):
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    history = line(tf).fit(data, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]


def test_steps_per_epoch_go_on_where_the_last_epoch_stopped(tf):
    seen = []

    class Own(tf.keras.Model):
        def call(self, x):
            return x

        def train_step(self, data):
            seen.append(int(np.asarray(data)[0, 0]))
            return {"none": 0.0}

    model = Own()
    model.compile(optimizer="sgd", run_eagerly=True)
    data = tf.data.Dataset.from_tensor_slices(np.arange(6.0)[:, None]).batch(2)
    model.fit(data.repeat(), epochs=2, steps_per_epoch=2, verbose=0)
    assert seen == [0, 2, 4, 0]


def test_own_train_step(tf):
    class Own(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.layer = tf.keras.layers.Dense(1)

        def call(self, x):
            return self.layer(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
            grads = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
            return {"own": loss}

    model = Own()
    model.compile(optimizer="sgd")
    history = model.fit(X, Y, epochs=1, verbose=0)
    assert list(history.history) == ["own"]


def test_training_before_compiling(tf):
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"call `compile\(\)`"):
        model.fit(X, Y, verbose=0)


def test_summary(tf, capsys):
    model = tf.keras.Sequential([
        tf.keras.Input((3,)),
        tf.keras.layers.Dense(4, activation="relu", name="one"),
        tf.keras.layers.Dense(1, name="two"),
    ], name="net")  # fmt: skip
    model.summary()
    out = capsys.readouterr().out
    assert 'Model: "net"' in out
    assert "one (Dense)" in out
    assert "Total params: 21 (84.00 B)" in out
    assert "Trainable params: 21 (84.00 B)" in out
