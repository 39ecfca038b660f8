"""`torch.testing.assert_close` says what PyTorch's says."""

import numpy as np
import pytest

import dualtape.torch


def numbers(torch, *values, **options):
    return torch.tensor([*values], **options)


CASES = {
    "close": lambda t: ((numbers(t, 1.0, 2.0), numbers(t, 1.0, 2.0 + 1e-7)), {}),
    "one element": lambda t: ((numbers(t, 1.0, 2.0, 3.0), numbers(t, 1.0, 2.1, 3.0)), {}),
    "zeros": lambda t: ((t.ones(2, 2), t.zeros(2, 2)), {}),
    "shape": lambda t: ((t.ones(3), t.ones(2)), {}),
    "dtype": lambda t: ((t.ones(3), t.ones(3).double()), {}),
    "dtype unchecked": lambda t: ((t.ones(3), t.ones(3).double()), {"check_dtype": False}),
    "0-d": lambda t: ((t.tensor(1.0), t.tensor(2.0)), {}),
    "floats": lambda t: ((1.0, 1.1), {}),
    "ints": lambda t: ((1, 2), {}),
    "sequence": lambda t: (([t.ones(2), t.ones(2)], [t.ones(2), t.zeros(2)]), {}),
    "nested": lambda t: (({"x": [t.ones(2)]}, {"x": [t.zeros(2)]}), {}),
    "keys": lambda t: (({"x": 1}, {"y": 1}), {}),
    "lengths": lambda t: (([1], [1, 2]), {}),
    "integers": lambda t: ((numbers(t, 1, 2), numbers(t, 1, 3)), {}),
    "nan": lambda t: ((numbers(t, float("nan")), numbers(t, float("nan"))), {}),
    "nan equal": lambda t: ((numbers(t, float("nan")), numbers(t, float("nan"))), {"equal_nan": True}),
    "infinity": lambda t: ((numbers(t, float("inf"), 1.0), numbers(t, 1.0, 1.0)), {}),
    "equal infinities": lambda t: ((numbers(t, float("inf"), 1.0), numbers(t, float("inf"), 1.5)), {}),
    "message": lambda t: ((t.ones(2), t.zeros(2)), {"msg": "another"}),
    "message of message": lambda t: ((t.ones(2), t.zeros(2)), {"msg": lambda m: "so: " + m}),
    "rtol alone": lambda t: ((t.ones(2), t.zeros(2)), {"rtol": 0.1}),
    "tolerances": lambda t: ((t.ones(2), t.zeros(2)), {"rtol": 0.0, "atol": 0.1}),
    "half": lambda t: ((t.ones(3).half(), t.ones(3).half() + 0.01), {}),
    "bfloat16": lambda t: ((t.ones(3).bfloat16(), t.ones(3).bfloat16() * 2), {}),
    "complex": lambda t: ((numbers(t, 1 + 1j), numbers(t, 1 + 2j)), {}),
    "booleans": lambda t: ((numbers(t, True, False), numbers(t, True, True)), {}),
    "Python booleans": lambda t: ((True, False), {}),
    "types of numbers": lambda t: ((1, 1.0), {}),
    "NumPy": lambda t: ((np.ones(2), np.zeros(2)), {}),
    "NumPy numbers": lambda t: ((np.float64(1), np.float64(2)), {}),
    "stride": lambda t: ((t.ones(2, 3).t(), t.ones(3, 2)), {"check_stride": True}),
    "requires_grad": lambda t: ((t.ones(2), t.ones(2, requires_grad=True)), {}),
    "empty": lambda t: ((t.ones(0), t.ones(0)), {}),
    "none": lambda t: ((None, None), {}),
    "nothing and something": lambda t: ((None, 1), {}),
    "strings": lambda t: (("x", "x"), {}),
}  # fmt: skip


def said(torch, name):
    args, options = CASES[name](torch)
    try:
        torch.testing.assert_close(*args, **options)
    except Exception as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name):
    real = pytest.importorskip("torch")
    assert said(dualtape.torch, name) == said(real, name)


def test_without_pytorch():
    torch = dualtape.torch
    torch.testing.assert_close(torch.ones(2), torch.ones(2) + 1e-7)
    with pytest.raises(AssertionError, match=r"Mismatched elements: 1 / 2 \(50.0%\)"):
        torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]))
    with pytest.raises(TypeError, match="No comparison pair was able to handle"):
        torch.testing.assert_close(torch.ones(2), 1.0)
