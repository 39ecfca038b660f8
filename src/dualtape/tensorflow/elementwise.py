"""Elementwise operations of one operand, and the rarer ones of two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.adapted import own_copy
from ..core.boxes import Box
from ..core.errors import ShapeError
from ..core.tensor import wrap
from ..core.vocabulary import vocabulary
from ..ops import arithmetic as a
from ..ops import compare as c
from ..ops import exponential as e
from ..ops import logistic
from ..ops import numbers as n
from ..ops import special as s
from ..ops import tf_slopes as slopes
from ..ops import trigonometric as t
from ..ops.complex import cast as cast_to
from ..ops.complex import conj as conjugate
from ..ops.complex import imag as imaginary_part
from ..ops.complex import real as real_part
from ..ops.tf_choices import maximum_first, minimum_first
from . import kernels as k
from .convert import as_tensor, operands
from .dtype import as_dtype, kernel_name
from .errors import UnimplementedError
from .hosted import on_numbers
from .indexed_slices import IndexedSlices
from .kernels import Dtypes, check_dtype
from .logs import warn
from .raising import incompatible_shapes
from .tensor import EagerTensor, tensor

Function = Callable[..., Any]


def unary(op: str, compute: Callable[[Any], Any], allowed: Dtypes, doc: str) -> Function:
    """Make the function of one operand that TensorFlow calls `op`.

    Args:
        op: The name in error messages.
        compute: The primitive or op.
        allowed: The dtypes it takes.
        doc: What it computes.
    """
    kinds = allowed.kinds
    run = getattr(compute, "bind1", compute)

    def function(x: Any, name: str | None = None) -> EagerTensor:
        if x.__class__ is not EagerTensor:
            x = as_tensor(x)
        if x.value.dtype.kind not in kinds:
            check_dtype(op, x.value.dtype, allowed)
        return run(x)  # type: ignore[no-any-return]

    function.__doc__ = f"""{doc}

    Args:
        x: A tensor, or what one can be made of.
        name: Not used.

    Raises:
        InvalidArgumentError: The dtype has no kernel.
    """
    return own_copy(function)


def flat(op: str, compute: Callable[[Any], Any], allowed: Dtypes, doc: str) -> Function:
    """As `unary`, for operations that TensorFlow gives no gradient: the result counts as a constant."""
    return unary(op, lambda x: compute(tensor(x.value)), allowed, doc)


square = unary("Square", a.square, k.NUMBERS, "Return x * x.")
sqrt = unary("Sqrt", slopes.sqrt_masked, k.INEXACT, "Return the square root of x.")
rsqrt = unary("Rsqrt", slopes.rsqrt_masked, k.INEXACT, "Return 1 / sqrt(x).")
exp = unary("Exp", e.exp, k.INEXACT, "Return e ** x.")
expm1 = unary("Expm1", e.expm1, k.INEXACT, "Return e ** x - 1, exact near 0.")
log = unary("Log", slopes.log_by_reciprocal, k.INEXACT, "Return the natural logarithm of x.")
log1p = unary("Log1p", slopes.log1p_by_reciprocal, k.INEXACT, "Return log(1 + x), exact near 0.")
sin = unary("Sin", t.sin, k.INEXACT, "Return the sine of x in radians.")
cos = unary("Cos", t.cos, k.INEXACT, "Return the cosine of x in radians.")
tan = unary("Tan", t.tan, k.INEXACT, "Return the tangent of x in radians.")
asin = unary("Asin", slopes.asin_by_root, k.INEXACT, "Return the inverse sine of x, in radians.")
acos = unary("Acos", slopes.acos_by_root, k.INEXACT, "Return the inverse cosine of x, in radians.")
atan = unary("Atan", t.atan, k.INEXACT, "Return the inverse tangent of x, in radians.")
sinh = unary("Sinh", t.sinh, k.INEXACT, "Return the hyperbolic sine of x.")
cosh = unary("Cosh", t.cosh, k.INEXACT, "Return the hyperbolic cosine of x.")
tanh = unary("Tanh", t.tanh, k.INEXACT, "Return the hyperbolic tangent of x.")
asinh = unary("Asinh", t.asinh, k.INEXACT, "Return the inverse hyperbolic sine of x.")
acosh = unary(
    "Acosh", slopes.acosh_by_sinh, k.INEXACT, "Return the inverse hyperbolic cosine of x."
)
atanh = unary(
    "Atanh", slopes.atanh_by_reciprocal, k.INEXACT, "Return the inverse hyperbolic tangent of x."
)
sigmoid = unary("Sigmoid", logistic.sigmoid, k.INEXACT, "Return 1 / (1 + exp(-x)).")
sign = unary("Sign", n.sgn, k.SIGNED_COMPLEX, "Return x / |x|, and 0 for 0.")
floor = flat("Floor", n.floor, k.FLOATING, "Return the largest integer not above x.")
ceil = flat("Ceil", n.ceil, k.FLOATING, "Return the smallest integer not below x.")
rint = flat("Rint", n.round_p, k.FLOATING, "Return the nearest integer, the even one at ties.")
erf = unary("Erf", s.erf, k.FLOATING, "Return the Gauss error function of x.")
erfc = unary("Erfc", s.erfc, k.FLOATING, "Return 1 - erf(x).")
erfinv = unary("Erfinv", s.erfinv, k.FLOATING, "Return the inverse of erf at x.")
lgamma = unary("Lgamma", slopes.lgamma, k.FLOATING, "Return log(|gamma(x)|).")
digamma = unary("Digamma", slopes.digamma, k.FLOATING, "Return the derivative of lgamma at x.")
is_nan = unary("IsNan", c.isnan, k.FLOATING, "Return where x is NaN.")
is_inf = unary("IsInf", c.isinf, k.FLOATING, "Return where x is infinite.")
is_finite = unary("IsFinite", c.isfinite, k.FLOATING, "Return where x is finite.")
reciprocal = unary("Reciprocal", slopes.reciprocal_masked, k.SIGNED_COMPLEX, "Return 1 / x.")
log_sigmoid = unary("Softplus", logistic.log_sigmoid, k.HALF_FIRST, "Return log(sigmoid(x)).")


def round(x: Any, name: str | None = None) -> EagerTensor:
    """Return the nearest integer to x, the even one at ties; integers as they are."""
    t = as_tensor(x)
    if t.value.dtype.kind in "iu":
        return t
    check_dtype("Round", t.value.dtype, k.SIGNED_COMPLEX)
    return n.round_p(tensor(t.value))  # type: ignore[no-any-return]


def real(input: Any, name: str | None = None) -> EagerTensor:
    """Return the real part; a real tensor as it is."""
    x = as_tensor(input)
    return real_part(x) if x.value.dtype.kind == "c" else x


def imag(input: Any, name: str | None = None) -> EagerTensor:
    """Return the imaginary part; zeros for a real tensor."""
    x = as_tensor(input)
    if x.value.dtype.kind == "c":
        return imaginary_part(x)  # type: ignore[no-any-return]
    return a.zeros_like(x)  # type: ignore[no-any-return]


def conj(x: Any, name: str | None = None) -> EagerTensor:
    """Return the complex conjugate; a real tensor as it is."""
    t = as_tensor(x)
    return conjugate(t) if t.value.dtype.kind == "c" else t


def angle(input: Any, name: str | None = None) -> EagerTensor:
    """Return the argument of a complex number in radians; 0 or pi for a real one."""
    x = as_tensor(input)
    if x.value.dtype.kind not in "fcV":
        check_dtype("Angle", x.value.dtype, k.COMPLEX)
    if x.value.dtype.kind != "c":
        return n.angle(wrap(EagerTensor, x.value))  # type: ignore[no-any-return] # a constant, without a gradient
    return n.angle(x)  # type: ignore[no-any-return]


def complex(real: Any, imag: Any, name: str | None = None) -> EagerTensor:
    """Return real + 1j * imag: complex64 for float32, complex128 for float64.

    Raises:
        TypeError: The dtypes are not both float32 or both float64.
        InvalidArgumentError: The shapes do not broadcast.
    """
    x = as_tensor(real)
    y = as_tensor(imag, x.value.dtype)
    pair = (x.dtype.name, y.dtype.name)
    wide = {("float32",) * 2: np.complex64, ("float64",) * 2: np.complex128}.get(pair)
    if wide is None:
        raise TypeError(
            f"The `real` and `imag` components have incorrect types: {x.dtype.name} {y.dtype.name}. They "
            "must be consistent, and one of [tf.float32, tf.float64]"
        )
    x, y = operands("Complex", x, y)
    j = as_tensor(np.array(1j, wide)[()])
    try:
        return a.add(cast_to(x, wide), a.mul(cast_to(y, wide), j))  # type: ignore[no-any-return]
    except ShapeError as error:
        raise incompatible_shapes("Complex", x.value.shape, y.value.shape) from error


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Convert the elements to `dtype`; complex to real keeps the real part.

    Args:
        x: A tensor, what one can be made of, or a `tf.IndexedSlices`.
        dtype: As for `tf.as_dtype`.
        name: Not used.

    Raises:
        TypeError: `dtype` is no dtype.
    """
    to = as_dtype(dtype).numpy_dtype
    if isinstance(x, IndexedSlices):
        return IndexedSlices(cast(x.values, dtype), x.indices, x.dense_shape)
    x = as_tensor(x)
    have = x.value.dtype
    if have == to:
        return x
    if (have.kind == "O") != (to.kind == "O"):
        raise _unimplemented_cast(x, kernel_name(to))
    if have.kind == "c" and to.kind in "fViu":
        warn(
            "You are casting an input of type %s to an incompatible dtype %s.  This will discard the imaginary "
            "part and may not be what you intended.",
            have.name, to.name,
        )  # fmt: skip
    if have.kind in "fV" and to.kind in "iu":
        return tensor(_truncated(x.value, to))
    return cast_to(x, to)


