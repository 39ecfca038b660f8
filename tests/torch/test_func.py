"""`torch.func`: derivatives of functions, nested in every way, and what they say about wrong arguments."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape.torch as dt
from dualtape.core import modes
from dualtape.core.batching import open_batches

SETUP = """
func = torch.func
grad, vjp, jvp, vmap = func.grad, func.vjp, func.jvp, func.vmap
jacrev, jacfwd, hessian, linearize = func.jacrev, func.jacfwd, func.hessian, func.linearize
x = torch.arange(1.0, 4.0, dtype=torch.float64)
X = torch.arange(6.0, dtype=torch.float64).reshape(2, 3) + 1
v = torch.tensor([1.0, 0.5, -2.0], dtype=torch.float64)
i = torch.arange(3)
w = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
xr = x.clone().requires_grad_()
def quiet(x):
    with torch.no_grad():
        c = x ** 2
    return (x - c).sum()
def through(f, *leaves):
    return torch.autograd.grad(f().sum(), leaves)
"""


def test_values(agree_in_values):
    agree_in_values(
        SETUP,
        """
        grad(lambda x: (x ** 3).sum())(x)
        func.grad_and_value(lambda x: (x ** 3).sum())(x)
        func.grad_and_value(lambda x: ((x ** 3).sum(), x * 2), has_aux=True)(x)
        grad(lambda a, b: (a * b).sum(), argnums=(0, -1))(x, v)
        grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": x, "b": [v]})
        grad(lambda a, b=None: (a * b).sum())(x, b=v)
        vjp(lambda x: (x.sin(), x.cos()), x)[1]((v, v))
        vjp(lambda a, b: a * 2, x, v)[1](x)
        vjp(lambda x: (x * 2, x), x, has_aux=True)[2]
        jvp(lambda x: (x.sin(), [x.cos()]), (x,), (v,))
        jvp(lambda x: torch.ones(2), (x,), (v,))
        jvp(lambda x: (x * 2, x), (x,), (v,), has_aux=True)
        jacrev(lambda x, y: (x * y, (x.sum(),)), argnums=(0, 1))(x, v)
        jacrev(lambda x: (x ** 2, x.sum()), chunk_size=2)(x)
        jacfwd(lambda x, y: (x * y, (x.sum(),)), argnums=(0, 1))(x, v)
        jacfwd(lambda x: (x ** 2, x), has_aux=True)(x)
        hessian(lambda x, y: (x * y).sum() ** 2, argnums=(0, 1))(x, v)
        hessian(lambda x: x ** 3)(x)
        linearize(lambda x: (x.sin(), x ** 2), x)[1](v)
        linearize(lambda d: d["a"] * d["b"], {"a": x, "b": v})[1]({"a": v, "b": v})
        grad(quiet)(x)
        hessian(quiet)(x)
        grad(torch.sin).__name__
        """,
    )


def test_nestings(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(grad(lambda x: (x ** 3).prod()))(X)
        grad(lambda X: vmap(lambda x: x.prod() ** 2)(X).sum())(X)
        vmap(vmap(lambda a, b: a * b, in_dims=(0, None)), in_dims=(None, 0))(x, v)
        vmap(hessian(lambda x: (x ** 3).prod()))(X)
        vmap(jacrev(lambda x: x ** 3))(X)
        vmap(jacfwd(lambda x: x ** 3))(X)
        jacrev(vmap(lambda x: x.sum() ** 2))(X)
        jacfwd(vmap(lambda x: x.sum() ** 2))(X)
        jacfwd(jacrev(lambda x: (x ** 3).sum()))(x)
        jacrev(jacfwd(lambda x: x ** 3))(x)
        jacfwd(jacfwd(lambda x: x.prod()))(x)
        jacrev(jacrev(lambda x: x.prod()))(x)
        jvp(lambda x: vjp(torch.sin, x)[1](v)[0], (x,), (v,))
        vjp(lambda x: jvp(torch.sin, (x,), (v,))[1], x)[1](v)
        jvp(lambda x: jvp(torch.sin, (x,), (v,))[1], (x,), (v,))
        grad(lambda x: grad(lambda y: x * y * y)(x))(torch.tensor(2.0))
        grad(lambda x: grad(lambda y: (y * y.detach() * x).sum())(x).sum())(x)
        vmap(lambda x: jvp(torch.sin, (x,), (v,))[1])(X)
        jvp(vmap(torch.sin), (X,), (X,))
        vmap(grad(lambda w, x: (w * x).sum() ** 2), in_dims=(None, 0))(x, X)
        """,
    )


