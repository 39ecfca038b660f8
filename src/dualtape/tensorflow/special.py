"""The rarer functions of `tf.math`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..ops import arithmetic as a
from ..ops import bessel, incomplete, integrals, tf_slopes
from ..ops import special as s
from ..ops.complex import conj
from ..ops.guarded import div_or_zero
from ..ops.numbers import nextafter as next_number
from ..ops.tf_choices import atan2_bare, xlog1py_masked, xlogy_masked
from . import kernels as k
from .arithmetic import binary
from .convert import as_tensor, operands
from .elementwise import lgamma, unary
from .hosted import on_numbers
from .indexed_slices import as_dense
from .joining import alike
from .kernels import check_dtype
from .raising import dims, incompatible_shapes, kernel_error
from .reductions import reduce_sum
from .tensor import EagerTensor, tensor

atan2 = binary(
    "Atan2",
    atan2_bare,
    k.FLOATING,
    "Return the angle in radians of the point with ordinate x and abscissa y.",
)
xlogy = binary("Xlogy", xlogy_masked, k.LOGS, "Return x * log(y), and 0 for x = 0.")
xlog1py = binary("Xlog1py", xlog1py_masked, k.LOGS, "Return x * log(1 + y), and 0 for x = 0.")
nextafter = binary(
    "NextAfter", next_number, k.SINGLE_DOUBLE, "Return the number next to x towards y."
)
bessel_i0 = unary("BesselI0", bessel.i0, k.FLOATING, "Return the modified Bessel function I0.")
bessel_i0e = unary("BesselI0e", bessel.i0e, k.FLOATING, "Return exp(-|x|) * I0(x).")
bessel_i1 = unary("BesselI1", bessel.i1, k.FLOATING, "Return the modified Bessel function I1.")
bessel_i1e = unary("BesselI1e", bessel.i1e, k.FLOATING, "Return exp(-|x|) * I1(x).")
bessel_j0 = unary("BesselJ0", bessel.j0, k.FLOATING, "Return Bessel's function J0.")
bessel_j1 = unary("BesselJ1", bessel.j1, k.FLOATING, "Return Bessel's function J1.")
bessel_y0 = unary("BesselY0", bessel.y0, k.FLOATING, "Return Bessel's function Y0.")
bessel_y1 = unary("BesselY1", bessel.y1, k.FLOATING, "Return Bessel's function Y1.")
bessel_k0 = unary("BesselK0", bessel.k0, k.FLOATING, "Return the modified Bessel function K0.")
bessel_k0e = unary("BesselK0e", bessel.k0e, k.FLOATING, "Return exp(x) * K0(x).")
bessel_k1 = unary("BesselK1", bessel.k1, k.FLOATING, "Return the modified Bessel function K1.")
bessel_k1e = unary("BesselK1e", bessel.k1e, k.FLOATING, "Return exp(x) * K1(x).")
erfcinv = unary("Ndtri", s.erfcinv, k.FLOATING, "Return the inverse of `erfc`.")
ndtri = unary(
    "Ndtri", s.ndtri, k.FLOATING, "Return the inverse of the normal distribution function."
)
spence = unary("Spence", integrals.spence, k.FLOATING, "Return the dilogarithm, Spence's integral.")
expint = unary("Expint", integrals.expint, k.FLOATING, "Return the exponential integral Ei.")
dawsn = unary("Dawsn", integrals.dawsn, k.FLOATING, "Return Dawson's integral.")
fresnel_cos = unary(
    "FresnelCos", integrals.fresnel_cos, k.FLOATING, "Return the Fresnel cosine integral."
)
fresnel_sin = unary(
    "FresnelSin", integrals.fresnel_sin, k.FLOATING, "Return the Fresnel sine integral."
)
igamma = binary(
    "Igamma", incomplete.gammainc, k.FLOATING, "Return the lower incomplete gamma function P(x, y)."
)
igammac = binary(
    "Igammac",
    incomplete.gammaincc,
    k.FLOATING,
    "Return the upper incomplete gamma function Q(x, y).",
)
zeta = binary("Zeta", s.zeta, k.SINGLE_DOUBLE, "Return the Hurwitz zeta function.")
_difference = binary("SquaredDifference", a.sub, k.SQUARED, "Return x - y.")


def squared_difference(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return (x - y) ** 2, for complex numbers times the conjugate.

    Raises:
        InvalidArgumentError: The dtypes differ, or the shapes do not broadcast.
    """
    d = _difference(x, y)
    if d.value.dtype.kind == "c":
        return a.mul(d, conj(d))  # type: ignore[no-any-return]
    return a.square.bind1(d)  # type: ignore[no-any-return]


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x / y, and 0 where y is 0, in derivatives as well.

    Raises:
        InvalidArgumentError: The dtypes differ or are integers, or the shapes do not broadcast.
    """
    x, y = operands("DivNoNan", x, y, strict=True)
    check_dtype("DivNoNan", x.value.dtype, k.NO_GAPS)
    try:
        return div_or_zero(x, y)  # type: ignore[no-any-return]
    except (ShapeError, ValueError) as error:
        raise incompatible_shapes("DivNoNan", x.value.shape, y.value.shape) from error


def xdivy(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x / y, and 0 where x is 0.

    Raises:
        InvalidArgumentError: The dtypes differ or are integers, or the shapes do not broadcast.
    """
    x, y = operands("Xdivy", x, y, strict=True)
    check_dtype("Xdivy", x.value.dtype, k.LOGS)
    try:
        return tf_slopes.xdivy(x, y)  # type: ignore[no-any-return]
    except (ShapeError, ValueError) as error:
        raise incompatible_shapes("Xdivy", x.value.shape, y.value.shape) from error


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x * y, and 0 where y is 0 even if x is infinite or NaN.

    Raises:
        InvalidArgumentError: The dtypes differ or are integers, or the shapes do not broadcast.
    """
    x, y = operands("MulNoNan", x, y, strict=True)
    check_dtype("MulNoNan", x.value.dtype, k.INEXACT)
    try:
        return tf_slopes.masked_mul(y, x)  # type: ignore[no-any-return]
    except (ShapeError, ValueError) as error:
        raise incompatible_shapes("MulNoNan", x.value.shape, y.value.shape) from error


def reciprocal_no_nan(x: Any, name: str | None = None) -> EagerTensor:
    """Return 1 / x, and 0 where x is 0."""
    x = as_tensor(x)
    return divide_no_nan(a.ones_like(x), x)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> EagerTensor:
    """Return the regularized incomplete beta function."""
    xs = alike("Betainc", [a, b, x])
    check_dtype("Betainc", xs[0].value.dtype, k.SINGLE_DOUBLE)
    return incomplete.betainc(*xs)  # type: ignore[no-any-return]


def polygamma(a: Any, x: Any, name: str | None = None) -> EagerTensor:
    """Return the polygamma function of order `a`, the same for all elements.

    Raises:
        NotImplementedError: Several orders.
    """
    orders = set(np.asarray(as_tensor(a).value).reshape(-1).tolist())
    if len(orders) != 1:
        raise NotImplementedError("tf.math.polygamma with several orders: call it once for each")
    return s.polygamma(int(orders.pop()), as_tensor(x))  # type: ignore[no-any-return]


def lbeta(x: Any, name: str | None = None) -> EagerTensor:
    """Return log(|Beta|) of the vectors in the last axis."""
    x = as_tensor(x)
    return reduce_sum(lgamma(x), -1) - lgamma(reduce_sum(x, -1))  # type: ignore[no-any-return]


def polyval(coeffs: Any, x: Any, name: str | None = None) -> EagerTensor:
    """Return the polynomial with the coefficients `coeffs`, the highest power first.

    Raises:
        ValueError: `coeffs` is no list.
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    x = as_tensor(x)
    if not coeffs:
        return a.zeros_like(x)  # type: ignore[no-any-return]
    out = as_tensor(coeffs[0], x.value.dtype)
    for c in coeffs[1:]:
        out = as_tensor(c, x.value.dtype) + out * x
    return out


