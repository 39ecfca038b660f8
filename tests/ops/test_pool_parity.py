"""Pooling, fold and unfold against PyTorch's: values, indices, gradients, errors."""

import math
import re

import numpy as np
import pytest

from dualtape.core.errors import ShapeError
from dualtape.ops import fractional, pool

torch = pytest.importorskip("torch")
F = torch.nn.functional

SPACES = {1: (9,), 2: (7, 8), 3: (5, 6, 4)}
SLIDING = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 2, "stride": 1},
    {"kernel_size": 2, "stride": 3, "ceil_mode": True},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_max_pool(against_torch, rng, rank, dtype):
    theirs = getattr(F, f"max_pool{rank}d")
    x = rng.standard_normal((2, 3, *SPACES[rank])).astype(dtype)
    for settings in [*SLIDING, {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2}]:
        against_torch(
            lambda v, s=settings: pool.max_pool(v, **s, rank=rank),
            lambda v, s=settings: theirs(v, **s),
            x,
        )
        with_indices = {**settings, "return_indices": True}
        got = pool.max_pool(x, **with_indices, rank=rank)
        want = theirs(torch.from_numpy(x), **with_indices)
        for g, w in zip(got, want, strict=True):
            np.testing.assert_array_equal(g, w.numpy())


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("pad", [True, False])
def test_avg_pool(against_torch, rng, rank, pad):
    theirs = getattr(F, f"avg_pool{rank}d")
    x = rng.standard_normal((3, *SPACES[rank]))
    for settings in SLIDING:
        s = {**settings, "count_include_pad": pad}
        against_torch(
            lambda v, s=s: pool.avg_pool(v, **s, rank=rank), lambda v, s=s: theirs(v, **s), x
        )


def test_divisor_override(against_torch, rng):
    x = rng.standard_normal((1, 2, 5, 6))
    against_torch(
        lambda v: pool.avg_pool(v, 3, 2, 1, divisor_override=5, rank=2),
        lambda v: F.avg_pool2d(v, 3, 2, 1, divisor_override=5),
        x,
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_adaptive(against_torch, rng, rank, size):
    x = rng.standard_normal((2, 3, *SPACES[rank]))
    for name in ("avg", "max"):
        mine, theirs = (
            getattr(pool, f"adaptive_{name}_pool"),
            getattr(F, f"adaptive_{name}_pool{rank}d"),
        )
        against_torch(lambda v, f=mine: f(v, size, rank=rank), lambda v, f=theirs: f(v, size), x)
    got = pool.adaptive_max_pool(x, size, True, rank=rank)
    want = getattr(F, f"adaptive_max_pool{rank}d")(torch.from_numpy(x), size, True)
    np.testing.assert_array_equal(got[1], want[1].numpy())


def test_none_keeps_a_length(against_torch, rng):
    x = rng.standard_normal((2, 3, 5, 6))
    against_torch(
        lambda v: pool.adaptive_avg_pool(v, (None, 4), rank=2),
        lambda v: F.adaptive_avg_pool2d(v, (None, 4)),
        x,
    )


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.0, 1.0, 0.0, 1.0, 2.0, 2.0, 2.0],
        [math.nan, 1.0, 2.0, math.nan, math.nan, math.nan, 1.0, 0.0],
        [-math.inf] * 8,
        [math.inf, math.inf, -math.inf, 0.0, math.inf, -0.0, 0.0, 1.0],
    ],
)
def test_ties_nan_and_infinities(values):
    x = np.array(values).reshape(1, 1, 2, 4)
    for settings in (
        {"kernel_size": 2},
        {"kernel_size": 2, "stride": 1, "padding": 1},
        {"kernel_size": (2, 3), "stride": 1},
    ):
        got = pool.max_pool(x, **settings, return_indices=True, rank=2)
        want = F.max_pool2d(torch.from_numpy(x), **settings, return_indices=True)
        np.testing.assert_array_equal(got[0], want[0].numpy())
        np.testing.assert_array_equal(got[1], want[1].numpy())
        np.testing.assert_array_equal(pool.max_pool(x, **settings, rank=2), want[0].numpy())


def test_averages_of_half_precision_are_added_up_in_single(rng):
    x = rng.uniform(1, 2, (1, 64, 64)).astype(np.float16)
    got, want = pool.avg_pool(x, 64, rank=2), F.avg_pool2d(torch.from_numpy(x), 64).numpy()
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, want, rtol=2e-3)


def test_infinities_stay_in_their_window():
    x = np.array([[np.inf, 1.0, 2.0, 3.0, 4.0]])
    assert (
        pool.adaptive_avg_pool(x, 2, rank=1).tolist()
        == F.adaptive_avg_pool1d(torch.tensor(x), 2).tolist()
    )
    assert pool.avg_pool(x, 2, 1, rank=1).tolist() == F.avg_pool1d(torch.tensor(x), 2, 1).tolist()


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, math.inf, -math.inf])
def test_lp_pool(against_torch, rng, rank, p):
    x = rng.uniform(0.2, 1, (2, 3, *SPACES[rank]))
    for settings in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "ceil_mode": True}):
        against_torch(
            lambda v, s=settings: pool.lp_pool(v, p, **s, rank=rank),
            lambda v, s=settings: getattr(F, f"lp_pool{rank}d")(v, p, **s),
            x,
        )


