"""PyTorch's random numbers inside `torch.compile`: drawn anew at each call, the same as eager code's."""

import warnings

import numpy as np
import pytest

import dualtape.torch as torch
from dualtape.torch import nn

F = nn.functional
P = torch.tensor([[0.1, 0.5, 0.4], [0.7, 0.1, 0.2]])
M = torch.arange(40.0).reshape(8, 5)
T = M.t()

DRAWS = {
    "rand": lambda: torch.rand(3, 2),
    "randn": lambda: torch.randn(20),
    "randn double": lambda: torch.randn(20, dtype=torch.float64),
    "randint": lambda: torch.randint(3, 9, (5,)),
    "randperm": lambda: torch.randperm(9),
    "rand_like": lambda: torch.rand_like(M),
    "transposed": lambda: torch.randn_like(T),
    "randint_like": lambda: torch.randint_like(M, 9),
    "bernoulli": lambda: torch.bernoulli(P),
    "bernoulli p": lambda: torch.bernoulli(P, 0.3),
    "bernoulli method": lambda: P.clone().bernoulli_(0.4),
    "bernoulli tensor": lambda: M[:2, :3].clone().bernoulli_(P),
    "normal": lambda: torch.normal(0.0, 2.0, (4,)),
    "normal mean": lambda: torch.normal(P, 2.0),
    "normal std": lambda: torch.normal(1.0, P),
    "normal both": lambda: torch.normal(P, P.double()),
    "multinomial": lambda: torch.multinomial(P, 1),
    "multinomial without": lambda: torch.multinomial(P, 2),
    "multinomial with": lambda: torch.multinomial(P, 7, replacement=True),
    "uniform_": lambda: torch.zeros(7).uniform_(1, 2),
    "normal_": lambda: torch.empty(18).normal_(1, 2),
    "random_": lambda: torch.empty(5).random_(0, 10),
    "exponential_": lambda: torch.empty(5).exponential_(),
    "others": lambda: (torch.empty(3).cauchy_(), torch.empty(3).log_normal_(), torch.empty(3).geometric_(0.3)),
    "out": lambda: torch.rand(3, out=torch.empty(3)),
    "requires grad": lambda: torch.randn(3, requires_grad=True) * 2,
    "poisson": lambda: torch.poisson(torch.ones(4)),
    "dropout": lambda: F.dropout(M, 0.3),
    "dropout2d": lambda: F.dropout2d(M.reshape(2, 4, 5, 1), 0.5),
    "alpha": lambda: F.alpha_dropout(M, 0.3, training=True),
    "feature alpha": lambda: F.feature_alpha_dropout(M, 0.3, training=True),
    "gumbel": lambda: F.gumbel_softmax(P, tau=0.5, hard=True),
    "attention": lambda: F.scaled_dot_product_attention(M[None], M[None], M[None], dropout_p=0.4),
    "init": lambda: nn.init.xavier_uniform_(torch.empty(3, 4)),
    "two": lambda: torch.rand(2) + torch.randn(2) * torch.rand(2),
}  # fmt: skip
EAGER = {"poisson", "out"}


def listed(x):
    return list(x) if isinstance(x, tuple) else [x]


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_those_of_eager_code(name):
    def run(f):
        torch.manual_seed(5)
        out = [t.detach().numpy().copy() for _ in range(6) for t in listed(f())]
        return [*out, torch.rand(2).numpy()]

    expected, f = run(DRAWS[name]), torch.compile(DRAWS[name])
    if name in EAGER:
        with pytest.warns(UserWarning, match="cannot be compiled"):
            found = run(f)
    else:
        found = run(f)
        assert f._history[0].program is not None, f._history[0].eager
        assert len(f._history) == 1
    for e, c in zip(expected, found, strict=True):
        assert e.dtype == c.dtype
        np.testing.assert_allclose(c, e, rtol=2e-6)
    assert not np.array_equal(found[0], found[-2]) or found[0].size < 4


def test_a_generator_of_ones_own_moves_on():
    own = torch.Generator()

    def f(x):
        return x + torch.rand(3, generator=own), torch.randperm(5, generator=own)

    def run(f):
        own.manual_seed(9)
        return [t.numpy().copy() for _ in range(6) for t in f(torch.zeros(3))] + [
            torch.rand(2, generator=own).numpy()
        ]

    compiled = torch.compile(f)
    for e, c in zip(run(f), run(compiled), strict=True):
        np.testing.assert_array_equal(e, c)
    assert len(compiled._history) == 1


def test_a_draw_in_place_of_a_weight_is_an_update():
    w = torch.zeros(4, requires_grad=True)
    turned = torch.zeros(3, 2).t()

    def f():
        with torch.no_grad():
            w.normal_()
            turned.uniform_()
        return (w * 2).sum()

    def run(f):
        torch.manual_seed(1)
        out = []
        for _ in range(3):
            f().backward()
            out += [w.detach().numpy().copy(), turned.numpy().copy(), w.grad.numpy().copy()]
            w.grad = None
        return out

    compiled = torch.compile(f)
    for e, c in zip(run(f), run(compiled), strict=True):
        np.testing.assert_array_equal(e, c)
    assert compiled._history[-1].program is not None


