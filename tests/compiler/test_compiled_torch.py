"""`torch.compile`: modules and training steps beside the same ones run eagerly."""

import warnings

import numpy as np
import pytest

import dualtape.torch as torch
import dualtape.torch.nn.functional as F
from dualtape.torch import nn

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(
        p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True
    ),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
    "adadelta": lambda p: torch.optim.Adadelta(p),
}
BACKENDS = ["inductor", "aot_eager"]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def network(extra):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 8), nn.Tanh(), nn.LayerNorm(8), *extra, nn.Linear(8, 3)]
    return nn.Sequential(*layers), torch.randn(16, 4), torch.randint(0, 3, (16,))


def trained(make, extra, backend):
    model, x, y = network(extra)
    optimizer = make(model.parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    compiled = torch.compile(step, backend=backend)
    losses = []
    for i in range(6):
        if i == 4:
            optimizer.param_groups[0]["lr"] *= 0.5
        losses.append(compiled(x, y).item())
    arrays = [p.detach().numpy() for p in model.parameters()] + [
        p.grad.numpy() for p in model.parameters()
    ]
    return losses, arrays + [b.numpy() for b in model.buffers()], compiled


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_steps_are_those_of_eager_code(name, backend):
    losses, arrays, _ = trained(OPTIMIZERS[name], [], "eager")
    got, others, step = trained(OPTIMIZERS[name], [], backend)
    np.testing.assert_allclose(got, losses, rtol=1e-5)
    for a, b in zip(others, arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    # Traced at most twice (gradients and state come to be at the first step), and not again for the learning rate.
    assert len(step._history) == 2
    assert step._history[1].eager is None


def test_dropout_draws_anew_and_as_eager_code_does():
    losses, _, _ = trained(OPTIMIZERS["sgd"], [nn.Dropout(0.5)], "eager")
    got, _, _ = trained(OPTIMIZERS["sgd"], [nn.Dropout(0.5)], "inductor")
    np.testing.assert_allclose(got, losses, rtol=1e-5)
    f = torch.compile(lambda x: F.dropout(x, 0.5))
    x = torch.ones(100)
    a, b = f(x), f(x)
    assert (a != b).any()
    torch.manual_seed(3)
    a = f(x)
    torch.manual_seed(3)
    assert (a == F.dropout(x, 0.5)).all()


def both(run):
    """The results of `run(model)` and all gradients, for a module and the compiled module."""
    found = []
    for compiled in (False, True):
        model, x, _ = network([])
        x.requires_grad_()
        out = run(torch.compile(model) if compiled else model, x)
        found.append([out, x.grad, *[p.grad for p in model.parameters()]])
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.requires_grad == b.requires_grad
            np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_gradients_flow_out_of_a_compiled_module():
    def run(model, x):
        for _ in range(2):
            y = model(x * 2).pow(2).sum()
            y.backward()
        return y

    both(run)


def test_second_derivatives_through_a_compiled_module():
    def run(model, x):
        y = model(x).pow(2).sum()
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        z = g.pow(2).sum()
        z.backward()
        return z

    both(run)


def test_no_grad_and_vmap_around_a_compiled_module():
    def run(model, x):
        with torch.no_grad():
            return model(x)

    both(run)
    both(lambda model, x: torch.func.vmap(lambda t: model(t[None])[0])(x.detach()))


def test_several_outputs_and_gradients_of_one():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    f = torch.compile(lambda a, b: (a * b * w, (a + w).sum(), 3))
    a, b = torch.ones(2), torch.tensor([3.0, 4.0])
    p, q, three = f(a, b)
    assert three == 3
    q.backward()
    assert w.grad.tolist() == [1.0, 1.0]
    p, q, _ = f(a, b)
    (p.sum() + q).backward()
    assert w.grad.tolist() == [5.0, 6.0]


def test_a_parameter_overwritten_after_the_call_is_an_error_at_the_backward_pass():
    model, x, _ = network([])
    out = torch.compile(model)(x).sum()
    with torch.no_grad():
        model[3].weight.mul_(2)
    with pytest.raises(RuntimeError, match=r"(?s)modified by an inplace operation.*saved at"):
        out.backward()


def test_a_compiled_step_counts_as_a_write():
    w = torch.tensor([2.0], requires_grad=True)

    @torch.compile
    def step():
        with torch.no_grad():
            w.mul_(2.0)

    for _ in range(3):
        y = (w * w).sum()
        step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


def test_a_second_backward_pass_of_a_used_up_result():
    w = torch.tensor([2.0], requires_grad=True)

    @torch.compile
    def step():
        loss = (w * w).sum()
        loss.backward()
        return loss

    for _ in range(3):
        loss = step()
        assert loss.requires_grad
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            loss.backward()
    assert w.grad.tolist() == [12.0]


def test_writes_through_data_detach_and_views_are_seen():
    w = torch.zeros(3, requires_grad=True)

    @torch.compile
    def f(a):
        w.data.add_(1.0)
        w.detach()[0] += 5
        return a * w

    for i in range(1, 4):
        assert f(torch.ones(3)).tolist() == [6.0 * i, i, i]
        assert w.tolist() == [6.0 * i, i, i]


def test_an_argument_that_shares_memory_with_what_is_written():
    buffer = torch.zeros(4)

    @torch.compile
    def f(x):
        buffer.add_(1.0)
        return x * 1.0

    assert f(torch.ones(4)).tolist() == [1.0] * 4
    assert f(buffer).tolist() == [2.0] * 4  # x is written to as well
    assert f(buffer[:2]).tolist() == [3.0] * 2
    assert f(torch.ones(4)).tolist() == [1.0] * 4
    assert buffer.tolist() == [4.0] * 4


def test_module_state_is_guarded():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9))
    compiled = torch.compile(model)
    x = torch.ones(1, 2)
    compiled(x)
    model.eval()
    np.testing.assert_array_equal(compiled(x).detach().numpy(), model(x).detach().numpy())
    model[0].weight = nn.Parameter(torch.zeros(2, 2))
    np.testing.assert_array_equal(compiled(x).detach().numpy(), model(x).detach().numpy())
    model.append(nn.Linear(2, 5))
    assert compiled(x).shape == (1, 5)
    model[0].weight.requires_grad_(False)
    compiled(x).sum().backward()
    assert model[0].weight.grad is None
    assert compiled.training == model.training


