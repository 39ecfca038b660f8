"""What is measured: each workload as a function that makes a step, for every system that can run it.

The PyTorch-style and TensorFlow-style texts are the same for the real framework and for dualtape: a
workload gets the module (`torch` or `tf`) and uses it as its users do.
"""

from __future__ import annotations

import numpy as np


# (a) small training steps -------------------------------------------------------------------------
def regression_torch(torch):
    """Three points, w*x + b, gradients by backward, update under no_grad."""
    X = torch.tensor([[1.0], [2.0], [3.0]])
    y = torch.tensor([[2.0], [4.0], [5.0]])
    w = torch.tensor([0.3], requires_grad=True)
    b = torch.tensor([0.1], requires_grad=True)
    w.grad, b.grad = torch.zeros(1), torch.zeros(1)

    def step():
        y_pred = X * w + b
        loss = torch.mean((y_pred - y) ** 2)
        loss.backward()
        with torch.no_grad():
            w.sub_(0.01 * w.grad)
            b.sub_(0.01 * b.grad)
            w.grad.zero_()
            b.grad.zero_()
        return loss

    return step


def quadratic_torch(torch):
    """Minimise a*x**2 + b*x + c with SGD."""
    x = torch.tensor(0.0, requires_grad=True)
    a, b, c = torch.tensor(1.0), torch.tensor(-2.0), torch.tensor(1.0)
    optimizer = torch.optim.SGD(params=[x], lr=0.01)

    def step():
        optimizer.zero_grad()
        y = a * torch.pow(x, 2) + b * x + c
        y.backward()
        optimizer.step()
        return y

    return step


def linear_torch(torch):
    """nn.Linear, MSELoss and SGD on three points."""
    x = torch.tensor([[1.0], [2.0], [3.0]])
    y = torch.tensor([[2.0], [4.0], [6.0]])
    model = torch.nn.Linear(1, 1)
    loss_fn = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def regression_tf(tf):
    """Three points with GradientTape and assign_sub."""
    X = tf.constant([[1.0], [2.0], [3.0]], dtype=tf.float32)
    y = tf.constant([[2.0], [4.0], [5.0]], dtype=tf.float32)
    w = tf.Variable([[0.3]], dtype=tf.float32)
    b = tf.Variable([[0.1]], dtype=tf.float32)

    def step():
        with tf.GradientTape() as tape:
            y_pred = tf.matmul(X, w) + b
            loss = tf.reduce_mean(tf.square(y_pred - y))
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.01 * dw)
        b.assign_sub(0.01 * db)
        return loss

    return step


def quadratic_tf(tf):
    """Minimise x**2 - 2*x + 1 with keras' SGD."""
    x = tf.Variable(0.0)
    optimizer = tf.keras.optimizers.SGD(learning_rate=0.01)

    def step():
        with tf.GradientTape() as tape:
            y = tf.square(x) - 2.0 * x + 1.0
        optimizer.apply_gradients(zip(tape.gradient(y, [x]), [x], strict=True))
        return y

    return step


# (b) a chain of scalars ---------------------------------------------------------------------------
def chain_torch(torch):
    """1000 scalar operations forward, then backward."""
    x = torch.tensor(1.0, requires_grad=True)
    c = torch.tensor(1.0001)

    def step():
        y = x
        for _ in range(500):
            y = y * c
            y = y + c
        y.backward()
        return y

    return step


# (c) a perceptron ---------------------------------------------------------------------------------
def _perceptron(torch, make_optimizer):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10)
    )
    x = torch.randn(128, 784)
    y = torch.randint(0, 10, (128,))
    loss_fn = torch.nn.CrossEntropyLoss()
    optimizer = make_optimizer(model.parameters())

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def perceptron_sgd_torch(torch):
    """784-256-10, batch 128, cross-entropy, SGD."""
    return _perceptron(torch, lambda p: torch.optim.SGD(p, lr=0.01))


def perceptron_adam_torch(torch):
    """784-256-10, batch 128, cross-entropy, Adam."""
    return _perceptron(torch, lambda p: torch.optim.Adam(p, lr=0.001))


# (d) a large elementwise gradient -----------------------------------------------------------------
def elementwise_torch(torch):
    """Gradient of sum(sin(x)*exp(-x*x) + tanh(x)), 10^6 float32."""
    x = torch.tensor(np.linspace(-3, 3, 1_000_000, dtype=np.float32), requires_grad=True)

    def step():
        x.grad = None
        y = (torch.sin(x) * torch.exp(-x * x) + torch.tanh(x)).sum()
        y.backward()
        return y

    return step


# (e) a small gradient -----------------------------------------------------------------------------
def small_torch(torch):
    """Gradient of a 4-operation function of 4 elements."""
    x = torch.tensor([0.1, 0.2, 0.3, 0.4], requires_grad=True)

    def step():
        (g,) = torch.autograd.grad((torch.sin(x) * x + torch.exp(x)).sum(), x)
        return g

    return step


WORKLOADS = {
    "3-point regression (PyTorch style)": ("torch", regression_torch, 2.0),
    "quadratic minimisation (PyTorch style)": ("torch", quadratic_torch, 2.0),
    "Linear + MSELoss + SGD (PyTorch style)": ("torch", linear_torch, 2.0),
    "3-point regression (TensorFlow style)": ("tensorflow", regression_tf, 20.0),
    "quadratic minimisation (TensorFlow style)": ("tensorflow", quadratic_tf, 20.0),
    "chain of 1000 scalar operations": ("torch", chain_torch, 1.5),
    "perceptron 784-256-10, SGD": ("torch", perceptron_sgd_torch, 0.8),
    "perceptron 784-256-10, Adam": ("torch", perceptron_adam_torch, 0.8),
    "elementwise gradient, 10^6 float32": ("torch", elementwise_torch, None),
    "gradient of 4 operations on 4 elements": ("torch", small_torch, 1.3),
}
"""Name to (framework, maker, the ratio peer/ours aimed at)."""
