"""`low_level_callable`: SciPy's integrators and filters on native code, against the Python function."""

import gc

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.compiler.export.derivatives import ExportError

pytest.importorskip("llvmlite")
integrate = pytest.importorskip("scipy.integrate")
ndimage = pytest.importorskip("scipy.ndimage")
IMAGE = np.random.default_rng(0).normal(size=(12, 15))
WEIGHTS = np.array([1.0, 2.0, 3.0])


def bell(x):
    return np.exp(-(x**2)) * np.sin(3 * x)


def spread(window):
    return window.max() - window.min() + window.mean()


def curvature(line):
    return line[:-2] - 2 * line[1:-1] + line[2:]


def test_quad():
    made = dt.jit(bell).low_level_callable()
    assert made.signature == "double (double, void *)"
    gc.collect()
    assert integrate.quad(made, 0, 2)[0] == pytest.approx(integrate.quad(bell, 0, 2)[0], rel=1e-13)
    assert integrate.quad(made, 0, np.inf)[0] == pytest.approx(integrate.quad(bell, 0, np.inf)[0])


def test_nquad_and_quad_with_arguments():
    def f(x, y, z):
        return np.sum(WEIGHTS) * np.cos(x * y) + z + np.sum(np.arange(5000.0) * z) * 1e-9

    made = dt.jit(f).low_level_callable("nquad")
    limits = [(0, 1), (0, 2), (0, 1)]
    got = integrate.nquad(made, limits)[0]
    assert got == pytest.approx(integrate.nquad(lambda *a: float(f(*a)), limits)[0], rel=1e-12)
    assert integrate.quad(made, 0, 1, args=(0.3, 0.4))[0] == pytest.approx(
        integrate.quad(f, 0, 1, args=(0.3, 0.4))[0]
    )


def test_a_derivative():
    made = dt.jit(dt.grad(bell)).low_level_callable()
    assert integrate.quad(made, 0, 2)[0] == pytest.approx(bell(2.0) - bell(0.0), abs=1e-12)


def test_filters():
    made = dt.jit(spread).low_level_callable("generic_filter", size=9)
    np.testing.assert_allclose(
        ndimage.generic_filter(IMAGE, made, 3), ndimage.generic_filter(IMAGE, spread, 3), rtol=1e-13
    )

    def in_place(line, out):
        out[...] = curvature(line)

    made = dt.jit(curvature).low_level_callable("generic_filter1d", size=15 + 2)
    np.testing.assert_allclose(
        ndimage.generic_filter1d(IMAGE, made, 3), ndimage.generic_filter1d(IMAGE, in_place, 3)
    )

    def shrunk(at):
        return at[0] * 0.5 + 1.0, at[1] * 0.7

    made = dt.jit(shrunk).low_level_callable("geometric_transform", size=2)
    np.testing.assert_allclose(
        ndimage.geometric_transform(IMAGE, made), ndimage.geometric_transform(IMAGE, shrunk)
    )


def test_another_size_is_an_error_of_scipys():
    made = dt.jit(spread).low_level_callable("generic_filter", size=8)
    with pytest.raises(RuntimeError):
        ndimage.generic_filter(IMAGE, made, 3)


def test_tensors_of_a_dialect():
    f = torch.compile(lambda x: torch.sin(x) * 2)
    made = f.low_level_callable(example=(torch.tensor(0.5, dtype=torch.float64),))
    assert integrate.quad(made, 0, 1)[0] == pytest.approx(2 - 2 * np.cos(1))


@pytest.mark.parametrize(
    ("f", "options", "words"),
    [
        (lambda x, y: x + y, {}, "'nquad'"),
        (lambda *x: x[0], {}, "example="),
        (lambda x: np.stack([x, x]), {}, r"returns float64\[2\]"),
        (spread, {"kind": "generic_filter1d", "size": 5}, "float64"),
        (
            lambda x: np.sum(np.linalg.solve(np.eye(2) * x, WEIGHTS[:2])),
            {"kind": "magic"},
            "kinds are",
        ),
        (lambda x: x if x > 0 else -x, {}, "truth"),
    ],
)
def test_what_it_refuses(f, options, words):
    with pytest.raises((ExportError, ValueError), match=words):
        dt.jit(f).low_level_callable(**options)
    with pytest.raises(TypeError, match="size="):
        dt.jit(f).low_level_callable("generic_filter")
