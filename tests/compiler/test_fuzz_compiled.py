"""Random programs, compiled and as they are: the generator of the property tests, run through the compiler."""

import os
import warnings

import numpy as np
import pytest

import dualtape as dt
from dualtape.testing.programs import random_inputs, random_program

WANTED = int(os.environ.get("DUALTAPE_FUZZ", "0")) // 10 or 40
BACKENDS = (
    ["native", "numpy"] if __import__("importlib.util").util.find_spec("llvmlite") else ["numpy"]
)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(WANTED))
def test_a_random_program_compiled(seed, backend):
    rng = np.random.default_rng(seed)

    def choose(n):
        return int(rng.integers(n)) if n > 1 else 0

    inputs = [np.asarray(x) for x in random_inputs(choose)]
    program = random_program(choose, inputs, length=6)
    if not program.steps:
        pytest.skip("an empty program")
    compiled = dt.jit(lambda *xs: program(*xs), backend=backend)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = dt.jit(lambda *xs: program(*xs), backend="numpy")._function(*inputs)
        for _ in range(3):
            got = compiled(*[x.copy() for x in inputs])
            np.testing.assert_allclose(
                plain(got), plain(want), rtol=1e-9, atol=1e-9, err_msg=str(program)
            )
            assert np.asarray(plain(got)).dtype == np.asarray(plain(want)).dtype


def plain(x):
    return np.asarray(x.value if hasattr(x, "value") else x)
