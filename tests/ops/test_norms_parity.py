"""Norms and log-sum-exps against PyTorch's, subgradients and infinities included."""

import numpy as np
import pytest

from dualtape.core.errors import DtypeError, ShapeError
from dualtape.ops import norms as n

torch = pytest.importorskip("torch")
inf, nan = np.inf, np.nan
ORDERS = [0.5, 1, 1.5, 2, 2.5, 3, inf, -inf, -1, -2]


def norm(x, *more):
    return torch.linalg.vector_norm(x, *more)


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_norms(against_torch, rng, ord, dtype):
    x = rng.standard_normal((2, 3, 4)).astype(dtype)
    if dtype[0] == "c":
        x += 1j * rng.standard_normal((2, 3, 4)).astype(dtype)
    tolerance = 2e-4 if dtype in ("float32", "complex64") else None  # large second derivatives
    for axes, keep in [(None, False), (1, True), ((0, 2), False), (-1, False)]:
        against_torch(
            lambda x, a=axes, k=keep: n.vector_norm(x, ord, a, k),
            lambda x, a=axes, k=keep: norm(x, ord, a, k),
            x,
            tolerance=tolerance,
        )


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize(
    "x", [[3.0, -4.0], [0.0, 0.0], [0.0, 2.0], [nan, 1.0], [2.0, -2.0], [0j, 1 - 1j]]
)
def test_subgradients(against_torch, ord, x):
    against_torch(lambda x: n.vector_norm(x, ord), lambda x: norm(x, ord), np.array(x), order=1)


def test_counting_norm(against_torch):
    x = np.array([0.0, 3.0, nan])
    against_torch(lambda x: n.vector_norm(x, 0), lambda x: norm(x, 0), x, order=0)


def test_second_derivatives_at_zero_are_finite():
    from dualtape.core.backward import gradients
    from dualtape.core.tensor import Tensor, wrap

    for ord in ORDERS:
        x = wrap(Tensor, np.zeros(2))
        x.require_grad()
        y = n.vector_norm(x, ord)
        (g,) = gradients([(y.edge, wrap(Tensor, np.float64(1)))], [x.edge], create_graph=True)
        (h,) = gradients([(g.edge, np.ones(2))], [x.edge]) if g.edge is not None else (np.zeros(2),)
        assert h is None or not np.any(h if isinstance(h, np.ndarray) else h.value)


def test_half_precision_is_added_up_in_single():
    assert n.vector_norm(np.ones(70_000, np.float16)) == np.float16(np.sqrt(70_000))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("axes", [0, -1, (0, 2)])
@pytest.mark.parametrize("keep", [False, True])
def test_logsumexp(against_torch, rng, axes, keep, dtype):
    x = (5 * rng.standard_normal((2, 3, 4))).astype(dtype)
    if dtype[0] == "c":
        x += 1j * rng.uniform(-1, 1, (2, 3, 4)).astype(dtype)
    against_torch(lambda x: n.logsumexp(x, axes, keep), lambda x: x.logsumexp(axes, keep), x)


@pytest.mark.parametrize(
    "x", [[1000.0, 999.0], [-1000.0, 0.0], [-inf, 0.0], [-inf, -inf], [inf, 1.0], [nan, 1.0], []]
)
def test_logsumexp_extremes(against_torch, x):
    against_torch(lambda x: n.logsumexp(x, 0), lambda x: x.logsumexp(0), np.array(x), order=1)


def test_errors():
    with pytest.raises(ShapeError, match="cannot compute the inf norm on the dimension 1"):
        n.vector_norm(np.ones((2, 0)), inf, 1)
    with pytest.raises(ShapeError, match="cannot compute the -1 norm on an empty tensor"):
        n.vector_norm(np.ones((2, 0)), -1)
    with pytest.raises(DtypeError, match="Expected a floating point or complex tensor as input"):
        n.vector_norm(np.arange(3))
