"""`torch.cond` and `torch.while_loop`: PyTorch's results, derivatives, and what becomes of them in compiled functions."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.torch._higher_order_ops import while_loop

X = [1.0, 2.0]


def doubled(torch, flag, x):
    return torch.cond(flag, lambda x: x.sin() * 2, lambda x: x**2, (x,))


def grown(torch, x):
    return torch.while_loop(
        lambda i, x: x.sum() < 50, lambda i, x: (i + 1, x * x + 0.5), (torch.tensor(0), x)
    )


@pytest.mark.parametrize("flag", [True, False])
def test_cond_takes_one_branch(flag):
    for given in (flag, int(flag), torch.tensor(flag), torch.tensor([float(flag)])):
        x = torch.tensor(X, requires_grad=True)
        doubled(torch, given, x).sum().backward()
        np.testing.assert_allclose(
            x.grad.numpy(), 2 * np.cos(X) if flag else np.multiply(X, 2), rtol=1e-6
        )
    assert torch.cond(torch.tensor(flag), lambda: 1, lambda: 2) == 2 - flag


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((torch.tensor([True, False]), abs, abs), "single-element"),
        (("yes", abs, abs), "bool or tensor"),
        ((True, 1, abs), "callable"),
        ((True, abs, abs, torch.ones(2)), "tuple of possibly nested"),
        ((True, abs, abs, (1,)), "tensor leaves"),
    ],
)
def test_cond_refuses(args, words):
    with pytest.raises(RuntimeError, match=words):
        torch.cond(*args)


def test_while_loop():
    assert while_loop is torch.while_loop
    x = torch.tensor(X, requires_grad=True)
    count, out = grown(torch, x)
    assert count.item() == 3
    out.sum().backward()

    def f(x):
        return ((x * x + 0.5) ** 2 + 0.5) ** 2 + 0.5

    x2 = torch.tensor(X, requires_grad=True)
    f(x2).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), x2.grad.numpy(), rtol=1e-6)


def test_forms_of_what_is_carried():
    x = torch.tensor(X)

    def body(i, x):
        return [i + 1, x * 2]

    assert isinstance(while_loop(lambda i, x: i < 2, body, [torch.tensor(0), x]), list)
    i, out = while_loop(lambda i, x: i < 5, body, (0, x))
    assert i == 5
    assert out.tolist() == [32.0, 64.0]
    assert while_loop(lambda x: x.sum() < 50, lambda x: x * 2, (x,)).tolist() == [32.0, 64.0]
    (d,) = while_loop(lambda d: d["x"].sum() < 50, lambda d: ({"x": d["x"] * 2},), ({"x": x},))
    assert d["x"].tolist() == [32.0, 64.0]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((1, abs, ()), "callable"),
        ((lambda x: x < 5, lambda x: (x,), (torch.ones(2),)), "scalar tensor"),
        ((lambda x: True, lambda x: (x[:1],), (torch.ones(2),)), "same metadata"),
        ((lambda x: True, lambda x: (x.double(),), (torch.ones(2),)), "dtype"),
        ((lambda x: True, lambda x: (x, x), (torch.ones(2),)), "1 tensors"),
    ],
)
def test_while_loop_refuses(args, words):
    with pytest.raises(RuntimeError, match=words):
        while_loop(*args)


@pytest.mark.parametrize("backend", ["inductor", "aot_eager"])
def test_both_in_a_compiled_function(backend):
    f = torch.compile(
        lambda x: grown(torch, doubled(torch, x.sum() > 4, x)), fullgraph=True, backend=backend
    )
    for start in (X, [3.0, 2.0]):
        x = torch.tensor(start, requires_grad=True)
        y = torch.tensor(start, requires_grad=True)
        got, want = f(x), grown(torch, doubled(torch, y.sum() > 4, y))
        assert got[0].item() == want[0].item()
        got[1].sum().backward()
        want[1].sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5)


def test_cond_under_vmap():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    out = torch.func.vmap(lambda x: doubled(torch, x.sum() > 4, x))(x)
    np.testing.assert_allclose(out.numpy(), [[1.0, 4.0], 2 * np.sin([3.0, 4.0])], rtol=1e-6)
    assert dt.grad(lambda x: doubled(torch, x.sum() > 4, x).sum())(x[0]).tolist() == [2.0, 4.0]
