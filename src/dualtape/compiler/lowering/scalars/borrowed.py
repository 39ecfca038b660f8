"""Special functions that SciPy computes: its compiled functions, called for each lane. Without SciPy there are none.

They are those that the primitives themselves call, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import bessel as be
from ....ops import incomplete as inc
from ....ops import integrals as it
from ....ops import special as sp
from ...emit import flow
from ...emit.frames import LoopWriter
from ...emit.writer import Lanes, Writer
from ...vecmath.values import Value
from ..capsules import special
from .rules import ELEMENTS, Dtype, convert, supported

DOUBLE, WIDE = Lanes("double"), np.dtype(np.float64)


@dataclass(frozen=True)
class Borrowed:
    """One of SciPy's functions as a rule.

    Attributes:
        name: In `scipy.special.cython_special`.
        operands: How many the primitive has.
        first: From the primitive's parameters to a number that the function takes before the operands; None: none.
        whole: Whether that is an integer.
        results: How many the function returns through pointers; 0: it returns one.
        part: Which of them.
    """

    name: str
    operands: int = 1
    first: Callable[..., float] | None = None
    whole: bool = False
    results: int = 0
    part: int = 0

    needs = ()

    @property
    def signature(self) -> str:
        """In Cython's words."""
        given = ["Py_ssize_t" if self.whole else "double"] if self.first else []
        given += ["double"] * self.operands + ["double *"] * self.results
        return f"{'void' if self.results else 'double'} ({', '.join(given)})"

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """Symbol and address."""
        return ((f"dualtape_special_{self.name}", special(self.name, self.signature)),)

    def fits(self, ins: tuple[Dtype, ...], out: Dtype) -> bool:
        """Whether SciPy is here, and the dtypes are floats."""
        if out.char not in "fd" or not all(supported(d) for d in ins):
            return False
        return special(self.name, self.signature) != 0

    def emit(
        self, w: Writer, width: int, values: tuple[str, ...], ins: tuple[Dtype, ...], out: Dtype,
        params: dict[str, Any],
    ) -> str:  # fmt: skip
        """Write a call, for several lanes of a function with a loop over them."""
        t = Lanes(ELEMENTS[out.char], width)
        read = [Value(w, t.of(ELEMENTS[d.char]), v) for v, d in zip(values, ins, strict=True)]
        read = [v if d.kind == "f" else convert(v, d, WIDE) for v, d in zip(read, ins, strict=True)]
        first = None if self.first is None else self.first(**params)
        if width == 1 and not self.results:
            return self._one(w, read, t.element, first).name
        kinds = ".".join([v.t.suffix for v in read])
        name = f"dualtape.{self.name}{self.part}.{t.suffix}.{kinds}.{first}"

        def write(inner: LoopWriter) -> Value:
            result = inner.op(f"alloca {t.text}, align 64")
            lanes = []
            for k, v in enumerate(read):
                slot = inner.op(f"alloca {v.t.text}, align 64")
                inner.do(f"store {v.t.text} %a{k}, ptr {slot}, align 64")
                lanes.append(flow.Array(inner, slot, Lanes(v.t.element)))
            target = flow.Array(inner, result, Lanes(t.element))

            def lane(i: Value) -> None:
                target[i] = self._one(inner, [v[i] for v in lanes], t.element, first)

            flow.each(inner, width, lane)
            return Value(inner, t, inner.op(f"load {t.text}, ptr {result}, align 64"))

        parameters = {f"a{k}": v.t.text for k, v in enumerate(read)}
        f = flow.function(w.module, f'"{name}"', parameters, write)
        return w.op(f"call {t.text} {f}({', '.join([f'{v.t.text} {v.name}' for v in read])})")

    def _one(self, w: Writer, xs: list[Value], element: str, first: float | None) -> Value:
        symbol = f"@dualtape_special_{self.name}"
        given = (
            []
            if first is None
            else [f"i64 {int(first)}" if self.whole else f"double {DOUBLE.constant(first)}"]
        )
        given += [f"double {x.rounded('double').name}" for x in xs]
        types = [g.split()[0] for g in given]
        if self.results:
            slot = w.op(f"alloca [{self.results} x double], align 8")
            given += [
                f"ptr {w.op(f'getelementptr double, ptr {slot}, i64 {k}')}"
                for k in range(self.results)
            ]
            types += ["ptr"] * self.results
            w.module.declarations[symbol] = f"declare void {symbol}({', '.join(types)})"
            w.do(f"call void {symbol}({', '.join(given)})")
            at = w.op(f"getelementptr double, ptr {slot}, i64 {self.part}")
            out = Value(w, DOUBLE, w.op(f"load double, ptr {at}, align 8"))
        else:  # the last argument is Cython's own
            w.module.declarations[symbol] = f"declare double {symbol}({', '.join(types)}, i32)"
            out = Value(w, DOUBLE, w.op(f"call double {symbol}({', '.join(given)}, i32 0)"))
        return out.rounded(element)


def _order(*, order: int) -> float:
    return order


RULES: dict[Primitive, Any] = {
    be.j0: Borrowed("j0"),
    be.j1: Borrowed("j1"),
    be.y0: Borrowed("y0"),
    be.y1: Borrowed("y1"),
    be.i0: Borrowed("i0"),
    be.i1: Borrowed("i1"),
    be.i0e: Borrowed("i0e"),
    be.i1e: Borrowed("i1e"),
    be.k0: Borrowed("k0"),
    be.k1: Borrowed("k1"),
    be.k0e: Borrowed("k0e"),
    be.k1e: Borrowed("k1e"),
    be.bessel_jn: Borrowed("jv", first=_order),
    be.bessel_yn: Borrowed("yv", first=_order),
    be.bessel_in: Borrowed("iv", first=_order),
    be.bessel_ine: Borrowed("ive", first=_order),
    be.bessel_kn: Borrowed("kn", first=_order, whole=True),
    be.bessel_kne: Borrowed("kve", first=_order),
    be.airy_ai: Borrowed("airy", results=4, part=0),
    be.airy_ai_slope: Borrowed("airy", results=4, part=1),
    it.dawsn: Borrowed("dawsn"),
    it.expint: Borrowed("expi"),
    it.fresnel_sin: Borrowed("fresnel", results=2, part=0),
    it.fresnel_cos: Borrowed("fresnel", results=2, part=1),
    it.spence: Borrowed("spence"),
    inc.gammainc: Borrowed("gammainc", 2),
    inc.gammaincc: Borrowed("gammaincc", 2),
    inc.betainc: Borrowed("betainc", 3),
    sp.erfcinv: Borrowed("erfcinv"),
    sp.ndtri: Borrowed("ndtri"),
    sp.log_ndtr: Borrowed("log_ndtr"),
}
