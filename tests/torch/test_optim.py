"""Optimizers: PyTorch's numbers over twenty steps, groups, state, errors."""

from __future__ import annotations

import copy
import importlib.util

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
    (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.02, "initial_accumulator_value": 0.3},
    ),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.1}),
    ("Adadelta", {"maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adamax", {"maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.01, "alpha": 0.5, "t0": 4, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 3, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("NAdam", {"momentum_decay": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("NAdam", {"maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.05, 0.2)}),
    ("Rprop", {"maximize": True}),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in options.items())}" for name, options in CASES]


def run(torch, name, options, dtype, shapes=((3, 4), (5,), ()), steps=20):
    """Steps on fixed gradients; the parameters after each."""
    draw = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    starts = [draw.standard_normal(s) for s in shapes]

    def array(x):
        x = np.asarray(x)
        return np.array(x + 1j * np.cos(x) if dtype.kind == "c" else x, dtype)

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
def test_twenty_steps_as_pytorch(name, options, dtype):
    torch = pytest.importorskip("torch")
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


def quadratic(torch, name, options):
    """Five steps on the sum of p**2 - p."""
    p = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **options)
    for _ in range(5):
        p.grad = torch.from_numpy(2 * p.detach().numpy() - 1)
        optimizer.step()
    return p.detach().numpy()


GOLDEN = {
    "SGD": ({"lr": 0.1, "momentum": 0.9}, [0.20979003608, 1.95104992390, -0.95104986429]),
    "Adam": ({"lr": 0.1}, [0.52781450748, -1.50222456455, 2.50222492218]),
    "AdamW": ({"lr": 0.1}, [0.52432596683, -1.49329459667, 2.48833227158]),
    "RMSprop": ({"lr": 0.1}, [0.48965427279, 0.19487766921, 0.80512231588]),
    "Adagrad": ({"lr": 0.1}, [0.72269177437, -1.68469500542, 2.68469524384]),
    "Adadelta": ({"lr": 1.0}, [0.98369598389, -1.98359274864, 2.98359274864]),
    "Adamax": ({"lr": 0.1}, [0.60018366575, -1.52050256729, 2.52050256729]),
    "ASGD": ({"lr": 0.1}, [0.66381597519, -0.31918099523, 1.31914722919]),
    "NAdam": ({"lr": 0.1}, [0.65963912010, -1.60563910007, 2.60563945770]),
    "RAdam": ({"lr": 0.1}, [0.60082399845, -0.00411984324, 1.00411987305]),
    "Rprop": ({"lr": 0.1}, [0.46319997311, -1.25583982468, 2.25584006310]),
}


@pytest.mark.parametrize("name", list(GOLDEN))
def test_five_steps(name):
    options, want = GOLDEN[name]
    np.testing.assert_allclose(quadratic(dt, name, options), want, rtol=2e-6, atol=1e-7)


def rosenbrock(torch, options, calls=4):
    """L-BFGS on Rosenbrock's function with a gradient written out; the points and losses of each call."""
    p = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([p], **options)
    out = []

    def closure():
        x, y = p.detach().numpy().tolist()
        p.grad = torch.tensor(
            [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], dtype=torch.float64
        )
        return torch.tensor((1 - x) ** 2 + 100 * (y - x * x) ** 2, dtype=torch.float64)

    for _ in range(calls):
        loss = optimizer.step(closure)
        out.append([float(loss), *p.detach().numpy().tolist()])
    state = next(iter(optimizer.state.values()))
    return out, state["func_evals"], state["n_iter"]


LBFGS_CASES = [
    {"lr": 0.001, "max_iter": 5},
    {"lr": 0.1, "max_iter": 20, "history_size": 3},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 7, "history_size": 2},
    {"lr": 0.3, "line_search_fn": "strong_wolfe", "max_eval": 9},
]


