"""Compiled functions, side by side: dualtape's, PyTorch eager, jax.jit; torch.compile and TensorFlow's XLA where they work.

Each workload maps systems to makers of a step. What is written for `torch` runs on dualtape under `torch.compile`, imports
aside unchanged; the JAX versions compute the same. Single precision; as many threads as the runner says.
"""

from __future__ import annotations

import os

import numpy as np
from adbench import bundle, gmm
from compiled_xla import peers
from solvers import SOLVERS

SEED = 7


def _torch():
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch


def _dualtape():
    import dualtape.torch as torch

    return torch


def _numbers(*shape, seed=SEED):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def both(make, jax=None):
    """Makers for dualtape (compiled) and PyTorch (eager) of `make(torch)`, and for JAX."""

    def dualtape():
        torch = _dualtape()
        return torch.compile(make(torch))

    makers = {"dualtape": dualtape, "torch": lambda: make(_torch())}
    if jax is not None:
        makers["jax.jit"] = jax
    return makers


def eager(make):
    """Makers for dualtape and PyTorch, both as the code stands."""
    return {"dualtape": lambda: make(_dualtape()), "torch": lambda: make(_torch())}


def _jax_step(start, update, *data):
    """A step that keeps its state, from update(state, *data) -> state."""

    def make():
        import jax

        state = [jax.tree.map(jax.numpy.asarray, start)]
        arrays = [jax.numpy.asarray(d) for d in data]
        jitted = jax.jit(lambda s, *d: update(jax, s, *d))

        def step():
            state[0] = jitted(state[0], *arrays)
            return jax.block_until_ready(state[0])

        return step

    return make


# --- small training steps ---------------------------------------------------------------------------


