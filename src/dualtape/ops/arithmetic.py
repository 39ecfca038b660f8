"""Sums, products, quotients and powers, integer division and its remainders.

On NumPy scalars the operators of `operator` are ten times as fast as the ufuncs, and on arrays as
fast, so they are what `eval` is wherever both mean the same.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, IntegerDivisionError
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise
from ..core.tensor import constant as number
from .evaluation import Eval, in_single, real_only
from .select import keep

zeros_like = constant("zeros_like", np.zeros_like)
ones_like = constant("ones_like", np.ones_like)

add = elementwise("add", operator.add, lambda d: d, lambda d: d)
sub = elementwise("sub", operator.sub, lambda d: d, lambda d: -d)
mul = elementwise("mul", operator.mul, lambda d, y: d * y, lambda d, x: d * x)
# Not by way of `out`, which a program may go on to overwrite: PyTorch keeps the operands.
div = elementwise("div", operator.truediv, lambda d, y: d / y, lambda d, x, y: -(d / y) * (x / y))
neg = elementwise("neg", operator.neg, lambda d: -d)
reciprocal = elementwise("reciprocal", np.reciprocal, lambda d, out: -d * out * out)
square = elementwise("square", np.square, lambda d, x: d * (x + x), grad_name="PowBackward0")

# Integer division. NumPy divides an integer by zero with a warning and the result 0; PyTorch and
# TensorFlow refuse, and so do we.


def _checked(name: str, f: Eval) -> Eval:
    """The division `f`, with an error for an integer divided by zero."""

    def divide(x: Any, y: Any) -> Any:
        if y.dtype.kind in "biu" and x.dtype.kind in "biu" and not np.all(y):
            raise IntegerDivisionError(
                f"ZeroDivisionError: integer division or modulo by zero in {name}"
            )
        return f(x, y)

    return real_only(name, divide)


def _truncated(x: Any, y: Any) -> Any:
    if x.dtype.kind not in "biu":
        return np.trunc(x / y)
    quotient = np.floor_divide(x, y)
    inexact_and_negative = (quotient * y != x) & ((x < 0) != (y < 0))
    return quotient + inexact_and_negative.astype(quotient.dtype)


_floored = _checked("floor_divide", np.floor_divide)

floor_divide = constant(
    "floor_divide", _floored, inputs="x y", doc="The quotient rounded down, in the dtype of x."
)
truncated_quotient = constant(
    "truncated_quotient", _checked("div", _truncated), inputs="x y",
    doc="The quotient rounded towards zero, in the dtype of x.",
)  # fmt: skip

# The same two with a derivative, which is zero (and not missing): PyTorch's div with a rounding
# mode.
div_floor = elementwise(
    "div_floor", _floored, lambda d: zeros_like(d), lambda d, y: zeros_like(y) * d,
    grad_name="DivBackward2", doc="The quotient rounded down; derivative 0.",
)  # fmt: skip
div_trunc = elementwise(
    "div_trunc", _checked("div", _truncated), lambda d: zeros_like(d), lambda d: zeros_like(d),
    grad_name="DivBackward2", doc="The quotient rounded towards zero; derivative 0.",
)  # fmt: skip


def divide(x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    """Return x / y, rounded or not.

    Args:
        x: Values.
        y: Values of the same dtype that broadcast with x.
        rounding_mode: None, "floor" or "trunc". Rounded quotients of integers are integers, and
            their derivative is 0.

    Raises:
        ArgumentError: Another rounding mode.
        IntegerDivisionError: An integer divided by zero, rounded.
    """
    if rounding_mode is None:
        return div(x, y)
    if rounding_mode == "floor":
        return div_floor(x, y)
    if rounding_mode == "trunc":
        return div_trunc(x, y)
    raise ArgumentError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"'{rounding_mode}'"
    )


# Both remainders are x - q*y with a piecewise constant integer q.
remainder = elementwise(
    "remainder", _checked("remainder", np.remainder),
    lambda d: d, lambda d, x, y: -d * floor_divide(x, y), grad_name="RemainderBackward1",
    doc="x - y * floor(x / y), with the sign of y (Python's %).",
)  # fmt: skip
fmod = elementwise(
    "fmod", _checked("fmod", np.fmod),
    lambda d: d, lambda d, x, y: -d * truncated_quotient(x, y), grad_name="FmodBackward1",
    doc="x - y * trunc(x / y), with the sign of x (C's fmod).",
)  # fmt: skip


# Powers


def _power_eval(x: Any, *, exponent: Any) -> Any:
    if exponent == 2:
        return x * x
    if exponent == 3:
        return x * x * x
    kind = x.dtype.kind
    if kind in "biu":
        return np.power(x, exponent)
    # What PyTorch computes for these, and np.power not: sqrt(-inf) is NaN, pow(-inf, 0.5) is inf.
    if exponent == 0.5:
        return np.sqrt(x)
    if exponent == -1:
        return 1 / x if kind != "V" else np.reciprocal(x)
    if exponent in (-0.5, -2):
        return _negative_power(x, exponent=exponent)
    return np.power(x, number(exponent, x.dtype, x))


@in_single
def _negative_power(x: Any, *, exponent: float) -> Any:
    return 1 / np.sqrt(x) if exponent == -0.5 else 1 / (x * x)


def _power_rule(d: Any, x: Any, *, exponent: Any) -> Any:
    if exponent == 0:  # and not 0 * x**-1, which is NaN at 0
        return zeros_like(d)
    if exponent == 1:
        return d
    if exponent == 2:
        return d * (x + x)
    return d * (exponent * power(x, exponent=exponent - 1))


power = elementwise(
    "power", _power_eval, _power_rule, grad_name="PowBackward0",
    doc="x ** exponent for a Python number `exponent`, in the dtype of x.",
)  # fmt: skip


def _rpow_eval(x: Any, *, base: Any) -> Any:
    return (
        np.exp2(x) if base == 2 and x.dtype.kind in "fc" else np.power(number(base, x.dtype, x), x)
    )


def _rpow_rule(d: Any, x: Any, out: Any, *, base: Any) -> Any:
    if base == 0:  # flat to the right of 0, and infinite to the left
        return keep(is_negative(x), -(d * out))
    with np.errstate(invalid="ignore"):
        log = np.log(np.asarray(base, dtype_of(out)))[()]  # NaN for a negative real base
    return d * out * (complex(log) if dtype_of(out).kind == "c" else float(log))


is_negative = constant(
    "is_negative", lambda x: ~(x.real >= 0), doc="Whether the real part is below 0, or NaN."
)

rpow = elementwise(
    "rpow", _rpow_eval, _rpow_rule, grad_name="PowBackward2",
    doc="base ** x for a Python number `base`, in the dtype of x.",
)  # fmt: skip


def _pow_eval(x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu" and y.dtype.kind == "i" and np.any(y < 0):
        # What is left of 1/x**|y| in integers, as PyTorch has it: NumPy raises.
        sign = np.where((x == -1) & (y % 2 != 0), -1, np.where((x == 1) | (x == -1), 1, 0))
        return np.where(y < 0, sign, np.power(x, abs(y))).astype(np.result_type(x, y))
    return np.power(x, y)


# At a base of 0 the exponent's derivative is taken as 0 where the exponent is not negative (0**y is
# then flat to the right of 0), and a zero exponent makes the base's derivative 0: PyTorch's
# choices.
pow = elementwise(
    "pow", _pow_eval,
    lambda d, x, y: d * power_slope(x, y),
    lambda d, x, y, out: d * out * log_or_zero(x, y),
    grad_name="PowBackward1", doc="x ** y.",
)  # fmt: skip

power_slope = elementwise(
    "power_slope",
    in_single(lambda x, y: np.where(y == 0, np.zeros_like(x), y * np.power(x, y - 1))),
    lambda d, x, y: keep(y_not_zero(x, y), d * (y * power_slope(x, y - 1))),
    lambda d, x, y: d * (pow(x, y - 1) * (1 + y * log_or_zero(x, y - 1))),
    doc="y * x**(y-1), and 0 for y == 0: the derivative of x**y by x.",
)  # fmt: skip

y_not_zero = constant("y_not_zero", lambda x, y: (y != 0) & (x == x), inputs="x y")


def _flat_at_zero(x: Any, y: Any) -> Any:
    return (x == 0) & (y.imag == 0) & (y.real >= 0) if y.dtype.kind == "c" else (x == 0) & (y >= 0)


log_or_zero = elementwise(
    "log_or_zero", lambda x, y: np.where(_flat_at_zero(x, y), np.zeros_like(x), np.log(x)),
    lambda d, x, y: d * reciprocal_or_zero(x, y),
    None,
    doc="log(x), and 0 where x == 0 and y >= 0.",
)  # fmt: skip

reciprocal_or_zero = elementwise(
    "reciprocal_or_zero",
    in_single(lambda x, y: np.where(_flat_at_zero(x, y), np.zeros_like(x), 1 / x)),
    lambda d, x, y: -d * square(reciprocal_or_zero(x, y)),
    None,
    doc="1/x, and 0 where x == 0 and y >= 0.",
)  # fmt: skip
