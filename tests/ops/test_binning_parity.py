"""Quantiles, searches, histograms and distinct values against PyTorch's."""

import numpy as np
import pytest

from dualtape.core.errors import ArgumentError, DtypeError, ShapeError
from dualtape.ops import binning as b
from dualtape.ops import quantile as q

torch = pytest.importorskip("torch")
inf, nan = np.inf, np.nan
WAYS = ["linear", "lower", "higher", "midpoint", "nearest"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantile(against_torch, rng, name, dtype, way):
    f, g = getattr(q, name), getattr(torch, name)
    x = rng.standard_normal((3, 4)).astype(dtype)
    x[1, 2] = nan
    many = np.array([0.0, 0.3, 0.5, 1.0], dtype)
    for axis in (None, 0, -1):
        for keep in (False, True):
            against_torch(
                lambda x, a=axis, k=keep: f(x, 0.3, a, k, way),
                lambda x, a=axis, k=keep: g(x, 0.3, a, k, interpolation=way),
                x,
            )
            against_torch(
                lambda x, q, a=axis, k=keep: f(x, q, a, k, way),
                lambda x, q, a=axis, k=keep: g(x, q, a, k, interpolation=way), x, many,
                wanted=[0, 1] if way == "linear" else [0],
            )  # fmt: skip


def test_quantile_of_few(against_torch):
    against_torch(lambda x: q.quantile(x, 0.5), lambda x: x.quantile(0.5), np.array(2.0))
    against_torch(
        lambda x: q.nanquantile(x, 0.5), lambda x: x.nanquantile(0.5), np.array([nan, nan]), order=1
    )


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("int32", [False, True])
def test_searchsorted(against_torch, rng, right, int32):
    x = np.array([[-2.0, 0.0, nan], [0.5, inf, 1.0]])
    row = np.array([-1.0, 0.0, 0.0, 1.0])
    rows = np.sort(rng.integers(-2, 3, (2, 6)).astype(float))
    against_torch(
        lambda r, x: b.searchsorted(r, x, right, int32=int32),
        lambda r, x: torch.searchsorted(r, x, right=right, out_int32=int32), row, x, order=0,
    )  # fmt: skip
    against_torch(
        lambda r, x: b.searchsorted(r, x, side="right" if right else "left"),
        lambda r, x: torch.searchsorted(r, x, side="right" if right else "left"), rows, x, order=0,
    )  # fmt: skip
    against_torch(
        lambda x, r: b.bucketize(x, r, right, int32),
        lambda x, r: torch.bucketize(x, r, right=right, out_int32=int32),
        x,
        row,
        order=0,
    )
    mixed = np.array([0.0, -1.0, 1.0, 0.0])
    order = np.argsort(mixed, kind="stable")
    against_torch(
        lambda r, s: b.searchsorted(r, 0.5, sorter=s),
        lambda r, s: torch.searchsorted(r, 0.5, sorter=s),
        mixed,
        order,
        order=0,
    )


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-1, 1), (0, 5)])
def test_histograms(against_torch, rng, low, high):
    x, w = rng.standard_normal((2, 30)), rng.uniform(size=(2, 30))
    against_torch(
        lambda x: b.histc(x, 7, low, high), lambda x: torch.histc(x, 7, low, high), x, order=0
    )
    if high:
        for density in (False, True):
            against_torch(
                lambda x, w, d=density: tuple(b.histogram(x, 5, (low, high), w, d)),
                lambda x, w, d=density: tuple(
                    torch.histogram(x, 5, range=(low, high), weight=w, density=d)
                ),
                x,
                w,
                order=0,
            )
    against_torch(
        lambda x: tuple(b.histogram(x, 4)), lambda x: tuple(torch.histogram(x, 4)), x, order=0
    )
    edges = np.array([-1.0, 0.0, 0.2, 2.0])
    against_torch(
        lambda x, e: tuple(b.histogram(x, e)),
        lambda x, e: tuple(torch.histogram(x, e)),
        x,
        edges,
        order=0,
    )
    points = rng.standard_normal((20, 2))

    def ours(x):
        counts, edges = b.histogramdd(x, [3, 2], (-2.0, 2.0, -1.0, 1.0))
        return (counts, *edges)

    def theirs(x):
        counts, edges = torch.histogramdd(x, [3, 2], range=(-2.0, 2.0, -1.0, 1.0))
        return (counts, *edges)

    against_torch(ours, theirs, points, order=0)


