"""Resizing, grid sampling and shuffles against PyTorch's: values, gradients, errors."""

import re

import numpy as np
import pytest

from dualtape.ops import grid as g
from dualtape.ops import interpolate as i
from dualtape.ops import rearrange as r

torch = pytest.importorskip("torch")
F = torch.nn.functional

SPACES = {1: (7,), 2: (5, 6), 3: (3, 4, 5)}
MODES = [
    ("nearest", 1),
    ("nearest", 2),
    ("nearest", 3),
    ("nearest-exact", 2),
    ("linear", 1),
    ("bilinear", 2),
    ("trilinear", 3),
    ("bicubic", 2),
    ("area", 1),
    ("area", 2),
    ("area", 3),
]
RESIZINGS = [
    {"size": 3},
    {"size": 9},
    {"size": 1},
    {"scale_factor": 2.0},
    {"scale_factor": 0.6},
    {"scale_factor": 1.7},
    {"scale_factor": 1.7, "recompute_scale_factor": True},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("mode", "rank"), MODES)
def test_interpolate(against_torch, rng, mode, rank, dtype):
    x = rng.standard_normal((2, 3, *SPACES[rank])).astype(dtype)
    for settings in RESIZINGS:
        for align in (None, True) if mode not in ("nearest", "nearest-exact", "area") else (None,):
            s = {**settings, "mode": mode, "align_corners": align}
            against_torch(
                lambda v, s=s: i.interpolate(v, **s), lambda v, s=s: F.interpolate(v, **s), x
            )


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_antialiased(against_torch, rng, mode):
    x = rng.standard_normal((2, 3, 7, 8))
    for settings in (
        {"size": 3},
        {"size": (9, 2)},
        {"scale_factor": 0.4},
        {"scale_factor": (1.3, 0.7)},
    ):
        s = {**settings, "mode": mode, "antialias": True}
        against_torch(lambda v, s=s: i.interpolate(v, **s), lambda v, s=s: F.interpolate(v, **s), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [5, 31, 59, 100])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_picks_the_same_element(mode, n, dtype):
    x = np.arange(n, dtype=dtype).reshape(1, 1, n)
    sizes = [{"size": m} for m in range(1, 3 * n, 7)] + [
        {"scale_factor": 0.31 + 0.07 * k} for k in range(20)
    ]
    for s in sizes:
        want = F.interpolate(torch.from_numpy(x), **s, mode=mode).numpy()
        np.testing.assert_array_equal(i.interpolate(x, **s, mode=mode), want)


def test_missing_values_do_not_spread():
    x = np.arange(24.0).reshape(1, 1, 4, 6)
    x[0, 0, 1, 2] = np.nan
    for mode in ("nearest", "bilinear", "bicubic", "area"):
        want = F.interpolate(torch.from_numpy(x), scale_factor=1.5, mode=mode).numpy()
        np.testing.assert_allclose(i.interpolate(x, scale_factor=1.5, mode=mode), want)


def test_half_precision(rng):
    x = rng.standard_normal((1, 1, 4, 4)).astype(np.float16)
    want = F.interpolate(torch.from_numpy(x), size=7, mode="bilinear").numpy()
    got = i.interpolate(x, size=7, mode="bilinear")
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, want, atol=2e-3)


def test_integers_are_repeated_but_not_averaged():
    x = np.arange(4, dtype=np.uint8).reshape(1, 1, 4)
    assert i.interpolate(x, scale_factor=2).dtype == np.uint8
    with pytest.raises(TypeError, match="needs a floating input"):
        i.interpolate(x, scale_factor=2, mode="linear")


X = (1, 3, 4, 4)
ERRORS = [
    ({}, X),
    ({"size": 3, "scale_factor": 2}, X),
    ({"size": (3, 3, 3)}, X),
    ({"scale_factor": (3, 3, 3)}, X),
    ({"size": 3, "mode": "linear"}, X),
    ({"size": 3, "mode": "foo"}, X),
    ({"size": 3, "mode": "nearest", "align_corners": True}, X),
    ({"size": 3, "mode": "bilinear"}, X[1:]),
    ({"size": 0}, X),
    ({"scale_factor": 0.1, "mode": "bilinear"}, X),
    ({"size": 3, "recompute_scale_factor": True}, X),
    ({"size": 3, "antialias": True}, X),
    ({"size": 3, "mode": "lanczos"}, X),
    ({"size": 2, "mode": "bilinear"}, (1, 0, 3, 4)),
]


