"""What every test shares: repeatable randomness, and one thread per process for BLAS."""

import gc
import os
from collections.abc import Callable

# Before NumPy is imported: two test processes with a pool each would only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

from dualtape.core import modes

# The same examples in every run, and no deadline that a busy machine could miss.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def cycles() -> Callable[[], list[str]]:
    """Collects the garbage, and says what there was."""

    def collect() -> list[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            gc.collect()
            return [f"{type(x).__name__}: {x!r:.100}" for x in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    return collect


@pytest.fixture(autouse=True)
def no_inference_tensors_of_other_tests():
    """A tensor of inference mode that another test left alive keeps recording on its guard; tests look at the mode."""
    modes.set_mode(modes.current() & ~modes.GUARDED)
