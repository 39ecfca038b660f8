"""Keras's layers and TensorFlow's random numbers inside `tf.function`: compiled, with the numbers of eager code."""

import numpy as np
import pytest

import dualtape.tensorflow as tf

K = tf.keras
L = K.layers


def compiled(f):
    """The last capture of a `tf.function`, which must not have fallen back."""
    history = f._compiled._history
    assert [r.eager for r in history[1:]] == [None] * len(history[1:]), history[-1].eager
    assert history[-1].program is not None, history[-1].eager
    return history


def f32(*shape, seed=0):
    return tf.constant(np.random.RandomState(seed).randn(*shape).astype("f"))


LAYERS = {
    "dense": (lambda: L.Dense(3, activation="relu"), (4, 5)),
    "dense 3d": (lambda: L.Dense(3, activation="softmax"), (4, 2, 5)),
    "conv1d": (lambda: L.Conv1D(3, 2, padding="causal"), (2, 6, 3)),
    "conv2d": (lambda: L.Conv2D(3, 3, padding="same", strides=2), (2, 6, 6, 2)),
    "max pool": (lambda: L.MaxPooling2D(2), (2, 6, 6, 2)),
    "average pool": (lambda: L.AveragePooling2D(2), (2, 6, 6, 2)),
    "global average": (lambda: L.GlobalAveragePooling2D(), (2, 6, 6, 2)),
    "global max": (lambda: L.GlobalMaxPooling2D(), (2, 6, 6, 2)),
    "batch norm": (lambda: L.BatchNormalization(), (6, 3)),
    "batch norm 4d": (lambda: L.BatchNormalization(momentum=0.9), (4, 3, 3, 2)),
    "layer norm": (lambda: L.LayerNormalization(), (4, 6)),
    "dropout": (lambda: L.Dropout(0.4, seed=3), (6, 8)),
    "noise": (lambda: L.GaussianNoise(0.4, seed=3), (6, 8)),
    "flatten": (lambda: L.Flatten(), (3, 2, 4)),
    "reshape": (lambda: L.Reshape((4, 2)), (3, 8)),
    "leaky": (lambda: L.LeakyReLU(), (3, 8)),
    "elu": (lambda: L.ELU(), (3, 8)),
    "relu": (lambda: L.ReLU(max_value=1.0, negative_slope=0.1), (3, 8)),
    "softmax": (lambda: L.Softmax(), (3, 8)),
    "rescaling": (lambda: L.Rescaling(2.0, 1.0), (3, 8)),
    "lambda": (lambda: L.Lambda(lambda t: t * 2), (3, 8)),
    "padding": (lambda: L.ZeroPadding2D(1), (2, 3, 3, 1)),
    "upsampling": (lambda: L.UpSampling2D(2), (2, 3, 3, 1)),
    "embedding": (lambda: L.Embedding(7, 3), None),
}


def trained(make, shape, use):
    K.utils.set_random_seed(4)
    layer = make()
    x = tf.constant([[1, 2, 2], [0, 6, 1]]) if shape is None else f32(*shape)
    layer(x)
    optimizer = K.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(layer.trainable_variables)

    def step(x):
        with tf.GradientTape() as tape:
            if x.dtype.is_floating:
                tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_mean(tf.sin(y) * y)
        variables = layer.trainable_variables
        sources = [*variables, *([x] if x.dtype.is_floating else [])]
        grads = tape.gradient(loss, sources)
        if variables:
            optimizer.apply_gradients(zip(grads[: len(variables)], variables, strict=True))
        return y, grads[-1] if shape is not None else tf.convert_to_tensor(grads[-1])

    run = tf.function(step) if use else step
    out = [np.array(r) for _ in range(6) for r in run(x)]
    if use:
        compiled(run)
    return [*out, *layer.get_weights()]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_compiles(name):
    make, shape = LAYERS[name]
    for e, c in zip(trained(make, shape, False), trained(make, shape, True), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-4, atol=2e-5)


def test_a_whole_network_trains():
    def run(use):
        K.utils.set_random_seed(1)
        model = K.Sequential([
            L.Conv2D(4, 3, activation="relu"), L.BatchNormalization(), L.MaxPooling2D(2), L.Flatten(),
            L.Dropout(0.5), L.Dense(3),
        ])  # fmt: skip
        optimizer = K.optimizers.Adam(0.01)
        loss_of = K.losses.SparseCategoricalCrossentropy(from_logits=True)
        x, y = f32(5, 6, 6, 1), tf.constant([0, 1, 2, 1, 0])

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            return loss

        step = tf.function(step) if use else step
        losses = []
        for i in range(8):
            if i == 5:
                optimizer.learning_rate = 0.001
            losses.append(step(x, y).numpy())
        if use:
            assert len(compiled(step)) == 2
        return [np.array(losses), *model.get_weights()]

    for e, c in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(c, e, rtol=2e-4, atol=1e-5)


