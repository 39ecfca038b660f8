"""`torch.autograd.forward_ad`: dual tensors, forward over reverse, and what is left when the level ends."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape.torch as dt

SETUP = """
fw = torch.autograd.forward_ad
x = torch.arange(1.0, 4.0, dtype=torch.float64)
v = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
r = x.clone().requires_grad_()
def dual(f, x=x):
    with fw.dual_level():
        return f(fw.make_dual(x, v))
def tangent(y):
    return tuple(fw.unpack_dual(y))
def gradient(f, **options):
    def run(d):
        return tangent(torch.autograd.grad(f(d).sum(), r, **options)[0])
    return dual(run, r)
def into(write):
    def run(d):
        z = torch.zeros(3, dtype=torch.float64)
        write(z, d)
        return tangent(z)
    return dual(run)
def off(d):
    with fw._set_fwd_grad_enabled(False):
        return tangent(d * 2)
def kept():
    with fw.dual_level():
        y = (fw.make_dual(r, v) ** 3).sum()
    r.grad = None
    y.backward()
    return y.detach() * 2, r.grad
def inside():
    r.grad = None
    with fw.dual_level():
        (fw.make_dual(r, v) ** 3).sum().backward()
        return tangent(r.grad)
@fw.dual_level()
def decorated():
    return tangent(fw.make_dual(x, v) * 2)
"""


def test_values(agree_in_values):
    agree_in_values(
        SETUP,
        """
        dual(lambda d: tangent(d.sin() * d))
        dual(lambda d: tangent((d ** 3).sum()), r)
        dual(lambda d: torch.autograd.grad(tangent((d ** 3).sum())[1], r), r)
        gradient(lambda d: d ** 3)
        gradient(lambda d: d ** 3, create_graph=True)
        gradient(lambda d: d.exp() * d.sum())
        dual(lambda d: tangent(torch.autograd.grad((d ** 3).sum(), d)[0]), r)
        into(lambda z, d: z.copy_(d))
        into(lambda z, d: z.__setitem__(0, d[1]))
        into(lambda z, d: z.mul_(d))
        dual(lambda d: tangent(d.detach()))
        dual(lambda d: d.tolist())
        dual(lambda d: bool(d[0] > 0))
        dual(lambda d: tangent(torch.func.grad(lambda a: (a ** 2 * d).sum())(d)))
        dual(lambda d: tangent(torch.func.vmap(lambda a: a ** 2)(d)))
        dual(off)
        kept()
        inside()
        decorated()
        dual(lambda d: d * 2)
        tangent(x)
        torch.func.grad(lambda a: dual(lambda d: tangent(d * a)[1].sum()))(x)
        """,
    )


def test_errors(agree_in_values):
    agree_in_values(
        SETUP,
        """
        fw.make_dual(x, v)
        fw.exit_dual_level()
        dual(lambda d: fw.enter_dual_level())
        dual(lambda d: fw.make_dual(d, v))
        dual(lambda d: fw.make_dual(x, torch.ones(2)))
        dual(lambda d: fw.make_dual(torch.arange(3), v))
        dual(lambda d: fw.make_dual(x, torch.arange(3)))
        dual(lambda d: fw.make_dual(x, v, level=3))
        dual(lambda d: fw.unpack_dual(1.0))
        """,
    )


def test_hessian_vector_product_through_a_module():
    dt.manual_seed(0)
    fw, net, x = dt.autograd.forward_ad, dt.nn.Linear(3, 1).double(), dt.ones(2, 3).double()
    w = net.weight.detach()
    u = dt.randn(1, 3).double()

    def grads(weight):
        out = dt.func.functional_call(net, {"weight": weight}, x)
        return dt.autograd.grad(out.tanh().sum(), weight, create_graph=False)[0]

    with fw.dual_level():
        weight = fw.make_dual(w.clone().requires_grad_(), u)
        product = fw.unpack_dual(grads(weight)).tangent
    step = 1e-6
    near = [grads((w + s * u).requires_grad_()) for s in (step, -step)]
    np.testing.assert_allclose(
        product.numpy(), ((near[0] - near[1]) / (2 * step)).numpy(), atol=1e-8
    )


def test_an_exception_inside_closes_the_level():
    fw = dt.autograd.forward_ad
    with pytest.raises(KeyError), fw.dual_level():
        raise KeyError
    with fw.dual_level() as level:
        assert level == 0