@pytest.mark.parametrize("options", LBFGS_CASES, ids=str)
def test_lbfgs_as_pytorch(options):
    torch = pytest.importorskip("torch")
    ours, ours_evals, ours_iter = rosenbrock(dt, options)
    theirs, evals, iterations = rosenbrock(torch, options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
    assert (ours_evals, ours_iter) == (evals, iterations)


def test_lbfgs_with_line_search():
    points, evaluations, iterations = rosenbrock(dt, {"line_search_fn": "strong_wolfe"})
    np.testing.assert_allclose(
        points[0], [12.5, -0.08511855589861377, -0.02875705841377499], rtol=1e-6
    )
    np.testing.assert_allclose(points[3][1:], [0.9999979943196408, 0.9999973438921655], rtol=1e-6)
    assert (evaluations, iterations) == (54, 42)


def test_lbfgs_needs_a_closure_and_one_group():
    p, q = (dt.ones(2, requires_grad=True) for _ in range(2))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'closure'"):
        optim.LBFGS([p]).step()
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])


def test_groups_have_their_own_options():
    p, q = (dt.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [p]}, {"params": q, "lr": 1.0}], lr=0.5)
    p.grad, q.grad = dt.ones(2), dt.ones(2)
    optimizer.step()
    assert p.tolist() == [0.5, 0.5]
    assert q.tolist() == [0.0, 0.0]
    r = dt.ones(1, requires_grad=True)
    optimizer.add_param_group({"params": r, "lr": 0.25})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 1.0, 0.25]
    optimizer.zero_grad()
    assert p.grad is None
    r.grad = dt.ones(1)
    optimizer.zero_grad(set_to_none=False)
    assert r.grad.tolist() == [0.0]


def test_parameters_without_a_gradient_stay():
    p, q = (dt.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([p, q])
    p.grad = dt.ones(2)
    optimizer.step()
    assert q.tolist() == [1.0, 1.0]
    assert q not in optimizer.state


def test_step_returns_the_closure_s_loss_computed_with_gradients():
    p = dt.tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p)[0]
        loss.backward()
        return loss

    with dt.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.item() == pytest.approx(1.6)


def test_steps_write_into_the_parameter_s_memory():
    p = dt.ones(3, requires_grad=True)
    seen = p.detach()
    before = p._version
    for optimizer in (
        optim.SGD([p], lr=0.5),
        optim.Adam([p]),
        optim.RMSprop([p]),
        optim.Adagrad([p]),
    ):
        p.grad = dt.ones(3)
        optimizer.step()
    assert seen.tolist() == p.tolist()
    assert p._version > before
    assert p.grad.tolist() == [1.0, 1.0, 1.0]


def test_scalar_parameters():
    for cls in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad):
        p = dt.tensor(1.0, requires_grad=True)
        optimizer = cls([p], lr=0.1)
        (p * 2).backward()
        optimizer.step()
        assert p.item() < 1
        assert p.dtype is dt.float32
        assert p.is_leaf


def test_a_step_between_forward_and_backward_is_noticed():
    p = dt.ones(3, requires_grad=True)
    y = (p * p)[0]
    p.grad = dt.ones(3)
    optim.SGD([p], lr=0.5).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize(
    "case",
    [
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("Adam", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.5}),
        ("Adagrad", {}),
    ],
    ids=lambda c: c[0],
)
def test_state_dict_round_trip(case):
    name, options = case
    cls = getattr(optim, name)

    def steps(optimizer, p, start, n):
        for i in range(start, start + n):
            p.grad = dt.tensor([1.0 + i, -1.0])
            optimizer.step()

    p = dt.ones(2, requires_grad=True)
    optimizer = cls([p], **options)
    steps(optimizer, p, 0, 3)
    q = p.detach().clone().requires_grad_()
    other = cls([q], lr=7.0)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(optimizer, p, 3, 3)
    steps(other, q, 3, 3)
    assert p.tolist() == q.tolist()
    assert other.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_state_dict_as_pytorch(name, options):
    torch = pytest.importorskip("torch")

    def state(torch):
        p = torch.ones(2, requires_grad=True)
        optimizer = getattr(torch.optim, name)([p], **options)
        p.grad = torch.ones(2)
        optimizer.step()
        return optimizer.state_dict(), repr(optimizer)

    (ours, text), (theirs, expected) = state(dt), state(torch)
    assert text == expected
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys()
    for key, value in theirs["state"].items():
        assert sorted(ours["state"][key]) == sorted(k for k, v in value.items() if v is not None)
        assert float(ours["state"][key].get("step", 0)) == float(value.get("step", 0))


