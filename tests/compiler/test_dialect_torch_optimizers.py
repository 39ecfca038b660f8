"""PyTorch's optimizers inside `torch.compile`: each step compiled, the numbers and the state those of eager code."""

import warnings

import numpy as np
import pytest

import dualtape.torch as torch
from dualtape.torch import nn

O = torch.optim  # noqa: E741
OPTIMIZERS = {
    "sgd": lambda p: O.SGD(p, 0.1),
    "sgd decay": lambda p: O.SGD(p, 0.1, weight_decay=0.1, maximize=True),
    "momentum": lambda p: O.SGD(p, 0.1, momentum=0.9, dampening=0.5),
    "nesterov": lambda p: O.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: O.Adam(p, 0.01, weight_decay=0.01),
    "amsgrad": lambda p: O.Adam(p, 0.01, amsgrad=True, maximize=True),
    "adamw": lambda p: O.AdamW(p, 0.01),
    "adamax": lambda p: O.Adamax(p, 0.02, weight_decay=0.01),
    "nadam": lambda p: O.NAdam(p, 0.02),
    "nadam decoupled": lambda p: O.NAdam(p, 0.02, weight_decay=0.1, decoupled_weight_decay=True),
    "radam": lambda p: O.RAdam(p, 0.02),
    "radam decoupled": lambda p: O.RAdam(p, 0.02, weight_decay=0.1, decoupled_weight_decay=True),
    "rmsprop": lambda p: O.RMSprop(p, 0.01),
    "rmsprop centered": lambda p: O.RMSprop(p, 0.01, momentum=0.5, centered=True, weight_decay=0.1),
    "adagrad": lambda p: O.Adagrad(p, 0.1, lr_decay=0.1),
    "adadelta": lambda p: O.Adadelta(p),
    "asgd": lambda p: O.ASGD(p, 0.1),
    "asgd averaging": lambda p: O.ASGD(p, 0.1, t0=4, lambd=0.01, weight_decay=0.1),
    "rprop": lambda p: O.Rprop(p, 0.01),
}
EAGER = {"lbfgs": lambda p: O.LBFGS(p, 0.1)}


def trained(make, compiled, dtype=torch.float32, steps=9):
    torch.manual_seed(0)
    m = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)
    x, y = torch.randn(16, 4, dtype=dtype), torch.randint(0, 3, (16,))
    scale = torch.ones((), dtype=dtype, requires_grad=True)
    optimizer = make([*m.parameters(), scale])

    def step():
        def closure():
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(m(x) * scale, y)
            loss.backward()
            return loss

        return optimizer.step(closure)

    run = torch.compile(step) if compiled else step
    out = []
    for i in range(steps):
        if i == 5:
            optimizer.param_groups[0]["lr"] *= 0.5
        out.append(run().detach().numpy().copy())
    for p in (*m.parameters(), scale):
        state = optimizer.state[p]
        out += [p.detach().numpy()]
        out += [
            np.asarray(s.numpy())
            for s in map(state.get, sorted(state))
            if isinstance(s, torch.Tensor)
        ]
    return out, run


def compare(make, dtype=torch.float32):
    eager, _ = trained(make, False, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, run = trained(make, True, dtype)
    for e, c in zip(eager, found, strict=True):
        assert e.dtype == c.dtype
        np.testing.assert_allclose(c, e, rtol=1e-4, atol=1e-6)
    return run._history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_compiles(name):
    history = compare(OPTIMIZERS[name])
    assert history[-1].program is not None, history[-1].eager
    assert [r.eager for r in history[1:]] == [None] * (len(history) - 1)
    assert len(history) <= 2, [r.reason for r in history]


def test_double_precision():
    for name in ("adam", "radam", "nadam", "asgd averaging"):
        assert compare(OPTIMIZERS[name], torch.float64)[-1].program is not None


def test_a_line_search_runs_eagerly():
    assert compare(EAGER["lbfgs"])[-1].program is None


def test_gradients_set_to_zero():
    def run(compiled):
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        optimizer = O.SGD([w], 0.1, momentum=0.5)

        def step():
            optimizer.zero_grad(set_to_none=False)
            (w * w).sum().backward()
            optimizer.step()

        f = torch.compile(step) if compiled else step
        for _ in range(6):
            f()
        if compiled:
            assert f._history[-1].program is not None, f._history[-1].eager
        return w.detach().numpy(), w.grad.numpy()

    for e, c in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-6)


def test_eager_steps_in_between_go_on_from_the_same_state():
    def run(pattern):
        torch.manual_seed(0)
        w = torch.randn(3, 2, requires_grad=True)
        optimizer = O.Adam([w], 0.1)

        def step():
            optimizer.zero_grad()
            (w.sin() * w).sum().backward()
            optimizer.step()

        f = torch.compile(step)
        for compiled in pattern:
            (f if compiled else step)()
        saved = optimizer.state_dict()
        optimizer.load_state_dict(saved)
        (f if pattern[-1] else step)()
        return w.detach().numpy().copy()

    expected = run([False] * 7)
    np.testing.assert_allclose(run([True] * 7), expected, rtol=1e-5)
    np.testing.assert_allclose(
        run([True, True, False, True, False, False, True]), expected, rtol=1e-5
    )
