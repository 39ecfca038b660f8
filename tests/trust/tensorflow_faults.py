"""Faulty programs in TensorFlow's style, each with the lines that its error has to name.

The marks are those of `torch_faults`. TensorFlow's tensors cannot be written to, so that the faults are
others: a tape used up, gradient functions that fail, and mistakes in the forward pass.
"""

_FRAGILE = """
@tf.custom_gradient
def fragile(x):
    def grad(dy):
        {body}
    return tf.identity(x), grad
"""


def _fragile(body: str, mark: str = "") -> str:
    return _FRAGILE.format(body=body + mark)


FAULTS = {
    "gradient twice": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)  #: used up at
h = tape.gradient(y, x)  #: raised
""",
    "gradient once per variable": """
w, b = tf.Variable(2.0), tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = (w * 3.0 + b) ** 2
dw = tape.gradient(loss, w)  #: used up at
db = tape.gradient(loss, b)  #: raised
""",
    "jacobian after gradient": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = x ** 2
tape.gradient(y, x)  #: used up at
tape.jacobian(y, x)  #: raised
""",
    "batch_jacobian after jacobian": """
x = tf.ones((2, 2))
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x ** 2
tape.jacobian(y, x)  #: used up at
tape.batch_jacobian(y, x)  #: raised
""",
    "a tape kept over the steps of a loop": """
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = w * w
for step in range(2):
    g = tape.gradient(loss, w)  #: used up at
    w.assign_sub(0.1 * g)
""",
    "used up inside a helper": """
def step(tape, loss, w):
    return tape.gradient(loss, w)  #: used up at

w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = w * w
step(tape, loss, w)
step(tape, loss, w)
""",
    "an exception in a gradient function": _fragile("return dy * (1 // 0)", "  #: raised")
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    h = x * 2.0
    y = fragile(h)  #: recorded at
    z = y + 1.0
tape.gradient(z, x)
""",
    "too many gradients returned": _fragile("return dy, dy")
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = fragile(x)  #: recorded at
tape.gradient(y, x)  #: raised
""",
    "a gradient of another shape returned": _fragile("return tf.ones((5,))")
    + """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = fragile(x)  #: recorded at
tape.gradient(y, x)  #: raised
""",
    "text returned as gradient": _fragile("return 'steep'")
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = fragile(x)  #: recorded at
tape.gradient(y, x)  #: raised
""",
    "a lookup that fails in a gradient function": _fragile(
        "return {}[dy.ref()]", "  #: raised"
    ).replace("{{}}", "{}")
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = fragile(x) * 2.0  #: recorded at
tape.gradient(y, x)
""",
    "an assertion in a gradient function": _fragile(
        "tf.debugging.assert_positive(-dy); return dy", "  #: raised"
    )
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = fragile(x)  #: recorded at
tape.gradient(y, x)
""",
    "shapes that do not fit in a gradient function": _fragile(
        "return dy * tf.ones((3,)) + tf.ones((2,))", "  #: raised"
    )
    + """
