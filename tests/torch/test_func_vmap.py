"""`torch.vmap`: batches of programs, with writes in place, draws at random, and indices that differ."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.core import modes
from dualtape.core.kinds import constant

SETUP = """
vmap, grad, jvp = torch.vmap, torch.func.grad, torch.func.jvp
F = torch.nn.functional
x = torch.arange(3.0)
X = torch.arange(6.0).reshape(2, 3)
B = torch.stack([X, X * X])
idx = torch.tensor([0, 2])
def named(x):
    return x
def written(f):
    def run(x, *rest):
        y = x.clone()
        return f(y, x, *rest) or y
    return run
def views(x):
    y = x.clone()
    v, t = y.view(-1), y.t()
    v[0] = 5.0
    t[0].mul_(x.sum())
    v.add_(1)
    return y, v, t
def copied(x):
    y = x.clone()
    z = y.t().reshape(-1)
    z.add_(1)
    return y, z
def fresh(x):
    z = x.new_zeros(2, 3)
    r = z[0]
    r.add_(x)
    z[1] = x * 2
    z[:, 0] += 1
    r *= 2
    return z
def parts(x):
    y = x.clone()
    a, b = y.split([1, 2])
    a.zero_()
    b.mul_(x[0] + 2)
    y.unsqueeze_(0)
    y.squeeze_(0)
    return y, a, b
def shifted(x):
    y = x * 2
    y[0].mul_(3)
    y[1:] = y[:-1] * x[0]
    return y.sum()
def seeded(f):
    torch.manual_seed(0)
    return f()
"""


def test_arguments(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(lambda x: x, out_dims=-1)(X)
        vmap(lambda x: x, in_dims=1)(X)
        vmap(lambda x, k: (x + k).sum())(x, k=x)
        vmap(lambda x, d: x + d["a"][0], in_dims=(0, {"a": [None]}))(X, {"a": [x]})
        vmap(lambda x, y: x * y, in_dims=(0, None))(X, 3)
        vmap(lambda x: torch.ones(2), out_dims=None)(x)
        vmap(lambda x: None, out_dims=None)(x)
        vmap(lambda x: (x, [x, x + 1]), out_dims=(0, 1))(X)
        vmap(lambda x: x.max(0))(X)
        vmap(lambda x, y: (x * y, y.sum()), in_dims=(0, None), out_dims=(1, 0), chunk_size=2)(B[1].T, x[:2])
        vmap(lambda x: x)(torch.ones(0, 3))
        """,
    )


def test_errors(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(named)(1)
        vmap(named)()
        vmap(lambda x: 1.0)(x)
        vmap(lambda x: None)(x)
        vmap(named, in_dims=[0])(x)
        vmap(named, in_dims=(0, 0))(x)
        vmap(named, in_dims=None)(x)
        vmap(named, in_dims=(None,))(x)
        vmap(named, in_dims=(1,))(x)
        vmap(named, in_dims=(0.5,))(x)
        vmap(named)(x[0])
        vmap(lambda x, y: x)(x, torch.ones(2))
        vmap(named, out_dims=2)(x)
        vmap(named, out_dims="a")(x)
        vmap(lambda x: (x, x), out_dims=(0, 0, 0))(x)
        vmap(named, out_dims=None)(x)
        vmap(named, randomness="a")
        vmap(named, chunk_size=0)
        vmap(lambda x: x.item())(x)
        vmap(lambda x: x if x > 0 else -x)(x)
        vmap(lambda x: torch.zeros(()).copy_(x))(x)
        vmap(lambda x: torch.zeros(3).__setitem__(0, x))(x)
        vmap(lambda x: torch.rand(2))(x)
        vmap(lambda x: F.dropout(x))(X)
        vmap(lambda x: x.normal_())(X)
        vmap(torch.bernoulli, randomness="same")(X * 0)
        vmap(lambda x: torch.zeros(2).normal_(), randomness="different")(X)
        """,
    )


@pytest.mark.parametrize(
    "f", [lambda x: x.nonzero(), lambda x: x[x > 0], lambda x: x.unique(), lambda x: x.tolist()]
)
def test_what_has_no_shape_is_refused(f):
    with pytest.raises(RuntimeError, match="vmap"):
        dt.vmap(f)(dt.ones(2, 3))


def test_writes_in_place(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(views)(B)
        jvp(views, (X,), (X,))
        vmap(copied)(B)
        vmap(fresh)(X)
        vmap(parts)(X)
        jvp(fresh, (x,), (x,))
        jvp(shifted, (x,), (x + 1,))
        vmap(lambda x: jvp(shifted, (x,), (x + 1,)))(X)
        vmap(written(lambda y, x: y.masked_fill_(x > 4, 7.0).clamp_(max=3)))(X)
        vmap(written(lambda y, x, i: y.__setitem__(i, 9.0)), in_dims=(0, 0))(X, idx)
        vmap(written(lambda y, x: y.__setitem__(slice(0, 2), x[1:])))(X)
        vmap(grad(lambda x: views(x)[0].sum()))(B)
        grad(lambda B: vmap(views)(B)[1].pow(2).sum())(B)
        """,
    )


