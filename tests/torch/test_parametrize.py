"""torch.nn.utils: parametrised tensors, weight and spectral norms. Each test runs on PyTorch too, where it is installed."""

from __future__ import annotations

import contextlib
import copy
import importlib
import pickle
from typing import Any

import pytest

import dualtape.torch as dtorch

try:
    import torch as real
except ImportError:
    real = None

SYSTEMS = [
    pytest.param(dtorch, id="dualtape"),
    pytest.param(
        real, id="torch", marks=pytest.mark.skipif(real is None, reason="PyTorch is not installed")
    ),
]
both = pytest.mark.parametrize("torch", SYSTEMS)
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch: the older norms are deprecated


def tools(torch: Any, name: str = "parametrize") -> Any:
    return importlib.import_module(f"{torch.__name__}.nn.utils.{name}")


def maps(torch: Any) -> Any:
    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).transpose(-1, -2)

    class Exp(torch.nn.Module):
        def forward(self, x):
            return x.exp()

        def right_inverse(self, x):
            return x.log()

    class Sum(torch.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x * 0.25, x * 0.75

    return Symmetric, Exp, Sum


def names(module: Any) -> list[str]:
    return [n for n, _ in module.named_parameters()]


@both
def test_a_parametrised_weight(torch):
    p, (Symmetric, Exp, _) = tools(torch), maps(torch)
    layer = torch.nn.Linear(3, 3)
    weight = layer.weight
    assert p.register_parametrization(layer, "weight", Symmetric()) is layer
    assert type(layer).__name__ == "ParametrizedLinear"
    assert isinstance(layer, torch.nn.Linear)
    assert p.type_before_parametrizations(layer) is torch.nn.Linear
    assert list(layer.state_dict()) == names(layer) == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is weight
    assert torch.equal(layer.weight, layer.weight.T)
    assert p.is_parametrized(layer)
    assert p.is_parametrized(layer, "weight")
    assert not p.is_parametrized(layer, "bias")
    layer(torch.ones(2, 3)).sum().backward()
    assert weight.grad.tolist() == [[2.0, 4.0, 4.0], [0.0, 2.0, 4.0], [0.0, 0.0, 2.0]]
    p.register_parametrization(layer, "weight", Exp())
    value = layer.weight.detach()
    assert torch.allclose(value, weight.triu().add(weight.triu(1).T).exp())
    p.remove_parametrizations(layer, "weight")
    assert type(layer) is torch.nn.Linear
    assert names(layer) == ["bias", "weight"]
    assert torch.equal(layer.weight, value)
    assert not hasattr(layer, "parametrizations")


@both
def test_assigning_goes_through_the_inverse(torch):
    p, (Symmetric, Exp, _) = tools(torch), maps(torch)
    layer = torch.nn.Linear(2, 2)
    layer.weight.data.abs_()
    before = layer.weight.detach().clone()
    p.register_parametrization(layer, "weight", Exp())
    assert torch.allclose(layer.weight, before)
    layer.weight = torch.full((2, 2), 3.0)
    assert torch.allclose(layer.weight, torch.tensor(3.0))
    p.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert torch.allclose(layer.weight, torch.tensor(3.0).log())
    p.register_parametrization(layer, "weight", Symmetric())
    with pytest.raises(RuntimeError, match="does not implement right_inverse"):
        layer.weight = torch.ones(2, 2)


@both
def test_several_originals(torch):
    p, (_, _, Sum) = tools(torch), maps(torch)
    layer = torch.nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    p.register_parametrization(layer, "weight", Sum())
    assert names(layer)[1:] == [f"parametrizations.weight.original{i}" for i in (0, 1)]
    assert torch.allclose(layer.weight, before)
    layer.weight = torch.ones(2, 2)
    assert torch.equal(layer.parametrizations.weight.original0, torch.full((2, 2), 0.25))
    with pytest.raises(ValueError, match="Cannot leave unparametrized"):
        p.remove_parametrizations(layer, "weight", leave_parametrized=False)
    p.remove_parametrizations(layer, "weight")
    assert names(layer) == ["bias", "weight"]


@both
def test_what_is_refused(torch):
    p, (Symmetric, *_) = tools(torch), maps(torch)

    class Part(torch.nn.Module):
        def forward(self, x):
            return x[:1]

    class Wide(torch.nn.Module):
        def forward(self, x):
            return x.double()

    register = p.register_parametrization
    with pytest.raises(ValueError, match="may not change the shape"):
        register(torch.nn.Linear(2, 2), "weight", Part())
    with pytest.raises(ValueError, match="may not change the dtype"):
        register(torch.nn.Linear(2, 2), "weight", Wide())
    with pytest.raises(ValueError, match="does not have a parameter, a buffer, or a parametrized"):
        register(torch.nn.Linear(2, 2), "other", Symmetric())
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        p.remove_parametrizations(torch.nn.Linear(2, 2), "weight")
    layer = register(torch.nn.Linear(2, 2), "weight", Part(), unsafe=True)
    assert layer.weight.shape == (1, 2)
    with pytest.raises(RuntimeError, match="only supported through state_dict"):
        pickle.dumps(layer)


@both
def test_caching(torch):
    p, calls = tools(torch), []

    class Count(torch.nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 2

    layer = p.register_parametrization(torch.nn.Linear(2, 2), "weight", Count())
    calls.clear()
    with p.cached():
        assert layer.weight is layer.weight
    assert len(calls) == 1
    assert layer.weight is not layer.weight


@both
def test_buffers_copies_and_transfers(torch):
    p, (_, Exp, _) = tools(torch), maps(torch)
    norm = torch.nn.BatchNorm1d(2)
    norm.running_mean += 1
    p.register_parametrization(norm, "running_mean", Exp())
    assert "parametrizations.running_mean.original" in norm.state_dict()
    layer = torch.nn.Linear(2, 2)
    layer.weight.data.abs_()
    p.register_parametrization(layer, "weight", Exp())
    twin = copy.deepcopy(layer)
    assert torch.equal(twin.weight, layer.weight)
    twin.weight = torch.ones(2, 2)
    assert not torch.equal(twin.weight, layer.weight)
    other = torch.nn.Linear(2, 2)
    p.transfer_parametrizations_and_params(layer, other)
    assert torch.equal(other.weight, layer.weight)
    assert names(other) == ["bias", "parametrizations.weight.original"]


def test_a_copy_keeps_what_is_removed_from_the_original():
    p, (_, Exp, _) = tools(dtorch), maps(dtorch)
    layer = dtorch.nn.Linear(2, 2)
    layer.weight.data.abs_()
    p.register_parametrization(layer, "weight", Exp())
    twin = copy.deepcopy(layer)
    p.remove_parametrizations(layer, "weight")
    assert p.is_parametrized(twin)
    assert dtorch.allclose(twin.weight, layer.weight)


# --- norms ------------------------------------------------------------------------------------------------


def norms(torch: Any, which: str) -> Any:
    """What a normalised layer has and computes."""
    torch.manual_seed(0)
    utils, own = torch.nn.utils, tools(torch, "parametrizations")
    layer: Any = torch.nn.Conv1d(3, 4, 2) if "conv" in which else torch.nn.Linear(3, 4)
    make = {
        "weight": utils.weight_norm, "weight conv": lambda m: utils.weight_norm(m, dim=None),
        "weight by parametrisation": own.weight_norm, "spectral": utils.spectral_norm,
        "spectral conv": lambda m: utils.spectral_norm(m, n_power_iterations=3),
        "spectral by parametrisation": own.spectral_norm,
    }[which]  # fmt: skip
    m = make(layer)
    x = torch.randn(2, 3, 5) if "conv" in which else torch.randn(2, 3)
    out = []
    for _ in range(2):
        m.zero_grad()
        m(x).pow(2).sum().backward()
        out += [p.grad.clone() for p in m.parameters()]
    m.eval()
    out += [m(x), m(x), *m.buffers()]
    return sorted(m.state_dict()), [t.detach().numpy() for t in out], m


@pytest.mark.skipif(real is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    "which",
    [
        "weight", "weight conv", "weight by parametrisation", "spectral", "spectral conv",
        "spectral by parametrisation",
    ],
)  # fmt: skip
def test_norms_as_pytorch(which):
    ours, theirs = norms(dtorch, which), norms(real, which)
    assert ours[0] == theirs[0]
    for a, b in zip(ours[1], theirs[1], strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    assert repr(ours[2]) == repr(theirs[2])


@both
def test_norms_are_removed(torch):
    utils = torch.nn.utils
    for add, remove in (
        (utils.weight_norm, utils.remove_weight_norm),
        (utils.spectral_norm, utils.remove_spectral_norm),
    ):
        layer = add(torch.nn.Linear(3, 2))
        with pytest.raises(RuntimeError, match="Cannot register two"):
            add(layer) if add is utils.weight_norm else add(layer, "weight")
        layer.eval()
        value = layer(torch.ones(1, 3))
        remove(layer)
        assert names(layer) == ["bias", "weight"]
        assert torch.allclose(layer(torch.ones(1, 3)), value)
        with pytest.raises(ValueError, match="not found in Linear"):
            remove(layer)


@pytest.mark.skipif(real is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4)])
@pytest.mark.parametrize("how", [None, "cayley", "householder", "matrix_exp"])
@pytest.mark.parametrize("trivialized", [True, False])
def test_orthogonal_weights_as_pytorch(shape, how, trivialized):
    found = []
    for torch in (dtorch, real):
        torch.manual_seed(0)
        m = torch.nn.Linear(*shape, dtype=torch.float64)
        own = tools(torch, "parametrizations")
        own.orthogonal(m, orthogonal_map=how, use_trivialization=trivialized)
        weight = m.weight
        (weight**3).sum().backward()
        out = [weight, m.parametrizations.weight.original.grad]
        new = torch.linalg.qr(torch.randn(max(shape), min(shape), dtype=torch.float64))[0]
        with contextlib.suppress(NotImplementedError):  # not every map has an inverse
            m.weight = new.mT if shape[0] > shape[1] else new
            out.append(m.weight)
        found.append([t.detach().numpy() for t in out])
    assert len(found[0]) == len(found[1])
    for a, b in zip(*found, strict=True):
        assert a == pytest.approx(b, rel=1e-7, abs=1e-9)


@both
def test_what_cannot_be_orthogonal(torch):
    orthogonal = tools(torch, "parametrizations").orthogonal
    with pytest.raises(ValueError, match="Expected a matrix or batch of matrices"):
        orthogonal(torch.nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="has no parameter or buffer with name"):
        orthogonal(torch.nn.Linear(2, 2), "other")
    with pytest.raises(ValueError, match="orthogonal_map has to be one of"):
        orthogonal(torch.nn.Linear(2, 2), orthogonal_map="other")


def test_a_layer_whose_weight_is_set_by_the_program():
    layer = dtorch.nn.Linear(2, 1, bias=False)
    del layer.weight
    layer.weight = dtorch.tensor([[2.0, 3.0]])
    assert layer(dtorch.ones(2)).tolist() == [5.0]
