"""What `autograd.Function` saves goes through `saved_tensors_hooks`, and is refused if made in inference mode."""

import gc
import weakref

import numpy as np
import pytest

import dualtape.torch as torch


def product(t, save=lambda a, b, out: (a, b, out, None), log=None):
    """A function that is a product, and tells `log` what it finds saved."""

    class Product(t.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            out = a * b
            ctx.save_for_backward(*save(a, b, out))
            return out

        @staticmethod
        def backward(ctx, g):
            saved = ctx.saved_tensors
            if log is not None:
                log.extend(None if s is None else (s.requires_grad, s.is_leaf) for s in saved)
            return g * saved[1], g * saved[0]

    return Product


def story(t, make_a, create_graph):
    """What the hooks and the backward see, and the gradients."""
    log = []

    def pack(x):
        log.append(("pack", tuple(x.shape), x.requires_grad, x.is_leaf))
        return x.detach().numpy().copy()

    def unpack(x):
        log.append("unpack")
        return t.tensor(x)

    leaf = t.tensor([1.0, 2.0], requires_grad=True)
    b = t.tensor([3.0, 4.0])
    with t.autograd.graph.saved_tensors_hooks(pack, unpack):
        out = product(t, log=log).apply(make_a(leaf), b)
    (g,) = t.autograd.grad(out.sum(), leaf, create_graph=create_graph)
    return log, g.detach().numpy().tolist()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("make_a", [lambda x: x, lambda x: x * 2], ids=["leaf", "result"])
def test_hooks_see_what_a_function_saves(make_a, create_graph):
    real = pytest.importorskip("torch")
    assert story(torch, make_a, create_graph) == story(real, make_a, create_graph)


def test_values_are_those_that_unpack_gives():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x * 10):
        out = product(torch).apply(a, torch.tensor([3.0, 4.0]))
    out.sum().backward()
    assert a.grad.tolist() == [30.0, 40.0]


def test_second_derivatives_go_through_packed_tensors():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x.numpy(force=True), torch.tensor):
        out = product(torch).apply(a, a)
    (g,) = torch.autograd.grad((out * out).sum(), a, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), a)
    np.testing.assert_allclose(g.detach().numpy(), [4.0, 32.0])
    np.testing.assert_allclose(h.numpy(), [12.0, 48.0])


@pytest.mark.parametrize("module", ["dualtape", "torch"])
def test_a_write_is_not_seen_through_hooks(module):
    t = torch if module == "dualtape" else pytest.importorskip("torch")
    a, b = t.ones(2, requires_grad=True), t.ones(2)
    with t.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
        out = product(t).apply(a, b)
    b.add_(1)
    out.sum().backward()
    assert a.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("module", ["dualtape", "torch"])
def test_wrong_hooks(module):
    t = torch if module == "dualtape" else pytest.importorskip("torch")
    a, b = t.ones(2, requires_grad=True), t.ones(2)
    hooks = t.autograd.graph.saved_tensors_hooks
    with (
        hooks(lambda x: x.detach().mul_(2), lambda x: x),
        pytest.raises(RuntimeError, match="pack hook is modifying its input in place"),
    ):
        product(t).apply(a, b)
    with hooks(lambda x: x, lambda x: 3):
        out = product(t).apply(a, b)
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor"):
        out.sum().backward()


@pytest.mark.parametrize("module", ["dualtape", "torch"])
def test_tensors_of_inference_mode_are_not_saved(module):
    t = torch if module == "dualtape" else pytest.importorskip("torch")
    with t.inference_mode():
        b = t.ones(2)
    a = t.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        product(t).apply(a, b)
    product(t).apply(a.detach(), b)  # nothing is recorded
    product(t, save=lambda a, b, out: (a,)).apply(a, b)  # nothing of it is saved


def test_a_packed_output_ties_no_knot():
    function = product(torch)  # a class is a knot of its own
    gc.collect()
    gc.disable()
    try:
        a = torch.ones(2, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
            out = function.apply(a, a)
        gone = weakref.ref(out)
        del out
        assert gone() is None
        assert gc.collect() == 0
    finally:
        gc.enable()
