"""Convolutions against PyTorch's: values, first and second gradients, errors."""

import re

import numpy as np
import pytest

from dualtape.core.errors import DtypeError, ShapeError
from dualtape.ops import conv as c

torch = pytest.importorskip("torch")
F = torch.nn.functional

CASES = [  # rank, x, weight, settings
    (1, (2, 3, 9), (4, 3, 3), {}),
    (1, (3, 9), (4, 3, 3), {"stride": 2, "padding": 1}),
    (1, (2, 3, 9), (4, 3, 4), {"padding": "same"}),
    (1, (2, 4, 9), (4, 2, 2), {"padding": "same", "dilation": 3, "groups": 2}),
    (2, (2, 3, 6, 7), (4, 3, 3, 2), {"padding": "valid"}),
    (2, (2, 3, 6, 7), (4, 3, 3, 2), {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 1)}),
    (2, (2, 4, 12, 12), (8, 1, 3, 3), {"groups": 4, "padding": 1}),
    (2, (2, 4, 6, 6), (3, 4, 1, 1), {}),
    (2, (2, 4, 6, 6), (3, 4, 1, 1), {"stride": 2}),
    (2, (0, 3, 6, 6), (4, 3, 3, 3), {}),
    (3, (1, 2, 4, 5, 3), (3, 2, 2, 3, 2), {"stride": (1, 2, 1), "padding": (0, 1, 1)}),
]
TRANSPOSED = [
    (1, (2, 3, 5), (3, 4, 3), {}),
    (1, (3, 5), (3, 4, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    (
        2,
        (2, 4, 3, 4),
        (4, 3, 3, 2),
        {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2), "groups": 2},
    ),
    (2, (1, 2, 3, 3), (2, 2, 2, 2), {"dilation": 2}),
    (2, (1, 2, 9, 9), (2, 2, 2, 2), {"stride": 2}),
    (2, (1, 2, 3, 3), (2, 2, 3, 3), {"stride": 1, "dilation": 3, "output_padding": (2, 1)}),
    (3, (1, 2, 2, 3, 2), (2, 2, 2, 2, 2), {"stride": 2}),
]


def _operands(rng, x, w, bias, dtype):
    def draw(shape):
        a = rng.standard_normal(shape)
        return np.asarray(
            a + 1j * rng.standard_normal(shape) if dtype.startswith("c") else a, dtype
        )

    return [draw(x), draw(w), draw((bias,))]


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
@pytest.mark.parametrize(("rank", "x", "w", "settings"), CASES)
def test_conv(against_torch, rng, rank, x, w, settings, dtype):
    name = f"conv{rank}d"
    against_torch(
        lambda *v: getattr(c, name)(*v, **settings),
        lambda *v: getattr(F, name)(*v, **settings),
        *_operands(rng, x, w, w[0], dtype),
        # With other sums in single precision, over the second derivative's larger numbers.
        tolerance=1e-4 if dtype == "float32" else None,
    )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize(("rank", "x", "w", "settings"), TRANSPOSED)
def test_conv_transpose(against_torch, rng, rank, x, w, settings, dtype):
    name = f"conv_transpose{rank}d"
    against_torch(
        lambda *v: getattr(c, name)(*v, **settings),
        lambda *v: getattr(F, name)(*v, **settings),
        *_operands(rng, x, w, w[1] * settings.get("groups", 1), dtype),
    )


def test_half_precision_is_added_up_in_single(rng):
    x = rng.standard_normal((1, 256, 3, 3)).astype(np.float16)
    w = rng.standard_normal((2, 256, 3, 3)).astype(np.float16)
    got = c.conv2d(x, w)
    want = F.conv2d(torch.from_numpy(x), torch.from_numpy(w)).numpy()
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-2)


def test_infinities_stay_where_they_are():
    x = np.zeros((1, 1, 5))
    x[..., 4] = np.inf
    w = np.ones((1, 1, 2))
    assert c.conv1d(x, w).tolist() == F.conv1d(torch.tensor(x), torch.tensor(w)).tolist()


ERRORS = [  # name, x, w, settings
    ("conv2d", (1, 3, 4, 4), (2, 4, 3, 3), {}),
    ("conv2d", (3, 3), (2, 4, 3, 3), {}),
    ("conv2d", (1, 3, 2, 2), (2, 3, 3, 3), {}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"padding": -1}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"stride": 0}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"stride": 2, "padding": "same"}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"padding": "foo"}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"dilation": 0}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"groups": 2}),
    ("conv2d", (1, 3, 4, 4), (3, 1, 3, 3), {"groups": 0}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"stride": (1, 1, 1)}),
    ("conv2d", (1, 3, 4, 4), (2, 3, 3, 3), {"padding": (1, 1, 1)}),
    ("conv2d", (1, 3, 4, 4), (0, 3, 3, 3), {}),
    ("conv_transpose2d", (1, 3, 4, 4), (2, 2, 3, 3), {}),
    ("conv_transpose2d", (1, 3, 4, 4), (3, 2, 3, 3), {"groups": 2}),
    ("conv_transpose2d", (1, 3, 4, 4), (3, 2, 3, 3), {"padding": 5}),
]


@pytest.mark.parametrize(("name", "x", "w", "settings"), ERRORS)
def test_errors_are_worded_as_in_torch(name, x, w, settings):
    with pytest.raises(RuntimeError) as want:
        getattr(F, name)(torch.zeros(x), torch.zeros(w), **settings)
    with pytest.raises(ShapeError, match=re.escape(str(want.value))):
        getattr(c, name)(np.zeros(x), np.zeros(w), **settings)


def test_bias_and_dtype_errors():
    x, w = np.zeros((1, 3, 4, 4)), np.zeros((2, 3, 3, 3))
    with pytest.raises(
        ShapeError, match="expected bias to be 1-dimensional with 2 elements, but got bias of size"
    ):
        c.conv2d(x, w, np.zeros(3))
    with pytest.raises(DtypeError, match="expected scalar type float64 but found float32"):
        c.conv2d(x, w.astype(np.float32))


def test_padding_may_differ_before_and_behind(rng):
    x, w = rng.standard_normal((1, 1, 5)), rng.standard_normal((1, 1, 3))
    want = c.conv1d(np.pad(x, ((0, 0), (0, 0), (0, 2))), w)
    np.testing.assert_array_equal(c.conv1d(x, w, padding=((0, 2),)), want)
