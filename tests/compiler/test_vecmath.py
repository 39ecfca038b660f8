"""Errors in ulp of the vector functions, against more digits."""

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llvmlite")
special = pytest.importorskip("scipy.special")

kernels = sys.modules.get("vecmath_kernels")
if kernels is None:
    spec = importlib.util.spec_from_file_location(
        "vecmath_kernels", Path(__file__).with_name("vecmath_kernels.py")
    )
    kernels = sys.modules["vecmath_kernels"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)

LONG = np.longdouble
MPMATH = ("erf", "erfc", "erfcx", "erfinv", "lgamma", "digamma")  # NumPy has none of these
NAMES = {  # where NumPy's name is another one
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "pow": "power",
}  # fmt: skip
# name: (largest error of floats, of doubles, in ulp of the exact result, with fused operations), and where
# the function is interesting; without fused operations the error may be larger by 1
BOUNDS = {
    "exp": (0.99, 0.98, (-104, 89), (-745, 710)),
    "exp2": (0.85, 0.95, (-150, 128), (-1075, 1024)),
    "expm1": (1.25, 1.5, (-20, 89), (-40, 710)),
    "sigmoid": (2.6, 2.6, (-87, 30), (-700, 50)),
    "log": (0.85, 0.9, (0.4, 3), (0.4, 3)),
    "log1p": (1.45, 1.4, (-0.8, 3), (-0.8, 3)),
    "log2": (1.0, 1.0, (0.4, 3), (0.4, 3)),
    "log10": (0.95, 0.95, (0.4, 3), (0.4, 3)),
    "log1pexp": (1.75, 1.75, (-100, 90), (-740, 710)),
    "sin": (1.5, 1.5, (-1e5, 1e5), (-1e8, 1e8)),
    "cos": (1.5, 1.5, (-1e5, 1e5), (-1e8, 1e8)),
    "tan": (1.9, 1.9, (-1e5, 1e5), (-1e8, 1e8)),
    "tanh": (1.4, 1.4, (-9, 9), (-19, 19)),
    "sinh": (1.7, 1.7, (-90, 90), (-711, 711)),
    "cosh": (1.5, 1.5, (-90, 90), (-711, 711)),
    "asin": (1.15, 1.15, (-1, 1), (-1, 1)),
    "acos": (1.25, 1.25, (-1, 1), (-1, 1)),
    "atan": (1.9, 1.9, (-4, 4), (-4, 4)),
    "asinh": (1.7, 1.7, (-1, 1), (-1, 1)),
    "acosh": (2.1, 2.1, (1, 3), (1, 3)),
    "atanh": (2.1, 2.1, (-1, 1), (-1, 1)),
    "erf": (1.05, 1.0, (-4, 4), (-6, 6)),
    "erfc": (3.4, 3.4, (-4, 10.1), (-6, 27)),
    "erfcx": (2.5, 2.5, (-9.3, 10), (-26, 10)),
    "erfinv": (3.2, 3.2, (-1, 1), (-1, 1)),
    "lgamma": (4.0, 4.0, (0, 8), (0, 8)),
    "digamma": (3.5, 2.5, (0, 8), (0, 8)),
    "cbrt": (0.6, 0.55, (-9, 9), (-9, 9)),
    "pow": (0.75, 1.0, None, None),
    "atan2": (1.9, 1.9, None, None),
    "hypot": (1.2, 1.2, None, None),
}


def reference(name, dtype):
    """The function with more digits: of floats in double, of doubles in extended precision or by mpmath."""
    if name in MPMATH:
        name_there = {"lgamma": "gammaln"}.get(name, name)
        return getattr(special, name_there) if dtype == np.float32 else lambda x: digits(name, x)
    others = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "log1pexp": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    }
    if dtype == np.float64 and np.finfo(LONG).nmant < 63:
        pytest.skip("no extended precision here")
    return others.get(name) or getattr(np, NAMES.get(name, name))