def add_n(inputs: Any, name: str | None = None) -> EagerTensor:
    """Add up tensors of one shape and dtype.

    Raises:
        ValueError: There is none.
        InvalidArgumentError: Shapes or dtypes differ.
    """
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    if not inputs:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    xs = alike("AddN", [as_dense(x) for x in inputs])
    out = xs[0]
    for i, x in enumerate(xs[1:], 1):
        if x.value.shape != out.value.shape:
            raise kernel_error(
                "AddN",
                "Inputs to operation AddN of type AddN must have the same size and shape.  Input 0: "
                f"{dims(out.value.shape)} != input {i}: {dims(x.value.shape)}",
                kernel=f"AddN_N_{len(xs)}",
            )
        out = a.add.bind2(out, x)
    return out


accumulate_n = add_n


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> EagerTensor:
    """Return a scalar times a tensor.

    Raises:
        ValueError: It is no scalar.
    """
    x = as_tensor(as_dense(x))
    factor = as_tensor(scalar, x.value.dtype)
    if factor.value.shape:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {factor.shape}.")
    return factor * x  # type: ignore[no-any-return]


def truncatediv(x: Any, y: Any, name: str | None = None) -> EagerTensor:
    """Return x / y for integers, rounded towards zero."""
    x, y = operands("TruncateDiv", x, y, strict=True)
    dtype = x.value.dtype
    shape = np.broadcast_shapes(x.value.shape, y.value.shape)
    return tensor(on_numbers(_truncated_quotient, shape, dtype, x.value, y.value))


def _truncated_quotient(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu":
        return ((np.abs(x) // np.abs(y)) * np.sign(x) * np.sign(y)).astype(x.dtype)[()]
    return np.trunc(x.astype(np.float64) / y).astype(x.dtype)[()]
