"""Operations on large arrays in eager code, forward and backward: with kernels, without (`DUALTAPE_EAGER_KERNELS=0`), PyTorch.

Single precision; as many threads as the run has.
"""

from __future__ import annotations

import os

import numpy as np

SIZE = 1_000_000
ROWS = (4096, 256)


def _dualtape():
    import dualtape.torch as torch

    return torch


def _numpys():
    os.environ["DUALTAPE_EAGER_KERNELS"] = "0"
    return _dualtape()


def _torch():
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch


def _step(torch, shape, made):
    rng = np.random.default_rng(7)
    x = torch.tensor(rng.uniform(0.1, 2, shape).astype(np.float32), requires_grad=True)
    f = made(torch)
    ct = torch.ones_like(f(x))

    def step():
        x.grad = None
        y = f(x)
        y.backward(ct)
        return y

    return step


def _row(shape, made):
    systems = {"dualtape": _dualtape, "dualtape.numpys": _numpys, "torch": _torch}
    return {s: (lambda find=find: _step(find(), shape, made)) for s, find in systems.items()}, {
        "torch": 1.0
    }


def _cross_entropy(torch):
    target = torch.arange(ROWS[0]) % ROWS[1]
    return lambda x: torch.nn.functional.cross_entropy(x, target)


def _layer_norm(torch):
    return torch.nn.LayerNorm(ROWS[1])


_ELEMENTWISE = {
    **{
        name: (lambda t, n=name: getattr(t, n))
        for name in ("exp", "log1p", "sin", "tanh", "sigmoid", "erf")
    },
    **{
        name: (lambda t, n=name: getattr(t.nn.functional, n))
        for name in ("gelu", "silu", "softplus")
    },
    "x ** 2.5": lambda t: lambda x: x**2.5,
}
_ROWWISE = {
    "softmax": lambda t: lambda x: t.softmax(x, -1),
    "log_softmax": lambda t: lambda x: t.log_softmax(x, -1),
    "logsumexp": lambda t: lambda x: t.logsumexp(x, -1),
    "var": lambda t: lambda x: t.var(x, -1),
    "layer norm": _layer_norm,
    "cross-entropy": _cross_entropy,
}

EAGER = {
    **{f"eager {name}, 10^6": _row(SIZE, made) for name, made in _ELEMENTWISE.items()},
    **{f"eager {name}, 4096 x 256": _row(ROWS, made) for name, made in _ROWWISE.items()},
}
"""Name to (makers of a step by system, the ratios aimed at)."""