x = tf.Variable([1.0, 2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(fragile(x))  #: recorded at
tape.gradient(y, x)
""",
    "dtypes that do not fit in a gradient function": _fragile(
        "return dy * tf.constant(2)", "  #: raised"
    )
    + """
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = fragile(x)  #: recorded at
tape.gradient(y, x)
""",
    "a gradient function that fails in the jacobian": _fragile(
        "raise OSError('disk full')", "  #: raised"
    )
    + """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    y = fragile(x)  #: recorded at
tape.jacobian(y, x, experimental_use_pfor=False)
""",
    "a gradient function that fails in the second gradient": """
@tf.custom_gradient
def cube(x):
    def grad(dy):
        @tf.custom_gradient
        def slope(x):
            def second(ddy):
                raise ArithmeticError("no second derivative")  #: raised
            return 3.0 * x * x, second
        return dy * slope(x)  #: recorded at
    return x ** 3, grad

x = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = cube(x)
    g = inner.gradient(y, x)
outer.gradient(g, x)
""",
    "a model run again with other shapes": """
rows = [3]

@tf.recompute_grad
def block(x):
    return tf.ones((rows[0], 2)) * x  #: raised

x = tf.Variable(tf.ones((3, 2)))
with tf.GradientTape() as tape:
    y = block(x)  #: recorded at
rows[0] = 4
tape.gradient(y, x)
""",
    "a gradient function without the variables": """
v = tf.Variable(2.0)

@tf.custom_gradient
def scale(x):
    def grad(dy, variables=None):
        return dy
    return v * x, grad

x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = scale(x)  #: recorded at
tape.gradient(y, x)  #: raised
""",
    "a callback that fails in a gradient function": """
import numpy as np

def solve(g):
    return np.linalg.solve(np.zeros((2, 2)), g)  #: raised

@tf.custom_gradient
def solver(x):
    def grad(dy):
        return tf.constant(solve(dy.numpy()), tf.float32)
    return tf.identity(x), grad

x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = solver(x)  #: recorded at
    loss = tf.reduce_sum(y)
tape.gradient(loss, x)
""",
    "inside a layer": _fragile("raise LookupError('not in the table')", "  #: raised")
    + """
class Layer(tf.Module):
    def __init__(self):
        self.w = tf.Variable([[1.0, 2.0]])
    def __call__(self, x):
        return fragile(x @ self.w)  #: recorded at

layer = Layer()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(tf.ones((3, 1))))
tape.gradient(loss, layer.trainable_variables)
""",
    "too few gradients returned": """
@tf.custom_gradient
def scale(x, s):
    def grad(dy):
        return dy * s
    return x * s, grad

x, s = tf.Variable(2.0), tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = scale(x, s)  #: recorded at
tape.gradient(y, [x, s])  #: raised
""",
    "a custom gradient without its function": """
@tf.custom_gradient
def clip(x):
    return tf.clip_by_value(x, 0.0, 1.0)

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = clip(x)  #: raised
""",
    "a gradient function that takes no cotangent": """
@tf.custom_gradient
def twice(x):
    def grad():
        return 2.0
    return x * 2.0, grad

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = twice(x)  #: recorded at
tape.gradient(y, x)  #: raised
""",
    "a cotangent of another shape": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = x * x
tape.gradient(y, x, output_gradients=tf.ones((3,)))  #: raised
""",
    "shapes that do not fit in the forward pass": """
def model(w, x):
    return tf.tanh(x @ w)  #: raised

w = tf.Variable(tf.ones((3, 2)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(w, tf.ones((4, 5))))
""",
    "a tensor written to": """
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = x * x
    y[0] = 0.0  #: raised
""",
    "a value of another shape assigned": """
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)
g = tape.gradient(loss, w)
w.assign_sub(tf.concat([g, g], 0))  #: raised
""",
    "a branch on a vector": """
x = tf.Variable([1.0, -2.0])
with tf.GradientTape() as tape:
    y = x if x > 0 else -x  #: raised
""",
    "something watched that is no tensor": """
x = 3.0
with tf.GradientTape() as tape:
    tape.watch(x)  #: raised
    y = x * x
""",
    "a tangent of another shape": """
x = tf.constant([1.0, 2.0])
with tf.autodiff.ForwardAccumulator(x, tf.ones((3,))) as acc:  #: raised
    y = x * x
""",
    "an optimizer without gradients": """
w = tf.Variable(1.0)
frozen = tf.constant(2.0)
opt = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = frozen * 3.0
opt.apply_gradients([(tape.gradient(loss, w), w)])  #: raised
""",
    "a tape entered twice": """
x = tf.Variable(1.0)
tape = tf.GradientTape()
with tape:
    y = x * x
    with tape:  #: raised
        z = y * x
""",
    "a gradient with respect to a number": """
x = 3.0
with tf.GradientTape() as tape:
    y = tf.Variable(x) * x
tape.gradient(y, x)  #: raised
""",
    "NaN under numeric checks": """
x = tf.Variable([1.0, -1.0])
with tf.GradientTape() as tape:
    y = tf.debugging.check_numerics(tf.math.log(x), "log")  #: raised
tape.gradient(y, x)
""",
}