def test_what_a_function_closes_over_keeps_its_history(agree_in_values):
    agree_in_values(
        SETUP,
        """
        through(lambda: grad(lambda x: (x * w ** 2).sum())(x), w)
        through(lambda: vmap(grad(lambda x: (x * w ** 2).sum()))(X), w)
        through(lambda: jacrev(lambda x: x * w ** 2)(x), w)
        through(lambda: jacfwd(lambda x: x * w ** 2)(x), w)
        through(lambda: hessian(lambda x: (x ** 3 * w ** 2).sum())(x), w)
        through(lambda: grad(lambda x: (x ** 3).sum())(xr), xr)
        through(lambda: vjp(lambda x: x ** 3 * w, xr)[0], xr, w)
        through(lambda: vjp(lambda x: x ** 3 * w, xr)[1](v)[0], xr, w)
        through(lambda: jvp(lambda x: x ** 3 * w, (xr,), (v,))[1], xr, w)
        through(lambda: vmap(lambda x: x * w)(X), w)
        grad(lambda x: (x * w).sum())(x).requires_grad
        """,
    )


def test_a_stopped_value_has_no_tangent(agree_in_values):
    agree_in_values(
        SETUP,
        """
        jvp(lambda x: x * x.detach(), (x,), (v,))
        jvp(lambda x: x * x.data, (x,), (v,))
        jvp(lambda x: x * x[1].item(), (x,), (v,))
        jvp(lambda x: x * torch.tensor(x.tolist(), dtype=x.dtype), (x,), (v,))
        jvp(lambda x: x if x.sum() else -x, (x,), (v,))
        grad(lambda x: (x * x[1].item()).sum())(x)
        vmap(lambda x: jvp(lambda y: y * y.detach(), (x,), (v,))[1])(X)
        """,
    )


def test_errors(agree_in_values):
    agree_in_values(
        SETUP,
        """
        grad(lambda x: x.sum())(i)
        grad(lambda x: x * 2)(3.0)
        grad(lambda x: x * 2)(x)
        grad(lambda x: x.sum().reshape(1))(x)
        grad(lambda x: 1.0)(x)
        grad(lambda x: (x.sum(),))(x)
        grad(lambda x: (x * 1j).sum())(x)
        grad(lambda x: x.sum(), has_aux=True)(x)
        grad(lambda x: (x.sum(), "a"), has_aux=True)(x)
        grad(lambda x: (x.sum(), None), has_aux=True)(x)
        grad(lambda x: x.sum(), argnums=3)(x)
        grad(lambda x: x.sum(), argnums=())(x)
        grad(lambda x: x.sum(), argnums=(0, 0))(x)
        grad(lambda x: x.sum(), argnums="x")(x)
        grad(lambda x: x.sum(), argnums=[0])(x)
        vjp(lambda x: i, x)
        vjp(lambda x: None, x)
        vjp(lambda x: 1.0, x)
        vjp(lambda x: (x, x), x)[1](x)
        vjp(lambda x: x * 2, x)[1](torch.ones(2))
        vjp(lambda x: x * 2, i)
        jvp(lambda x: x * 2, (x,), (x, x))
        jvp(lambda x: x * 2, [x], [x])
        jvp(lambda: x, (), ())
        jvp(lambda x: x, (1.0,), (1.0,))
        jvp(lambda x: x, (x,), (torch.ones(2),))
        jvp(lambda x: x, (i,), (x,))
        jvp(lambda x: x, (x,), (i,))
        jvp(lambda x: torch.ones(2), (x,), (x,), strict=True)
        jvp(lambda x: 1.0, (x,), (x,))
        jvp(lambda x: None, (x,), (x,))
        jvp(lambda x: x, (x,), (x,), has_aux=True)
        jacrev(lambda x: x)(x * 1j)
        jacrev(lambda x: x * 1j)(x)
        jacrev(lambda x: x, chunk_size=0)
        jacrev(lambda x: x)(i)
        jacfwd(lambda x: x)(x * 1j)
        jacfwd(lambda x: x)(i)
        jacfwd(lambda x: x, argnums=1)(x)
        linearize(lambda x: x, i)
        """,
    )