def test_lp_pool_of_zeros_has_no_gradient(against_torch):
    x = np.zeros((1, 1, 4))
    against_torch(
        lambda v: pool.lp_pool(v, 2.0, 2, rank=1), lambda v: F.lp_pool1d(v, 2.0, 2), x, order=1
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_max_unpool(against_torch, rng, rank):
    x = rng.standard_normal((2, 3, *SPACES[rank]))
    values, at = pool.max_pool(x, 2, return_indices=True, rank=rank)
    for size in (None, SPACES[rank]):
        against_torch(
            lambda v, n=size: pool.max_unpool(v, at, 2, output_size=n, rank=rank),
            lambda v, n=size: getattr(F, f"max_unpool{rank}d")(
                v, torch.from_numpy(at), 2, output_size=n
            ),
            values,
        )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
    ],
)
def test_unfold_and_fold(against_torch, rng, settings, dtype):
    x = rng.standard_normal((2, 3, 5, 6)).astype(dtype)
    against_torch(lambda v: pool.unfold(v, **settings), lambda v: F.unfold(v, **settings), x)
    y = F.unfold(torch.from_numpy(x), **settings).numpy()
    against_torch(
        lambda v: pool.fold(v, (5, 6), **settings), lambda v: F.fold(v, (5, 6), **settings), y
    )
    against_torch(
        lambda v: pool.fold(v, (5, 6), **settings), lambda v: F.fold(v, (5, 6), **settings), y[0]
    )


X = (1, 3, 4, 4)
ERRORS = [  # our function, PyTorch's, shape, settings
    ("max_pool", "max_pool2d", X, {"kernel_size": 2, "padding": 2}),
    ("max_pool", "max_pool2d", X, {"kernel_size": 5}),
    ("max_pool", "max_pool2d", X, {"kernel_size": 2, "stride": 0}),
    ("max_pool", "max_pool2d", X, {"kernel_size": (2, 2, 2)}),
    ("max_pool", "max_pool2d", X, {"kernel_size": 2, "padding": -1}),
    ("max_pool", "max_pool2d", (1, 0, 4, 4), {"kernel_size": 2}),
    ("avg_pool", "avg_pool2d", X, {"kernel_size": 5}),
    ("avg_pool", "avg_pool2d", X, {"kernel_size": 2, "padding": 2}),
    ("avg_pool", "avg_pool2d", X, {"kernel_size": 2, "divisor_override": 0}),
    ("adaptive_avg_pool", "adaptive_avg_pool2d", (3, 3), {"output_size": 2}),
    ("adaptive_avg_pool", "adaptive_avg_pool2d", X, {"output_size": (2, 2, 2)}),
    ("adaptive_avg_pool", "adaptive_avg_pool2d", (2, 3, 0, 4), {"output_size": 2}),
    ("adaptive_max_pool", "adaptive_max_pool2d", (3, 3), {"output_size": 2}),
    ("adaptive_max_pool", "adaptive_max_pool2d", (2, 3, 0, 4), {"output_size": 2}),
]


@pytest.mark.parametrize(("mine", "theirs", "shape", "settings"), ERRORS)
def test_errors_are_worded_as_in_torch(mine, theirs, shape, settings):
    with pytest.raises(RuntimeError) as want:
        getattr(F, theirs)(torch.zeros(shape), **settings)
    with pytest.raises(ShapeError, match=re.escape(str(want.value))):
        getattr(pool, mine)(np.zeros(shape), **settings, rank=2)


COLUMNS = [
    ("fold", (1, 12, 5), {"output_size": (4, 4), "kernel_size": (2, 2)}),
    ("fold", (1, 11, 9), {"output_size": (4, 4), "kernel_size": (2, 2)}),
    ("unfold", (1, 3, 2, 2), {"kernel_size": (3, 3)}),
]


@pytest.mark.parametrize(("name", "shape", "settings"), COLUMNS)
def test_fold_errors(name, shape, settings):
    with pytest.raises(RuntimeError) as want:
        getattr(F, name)(torch.zeros(shape), **settings)
    with pytest.raises(ShapeError, match=re.escape(str(want.value))):
        getattr(pool, name)(np.zeros(shape), **settings)


def test_unpool_errors():
    x, at = np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.int64)
    with pytest.raises(ShapeError, match="Expected shape of indices to be same"):
        pool.max_unpool(x, at[..., :1], 2, rank=2)
    with pytest.raises(
        ShapeError,
        match=re.escape("Found an invalid max index: 100 (output volumes are of size 4x4)"),
    ):
        pool.max_unpool(x, at + 100, 2, rank=2)
    with pytest.raises(
        ShapeError,
        match=re.escape('invalid output_size "(20, 20)" (dim 0 must be between 2 and 6)'),
    ):
        pool.max_unpool(x, at, 2, output_size=(20, 20), rank=2)


@pytest.mark.parametrize("rank", [2, 3])
def test_fractional_max_pool(against_torch, rng, rank):
    theirs = getattr(F, f"fractional_max_pool{rank}d")
    for lead in ((2, 3), (3,)):
        x = rng.standard_normal((*lead, *SPACES[rank]))
        samples = rng.uniform(size=(*(1, *lead)[-2:], rank))
        for kernel, count in ((2, 2), ((2, 3, 2)[:rank], (3, 2, 2)[:rank]), (1, 1)):
            settings = {"output_size": count, "return_indices": True}
            against_torch(
                lambda v, k=kernel, s=settings, u=samples: fractional.fractional_max_pool(
                    v, k, samples=u, rank=rank, **s
                ),
                lambda v, k=kernel, s=settings, u=samples: theirs(
                    v, k, _random_samples=torch.from_numpy(u), **s
                ),
                x,
            )