@pytest.mark.parametrize(("settings", "shape"), ERRORS)
def test_errors_are_worded_as_in_torch(settings, shape):
    with pytest.raises((RuntimeError, ValueError, NotImplementedError)) as want:
        F.interpolate(torch.zeros(shape), **settings)
    with pytest.raises(want.type, match=re.escape(str(want.value))):
        i.interpolate(np.zeros(shape), **settings)


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(
    ("mode", "space"),
    [
        ("bilinear", (4, 5)),
        ("nearest", (4, 5)),
        ("bicubic", (4, 5)),
        ("bilinear", (3, 4, 2)),
        ("nearest", (3, 4, 2)),
    ],
)
def test_grid_sample(against_torch, rng, mode, space, padding, align):
    x = rng.standard_normal((2, 3, *space))
    grid = rng.uniform(-1.6, 1.6, (2, *(3,) * len(space), len(space)))
    against_torch(
        lambda a, b: g.grid_sample(a, b, mode, padding, align),
        lambda a, b: F.grid_sample(a, b, mode, padding, align),
        x, grid,
    )  # fmt: skip


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_at_the_borders(against_torch, mode, padding, align):
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    grid = np.array(
        [
            [-1, -1],
            [1, 1],
            [-0.75, 0.75],
            [0.75, 0],
            [-1.25, 1.25],
            [1.5, -1.5],
            [0, 0],
            [7.3, -9.1],
        ]
    )
    against_torch(
        lambda a, b: g.grid_sample(a, b, mode, padding, align),
        lambda a, b: F.grid_sample(a, b, mode, padding, align),
        x, grid.reshape(1, 1, -1, 2),
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_grid_that_is_not_finite(mode, padding):
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    grid = np.array([[[[np.nan, 0], [np.inf, 0], [0.2, -np.inf], [1e30, 0]]]])
    with np.errstate(all="ignore"):
        got = g.grid_sample(x, grid, mode, padding)
    want = F.grid_sample(
        torch.from_numpy(x), torch.from_numpy(grid), mode, padding, align_corners=False
    )
    np.testing.assert_allclose(got, want.numpy())


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize(
    ("theta", "size"), [((2, 2, 3), (2, 1, 3, 4)), ((2, 3, 4), (2, 1, 2, 1, 3))]
)
def test_affine_grid(against_torch, rng, theta, size, align):
    against_torch(
        lambda t: g.affine_grid(t, size, align),
        lambda t: F.affine_grid(t, size, align),
        rng.standard_normal(theta),
    )


def test_grid_errors():
    x = np.zeros(X)
    with pytest.raises(RuntimeError, match="to have size 2 in last dimension"):
        g.grid_sample(x, np.zeros((1, 2, 2, 3)))
    with pytest.raises(RuntimeError, match="same batch size"):
        g.grid_sample(x, np.zeros((2, 2, 2, 2)))
    with pytest.raises(ValueError, match="expected mode to be"):
        g.grid_sample(x, np.zeros((1, 2, 2, 2)), mode="foo")
    with pytest.raises(ValueError, match="Expected a batch of 2D affine matrices"):
        g.affine_grid(np.zeros((1, 2, 2)), (1, 1, 2, 2))
    with pytest.raises(NotImplementedError, match="affine_grid only supports"):
        g.affine_grid(np.zeros((1, 2, 3)), (1, 1, 2))


def test_shuffles(against_torch, rng):
    x = rng.standard_normal((2, 8, 4, 6))
    for name, by in (("pixel_shuffle", 2), ("pixel_unshuffle", 2), ("channel_shuffle", 4)):
        against_torch(
            lambda v, n=name, b=by: getattr(r, n)(v, b),
            lambda v, n=name, b=by: getattr(F, n)(v, b),
            x,
        )
    for name, by in (
        ("pixel_shuffle", 3),
        ("pixel_unshuffle", 4),
        ("channel_shuffle", 3),
        ("pixel_shuffle", 0),
    ):
        with pytest.raises(RuntimeError) as want:
            getattr(F, name)(torch.from_numpy(x), by)
        with pytest.raises(RuntimeError, match=re.escape(str(want.value))):
            getattr(r, name)(x, by)
