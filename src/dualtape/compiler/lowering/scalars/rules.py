"""How an elementwise primitive becomes instructions: a formula on lanes, and what its operands are cast to first."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...emit import flow
from ...emit.writer import Lanes, Writer
from ...vecmath import FUNCTIONS, call, written
from ...vecmath.values import Value

Dtype = np.dtype[Any]

ELEMENTS = {
    "?": "i1", "b": "i8", "B": "i8", "h": "i16", "H": "i16", "i": "i32", "I": "i32",
    "l": "i64", "L": "i64", "q": "i64", "Q": "i64", "f": "float", "d": "double", "e": "i16", "E": "i16",
}  # fmt: skip
"""The kind of a lane, by the dtype's character. Booleans are i1 in registers and i8 in memory; of half precision
(float16, and bfloat16 as `ml_dtypes` has it) the representation, see `halves`."""


def supported(dtype: Dtype) -> bool:
    """Whether lanes hold such numbers, to compute with."""
    return dtype.char in ELEMENTS and dtype.char not in "eE" and dtype.isnative


class Rule(NamedTuple):
    """One lowering.

    Attributes:
        formula: (dtype computed in, *values, **params) -> value. With `cast` "own" (result's dtype, operands'
            dtypes, *values, **params), on operands as they are.
        kinds: Of dtypes that it can compute in: "f", "i", "u", "b".
        cast: What operands are cast to: "out", the result's dtype; "common", the one that NumPy promotes them to;
            "own", nothing.
        needs: Functions of `vecmath` that it calls.
    """

    formula: Callable[..., Value]
    kinds: str
    cast: str
    needs: tuple[str, ...]

    def fits(self, ins: tuple[Dtype, ...], out: Dtype) -> bool:
        """Whether it can be used for operands and a result of these dtypes."""
        return _fits(self, ins, out)

    def computes(self, ins: tuple[Dtype, ...], out: Dtype) -> Dtype:
        """The dtype that it computes in."""
        return out if self.cast == "out" else np.result_type(*ins)

    def emit(
        self, w: Writer, width: int, values: tuple[str, ...], ins: tuple[Dtype, ...], out: Dtype,
        params: dict[str, Any],
    ) -> str:  # fmt: skip
        """Write it, and return the result's name."""
        read = [
            Value(w, Lanes(ELEMENTS[d.char], width), v) for v, d in zip(values, ins, strict=True)
        ]
        if self.cast == "own":
            return self.formula(out, ins, *read, **params).name
        to = self.computes(ins, out)
        read = [convert(v, d, to) for v, d in zip(read, ins, strict=True)]
        return self.formula(to, *read, **params).name


@lru_cache(4096)
def _fits(rule: Rule, ins: tuple[Dtype, ...], out: Dtype) -> bool:
    if not all(supported(d) for d in (*ins, out)):
        return False
    if any(n not in FUNCTIONS for n in rule.needs):
        return False
    if rule.cast == "own":
        return True
    return rule.computes(ins, out).kind in rule.kinds and supported(rule.computes(ins, out))


def rule(
    formula: Callable[..., Value], kinds: str = "f", cast: str = "out", needs: str = ""
) -> Rule:
    """A rule whose formula is told the dtype."""
    return Rule(formula, kinds, cast, tuple(needs.split()))


def plain(
    formula: Callable[..., Value], kinds: str = "f", cast: str = "out", needs: str = ""
) -> Rule:
    """A rule whose formula takes values and parameters only."""
    return Rule(lambda _, *xs, **params: formula(*xs, **params), kinds, cast, tuple(needs.split()))


def math(name: str, *xs: Value) -> Value:
    """A function of `vecmath`, inline, or called where a module has many."""
    x = xs[0]
    names = [v.name for v in xs]
    if x.w.module.inline:
        return Value(x.w, x.t, written(x.w, name, x.t, *names))
    return Value(x.w, x.t, call(x.w, name, x.t, *names))


def apart(name: str, body: Callable[..., Value], *xs: Value) -> Value:
    """What `body` makes of values, as a private function of the module: for much code, and for loops.

    Args:
        name: Stands for all that `body` does, but for its operands' types.
        body: (values in the function) -> the result.
        xs: The operands.
    """
    w = xs[0].w

    def write(inner: Any) -> Value:
        return body(*[Value(inner, x.t, f"%a{k}") for k, x in enumerate(xs)])

    full = "_".join(["dualtape", name, *[x.t.suffix for x in xs]])
    f = flow.function(w.module, full, {f"a{k}": x.t.text for k, x in enumerate(xs)}, write)
    t = w.module.results[f]
    given = ", ".join([f"{x.t.text} {x.name}" for x in xs])
    return Value(w, t, w.op(f"call {t.text} {f}({given})"))


def function(name: str) -> Rule:
    """The rule that is one function of `vecmath`."""
    return plain(lambda *xs: math(name, *xs), needs=name)


def convert(v: Value, source: Dtype, to: Dtype) -> Value:
    """A cast as NumPy's `astype`; floats beyond an integer's range give what the processor gives."""
    if source == to:
        return v
    a, b = ELEMENTS[source.char], ELEMENTS[to.char]
    if b == "i1":
        return v if a == "i1" else v.compare("une" if source.kind == "f" else "ne", 0)
    if source.kind == "f":
        if to.kind == "f":
            return v.cast("fpext" if v.t.bits < to.itemsize * 8 else "fptrunc", b)
        if to.itemsize == 8:
            low = v.cast("fptosi", b)
            return low if to.kind == "i" else (v < 2.0**63).where(low, v.cast("fptoui", b))
        wide = v.cast("fptosi", "i32" if to.char != "I" else "i64")
        return wide if wide.t.element == b else wide.cast("trunc", b)
    signed = source.kind == "i"
    if to.kind == "f":
        return v.cast("sitofp" if signed else "uitofp", b)
    if v.t.bits == to.itemsize * 8:
        return Value(v.w, v.t.of(b), v.name)
    if v.t.bits > to.itemsize * 8:
        return v.cast("trunc", b)
    return v.cast("sext" if signed else "zext", b)


def less(d: Dtype, a: Value, b: Value | float, orequal: bool = False) -> Value:
    """A < b or a <= b by the dtype's order, false for NaN."""
    tail = "le" if orequal else "lt"
    return a.compare(("o" if d.kind == "f" else "s" if d.kind == "i" else "u") + tail, b)


def equal(d: Dtype, a: Value, b: Value | float) -> Value:
    """A == b, false for NaN."""
    return a.compare("oeq" if d.kind == "f" else "eq", b)


def number(x: Value, d: Dtype, value: Any) -> Value:
    """A Python number as the dtype holds it."""
    return x.number(np.asarray(value).astype(d).item())