def test_gradients_through_draws():
    def f(mean, std, logits):
        x = mean + std * torch.randn(4)
        y = torch.normal(mean, std).sum() + torch.bernoulli(logits.sigmoid()).sum()
        loss = (x * x).sum() + y + (F.gumbel_softmax(logits) * torch.arange(4.0)).sum()
        return torch.autograd.grad(loss, (mean, std, logits))

    def run(f):
        torch.manual_seed(2)
        args = [
            torch.tensor(np.random.RandomState(i).rand(4).astype("f")).requires_grad_()
            for i in range(3)
        ]
        return [g.numpy().copy() for _ in range(6) for g in f(*args)]

    compiled = torch.compile(f)
    for e, c in zip(run(f), run(compiled), strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-5)
    assert compiled._history[-1].program is not None


def test_vmap_draws_for_the_whole_batch():
    def f(x):
        return torch.func.vmap(
            lambda t: t + torch.rand(2) + torch.normal(t, 1.0), randomness="different"
        )(x)

    def run(f):
        torch.manual_seed(2)
        return [f(torch.zeros(3, 2)).numpy().copy() for _ in range(6)]

    compiled = torch.compile(f)
    np.testing.assert_allclose(run(compiled), run(f), rtol=1e-6)
    assert compiled._history[-1].program is not None


def test_seeding_inside_is_left_to_eager_code():
    def f():
        torch.manual_seed(3)
        return torch.rand(2)

    compiled = torch.compile(f)
    with pytest.warns(UserWarning, match="cannot be compiled"):
        first = compiled().numpy().copy()
    np.testing.assert_array_equal(compiled().numpy(), first)


def test_pythons_and_numpys_own_draws_are_not_frozen():
    import random

    for draw in (random.random, np.random.rand):
        f = torch.compile(lambda x, draw=draw: x * draw())
        with pytest.warns(UserWarning, match="random numbers"):
            first = f(torch.ones(1))
        assert float(first) != float(f(torch.ones(1)))


def test_a_users_own_generators_are_not_frozen():
    import random

    rng, old, python = np.random.default_rng(3), np.random.RandomState(3), random.Random(3)
    for draw in (rng.random, old.rand, python.random):
        f = torch.compile(lambda x, draw=draw: x * draw())
        with pytest.warns(UserWarning, match="random numbers"):
            first = f(torch.ones(1))
        assert float(first) != float(f(torch.ones(1)))
    f = torch.compile(lambda x: x * rng.normal())
    with pytest.warns(UserWarning, match="random numbers"):
        assert float(f(torch.ones(1))) != float(f(torch.ones(1)))


@pytest.mark.parametrize("reentrant", [False, True])
def test_code_run_again_by_a_checkpoint_draws_the_same_again(reentrant):
    from dualtape.torch.utils.checkpoint import checkpoint

    w = torch.arange(1.0, 9).requires_grad_()

    def step():
        w.grad = None
        again = checkpoint(
            lambda t: F.dropout(t * t, 0.5) * torch.rand(8), w, use_reentrant=reentrant
        )
        loss = (again + F.dropout(w, 0.5)).sum()
        loss.backward()
        return loss

    def run(f):
        torch.manual_seed(0)
        out = []
        for _ in range(4):
            out += [f().detach().numpy().copy(), w.grad.numpy().copy()]
        return [*out, torch.rand(2).numpy()]

    expected, compiled = run(step), torch.compile(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = run(compiled)
    for e, c in zip(expected, found, strict=True):
        np.testing.assert_allclose(c, e, rtol=1e-5)
    program = compiled._history[-1].program
    assert (program is None) == reentrant, compiled._history[-1].eager  # it runs a pass of its own
    assert reentrant or len(program.draws) == 3


def test_the_state_of_the_stream_is_not_frozen():
    def same_twice():
        state = torch.get_rng_state()
        a = torch.rand(2)
        torch.set_rng_state(state)
        return a, torch.rand(2)

    def forked():
        with torch.random.fork_rng():
            torch.manual_seed(7)
            return torch.rand(2), torch.rand(2)

    for f, equal in ((same_twice, True), (forked, False)):
        compiled = torch.compile(f)
        with pytest.warns(UserWarning, match="do it outside"):
            compiled()
        a, b = compiled()
        assert torch.equal(a, b) == equal
        torch.manual_seed(5)
        expected = [t.numpy() for t in f()]
        torch.manual_seed(5)
        np.testing.assert_array_equal([t.numpy() for t in compiled()], expected)
