"""Half precision: everything is computed in single and rounded once, as the primitives themselves do it.

In registers such numbers are 16-bit integers; converting is arithmetic on bits, since not every processor does it (and
LLVM calls a library where one does not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import grid, numbers, select
from ...ops.evaluation import is_half
from ..vecmath.values import Value
from .nodes import ROUTINE, Dtype, Ref
from .scalars.rules import Rule

if TYPE_CHECKING:
    from .build import Build

SINGLE = np.dtype(np.float32)
OWN = {numbers.nextafter, select.nan_to_num_p, grid.grid_place, grid.grid_slope, grid.grid_node}
"""What depends on the precision itself, and is left to NumPy."""


def _from_half(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    bits = x.cast("zext", "i32")
    size = bits & 0x7FFF
    sign = (bits & 0x8000) << 16
    # The exponent lands in the float's place, too small by a constant: denormals come out right too.
    number = ((size << 13).real() * 2.0**112).bits()
    beyond = size.compare("uge", 0x7C00)  # infinity and NaN
    number = beyond.where((size << 13) | 0x7F800000, number)
    return (number | sign).real()


def _to_half(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    bits = x.bits()
    sign = (bits >> 16) & 0x8000
    size = abs(x)
    whole = size.bits()
    normal = (whole + 0xFFF + ((whole >> 13) & 1) - (112 << 23)) >> 13
    small = (size + 0.5).bits() - 0x3F000000  # 2^-24 is the last place of 0.5
    out_ = (size < 2.0**-14).where(small, normal)
    out_ = (size >= 65520.0).where(out_.number(0x7C00), out_)
    out_ = x.is_nan().where(out_.number(0x7E00), out_)
    return (out_ | sign).cast("trunc", "i16")


def _from_bfloat(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    return (x.cast("zext", "i32") << 16).real()


def _to_bfloat(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    bits = x.bits()
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    nan = ((bits >> 16) & 0x8000) | 0x7FC0
    return x.is_nan().where(nan, rounded).cast("trunc", "i16")


RULES = {
    "float16": (Rule(_from_half, "", "own", ()), Rule(_to_half, "", "own", ())),
    "bfloat16": (Rule(_from_bfloat, "", "own", ()), Rule(_to_bfloat, "", "own", ())),
}


def known(dtype: Dtype) -> bool:
    """Whether it is float16 or bfloat16."""
    return is_half(dtype) and dtype.name in RULES and dtype.isnative


def single(b: Build, x: Ref) -> Ref:
    """Half precision as single."""
    if not known(x.dtype):
        return x
    return b.nodes.map(RULES[x.dtype.name][0], (x,), x.shape, SINGLE, f"from {x.dtype.name}")


def half(b: Build, x: Ref, dtype: Dtype) -> Ref:
    """Single precision rounded to half."""
    if not known(dtype):
        return x
    return b.nodes.map(RULES[dtype.name][1], (x,), x.shape, dtype, f"to {dtype.name}")


def lowered(
    b: Build, p: Primitive, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
) -> list[Ref] | None:
    """The results of a call with half precision in it, None where it is to be left to NumPy."""
    dtypes = [*[x.dtype for x in xs], *[o.dtype for o in outs]]
    if p in OWN or not any(map(known, {*dtypes})) or any(d.kind == "c" for d in dtypes):
        return None
    wide = {k: SINGLE if isinstance(v, np.dtype) and known(v) else v for k, v in params.items()}
    shapes = [Aval(o.shape, SINGLE if known(o.dtype) else o.dtype) for o in outs]
    made = b.lowered(p, [single(b, x) for x in xs], shapes, wide)
    if any(v.node.kind == ROUTINE and isinstance(v.node.op, int) for v in made):
        return None
    if any(v.dtype != a.dtype or v.shape != a.shape for v, a in zip(made, shapes, strict=True)):
        return None
    return [half(b, v, o.dtype) for v, o in zip(made, outs, strict=True)]
