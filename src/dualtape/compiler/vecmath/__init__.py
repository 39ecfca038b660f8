"""Elementary functions as LLVM instructions, inline, for vectors of float or double of any width.

`FUNCTIONS` by name; errors in ulp are bounded by tests/compiler/test_vecmath.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ..emit.writer import Lanes, Writer
from . import (
    errors,
    exponential,
    gamma,
    hyperbolic,
    inverse,
    logarithmic,
    power,
    rounding,
    trigonometric,
)
from .trigonometric import sincos
from .values import Value

__all__ = ["ARITY", "FUNCTIONS", "call", "sincos"]

_FORMULAS: dict[str, Callable[..., Value]] = {
    f.__name__: f
    for f in (
        exponential.exp, exponential.exp2, exponential.expm1, exponential.sigmoid,
        logarithmic.log, logarithmic.log1p, logarithmic.log2, logarithmic.log10, logarithmic.log1pexp,
        trigonometric.sin, trigonometric.cos, trigonometric.tan,
        inverse.asin, inverse.acos, inverse.atan, inverse.atan2,
        hyperbolic.tanh, hyperbolic.sinh, hyperbolic.cosh,
        hyperbolic.asinh, hyperbolic.acosh, hyperbolic.atanh,
        errors.erf, errors.erfc, errors.erfcx, errors.erfinv, gamma.lgamma, gamma.digamma,
        power.pow, power.cbrt, power.hypot,
        rounding.sqrt, rounding.fabs, rounding.floor, rounding.ceil, rounding.trunc, rounding.rint,
        rounding.copysign, rounding.maximum, rounding.minimum, rounding.fmax, rounding.fmin,
        rounding.fmod, rounding.remainder, rounding.floor_divide,
    )
}  # fmt: skip
ARITY = {
    name: sum(p == "Value" for k, p in f.__annotations__.items() if k != "return")
    for name, f in _FORMULAS.items()
}


def _function(formula: Callable[..., Value]) -> Callable[..., str]:
    def write(w: Writer, t: Lanes, *operands: str) -> str:
        return formula(*[Value(w, t, operand) for operand in operands]).name

    return write


FUNCTIONS: dict[str, Callable[..., str]] = {name: _function(f) for name, f in _FORMULAS.items()}


def call(w: Writer, name: str, t: Lanes, *operands: str) -> str:
    """Call a private function of the module, which is written at the first call.

    For kernels with many call sites: inlined code is faster, and takes longer to compile.
    """
    full = f"@dualtape.{name}.{t.suffix}"
    if full not in w.module.functions:
        inner = Writer(w.module)
        w.module.functions[full] = ""  # keep the place
        inner.label("entry")
        parameters = [f"%a{i}" for i in range(len(operands))]
        result = FUNCTIONS[name](inner, t, *parameters)
        inner.do(f"ret {t.text} {result}")
        typed = ", ".join(f"{t.text} {p}" for p in parameters)
        w.module.functions[full] = "\n".join(
            [f"define internal {t.text} {full}({typed}) noinline nounwind {{", *inner.lines, "}"]
        )
    given = ", ".join(f"{t.text} {operand}" for operand in operands)
    return w.op(f"call {t.text} {full}({given})")
