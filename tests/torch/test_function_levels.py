"""`autograd.Function` inside `torch.func`'s transformations, in every nesting.

The derivatives are wrong on purpose (10 instead of 3), so that a result shows whose rule was used.
"""

from __future__ import annotations

import pytest

SETUP = """
Function = torch.autograd.Function
func, fw = torch.func, torch.autograd.forward_ad
grad, vmap, jvp, vjp, jacrev, jacfwd, hessian = (
    func.grad, func.vmap, func.jvp, func.vjp, func.jacrev, func.jacfwd, func.hessian
)
x = torch.arange(1.0, 4.0)
X = torch.arange(6.0).reshape(2, 3)
v = torch.ones(3)
w = torch.ones(3, requires_grad=True)
class Cube(Function):
    @staticmethod
    def forward(x):
        return x ** 3
    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 10 * g * x ** 2
class Generated(Cube):
    generate_vmap_rule = True
class Pushed(Generated):
    @staticmethod
    def jvp(ctx, d):
        (x,) = ctx.saved_tensors
        return 10 * d * x ** 2
class Mapped(Function):
    seen = []
    @staticmethod
    def forward(x, k):
        return x ** 3 * k
    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.k = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 10 * g * x ** 2 * ctx.k, None
    @staticmethod
    def jvp(ctx, d, _):
        (x,) = ctx.saved_tensors
        return 10 * d * x ** 2 * ctx.k
    @staticmethod
    def vmap(info, in_dims, x, k):
        Mapped.seen.append((info.batch_size, info.randomness, in_dims, tuple(x.shape)))
        return Mapped.apply(x.movedim(in_dims[0], 0), k), 0
class Two(Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x, y):
        return x * y, x + y
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)
    @staticmethod
    def backward(ctx, a, b):
        x, y = ctx.saved_tensors
        return 10 * a * y + b, 10 * a * x + b
    @staticmethod
    def jvp(ctx, a, b):
        x, y = ctx.saved_tensors
        return 10 * a * y + 10 * b * x, a + b
class Largest(Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x):
        found = x.max(0)
        return found.values, found.indices
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(inputs[0], output[1])
    @staticmethod
    def backward(ctx, g, _):
        x, i = ctx.saved_tensors
        return torch.zeros_like(x).scatter(0, i.unsqueeze(0), g.unsqueeze(0)) * 3
class Both(Generated):
    @staticmethod
    def vmap(info, in_dims, x):
        return x, 0
class Half(Cube):
    @staticmethod
    def vmap(info, in_dims, x):
        return x
class Old(Function):
    @staticmethod
    def forward(ctx, x):
        return x
class NoRule(Function):
    @staticmethod
    def forward(x):
        return x
    @staticmethod
    def setup_context(ctx, inputs, output):
        pass
def dual(f):
    with fw.dual_level():
        return tuple(fw.unpack_dual(f(fw.make_dual(x, v))))
def over(f, leaf):
    return torch.autograd.grad(f().sum(), leaf)
f2 = Two.apply
"""

NESTINGS = """
grad(lambda x: f(x).sum())(x)
vmap(f)(X)
vmap(f, in_dims=1)(X)
vjp(f, x)[1](v)
grad(lambda x: grad(lambda x: f(x).sum())(x).sum())(x)
vmap(grad(lambda x: f(x).sum()))(X)
grad(lambda x: vmap(f)(x).sum())(X)
jacrev(f)(x)
vmap(vmap(f))(X)
jvp(f, (x,), (v,))
jacfwd(f)(x)
hessian(lambda x: f(x).sum())(x)
jvp(grad(lambda x: f(x).sum()), (x,), (v,))
grad(lambda x: jvp(f, (x,), (v,))[1].sum())(x)
vmap(lambda x: jvp(f, (x,), (v,))[1])(X)
jvp(vmap(f), (X,), (X,))
dual(f)
"""


@pytest.mark.parametrize(
    "f", ["Cube.apply", "Generated.apply", "Pushed.apply", "lambda x: Mapped.apply(x, 2.0)"]
)
def test_nestings(agree_in_values, f):
    lines = NESTINGS
    if f == "Generated.apply":  # PyTorch fails there with an assertion of its own
        lines = lines.replace("jvp(vmap(f), (X,), (X,))\n", "")
    if f == "Cube.apply":  # two things are missing, and which is found first differs
        for line in (
            "jacfwd(f)(x)",
            "hessian(lambda x: f(x).sum())(x)",
            "vmap(lambda x: jvp(f, (x,), (v,))[1])(X)",
        ):
            lines = lines.replace(line + "\n", "")
    agree_in_values(f"{SETUP}f = {f}\n", lines + "Mapped.seen\n")


def test_several_arguments_and_outputs(agree_in_values):
    agree_in_values(
        SETUP,
        """
        grad(lambda x, y: f2(x, y)[0].sum(), (0, 1))(x, v)
        vmap(f2, in_dims=(0, None))(X, v)
        vmap(grad(lambda x, y: f2(x, y)[0].sum(), (0, 1)), in_dims=(0, None))(X, v)
        grad(lambda x, y: vmap(f2, in_dims=(0, None))(x, y)[0].sum(), (0, 1))(X, v)
        jvp(f2, (x, v), (v, x))
        jvp(lambda x: f2(x, v), (x,), (v,))
        hessian(lambda x, y: f2(x, y)[0].sum(), (0, 1))(x, v)
        vmap(lambda x: jvp(lambda x: f2(x, v), (x,), (v,)))(X)
        over(lambda: vmap(lambda x: f2(x, w)[0])(X), w)
        over(lambda: grad(lambda x: f2(x, w)[0].sum())(x), w)
        over(lambda: vmap(grad(lambda a: (f2(a, w)[0] ** 2).sum()))(X), w)
        over(lambda: grad(lambda a: (f2(a, w)[0] * f2(w, a)[0]).sum())(x), w)
        over(lambda: vmap(lambda x: jvp(lambda a: (f2(a, w)[0] ** 2), (x,), (v,))[1])(X), w)
        over(lambda: jacrev(lambda a: f2(a, w)[0] * a)(x), w)
        over(lambda: jacfwd(lambda a: f2(a, w)[0] * w)(x), w)
        grad(lambda b: vmap(grad(lambda a: (f2(a, b)[0] ** 2).sum()))(X).sum())(x)
        jvp(lambda b: vmap(grad(lambda a: (f2(a, b)[0] ** 2).sum()))(X), (x,), (v,))
        vmap(grad(lambda a: (f2(a, a)[0] * f2(f2(a, v)[1], a)[0]).sum()))(X)
        vmap(Largest.apply)(X)
        grad(lambda x: Largest.apply(x)[0])(x)
        vmap(grad(lambda x: Largest.apply(x)[0]))(X)
        grad(lambda x: vmap(Largest.apply)(x)[0].sum())(X)
        """,
    )


def test_errors(agree_in_values):
    agree_in_values(
        SETUP,
        """
        vmap(Both.apply)(X)
        vmap(Half.apply)(X)
        vmap(Old.apply)(X)
        vmap(NoRule.apply)(X)
        grad(lambda x: NoRule.apply(x).sum())(x)
        jvp(NoRule.apply, (x,), (v,))
        """,
    )