def test_freezing_a_layer_is_noticed():
    model = K.Sequential([L.Dense(2), L.Dense(1)])
    x = f32(3, 2)
    model(x)
    optimizer = K.optimizers.SGD(0.1)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    optimizer.build(model.trainable_variables)
    step(x)
    step(x)
    model.layers[0].trainable = False
    before = model.get_weights()
    step(x)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


DRAWS = {
    "uniform": lambda: tf.random.uniform([3, 2]),
    "integers": lambda: tf.random.uniform([5], 0, 10, tf.int32),
    "seeded": lambda: tf.random.uniform([5], seed=7),
    "normal": lambda: tf.random.normal([3], 1.0, 2.0),
    "truncated": lambda: tf.random.truncated_normal([4]),
    "gamma": lambda: tf.random.gamma([4], 2.0),
    "poisson": lambda: tf.random.poisson([4], 2.0),
    "shuffle": lambda: tf.random.shuffle(tf.range(6)),
    "categorical": lambda: tf.random.categorical(
        tf.constant([[0.1, 2.0, 1.0], [3.0, 0.0, 1.0]]), 5
    ),
    "two in a row": lambda: tf.random.normal([2]) * tf.random.uniform([2]),
    "keras uniform": lambda: K.random.uniform([4]),
    "keras normal": lambda: K.random.normal([4]),
    "bits of a seed": lambda: K.random.normal([4], seed=3),
    "stateless": lambda: tf.random.stateless_normal([4], [1, 2]),
    "python": lambda: tf.constant(3.0) + tf.random.uniform([]),
}


@pytest.mark.parametrize("name", DRAWS)
def test_random_numbers_are_drawn_anew_as_in_eager_code(name):
    def run(use):
        K.utils.set_random_seed(11)
        f = tf.function(DRAWS[name]) if use else DRAWS[name]
        out = [f().numpy() for _ in range(6)]
        if use:
            assert len(compiled(f)) == 1
        return [*out, tf.random.uniform([2]).numpy()]

    for e, c in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-6)
        assert c.dtype == e.dtype


def test_parameters_of_a_draw_may_be_traced():
    def f(mean, logits, low):
        with tf.GradientTape() as tape:
            tape.watch(mean)
            y = tf.random.normal([4], mean, 2.0) ** 2
        return (
            y, tape.gradient(y, mean), tf.random.categorical(logits, 6), tf.random.uniform([3], low, low + 1.0),
            tf.random.shuffle(mean),
        )  # fmt: skip

    def run(f):
        tf.random.set_seed(2)
        return [
            np.array(r)
            for i in range(6)
            for r in f(f32(4, seed=i), f32(3, 5, seed=i), tf.constant(0.5))
        ]

    g = tf.function(f)
    for e, c in zip(run(f), run(g), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-5, atol=1e-6)
    compiled(g)


def test_a_generator_moves_on_with_each_call():
    def run(use):
        generator = tf.random.Generator.from_seed(5)
        f = lambda: (generator.normal([3]), generator.uniform([2], maxval=9, dtype=tf.int32))  # noqa: E731
        f = tf.function(f) if use else f
        return [np.array(r) for _ in range(6) for r in f()] + [generator.uniform([2]).numpy()], f

    e, _ = run(False)
    c, f = run(True)
    compiled(f)
    for a, b in zip(e, c, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_traced_seed_runs_eagerly_and_right():
    @tf.function
    def f(seed):
        return tf.random.stateless_uniform([3], seed)

    for s in range(4):
        seed = tf.constant([s, 1])
        np.testing.assert_array_equal(f(seed), tf.random.stateless_uniform([3], seed))
    assert f._compiled._history[-1].program is None


def test_setting_the_seed_between_calls_starts_again():
    f = tf.function(lambda: tf.random.normal([2]))
    tf.random.set_seed(3)
    first = f().numpy()
    f()
    tf.random.set_seed(3)
    np.testing.assert_array_equal(f(), first)
    assert len(compiled(f)) == 1


def test_dropout_gives_new_numbers_each_call_and_none_at_inference():
    layer = L.Dropout(0.5)
    x = tf.ones([50])
    f = tf.function(lambda x, training: layer(x, training=training))
    assert not np.array_equal(f(x, True), f(x, True))
    np.testing.assert_array_equal(f(x, False), x)


def both_ways(make, steps=6):
    """The results of eager and of compiled steps; `make()` gives (step, arguments of call i, what to look at)."""
    found = []
    for use in (False, True):
        K.utils.set_random_seed(0)
        step, arguments, look = make()
        f = tf.function(step) if use else step
        out = []
        for i in range(steps):
            r = f(*arguments(i))
            out += [np.array(v) for v in (r if isinstance(r, tuple) else (r,))]
            out += [np.array(v) for v in look(i)]
        found.append(out)
    compiled(f)
    for e, c in zip(*found, strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-4, atol=1e-5)
    return f


def trainer(model, extra=None, apply=None, optimizer=lambda: K.optimizers.Adam(0.01)):
    def make():
        m, o = model(), optimizer()

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((m(x, training=True)[:, 0] - y) ** 2)
                if extra is not None:
                    loss += extra(m)
            grads = tape.gradient(loss, m.trainable_variables)
            if apply is None:
                o.apply_gradients(zip(grads, m.trainable_variables, strict=True))
            else:
                apply(o, grads, m)
            return loss

        return step, lambda i: (f32(8, 4, seed=i), f32(8, seed=9)), lambda i: m.get_weights()

    return make


def test_losses_of_weights_and_activities():
    def model():
        return K.Sequential(
            [L.Dense(3, kernel_regularizer="l2", activity_regularizer="l1"), L.Dense(1)]
        )

    both_ways(trainer(model, extra=lambda m: tf.add_n(m.losses)))


def test_gradients_clipped_together_and_steps_by_hand():
    def clipped(o, grads, m):
        grads, _ = tf.clip_by_global_norm(grads, 0.1)
        o.apply_gradients(zip(grads, m.trainable_variables, strict=True))

    def by_hand(o, grads, m):
        for v, g in zip(m.trainable_variables, grads, strict=True):
            v.assign_sub(o.learning_rate * g)

    for apply in (clipped, by_hand):
        both_ways(trainer(lambda: K.Sequential([L.Dense(3), L.Dense(1)]), apply=apply))


def test_minimize_and_a_metric():
    def make():
        w, o, m = tf.Variable(f32(4)), K.optimizers.RMSprop(0.01), K.metrics.Mean()

        def step(x, y):
            o.minimize(lambda: tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2), [w])
            m.update_state(tf.reduce_sum(w))
            return m.result()

        return step, lambda i: (f32(8, 4, seed=i), f32(8, seed=9)), lambda i: [w]

    both_ways(make)


