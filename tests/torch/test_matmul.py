"""Products of vectors and matrices against NumPy and, where it is installed, PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt


def array(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def both(t: Any, f: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """The result and the gradients of `f` on random leaves, as arrays."""
    xs = [
        t.tensor(array(*s, seed=i), dtype=t.float64).requires_grad_() for i, s in enumerate(shapes)
    ]
    y = f(t, *xs)
    weights = t.tensor(array(*tuple(y.shape), seed=9), dtype=t.float64)
    (y * weights).sum().backward()
    return [y.detach().numpy(), *[x.grad.numpy() for x in xs]]


RANKS = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)), ((2, 0), (0, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), RANKS)
def test_matmul_is_numpys(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = array(*a), array(*b, seed=1)
    out = dt.tensor(x) @ dt.tensor(y)
    np.testing.assert_allclose(out.numpy(), x @ y, rtol=1e-12)


CASES: dict[str, tuple[Any, tuple[tuple[int, ...], ...]]] = {
    **{f"matmul {a} {b}": (lambda t, x, y: t.matmul(x, y), (a, b)) for a, b in RANKS},
    "mm": (lambda t, x, y: t.mm(x, y), ((2, 3), (3, 4))),
    "mv": (lambda t, x, y: x.mv(y), ((2, 3), (3,))),
    "bmm": (lambda t, x, y: x.bmm(y), ((4, 2, 3), (4, 3, 2))),
    "dot": (lambda t, x, y: x.dot(y), ((3,), (3,))),
    "inner": (lambda t, x, y: t.inner(x, y), ((2, 3), (4, 3))),
    "outer": (lambda t, x, y: t.outer(x, y), ((2,), (3,))),
    "kron": (lambda t, x, y: t.kron(x, y), ((2,), (3, 2))),
    "addmm": (lambda t, x, y, z: t.addmm(x, y, z, beta=0.5, alpha=2), ((4,), (2, 3), (3, 4))),
    "addmv": (lambda t, x, y, z: x.addmv(y, z, alpha=2), ((2,), (2, 3), (3,))),
    "addr": (lambda t, x, y, z: x.addr(y, z, beta=3), ((2, 3), (2,), (3,))),
    "baddbmm": (lambda t, x, y, z: x.baddbmm(y, z), ((4, 2, 2), (4, 2, 3), (4, 3, 2))),
    "addbmm": (lambda t, x, y, z: x.addbmm(y, z), ((2, 2), (4, 2, 3), (4, 3, 2))),
    "tensordot": (lambda t, x, y: t.tensordot(x, y, dims=([1, 0], [0, 2])), ((2, 3, 4), (3, 5, 2))),
    "tensordot 1": (lambda t, x, y: t.tensordot(x, y, 1), ((2, 3, 4), (4, 5))),
    "cdist": (lambda t, x, y: t.cdist(x, y), ((4, 3), (2, 3))),
    "cdist 1": (lambda t, x, y: t.cdist(x, y, p=1), ((5, 4, 3), (5, 2, 3))),
    "chain": (lambda t, x, y, z: t.chain_matmul(x, y, z), ((2, 3), (3, 4), (4, 2))),
    "bilinear": (lambda t, x, y, w: t.bilinear(x, y, w, None), ((5, 2), (5, 3), (4, 2, 3))),
    "cross": (lambda t, x, y: t.linalg.cross(x, y), ((4, 3), (4, 3))),
    "einsum ij,jk": (lambda t, x, y: t.einsum("ij,jk", x, y), ((2, 3), (3, 4))),
    "einsum batch": (lambda t, x, y: t.einsum("bij,bkj->bik", x, y), ((5, 2, 3), (5, 4, 3))),
    "einsum dots": (lambda t, x, y: t.einsum("...ij,...jk->...ik", x, y), ((5, 1, 2, 3), (4, 3, 2))),
    "einsum diagonal": (lambda t, x: t.einsum("iij->j", x), ((3, 3, 2),)),
    "einsum implied": (lambda t, x: t.einsum("ba", x), ((3, 2),)),
    "einsum three": (lambda t, x, y, z: t.einsum("i,ij,j", x, y, z), ((2,), (2, 3), (3,))),
    "einsum broadcast": (lambda t, x, y: t.einsum("ij,ij->i", x, y), ((2, 1), (2, 3))),
    "einsum outer": (lambda t, x, y: t.einsum("i,j->ji", x, y), ((2,), (3,))),
    "einsum lists": (lambda t, x, y: t.einsum(x, [0, 1], y, [1, 2], [0, 2]), ((2, 3), (3, 4))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_against_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    f, shapes = CASES[name]
    for ours, theirs in zip(both(dt, f, *shapes), both(torch, f, *shapes), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


ERRORS = [
    (lambda t, x: t.matmul(x, x), RuntimeError, r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)"),
    (lambda t, x: x @ x.T.double(), RuntimeError, "expected m1 and m2 to have the same dtype, but got: float != double"),
    (lambda t, x: t.matmul(t.tensor(1.0), x), RuntimeError, "both arguments to matmul need to be at least 1D"),
    (lambda t, x: t.mm(x, x[0]), RuntimeError, "mat2 must be a matrix"),
    (lambda t, x: t.mv(x, t.ones(4)), RuntimeError, r"size mismatch, got input \(2\), mat \(2x3\), vec \(4\)"),
    (lambda t, x: t.bmm(x, x), RuntimeError, "batch1 must be a 3D tensor"),
    (lambda t, x: t.dot(x[0], t.ones(4)), RuntimeError, "inconsistent tensor size"),
    (lambda t, x: t.dot(x, x), RuntimeError, "1D tensors expected, but got 2D and 2D tensors"),
    (lambda t, x: t.outer(x, x[0]), RuntimeError, "outer: Expected 1-D argument self, but got 2-D"),
    (lambda t, x: t.addmm(t.ones(5), x, x.T), RuntimeError, r"The expanded size of the tensor \(2\) must match"),
    (lambda t, x: t.einsum("ij,jk", x, x), RuntimeError, "subscript j has size 2 for operand 1 which does not broadcast"),
    (lambda t, x: t.einsum("ij", x, x), RuntimeError, "more operands were provided than specified in the equation"),
    (lambda t, x: t.einsum("ij->k", x), RuntimeError, "output subscript k does not appear"),
    (lambda t, x: t.einsum("i->i", x), RuntimeError, "does not match the number of dimensions"),
    (lambda t, x: t.einsum(""), ValueError, "must specify the equation string and at least one operand"),
    (lambda t, x: t.tensordot(x, x, 1), RuntimeError, "contracted dimensions need to match, but first has size 3"),
    (lambda t, x: t.cdist(x, x, p=-1), RuntimeError, "cdist only supports non-negative p values"),
    (lambda t, x: x @ 1, TypeError, "unsupported operand type"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(dt, dt.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_are_pytorchs(call: Any, error: type[Exception], message: str) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(error, match=message):
        call(torch, torch.arange(6.0).reshape(2, 3))


def test_names_of_nodes() -> None:
    x = dt.ones(2, 2, requires_grad=True)
    assert (x @ x).grad_fn.name() == "MmBackward0"
    assert (x @ x[0]).grad_fn.name() == "MvBackward0"
    assert dt.addmm(x, x, x).grad_fn.name() == "AddmmBackward0"
    assert dt.bmm(x[None], x[None]).grad_fn.name() == "BmmBackward0"
