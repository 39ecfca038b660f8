"""Sums in place: for one element they are what NumPy's are, bit by bit."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtape.core.single import add_into, subtract_from

NUMBERS = {
    np.float16: st.floats(width=16),
    np.float32: st.floats(width=32),
    np.float64: st.floats(width=64),
}


@pytest.mark.parametrize("dtype", list(NUMBERS))
@given(data=st.data())
def test_one_element_is_rounded_as_numpy_rounds_it(dtype, data):
    x, y = (np.array([data.draw(NUMBERS[dtype])], dtype) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ours, theirs in ((add_into, np.add), (subtract_from, np.subtract)):
            a = x.copy()
            assert ours(a, y) is a
            expected = theirs(x, y)
            np.testing.assert_array_equal(a, expected)
            assert np.signbit(a) == np.signbit(expected) or np.isnan(expected)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones((1, 1)), np.array(2.0)),
        (np.ones(1), np.float64(2)),
        (np.ones(3, np.float32), np.ones(1, np.float32)),
        (np.ones(1, np.float32), np.ones(1)),
        (np.array([250], np.uint8), np.array([10], np.uint8)),
        (np.ones(1, complex), np.ones(1, complex)),
    ],
)
def test_whatever_else_is_numpys(a, b):
    x, y = a.copy(), a.copy()
    y += b
    np.testing.assert_array_equal(add_into(x, b), y)
    assert x.dtype == y.dtype


def test_a_number_is_replaced():
    assert add_into(np.float32(1), np.float32(2)) == np.float32(3)


def test_more_axes_than_there_are_is_numpys_error():
    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        subtract_from(np.array(1.0), np.ones(1))
