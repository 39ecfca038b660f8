"""torch.nn.utils.prune: each test runs on dualtape and, where it is installed, on PyTorch."""

from __future__ import annotations

import importlib
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


def prune(torch: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".nn.utils.prune")


def layer(torch: Any) -> Any:
    m = torch.nn.Linear(3, 2)
    m.weight.data = torch.tensor([[1.0, -6.0, 3.0], [-2.0, 5.0, -4.0]])
    m.bias.data = torch.zeros(2)
    return m


@both
def test_the_smallest_elements(torch):
    p, m = prune(torch), layer(torch)
    weight = m.weight
    assert p.l1_unstructured(m, "weight", 0.5) is m
    assert sorted(m.state_dict()) == ["bias", "weight_mask", "weight_orig"]
    assert m.weight_orig is weight
    assert p.is_pruned(torch.nn.Sequential(m))
    assert m.weight_mask.tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    assert m.weight.tolist() == [[0.0, -6.0, 0.0], [0.0, 5.0, -4.0]]
    m(torch.ones(3)).sum().backward()
    assert weight.grad.tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
    weight.data.fill_(2.0)
    assert m(torch.ones(3)).tolist() == [2.0, 4.0]
    p.l1_unstructured(m, "weight", 1, importance_scores=torch.tensor([[9.0, 1, 9], [9, 2, 3]]))
    assert m.weight_mask.tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    p.remove(m, "weight")
    assert m.weight is weight
    assert m.weight.tolist() == [[0.0, 0.0, 0.0], [0.0, 2.0, 2.0]]
    assert sorted(m.state_dict()) == ["bias", "weight"]
    assert not p.is_pruned(m)


@both
def test_channels(torch):
    p, m = prune(torch), layer(torch)
    p.ln_structured(m, "weight", 1, n=1, dim=1)
    assert m.weight_mask.tolist() == [[0.0, 1.0, 1.0]] * 2
    p.ln_structured(m, "weight", 0.5, n=2, dim=0)
    assert m.weight_mask.sum().item() == 2.0
    p.random_structured(m, "weight", 1, dim=1)
    assert m.weight_mask.sum().item() == 1.0


@both
def test_several_tensors_together(torch):
    p, a, b = prune(torch), layer(torch), layer(torch)
    b.weight.data.mul_(10)
    pairs = [(a, "weight"), (b, "weight")]
    p.global_unstructured(pairs, p.L1Unstructured, amount=0.5)
    assert a.weight_mask.sum().item() == 0.0
    assert b.weight_mask.sum().item() == 6.0
    p.global_unstructured(pairs, p.L1Unstructured, amount=2)
    assert b.weight_mask.tolist() == [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    with pytest.raises(TypeError, match=r"Only .unstructured. PRUNING_TYPE"):
        p.global_unstructured(pairs, p.LnStructured, amount=0.5, n=1)


@both
def test_masks_of_ones_own(torch):
    p, m = prune(torch), layer(torch)
    m.bias.data += 1
    p.identity(m, "bias")
    p.custom_from_mask(m, "bias", torch.tensor([1.0, 0.0]))
    assert m.bias.tolist() == [1.0, 0.0]
    assert p.L1Unstructured(2).prune(torch.tensor([1.0, -3.0, 2.0, 0.5])).tolist() == [0, -3, 2, 0]


@both
def test_what_is_refused(torch):
    p, m = prune(torch), layer(torch)
    with pytest.raises(ValueError, match="has to be pruned before pruning can be removed"):
        p.remove(m, "weight")
    with pytest.raises(ValueError, match="should either be a float in the range"):
        p.l1_unstructured(m, "weight", 1.5)
    with pytest.raises(ValueError, match="should be smaller than the number of parameters"):
        p.random_unstructured(m, "weight", 100)
    with pytest.raises(TypeError, match="Invalid type for amount"):
        p.ln_structured(m, "weight", "all", 1, 0)


def test_random_choices_are_pytorchs():
    if real is None:
        pytest.skip("PyTorch is not installed")
    masks = []
    for torch in (dtorch, real):
        p, m = prune(torch), layer(torch)
        torch.manual_seed(0)
        p.random_unstructured(m, "weight", 0.4)
        p.random_structured(m, "weight", 1, dim=1)
        masks.append(m.weight_mask.tolist())
    assert masks[0] == masks[1]
