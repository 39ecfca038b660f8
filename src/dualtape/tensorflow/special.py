"""The rarer functions of `tf.math`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..ops import arithmetic as a
from ..ops import bessel, exponential, incomplete, integrals
from ..ops import special as s
from ..ops import trigonometric as t
from ..ops.guarded import div_or_zero
from ..ops.numbers import nextafter as next_number
from ..ops.select import keep
from . import kernels as k
from .arithmetic import binary, realdiv
from .convert import as_tensor, operands, static
from .elementwise import lgamma, unary
from .errors import InvalidArgumentError
from .indexed_slices import as_dense
from .kernels import check_dtype
from .raising import incompatible_shapes
from .reductions import reduce_sum
from .shaping import alike
from .tensor import EagerTensor, tensor

atan2 = binary("Atan2", t.atan2, k.FLOATING, "Return the angle of the point (x=y's, y=x's) in radians.")
xlogy = binary("Xlogy", exponential.xlogy, k.LOGS, "Return x * log(y), and 0 for x = 0.")
xlog1py = binary("Xlog1py", exponential.xlog1py, k.LOGS, "Return x * log(1 + y), and 0 for x = 0.")
squared_difference = binary(
    "SquaredDifference", a.sub, k.SQUARED, "Return (x - y) ** 2 (times its conjugate for complex numbers)."
)
nextafter = binary("NextAfter", next_number, k.SINGLE_DOUBLE, "Return the number next to x towards y.")
bessel_i0 = unary("BesselI0", bessel.i0, k.FLOATING, "Return the modified Bessel function I0.")
bessel_i0e = unary("BesselI0e", bessel.i0e, k.FLOATING, "Return exp(-|x|) * I0(x).")
bessel_i1 = unary("BesselI1", bessel.i1, k.FLOATING, "Return the modified Bessel function I1.")
bessel_i1e = unary("BesselI1e", bessel.i1e, k.FLOATING, "Return exp(-|x|) * I1(x).")
ndtri = unary("Ndtri", s.ndtri, k.FLOATING, "Return the inverse of the normal distribution function.")
spence = unary("Spence", integrals.spence, k.FLOATING, "Return the dilogarithm, Spence's integral.")
expint = unary("Expint", integrals.expi, k.FLOATING, "Return the exponential integral Ei.")
igamma = binary("Igamma", incomplete.gammainc, k.FLOATING, "Return the lower incomplete gamma function P(x, y).")
igammac = binary("Igammac", incomplete.gammaincc, k.FLOATING, "Return the upper incomplete gamma function Q(x, y).")
zeta = binary("Zeta", s.zeta, k.SINGLE_DOUBLE, "Return the Hurwitz zeta function.")

_difference = squared_difference


def squared_difference(x: Any, y: Any, name: str | None = None) -> EagerTensor:  # type: ignore[no-redef]  # noqa: F811
    """Return (x - y) ** 2, for complex numbers times the conjugate.

    Raises:
        InvalidArgumentError: The dtypes differ, or the shapes do not broadcast.
    """
    d = _difference(x, y)
    if d.value.dtype.kind == "c":
        return d * conj_of(d)  # type: ignore[no-any-return]
    return a.square.bind1(d)  # type: ignore[no-any-return]
