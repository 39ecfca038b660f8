"""What PyTorch's training loops do besides the optimizer's step, inside `torch.compile`."""

import copy
import warnings

import numpy as np
import pytest

import dualtape.torch as torch
from dualtape.torch import nn

F = nn.functional


def numbers(*tensors):
    return [t.detach().numpy().copy() for t in tensors if t is not None]


def data():
    rng = np.random.RandomState(0)
    return torch.tensor(rng.randn(8, 4).astype("f")), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def compare(make, steps=7, eager=None, rtol=1e-5, atol=1e-6):
    """`make()` gives (step, what to look at); eager, a regular expression, is why it cannot be compiled."""

    def run(use):
        torch.manual_seed(4)
        step, look = make()
        f = torch.compile(step) if use else step
        out = []
        for i in range(steps):
            r = f(*data())
            out += numbers(*(r if isinstance(r, tuple) else (r,)), *look(i))
        return out, f

    expected, _ = run(False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, f = run(True)
    assert len(expected) == len(found)
    for e, c in zip(expected, found, strict=True):
        assert e.dtype == c.dtype
        np.testing.assert_allclose(c, e, rtol=rtol, atol=atol)
    last = f._history[-1]
    if eager is None:
        assert last.program is not None, last.eager
        assert [r.eager for r in f._history[1:]] == [None] * (len(f._history) - 1)
    else:
        assert last.program is None
        assert eager in last.eager
    return f


def trainer(after_backward=None, model=None, lr=0.1, before=None, optimizer=torch.optim.SGD):
    def make():
        m = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)) if model is None else model()
        opt = optimizer(m.parameters(), lr=lr)

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            extra = after_backward(m) if after_backward else None
            opt.step()
            return (loss, extra) if isinstance(extra, torch.Tensor) else loss

        def look(i):
            if i == 3:
                opt.param_groups[0]["lr"] = lr / 4
            return [*m.parameters(), *m.buffers()]

        return step, look

    return make


@pytest.mark.parametrize("order", [2.0, 1.0, float("inf")])
def test_clip_grad_norm(order):
    compare(trainer(lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.05, norm_type=order)))


def test_clip_grad_norm_that_must_look_at_the_norm():
    compare(
        trainer(lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.05, error_if_nonfinite=True)),
        eager="error_if_nonfinite",
    )


def test_clip_grad_value():
    compare(trainer(lambda m: nn.utils.clip_grad_value_(m.parameters(), 0.01)))


def test_gradient_penalty_and_noise():
    def noise(m):
        with torch.no_grad():
            for p in m.parameters():
                p.grad.add_(torch.randn_like(p) * 0.01)
                p.grad[p.abs() > 0.4] = 0

    compare(trainer(noise))


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_running_statistics(momentum, kind):
    def model():
        if kind == "batch":
            return nn.Sequential(
                nn.Linear(4, 6), nn.BatchNorm1d(6, momentum=momentum), nn.Linear(6, 3)
            )
        norm = nn.InstanceNorm1d(2, momentum=momentum, affine=True, track_running_stats=True)
        return nn.Sequential(nn.Unflatten(1, (2, 2)), norm, nn.Flatten(), nn.Linear(4, 3))

    compare(trainer(model=model))


def test_train_and_eval_are_two_programs():
    m = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 3))
    f = torch.compile(lambda x: m(x))
    x, _ = data()
    for training in (True, False, True, False, False):
        m.train(training)
        before = m[1].running_mean.numpy().copy()
        torch.manual_seed(1)
        found = f(x).detach().numpy()
        assert np.array_equal(before, m[1].running_mean.numpy()) != training
        m[1].running_mean.copy_(torch.tensor(before))
        torch.manual_seed(1)
        np.testing.assert_allclose(found, m(x).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert len(f._history) == 2


@pytest.mark.parametrize("how", ["lerp_", "copy_", "data", "mul_add", "foreach"])
def test_averages_of_weights(how):
    def make():
        m = nn.Linear(4, 3)
        average = copy.deepcopy(m).requires_grad_(False)
        opt = torch.optim.Adam(m.parameters(), lr=0.05)

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            opt.step()
            with torch.no_grad():
                for a, p in zip(average.parameters(), m.parameters(), strict=True):
                    if how == "lerp_":
                        a.lerp_(p, 0.1)
                    elif how == "copy_":
                        a.copy_(0.9 * a + 0.1 * p)
                    elif how == "data":
                        a.data = 0.9 * a.data + 0.1 * p.data
                    elif how == "mul_add":
                        a.mul_(0.9).add_(p, alpha=0.1)
                    else:
                        a += 0.1 * (p - a)
            return loss, F.cross_entropy(average(x), y)

        return step, lambda i: [*m.parameters(), *average.parameters()]

    compare(make)


def test_a_state_dict_loaded_inside():
    def make():
        m, target = nn.Linear(4, 3), nn.Linear(4, 3)
        opt = torch.optim.SGD(m.parameters(), lr=0.1)

        def step(x, y):
            opt.zero_grad()
            loss = F.mse_loss(m(x), target(x).detach())
            loss.backward()
            opt.step()
            target.load_state_dict(m.state_dict())
            return loss

        return step, lambda i: [*m.parameters(), *target.parameters()]

    compare(make)


def test_a_state_dict_loaded_between_calls():
    m = nn.Linear(4, 3)
    f = torch.compile(lambda x: m(x))
    x, _ = data()
    f(x)
    m.load_state_dict({k: v * 2 for k, v in m.state_dict().items()})
    np.testing.assert_allclose(f(x).detach().numpy(), m(x).detach().numpy(), rtol=1e-6)
    assert len(f._history) == 1


def test_gradients_that_add_up_over_two_calls():
    def make():
        m = nn.Linear(4, 3)
        opt = torch.optim.SGD(m.parameters(), lr=0.1)

        def micro(x, y):
            loss = F.cross_entropy(m(x), y) / 2
            loss.backward()
            return loss

        def look(i):
            if i % 2:
                opt.step()
                opt.zero_grad()
            return [p.grad for p in m.parameters()] + list(m.parameters())

        return micro, look

    compare(make)


def test_a_schedule_of_the_learning_rate_between_calls():
    def make():
        m = nn.Linear(4, 3)
        opt = torch.optim.Adam(m.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.ExponentialLR(opt, 0.8)

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            opt.step()
            return loss

        def look(i):
            schedule.step()
            return list(m.parameters())

        return step, look

    assert len(compare(make)._history) <= 2


def test_frozen_layers_and_parameter_groups():
    def make():
        m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        m[0].requires_grad_(False)
        opt = torch.optim.AdamW(
            [{"params": m[2].weight}, {"params": m[2].bias, "lr": 0.3}], lr=0.05
        )

        def step(x, y):
            opt.zero_grad(set_to_none=False)
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            opt.step()
            return loss

        def look(i):
            if i == 4:
                opt.param_groups[1]["lr"] = 0.01
            return list(m.parameters())

        return step, look

    compare(make)


def test_a_closure():
    def make():
        m = nn.Linear(4, 3)
        opt = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)

        def step(x, y):
            def closure():
                opt.zero_grad()
                loss = F.cross_entropy(m(x), y)
                loss.backward()
                return loss

            return opt.step(closure)

        return step, lambda i: list(m.parameters())

    compare(make)


def test_vectors_of_parameters():
    def after(m):
        flat = nn.utils.parameters_to_vector(m.parameters())
        grads = torch.cat([p.grad.reshape(-1) for p in m.parameters()])
        return (flat * grads).sum().detach()

    compare(trainer(after))
