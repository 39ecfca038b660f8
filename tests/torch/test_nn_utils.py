"""Checkpointing and the small utilities of `nn.utils`: PyTorch's gradients and errors."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn
from dualtape.torch.utils.checkpoint import checkpoint, checkpoint_sequential


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_checkpointed_gradients_are_the_same(use_reentrant):
    dt.manual_seed(0)
    block = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2))
    x = dt.randn(5, 3, requires_grad=True)

    def grads(call):
        dt.manual_seed(1)
        x.grad = None
        block.zero_grad()
        call(x).pow(2).sum().backward()
        return [x.grad.tolist(), *(p.grad.tolist() for p in block.parameters()), dt.rand(1).item()]

    want = grads(block)
    assert grads(lambda x: checkpoint(block, x, use_reentrant=use_reentrant)) == want
    assert grads(lambda x: checkpoint_sequential(block, 2, x, use_reentrant=use_reentrant)) == want


def test_checkpoint_of_several_outputs_and_arguments():
    def f(x, n, *, y):
        return x * y, x + n

    x, y = dt.tensor(3.0, requires_grad=True), dt.tensor(2.0)
    a, b = checkpoint(f, x, 4, y=y, use_reentrant=False)
    (a * 10 + b).backward()
    assert x.grad.item() == 21.0


def test_checkpoint_without_gradients():
    layer = nn.Linear(2, 1)
    checkpoint(layer, dt.ones(2), use_reentrant=False).sum().backward()
    assert layer.weight.grad is not None
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        assert not checkpoint(layer, dt.ones(2), use_reentrant=True).requires_grad
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(layer, dt.ones(2, requires_grad=True))


def test_a_reentrant_checkpoint_is_differentiable_once():
    x = dt.tensor(3.0, requires_grad=True)
    y = checkpoint(lambda x: x**3, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match="cannot be differentiated twice"):
        y.backward(create_graph=True)


def clipped(torch, p, maximum):
    a, b, c = (torch.ones(3, requires_grad=True) for _ in range(3))
    a.grad, b.grad = torch.tensor([3.0, -4.0, 0.5]), torch.tensor([1.0, 2.0, -9.0])
    u = torch.nn.utils
    total = u.clip_grad_norm_([a, b, c], maximum, norm_type=p)
    out = [
        float(total),
        a.grad.tolist(),
        b.grad.tolist(),
        float(u.get_total_norm([a.grad, b.grad], p)),
    ]
    u.clip_grad_value_([a, b, c], 0.7)
    return [*out, a.grad.tolist(), b.grad.tolist()]


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("maximum", [1.0, 100.0])
def test_clipping_as_pytorch(p, maximum):
    torch = pytest.importorskip("torch")
    for a, b in zip(clipped(dt, p, maximum), clipped(torch, p, maximum), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_clipping_non_finite_gradients():
    p = dt.ones(2, requires_grad=True)
    p.grad = dt.tensor([1.0, float("inf")])
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)


def test_clipping_by_hand():
    p = dt.zeros(2, requires_grad=True)
    p.grad = dt.tensor([3.0, 4.0])
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == 5.0
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.8], rtol=1e-6)


def test_parameters_as_a_vector():
    layer = nn.Linear(2, 2)
    v = nn.utils.parameters_to_vector(layer.parameters())
    assert v.shape == (6,)
    assert v.requires_grad
    weight = layer.weight
    nn.utils.vector_to_parameters(dt.arange(6.0), layer.parameters())
    assert layer.weight is weight
    assert layer.weight.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert layer.bias.tolist() == [4.0, 5.0]


@pytest.mark.parametrize(
    "options", [{}, {"batch_first": True}, {"padding_value": -1.0, "padding_side": "left"}], ids=str
)
def test_padded_sequences_as_pytorch(options):
    torch = pytest.importorskip("torch")

    def padded(torch):
        a, b = torch.ones(3, 2, requires_grad=True), torch.full((1, 2), 2.0)
        out = torch.nn.utils.rnn.pad_sequence([a, b], **options)
        (out * out).sum().backward()
        return out.tolist(), a.grad.tolist()

    assert padded(dt) == padded(torch)


def test_functional_call():
    layer = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1, affine=False))
    w = dt.tensor([[1.0, 2.0]], requires_grad=True)
    own = layer[0].weight
    out = nn.utils.stateless.functional_call(layer[0], {"weight": w}, dt.ones(1, 2))
    out.sum().backward()
    assert out.item() == 3.0
    assert w.grad.tolist() == [[1.0, 1.0]]
    assert layer[0].weight is own
    assert own.grad is None
    with pytest.raises(AttributeError, match="Sequential has no attribute `x`"):
        nn.utils.stateless.functional_call(layer, {"x.y": w}, dt.ones(1, 2))