@pytest.mark.parametrize("x", [[2.0, 2.0], []])
def test_histc_without_a_range(against_torch, x):
    against_torch(lambda x: b.histc(x, 4), lambda x: torch.histc(x, 4), np.array(x), order=0)


@pytest.mark.parametrize(
    ("x", "settings"),
    [
        ([2.0, 2.0], {}),
        ([], {}),
        ([1.0, 2.0], {"range": (1.0, 1.0)}),
        ([1.0, 2.0, 5.0], {"range": (1.0, 2.0), "density": True}),
    ],
)
def test_histogram_ranges(against_torch, x, settings):
    against_torch(
        lambda x: tuple(b.histogram(x, 3, **settings)),
        lambda x: tuple(torch.histogram(x, 3, **settings)),
        np.array(x),
        order=0,
    )


def test_bincount(against_torch):
    x = np.array([1, 1, 3])
    against_torch(b.bincount, torch.bincount, x, order=0)
    against_torch(
        lambda x: b.bincount(x, minlength=6), lambda x: torch.bincount(x, minlength=6), x, order=0
    )
    against_torch(b.bincount, torch.bincount, np.empty(0, np.int64), order=0)
    for dtype in ("float32", "float64"):
        w = np.array([0.5, 0.25, 1], dtype)
        against_torch(b.bincount, torch.bincount, x, w, order=0)


@pytest.mark.parametrize(
    "x", [[3.0, 1.0, nan, nan, 1.0], [2, 2, 1, 2], [[1, 2], [1, 2], [0, 5]], [True, False], []]
)
def test_unique(against_torch, x):
    x = np.array(x)
    for axis in [None] if x.dtype.kind == "f" else [None, 0, -1]:
        against_torch(
            lambda x, a=axis: tuple(b.unique(x, a)),
            lambda x, a=axis: torch.unique(x, return_inverse=True, return_counts=True, dim=a),
            x,
            order=0,
        )
        against_torch(
            lambda x, a=axis: tuple(b.unique_consecutive(x, a)),
            lambda x, a=axis: torch.unique_consecutive(
                x, return_inverse=True, return_counts=True, dim=a
            ),
            x,
            order=0,
        )


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda x: q.quantile(x, 1.5),
            ArgumentError,
            r"quantile\(\) q must be in the range \[0, 1\] but got 1.5",
        ),
        (
            lambda x: q.quantile(x, 0.5, interpolation="foo"),
            ArgumentError,
            "interpolation must be one of linear, lower",
        ),
        (lambda x: q.quantile(x, np.ones((1, 1))), ShapeError, "q must be a scalar or 1D tensor"),
        (
            lambda x: q.quantile(x, np.float32(0.5)),
            DtypeError,
            "q tensor must be same dtype as the input tensor",
        ),
        (lambda x: q.quantile(x[:0], 0.5), ShapeError, "input tensor must be non-empty"),
        (
            lambda x: q.quantile(np.arange(3), 0.5),
            DtypeError,
            "must be either float or double dtype",
        ),
        (
            lambda x: b.searchsorted(x, 2.0, side="foo"),
            ArgumentError,
            "side can only be 'left' or 'right' but got foo",
        ),
        (
            lambda x: b.searchsorted(x, 2.0, True, "left"),
            ArgumentError,
            "side and right can't be set to opposites",
        ),
        (
            lambda x: b.searchsorted(x[None], np.ones((2, 2))),
            ShapeError,
            "first N-1 dimensions of boundaries tensor",
        ),
        (
            lambda x: b.bucketize(x, x[None]),
            ShapeError,
            r"boundaries tensor must be 1 dimension, but got dim\(2\)",
        ),
        (lambda x: b.histc(x * nan, 4), ArgumentError, "is not finite"),
        (lambda x: b.histc(x, 4, 2, 1), ArgumentError, "max must be larger than min"),
        (lambda x: b.histc(x, 0), ArgumentError, "bins must be > 0, but got 0"),
        (
            lambda x: b.bincount(np.array([-1])),
            ShapeError,
            "bincount only supports 1-d non-negative integral inputs.",
        ),
        (lambda x: b.bincount(x), DtypeError, '"bincount_cpu" not implemented for float64'),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(np.array([1.0, 2.0, 3.0]))
