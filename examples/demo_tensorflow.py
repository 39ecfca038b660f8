"""Gradients and a small trained network, written for TensorFlow: nothing here knows of dualtape.

Run it on dualtape with `dualtape run examples/demo_tensorflow.py`; on TensorFlow with `python`.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tqdm import tqdm

# Gradients of any order: f(x) = x^3 + 2x at x = 3, with one tape inside another.
x = tf.Variable(3.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        f = x**3 + 2 * x
    first = inner.gradient(f, x)
second = outer.gradient(first, x)
print("f(3)   =", f)
print("f'(3)  =", first.numpy(), " by hand: 3 * 9 + 2")
print("f''(3) =", second.numpy(), " by hand: 6 * 3")

# The Jacobian of v -> A v * v, watched on a constant.
A = tf.constant([[2.0, 1.0], [0.0, 3.0]])
v = tf.constant([1.0, -1.0])
with tf.GradientTape() as tape:
    tape.watch(v)
    y = tf.linalg.matvec(A, v) * v
print("Jacobian of A v * v =\n", tape.jacobian(y, v).numpy())

# A network that learns a noisy curve.
rng = np.random.default_rng(0)
inputs = np.linspace(-3.0, 3.0, 200, dtype=np.float32)[:, None]
noise = 0.05 * rng.standard_normal(inputs.shape)
outputs = (np.sin(inputs) + noise).astype(np.float32)

tf.random.set_seed(0)
model = keras.Sequential(
    [
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(1),
    ]
)
loss_function = keras.losses.MeanSquaredError()
optimizer = keras.optimizers.Adam(learning_rate=0.02)
features, targets = tf.constant(inputs), tf.constant(outputs)

progress = tqdm(range(300), desc="training", unit="step")
for _step in progress:
    with tf.GradientTape() as tape:
        loss = loss_function(targets, model(features))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    progress.set_postfix(loss=f"{loss.numpy():.4f}")

print("weights:", [tuple(weight.shape) for weight in model.trainable_variables])
print(f"mean squared error: {loss.numpy():.4f}, of the noise alone: {np.mean(noise**2):.4f}")
