"""Transformations of functions, side by side: dualtape, torch.func, JAX (eager and jit) and HIPS autograd.

Each workload maps the systems that have it to a function that imports the system and returns a step. All compute in
double precision, as NumPy code does.
"""

from __future__ import annotations

import numpy as np

SEED = 7


def _jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _torch():
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return torch


def rosenbrock(np):
    """The test function of n variables, in the dialect of the module `np`."""

    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def _point(n):
    return np.linspace(-1.0, 1.0, n)


def hessian(n):
    """The Hessian of Rosenbrock's function of n variables."""

    def dualtape():
        import dualtape as dt

        h, x = dt.hessian(rosenbrock(np)), _point(n)
        return lambda: h(x)

    def torch():
        torch = _torch()
        h, x = torch.func.hessian(rosenbrock(torch)), torch.from_numpy(_point(n))
        return lambda: h(x)

    def jax(jit=False):
        jax = _jax()
        h, x = jax.hessian(rosenbrock(jax.numpy)), jax.numpy.asarray(_point(n))
        h = jax.jit(h) if jit else h
        return lambda: h(x).block_until_ready()

    def autograd():
        import autograd
        import autograd.numpy as anp

        h, x = autograd.hessian(rosenbrock(anp)), _point(n)
        return lambda: h(x)

    return _systems(dualtape, torch, jax, autograd)


def hvp(n):
    """The product of that Hessian with a vector."""

    def dualtape():
        import dualtape as dt

        f, x, v = rosenbrock(np), _point(n), np.ones(n)
        return lambda: dt.hvp(f, (x,), (v,))

    def torch():
        torch = _torch()
        f, x, v = rosenbrock(torch), torch.from_numpy(_point(n)), torch.ones(n)
        return lambda: torch.func.jvp(torch.func.grad(f), (x,), (v,))

    def jax(jit=False):
        jax = _jax()
        f, x, v = rosenbrock(jax.numpy), jax.numpy.asarray(_point(n)), jax.numpy.ones(n)

        def product(x, v):
            return jax.jvp(jax.grad(f), (x,), (v,))

        product = jax.jit(product) if jit else product
        return lambda: product(x, v)[1].block_until_ready()

    def autograd():
        import autograd
        import autograd.numpy as anp

        product, x, v = autograd.hessian_vector_product(rosenbrock(anp)), _point(n), np.ones(n)
        return lambda: product(x, v)

    return _systems(dualtape, torch, jax, autograd)


def jacobian():
    """The Jacobian of a map from 100 to 100 numbers."""
    A = np.random.default_rng(SEED).normal(size=(100, 100)) / 10

    def dualtape():
        import dualtape as dt

        j, x = dt.jacobian(lambda x: np.tanh(A @ x) * x), _point(100)
        return lambda: j(x)

    def torch():
        torch = _torch()
        B = torch.from_numpy(A)
        j, x = torch.func.jacrev(lambda x: torch.tanh(B @ x) * x), torch.from_numpy(_point(100))
        return lambda: j(x)

    def jax(jit=False):
        jax = _jax()
        B = jax.numpy.asarray(A)
        j, x = (
            jax.jacrev(lambda x: jax.numpy.tanh(B @ x) * x),
            jax.numpy.asarray(_point(100)),
        )
        j = jax.jit(j) if jit else j
        return lambda: j(x).block_until_ready()

    def autograd():
        import autograd
        import autograd.numpy as anp

        j, x = autograd.jacobian(lambda x: anp.tanh(anp.dot(A, x)) * x), _point(100)
        return lambda: j(x)

    return _systems(dualtape, torch, jax, autograd)


def per_sample():
    """The gradient of each of 256 examples of a 16-32-1 perceptron, by vmap."""
    rng = np.random.default_rng(SEED)
    params = {
        "w1": rng.normal(size=(16, 32)) / 4, "b1": np.zeros(32), "w2": rng.normal(size=(32, 1)) / 6, "b2": np.zeros(1)
    }  # fmt: skip
    x, y = rng.normal(size=(256, 16)), rng.normal(size=(256, 1))

    def loss(np):
        def f(p, x, y):
            h = np.tanh(x @ p["w1"] + p["b1"])
            return np.sum((h @ p["w2"] + p["b2"] - y) ** 2)

        return f

    def dualtape():
        import dualtape as dt

        g = dt.vmap(dt.grad(loss(np)), (None, 0, 0))
        return lambda: g(params, x, y)

    def torch():
        torch = _torch()
        p = {k: torch.from_numpy(v) for k, v in params.items()}
        a, b = torch.from_numpy(x), torch.from_numpy(y)
        g = torch.func.vmap(torch.func.grad(loss(torch)), (None, 0, 0))
        return lambda: g(p, a, b)

    def jax(jit=False):
        jax = _jax()
        p = {k: jax.numpy.asarray(v) for k, v in params.items()}
        a, b = jax.numpy.asarray(x), jax.numpy.asarray(y)
        g = jax.vmap(jax.grad(loss(jax.numpy)), (None, 0, 0))
        g = jax.jit(g) if jit else g
        return lambda: g(p, a, b)["w1"].block_until_ready()

    return _systems(dualtape, torch, jax, None)


