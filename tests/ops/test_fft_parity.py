"""Fourier transforms against PyTorch's: values, first and second gradients, errors."""

import re

import numpy as np
import pytest

from dualtape.ops import fft as f

torch = pytest.importorskip("torch")

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MANY = ["fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn"]


def _operand(rng, name, shape, dtype):
    if name.startswith(("r", "ih")):
        dtype = dtype.replace("complex128", "float64").replace("complex64", "float32")
    a = rng.standard_normal(shape)
    return np.asarray(a + 1j * rng.standard_normal(shape) if dtype.startswith("c") else a, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", ONE)
def test_one_axis(against_torch, rng, name, norm, dtype):
    x = _operand(rng, name, (3, 5), dtype)
    for settings in ({}, {"n": 4}, {"n": 7}, {"n": 8, "dim": 0}, {"n": 1}):
        against_torch(
            lambda v, s=settings: getattr(f, name)(v, **s, norm=norm),
            lambda v, s=settings: getattr(torch.fft, name)(v, **s, norm=norm),
            x,
        )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("name", MANY)
def test_several_axes(against_torch, rng, name, norm, dtype):
    x = _operand(rng, name, (3, 4, 5), dtype)
    for settings in (
        {},
        {"s": (4,)},
        {"s": (-1, 6)},
        {"dim": (0, 1)},
        {"s": (2, 5), "dim": (2, 0)},
    ):
        against_torch(
            lambda v, s=settings: getattr(f, name)(v, **s, norm=norm),
            lambda v, s=settings: getattr(torch.fft, name)(v, **s, norm=norm),
            x,
        )


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(against_torch, rng, name):
    x = rng.standard_normal((4, 5, 1))
    for dim in (None, 0, -2, (0, 1)):
        against_torch(
            lambda v, d=dim: getattr(f, name)(v, d),
            lambda v, d=dim: getattr(torch.fft, name)(v, d),
            x,
        )


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_frequencies(name, n):
    got, want = (
        getattr(f, name)(n, 0.3),
        getattr(torch.fft, name)(n, 0.3, dtype=torch.float64).numpy(),
    )
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-15)


X = torch.zeros(4, 3)
ERRORS = [
    ("fft", (4, 3), {"n": 0}),
    ("fft", (0,), {}),
    ("fft", (4, 3), {"dim": 5}),
    ("fft", (4, 3), {"norm": "foo"}),
    ("fft", (), {}),
    ("fftn", (4, 3), {"dim": (0, 0)}),
    ("fftn", (4, 3), {"s": (2,), "dim": (0, 1)}),
    ("fftn", (4, 3), {"s": (2, 2, 2)}),
    ("fftn", (4, 3), {"s": (-2, 2)}),
    ("rfftn", (4, 3), {"dim": ()}),
    ("irfftn", (4, 3), {"dim": ()}),
    ("irfft", (4, 1), {}),
    ("irfft", (4, 3), {"n": -2}),
]


@pytest.mark.parametrize(("name", "shape", "settings"), ERRORS)
def test_errors_are_worded_as_in_torch(name, shape, settings):
    with pytest.raises((RuntimeError, IndexError)) as want:
        getattr(torch.fft, name)(torch.zeros(shape), **settings)
    with pytest.raises(want.type, match=re.escape(str(want.value))):
        getattr(f, name)(np.zeros(shape), **settings)


def test_real_transforms_refuse_complex_and_half():
    for name in ("rfft", "ihfft"):
        with pytest.raises(TypeError, match=f"{name} expects a real input tensor"):
            getattr(f, name)(np.zeros(3, complex))
    with pytest.raises(TypeError, match="Unsupported dtype float16"):
        f.fft(np.zeros(3, np.float16))


def test_no_axes_leave_a_complex_copy():
    assert f.fftn(np.float64(2)).dtype == np.complex128
    np.testing.assert_array_equal(f.fftn(np.ones((2, 2)), dim=()), np.ones((2, 2), complex))


def test_integers_are_transformed_in_double():
    assert f.rfft(np.arange(4)).dtype == np.complex128
