"""torch.autograd.graph: hooks on what is saved, on several gradients, nodes and edges. Each test runs on PyTorch too."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import dualtape.torch as dtorch
from dualtape.core import modes

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


def leaves(torch: Any) -> Any:
    return (
        torch.tensor([1.0, 2.0], requires_grad=True),
        torch.tensor([3.0, 5.0], requires_grad=True),
    )


# --- hooks on saved tensors -----------------------------------------------------------------------------


@both
def test_what_is_saved_goes_through_the_hooks(torch):
    x, w = leaves(torch)
    y = x * 3
    packed: list[Any] = []
    unpacked: list[Any] = []

    def pack(t):
        packed.append((t.tolist(), t is x, t is y, t.requires_grad, torch.is_grad_enabled()))
        return len(packed) - 1

    def unpack(i):
        unpacked.append(i)
        return torch.tensor(packed[i][0])

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        z = (x * w).sum() + (y * 2).sum() + torch.relu(y).sum() + x.sum()
    assert [p[0] for p in packed] == [[3.0, 5.0], [1.0, 2.0], [3.0, 6.0]]
    assert packed[1][1]
    assert all(p[3] and not p[4] for p in packed)
    z.backward(retain_graph=True)
    assert sorted(unpacked) == [0, 1, 2]
    z.backward()
    assert sorted(unpacked) == [0, 0, 1, 1, 2, 2]
    assert x.grad.tolist() == [26.0, 30.0]
    assert w.grad.tolist() == [2.0, 4.0]


@both
def test_hooks_see_several_outputs_and_higher_derivatives(torch):
    x, w = leaves(torch)
    store: dict[int, Any] = {}

    def pack(t):
        store[len(store)] = t.detach().clone()
        return len(store) - 1

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda i: store[i]):
        values, _ = torch.sort(x * w)
        y = (values.exp() / 100 * torch.softmax(x, 0)).sum()
    got = torch.autograd.grad(y, [x, w], create_graph=True)
    again = torch.autograd.grad(sum(g.sum() for g in got), [x, w])
    y = (torch.sort(x * w)[0].exp() / 100 * torch.softmax(x, 0)).sum()
    want = torch.autograd.grad(y, [x, w], create_graph=True)
    more = torch.autograd.grad(sum(g.sum() for g in want), [x, w])
    for a, b in zip((*got, *again), (*want, *more), strict=True):
        assert torch.allclose(a, b)


@both
def test_the_innermost_hooks_apply(torch):
    x, _ = leaves(torch)
    seen: list[str] = []

    def hooks(name):
        return torch.autograd.graph.saved_tensors_hooks(
            lambda t: seen.append(name) or t, lambda t: t
        )

    with hooks("outer"):
        with hooks("inner"):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["inner", "outer"]


@both
def test_hooks_that_misbehave(torch):
    x, _ = leaves(torch)
    hooks = torch.autograd.graph.saved_tensors_hooks
    with hooks(lambda t: 5, lambda t: t):
        y = x.exp()
    with pytest.raises(
        TypeError, match="unpack_hook expected to be a Tensor but got result of type int"
    ):
        y.sum().backward()
    z = x * 1
    with (
        pytest.raises(RuntimeError, match="pack hook is modifying its input"),
        hooks(lambda t: t.mul_(2), lambda t: t),
    ):
        z * z
    with pytest.raises(ZeroDivisionError), hooks(lambda t: 1 / 0, lambda t: t):
        x.exp()
    assert torch.allclose(torch.autograd.grad(x.exp().sum(), x)[0], x.exp())  # nothing is left over


@both
def test_hooks_forbidden(torch):
    graph = torch.autograd.graph
    with graph.disable_saved_tensors_hooks("not here"):  # noqa: SIM117
        with pytest.raises(RuntimeError, match="not here"), graph.save_on_cpu():
            pass
    with graph.save_on_cpu(), pytest.raises(RuntimeError, match="nor here"):  # noqa: SIM117
        with graph.disable_saved_tensors_hooks("nor here"):
            pass
    with graph.save_on_cpu():
        pass


@both
@pytest.mark.parametrize("pin", [False, True])
def test_saving_on_the_cpu(torch, pin):
    x, w = leaves(torch)
    with torch.autograd.graph.save_on_cpu(pin_memory=pin):
        y = (x * w).exp().sum()
    g = torch.autograd.grad(y, x)[0]
    assert torch.allclose(g, w * (x * w).exp())


@both
def test_writes_to_what_was_saved(torch):
    x, _ = leaves(torch)
    y = x.clone()
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        z = (y**2).sum()
        y.sin_()
        z.backward()
    assert x.grad.tolist() == [2.0, 4.0]


@both
def test_in_place_operations_under_hooks(torch):
    x, w = leaves(torch)
    kept: list[Any] = []

    def pack(t):
        kept.append(t.clone())
        return len(kept) - 1

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda i: kept[i]):
        y = x * 1
        y.mul_(w)
        y.exp_()
        y[0] = w[0] * w[1]
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([0.0, 5 * 22026.465], rel=1e-5)
    assert w.grad.tolist() == pytest.approx([5.0, 3 + 2 * 22026.465], rel=1e-5)


def test_nothing_is_looked_for_without_hooks():
    x, _ = leaves(dtorch)
    with dtorch.autograd.graph.save_on_cpu():
        assert modes.current() & modes.UNUSUAL
    assert not modes.current()
    assert type((x * x).grad_fn.owners[0]) is dtorch.Tensor


def test_hooks_that_keep_the_tensor_keep_no_graph_alive():
    x, _ = leaves(dtorch)
    gc.disable()
    try:
        with dtorch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            y = (x * 2).exp().tanh()
        kept = weakref.ref(y.grad_fn.owners[0].packed)
        assert kept() is not None
        del y
        assert kept() is None
    finally:
        gc.enable()


# --- hooks on several gradients ----------------------------------------------------------------------------


@both
def test_a_hook_on_all_gradients(torch):
    a, b, c, d = (torch.tensor(float(i), requires_grad=True) for i in range(4))
    seen: list[Any] = []

    def note(grads):
        seen.append([None if g is None else g.item() for g in grads])

    handle = torch.autograd.graph.register_multi_grad_hook((a, b, c, d), note)
    ((a + 2 * b) * 3).backward()
    assert seen.pop() == [3.0, 6.0, None, None]
    ((a + 2 * b + c + d) * 3).backward(inputs=(a, b))
    assert seen.pop() == [3.0, 6.0, None, None]
    (a * c).backward()
    assert seen.pop() == [2.0, None, 0.0, None]
    handle.remove()
    (a * c).backward()
    assert not seen
    p = a * 2
    q = p * 3
    torch.autograd.graph.register_multi_grad_hook((a, p, q), note)
    (q + p).backward()
    assert seen == [[8.0, 4.0, 1.0]]


@both
def test_a_hook_on_the_first_gradient(torch):
    a, b = leaves(torch)
    seen: list[Any] = []
    torch.autograd.graph.register_multi_grad_hook(
        (a, b, torch.ones(1)), lambda g: seen.append(g.tolist()), mode="any"
    )
    for _ in range(2):
        (a * 2 + b * 2).sum().backward()
    assert seen == [[2.0, 2.0]] * 2
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        torch.autograd.graph.register_multi_grad_hook((a,), print, mode="some")


@both
def test_the_hooks_of_a_leaf_run_once_with_chosen_inputs(torch):
    a, b = leaves(torch)
    a.register_hook(lambda g: g * 10)
    (a * b).sum().backward(inputs=[a])
    assert a.grad.tolist() == [30.0, 50.0]


# --- nodes and edges ------------------------------------------------------------------------------------


@both
def test_nodes(torch):
    x, _ = leaves(torch)
    node = (x * x).grad_fn
    leaf = node.next_functions[0][0]
    assert isinstance(node, torch.autograd.graph.Node)
    assert isinstance(leaf, torch.autograd.graph.Node)
    assert not isinstance(x, torch.autograd.graph.Node)
    assert node.name() == "MulBackward0"
    for n in (node, leaf):
        assert n.metadata == {}
        n.metadata["key"] = 1
        assert n.metadata == {"key": 1}


@both
def test_hooks_on_the_node_of_a_leaf(torch):
    x, _ = leaves(torch)
    y = (x * x).sum()
    leaf = y.grad_fn.next_functions[0][0].next_functions[0][0]
    order: list[Any] = []
    leaf.register_prehook(lambda outs: order.append(("pre", x.grad is None)) or (outs[0] * 2,))
    handle = leaf.register_hook(
        lambda ins, outs: order.append((ins, outs[0].tolist(), x.grad.tolist()))
    )
    y.backward(retain_graph=True)
    assert order == [("pre", True), ((), [4.0, 8.0], [4.0, 8.0])]
    assert torch.autograd.grad(y, x, retain_graph=True)[0].tolist() == [2.0, 4.0]
    handle.remove()
    y.backward()
    assert len(order) == 3


@both
def test_gradients_by_edge(torch):
    x, _ = leaves(torch)
    y = x * 2
    z = (y * y).sum()
    edge, inner = (torch.autograd.graph.get_gradient_edge(t) for t in (x, y))
    assert inner.node is y.grad_fn
    assert inner.output_nr == 0
    grad = torch.autograd.grad
    assert grad(z, inner, retain_graph=True)[0].tolist() == [4.0, 8.0]
    assert [g.tolist() for g in grad(z, [edge, y], retain_graph=True)] == [[8.0, 16.0], [4.0, 8.0]]
    root = torch.autograd.graph.get_gradient_edge(z)
    assert grad(root, x, torch.tensor(2.0), retain_graph=True)[0].tolist() == [16.0, 32.0]
    torch.autograd.backward(root, inputs=[edge])
    assert x.grad.tolist() == [8.0, 16.0]
    parts = torch.unbind(x * 3)
    second = torch.autograd.graph.get_gradient_edge(parts[1])
    assert second.output_nr == 1
    assert grad(parts[1] * 5, second)[0].item() == 5.0
    with pytest.raises(RuntimeError, match="does not require gradients"):
        torch.autograd.graph.get_gradient_edge(torch.ones(2))
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        grad(inner, x)


@both
def test_counting_writes_that_were_not_seen(torch):
    t = torch.ones(2)
    torch.autograd.graph.increment_version(t)
    torch.autograd.graph.increment_version([t, t])
    assert t._version == 3
    with pytest.raises(RuntimeError, match="expect a Iterable"):
        torch.autograd.graph.increment_version(3)
    x, _ = leaves(torch)
    y = x * 1
    z = (y * y).sum()
    torch.autograd.graph.increment_version(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_hooks_under_a_transformation():
    x, w = leaves(dtorch)
    packed: list[Any] = []

    def pack(t):
        packed.append(t.shape)
        return t

    def f(row):
        return (row * w).exp() / 1e3

    with dtorch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = dtorch.func.vmap(f)(dtorch.stack([x, x * 2]))
    assert packed
    got = dtorch.autograd.grad(y.sum(), [x, w])
    want = dtorch.autograd.grad((f(x) + f(x * 2)).sum(), [x, w])
    for a, b in zip(got, want, strict=True):
        assert dtorch.allclose(a, b)