def test_operations(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(lambda x, i: x[i])(X, torch.tensor([[0, 2], [1, 1]]))
        vmap(lambda x, i: x[:, i], in_dims=(None, 0))(X, idx)
        vmap(lambda x, i: x.index_put((i,), torch.tensor(5.0)))(X, idx)
        vmap(lambda x, i: x.gather(0, i))(X, torch.tensor([[0, 2], [1, 1]]))
        vmap(lambda x: torch.where(x > 2, x, 0.0))(X)
        vmap(lambda x: torch.stack([x.sum(), torch.tensor(1.0)]))(X)
        vmap(lambda x: torch.tensor([x.size(0), x.dim(), x.numel()]))(X)
        vmap(lambda x: sum(a * i for i, a in enumerate(x)))(X)
        vmap(lambda i: F.one_hot(i, 3))(idx)
        vmap(lambda i: F.embedding(i, X.t()))(torch.tensor([[0, 2], [1, 1]]))
        vmap(F.cross_entropy)(X, idx)
        vmap(grad(lambda x, i: F.nll_loss(F.log_softmax(x, -1), i)))(B, torch.tensor([[0, 2], [1, 1]]))
        vmap(lambda x: torch.searchsorted(torch.tensor([1.0, 3.0]), x))(X)
        vmap(torch.searchsorted)(X, B[:, 0])
        vmap(torch.searchsorted, in_dims=(0, None))(X, x)
        vmap(torch.median)(B)
        vmap(lambda x: torch.histc(x, 2, 0, 4))(X)
        vmap(lambda x: torch.histc(x, 3))(X)
        vmap(grad(torch.median))(X)
        vmap(lambda x: x.as_strided((2, 2), (1, 1)))(X)
        vmap(grad(lambda x: x.as_strided((2, 2), (1, 1)).pow(2).sum()))(X)
        vmap(lambda x, i: torch.zeros(3).scatter_reduce(0, i, x, "amax"))(X, torch.tensor([[0, 0, 2], [1, 1, 1]]))
        vmap(lambda x, i: torch.ones(3).scatter_reduce(0, i, x, "mean"))(X, torch.tensor([[0, 0, 2], [1, 1, 1]]))
        vmap(lambda x: x.t())(X)
        vmap(torch.nn.LayerNorm(3))(X).detach()
        vmap(torch.nn.BatchNorm1d(3, track_running_stats=False))(B).detach()
        """,
    )


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_draws_are_pytorchs(agree_in_values, randomness):
    agree_in_values(
        SETUP + f"kind = {randomness!r}\n",
        """
        seeded(lambda: vmap(lambda x: torch.rand(2), randomness=kind)(x))
        seeded(lambda: vmap(lambda x: torch.randn(2, 10), randomness=kind, chunk_size=2)(x))
        seeded(lambda: vmap(lambda x: torch.randperm(4), randomness=kind)(x))
        seeded(lambda: vmap(lambda x: torch.randint(0, 10, (2,)), randomness=kind)(x))
        seeded(lambda: vmap(torch.randn_like, randomness=kind)(X))
        seeded(lambda: vmap(F.dropout, randomness=kind)(X))
        seeded(lambda: vmap(F.dropout2d, randomness=kind)(torch.ones(3, 2, 2, 2, 1)))
        seeded(lambda: vmap(lambda x: x.clone().normal_(), randomness=kind)(X))
        seeded(lambda: vmap(lambda x: torch.bernoulli(x, 0.5) if kind == "different" else x, randomness=kind)(X))
        seeded(lambda: vmap(vmap(lambda x: torch.rand(2), randomness=kind), randomness="different")(X))
        seeded(lambda: torch.func.jacfwd(lambda x: x * torch.rand(3), randomness=kind)(x))
        """,
    )


def test_different_draws_with_parameters(agree_in_values):
    agree_in_values(
        SETUP,
        """
        seeded(lambda: vmap(torch.bernoulli, randomness="different")(X / 6))
        seeded(lambda: vmap(lambda x: torch.normal(x, 1.0), randomness="different")(X))
        seeded(lambda: vmap(torch.poisson, randomness="different")(X))
        seeded(lambda: vmap(lambda x: torch.multinomial(x + 1, 2), randomness="different")(X))
        """,
    )


def test_a_primitive_without_a_rule_for_batches_warns_once_and_is_right():
    doubled = constant("doubled", lambda x: 2 * x, aval=lambda x: x)
    x = dt.tensor([[0.0, 1.0, 2.0], [3.0, 3.5, 3.0]])
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        out = dt.vmap(doubled)(x)
        dt.vmap(doubled)(x)
    np.testing.assert_array_equal(out.numpy(), 2 * x.numpy())
    (warning,) = [w for w in found if "doubled" in str(w.message)]
    assert warning.filename == __file__


def test_a_batched_value_that_escaped_is_an_error():
    kept = []
    dt.vmap(lambda x: kept.append(x) or x)(dt.ones(2))
    with pytest.raises(RuntimeError):
        dt.vmap(lambda y: y + kept[0])(dt.ones(2))


def test_a_mode_set_inside_stays_set():
    try:
        dt.vmap(lambda x: (dt.set_grad_enabled(False), x)[1])(dt.ones(2))
        assert not dt.is_grad_enabled()
    finally:
        dt.set_grad_enabled(True)
    assert modes.current() == 0
