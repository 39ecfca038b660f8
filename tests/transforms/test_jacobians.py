"""Many columns are pushed through in pieces: the same derivatives, whatever the function is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.transforms import columns
from dualtape.transforms.surface import lift

W = np.random.default_rng(0).normal(size=(5, 4))


@pytest.fixture
def in_pieces(monkeypatch):
    """Unit vectors three at a time, however few they are."""
    monkeypatch.setattr(columns, "_WHOLE", 0)
    monkeypatch.setattr(columns, "_PIECE", 3 * 4 * 8)


@dataclass
class Pair:
    first: object
    second: object


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def loop(x):
    return dt.fori_loop(0, 3, lambda i, v: np.sin(W.T @ (W @ v)) + i, x)


FUNCTIONS = {
    "matrix": lambda x: np.tanh(W @ x),
    "stack": lambda x: np.outer(x, x),
    "masked": lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 0.0)), x),
    "constant": lambda x: np.ones(2),
    "part": lambda x: x[1:3] * 2.0,
    "same": lambda x: x,
    "tree": lambda x: {"a": Pair(x[0], x * x), "b": [np.zeros(()), np.cumsum(x)]},
    "gradient": dt.grad(rosenbrock),
    "masked gradient": dt.grad(lambda x: np.sum(np.where(x > 0, x**0.5, 0.0))),
    "loop": loop,
    "checkpoint": dt.checkpoint(lambda x: np.exp(W @ x)),
    "solve": lambda x: np.linalg.solve(np.eye(4) + np.outer(x, x), x),
}


def leaves(tree):
    if isinstance(tree, Pair):
        return leaves([tree.first, tree.second])
    if isinstance(tree, dict):
        return leaves(list(tree.values()))
    if isinstance(tree, (list, tuple)):
        return [a for t in tree for a in leaves(t)]
    return [np.asarray(tree)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pieces_are_the_whole(name, request):
    x = np.array([0.5, -0.25, 1.5, 2.0])
    whole = leaves(dt.jacfwd(FUNCTIONS[name])(x))
    request.getfixturevalue("in_pieces")
    pieces = leaves(dt.jacfwd(FUNCTIONS[name])(x))
    assert len(pieces) == len(whole)
    for p, w in zip(pieces, whole, strict=True):
        assert (p.dtype, p.shape) == (w.dtype, w.shape)
        assert p.flags.c_contiguous
        np.testing.assert_allclose(p, w, rtol=1e-13, atol=1e-13)


def test_complex_and_single(in_pieces):
    z = np.array([1 + 2j, 0.5j, -1.0, 2.0])
    np.testing.assert_allclose(
        dt.jacfwd(lambda z: z * z, holomorphic=True)(z), np.diag(2 * z), rtol=1e-14
    )
    x = np.arange(4, dtype=np.float32)
    found = dt.jacfwd(lambda x: x**3)(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.diag(3 * x**2))


def test_several_arguments_and_what_comes_with_them(in_pieces):
    x, y = np.arange(3.0), np.arange(4.0) + 1
    (by_x, by_y), aux = dt.jacfwd(lambda x, y: (x * y.sum(), x.sum()), (0, 1), has_aux=True)(x, y)
    np.testing.assert_array_equal(by_x, 10 * np.eye(3))
    np.testing.assert_array_equal(by_y, np.outer(x, np.ones(4)))
    assert aux == 3.0


def test_the_function_runs_once(in_pieces):
    runs = []

    def f(x):
        runs.append(None)
        return np.sin(x)

    dt.jacfwd(f)(np.arange(4.0))
    assert len(runs) == 1


def test_weights_outside_get_their_gradients(monkeypatch):
    w = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    x = torch.randn(4, dtype=torch.float64)

    def both():
        jac = torch.func.jacfwd(lambda x: torch.tanh(w @ x))(x)
        return jac.detach().numpy(), torch.autograd.grad((jac**2).sum(), w)[0].numpy()

    whole = both()
    monkeypatch.setattr(columns, "_WHOLE", 0)
    monkeypatch.setattr(columns, "_PIECE", 3 * 4 * 8)
    for p, w_ in zip(both(), whole, strict=True):
        np.testing.assert_allclose(p, w_, rtol=1e-13, atol=1e-13)


def test_draws_are_the_same_for_all_columns(in_pieces):
    torch.manual_seed(0)
    jac = torch.func.jacfwd(lambda x: x * torch.rand(4), randomness="same")(torch.ones(4))
    with pytest.raises(RuntimeError, match="random operation while in randomness error mode"):
        torch.func.jacfwd(lambda x: x * torch.rand(4))(torch.ones(4))
    torch.manual_seed(0)
    torch.testing.assert_close(jac, torch.diag(torch.rand(4)))


def test_large_arguments_take_this_way():
    x = np.linspace(-1, 1, 700)
    assert columns.is_large(lift(x))
    h = dt.hessian(rosenbrock)(x)
    np.testing.assert_array_equal(h, h.T)
    v = np.random.default_rng(0).normal(size=700)
    np.testing.assert_allclose(h @ v, dt.hvp(rosenbrock, (x,), (v,))[1], rtol=1e-9)
    with pytest.raises(AttributeError):
        dt.jacfwd(lambda x: x.no_such_thing)(x)
    np.testing.assert_array_equal(h, dt.hessian(rosenbrock)(x))  # nothing is left open


def test_a_matrix_by_a_batch_of_vectors_is_one_product():
    x = np.random.default_rng(1).normal(size=(6, 4))
    np.testing.assert_allclose(dt.vmap(lambda v: W @ v)(x), x @ W.T, rtol=1e-14)
    np.testing.assert_allclose(
        dt.vmap(lambda v: W @ v, in_axes=1, out_axes=1)(x.T), W @ x.T, rtol=1e-14
    )
