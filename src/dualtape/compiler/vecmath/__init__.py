"""Elementary functions as LLVM instructions, inline, for vectors of float or double of any width.

`FUNCTIONS` by name; errors in ulp are bounded by tests/compiler/test_vecmath.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..emit.writer import Lanes, Module, Writer
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

__all__ = ["ARITY", "FUNCTIONS", "call", "sincos", "written"]

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


class Pattern(NamedTuple):
    """The text of a function without branches.

    Attributes:
        text: With a place for each name in it.
        places: Which: numbers of the operands, then of the names that the function gives, in order.
        made: How many it gives.
        result: Which of all is the result.
        declarations: What it calls.
    """

    text: str
    places: tuple[int, ...]
    made: int
    result: int
    declarations: dict[str, str]


_NAME = re.compile(r"%([av])(\d+)\b")


@lru_cache(256)
def _pattern(name: str, t: Lanes, arity: int, fma: bool) -> Pattern | None:
    """The text of a function, None if it has branches, or needs anything of its own in the module."""
    w = Writer(Module(fma=fma))
    result = FUNCTIONS[name](w, t, *[f"%a{i}" for i in range(arity)])
    if w.block or w.module.functions or w.memo:
        return None
    text = "\n".join(w.lines)
    places = [
        int(digits) if kind == "a" else arity + int(digits) - 1
        for kind, digits in _NAME.findall(text + result)
    ]
    text = _NAME.sub("\0", text).replace("%", "%%").replace("\0", "%s")
    return Pattern(text, tuple(places[:-1]), w.count, places[-1], w.module.declarations)


def written(w: Writer, name: str, t: Lanes, *operands: str) -> str:
    """Write a function out, and return the result's name, as `FUNCTIONS[name]` does: from its text where that is known."""
    known = None
    if type(w).op is Writer.op:
        known = _pattern(name, t, len(operands), w.module.fma)
    if known is None:
        return FUNCTIONS[name](w, t, *operands)
    names = [*operands, *[f"%v{k}" for k in range(w.count + 1, w.count + known.made + 1)]]
    w.count += known.made
    if known.text:
        w.lines.append(known.text % tuple([names[k] for k in known.places]))
    w.module.declarations.update(known.declarations)
    return names[known.result]


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