def test_fullgraph_raises_and_names_the_line():
    @torch.compile(fullgraph=True)
    def f(x):
        return x * 2 if x.sum() > 0 else x

    with pytest.raises(
        RuntimeError, match=r"(?s)torch.compile\(.*f\) cannot be compiled.*x.sum\(\) > 0"
    ):
        f(torch.ones(2))


def test_hooks_and_the_default_dtype_are_guarded():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def step():
        w.grad = None
        (w * torch.tensor([1.0, 2.0]).sum()).sum().backward()
        return torch.tensor(1.0)

    for _ in range(3):
        assert step().dtype == torch.float32
    assert w.grad.tolist() == [3.0, 3.0]
    handle = w.register_hook(lambda g: g * 10)
    for _ in range(2):
        step()
        assert w.grad.tolist() == [30.0, 30.0]
    handle.remove()
    for _ in range(2):
        step()
        assert w.grad.tolist() == [3.0, 3.0]
    torch.set_default_dtype(torch.float64)
    try:
        assert step().dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def second_order(f, start):
    """The first and second derivative of f(x, state) where `f` may write to `state`."""
    x, state = torch.tensor([0.3], requires_grad=True), torch.tensor([start])
    found = []
    for _ in range(3):
        state.fill_(start)
        y = f(x * 1.0, state).sum()
        (d,) = torch.autograd.grad(y, x, create_graph=True)
        (dd,) = torch.autograd.grad(d.sum(), x)
        found.append((d.item(), dd.item()))
    return found


def test_second_derivatives_use_what_a_function_overwrites_as_it_was():
    """The recorded pass ran the function again on what it had written."""

    def f(x, state):
        y = torch.tanh(x + state) ** 3
        state.add_(1.0)
        return y

    compiled = torch.compile(f)
    want = second_order(lambda x, s: torch.tanh(x + s.clone()) ** 3, 2.0)
    np.testing.assert_allclose(second_order(compiled, 2.0), want, rtol=1e-5)
    assert compiled._history[-1].program is not None


def test_second_derivatives_after_an_input_was_overwritten_outside_are_an_error():
    """They were those of the new numbers."""
    state = torch.tensor([1.0])
    f = torch.compile(lambda x: torch.tanh(x + state))
    x = torch.tensor([0.3], requires_grad=True)
    for _ in range(2):
        y, want = f(x).sum(), 1 - torch.tanh(x.detach() + state) ** 2
        state.add_(1.0)
        (d,) = torch.autograd.grad(y, x, retain_graph=True)
        assert d.item() == pytest.approx(want.item(), rel=1e-5)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            torch.autograd.grad(y, x, create_graph=True)


def test_one_result_used_up_and_another_not():
    a, b = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)

    @torch.compile
    def f(x):
        loss = (a * a * x).sum()
        loss.backward()
        return loss, (b * b * x).sum()

    for i in range(1, 4):
        loss, other = f(torch.ones(1))
        other.backward()
        assert b.grad.tolist() == [6.0 * i]
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            loss.backward()


def test_a_result_whose_backward_pass_would_fail_is_a_result_all_the_same():
    """Tracing the backward pass raised at the call what eager code raises when the gradient is asked for."""

    def f(x):
        y = torch.exp(x)
        z = y * 1.0
        y.mul_(2.0)
        return z * y

    x = torch.zeros(2, requires_grad=True)
    compiled = torch.compile(f)
    with pytest.warns(UserWarning, match="the backward pass of its result would fail"):
        out = compiled(x)
    assert out.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
