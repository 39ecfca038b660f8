"""Programs in TensorFlow's style whose gradient is None; marked as those of `torch_losses`."""

LOSSES = {
    "a constant, not watched": """
x = tf.constant(3.0)  #: not_watched (certain)
with tf.GradientTape() as tape:
    y = x * x
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "a tape that watches nothing": """
x = tf.Variable(3.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:  #: not_watched (certain)
    y = x * x
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "not trainable": """
x = tf.Variable(3.0, trainable=False)  #: not_trainable (certain)
with tf.GradientTape() as tape:
    y = x * x
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "a copy instead of the variable": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    copy = tf.constant(x)  #: constant (certain)
    y = tf.reduce_sum(copy * copy)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "integer": """
x = tf.Variable([1, 2])  #: integer (certain)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(x * x)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "boolean": """
x = tf.Variable([True, False])  #: boolean (certain)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x, 1.0, 0.0))
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "converted to integers": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    steps = tf.cast(x, tf.int32)  #: integer
    y = tf.reduce_sum(tf.cast(steps, tf.float32))
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "left through NumPy": """
import numpy as np
x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:
    x2 = x ** 2
    y = np.mean(x2, axis=0)  #: numpy (certain)
    y = tf.reduce_mean(y, axis=0)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "numpy()": """
x = tf.Variable([1.0, 2.0])

def loss_of(v):
    inside = (v * 2.0).numpy()  #: numpy (certain)
    return tf.reduce_sum(tf.convert_to_tensor(inside))

with tf.GradientTape() as tape:
    y = loss_of(x)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "a Python number": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.constant(3.0) * float(x)  #: python_number (certain)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "stop_gradient": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    h = tf.stop_gradient(x * x)  #: stop_gradient (certain)
    y = h * 2.0
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "stop_recording": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    h = x * x
    with tape.stop_recording():
        k = h * 2.0  #: no_grad
    y = k + 1.0
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "built before the tape": """
x = tf.Variable(2.0)
h = x * x  #: outside_tape
with tf.GradientTape() as tape:
    y = h * 2.0
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "built by another tape": """
x = tf.Variable(2.0)
with tf.GradientTape() as first:
    y = x * x  #: outside_tape (certain)
with tf.GradientTape() as tape:
    z = x * 3.0
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "built after the tape": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    h = x * x
y = h * 2.0  #: outside_tape
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "rebound": """
x = tf.Variable(2.0)
for epoch in range(2):
    with tf.GradientTape() as tape:
        y = x + 1.0
    result = tape.gradient(y, x)
    verdict = tape.why_none(y, x)
    x = x + 1.0  #: rebound (certain)
""",
    "rebound before the tape": """
x = tf.Variable(2.0)
x = tf.nn.relu(x * 2.0)  #: rebound (certain)
with tf.GradientTape() as tape:
    y = x * x
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "rebound by gradient descent": """
w = tf.Variable(1.0)
for step in range(2):
    with tf.GradientTape() as tape:
        loss = (w - 3.0) ** 2
    g = tape.gradient(loss, w)
    result, verdict = g, tape.why_none(loss, w)
    if g is not None:
        w = w - 0.1 * g  #: rebound (certain)
""",
    "watched too late": """
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    y = x * x
    tape.watch(x)  #: required_later
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "argmax": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    best = tf.argmax(x)  #: not_differentiable
    y = tf.cast(best, tf.float32) * 2.0
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "round": """
x = tf.Variable(1.2)
with tf.GradientTape() as tape:
    y = tf.round(x) * 2.0  #: not_differentiable
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "a comparison": """
x = tf.Variable([0.2, 0.8])

def accuracy(scores):
    hits = scores > 0.5  #: not_differentiable
    return tf.reduce_mean(tf.cast(hits, tf.float32))

with tf.GradientTape() as tape:
    y = accuracy(x)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "through a variable's state": """
x0 = tf.Variable(3.0)
x1 = tf.Variable(0.0)
with tf.GradientTape() as tape:
    x1.assign_add(x0)  #: assigned
    y = x1 ** 2
result = tape.gradient(y, x0)
verdict = tape.why_none(y, x0)
""",
    "a gradient function returned None": """
@tf.custom_gradient
def scale(x, s):
    def grad(dy):
        return dy * s, None  #: returned_none (certain)
    return x * s, grad

x, s = tf.Variable(2.0), tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = scale(x, s)
result = tape.gradient(y, s)
verdict = tape.why_none(y, s)
""",
    "no path": """
x, z = tf.Variable(2.0), tf.Variable(3.0)
with tf.GradientTape() as tape:
    h = x * x
    y = z * z  #: no_path (certain)
result = tape.gradient(y, x)
verdict = tape.why_none(y, x)
""",
    "a layer of a model that is not used": """
class Net(tf.Module):
    def __init__(self):
        self.used = tf.Variable([[1.0], [2.0]])
        self.idle = tf.Variable([[1.0], [2.0]])

    def __call__(self, x):
        return x @ self.used

net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.ones((3, 2))))  #: no_path (certain)
result = tape.gradient(loss, net.idle)
verdict = tape.why_none(loss, net.idle)
""",
    "NumPy inside a model": """
import numpy as np

class Net(tf.Module):
    def __init__(self):
        self.w = tf.Variable([[1.0], [2.0]])

    def hidden(self, x):
        return tf.constant(np.tanh(x @ self.w))  #: numpy (certain)

    def __call__(self, x):
        return self.hidden(x) * 2.0

net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.ones((3, 2))))
result = tape.gradient(loss, net.w)
verdict = tape.why_none(loss, net.w)
""",
    "asked without the tape": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.stop_gradient(x) * 2.0  #: stop_gradient (certain)
result = tape.gradient(y, x)
verdict = why_none(y, x)
""",
    "no tape at all": """
x = tf.Variable(2.0)
y = x * x  #: outside_tape (certain)
result = None
verdict = why_none(y, x)
""",
}
