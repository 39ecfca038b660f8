"""`torch.autograd.functional`: the results, forms and errors of PyTorch."""

from __future__ import annotations

SETUP = """
from types import SimpleNamespace
A = torch.autograd.functional
jacobian, hessian, vjp, jvp, hvp, vhp = A.jacobian, A.hessian, A.vjp, A.jvp, A.hvp, A.vhp
x = torch.arange(1.0, 4.0, dtype=torch.float64)
y = torch.arange(2.0, dtype=torch.float64)
i = torch.arange(3)
w = torch.ones(3, dtype=torch.float64, requires_grad=True)
r = x.clone().requires_grad_()
f = lambda x: x ** 3
g = lambda x, y: (x.sum() * y, x ** 2)
s = lambda x: (x ** 3).sum()
s2 = lambda x, y: (x ** 3).sum() * y.sum() ** 2
grad = torch.autograd.grad
"""


def test_values(agree_in_values):
    agree_in_values(
        SETUP,
        """
        jacobian(f, x)
        jacobian(f, (x,))
        jacobian(g, (x, y))
        jacobian(g, (x, y), vectorize=True)
        jacobian(f, x, vectorize=True, strategy="forward-mode")
        jacobian(f, r)
        jacobian(lambda a: torch.ones(2), x)
        jacobian(lambda x: x * w, x)
        hessian(s, x)
        hessian(s2, (x, y))
        hessian(s2, (x, y), vectorize=True)
        hessian(lambda x: s(x).reshape(1, 1), x)
        hessian(lambda x: x.sum(), x)
        vjp(f, x, x)
        vjp(s, x)
        vjp(g, (x, y), (y, x))
        vjp(lambda a: torch.ones(3), x, torch.ones(3))
        jvp(f, x, x)
        jvp(f, x[1])
        jvp(g, (x, y), (x, y))
        jvp(lambda a: torch.ones(3), x, x)
        hvp(s, x, x)
        hvp(s2, (x, y), (x, y))
        hvp(f, x[1])
        hvp(lambda x: x.sum(), x, x)
        vhp(s, x, x)
        vhp(s2, (x, y), (x, y))
        """,
    )


def test_create_graph(agree_in_values):
    agree_in_values(
        SETUP,
        """
        jacobian(f, r, create_graph=True)
        jacobian(f, x, create_graph=True).requires_grad
        jacobian(lambda x: x * w, x, create_graph=True).requires_grad
        grad(jacobian(f, r, create_graph=True).sum(), r)
        grad(hessian(s, r, create_graph=True).sum(), r)
        grad(vjp(f, r, x, create_graph=True)[1].sum(), r)
        grad(jvp(f, r, x, create_graph=True)[1].sum(), r)
        grad(hvp(s, r, x, create_graph=True)[1].sum(), r)
        grad(vhp(s, r, x, create_graph=True)[1].sum(), r)
        [a.requires_grad for a in vjp(f, r, x)]
        [a.requires_grad for a in jvp(f, r, x)]
        """,
    )


def test_errors(agree_in_values):
    agree_in_values(
        SETUP,
        """
        jacobian(f, [x])
        jacobian(f, (x, 1.0))
        jacobian(f, i)
        jacobian(lambda x: 1.0, x)
        jacobian(lambda x: (x, 1.0), x)
        jacobian(lambda x: [x], x)
        jacobian(lambda z: z ** 2, x * 1j)
        jacobian(g, (x, y), strategy="q")
        jacobian(g, (x, y), strategy="forward-mode")
        jacobian(g, (x, y), vectorize=True, strict=True)
        jacobian(f, x, vectorize=True, create_graph=True, strategy="forward-mode")
        jacobian(lambda a, b: a * 2, (x, y), strict=True)
        jacobian(lambda a: torch.ones(2), x, strict=True)
        jacobian(lambda a: a * 2, x, strict=True, create_graph=True)
        hessian(f, x)
        hessian(lambda x: (s(x), s(x)), x)
        hessian(lambda x: x.sum(), x, strict=True)
        hessian(s, x, outer_jacobian_strategy="q")
        vjp(f, x)
        vjp(f, x, y)
        vjp(g, (x, y), x)
        vjp(lambda a, b: a * 1, (x, y), x, strict=True)
        vjp(lambda a: torch.ones(3), x, x, strict=True)
        jvp(f, x)
        jvp(f, x, y)
        jvp(g, (x, y), x)
        jvp(lambda a, b: a * 1, (x, y), (x, y), strict=True)
        jvp(lambda a: a * 2, r, x, create_graph=True, strict=True)
        hvp(f, x, x)
        hvp(lambda x: (s(x),), x, x)
        hvp(s, x, y)
        vhp(lambda x: x.sum(), x, x, strict=True)
        vhp(s, i, i)
        """,
    )


def test_a_batch_of_cotangents(agree_in_values):
    agree_in_values(
        SETUP + "eye = torch.eye(3, dtype=torch.float64)\n",
        """
        grad(r ** 2, r, eye, is_grads_batched=True)
        grad([r ** 2, r * 3], [r], [eye, eye], is_grads_batched=True)
        grad(grad(r ** 3, r, eye, is_grads_batched=True, create_graph=True)[0].sum(), r)
        grad(r ** 2, r, torch.ones(3), is_grads_batched=True)
        """,
    )