PROGRAMS = """
F = torch.nn.functional
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
with torch.no_grad():
    for k, p in enumerate(net.parameters()):
        p.copy_((torch.linspace(-1, 1, p.numel()) + 0.1 * k).reshape(p.shape))
params = dict(net.named_parameters())
def u(p, x):
    return func.functional_call(net, p, (x,)).sum()
def loss(p):
    return vmap(lambda x: u(p, x))(X).pow(2).mean()
def laplacian(p):
    return vmap(lambda x: hessian(lambda x: u(p, x))(x).diagonal().sum() ** 2)(X).sum()
def newton(x):
    f = lambda x: (x ** 2 - 2) ** 2
    for _ in range(3):
        x = x - grad(f)(x) / hessian(f)(x)
    return x
def loop(x):
    out = x.new_empty(4)
    for i in range(4):
        out[i] = x.sum() * i
    return out
def steps(x):
    h = torch.zeros(3, dtype=torch.float64)
    for i in range(4):
        h = torch.tanh(h + x * i)
    return h
def written(x):
    y = x.clone()
    v = y[1:]
    v *= 2
    y = y * y[0]
    y[2] = y[2] + x[1]
    return y.prod()
values = lambda d: list(d.values())
"""


def test_programs(agree_in_values):
    agree_in_values(
        SETUP + PROGRAMS,
        """
        values(grad(laplacian)(params))
        torch.autograd.grad(loss(params), values(params))
        values(jvp(grad(loss), (params,), ({k: torch.ones_like(p) for k, p in params.items()},))[1])
        values(vmap(jacrev(u), (None, 0))(params, X))
        vmap(newton)(x)
        vmap(grad(newton))(x)
        vmap(loop)(X)
        jacrev(loop)(x)
        jacfwd(loop)(x)
        vmap(jacfwd(loop))(X)
        vmap(jacrev(steps))(X)
        jacfwd(steps)(x)
        vmap(hessian(written))(X)
        grad(lambda X: vmap(grad(written))(X).pow(2).sum())(X)
        jacrev(lambda X: jacfwd(lambda X: vmap(written)(X))(X).sum(0))(X)
        vmap(grad(lambda x: torch.linalg.det(torch.outer(x, x) + torch.eye(3).double())))(X)
        jacrev(lambda x: torch.linalg.solve(torch.outer(x, x) + torch.eye(3).double(), x))(x)
        vmap(grad(lambda w, x: F.conv1d(x[None, None], w[None, None], padding=1).pow(2).sum()), (None, 0))(x, X)
        """,
    )


def test_linearize_checks_its_tangents():
    x = dt.ones(3)
    _, push = dt.func.linearize(lambda x: x * x, x)
    with pytest.raises(RuntimeError, match="shape"):
        push(dt.ones(2))
    with pytest.raises(RuntimeError, match="dtype"):
        push(dt.ones(3, dtype=dt.float64))
    with pytest.raises(RuntimeError, match="structure"):
        push(x, x)


@pytest.mark.parametrize("outer", ["grad", "vmap", "jacrev", "jacfwd", "hessian"])
def test_an_exception_inside_leaves_nothing_behind(outer):
    def fails(x):
        raise KeyError("mine")

    for f in (fails, dt.func.grad(fails), dt.func.vmap(fails), dt.func.jacfwd(fails)):
        with pytest.raises(KeyError, match="mine"):
            getattr(dt.func, outer)(f)(dt.ones(2, 3))
        with pytest.raises(KeyError, match="mine"):
            dt.func.jvp(f, (dt.ones(2, 3),), (dt.ones(2, 3),))
        with pytest.raises(KeyError, match="mine"):
            dt.func.linearize(f, dt.ones(2, 3))
    assert modes.depth() == 0
    assert modes.current() == 0
    assert open_batches.get() == ()


def test_grad_inside_no_grad_still_differentiates_and_is_not_recorded():
    w = dt.ones(3, requires_grad=True)
    with dt.no_grad():
        g = dt.func.grad(lambda x: (x**2 * w).sum())(dt.ones(3))
    assert g.tolist() == [2.0, 2.0, 2.0]
    assert not g.requires_grad


def test_a_hessian_by_hand():
    f = lambda x: x[0] ** 2 * x[1]  # noqa: E731
    got = dt.func.hessian(f)(dt.tensor([1.0, 2.0]))
    np.testing.assert_allclose(got.numpy(), [[4.0, 2.0], [2.0, 0.0]])


def test_functionalize_calls():
    assert dt.func.functionalize(lambda x: x.add_(1))(dt.zeros(2)).tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="received invalid argument for remove=m"):
        dt.func.functionalize(lambda x: x, remove="m")(dt.zeros(2))


def test_debug_unwrap():
    seen = []
    dt.func.vmap(lambda x: (seen.append(dt.func.debug_unwrap(x)), x)[1])(dt.ones(2, 3))
    assert tuple(seen[0].shape) == (2, 3)
