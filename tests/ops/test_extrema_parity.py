"""Extrema and their places against PyTorch's, ties, NaN and infinities included."""

import numpy as np
import pytest

from dualtape.core.errors import ShapeError
from dualtape.ops import extrema as e

torch = pytest.importorskip("torch")
inf, nan = np.inf, np.nan

ROWS = [
    [1.0, 3.0, 3.0, 2.0],
    [1.0, nan, 3.0, nan],
    [inf, 1.0, inf, -inf],
    [-inf, -inf],
    [nan, nan],
    [0.0, -0.0, 0.0],
    [5.0],
]


@pytest.mark.parametrize("row", ROWS)
def test_rows(against_torch, row):
    x = np.array(row)
    for name in ("max", "min"):
        f, g = getattr(torch, name), getattr(torch, "a" + name)
        against_torch(getattr(e, name), f, x)
        against_torch(getattr(e, "a" + name), g, x)
        against_torch(getattr(e, name + "_along"), lambda x, f=f: tuple(f(x, 0)), x)
        against_torch(getattr(e, "arg" + name), getattr(torch, "arg" + name), x, order=0)
    against_torch(e.aminmax, lambda x: tuple(torch.aminmax(x)), x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_axes(against_torch, rng, axis, keepdims, dtype):
    x = rng.integers(-2, 3, (3, 4, 5)).astype(dtype)
    order = 2 if dtype.startswith("float") else 0
    for name in ("max", "min"):
        f, g, h = (getattr(torch, n + name) for n in ("", "a", "arg"))
        against_torch(
            lambda x, n=name: getattr(e, n + "_along")(x, axis, keepdims),
            lambda x, f=f: tuple(f(x, axis, keepdims)), x, order=order,
        )  # fmt: skip
        against_torch(
            lambda x, n=name: getattr(e, "a" + n)(x, (axis, 0) if axis % 3 else 0, keepdims),
            lambda x, g=g: g(x, (axis, 0) if axis % 3 else 0, keepdims), x, order=order,
        )  # fmt: skip
        if dtype != "bool":
            against_torch(
                lambda x, n=name: getattr(e, "arg" + n)(x, axis, keepdims),
                lambda x, h=h: h(x, axis, keepdims), x, order=0,
            )  # fmt: skip
            against_torch(
                lambda x, n=name: getattr(e, "arg" + n)(x, None, keepdims),
                lambda x, h=h: h(x, None, keepdims), x, order=0,
            )  # fmt: skip
    if order:
        against_torch(
            lambda x: e.aminmax(x, axis, keepdims),
            lambda x: tuple(torch.aminmax(x, dim=axis, keepdim=keepdims)),
            x,
        )


def test_scalar(against_torch):
    x = np.array(2.0)
    for axis in (0, -1):
        against_torch(
            lambda x, a=axis: e.max_along(x, a, True), lambda x, a=axis: tuple(x.max(a, True)), x
        )
        against_torch(lambda x, a=axis: e.amin(x, a), lambda x, a=axis: x.amin(a), x)
    against_torch(e.max, torch.max, x)
    against_torch(lambda x: e.argmax(x, 0), lambda x: x.argmax(0), x, order=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda x: e.max(x),
            ShapeError,
            r"max\(\): Expected reduction dim to be specified for input.numel\(\) == 0",
        ),
        (lambda x: e.amin(x), ShapeError, r"amin\(\): Expected reduction dim to be specified"),
        (
            lambda x: e.amax(x, 1),
            IndexError,
            r"amax\(\): Expected reduction dim 1 to have non-zero size.",
        ),
        (
            lambda x: e.max_along(x, 1),
            IndexError,
            r"max\(\): Expected reduction dim 1 to have non-zero size.",
        ),
        (lambda x: e.argmax(x), IndexError, r"argmax\(\): Expected reduction dim to be specified"),
        (lambda x: e.aminmax(x), ShapeError, "cannot compute aminmax over an empty dimension"),
        (lambda x: e.max_along(x, 2), IndexError, "Dimension out of range"),
    ],
)
def test_nothing_to_choose_from(call, error, words):
    with pytest.raises(error, match=words):
        call(np.ones((2, 0)))
    assert e.max_along(np.ones((2, 0)), 0)[0].shape == (0,)
    assert e.amax(np.ones((2, 0)), 0).shape == (0,)
