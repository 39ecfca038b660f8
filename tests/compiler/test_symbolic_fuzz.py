"""Random programs with all lengths left open: at other lengths they give what eager code gives, or its error."""

import os
import warnings

import numpy as np
import pytest

import dualtape as dt
from dualtape.testing.programs import random_inputs, random_program

WANTED = int(os.environ.get("DUALTAPE_FUZZ", "0")) // 10 or 40


def plain(x):
    return np.asarray(x.value if hasattr(x, "value") else x)


@pytest.mark.parametrize("seed", range(WANTED))
def test_a_random_program_at_other_lengths(seed):
    rng = np.random.default_rng(seed)

    def choose(n):
        return int(rng.integers(n)) if n > 1 else 0

    inputs = [np.asarray(x) for x in random_inputs(choose)]
    program = random_program(choose, inputs, length=6)
    if not program.steps:
        pytest.skip("an empty program")
    compiled = dt.jit(lambda *xs: program(*xs), backend="numpy", dynamic=True)
    for more in (0, 1, 3, 0, 2):
        xs = [
            rng.normal(size=[n + more if n > 1 else n for n in x.shape]).astype(x.dtype)
            for x in inputs
        ]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=".*which is a bug in dualtape")
            try:
                want = compiled._function(*xs)
            except (ValueError, IndexError, RuntimeError) as error:
                with pytest.raises(type(error)):
                    compiled(*xs)
                continue
            got = compiled(*xs)
        assert plain(got).dtype == plain(want).dtype
        assert plain(got).shape == plain(want).shape
        np.testing.assert_allclose(
            plain(got), plain(want), rtol=1e-9, atol=1e-9, err_msg=str(program)
        )
