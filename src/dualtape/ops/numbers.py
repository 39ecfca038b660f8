"""Parts and neighbours of numbers: magnitude, sign, phase, roundings, exponents.

The roundings are flat wherever they have a derivative: it is zero, and not missing, as in PyTorch.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise, elementwise_real, general
from .arithmetic import zeros_like
from .compare import eq, ne
from .complex import conj, real
from .evaluation import in_single, real_only, zero
from .exponential import LN2, exp2
from .guarded import div_or_zero
from .select import keep


def is_complex(x: Any) -> bool:
    """Whether a value or tensor is complex; a static property, so rules may ask."""
    return bool(dtype_of(x).kind == "c")


def _sign_eval(x: Any) -> Any:
    kind = x.dtype.kind
    if kind == "c":
        return np.sign(x)  # x / |x|, and 0 at 0
    if kind == "b":
        return x.copy()
    z = zero(x.dtype)
    if kind == "u":
        return np.greater(x, z).astype(x.dtype)
    if kind == "V":
        return np.where(np.isnan(x), z, np.sign(x))
    return np.subtract(np.greater(x, z), np.less(x, z), dtype=x.dtype)


def _sgn_slope(d: Any, x: Any, out: Any) -> Any:
    """The derivative of z/|z|: the part of d across z, over |z|. Symmetric: its own adjoint."""
    if not is_complex(x):
        return zeros_like(d)
    across = d - real(conj(out) * d) * out
    return div_or_zero(across, abs_(x))


sgn = elementwise_real(
    "sgn", _sign_eval, jvps=[_sgn_slope], vjps=[_sgn_slope],
    doc="x / |x|, and 0 at 0; for real x the sign, 0 at NaN. The derivative at 0 is 0.",
)  # fmt: skip
sign = elementwise(
    "sign", real_only("sign", _sign_eval), lambda d: zeros_like(d),
    doc="-1, 0 or 1 by the sign of a real x; 0 at NaN (`signum` keeps NaN).",
)  # fmt: skip
signum = elementwise(
    "signum", real_only("signum", np.sign), lambda d: zeros_like(d), grad_name="SignBackward0",
    doc="-1, 0 or 1 by the sign of a real x; NaN at NaN, as NumPy and TensorFlow have it.",
)  # fmt: skip


def _abs_jvp(d: Any, x: Any) -> Any:
    return real(conj(sgn(x)) * d) if is_complex(x) else d * sgn(x)


abs_ = elementwise_real(
    "abs", operator.abs, jvps=[_abs_jvp], vjps=[lambda ct, x: ct * sgn(x)],
    doc="|x|, real for complex x. The derivative at 0 is 0.",
)  # fmt: skip


def _angle_eval(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.arctan2(x.imag, x.real)
    z = zero(x.dtype)
    return np.where(x < z, x.dtype.type(np.pi), np.where(np.isnan(x), x, z))


def _over_square(x: Any) -> Any:
    """X / |x|^2, and 0 at 0."""
    size = abs_(x)
    return div_or_zero(div_or_zero(x, size), size)


def _angle_jvp(d: Any, x: Any) -> Any:
    # The derivative of arg z along d is Im(conj(z) d) / |z|^2 = Re(conj(i z) d) / |z|^2.
    return real(conj(_over_square(x) * 1j) * d) if is_complex(x) else zeros_like(d)


angle = elementwise_real(
    "angle", _angle_eval, jvps=[_angle_jvp],
    vjps=[lambda ct, x: ct * (_over_square(x) * 1j) if is_complex(x) else zeros_like(ct)],
    doc="The argument of x in (-pi, pi]; for real x, pi where x < 0, else 0. Derivative 0 at 0.",
)  # fmt: skip


copysign_slope = elementwise(
    "copysign_slope", lambda x, y: np.copysign(_sign_eval(x), y) * _sign_eval(x),
    lambda d: zeros_like(d), None,
    doc="1 where x and y have the same sign, -1 where not, 0 where x is 0.",
)  # fmt: skip

copysign = elementwise(
    "copysign", real_only("copysign", np.copysign),
    lambda d, x, out: d * copysign_slope(x, out), lambda d: zeros_like(d),
    doc="|x| with the sign of y. The derivative at x = 0 is 0.",
)  # fmt: skip


def _rounding(name: str, f: Any, doc: str) -> Any:
    return elementwise(name, real_only(name, f), lambda d: zeros_like(d), doc=doc)


floor = _rounding("floor", np.floor, "The largest integer not above x; derivative 0.")
ceil = _rounding("ceil", np.ceil, "The smallest integer not below x; derivative 0.")
trunc = _rounding("trunc", np.trunc, "The integer part of x, towards zero; derivative 0.")
round_p = _rounding("round", np.rint, "The nearest integer, to the even one at ties; derivative 0.")


@in_single
def _round_decimals(x: Any, *, decimals: int) -> Any:
    scale = x.dtype.type(10.0 ** abs(decimals))
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


round_decimals = elementwise(
    "round_decimals", real_only("round", _round_decimals), lambda d: zeros_like(d),
    grad_name="RoundBackward1", doc="x rounded to `decimals` decimal places (to tens if -1).",
)  # fmt: skip


def round(x: Any, decimals: int = 0) -> Any:
    """Return x rounded to `decimals` places, halves to the even digit; the derivative is 0."""
    return round_decimals(x, decimals=int(decimals)) if decimals else round_p(x)


frac = elementwise(
    "frac", real_only("frac", lambda x: x - np.trunc(x)), lambda d: d,
    doc="x - trunc(x), the part after the point with the sign of x.",
)  # fmt: skip


def _heaviside(x: Any, y: Any) -> Any:
    z = zero(x.dtype)
    return np.where(x == z, y, np.greater(x, z).astype(x.dtype))


heaviside = elementwise(
    "heaviside", real_only("heaviside", _heaviside),
    lambda d: zeros_like(d), lambda d, x: keep(eq(x, zeros_like(x)), d),
    doc="0 where x < 0, 1 where x > 0, y where x is 0; 0 at NaN. Flat in x.",
)  # fmt: skip

nextafter = elementwise(
    "nextafter", real_only("nextafter", np.nextafter),
    lambda d, x, y: keep(ne(x, y), d), lambda d, x, y: zeros_like(d),
    doc="The next number after x towards y.",
)  # fmt: skip


@in_single
def _ldexp(x: Any, y: Any) -> Any:
    return x * np.exp2(y)


ldexp = elementwise(
    "ldexp", _ldexp, lambda d, y: d * exp2(y), lambda d, out: d * out * LN2,
    doc="x * 2**y, for any y, not only integers.",
)  # fmt: skip


def _frexp_eval(x: Any) -> Any:
    mantissa, exponent = np.frexp(x)
    return mantissa, exponent.astype(np.int32, copy=False)


def _frexp_aval(x: Aval) -> tuple[Aval, Aval]:
    return x, Aval(x.shape, np.dtype(np.int32))


power_of_half = constant(
    "power_of_half", lambda y, *, dtype: np.ldexp(1.0, -y).astype(dtype), inputs="y",
    doc="2**-y for integers y, in `dtype`.",
)  # fmt: skip

frexp = general(
    "frexp", real_only("frexp", _frexp_eval), aval=_frexp_aval,
    jvp=lambda d, aval, out1: (d * power_of_half(out1, dtype=aval.dtype),),
    vjp=lambda ct, aval, out1: ct[0] * power_of_half(out1, dtype=aval.dtype),
    outputs=2, differentiable=(0,), pointwise=True,
    doc="Mantissa in [0.5, 1) and integer exponent with x = mantissa * 2**exponent.",
)  # fmt: skip
