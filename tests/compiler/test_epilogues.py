"""Products with an epilogue: the same bits as a product and a loop after it, and where there is none."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.compiler.lowering import packed
from dualtape.compiler.lowering.program import Program
from dualtape.core.threads import set_thread_count, thread_count

pytest.importorskip("llvmlite")
pytestmark = pytest.mark.skipif(not packed.usable(), reason="needs this package's products")

F = torch.nn.functional


def tensors(arrays):
    return [torch.from_numpy(a.copy()) for a in arrays]


def both(f, monkeypatch, *arrays, calls=1):
    """Results with and without epilogues, and what `explain` says of those with them."""
    out = []
    for tiled in (True, False):
        monkeypatch.setattr(Program, "tiled", tiled)
        g = torch.compile(f)
        given = tensors(arrays)
        for _ in range(calls):
            made = g(*given)
        made = made if isinstance(made, tuple) else (made,)
        out.append([x.detach().numpy().copy() for x in (*made, *given)])
        text = g.explain()
        assert ("with epilogue" in text) <= tiled
        if tiled:
            how = text
    for x, y in zip(*out, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)
    return out[0], how


def numbers(*shapes, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s).astype(dtype) for s in shapes]


CHAINS = {
    "bias": lambda p, b, c, r: p + b,
    "relu": lambda p, b, c, r: torch.relu(p + b),
    "tanh": lambda p, b, c, r: torch.tanh(p * 0.5 + b),
    "gelu": lambda p, b, c, r: F.gelu(p + b),
    "column": lambda p, b, c, r: p * c - b,
    "residual": lambda p, b, c, r: torch.relu(p + b) + r,
    "two results": lambda p, b, c, r: (torch.sigmoid(p + b), p * r),
    "the product too": lambda p, b, c, r: (p, torch.relu(p)),
    "cast": lambda p, b, c, r: (p + b).double(),
    "turned": lambda p, b, c, r: p + (r.t().contiguous() * 2).t(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("chain", CHAINS)
def test_the_bits_are_those_of_a_loop_afterwards(chain, dtype, monkeypatch):
    f = CHAINS[chain]
    for m, n, k in ((130, 70, 100), (61, 33, 64), (57, 300, 513)):
        arrays = numbers((m, k), (k, n), (n,), (m, 1), (m, n), dtype=dtype)
        _, how = both(lambda x, w, b, c, r: f(x @ w, b, c, r), monkeypatch, *arrays)
        assert "with epilogue" in how


@pytest.mark.parametrize(
    "size", [(48, 49, 48), (1, 4000, 40), (4000, 1, 40), (2, 65, 1000), (900, 3, 50), (20, 1700, 5)]
)
def test_ragged_and_thin_results(size, monkeypatch):
    m, n, k = size
    arrays = numbers((m, k), (k, n), (n,), (m, n))
    both(lambda x, w, b, r: torch.relu(x @ w + b) * r, monkeypatch, *arrays)


def test_stacks_and_splits(monkeypatch):
    x, y, bias, mask = numbers((3, 2, 60, 50), (3, 2, 50, 61), (2, 1, 61), (60, 61))
    _, how = both(lambda x, y, b, m: (x @ y + b) * m, monkeypatch, x, y, bias, mask)
    assert "with epilogue" in how
    x, w, b, r = numbers((2, 40, 64), (64, 96), (96,), (40, 96))
    _, how = both(lambda x, w, b, r: torch.tanh(x @ w + b) - r, monkeypatch, x, w, b, r)
    assert "with epilogue" in how
    both(  # heads, which are no run of columns
        lambda x, w: ((x @ w).reshape(2, 40, 4, 24).transpose(1, 2) * 2).contiguous(),
        monkeypatch,
        x,
        w,
    )


def test_nan_infinity_and_nothing(monkeypatch):
    x, w, b = numbers((60, 50), (50, 70), (70,))
    x[3, 7], x[9, 1], b[5] = np.nan, np.inf, -np.inf
    (out, *_), _ = both(lambda x, w, b: torch.relu(x @ w + b), monkeypatch, x, w, b)
    assert np.isnan(out[3]).all()
    assert (out[np.arange(60) != 3][:, 5][~np.isin(np.arange(59), [8])] == 0).all()
    for m, n, k in ((0, 70, 50), (60, 0, 50), (60, 70, 0)):
        arrays = numbers((m, k), (k, n), (n,))
        (out, *_), how = both(lambda x, w, b: torch.relu(x @ w + b), monkeypatch, *arrays)
        assert out.shape == (m, n)
        assert "with epilogue" not in how


def test_whoever_else_reads_the_product_finds_it(monkeypatch):
    x, w, b = numbers((100, 64), (64, 80), (80,))

    def f(x, w, b):
        p = x @ w
        q = torch.relu(p + b)
        return q.sum(0), p.t() @ q, p.amax(1)

    both(f, monkeypatch, x, w, b)


def test_sums_of_what_is_kept_are_loops_of_their_own(monkeypatch):
    x, w, mask = numbers((100, 64), (64, 80), (100, 80))

    def f(x, w, mask):
        p = (x @ w) * mask
        return p, p.sum(0), p.t() @ x

    _, how = both(f, monkeypatch, x, w, mask)
    assert "with epilogue mul\n" in how
    _, how = both(lambda x, w, m: ((x @ w) * m).sum(0), monkeypatch, x, w, mask)
    assert "with epilogue" not in how  # nothing but the sum is wanted
    both(lambda x, w, m: ((x @ w) * m, (x @ w).sum(0)), monkeypatch, x, w, mask)
    both(lambda x, w, m: (x @ w, (x @ w).sum(0), (x @ w).sum()), monkeypatch, x, w, mask)


@pytest.mark.parametrize("size", [(64, 64, 32), (48, 32, 60), (7, 16, 50), (12, 48, 96)])
def test_stacks_of_small_products(size, monkeypatch):
    m, n, k = size
    arrays = numbers((2, 3, m, k), (2, 3, k, n), (3, 1, n), (2, 3, m, n))
    _, how = both(lambda x, y, b, r: torch.relu(x @ y + b) - r, monkeypatch, *arrays)
    assert "call tile" in how
    assert "with epilogue" in how
    x, y = numbers((2, 3, k, m), (2, 3, k, n), seed=1)
    (out, *_), _ = both(lambda x, y: x.transpose(2, 3) @ y, monkeypatch, x, y)
    np.testing.assert_allclose(out, x.swapaxes(2, 3) @ y, rtol=1e-4, atol=1e-4)


def test_what_the_product_is_computed_from_is_not_overwritten_on_the_way(monkeypatch):
    (w,) = numbers((80, 80))
    w /= 9

    def f(w):
        w.copy_(torch.tanh(w @ w) + w)
        return w.sum()

    both(f, monkeypatch, w, calls=3)


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_training_steps(rule, monkeypatch):
    arrays = numbers((64, 150), (64, 40))
    states, hows = [], []
    for tiled in (True, False):
        monkeypatch.setattr(Program, "tiled", tiled)
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(150, 90), torch.nn.GELU(), torch.nn.Linear(90, 40)
        )
        x, y = tensors(arrays)
        optimizer = getattr(torch.optim, rule)(model.parameters(), lr=0.01)

        @torch.compile
        def step(model=model, optimizer=optimizer, x=x, y=y):
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        losses = [step().item() for _ in range(6)]
        grads = [p.grad.numpy().copy() for p in model.parameters()]
        states.append([np.array(losses), *grads, *[p.detach().numpy() for p in model.parameters()]])
        hows.append(step.explain())
    for a, b in zip(*states, strict=True):
        np.testing.assert_array_equal(a, b)
    assert states[0][0][-1] < states[0][0][0]
    assert hows[0].count("with epilogue") >= 3
    assert "with epilogue" not in hows[1]


def test_in_a_loop(monkeypatch):
    arrays = numbers((60, 60), (60,))

    def run(w, b):
        return dt.fori_loop(0, 5, lambda _, h: np.tanh(h @ w * 0.1 + b), w)

    outs = []
    for tiled in (True, False):
        monkeypatch.setattr(Program, "tiled", tiled)
        outs.append(np.asarray(dt.jit(run)(*arrays)))
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize(
    "shapes",
    [
        ((256, 300), (300, 200)),
        ((100, 400), (400, 520)),
        ((60, 4000), (4000, 64)),
        ((40, 64, 64), (40, 64, 66)),
    ],
)
def test_any_number_of_threads(shapes, monkeypatch):
    monkeypatch.setattr(Program, "tiled", True)
    x, y = numbers(*shapes)
    bias, r = numbers(shapes[1][-1:], (*shapes[0][:-1], shapes[1][-1]), seed=1)
    before = thread_count()
    outs = []
    try:
        set_thread_count(3)
        f = torch.compile(lambda x, y, b, r: F.gelu(x @ y + b) + r)
        for count in (3, 1, 2):
            set_thread_count(count)
            outs.append(f(*tensors((x, y, bias, r))).numpy())
    finally:
        set_thread_count(before)
    assert all((o == outs[0]).all() for o in outs)
    want = torch.from_numpy(x.astype(np.float64) @ y + bias)
    np.testing.assert_allclose(outs[0], (F.gelu(want)).numpy() + r, rtol=1e-3, atol=1e-2)
