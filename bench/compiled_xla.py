"""The compiled workloads as TensorFlow programs under `tf.function(jit_compile=True)`, which is XLA."""

from __future__ import annotations

import os

import numpy as np

SEED = 7


def _tensorflow():
    import tensorflow as tf

    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return tf


def _numbers(*shape, seed=SEED):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _training(start, loss_of, rate, adam=False):
    """A step of gradient descent (or Adam) on variables, as one function."""

    def make():
        tf = _tensorflow()
        variables = [tf.Variable(a) for a in start]
        moments = [
            (tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables
        ]
        count = tf.Variable(0.0)

        @tf.function(jit_compile=True)
        def step():
            with tf.GradientTape() as tape:
                loss = loss_of(tf, variables)
            grads = tape.gradient(loss, variables)
            if not adam:
                for v, g in zip(variables, grads, strict=True):
                    v.assign_sub(rate * g)
                return loss
            count.assign_add(1.0)
            for v, g, (m, s) in zip(variables, grads, moments, strict=True):
                m.assign(0.9 * m + 0.1 * g)
                s.assign(0.999 * s + 0.001 * g * g)
                first, second = m / (1 - 0.9**count), s / (1 - 0.999**count)
                v.assign_sub(rate * first / (tf.sqrt(second) + 1e-8))
            return loss

        return lambda: step().numpy()

    return make


def _value_and_grad(start, loss_of, *data):
    """Value and gradients of a function of arrays, and of data that it is not differentiated by."""

    def make():
        tf = _tensorflow()
        given = [tf.constant(a) for a in start]

        @tf.function(jit_compile=True)
        def both(*arrays):
            with tf.GradientTape() as tape:
                tape.watch(arrays)
                loss = loss_of(tf, arrays, *data)
            return loss, tape.gradient(loss, arrays)

        return lambda: both(*given)[0].numpy()

    return make


def _regression(x, y):
    return lambda tf, v: tf.reduce_mean((x * v[0] + v[1] - y) ** 2)


def _cross_entropy(tf, x, y):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, x))


def _layer_norm(tf, v, c):
    x, w, b = v
    mean = tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean((x - mean) ** 2, -1, keepdims=True)
    return tf.reduce_sum(((x - mean) * tf.math.rsqrt(variance + 1e-5) * w + b) * c)


def _logistic(tf, w, x, y):
    z = tf.linalg.matvec(x, w)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))


def _perceptron(adam):
    rng = np.random.default_rng(0)
    start = [
        (rng.normal(size=(784, 256)) / 28).astype(np.float32), np.zeros(256, np.float32),
        (rng.normal(size=(256, 10)) / 16).astype(np.float32), np.zeros(10, np.float32),
    ]  # fmt: skip
    x, y = _numbers(128, 784), np.random.default_rng(SEED).integers(0, 10, 128)

    def loss(tf, p):
        return _cross_entropy(tf, tf.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3], y)

    return _training(start, loss, 1e-3, adam)


_zero = np.zeros(1, np.float32)
_line = np.linspace(-1, 1, 100, dtype=np.float32)
_ones, _zeros = np.ones(768, np.float32), np.zeros(768, np.float32)

XLA = {
    "3-point regression step": lambda: _training((_zero, _zero), _regression(np.array([1, 2, 3], np.float32), np.array([2, 4, 6], np.float32)), 0.01),
    "quadratic step": lambda: _training((np.float32(5),), lambda tf, v: (v[0] - 3.0) ** 2, 0.1),
    "Linear + MSE + SGD step": lambda: _training((_zero, _zero), _regression(_line, 3 * _line + 2), 0.1),
    "sin(x) exp(-x^2) + tanh(x), 10^6": lambda: _value_and_grad(
        (_numbers(1_000_000),), lambda tf, v: tf.reduce_sum(tf.sin(v[0]) * tf.exp(-v[0] * v[0]) + tf.tanh(v[0]))
    ),
    "softmax cross-entropy 4096x1000": lambda: _value_and_grad(
        (_numbers(4096, 1000),), lambda tf, v, y: _cross_entropy(tf, v[0], y),
        np.random.default_rng(SEED).integers(0, 1000, 4096),
    ),
    "layer norm 1024x768": lambda: _value_and_grad(
        (_numbers(1024, 768), _ones, _zeros), _layer_norm, _numbers(1024, 768, seed=8)
    ),
    "logistic regression 200k x 50": lambda: _value_and_grad(
        (_numbers(50, seed=9),), lambda tf, v, x, y: _logistic(tf, v[0], x, y),
        _numbers(200_000, 50), (_numbers(200_000, seed=8) > 0).astype(np.float32),
    ),
    "perceptron, SGD step": lambda: _perceptron(False),
    "perceptron, Adam step": lambda: _perceptron(True),
}  # fmt: skip
"""Name to a maker of a maker, so that nothing is computed before it is wanted."""


def peers(workloads, torch_step):
    """Add the peers to workloads that have makers by system.

    Args:
        workloads: `COMPILED`.
        torch_step: From a name to the maker of PyTorch's own step.
    """
    for name, maker in XLA.items():
        makers = workloads[name][0]
        makers["torch.compile"] = lambda name=name: _inductor(torch_step(name))
        makers["tf.function XLA"] = lambda maker=maker: maker()()


def _inductor(make):
    import torch

    step = torch.compile(make())
    step()
    return step
