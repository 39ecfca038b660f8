"""`torch.compile` for any batch size: training steps, gradients through it, random numbers, `dynamic`."""

import warnings

import numpy as np
import pytest

import dualtape.torch as torch
import dualtape.torch.nn.functional as F

nn = torch.nn
LENGTHS = (8, 8, 8, 5, 3, 11, 8, 6)


def rows(n, g):
    return torch.randn(n, 6, generator=g), torch.randint(0, 4, (n,), generator=g)


def images(n, g):
    return torch.randn(n, 1, 8, 8, generator=g), torch.randint(0, 4, (n,), generator=g)


def words(n, g):
    return torch.randint(0, 10, (n, 5), generator=g), torch.randint(0, 4, (n,), generator=g)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.r, self.o = (
            nn.Embedding(10, 6),
            nn.GRU(6, 7, batch_first=True),
            nn.Linear(7, 4),
        )

    def forward(self, x):
        return self.o(self.r(self.e(x))[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.a, self.o = (
            nn.Embedding(10, 8),
            nn.MultiheadAttention(8, 2, batch_first=True),
            nn.Linear(8, 4),
        )

    def forward(self, x):
        x = self.e(x)
        return self.o((x + self.a(x, x, x, need_weights=False)[0]).mean(1))


def sequential(*layers):
    return lambda: nn.Sequential(*[layer() for layer in layers])


def linear(n, m):
    return lambda: nn.Linear(n, m)


SGD = lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)  # noqa: E731
NETS = {
    "perceptron": (sequential(linear(6, 9), nn.ReLU, linear(9, 4)), rows, SGD),
    "adam": (sequential(linear(6, 9), nn.Tanh, linear(9, 4)), rows, torch.optim.Adam),
    "layer norm": (sequential(linear(6, 9), lambda: nn.LayerNorm(9), nn.GELU, linear(9, 4)), rows, SGD),
    "batch norm": (sequential(linear(6, 9), lambda: nn.BatchNorm1d(9), nn.ReLU, linear(9, 4)), rows, SGD),
    "dropout": (sequential(linear(6, 9), lambda: nn.Dropout(0.3), linear(9, 4)), rows, SGD),
    "convolution": (
        sequential(lambda: nn.Conv2d(1, 3, 3, padding=1), lambda: nn.BatchNorm2d(3), nn.ReLU, lambda: nn.MaxPool2d(2),
                   nn.Flatten, linear(48, 4)), images, SGD),
    "recurrent": (Recurrent, words, SGD),
    "attention": (Attention, words, SGD),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_a_training_step(name):
    make, data, optimizer = NETS[name]

    def setup():
        torch.manual_seed(0)
        model = make()
        return model, optimizer(model.parameters())

    def step_of(model, opt):
        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            return loss

        return step

    (m1, o1), (m2, o2) = setup(), setup()
    compiled, eager = torch.compile(step_of(m1, o1), backend="aot_eager"), step_of(m2, o2)
    g = torch.Generator()
    g.manual_seed(1)
    for k, n in enumerate(LENGTHS):
        x, y = data(n, g)
        torch.manual_seed(k)
        a = compiled(x, y)
        torch.manual_seed(k)
        b = eager(x, y)
        np.testing.assert_allclose(a.item(), b.item(), rtol=1e-4)
    for p, q in zip(m1.state_dict().values(), m2.state_dict().values(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=2e-3, atol=2e-5)
    assert len(compiled._history) == 3  # the first makes the optimizer's state
    assert compiled._history[2].general is not None


def test_the_last_batch_of_a_loader():
    torch.manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(26, 3), torch.randn(26, 1))
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
    model = nn.Linear(3, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.05)

    @torch.compile(backend="aot_eager")
    def step(x, y):
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        return loss

    for _ in range(3):
        for x, y in loader:
            step(x, y)
    assert len(step._history) == 3


def same(f, *shapes, lengths=(8, 5, 3, 11, 7)):
    compiled = torch.compile(f, backend="aot_eager")
    for n in lengths:
        xs = [torch.randn(*[n if d == "n" else d for d in s]) for s in shapes]
        torch.manual_seed(n)
        a = compiled(*xs)
        torch.manual_seed(n)
        b = f(*xs)
        for u, v in zip(a, b, strict=True):
            assert type(u) is type(v)
            np.testing.assert_allclose(np.asarray(u), np.asarray(v), rtol=1e-5, atol=1e-6)
    return compiled


N = ("n", 4)
FUNCTIONS = {
    "moments": (lambda x: (x.mean(0), x.var(0), x.std(), x.sum() / x.shape[0], x.var(1, unbiased=False)), [N]),
    "shapes": (lambda x: (x.reshape(-1), x.view(-1, 2, 2), x.flatten(), x.unsqueeze(1).expand(-1, 3, -1), x.t().reshape(-1)), [N]),
    "arithmetic": (lambda x: (x * x.shape[0], x / x.size(0), x + x.numel(), x * (1.0 / (len(x) - 1)), x.shape[0]), [N]),
    "made": (lambda x: (torch.zeros(x.shape[0], 3) + 1, torch.full((x.shape[0],), 2.0), x.new_zeros(x.shape[0], 2),
                        torch.arange(x.shape[0]), torch.arange(1, 2 * x.shape[0], 2), torch.eye(x.shape[0])), [N]),
    "joined": (lambda x, y: (torch.cat([x, y]), torch.stack([x, y]), torch.cat([x, y], 1)), [N, N]),
    "parts": (lambda x: (x[1:] - x[:-1], x[::2], x[: x.shape[0] // 2], x[-1], x.flip(0), torch.narrow(x, 0, 1, 2)), [N]),
    "chunks": (lambda x: (torch.chunk(x, 2, dim=1)[0], torch.split(x, 2, dim=1)[1]), [N]),
    "products": (lambda x: (x @ x.t(), torch.cdist(x, x), torch.einsum("ij,kj->ik", x, x)), [N]),
    "along": (lambda x: (x.cumsum(0), x.sort(0)[0], x.argmax(0), x.logsumexp(0), x.log_softmax(0), x.norm()), [N]),
    "random": (lambda x: (torch.randn(x.shape[0], 3), torch.randn_like(x), torch.bernoulli(x.sigmoid()),
                          torch.randperm(x.shape[0]), torch.randint(0, 5, (x.shape[0],))), [N]),
    "picked": (lambda x: (x[torch.arange(x.shape[0]), 0], F.one_hot((x[:, 0] > 0).long(), 3)), [N]),
    "vmap": (lambda x: (torch.func.vmap(torch.func.grad(lambda r: (r**3).sum()))(x),), [N]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_two_traces_serve_all_lengths(name):
    f, shapes = FUNCTIONS[name]
    compiled = same(f, *shapes)
    assert len(compiled._history) == 2
    assert compiled._history[1].general is not None


def test_gradients_through_it():
    f = torch.compile(lambda a, b: (a * b).sum() * a.shape[0] + a.mean(), backend="aot_eager")
    for n in (4, 5, 6, 3):
        a, b = torch.arange(float(n)).requires_grad_(), torch.full((n,), 2.0)
        f(a, b).backward()
        np.testing.assert_allclose(a.grad.numpy(), 2 * n + 1 / n, rtol=1e-6)
    assert len(f._history) == 2
    g = torch.compile(lambda a: (a**3).sum() / a.shape[0], backend="aot_eager")
    for n in (4, 5, 6):
        a = torch.arange(1.0, n + 1).requires_grad_()
        (first,) = torch.autograd.grad(g(a), a, create_graph=True)
        first.sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), 6 * a.detach().numpy() / n, rtol=1e-5)
    assert len(g._history) == 2


def test_a_backward_pass_inside_reaches_the_argument_of_the_call():
    @torch.compile(backend="aot_eager")
    def f(w):
        (w * w).sum().backward()

    for n in (3, 3, 4, 5, 6):
        w = torch.full((n,), float(n), requires_grad=True)
        f(w)
        np.testing.assert_allclose(w.grad.numpy(), 2.0 * n)
    assert len(f._history) == 2
    f(w)
    f(w)
    np.testing.assert_allclose(w.grad.numpy(), 6.0 * n)


def test_a_tensor_that_is_found_by_name_and_passed():
    x = torch.ones(3)
    f = torch.compile(lambda a: (a * x).sum(), backend="aot_eager")
    assert f(x).item() == 3
    assert f(torch.full((3,), 5.0)).item() == 15
    assert f(x).item() == 3


def test_training_and_evaluation():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    f = torch.compile(model, backend="aot_eager")
    for n in (6, 5, 4, 7):
        f(torch.randn(n, 3))
    model.eval()
    for n in (6, 5, 4, 9):
        x = torch.randn(n, 3)
        np.testing.assert_allclose(f(x).detach().numpy(), model(x).detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(("dynamic", "expected"), [(None, 2), (True, 1), (False, 4)])
def test_dynamic(dynamic, expected):
    f = torch.compile(lambda x: torch.tanh(x).mean(), dynamic=dynamic, backend="aot_eager")
    for n in (8, 5, 3, 11, 8):
        f(torch.randn(n, 4))
    assert len(f._history) == expected


def test_a_state_of_the_batchs_size_keeps_its_length():
    state = {"h": torch.zeros(5, 4)}

    def f(x):
        return torch.tanh(x + state["h"])

    compiled = torch.compile(f, backend="aot_eager")
    for n in (5, 5):
        compiled(torch.randn(n, 4))
    for n in (6, 7):
        state["h"] = torch.ones(n, 4)
        x = torch.randn(n, 4)
        np.testing.assert_allclose(compiled(x).numpy(), f(x).numpy(), rtol=1e-6)


def test_native_training_steps():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))
    twin = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))
    twin.load_state_dict(model.state_dict())

    def step_of(m):
        opt = torch.optim.SGD(m.parameters(), lr=0.1)

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            opt.step()
            return loss

        return step

    compiled, eager = torch.compile(step_of(model)), step_of(twin)
    g = torch.Generator()
    g.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (16, 16, 5, 33, 16, 2):
            x, y = rows(n, g)
            np.testing.assert_allclose(compiled(x, y).item(), eager(x, y).item(), rtol=1e-5)
    assert len(compiled._history) <= 3
