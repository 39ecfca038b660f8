"""`nn.functional`: dropout's masks, linear maps, tables, attention; PyTorch's values, gradients and nodes."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn
from dualtape.torch.nn import functional as F

DROPOUTS = {
    "dropout": lambda f, x: f.dropout(x, 0.3),
    "dropout-all": lambda f, x: f.dropout(x, 1.0),
    "dropout-none": lambda f, x: f.dropout(x, 0.0),
    "dropout-eval": lambda f, x: f.dropout(x, 0.3, training=False),
    "dropout1d": lambda f, x: f.dropout1d(x[0], 0.4),
    "dropout2d": lambda f, x: f.dropout2d(x, 0.4),
    "alpha_dropout": lambda f, x: f.alpha_dropout(x, 0.3, training=True),
    "feature_alpha_dropout": lambda f, x: f.feature_alpha_dropout(x, 0.3, training=True),
}


@pytest.mark.parametrize("name", list(DROPOUTS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_as_pytorch(name, dtype):
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(2)
        x = (
            torch.arange(1.0, 241.0, dtype=getattr(torch, dtype))
            .reshape(4, 5, 3, 4)
            .requires_grad_()
        )
        out = DROPOUTS[name](torch.nn.functional, x)
        out.sum().backward()
        return out.detach().numpy(), x.grad.numpy(), torch.rand(1).numpy()

    for a, b in zip(run(dt), run(torch), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_dropout_of_a_seed():
    dt.manual_seed(0)
    out = F.dropout(dt.ones(8), 0.5)
    assert out.tolist() == GOLDEN_DROPOUT
    assert nn.Dropout(0.5).eval()(dt.ones(3)).tolist() == [1.0, 1.0, 1.0]


GOLDEN_DROPOUT = [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 2.0]

draw = np.random.default_rng(1)
X, W, B = draw.standard_normal((4, 3)), draw.standard_normal((5, 3)), draw.standard_normal(5)
INDEX = np.array([[1, 0, 3], [1, 1, 2]])

CALLS = {
    "linear": lambda f, t, x, w, b: f.linear(x, w, b),
    "linear-nobias": lambda f, t, x, w, b: f.linear(x, w),
    "linear-vector": lambda f, t, x, w, b: f.linear(x[0], w, b),
    "linear-batches": lambda f, t, x, w, b: f.linear(x.reshape(2, 2, 3), w, b),
    "linear-one-output": lambda f, t, x, w, b: f.linear(x, w[0]),
    "embedding": lambda f, t, x, w, b: f.embedding(t(INDEX), w),
    "embedding-padding": lambda f, t, x, w, b: f.embedding(t(INDEX), w, padding_idx=1),
    "embedding-negative-padding": lambda f, t, x, w, b: f.embedding(t(INDEX), w, padding_idx=-2),
    "embedding-frequency": lambda f, t, x, w, b: f.embedding(t(INDEX), w, scale_grad_by_freq=True),
    "cosine_similarity": lambda f, t, x, w, b: f.cosine_similarity(x, w[:4]),
    "pairwise_distance": lambda f, t, x, w, b: f.pairwise_distance(x, w[:4], p=3.0, keepdim=True),
    "pdist": lambda f, t, x, w, b: f.pdist(x),
    "bilinear": lambda f, t, x, w, b: f.bilinear(x, w[:4], w.reshape(1, 5, 3)[:, :3]),
    "attention": lambda f, t, x, w, b: f.scaled_dot_product_attention(x[None], w[None], w[None]),
    "attention-causal": lambda f, t, x, w, b: f.scaled_dot_product_attention(
        x[None], w[None], w[None], is_causal=True
    ),
    "attention-mask": lambda f, t, x, w, b: f.scaled_dot_product_attention(
        x[None], w[None], w[None], attn_mask=t(X @ W.T > 0), scale=0.3
    ),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_values_and_gradients_as_pytorch(name):
    torch = pytest.importorskip("torch")

    def run(torch):
        x, w, b = (torch.tensor(v, requires_grad=True) for v in (X, W, B))
        out = CALLS[name](torch.nn.functional, torch.tensor, x, w, b)
        (
            out * torch.arange(1.0, out.numel() + 1, dtype=torch.float64).reshape(out.shape)
        ).sum().backward()
        return [
            out.detach().numpy(),
            *(None if v.grad is None else v.grad.numpy() for v in (x, w, b)),
        ]

    for a, b in zip(run(dt), run(torch), strict=True):
        if b is None:
            assert a is None
        else:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_nodes_of_linear():
    x, w, b = dt.ones(4, 3), dt.ones(2, 3, requires_grad=True), dt.ones(2)
    assert type(F.linear(x, w, b).grad_fn).__name__ == "AddmmBackward0"
    assert type(F.linear(x, w).grad_fn).__name__ == "MmBackward0"


def test_max_norm_shrinks_rows_in_place():
    torch = pytest.importorskip("torch")

    def run(torch):
        w = torch.tensor(W.copy())
        out = torch.nn.functional.embedding(torch.tensor(INDEX), w, max_norm=1.0)
        return out.numpy(), w.numpy()

    for a, b in zip(run(dt), run(torch), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_one_hot():
    assert F.one_hot(dt.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    with pytest.raises(RuntimeError, match="Class values must be smaller than num_classes"):
        F.one_hot(dt.tensor([0, 2]), 2)


def failing(torch):
    f, one = torch.nn.functional, torch.ones
    yield lambda: f.linear(one(3, 2), one(3, 3))
    yield lambda: f.linear(one(3, 2), one(4, 2).double())
    yield lambda: f.linear(one(3, 2), one(4, 2), one(5))
    yield lambda: f.linear(3, one(4, 2))
    yield lambda: f.embedding(torch.tensor([0, 9]), one(3, 2))
    yield lambda: f.embedding(torch.tensor([0.0]), one(3, 2))
    yield lambda: f.embedding(torch.tensor([0]), one(3, 2), padding_idx=7)
    yield lambda: f.dropout(one(3), 1.5)
    yield lambda: f.gelu(one(3), approximate="x")
    yield lambda: f.conv2d(one(1, 2, 3, 3), one(1, 3, 2, 2))
    yield lambda: f.max_pool2d(one(1, 1, 2, 2), 3)
    yield lambda: f.layer_norm(one(2, 3), (2,))
    yield lambda: f.glu(one(3))
    yield lambda: f.pixel_shuffle(one(1, 3, 2, 2), 2)
    yield lambda: f.cosine_similarity(one(3), one(4), dim=0)


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for i, (ours, theirs) in enumerate(zip(failing(dt), failing(torch), strict=True)):
        with pytest.raises(Exception) as want:  # noqa: PT011  # the type is what is compared
            theirs()
        with pytest.raises(type(want.value)) as got:
            ours()
        assert str(got.value).split("\n")[0] == str(want.value).split("\n")[0], i


@pytest.mark.parametrize("inplace", [False, True])
def test_random_leaky_slopes_as_pytorch(inplace):
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        x = torch.randn(3, 4, requires_grad=True)
        y = torch.nn.functional.rrelu(x * 1, 0.1, 0.4, training=True, inplace=inplace)
        (y * y).sum().backward()
        m = torch.nn.RReLU()
        found = [y, x.grad, m(x), m.eval()(x), torch.rand(2)]
        return y.grad_fn.name(), repr(m), [t.detach().numpy() for t in found]

    ours, theirs = run(dt), run(torch)
    assert ours[1] == theirs[1]
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    with pytest.raises(RuntimeError, match="Lower bound should be less than"):
        dt.nn.functional.rrelu(dt.ones(2), 0.5, 0.1)


@pytest.mark.parametrize("options", [{}, {"tau": 0.5}, {"hard": True, "dim": 0}], ids=str)
def test_gumbel_softmax_as_pytorch(options):
    torch = pytest.importorskip("torch")

    def run(torch):
        torch.manual_seed(0)
        x = torch.randn(2, 3, requires_grad=True)
        y = torch.nn.functional.gumbel_softmax(x, **options)
        (y * y * x).sum().backward()
        return y.detach().numpy(), x.grad.numpy()

    for a, b in zip(run(dt), run(torch), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
