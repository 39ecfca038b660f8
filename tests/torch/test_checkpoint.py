"""torch.utils.checkpoint: the same programs on dualtape and, where it is installed, on PyTorch."""

from __future__ import annotations

import importlib
import warnings
import weakref
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


def tools(torch: Any) -> Any:
    return importlib.import_module(torch.__name__ + ".utils.checkpoint")


class Program:
    """A function of a tensor, of a parameter that it closes over, and of chance; counts its calls."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        torch.manual_seed(0)
        self.x = torch.randn(4, requires_grad=True)
        self.w = torch.randn(4, requires_grad=True)
        self.calls = 0

    def __call__(self, x: Any, k: float = 1.0, scale: Any = None) -> Any:
        self.calls += 1
        y = (x * self.w).sin().exp() * k
        y = self.torch.nn.functional.dropout(y, 0.5)
        return y.tanh() if scale is None else y * scale

    def leaves(self) -> tuple[Any, Any]:
        return self.x, self.w


def close(torch: Any, got: Any, want: Any) -> bool:
    return all(torch.allclose(a, b) for a, b in zip(got, want, strict=True))


@both
def test_gradients_with_keyword_arguments_and_chance(torch):
    f = Program(torch)
    torch.manual_seed(1)
    want = torch.autograd.grad(f(f.x, k=2.0, scale=f.w).sum(), f.leaves())
    torch.manual_seed(1)
    y = tools(torch).checkpoint(f, f.x, k=2.0, scale=f.w, use_reentrant=False)
    torch.rand(3)  # what is drawn in between changes nothing, and is not changed
    got = torch.autograd.grad(y.sum(), f.leaves())
    after = torch.rand(3)
    assert close(torch, got, want)
    assert f.calls == 3
    torch.manual_seed(1)
    f(f.x)
    torch.rand(3)
    assert after.tolist() == torch.rand(3).tolist()


@both
def test_higher_derivatives(torch):
    f = Program(torch)

    def second(call):
        torch.manual_seed(2)
        (g,) = torch.autograd.grad(call(f.x).sum(), f.x, create_graph=True)
        return g, *torch.autograd.grad(g.sum(), f.leaves())

    checkpoint = tools(torch).checkpoint
    want = second(f)
    assert close(torch, second(lambda x: checkpoint(f, x, use_reentrant=False)), want)


@both
def test_each_pass_recomputes(torch):
    f = Program(torch)
    y = tools(torch).checkpoint(f, f.x, use_reentrant=False).sum()
    y.backward(retain_graph=True)
    once = f.x.grad.clone()
    assert f.calls == 2
    y.backward()
    assert f.calls == 3
    assert torch.allclose(f.x.grad, 2 * once)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


@both
def test_checkpoints_inside_checkpoints(torch):
    f, checkpoint = Program(torch), tools(torch).checkpoint

    def middle(x):
        a = (x * 2).cos()
        return (checkpoint(f, a, use_reentrant=False) * a).sinh()

    def outer(x):
        return checkpoint(middle, x.tanh(), use_reentrant=False) * x

    torch.manual_seed(3)
    a = (f.x.tanh() * 2).cos()
    want = torch.autograd.grad(((f(a) * a).sinh() * f.x).sum(), f.leaves())
    torch.manual_seed(3)
    y = checkpoint(outer, f.x, use_reentrant=False)
    assert close(torch, torch.autograd.grad(y.sum(), f.leaves()), want)


@both
@pytest.mark.parametrize("reentrant", [True, False])
def test_sequences(torch, reentrant):
    nn = torch.nn
    torch.manual_seed(1)
    net = nn.Sequential(
        *[nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Dropout(0.3)) for _ in range(5)]
    )
    x = torch.randn(2, 4, requires_grad=True)

    def grads(call):
        torch.manual_seed(2)
        net.zero_grad()
        x.grad = None
        call(x).sum().backward()
        return [x.grad, *[p.grad for p in net.parameters()]]

    want = grads(net)
    sequential = tools(torch).checkpoint_sequential
    got = grads(lambda x: sequential(net, 3, x, use_reentrant=reentrant))
    assert close(torch, got, want)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: more"):
        sequential(net, 3, x, use_reentrant=reentrant, more=1)


@both
def test_parameters_alone_need_gradients(torch):
    torch.manual_seed(1)
    layer = torch.nn.Linear(3, 3)
    y = tools(torch).checkpoint(layer, torch.ones(3), use_reentrant=False)
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0] * 3] * 3


@both
def test_any_structure_of_results_and_a_backward_pass_inside(torch):
    f, checkpoint = Program(torch), tools(torch).checkpoint

    def inside(x):
        z = x.detach().requires_grad_()
        (z.sin() * z).sum().backward()
        return {"y": (x * z.grad).exp(), "nothing": None}

    out = checkpoint(inside, f.x, use_reentrant=False)
    got = torch.autograd.grad(out["y"].sum(), f.x)
    assert close(torch, got, torch.autograd.grad(inside(f.x)["y"].sum(), f.x))


@both
def test_a_second_run_that_differs(torch):
    f, checkpoint = Program(torch), tools(torch).checkpoint

    def run(second, **options):
        calls: list[int] = []

        def g(x):
            calls.append(1)
            return x.sin().exp() if len(calls) == 1 else second(x)

        checkpoint(g, f.x, use_reentrant=False, **options).sum().backward()

    error = tools(torch).CheckpointError
    with pytest.raises(error, match="A different number of tensors was saved"):
        run(lambda x: x.sin())
    with pytest.raises(error, match="have different metadata than during the forward pass"):
        run(lambda x: torch.cat([x, x]).sin().exp())
    with pytest.raises(error, match="trying to save more tensors"):
        run(lambda x: x.sin().exp().tanh(), early_stop=False)
    with tools(torch).set_checkpoint_early_stop(False), pytest.raises(error, match="save more"):
        run(lambda x: x.sin().exp().tanh())
    run(lambda x: x.sin().exp().tanh())  # ends before it comes to the difference


@both
def test_an_argument_written_to_in_between(torch):
    f = Program(torch)
    y = f.x * 1
    z = tools(torch).checkpoint(lambda y: y.sin(), y, use_reentrant=False)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


@both
def test_the_reentrant_kind(torch):
    f, checkpoint = Program(torch), tools(torch).checkpoint
    y = checkpoint(torch.sin, f.x, use_reentrant=True)
    assert y.grad_fn.name() == "CheckpointFunctionBackward"
    y.sum().backward()
    assert torch.allclose(f.x.grad, f.x.cos())
    with pytest.raises(RuntimeError, match="is incompatible with"):
        torch.autograd.grad(checkpoint(torch.sin, f.x, use_reentrant=True).sum(), f.x)
    with pytest.raises(RuntimeError, match="is incompatible with"):
        checkpoint(torch.sin, f.x, use_reentrant=True).sum().backward(inputs=[f.x])
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint(f, f.x, use_reentrant=True, k=2.0)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(torch.sin, torch.ones(2), use_reentrant=True)


@both
def test_settings(torch):
    f, checkpoint = Program(torch), tools(torch).checkpoint
    with torch.no_grad():
        assert not checkpoint(torch.sin, f.x, use_reentrant=False).requires_grad
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(torch.sin, f.x, use_reentrant=False, determinism_check="some")
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(torch.sin, f.x)
    entered: list[str] = []

    class Noting:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            entered.append(self.name)

        def __exit__(self, *args):
            pass

    y = checkpoint(
        f, f.x, use_reentrant=False, context_fn=lambda: (Noting("first"), Noting("second"))
    )
    assert entered == ["first"]
    y.sum().backward()
    assert entered == ["first", "second"]
    y = checkpoint(f, f.x, use_reentrant=False, preserve_rng_state=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.sum().backward()


def test_nothing_in_between_is_kept():
    x = dtorch.ones(3, requires_grad=True)
    kept: list[Any] = []

    def f(x):
        y = x.exp()
        kept.append(weakref.ref(y))
        return (y * y).sin()

    z = tools(dtorch).checkpoint(f, x, use_reentrant=False)
    assert kept[0]() is None
    z.sum().backward()
    assert kept[1]() is None
