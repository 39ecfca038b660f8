"""The same test on dualtape and on TensorFlow: what a test asserts was never only believed."""

import os
from types import ModuleType

import numpy as np
import pytest

import dualtape.tensorflow as ours

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(params=["dualtape", "tensorflow"])
def tf(request: pytest.FixtureRequest) -> ModuleType:
    """Each of both in turn; TensorFlow if it is installed."""
    return ours if request.param == "dualtape" else pytest.importorskip("tensorflow")


@pytest.fixture
def dt() -> ModuleType:
    """dualtape alone, for what TensorFlow does otherwise or not at all."""
    return ours


@pytest.fixture
def close():
    """Compare a tensor, or nested ones, with plain numbers."""

    def check(got, want, rtol=1e-5, atol=1e-6) -> None:
        if (isinstance(want, (list, tuple)) and want and want[0] is None) or want is None:
            assert got is want or [g is None for g in got] == [w is None for w in want]
            return
        assert got is not None
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=rtol, atol=atol)

    return check
