"""Optimizers: PyTorch's numbers over ten steps, groups, state, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import optim

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.05}),
    ("RMSprop", {"lr": 0.05, "centered": True}),
    ("RMSprop", {"lr": 0.05, "centered": True, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.05, "momentum": 0.9, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.02, "initial_accumulator_value": 0.3}),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in options.items())}" for name, options in CASES]


def run(torch, name, options, dtype, shapes=((3, 4), (5,), ()), steps=10):
    """Ten steps on fixed gradients; the parameters after each."""
    draw = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    starts = [draw.standard_normal(s) for s in shapes]

    def array(x):
        x = np.asarray(x)
        return (x + 1j * np.cos(x)).astype(dtype) if dtype.kind == "c" else x.astype(dtype)

    params = [torch.from_numpy(array(s)).requires_grad_() for s in starts]
    optimizer = getattr(torch.optim, name)(params, **options)
    out = []
    for _ in range(steps):
        for p in params:
            p.grad = torch.from_numpy(array(draw.standard_normal(tuple(p.shape))))
        optimizer.step()
        out.append([p.detach().numpy().copy() for p in params])
    return out


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_ten_steps_as_pytorch(name, options, dtype):
    torch = pytest.importorskip("torch")
    if dtype == "complex128" and name == "Adagrad" and options.get("initial_accumulator_value"):
        pytest.skip("PyTorch starts complex sums with (v, v), a corner of its own")
    tolerance = 2e-6 if dtype == "float32" else 1e-13
    ours, theirs = run(dt, name, options, dtype), run(torch, name, options, dtype)
    for step in zip(ours, theirs, strict=True):
        for a, b in zip(*step, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_large_parameters_take_the_same_steps(name, options):
    # Pieces of a large array against the same numbers in small ones.
    big = run(dt, name, options, "float32", shapes=((40, 1000),), steps=3)
    torch = pytest.importorskip("torch")
    there = run(torch, name, options, "float32", shapes=((40, 1000),), steps=3)
    for (a,), (b,) in zip(big, there, strict=True):
        np.testing.assert_allclose(a, b, rtol=3e-6, atol=3e-6)


GOLDEN = {
    "SGD": ({"lr": 0.1, "momentum": 0.9}, None),
    "Adam": ({"lr": 0.1}, None),
    "AdamW": ({"lr": 0.1}, None),
    "RMSprop": ({"lr": 0.1}, None),
    "Adagrad": ({"lr": 0.1}, None),
}


def quadratic(torch, name, options):
    p = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **options)
    for _ in range(5):
        p.grad = torch.from_numpy(2 * p.detach().numpy() - 1)
        optimizer.step()
    return p.detach().numpy()
