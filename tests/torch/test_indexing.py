"""Brackets, gather and scatter: golden values, and everything against PyTorch where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt


def grad_of(t: Any, f: Any, shape: tuple[int, ...], seed: int = 0) -> tuple[Any, Any]:
    """The result of `f` on a random leaf and the leaf's gradient, as arrays."""
    x = t.tensor(np.random.default_rng(seed).normal(size=shape), dtype=t.float64)
    x.requires_grad_()
    y = f(t, x)
    weights = t.tensor(np.random.default_rng(1).normal(size=tuple(y.shape)), dtype=t.float64)
    (y * weights).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def test_brackets() -> None:
    x = dt.arange(12.0).reshape(3, 4)
    assert x[1].tolist() == [4.0, 5.0, 6.0, 7.0]
    assert x[-1, 2].item() == 10.0
    assert x[:, 1].tolist() == [1.0, 5.0, 9.0]
    assert x[..., None].shape == (3, 4, 1)
    assert x[[0, 2]].shape == (2, 4)
    assert x[x > 8].tolist() == [9.0, 10.0, 11.0]
    assert x[dt.tensor([0, 1]), dt.tensor([1, 1])].tolist() == [1.0, 5.0]
    assert x[1:, ::2].tolist() == [[4.0, 6.0], [8.0, 10.0]]
    assert 7.0 in x
    assert 70.0 not in x
    assert [r.tolist()[0] for r in x] == [0.0, 4.0, 8.0]


def test_names_of_nodes() -> None:
    x = dt.arange(6.0, requires_grad=True).reshape(2, 3)
    assert x[0].grad_fn.name() == "SelectBackward0"
    assert x[1:].grad_fn.name() == "SliceBackward0"
    assert x[dt.tensor([0])].grad_fn.name() == "IndexBackward0"
    assert x[:, None].grad_fn.name() == "UnsqueezeBackward0"
    assert next(iter(x)).grad_fn.name() == "UnbindBackward0"


def test_assignment_shares_memory_and_is_recorded() -> None:
    w = dt.ones(3, requires_grad=True)
    h = w * 2
    h[0] = 5.0
    h[1:] = w[1:] * 3
    (h * h).sum().backward()
    assert h.tolist() == [5.0, 3.0, 3.0]
    assert w.grad.tolist() == [0.0, 18.0, 18.0]
    x = dt.zeros(2, 2)
    x[0][1] = 4
    assert x.tolist() == [[0.0, 4.0], [0.0, 0.0]]


def test_overwriting_everything_keeps_a_history() -> None:
    w = dt.ones(2, requires_grad=True)
    h = w * 2
    h[:] = 3.0
    assert h.requires_grad
    h.sum().backward()
    assert w.grad.tolist() == [0.0, 0.0]


