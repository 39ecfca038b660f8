"""Random numbers of NumPy and Python inside `vmap`: noticed, whoever draws them and however little changes by it."""

import random
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.core.errors import GradientWarning, TransformError

RNG = np.random.default_rng(0)
OLD = np.random.RandomState(0)
X = np.ones(3)


def noisy(x):
    return x + np.random.normal()


DRAWS = {
    "normal": noisy,
    "in a helper": lambda x: noisy(x) * 2,
    "under grad": dt.grad(lambda x: x * noisy(x)),
    "rand": lambda x: x * np.random.rand(4).sum(),
    "a whole block of bits": lambda x: x * np.random.rand(312).sum(),
    "shuffle": lambda x: x * np.random.permutation(3)[0],
    "random": lambda x: x * random.random(),
    "gauss": lambda x: x * random.gauss(0.0, 1.0),
    "a generator": lambda x: x * RNG.normal(),
    "a generator as a default": lambda x, rng=RNG: x * rng.normal(),
    "an old generator": lambda x: x * OLD.rand(),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("randomness", ["error", "different"])
def test_it_is_an_error(name, randomness):
    for _ in range(3):  # normal numbers come in pairs: every second leaves the bits as they were
        with pytest.raises(TransformError, match="one number for all examples"):
            dt.vmap(DRAWS[name], randomness=randomness)(X)


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_for_all_may_be_asked_for(name):
    out = dt.vmap(DRAWS[name], randomness="same")(X)
    assert np.ptp(out) == 0


def test_the_likely_line_is_named():
    with pytest.raises(TransformError, match=r"test_draws\.py:\d+ in noisy: return x \+ np"):
        dt.vmap(lambda x: noisy(x) * 2)(X)
    with pytest.raises(TransformError, match=r"in <lambda>: .*np\.random\.Generator|a np\.random\.Generator"):  # fmt: skip
        dt.vmap(lambda x: x * RNG.normal())(X)


def test_a_generator_that_is_passed_or_closed_over():
    rng = np.random.default_rng(1)
    with pytest.raises(TransformError, match="Generator"):
        dt.vmap(lambda x: x * rng.normal())(X)
    with pytest.raises(TransformError, match="Generator"):
        dt.vmap(lambda x, g: x * g.normal(), in_axes=(0, None))(X, rng)


def test_draws_outside_and_other_uses_are_no_matter():
    np.random.seed(3)
    np.random.normal()  # one of a pair is left
    random.gauss(0.0, 1.0)
    noise = np.random.normal(size=3)
    state = np.random.get_state()
    np.testing.assert_allclose(dt.vmap(lambda x, n: x + n)(X, noise), X + noise)

    def f(x):
        np.random.set_state(np.random.get_state())
        return x * np.random.default_rng(0).normal()  # its own, the same every time

    dt.vmap(f)(X)
    assert np.random.get_state()[2:] == state[2:]


def test_examples_one_after_the_other_draw_their_own():
    f = dt.custom_rule(
        lambda x: float(x) + np.random.normal(),
        jvp=lambda out, args, dots: dots[0],
        check=False,
        by_slices=True,
    )
    assert len(set(dt.vmap(f)(X))) == 3
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(X), 1.0)
    with pytest.raises(TransformError):
        dt.vmap(lambda x: f(x) + np.random.normal())(X)
    with pytest.raises(TransformError):
        dt.vmap(lambda x: np.random.normal() + f(x))(X)


def test_pytorch_lets_it_pass_and_so_does_its_dialect_with_a_warning():
    with pytest.warns(GradientWarning, match="one number for all") as caught:
        out = torch.func.vmap(noisy)(torch.ones(3))
    assert out.unique().numel() == 1
    assert caught[0].filename == __file__
    with pytest.warns(GradientWarning):
        torch.func.vmap(noisy, chunk_size=2)(torch.ones(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.func.vmap(noisy, randomness="same")(torch.ones(3))
        torch.func.vmap(lambda x: x * 2)(torch.ones(3))


def test_beside_other_threads_it_is_a_warning():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with pytest.warns(GradientWarning):
            dt.vmap(noisy)(X)
    finally:
        done.set()
        other.join()


def test_numpys_random_module_is_not_imported_for_it():
    code = """
        import sys
        import numpy as np, dualtape as dt
        x = np.ones(2)
        dt.vmap(lambda x: x * 2)(x)
        assert "numpy.random" not in sys.modules
        dt.vmap(lambda x: (np.random, x)[1])(x)  # imported, not drawn from
        assert "numpy.random" in sys.modules
        print("fine")
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert out.stdout == "fine\n"


def test_the_first_draw_of_all_is_noticed():
    code = """
        import numpy as np, dualtape as dt
        try:
            dt.vmap(lambda x: x * np.random.normal())(np.ones(2))
        except dt.core.errors.TransformError as error:
            print(error)
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "drew from np.random" in out.stdout