def jvp_chain():
    """The directional derivative of 1000 operations on 10 numbers."""

    def chain(np):
        def f(x):
            y = x
            for _ in range(500):
                y = np.sin(y) + x
            return y

        return f

    def dualtape():
        import dualtape as dt

        f, x, v = chain(np), _point(10), np.ones(10)
        return lambda: dt.jvp(f, (x,), (v,))

    def torch():
        torch = _torch()
        f, x, v = chain(torch), torch.from_numpy(_point(10)), torch.ones(10)
        return lambda: torch.func.jvp(f, (x,), (v,))

    def jax(jit=False):
        jax = _jax()
        f, x, v = chain(jax.numpy), jax.numpy.asarray(_point(10)), jax.numpy.ones(10)

        def push(x, v):
            return jax.jvp(f, (x,), (v,))

        push = jax.jit(push) if jit else push
        return lambda: push(x, v)[1].block_until_ready()

    def autograd():
        import autograd.numpy as anp
        from autograd import make_jvp

        push, x, v = make_jvp(chain(anp)), _point(10), np.ones(10)
        return lambda: push(x)(v)

    return _systems(dualtape, torch, jax, autograd)


def logistic():
    """The gradient of NumPy-style logistic regression: 200 examples of 10 features."""
    rng = np.random.default_rng(SEED)
    X, y = rng.normal(size=(200, 10)), np.sign(rng.normal(size=200))
    w = rng.normal(size=10)

    def loss(np, X, y):
        def f(w):
            return np.mean(np.log1p(np.exp(-y * (X @ w)))) + 0.01 * np.sum(w * w)

        return f

    def dualtape():
        import dualtape as dt

        g = dt.grad(loss(np, X, y))
        return lambda: g(w)

    def torch():
        torch = _torch()
        g = torch.func.grad(loss(torch, torch.from_numpy(X), torch.from_numpy(y)))
        v = torch.from_numpy(w)
        return lambda: g(v)

    def jax(jit=False):
        jax = _jax()
        g = jax.grad(loss(jax.numpy, jax.numpy.asarray(X), jax.numpy.asarray(y)))
        g, v = jax.jit(g) if jit else g, jax.numpy.asarray(w)
        return lambda: g(v).block_until_ready()

    def autograd():
        import autograd
        import autograd.numpy as anp

        g = autograd.grad(loss(anp, X, y))
        return lambda: g(w)

    return _systems(dualtape, torch, jax, autograd)


def masked(traps):
    """The gradient of a masked logarithm of 1000 numbers, mask-safe and not; `traps` of them need the mask."""
    x = np.linspace(0.5, 2.0, 1000)
    x[:traps] = 0.0

    def f(x):
        return np.sum(np.where(x > 0, np.log(x), 0.0))

    def safe():
        import dualtape as dt

        g = dt.grad(f)

        def step():
            with np.errstate(all="ignore"):
                return g(x)

        return step

    def unsafe():
        import dualtape as dt

        g = dt.grad(f)

        def step():
            with np.errstate(all="ignore"), dt.safe_gradients(False):
                return g(x)

        return step

    return {"dualtape": safe, "dualtape.unsafe": unsafe}


def _systems(dualtape, torch, jax, autograd):
    makers = {"dualtape": dualtape, "torch.func": torch, "jax": jax, "jax.jit": lambda: jax(True)}
    if autograd is not None:
        makers["autograd"] = autograd
    return makers


def _aims(of_torch):
    return {"torch.func": of_torch, "autograd": 2.0}


FUNCTIONAL = {
    **{f"Hessian of Rosenbrock, n = {n}": (hessian(n), _aims(2.0 if n == 10 else 1.0)) for n in (10, 100, 1000)},
    **{f"Hessian-vector product, n = {n}": (hvp(n), _aims(2.0 if n <= 100 else 1.0)) for n in (10, 100, 1000)},
    "Jacobian of a map from 100 to 100": (jacobian(), _aims(1.0)),
    "per-sample gradients by vmap, batch 256": (per_sample(), _aims(1.0)),
    "jvp of a chain of 1000 operations": (jvp_chain(), _aims(2.0)),
    "gradient of logistic regression, NumPy style": (logistic(), _aims(2.0)),
    "masked log of 1000, no NaN met": (masked(0), {}),
    "masked log of 1000, NaN met": (masked(10), {}),
}  # fmt: skip
"""Name to (maker by system, the ratios aimed at)."""