def _truncated(value: Any, to: np.dtype[Any]) -> Any:
    """Floats as integers; NaN and what does not fit give what the machine's conversion gives, silently."""
    if isinstance(value, Box):
        return vocabulary.cast(value, to)
    with np.errstate(invalid="ignore"):
        return value.astype(to)


def _unimplemented_cast(x: EagerTensor, to: str) -> Exception:
    return UnimplementedError(
        None, None,
        f"{{{{function_node __wrapped__Cast_device_/job:localhost/replica:0/task:0/device:CPU:0}}}} Cast "
        f"{kernel_name(x.value.dtype)} to {to} is not supported [Op:Cast] name: ",
    )  # fmt: skip


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> EagerTensor:
    """Convert the elements to `dtype`, the nearest value that it holds for those that it does not."""
    x = as_tensor(value)
    to = as_dtype(dtype)
    if to.is_integer and (x.dtype.is_floating or x.dtype.is_integer):
        bounded = to.numpy_dtype
        return tensor(on_numbers(lambda v: _saturated(v, bounded), x.value.shape, bounded, x.value))
    if to.is_floating and x.dtype.is_floating and to.max < x.dtype.max:
        # As a maximum of a minimum: the derivative inside the bounds is that of x.
        bounds = [as_tensor(x.value.dtype.type(b)) for b in (to.max, to.min)]
        x = maximum_first(minimum_first(x, bounds[0]), bounds[1])
    return cast(x, dtype)  # type: ignore[no-any-return]


def _saturated(value: Any, to: np.dtype[Any]) -> Any:
    """Numbers as integers, each bound for what is past it, and the lower one for what is no number."""
    low, high = int(np.iinfo(to).min), int(np.iinfo(to).max)
    if value.dtype.kind in "iu":
        own = np.iinfo(value.dtype)
        return np.clip(value, max(low, int(own.min)), min(high, int(own.max))).astype(to)
    value = value.astype(np.float64)
    # A float of the largest 64-bit integer is rounded up, out of range: what reaches it is set afterwards.
    inside = (value > low) & (value < high)
    return np.where(
        inside, np.where(inside, value, 0).astype(to), np.where(value >= high, high, low).astype(to)
    )[()]