ERRORS = [
    (lambda t, x: x[5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
    (lambda t, x: x[:, 5], IndexError, "index 5 is out of bounds for dimension 1 with size 3"),
    (lambda t, x: x[0, 0, 0], IndexError, "too many indices for tensor of dimension 2"),
    (lambda t, x: x[1.0], IndexError, "only integers, slices"),
    (lambda t, x: x.__delitem__(0), TypeError, "Tensor does not support deleting items"),
    (lambda t, x: x.__setitem__(0, [1, 2, 3]), TypeError, "can't assign a list to a torch.FloatTensor"),
    (
        lambda t, x: x.__setitem__(t.tensor([0]), t.ones(3, dtype=t.double)), RuntimeError,
        "Index put requires the source and destination dtypes match, got Float for the destination and Double",
    ),
    (lambda t, x: t.gather(x, 0, t.tensor([0.0])), RuntimeError, r"gather\(\): Expected dtype int32/int64 for index"),
    (lambda t, x: t.gather(x, 0, t.tensor([0])), RuntimeError, "Index tensor must have the same number of dimensions"),
    (lambda t, x: t.gather(x, 0, t.tensor([[0, 5]])), RuntimeError, "index 5 is out of bounds for dimension 0"),
    (lambda t, x: t.index_select(x, 0, t.tensor([5])), IndexError, "index out of range in self"),
    (lambda t, x: t.index_select(x, 0, t.tensor([[1]])), IndexError, "Index is supposed to be a vector"),
    (lambda t, x: t.scatter(x, 0, t.tensor([[0, 1]]), t.ones(1, 2, dtype=t.double)), RuntimeError, "self.dtype to be equal"),
    (lambda t, x: t.take(x, t.tensor([10])), IndexError, "out of range: tried to access index 10 on a tensor of 6 elements"),
    (lambda t, x: t.masked_select(x, t.ones(2, 3)), RuntimeError, "masked_select: expected BoolTensor for mask"),
    (
        lambda t, x: t.masked_scatter(x, t.ones(2, 3, dtype=t.bool), t.ones(3)), RuntimeError,
        "Number of elements of source < number of ones in mask",
    ),
    (lambda t, x: t.repeat_interleave(x, t.tensor([1, 2, 3]), 0), RuntimeError, "repeats must have the same size as input"),
    (lambda t, x: t.where(x, 1.0, 2.0), RuntimeError, "where expected condition to be a boolean tensor"),
    (lambda t, x: "a" in x, RuntimeError, "Tensor.__contains__ only supports Tensor or scalar"),
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


CASES = {
    "mask": lambda t, x: x[x > 0],
    "rows": lambda t, x: x[t.tensor([2, 0, 2])],
    "pairs": lambda t, x: x[t.tensor([0, 1]), t.tensor([-1, 2])],
    "mixed": lambda t, x: x[1:, t.tensor([0, 0, 3])],
    "step": lambda t, x: x[::2, 1::2],
    "gather": lambda t, x: t.gather(x, 1, t.tensor([[0, 3, 3], [1, 1, 0]])),
    "take": lambda t, x: t.take(x, t.tensor([[0, -1], [5, 5]])),
    "take_along_dim": lambda t, x: t.take_along_dim(x, t.tensor([[1], [0], [2]]), 1),
    "index_select": lambda t, x: x.index_select(1, t.tensor([3, 0, 3])),
    "masked_select": lambda t, x: x.masked_select(t.tensor([True, False, True, True])),
    "scatter": lambda t, x: t.zeros(5, 4, dtype=t.float64).scatter(0, t.tensor([[4, 0, 1, 2], [0, 1, 2, 3]]), x[:2]),
    "scatter_value": lambda t, x: x.scatter(1, t.tensor([[1], [2], [0]]), 7.0),
    "scatter_add": lambda t, x: t.ones(3, 4, dtype=t.float64).scatter_add(0, t.tensor([[0, 0, 0, 0], [0, 1, 2, 0]]), x[:2]),
    "scatter_mean": lambda t, x: x.scatter_reduce(0, t.tensor([[0, 0, 1, 1]]), x[:1] * 2, "mean"),
    "scatter_amax": lambda t, x: x.scatter_reduce(0, t.tensor([[0, 0, 1, 1]]), x[:1] * 2, "amax", include_self=False),
    "index_add": lambda t, x: x.index_add(0, t.tensor([0, 0]), x[:2], alpha=3),
    "index_copy": lambda t, x: x.index_copy(1, t.tensor([3, 1]), x[:, :2] * 2),
    "index_fill": lambda t, x: x.index_fill(1, t.tensor([3, 1]), 2.0),
    "index_put": lambda t, x: x.index_put((t.tensor([0, 0]), t.tensor([1, 1])), x[0, :2] * 2, accumulate=True),
    "put": lambda t, x: x.put(t.tensor([0, 5]), x[0, :2] * 2) if hasattr(x, "put") else t.put(x, t.tensor([0, 5]), x[0, :2] * 2),
    "masked_scatter": lambda t, x: x.masked_scatter(t.tensor([True, False, True, False]), x.reshape(-1) * 2),
    "where": lambda t, x: t.where(x > 0, x * x, 3.0),
    "repeat_interleave": lambda t, x: x.repeat_interleave(t.tensor([0, 1, 2]), 0),
    "repeat_all": lambda t, x: t.repeat_interleave(x, 2),
    "select_scatter": lambda t, x: t.select_scatter(x, x[0] * 2, 0, 2),
    "slice_scatter": lambda t, x: t.slice_scatter(x, x[:2] * 2, 0, 1),
    "diagonal_scatter": lambda t, x: t.diagonal_scatter(x, x[0, :3] * 2),
    "nested": lambda t, x: x[0:2][:, 1][None],
    "unfold": lambda t, x: x.unfold(1, 2, 1),
    "as_strided": lambda t, x: x.as_strided((2, 3), (1, 2), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_against_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = grad_of(dt, CASES[name], (3, 4)), grad_of(torch, CASES[name], (3, 4))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12)


def test_in_place_forms() -> None:
    x = dt.zeros(4)
    x.scatter_(0, dt.tensor([1, 3]), dt.tensor([5.0, 6.0]))
    x.index_add_(0, dt.tensor([1, 1]), dt.ones(2))
    x.index_fill_(0, dt.tensor([0]), -1)
    assert x.tolist() == [-1.0, 7.0, 0.0, 6.0]
    assert x._version == 3


def test_nonzero() -> None:
    x = dt.tensor([[0, 2], [3, 0]])
    assert dt.nonzero(x).tolist() == [[0, 1], [1, 0]]
    assert [t.tolist() for t in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    assert [t.tolist() for t in dt.where(x > 0)] == [[0, 1], [1, 0]]
    assert dt.nonzero(dt.tensor(1.0)).shape == (1, 0)


def test_out_may_not_overlap() -> None:
    x = dt.arange(4.0)
    with pytest.raises(RuntimeError, match="unsupported operation"):
        dt.take(x, dt.tensor([0, 1]), out=x)
