"""Sorting and ranks against PyTorch's."""

import numpy as np
import pytest

from dualtape.core.errors import ShapeError
from dualtape.ops import sorting as s

torch = pytest.importorskip("torch")
inf, nan = np.inf, np.nan

ROWS = [
    [1.0, 3.0, 3.0, 2.0],
    [1.0, nan, 3.0, nan],
    [inf, 1.0, inf, -inf],
    [-inf, -inf, -inf],
    [nan, nan],
    [7.0],
]


@pytest.mark.parametrize("row", ROWS)
def test_rows(against_torch, row):
    x = np.array(row)
    for descending in (False, True):
        against_torch(
            lambda x, d=descending: s.sort(x, descending=d),
            lambda x, d=descending: tuple(x.sort(descending=d)),
            x,
        )
        against_torch(
            lambda x, d=descending: s.argsort(x, descending=d),
            lambda x, d=descending: x.argsort(descending=d), x, order=0,
        )  # fmt: skip
        against_torch(
            lambda x, d=descending: s.topk(x, min(2, len(row)), largest=d),
            lambda x, d=descending: tuple(x.topk(min(2, len(row)), largest=d)), x,
        )  # fmt: skip
    for name in ("median", "nanmedian"):
        f = getattr(torch, name)
        against_torch(getattr(s, name), f, x)
        against_torch(getattr(s, name + "_along"), lambda x, f=f: tuple(f(x, 0)), x)
    against_torch(s.mode, lambda x: tuple(x.mode()), x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_axes_and_dtypes(against_torch, rng, axis, dtype):
    x = rng.permutation(60).reshape(3, 4, 5).astype(dtype)
    order = 2 if dtype[0] == "f" else 0
    against_torch(
        lambda x: s.sort(x, axis, True),
        lambda x: tuple(x.sort(dim=axis, descending=True, stable=True)),
        x,
        order=order,
    )
    if dtype == "bool":
        return
    against_torch(lambda x: s.topk(x, 3, axis), lambda x: tuple(x.topk(3, axis)), x, order=order)
    for keep in (False, True):
        against_torch(
            lambda x, k=keep: s.kthvalue(x, 2, axis, k),
            lambda x, k=keep: tuple(x.kthvalue(2, axis, k)),
            x,
            order=order,
        )
        against_torch(
            lambda x, k=keep: s.median_along(x, axis, k),
            lambda x, k=keep: tuple(x.median(axis, k)),
            x,
            order=order,
        )
        against_torch(
            lambda x, k=keep: s.mode(x, axis, k),
            lambda x, k=keep: tuple(x.mode(axis, k)),
            x,
            order=order,
        )


def test_mode_of_many_equals(against_torch, rng):
    x = rng.integers(0, 4, (15, 9)).astype(
        float
    )  # in longer rows PyTorch returns any of the places
    against_torch(s.mode, lambda x: tuple(x.mode()), x)
    against_torch(lambda x: s.mode(x, 0), lambda x: tuple(x.mode(0)), x)


def test_topk_of_long_rows(against_torch, rng):
    x = rng.permutation(4000).reshape(2, 2000).astype(float)
    for k in (0, 1, 7, 2000):
        for largest in (True, False):
            against_torch(
                lambda x, k=k, g=largest: s.topk(x, k, largest=g),
                lambda x, k=k, g=largest: tuple(x.topk(k, largest=g)),
                x,
            )


def test_scalar_and_empty(against_torch):
    x = np.array(2.0)
    against_torch(s.sort, lambda x: tuple(x.sort()), x)
    against_torch(lambda x: s.topk(x, 1), lambda x: tuple(x.topk(1)), x)
    against_torch(lambda x: s.kthvalue(x, 1), lambda x: tuple(x.kthvalue(1)), x)
    against_torch(s.median_along, lambda x: tuple(x.median(0)), x)
    against_torch(s.mode, lambda x: tuple(x.mode()), x)
    empty = np.empty(0)
    against_torch(s.sort, lambda x: tuple(x.sort()), empty)
    against_torch(s.median, torch.median, empty, order=1)
    against_torch(s.msort, torch.msort, np.ones((3, 0)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: s.topk(x, 4), ShapeError, "selected index k out of range"),
        (lambda x: s.topk(x, -1), ShapeError, "selected index k out of range"),
        (
            lambda x: s.kthvalue(x, 0),
            ShapeError,
            r"kthvalue\(\): selected number k out of range for dimension 1",
        ),
        (
            lambda x: s.kthvalue(x[:, :0], 1),
            IndexError,
            r"kthvalue\(\): Expected reduction dim 1 to have non-zero",
        ),
        (
            lambda x: s.median_along(x[:, :0]),
            IndexError,
            r"median\(\): Expected reduction dim 1 to have non-zero",
        ),
        (lambda x: s.sort(x, 2), IndexError, "Dimension out of range"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call(np.ones((2, 3)))
