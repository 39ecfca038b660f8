"""Contractions compile whichever operand the result's last axis is of, and give what eager code gives."""

import numpy as np
import pytest

import dualtape.torch as torch

EQUATIONS = [
    "kij,nkj->nki",
    "nkj,kij->nki",
    "ij,kj->ki",
    "ij,jk->ki",
    "bij,bkj->bik",
    "bij,bkj->bki",
    "ij,kl->lkji",
    "ij,j->i",
    "bi,bj->ijb",
]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_every_order(equation):
    sizes = dict(zip("bijkln", (3, 64, 40, 50, 5, 70), strict=True))
    names, _ = equation.split("->")
    rng = np.random.default_rng(0)
    x, y = (
        torch.tensor(rng.normal(size=[sizes[n] for n in own]), requires_grad=True)
        for own in names.split(",")
    )

    def both(x, y):
        out = torch.einsum(equation, x, y)
        return out, *torch.autograd.grad((out * out).sum(), (x, y))

    expected = both(x, y)
    for found, e in zip(torch.compile(both)(x, y), expected, strict=True):
        np.testing.assert_allclose(found.detach().numpy(), e.detach().numpy(), rtol=1e-9, atol=1e-9)