def test_gradients_collected_over_calls():
    def make():
        m, o = K.Sequential([L.Dense(1)]), K.optimizers.Adam(0.1)
        m(f32(2, 4))
        sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in m.trainable_variables]

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((m(x)[:, 0] - y) ** 2)
            for a, g in zip(sums, tape.gradient(loss, m.trainable_variables), strict=True):
                a.assign_add(g)
            return loss

        def look(i):
            if i % 2:
                o.apply_gradients(zip([a * 1.0 for a in sums], m.trainable_variables, strict=True))
                for a in sums:
                    a.assign(tf.zeros_like(a))
            return m.get_weights()

        return step, lambda i: (f32(8, 4, seed=i), f32(8, seed=9)), look

    both_ways(make)


def test_a_model_of_ones_own_with_a_decorated_step():
    class Model(K.Model):
        def __init__(self):
            super().__init__()
            self.first, self.norm, self.drop = (
                L.Dense(5, "relu"),
                L.BatchNormalization(),
                L.Dropout(0.2),
            )
            self.rest = [L.Dense(3), L.Dense(1)]
            self.sgd = K.optimizers.SGD(0.1, momentum=0.9)

        def call(self, x, training=False):
            x = self.drop(self.norm(self.first(x), training=training), training=training)
            for layer in self.rest:
                x = layer(x)
            return x

        def eager(self, x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True)[:, 0] - y) ** 2)
            variables = self.trainable_variables
            self.sgd.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        step = tf.function(eager)

    found = []
    for name in ("eager", "step"):
        K.utils.set_random_seed(0)
        model = Model()
        losses = [getattr(model, name)(f32(8, 4, seed=i), f32(8, seed=9)).numpy() for i in range(6)]
        found.append([np.array(losses), *model.get_weights()])
    compiled(model.step)
    for e, c in zip(*found, strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-4, atol=1e-5)


def test_code_run_again_draws_the_same_again():
    layer = L.Dropout(0.5, seed=1)
    x = tf.Variable(np.arange(1, 9, dtype="f"))

    def f():
        with tf.GradientTape() as tape:
            y = tf.recompute_grad(lambda v: layer(v * v, training=True) * tf.random.uniform([8]))(x)
            loss = tf.reduce_sum(y)
        return y, tape.gradient(loss, x)

    def run(f):
        tf.random.set_seed(3)
        return [r.numpy() for _ in range(4) for r in f()]

    for y, g in zip(*[iter(run(f))] * 2, strict=True):
        np.testing.assert_allclose(g * x.numpy() / 2, y, rtol=1e-6)
    g = tf.function(f)
    for y, dy in zip(*[iter(run(g))] * 2, strict=True):
        np.testing.assert_allclose(dy * x.numpy() / 2, y, rtol=1e-6)
    compiled(g)


@pytest.mark.parametrize("seed", [tf.random.set_seed, K.utils.set_random_seed])
def test_seeding_inside_runs_eagerly(seed):
    def f():
        seed(4)
        return tf.random.uniform([2])

    seed(4)  # already where the function will put it
    g = tf.function(f)
    first = g().numpy()
    for _ in range(3):
        np.testing.assert_array_equal(g(), first)
    assert g._compiled._history[-1].program is None
