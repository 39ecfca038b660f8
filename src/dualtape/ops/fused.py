"""Several steps in one: x + y*z, x + y/z, interpolation; and powers in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.forward import dtype_of
from ..core.kinds import elementwise
from .arithmetic import pow, power, rpow
from .complex import cast
from .evaluation import in_single


@in_single
def _addcmul(x: Any, y: Any, z: Any, *, value: Any) -> Any:
    product = y * z
    return x + (product if value == 1 else product * value)


@in_single
def _addcdiv(x: Any, y: Any, z: Any, *, value: Any) -> Any:
    quotient = y / z
    return x + (quotient if value == 1 else quotient * value)


addcmul_p = elementwise(
    "addcmul", _addcmul, lambda d: d,
    lambda d, z, *, value: d * (z * value), lambda d, y, *, value: d * (y * value),
    doc="x + value * y * z.",
)  # fmt: skip
addcdiv_p = elementwise(
    "addcdiv", _addcdiv, lambda d: d,
    lambda d, z, *, value: d * value / z,
    lambda d, y, z, *, value: -(d * value / z) * (y / z),
    doc="x + value * y / z.",
)  # fmt: skip


def addcmul(x: Any, y: Any, z: Any, value: Any = 1) -> Any:
    """Return x + value * y * z, for a Python number `value`."""
    return addcmul_p(x, y, z, value=value)


def addcdiv(x: Any, y: Any, z: Any, value: Any = 1) -> Any:
    """Return x + value * y / z, for a Python number `value`; not for integers."""
    return addcdiv_p(x, y, z, value=value)


@in_single
def _lerp_eval(x: Any, y: Any, w: Any) -> Any:
    # From the nearer end, so that the weights 0 and 1 give x and y exactly.
    difference = y - x
    near = abs(w) < 0.5
    return np.where(near, x + w * difference, y - difference * (1 - w))


lerp_p = elementwise(
    "lerp", _lerp_eval,
    lambda d, w: d * (1 - w), lambda d, w: d * w, lambda d, x, y: d * (y - x),
    inputs="x y w", grad_name="LerpBackward1", doc="x + w * (y - x).",
)  # fmt: skip


@in_single
def _lerp_number_eval(x: Any, y: Any, *, weight: Any) -> Any:
    if abs(weight) < 0.5:
        return x + weight * (y - x)
    return y - (y - x) * (1 - weight)


lerp_number_p = elementwise(
    "lerp_number",
    _lerp_number_eval,
    lambda d, *, weight: d * (1 - weight), lambda d, *, weight: d * weight,
    grad_name="LerpBackward0", doc="x + weight * (y - x).",
)  # fmt: skip


def lerp(x: Any, y: Any, weight: Any) -> Any:
    """Return x + weight * (y - x): x at weight 0, y at weight 1, exactly.

    Args:
        x: Values of an inexact dtype.
        y: Values of the same dtype.
        weight: A Python number, or values of that dtype; all broadcast.
    """
    if isinstance(weight, (int, float, complex)):
        return lerp_number_p(x, y, weight=weight)
    return lerp_p(x, y, weight)


def float_power(x: Any, y: Any) -> Any:
    """Return x ** y computed in float64, or in complex128 if one of them is complex.

    Args:
        x: Values of any dtype, or a Python number.
        y: Values of any dtype that broadcast with x, or (if x is none) a Python number.
    """
    numbers = (int, float, complex)
    is_complex = any(
        isinstance(v, complex) or (not isinstance(v, numbers) and dtype_of(v).kind == "c")
        for v in (x, y)
    )
    dtype = np.dtype(np.complex128 if is_complex else np.float64)
    if isinstance(y, numbers):
        return power(cast(x, dtype), exponent=y)
    if isinstance(x, numbers):
        return rpow(cast(y, dtype), base=x)
    return pow(cast(x, dtype), cast(y, dtype))
