"""Modules as functions: per-sample gradients and ensembles."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn

func = dt.func


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_per_sample_gradients_are_those_of_the_samples():
    dt.manual_seed(0)
    net, xs, ys = model(), dt.randn(5, 3), dt.tensor([0, 1, 1, 0, 1])
    parameters = {k: v.detach() for k, v in net.named_parameters()}

    def loss(p, x, y):
        return nn.functional.cross_entropy(func.functional_call(net, p, (x[None],)), y[None])

    grads = dt.vmap(func.grad(loss), in_dims=(None, 0, 0))(parameters, xs, ys)
    for i in range(5):
        net.zero_grad()
        nn.functional.cross_entropy(net(xs[i : i + 1]), ys[i : i + 1]).backward()
        for name, p in net.named_parameters():
            np.testing.assert_allclose(grads[name][i].numpy(), p.grad.numpy(), atol=1e-6)


def test_an_ensemble_is_its_models():
    nets = [model() for _ in range(3)]
    parameters, buffers = func.stack_module_state(nets)
    assert all(p.requires_grad and p.is_leaf for p in parameters.values())
    x = dt.randn(4, 3)
    out = dt.vmap(lambda p, b, x: func.functional_call(nets[0], (p, b), x), in_dims=(0, 0, None))(
        parameters, buffers, x
    )
    for i, net in enumerate(nets):
        np.testing.assert_allclose(out[i].detach().numpy(), net(x).detach().numpy(), atol=1e-6)
    out.sum().backward()
    nets[1](x).sum().backward()
    np.testing.assert_allclose(
        parameters["0.weight"].grad[1].numpy(), nets[1][0].weight.grad.numpy(), atol=1e-6
    )


def test_stack_module_state_errors():
    with pytest.raises(RuntimeError, match="Expected at least one model, got 0"):
        func.stack_module_state([])
    with pytest.raises(RuntimeError, match="same training/eval mode"):
        func.stack_module_state([model(), model().eval()])
    with pytest.raises(RuntimeError, match="of the same class"):
        func.stack_module_state([model(), nn.ReLU()])


def test_functional_call():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", dt.zeros(()))

        def forward(self, x):
            self.count = self.count + 1
            return x + self.count

    counter, given = Counter(), {"count": dt.tensor(5.0)}
    assert func.functional_call(counter, given, dt.ones(())).item() == 7.0
    assert (given["count"].item(), counter.count.item()) == (6.0, 0.0)
    layer = nn.Linear(2, 1)
    func.functional_call(layer, {"nothing": dt.ones(1)}, dt.ones(2))
    with pytest.raises(
        RuntimeError, match=r"reparametrizing for Linear:\n\tMissing key\(s\): 'bias'"
    ):
        func.functional_call(layer, {"weight": dt.ones(1, 2)}, dt.ones(2), strict=True)
    with pytest.raises(ValueError, match="to be a dict, or a list/tuple of dicts"):
        func.functional_call(layer, 1, dt.ones(2))
    with pytest.raises(ValueError, match="to be dictionaries"):
        func.functional_call(layer, [1], dt.ones(2))
    with pytest.raises(ValueError, match="multiple dictionaries"):
        func.functional_call(layer, [{"bias": dt.ones(1)}] * 2, dt.ones(2))


def test_batch_norm_in_a_batch():
    net = nn.Sequential(nn.BatchNorm1d(2))
    x = dt.randn(3, 4, 2)
    func.replace_all_batch_norm_modules_(net)
    out = dt.vmap(net)(x)
    np.testing.assert_allclose(out[1].detach().numpy(), net(x[1]).detach().numpy(), atol=1e-6)


def test_batch_norm_that_would_update_its_statistics_is_refused():
    norm = nn.BatchNorm1d(2)
    with pytest.raises(
        RuntimeError, match="Batch norm got a batched tensor as input while the running_mean"
    ):
        dt.vmap(norm)(dt.randn(3, 4, 2))
    assert norm.running_mean.tolist() == [0.0, 0.0]
    assert norm.running_var.tolist() == [1.0, 1.0]
