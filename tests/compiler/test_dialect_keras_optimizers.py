"""Keras's optimizers inside `tf.function`: each step compiled, and the numbers those of eager code."""

import numpy as np
import pytest

import dualtape.tensorflow as tf

optimizers = tf.keras.optimizers
S = optimizers.schedules

OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "rmsprop centered": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "decay": lambda: optimizers.SGD(0.1, weight_decay=0.2),
    "clipnorm": lambda: optimizers.Adam(0.01, clipnorm=0.1),
    "clipvalue": lambda: optimizers.SGD(0.1, clipvalue=0.05),
    "global_clipnorm": lambda: optimizers.SGD(0.1, momentum=0.5, global_clipnorm=0.1),
}
SCHEDULES = {
    "exponential": lambda: S.ExponentialDecay(0.1, 3, 0.5),
    "staircase": lambda: S.ExponentialDecay(0.1, 3, 0.5, staircase=True),
    "inverse": lambda: S.InverseTimeDecay(0.1, 2, 0.5),
    "piecewise": lambda: S.PiecewiseConstantDecay([1, 4], [0.1, 0.05, 0.01]),
    "polynomial": lambda: S.PolynomialDecay(0.1, 4, power=2.0),
    "cycle": lambda: S.PolynomialDecay(0.1, 3, cycle=True),
    "cosine": lambda: S.CosineDecay(0.1, 6),
    "warmup": lambda: S.CosineDecay(0.01, 4, warmup_target=0.1, warmup_steps=3),
    "function": lambda: lambda step: 0.1 / (1.0 + tf.cast(step, tf.float32)),
}


def trained(make, compiled, steps=7, change=None, constraint=None):
    rng = np.random.RandomState(0)
    w = tf.Variable(rng.randn(3, 2).astype("f"), name="w")
    table = tf.Variable(rng.randn(5, 3).astype("f"))
    b = tf.keras.Variable(rng.randn(2).astype("f"), name="b", constraint=constraint)
    x = tf.constant([0, 2, 2, 4])
    y = tf.constant(rng.randn(4, 2).astype("f"))
    optimizer = make()

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.gather(table, x) @ w + b - y) ** 2)
        variables = [w, table, b]
        grads = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(grads, variables, strict=True))
        return loss

    if compiled:
        step = tf.function(step)
    losses = []
    for i in range(steps):
        if i == 4 and change is not None:
            change(optimizer)
        losses.append(step(x, y).numpy())
    if compiled:
        history = step._compiled._history
        assert [r.eager for r in history[1:]] == [None] * len(history[1:]), history[1].eager
        assert history[-1].program is not None
        assert len(history) <= 2, [r.reason for r in history]
    return losses, [np.array(v) for v in (w, table, b, *optimizer.variables)]


def compare(make, **options):
    eager, compiled = trained(make, False, **options), trained(make, True, **options)
    np.testing.assert_allclose(compiled[0], eager[0], rtol=1e-5)
    assert len(eager[1]) == len(compiled[1])
    for e, c in zip(eager[1], compiled[1], strict=True):
        assert e.dtype == c.dtype
        np.testing.assert_allclose(c, e, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_compiles(name):
    def slower(optimizer):
        optimizer.learning_rate = 0.003

    compare(OPTIMIZERS[name], change=slower)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_a_function_of_the_traced_step(name):
    compare(lambda: optimizers.Adam(SCHEDULES[name]()))


def test_constraints_are_applied():
    def unit(w):
        return w / (1e-6 + tf.norm(w))

    compare(OPTIMIZERS["momentum"], constraint=unit)


def test_an_option_that_changes_is_noticed():
    w = tf.Variable([1.0, 2.0])
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)

    @tf.function
    def step():
        optimizer.apply_gradients([(tf.constant([1.0, 1.0]), w)])

    expected = np.array([1.0, 2.0])
    for decay in (0.5, 0.5, 0.5, 0.25, 0.25):
        optimizer.weight_decay = decay
        step()
        expected = expected * (1 - 0.1 * decay) - 0.1
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)
    assert int(optimizer.iterations.numpy()) == 5


def test_variables_that_the_function_does_not_name_are_not_frozen():
    class Holder:
        pass

    holders = {name: Holder() for name in "ab"}
    for h in holders.values():
        h.weight = tf.Variable([1.0, 2.0])
    optimizer = optimizers.SGD(0.5, momentum=0.5)
    optimizer.build([h.weight for h in holders.values()])

    @tf.function
    def step(g):
        optimizer.apply([g, g])

    for _ in range(3):
        step(tf.constant([1.0, 1.0]))
    np.testing.assert_allclose(holders["a"].weight.numpy(), [1 - 2.125, 2 - 2.125])


def test_eager_code_sees_each_update_and_the_step_count():
    w = tf.Variable([1.0])
    optimizer = optimizers.Adam(0.1)
    step = tf.function(lambda: optimizer.apply_gradients([(2 * w, w)]))
    step()
    step()
    assert int(optimizer.iterations.numpy()) == 2
    before = w.numpy()
    optimizer.apply_gradients([(2 * w, w)])
    assert w.numpy() < before
    step()
    assert int(optimizer.iterations.numpy()) == 4
    w.assign([0.0])
    optimizer.iterations.assign(0)
    step()
    assert int(optimizer.iterations.numpy()) == 1