def failing(torch):
    """What PyTorch raises for wrong arguments."""
    p = torch.ones(2, requires_grad=True)
    yield lambda: torch.optim.SGD([], lr=0.1)
    yield lambda: torch.optim.SGD(p, lr=0.1)
    yield lambda: torch.optim.SGD([3], lr=0.1)
    yield lambda: torch.optim.SGD([p * 2], lr=0.1)
    yield lambda: torch.optim.SGD([p], lr=-1)
    yield lambda: torch.optim.SGD([p], momentum=-1)
    yield lambda: torch.optim.SGD([p], weight_decay=-1)
    yield lambda: torch.optim.SGD([p], nesterov=True)
    yield lambda: torch.optim.SGD([{"params": p}, {"params": p}], lr=0.1)
    yield lambda: torch.optim.SGD([{"params": {p}}], lr=0.1)
    yield lambda: torch.optim.SGD([p], lr=0.1).add_param_group(3)
    yield lambda: torch.optim.Adam([p], lr=-0.5)
    yield lambda: torch.optim.Adam([p], betas=(1.0, 0.9))
    yield lambda: torch.optim.Adam([p], betas=(0.5, 1.9))
    yield lambda: torch.optim.Adam([p], eps=-1)
    yield lambda: torch.optim.RMSprop([p], alpha=-1)
    yield lambda: torch.optim.RMSprop([p], momentum=-1)
    yield lambda: torch.optim.Adagrad([p], lr_decay=-1)
    yield lambda: torch.optim.Adagrad([p], initial_accumulator_value=-1)
    yield lambda: torch.optim.LBFGS([p], lr=-1)
    yield lambda: torch.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []})


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(failing(dt), failing(torch), strict=True):
        with pytest.raises(Exception) as want:  # noqa: PT011  # the type is what is compared
            theirs()
        with pytest.raises(type(want.value)) as got:
            ours()
        assert str(got.value) == str(want.value)


def test_hooks_run_around_each_step():
    p = dt.ones(1, requires_grad=True)
    optimizer = optim.SGD([p])
    log = []
    handle = optimizer.register_step_pre_hook(lambda *a: log.append("before"))
    optimizer.register_step_post_hook(lambda *a: log.append("after"))
    optimizer.step()
    handle.remove()
    optimizer.step()
    assert log == ["before", "after", "after"]


def test_lbfgs_goes_on_from_its_state():
    def steps(optimizer, p, n):
        def closure():
            x, y = p.detach().numpy().tolist()
            p.grad = dt.tensor(
                [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], dtype=dt.float64
            )
            return dt.tensor((1 - x) ** 2 + 100 * (y - x * x) ** 2, dtype=dt.float64)

        for _ in range(n):
            optimizer.step(closure)

    p = dt.tensor([-1.5, 2.0], dtype=dt.float64, requires_grad=True)
    optimizer = optim.LBFGS([p], max_iter=5, line_search_fn="strong_wolfe")
    steps(optimizer, p, 2)
    q = p.detach().clone().requires_grad_()
    other = optim.LBFGS([q])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(optimizer, p, 2)
    steps(other, q, 2)
    assert p.tolist() == q.tolist()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
        ("Adadelta", {"eps": -1.0}, "Invalid epsilon value: -1.0"),
        ("Adamax", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ("ASGD", {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("NAdam", {"momentum_decay": -1.0}, "Invalid momentum_decay value: -1.0"),
        ("RAdam", {"weight_decay": -1.0}, "Invalid weight_decay value: -1.0"),
        ("Rprop", {"etas": (1.5, 1.2)}, "Invalid eta values: 1.5, 1.2"),
    ],
)
def test_options_out_of_range(name, options, words):
    for torch in [
        dt,
        *([pytest.importorskip("torch")] if importlib.util.find_spec("torch") else []),
    ]:
        with pytest.raises(ValueError, match=words):
            getattr(torch.optim, name)([torch.ones(1, requires_grad=True)], **options)


@pytest.mark.parametrize("name", ["Adadelta", "Adamax", "ASGD", "NAdam", "RAdam", "Rprop"])
def test_state_is_called_as_pytorchs(name):
    torch = pytest.importorskip("torch")
    keys = []
    for t in (dt, torch):
        p = t.ones(2, requires_grad=True)
        optimizer = getattr(t.optim, name)([p])
        p.grad = t.ones(2)
        optimizer.step()
        keys.append((sorted(optimizer.state[p]), sorted(optimizer.defaults)))
    assert keys[0] == keys[1]
