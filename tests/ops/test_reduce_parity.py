"""Sums, means, products, moments and counts against PyTorch's."""

import numpy as np
import pytest

from dualtape.core.errors import DtypeError, ShapeError
from dualtape.ops import moments, products, reduce

torch = pytest.importorskip("torch")

DTYPES = ["float16", "float32", "float64", "complex64", "complex128"]
AXES = [None, 0, -1, (0, 2), (0, 1, 2)]


def draw(rng, shape, dtype):
    a = rng.standard_normal(shape)
    return np.asarray(a + 1j * rng.standard_normal(shape) if dtype.startswith("c") else a, dtype)


def both(name, axes, keepdims, **more):
    """The operation in dualtape and in PyTorch."""
    ours = next(getattr(m, name) for m in (reduce, products, moments) if hasattr(m, name))
    theirs = getattr(torch, name)
    if axes is None and not keepdims:
        return lambda x: ours(x, **more), lambda x: theirs(x, **more)
    return (
        lambda x: ours(x, axes, keepdims, **more),
        lambda x: theirs(
            x, axes if axes is not None else tuple(range(x.ndim)), keepdim=keepdims, **more
        ),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_linear(against_torch, rng, name, axes, keepdims, dtype):
    against_torch(*both(name, axes, keepdims), draw(rng, (2, 3, 4), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("correction", [0, 1, 0.5])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
def test_moments(against_torch, rng, name, axes, correction, dtype):
    if dtype == "float16" and correction == 0.5:
        return
    x = draw(rng, (3, 3, 4), dtype)
    against_torch(
        *both(name, axes, axes == 0, correction=correction),
        x,
        order=1 if dtype == "float16" else 2,
        tolerance={"float16": 1e-2}.get(dtype),
    )


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("correction", [0, 1, 2, 3, 5])
@pytest.mark.parametrize(
    "x", [[2.0, 2.0, 2.0], [1.0, 2.0, 4.0], [3.0], [], [1.0, np.inf], [np.nan, 1.0]]
)
def test_few_degrees_of_freedom(against_torch, name, correction, x):
    if np.isnan(x).any() and correction > 1:
        return  # PyTorch has an infinite gradient there, we NaN
    # PyTorch's second derivatives of infinite slopes, and of subgradients, are NaN.
    order = 2 if len(x) > correction and len(set(x)) > 1 else 1
    against_torch(*both(name, None, False, correction=correction), np.array(x, float), order=order)


@pytest.mark.parametrize("zeros", [(), (1,), (1, 4), (0, 1, 2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_prod_at_zeros(against_torch, rng, zeros, dtype):
    x = draw(rng, (2, 3), dtype)
    x.reshape(-1)[list(zeros)] = 0
    against_torch(products.prod, torch.prod, x)
    for axis in (0, 1):
        against_torch(
            lambda x, a=axis: products.prod(x, a, True), lambda x, a=axis: x.prod(a, True), x
        )
        against_torch(lambda x, a=axis: products.cumprod(x, a), lambda x, a=axis: x.cumprod(a), x)


def test_prod_over_several_axes(rng):
    x = rng.standard_normal((2, 3, 4))
    np.testing.assert_allclose(products.prod(x, (0, 2)), x.prod((0, 2)))


def test_third_derivative_of_a_product_with_zeros(rng):
    from dualtape.core.backward import gradients
    from dualtape.core.tensor import Tensor, wrap

    x = wrap(Tensor, np.array([0.0, 2.0, 0.0, 0.0, 3.0]))
    x.require_grad()
    y = products.prod(x)
    for place in (0, 2, 3):
        (g,) = gradients([(y.edge, wrap(Tensor, np.float64(1)))], [x.edge], create_graph=True)
        y = reduce.sum(g * np.eye(5)[place])
    assert float(y.value) == 6.0  # what is left of 0 * 2 * 0 * 0 * 3 without its three zeros


@pytest.mark.parametrize("x", [[1.0, np.nan, 3.0], [np.nan], [], [[1.0, np.nan], [np.inf, 2.0]]])
@pytest.mark.parametrize("name", ["nansum", "nanmean"])
def test_skipping_nan(against_torch, name, x):
    x = np.array(x)
    against_torch(getattr(reduce, name), getattr(torch, name), x)
    if x.size:
        against_torch(
            lambda x: getattr(reduce, name)(x, -1, True),
            lambda x: getattr(torch, name)(x, -1, True),
            x,
        )


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32", "complex64"])
@pytest.mark.parametrize("axes", [None, 0, (0, 1)])
def test_counts(against_torch, rng, dtype, axes):
    x = (rng.uniform(size=(3, 4)) < 0.4).astype(dtype)
    x[1] = 0
    for name in ("all", "any", "count_nonzero"):
        f, g = getattr(reduce, name), getattr(torch, name)
        against_torch(
            lambda x, f=f: f(x, axes),
            lambda x, g=g: g(x, axes) if axes is not None else g(x),
            x,
            order=0,
        )


def test_nan_is_true_and_not_zero():
    x = np.array([0.0, np.nan])
    assert reduce.any(x)
    assert not reduce.all(x)
    assert reduce.count_nonzero(x) == 1


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
@pytest.mark.parametrize("name", ["sum", "mean", "prod"])
def test_empty_and_scalar(against_torch, rng, name, shape):
    x = rng.standard_normal(shape)
    against_torch(*both(name, None, False), x)
    against_torch(*both(name, -1, True), x)
    against_torch(*both(name, 0, False), x)


def test_single_precision_is_added_up_accurately_along_any_axis(rng):
    x = rng.uniform(size=(300_001, 3)).astype(np.float32)
    want = x.astype(np.float64).sum(0)
    for layout in (x, np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2]):
        np.testing.assert_allclose(reduce.sum(layout, 0), want, rtol=1e-6)
        np.testing.assert_allclose(reduce.mean(layout, 0), want / len(x), rtol=1e-6)
        np.testing.assert_allclose(reduce.sum(layout), want.sum(), rtol=1e-6)
    np.testing.assert_allclose(
        moments.var(x + 100, 0), x.astype(np.float64).var(0, ddof=1), rtol=1e-3
    )


def test_half_precision_is_added_up_in_single():
    x = np.full(70_000, 1, np.float16)
    assert reduce.mean(x) == 1
    assert reduce.sum(x[:4000]) == 4000
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    y = np.full((1000, 3), 1, bfloat16)
    assert reduce.sum(y, 0).dtype == bfloat16
    assert reduce.sum(y, 0)[0] == 1000
    assert reduce.mean(y) == 1
    assert float(moments.var(np.array([1, 2, 4], bfloat16))) == pytest.approx(7 / 3, rel=1e-2)


def test_errors():
    x = np.ones((2, 3))
    with pytest.raises(
        IndexError,
        match=r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
    ):
        reduce.sum(x, 2)
    with pytest.raises(ShapeError, match="dim 1 appears multiple times in the list of dims"):
        reduce.mean(x, (1, -1))
    with pytest.raises(DtypeError, match="could not infer output dtype"):
        reduce.mean(np.arange(3))


def test_the_short_way_back(rng):
    # Without create_graph and parameters a node takes the backward pass's fast path.
    from dualtape.core.backward import backward
    from dualtape.core.tensor import Tensor, wrap

    for f, want in (
        (reduce.sum, 1),
        (reduce.mean, 1 / 6),
        (moments.var, None),
        (products.prod, None),
    ):
        a = rng.standard_normal((2, 3))
        x = wrap(Tensor, a)
        x.require_grad()
        backward([(f(x).edge, np.float64(2))])
        t = torch.tensor(a, requires_grad=True)
        getattr(torch, f.__name__)(t).backward(torch.tensor(2.0, dtype=torch.float64))
        np.testing.assert_allclose(x.leaf.grad.value, t.grad.numpy())
        if want is not None:
            np.testing.assert_allclose(x.leaf.grad.value, 2 * want)
