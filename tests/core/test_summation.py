"""Reductions that go another way than NumPy's for the sake of speed give what NumPy gives."""

import numpy as np
import pytest

from dualtape.core.summation import add_up, reduce_over

SHAPES = [(300, 2), (40, 30, 5), (7, 100, 16), (64, 17), (600, 1), (513,), (0, 3), (2, 4, 100, 3)]


def numbers(shape, dtype=float):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.minimum])
def test_short_rows(shape, keepdims, ufunc):
    x = numbers(shape)
    rank = len(shape)
    initial = () if ufunc is np.add else (np.inf if ufunc is np.minimum else -np.inf,)
    for axes in [(rank - 1,), -1, (0,), None, tuple(range(rank))]:
        found = reduce_over(ufunc, x, axes, keepdims, *initial)
        expected = ufunc.reduce(x, axes, None, None, keepdims, *initial)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


def test_short_rows_keep_dtype_and_nan():
    x = numbers((400, 3), np.float32)
    x[7, 1] = np.nan
    found = reduce_over(np.maximum, x, (1,), False)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [7])
    x[9] = [-np.inf, np.inf, 0]
    np.testing.assert_array_equal(reduce_over(np.add, x, -1, True)[[7, 9]], np.nan)


def test_what_is_not_contiguous():
    x = numbers((5, 900)).T[::2]
    np.testing.assert_array_equal(reduce_over(np.maximum, x, (1,), False), x.max(1))
    np.testing.assert_allclose(add_up(x, (1,), False), x.sum(1), rtol=1e-14)


@pytest.mark.parametrize("shape", [(1000, 10), (4001, 2), (300, 64), (257, 3, 9)])
def test_long_axes_over_short_ones(shape):
    x = numbers(shape)
    np.testing.assert_allclose(add_up(x, (0,), False), x.sum(0), rtol=1e-12, atol=1e-12)


def test_sums_of_many_equal_numbers_stay_accurate():
    x = np.full((1_000_000, 3), 0.1, np.float32)
    np.testing.assert_allclose(add_up(x, (0,), False), 1e5, rtol=2e-5)
    np.testing.assert_allclose(np.add.reduce(x, 0), 1e5, rtol=0.05)  # what NumPy alone does
