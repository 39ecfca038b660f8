"""What the vector functions answer to zeros, infinities, NaN, denormals and at thresholds; what code they are."""

import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dualtape.compiler.emit.writer import Lanes, Module, Writer
from dualtape.compiler.vecmath import ARITY, FUNCTIONS, call, sincos

pytest.importorskip("llvmlite")
special = pytest.importorskip("scipy.special")

kernels = sys.modules.get("vecmath_kernels")
if kernels is None:
    spec = importlib.util.spec_from_file_location(
        "vecmath_kernels", Path(__file__).with_name("vecmath_kernels.py")
    )
    kernels = sys.modules["vecmath_kernels"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)

EXACT = [
    "sqrt", "fabs", "floor", "ceil", "trunc", "rint", "copysign", "maximum", "minimum", "fmax", "fmin",
    "fmod", "remainder", "floor_divide",
]  # fmt: skip
NUMPY = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "pow": np.power, "erf": special.erf, "erfc": special.erfc,
    "erfcx": special.erfcx, "erfinv": special.erfinv,
    "lgamma": special.gammaln, "digamma": special.psi,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "log1pexp": lambda x: np.logaddexp(x, np.zeros_like(x)),
}  # fmt: skip


def edges(dtype):
    """Numbers where something changes, of both signs."""
    info = np.finfo(dtype)
    least = float(info.smallest_subnormal)
    tiny, eps = float(info.tiny), float(info.eps)
    sizes = [
        0,
        least,
        3 * least,
        tiny / 2,
        tiny,
        3 * tiny,
        eps / 4,
        eps,
        1e-10,
        0.25,
        1 / 3,
        0.5,
        0.75,
    ]
    sizes += [1 - eps / 2, 1, 1 + eps, 1.5, 2, 2.5, 3, 3.5, 4, 7, 10, 17, 100.5, 2**24, 2**24 + 2]
    sizes += [126, 127, 128, 149, 150, 151, 1023, 1024, 1074, 1075, 1e5, 2.0**53, 1e18, 1e30]
    sizes += [88.72, 88.73, 89.41, 89.42, 103.97, 103.98, 10.05, 10.06, 26.54, 26.55]
    sizes += [709.78, 709.79, 710.47, 710.48, 745.13, 745.14, float(info.max) / 2, float(info.max)]
    x = np.array([*sizes, np.inf], np.float64).astype(dtype)
    return np.concatenate([x, -x, np.array([np.nan], dtype)])


def agree(got, expected, ulps):
    """The same special value with the same sign, or as near as that."""
    special = np.isnan(expected) | np.isinf(expected) | (expected == 0) | np.isnan(got)
    same = np.isnan(got) & np.isnan(expected)
    same |= (got == expected) & (np.signbit(got) == np.signbit(expected))
    unit = np.spacing(np.abs(np.where(special, 1, expected)))
    return same | (~special & (np.abs(got - expected) <= ulps * unit))


