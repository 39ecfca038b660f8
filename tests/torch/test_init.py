"""Initial values: PyTorch's numbers for a seed, its bounds and errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.torch import nn

FILLS = {
    "uniform_": lambda i, t: i.uniform_(t, -0.5, 2.0),
    "normal_": lambda i, t: i.normal_(t, 1.0, 0.3),
    "trunc_normal_": lambda i, t: i.trunc_normal_(t, 0.1, 0.7, -1.0, 1.2),
    "constant_": lambda i, t: i.constant_(t, 0.25),
    "ones_": lambda i, t: i.ones_(t),
    "zeros_": lambda i, t: i.zeros_(t),
    "xavier_uniform_": lambda i, t: i.xavier_uniform_(t, gain=1.5),
    "xavier_normal_": lambda i, t: i.xavier_normal_(t),
    "kaiming_uniform_": lambda i, t: i.kaiming_uniform_(t, a=math.sqrt(5)),
    "kaiming_uniform_relu": lambda i, t: i.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal_": lambda i, t: i.kaiming_normal_(t, nonlinearity="tanh"),
    "orthogonal_": lambda i, t: i.orthogonal_(t, gain=2.0),
    "dirac_": lambda i, t: i.dirac_(t, groups=2),
    "eye_": lambda i, t: i.eye_(t),
    "sparse_": lambda i, t: i.sparse_(t, 0.4),
}
SHAPES = [(3, 5), (5, 3), (20, 30), (4, 2, 3, 3), (6, 4, 5)]
EXACT = (
    "uniform_",
    "constant_",
    "ones_",
    "zeros_",
    "xavier_uniform_",
    "kaiming_uniform_",
    "kaiming_uniform_relu",
    "dirac_",
    "eye_",
)


def fits(name, shape):
    if name in ("eye_", "sparse_"):
        return len(shape) == 2
    if name == "dirac_":
        return len(shape) > 2
    return True


@pytest.mark.parametrize("name", list(FILLS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_as_pytorch(name, dtype):
    torch = pytest.importorskip("torch")
    for shape in SHAPES:
        if not fits(name, shape):
            continue

        def fill(torch, shape=shape):
            torch.manual_seed(11)
            t = torch.empty(shape, dtype=getattr(torch, dtype))
            out = FILLS[name](torch.nn.init, t)
            assert out is t
            return t.numpy(), torch.rand(2).tolist()

        (ours, after), (theirs, after_there) = fill(dt), fill(torch)
        if name in EXACT:
            np.testing.assert_array_equal(ours, theirs)
        else:
            tolerance = 3e-6 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
        assert after == after_there


LAYERS = {
    "Linear": lambda n: n.Linear(7, 5),
    "Linear-nobias": lambda n: n.Linear(7, 5, bias=False),
    "Linear-large": lambda n: n.Linear(300, 100),
    "Bilinear": lambda n: n.Bilinear(3, 4, 5),
    "Conv1d": lambda n: n.Conv1d(4, 6, 3),
    "Conv2d": lambda n: n.Conv2d(4, 6, (3, 2), groups=2),
    "Conv3d": lambda n: n.Conv3d(2, 3, 2),
    "ConvTranspose2d": lambda n: n.ConvTranspose2d(4, 6, 3),
    "Embedding": lambda n: n.Embedding(10, 3),
    "Embedding-padding": lambda n: n.Embedding(40, 8, padding_idx=1),
    "BatchNorm2d": lambda n: n.BatchNorm2d(4),
    "LayerNorm": lambda n: n.LayerNorm((3, 4)),
    "GroupNorm": lambda n: n.GroupNorm(2, 4),
    "PReLU": lambda n: n.PReLU(3),
    "MultiheadAttention": lambda n: n.MultiheadAttention(8, 2, add_bias_kv=True),
    "MultiheadAttention-apart": lambda n: n.MultiheadAttention(8, 2, kdim=3, vdim=5),
    "model": lambda n: n.Sequential(
        n.Conv2d(1, 4, 3), n.ReLU(), n.Flatten(), n.Linear(16, 8), n.Tanh(), n.Linear(8, 2)
    ),
}
NORMALS = ("Embedding", "MultiheadAttention")  # normals agree to rounding


@pytest.mark.parametrize("name", list(LAYERS))
def test_initial_weights_as_pytorch(name):
    torch = pytest.importorskip("torch")

    def state(torch):
        torch.manual_seed(5)
        return {k: v.numpy() for k, v in LAYERS[name](torch.nn).state_dict().items()}

    ours, theirs = state(dt), state(torch)
    assert list(ours) == list(theirs)
    for key, want in theirs.items():
        assert ours[key].dtype == want.dtype
        if name.startswith(NORMALS):
            np.testing.assert_allclose(ours[key], want, rtol=2e-6, atol=1e-7)
        else:
            np.testing.assert_array_equal(ours[key], want)


GOLDEN_CONV = [
    -0.003743410110473633,
    0.26822179555892944,
    -0.4115225672721863,
    -0.3679695129394531,
    -0.19257718324661255,
]


def test_initial_weights_of_a_seed():
    dt.manual_seed(0)
    layer = nn.Linear(1, 1)
    assert layer.weight.item() == pytest.approx(-0.007486820220947266, abs=0)
    assert layer.bias.item() == pytest.approx(0.5364435911178589, abs=0)
    dt.manual_seed(0)
    conv = nn.Conv2d(1, 1, 2)
    np.testing.assert_array_equal(conv.weight.detach().numpy().ravel(), np.float32(GOLDEN_CONV[:4]))
    assert conv.bias.item() == np.float32(GOLDEN_CONV[4])


@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
def test_gains_as_pytorch(name):
    torch = pytest.importorskip("torch")
    assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def failing(torch):
    i = torch.nn.init
    yield lambda: i.calculate_gain("x")
    yield lambda: i.calculate_gain("leaky_relu", "x")
    yield lambda: i.xavier_uniform_(torch.empty(3))
    yield lambda: i.kaiming_normal_(torch.empty(3, 3), mode="x")
    yield lambda: i.eye_(torch.empty(3))
    yield lambda: i.dirac_(torch.empty(3, 3))
    yield lambda: i.dirac_(torch.empty(3, 3, 3), groups=2)
    yield lambda: i.orthogonal_(torch.empty(3))
    yield lambda: i.sparse_(torch.empty(3), 0.1)


def test_errors_as_pytorch():
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(failing(dt), failing(torch), strict=True):
        with pytest.raises(Exception) as want:  # noqa: PT011  # the type is what is compared
            theirs()
        with pytest.raises(type(want.value)) as got:
            ours()
        assert str(got.value) == str(want.value)


def test_filling_a_parameter_is_not_recorded():
    layer = nn.Linear(3, 2)
    before = layer.weight._version
    nn.init.constant_(layer.weight, 1.0)
    nn.init.zeros_(layer.bias)
    assert layer.weight._version > before
    assert layer.weight.is_leaf
    assert layer(dt.ones(3)).tolist() == [3.0, 3.0]