def regression(torch):
    """Three points, a line, mean squared error, SGD."""
    x, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0, 6.0])
    w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = ((x * w + b - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def _regression_update(jax, state, x, y):
    loss = lambda s: ((x * s[0] + s[1] - y) ** 2).mean()  # noqa: E731
    return jax.tree.map(lambda p, g: p - 0.01 * g, state, jax.grad(loss)(state))


def _regression_loop(steps):
    """So many steps of the regression in one compiled loop, NumPy style, and JAX's."""
    x, y = np.array([1, 2, 3], np.float32), np.array([2, 4, 6], np.float32)
    w = np.zeros(1, np.float32)

    def dualtape():
        import dualtape as dt

        def step(_, state):
            gradient = dt.grad(lambda w, b: ((x * w + b - y) ** 2).mean(), (0, 1))(*state)
            return tuple(p - np.float32(0.01) * g for p, g in zip(state, gradient, strict=True))

        run = dt.jit(lambda w, b: dt.fori_loop(0, steps, step, (w, b)))
        return lambda: run(w, w)

    def jax():
        import jax

        def step(_, state):
            return _regression_update(jax, state, x, y)

        run = jax.jit(lambda w, b: jax.lax.fori_loop(0, steps, step, (w, b)))
        start = jax.numpy.asarray(w)
        return lambda: jax.block_until_ready(run(start, start))

    return {"dualtape": dualtape, "jax.jit": jax}


def quadratic(torch):
    """(w - 3)^2 by SGD."""
    w = torch.tensor(5.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = (w - 3.0) ** 2
        loss.backward()
        optimizer.step()
        return loss

    return step


def _quadratic_update(jax, w):
    return w - 0.1 * jax.grad(lambda v: (v - 3.0) ** 2)(w)


def linear(torch):
    """nn.Linear, MSELoss, SGD on 100 examples."""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 100).reshape(100, 1)
    y = 3 * x + 2
    model, criterion = torch.nn.Linear(1, 1), torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


# --- kernels ------------------------------------------------------------------------------------------


def wave(torch):
    """Value and gradient of sin(x) exp(-x^2) + tanh(x) for a million numbers."""
    x = torch.from_numpy(_numbers(1_000_000)).requires_grad_()

    def step():
        x.grad = None
        out = (torch.sin(x) * torch.exp(-x * x) + torch.tanh(x)).sum()
        out.backward()
        return out

    return step


def _value_and_grad(f, *data):
    def make():
        import jax

        jitted = jax.jit(jax.value_and_grad(lambda x, *d: f(jax, x, *d)))
        arrays = [jax.numpy.asarray(d) for d in data]
        return lambda: jax.block_until_ready(jitted(*arrays))

    return make


def _wave_jax(jax, x):
    np_ = jax.numpy
    return (np_.sin(x) * np_.exp(-x * x) + np_.tanh(x)).sum()


def cross_entropy(torch):
    """Softmax cross-entropy, 4096 rows of 1000 classes."""
    x = torch.from_numpy(_numbers(4096, 1000)).requires_grad_()
    y = torch.from_numpy(np.random.default_rng(SEED).integers(0, 1000, 4096))

    def step():
        x.grad = None
        out = torch.nn.functional.cross_entropy(x, y)
        out.backward()
        return out

    return step


def _cross_entropy_jax(jax, x, y):
    logp = jax.nn.log_softmax(x)
    return -jax.numpy.take_along_axis(logp, y[:, None], 1).mean()


def layer_norm(torch):
    """Layer norm, 1024 rows of 768, gradients of input, weight and bias."""
    x, c = (
        torch.from_numpy(_numbers(1024, 768)).requires_grad_(),
        torch.from_numpy(_numbers(1024, 768, seed=8)),
    )
    layer = torch.nn.LayerNorm(768)

    def step():
        x.grad = None
        layer.zero_grad()
        out = (layer(x) * c).sum()
        out.backward()
        return out

    return step


def _layer_norm_jax(jax, p, c):
    x, w, b = p
    np_ = jax.numpy
    z = (x - x.mean(-1, keepdims=True)) / np_.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return ((z * w + b) * c).sum()


def _layer_norm_maker():
    import jax

    p = tuple(
        map(
            jax.numpy.asarray,
            (_numbers(1024, 768), np.ones(768, np.float32), np.zeros(768, np.float32)),
        )
    )
    c = jax.numpy.asarray(_numbers(1024, 768, seed=8))
    jitted = jax.jit(jax.value_and_grad(lambda p: _layer_norm_jax(jax, p, c)))
    return lambda: jax.block_until_ready(jitted(p))


def logistic(torch):
    """Logistic regression, 200,000 examples of 50 features."""
    x = torch.from_numpy(_numbers(200_000, 50))
    y = (torch.from_numpy(_numbers(200_000, seed=8)) > 0).float()
    w = torch.from_numpy(_numbers(50, seed=9)).requires_grad_()

    def step():
        w.grad = None
        out = torch.nn.functional.binary_cross_entropy_with_logits(x @ w, y)
        out.backward()
        return out

    return step


def _logistic_jax(jax, w, x, y):
    np_ = jax.numpy
    z = x @ w
    return (np_.maximum(z, 0) - z * y + np_.log1p(np_.exp(-abs(z)))).mean()


# --- networks -----------------------------------------------------------------------------------------


def _training(model, optimizer, loss_of):
    def step():
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
        return loss

    return step


def perceptron(rule):
    """784-256-10, batch 128."""

    def make(torch):
        torch.manual_seed(0)
        nn = torch.nn
        model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        x = torch.from_numpy(_numbers(128, 784))
        y = torch.from_numpy(np.random.default_rng(SEED).integers(0, 10, 128))
        optimizer = getattr(torch.optim, rule)(model.parameters(), lr=1e-3)
        return _training(model, optimizer, lambda m: nn.functional.cross_entropy(m(x), y))

    return make


def _perceptron_state(adam):
    rng = np.random.default_rng(0)
    p = [
        (rng.normal(size=(784, 256)) / 28).astype(np.float32), np.zeros(256, np.float32),
        (rng.normal(size=(256, 10)) / 16).astype(np.float32), np.zeros(10, np.float32),
    ]  # fmt: skip
    zeros = [np.zeros_like(a) for a in p]
    return (p, zeros, [z.copy() for z in zeros], np.float32(0)) if adam else p


def _perceptron_loss(jax, p, x, y):
    np_ = jax.numpy
    h = np_.maximum(x @ p[0] + p[1], 0)
    return _cross_entropy_jax(jax, h @ p[2] + p[3], y)


def _perceptron_sgd(jax, p, x, y):
    grads = jax.grad(lambda q: _perceptron_loss(jax, q, x, y))(p)
    return jax.tree.map(lambda a, g: a - 1e-3 * g, p, grads)


def _perceptron_adam(jax, state, x, y):
    p, m, v, t = state
    g = jax.grad(lambda q: _perceptron_loss(jax, q, x, y))(p)
    t = t + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    p = jax.tree.map(
        lambda a, b, c: a - 1e-3 * (b / (1 - 0.9**t)) / (jax.numpy.sqrt(c / (1 - 0.999**t)) + 1e-8), p, m, v
    )  # fmt: skip
    return p, m, v, t


def convolutional(torch):
    """A small convolutional net: 32 images of 1x28x28, two convolutions, two poolings, a linear layer."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 49, 10),
    )  # fmt: skip
    x = torch.from_numpy(_numbers(32, 1, 28, 28))
    y = torch.from_numpy(np.random.default_rng(SEED).integers(0, 10, 32))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    return _training(model, optimizer, lambda m: nn.functional.cross_entropy(m(x), y))


def transformer(torch):
    """Four layers of width 128, 4 heads, sequences of 64, batch 8, without dropout."""
    torch.manual_seed(0)
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.LayerNorm(128), nn.LayerNorm(128)
            self.heads, self.out = nn.Linear(128, 384), nn.Linear(128, 128)
            self.wide, self.narrow = nn.Linear(128, 256), nn.Linear(256, 128)

        def forward(self, x):
            q, k, v = (
                t.reshape(8, 64, 4, 32).transpose(1, 2)
                for t in self.heads(self.first(x)).split(128, -1)
            )
            seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(seen.transpose(1, 2).reshape(8, 64, 128))
            return x + self.narrow(functional.gelu(self.wide(self.second(x))))

    model = nn.Sequential(nn.Embedding(100, 128), *[Block() for _ in range(4)], nn.Linear(128, 100))
    tokens = torch.from_numpy(np.random.default_rng(SEED).integers(0, 100, (8, 65)))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)

    def loss(m):
        out = m(tokens[:, :-1])
        return nn.functional.cross_entropy(out.reshape(-1, 100), tokens[:, 1:].reshape(-1))

    return _training(model, optimizer, loss)


_x3, _y3 = np.array([1, 2, 3], np.float32), np.array([2, 4, 6], np.float32)
_zero = np.zeros(1, np.float32)
_lx = np.linspace(-1, 1, 100, dtype=np.float32).reshape(100, 1)
_y1000 = np.random.default_rng(SEED).integers(0, 1000, 4096)
_mlp = (_numbers(128, 784), np.random.default_rng(SEED).integers(0, 10, 128))

COMPILED = {
    "3-point regression step": (both(regression, _jax_step((_zero, _zero), _regression_update, _x3, _y3)), {"torch": 200, "jax.jit": 20}),
    "quadratic step": (both(quadratic, _jax_step(np.float32(5), _quadratic_update)), {"torch": 200, "jax.jit": 20}),
    "Linear + MSE + SGD step": (both(linear, _jax_step((_zero, _zero), _regression_update, _lx, 3 * _lx + 2)), {"torch": 200, "jax.jit": 20}),
    "1000 steps in one loop": (_regression_loop(1000), {"jax.jit": 2}),
    "sin(x) exp(-x^2) + tanh(x), 10^6": (both(wave, _value_and_grad(_wave_jax, _numbers(1_000_000))), {"torch": 4, "jax.jit": 3}),
    "softmax cross-entropy 4096x1000": (both(cross_entropy, _value_and_grad(_cross_entropy_jax, _numbers(4096, 1000), _y1000)), {"torch": 3, "jax.jit": 3}),
    "layer norm 1024x768": (both(layer_norm, _layer_norm_maker), {"torch": 3, "jax.jit": 4}),
    "logistic regression 200k x 50": (
        both(logistic, _value_and_grad(_logistic_jax, _numbers(50, seed=9), _numbers(200_000, 50), (_numbers(200_000, seed=8) > 0).astype(np.float32))),
        {"torch": 1.5, "jax.jit": 3},
    ),
    "perceptron, SGD step": (both(perceptron("SGD"), _jax_step(_perceptron_state(False), _perceptron_sgd, *_mlp)), {"torch": 1.3, "jax.jit": 1.2}),
    "perceptron, Adam step": (both(perceptron("Adam"), _jax_step(_perceptron_state(True), _perceptron_adam, *_mlp)), {"torch": 1.3, "jax.jit": 1.2}),
    "small convolutional net, SGD step": (both(convolutional), {"torch": 1.0}),
    "small transformer, SGD step": (both(transformer), {"torch": 1.5}),
    **{f"Gaussian mixture d={d}, k={k}": (both(gmm(d, k, 1000)), {"torch": aim}) for d, k, aim in ((2, 5, 5), (10, 25, 3), (64, 25, 1))},
    **{f"bundle adjustment, {n} observations": (bundle(n), {"torch": 20}) for n in (100, 1000)},
    **{f"Gaussian mixture d={d}, k={k}, not compiled": (eager(gmm(d, k, 1000)), {"torch": aim}) for d, k, aim in ((2, 5, 1.5), (10, 25, 0.8), (64, 25, 0.7))},
    **{f"bundle adjustment, {n} observations, not compiled": (bundle(n, compiled=False), {"torch": 2}) for n in (100, 1000)},
    **SOLVERS,
}  # fmt: skip
"""Name to (maker by system, the ratios aimed at)."""

peers(COMPILED, lambda name: COMPILED[name][0]["torch"])