@pytest.mark.parametrize("fma", [True, False], ids=["fma", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values_are_numpys(name, dtype, fma):
    x = edges(dtype)
    operands = [x] if ARITY[name] == 1 else [g.ravel() for g in np.meshgrid(x, x)]
    with np.errstate(all="ignore"):
        expected = NUMPY.get(name, getattr(np, name, None))(*operands)
        got = kernels.function(name, dtype, fma)(*operands)
        if name == "log1pexp":  # NumPy has NaN for the infinities here
            expected = np.where(np.isinf(x), np.maximum(x, 0), expected)
        # SciPy's erfc and erfcx have errors of some 100 ulp, and its erfinv(-0) is 0
        good = agree(got, expected, 0 if name in EXACT else 200 if "erfc" in name else 4)
        if name in ("lgamma", "digamma"):  # SciPy's are far off next to zeros, poles and 0
            good |= np.isfinite(got) & (np.isfinite(expected) | (np.abs(x) < np.finfo(dtype).tiny))
        if name == "erfinv":
            good |= (got == x) & (x == 0)
        if name == "sigmoid":  # NumPy's formula overflows to 0 where this one is still denormal
            good |= (got < np.finfo(dtype).tiny) & (expected == 0)
        if name in ("maximum", "minimum", "fmax", "fmin"):  # which zero is the processor's choice
            good |= (got == 0) & (expected == 0)
    wrong = np.flatnonzero(~good)
    shown = [([o[i] for o in operands], got[i], expected[i]) for i in wrong[:5]]
    assert not wrong.size, f"{wrong.size} differ: {shown}"


@pytest.mark.parametrize("fma", [True, False], ids=["fma", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
def test_remainders_are_exact(name, dtype, fma):
    rng = np.random.default_rng(3)
    top = 60 if dtype == np.float32 else 500
    n = 4000
    x = (rng.normal(size=n) * 2.0 ** rng.integers(-top, top, n)).astype(dtype)
    y = (rng.normal(size=n) * 2.0 ** rng.integers(-top, top, n)).astype(dtype)
    y[: n // 2] = (x * 2.0 ** rng.uniform(-30, 3, n))[: n // 2]
    y[: n // 4] = (x / rng.integers(1, 99, n))[: n // 4]
    small = np.array([5, 7, 9.5, -3, -8.25], dtype)
    x[:25], y[:25] = (g.ravel() for g in np.meshgrid(small, small))
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x, y)
        got = kernels.function(name, dtype, fma)(x, y)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


@pytest.mark.parametrize("width", [1, 4, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["exp", "log", "sin", "tanh", "pow", "fmod", "maximum"])
def test_any_width_gives_the_same_bits(name, dtype, width):
    rng = np.random.default_rng(4)
    x = [rng.normal(size=53).astype(dtype) for _ in range(ARITY[name])]
    x[0][3] = 1e20  # beyond the fast ways of sin and fmod
    wide = kernels.function(name, dtype)(*x)
    np.testing.assert_array_equal(kernels.function(name, dtype, True, width)(*x), wide)


def test_sincos_is_both():
    t = kernels.lanes(np.float32)
    module = Module()
    kernels.write_kernel(module, "both", t, 1, 2, sincos)
    x = np.linspace(-9, 2e5, 1000, dtype=np.float32)
    s, c = kernels.run(kernels.engine(module.text()), "both", t, 2, x)
    np.testing.assert_array_equal(s, kernels.function("sin", np.float32)(x))
    np.testing.assert_array_equal(c, kernels.function("cos", np.float32)(x))


def test_sine_and_cosine_of_a_value_are_written_once_for_a_block():
    t = kernels.lanes(np.float32)
    module = Module()

    def circle(w, t, x):
        s = FUNCTIONS["sin"](w, t, x)
        other = FUNCTIONS["tan"](w, t, x)  # which leaves the block
        c = FUNCTIONS["cos"](w, t, x)
        return w.binary("fadd", t, w.binary("fmul", t, s, c), other)

    kernels.write_kernel(module, "circle", t, 1, 1, circle)
    assert module.functions["circle"].count("@dualtape.far1") == 1
    x = np.linspace(-9, 2e5, 1000, dtype=np.float32)
    sin, cos, tan = (kernels.function(name, np.float32)(x) for name in ("sin", "cos", "tan"))
    got = kernels.run(kernels.engine(module.text()), "circle", t, 1, x)
    np.testing.assert_array_equal(got, sin * cos + tan)


def test_what_another_block_wrote_is_written_again():
    w = Writer(Module())
    first = FUNCTIONS["sin"](w, Lanes("double"), "%x")
    w.label("elsewhere")
    assert FUNCTIONS["sin"](w, Lanes("double"), "%x") != first
    second = FUNCTIONS["sin"](w, Lanes("double"), "%x")
    assert FUNCTIONS["sin"](w, Lanes("double"), "%x") == second


def test_called_functions_are_written_once():
    t = kernels.lanes(np.float64)
    module = Module()

    def twice(w, t, x):
        return call(w, "tan", t, call(w, "tan", t, x))

    kernels.write_kernel(module, "twice", t, 1, 1, twice)
    assert sum("tan" in name for name in module.functions) == 1
    x = np.linspace(-1, 1, 100)
    tan = kernels.function("tan", np.float64)
    got = kernels.run(kernels.engine(module.text()), "twice", t, 1, x)
    np.testing.assert_array_equal(got, tan(tan(x)))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for another processor")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_oldest_processor_gives_the_same_bits(dtype):
    names = ["exp", "log1p", "tan", "fmod", "pow", "floor"]
    compiled = kernels.engine(kernels.module_of(names, dtype, False).text(), "x86-64")
    rng = np.random.default_rng(6)
    for name in names:
        x = [(rng.normal(size=999) ** 5).astype(dtype) for _ in range(ARITY[name])]
        got = kernels.run(compiled, f"k_{name}", kernels.lanes(dtype), 1, *x)
        np.testing.assert_array_equal(got, kernels.function(name, dtype, False)(*x))


TARGETS = {
    "x86-64": ("x86_64-unknown-linux-gnu", "x86-64", False),
    "x86-64-v3": ("x86_64-pc-windows-msvc", "haswell", True),
    "aarch64": ("aarch64-unknown-linux-gnu", "generic", True),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_library_is_called(dtype, target):
    triple, cpu, fma = TARGETS[target]
    llvm = kernels.binding()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, opt=1, codemodel="small", reloc="pic"
    )
    width = (256 if "x86" in target else 128) // kernels.lanes(dtype).bits
    module = llvm.parse_assembly(kernels.module_of(FUNCTIONS, dtype, fma, width).text())
    assembly = machine.emit_assembly(module)
    called = set(re.findall(r"^\s+(?:callq?|bl|b|jmpq?)\s+(\S+)", assembly, re.MULTILINE))
    outside = {
        c for c in called if not re.match(r'"?_?\.?(dualtape\.|L\w+)', c) and c != "__chkstk"
    }
    assert not outside


def test_names_are_only_written_with_llvm_not_needed():
    program = "import sys, dualtape.compiler.vecmath; assert 'llvmlite' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_text_of_a_scalar_has_no_vectors():
    w = Writer(Module())
    FUNCTIONS["exp"](w, Lanes("double"), "%x")
    assert not any("<" in line for line in w.lines)