def digits(name, x):
    """By mpmath, the sum of two doubles."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(35):
        if name == "erfinv":  # a step of Newton's from SciPy's result, which has twice its digits

            def function(x):
                y = mp.mpf(float(special.erfinv(float(x))))
                return y - (mp.erf(y) - x) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2

        else:
            others = {
                "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
                "lgamma": lambda x: mp.re(mp.loggamma(x)),
            }
            function = others.get(name) or getattr(mp, name)
        exact = [function(mp.mpf(float(v))) for v in x]
        high = np.array([float(v) for v in exact])
        low = np.array([float(v - mp.mpf(h)) for v, h in zip(exact, high.tolist(), strict=True)])
    return high.astype(LONG) + low.astype(LONG)


@lru_cache(None)
def task(name, dtype):
    """Operands of a function, and what it is of them with more digits."""
    double = dtype == np.float64
    interval = BOUNDS[name][2 + double]
    operands = pairs(name, dtype) if interval is None else (samples(name, dtype, interval),)
    exact_in = [x.astype(LONG if double else np.float64) for x in operands]
    with np.errstate(all="ignore"):
        return operands, reference(name, dtype)(*exact_in)


def samples(name, dtype, interval):
    """Finite numbers of every size, near 0 and 1, and in the interval."""
    rng = np.random.default_rng(7)
    few = name in MPMATH and dtype == np.float64
    n = 500 if few else 15_000
    unsigned = np.uint32 if dtype == np.float32 else np.uint64
    anything = rng.integers(0, np.iinfo(unsigned).max, n, unsigned).view(dtype)
    parts = [
        anything,
        rng.uniform(*interval, 2 * n),
        rng.uniform(-1, 1, n),
        rng.uniform(0.5, 2, n),
        np.exp(rng.uniform(-30, 3, n)) * rng.choice([-1, 1], n),
        rng.integers(1, 50_000, n) * (np.pi / 2),
    ]
    x = np.concatenate([p.astype(dtype) for p in parts])
    x = x[np.abs(x) < (1 if name == "erfinv" else 30 if few else np.inf)]
    # where NumPy's formula does not overflow, and where the bound is one
    return x[x > interval[0]] if name in ("sigmoid", "erfcx", "lgamma", "digamma") else x


def pairs(name, dtype):
    """Operands of a function of two."""
    rng = np.random.default_rng(8)
    n = 50_000
    if name == "pow":
        top = 87 if dtype == np.float32 else 700
        x = np.concatenate([np.exp(rng.uniform(-top, top, n)), 1 + rng.uniform(-0.5, 0.5, n) ** 9])
        y = rng.uniform(-1.03, 1.03, 2 * n) * top / np.abs(np.log(x) + (x == 1))
    else:
        top = 60 if dtype == np.float32 else 500
        x = rng.normal(size=2 * n) * 2.0 ** rng.integers(-top, top, 2 * n)
        y = rng.normal(size=2 * n) * np.abs(x) * 2.0 ** rng.integers(-12, 12, 2 * n)
        x[:n], y[:n] = rng.normal(size=(2, n))
    return x.astype(dtype), y.astype(dtype)


def ulps(got, exact, dtype):
    """Errors in units of the last place of the exact result; infinite where only one is."""
    near = exact.astype(dtype)
    unit = np.spacing(np.abs(np.where(np.isfinite(near), near, 1))).astype(exact.dtype)
    error = np.abs(got.astype(exact.dtype) - exact) / unit
    same = (got == near) | (np.isnan(got) & np.isnan(near))
    finite = np.isfinite(got) & np.isfinite(near)
    return np.where(finite, error, np.where(same, 0, np.inf))


@pytest.mark.parametrize("fma", [True, False], ids=["fma", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BOUNDS)
def test_error(name, dtype, fma):
    operands, exact = task(name, dtype)
    with np.errstate(all="ignore"):
        got = kernels.function(name, dtype, fma)(*operands)
        error = ulps(got, exact, dtype)
    worst = int(np.argmax(error))
    bound = BOUNDS[name][dtype == np.float64] + (0 if fma else 1)
    at = [x[worst] for x in operands]
    assert error[worst] <= bound, f"{error[worst]} ulp at {at}: {got[worst]}, not {exact[worst]}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_gamma_left_of_0_is_right_next_to_the_terms_that_cancel(name, dtype):
    x = np.random.default_rng(5).uniform(-30, 0, 400).astype(dtype)
    wide = x.astype(np.float64)
    angle = np.pi * (wide - np.rint(wide))
    if name == "lgamma":
        terms = np.abs(special.gammaln(1 - wide)) + np.abs(np.log(np.abs(np.sin(angle)))) + 1
    else:
        terms = np.log(1 - wide) + np.pi / np.abs(np.tan(angle))
    error = kernels.function(name, dtype)(x) - digits(name, wide)
    assert np.max(np.abs(error) / terms) <= 3 * np.finfo(dtype).eps


FAR = [
    6381956970095103.0 * 2.0**797,  # the double next to a multiple of pi/2 (Muller 2006, table 11.1)
    -5.0e8, 1e15, 1e22, 1e100, 2.0**1023, np.finfo(np.float64).max, 2.0**27 + 1,
]  # fmt: skip


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_far_from_0_every_digit_of_pi_counts(name):
    x = np.array(FAR)
    mp = pytest.importorskip("mpmath")
    with mp.workdps(400):
        exact = np.array([float(getattr(mp, name)(mp.mpf(float(v)))) for v in x])
    got = kernels.function(name, np.float64)(x)
    assert np.max(np.abs(got - exact) / np.spacing(np.abs(exact))) <= 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_a_far_lane_leaves_its_neighbours_alone(name, dtype):
    sine = kernels.function(name, dtype)
    x = np.linspace(-3, 3, 64, dtype=dtype)
    mixed = x.copy()
    mixed[5::9] = 3e12
    mixed[7] = np.inf
    got, alone = sine(mixed), sine(x)
    kept = mixed == x
    np.testing.assert_array_equal(got[kept], alone[kept])
    np.testing.assert_array_equal(got[5::9], np.broadcast_to(sine(mixed[5:6]), 7))
    assert np.isnan(got[7])
