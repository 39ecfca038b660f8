"""Comparisons, predicates, logic and bits: boolean or integer results, with no derivative.

The operators of `operator` are used where they mean the same as the ufuncs: on NumPy scalars they
take a twentieth of the time.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DtypeError
from ..core.kinds import constant
from .evaluation import real_only

eq = constant("eq", operator.eq, inputs="x y")
ne = constant("ne", operator.ne, inputs="x y")
lt = constant("lt", real_only("lt", operator.lt), inputs="x y")
le = constant("le", real_only("le", operator.le), inputs="x y")
gt = constant("gt", real_only("gt", operator.gt), inputs="x y")
ge = constant("ge", real_only("ge", operator.ge), inputs="x y")

isnan = constant("isnan", np.isnan)
isinf = constant("isinf", np.isinf)
isfinite = constant("isfinite", np.isfinite)
isposinf = constant("isposinf", real_only("isposinf", lambda x: x == np.inf))
isneginf = constant("isneginf", real_only("isneginf", lambda x: x == -np.inf))
isreal = constant("isreal", lambda x: x.imag == 0, doc="Whether the imaginary part is zero.")
signbit = constant(
    "signbit", real_only("signbit", lambda x: np.signbit(x) if x.dtype.kind in "fV" else x < 0),
    doc="Whether the sign bit is set: true for -0.0; for integers x < 0.",
)  # fmt: skip

logical_and = constant("logical_and", np.logical_and, inputs="x y")
logical_or = constant("logical_or", np.logical_or, inputs="x y")
logical_xor = constant("logical_xor", np.logical_xor, inputs="x y")
logical_not = constant("logical_not", np.logical_not)

bitwise_and = constant("bitwise_and", operator.and_, inputs="x y")
bitwise_or = constant("bitwise_or", operator.or_, inputs="x y")
bitwise_xor = constant("bitwise_xor", operator.xor, inputs="x y")
bitwise_not = constant("bitwise_not", operator.invert)


def _no_bool_shift(name: str, f: Any) -> Any:
    def shift(x: Any, y: Any) -> Any:
        if x.dtype.kind == "b":
            raise DtypeError(f'"{name}" not implemented for bool; cast to an integer dtype first')
        return f(x, y)

    return shift


# Shifting by the width or more gives 0, and -1 for a negative number shifted right: C leaves it
# open, NumPy and PyTorch do not.
left_shift = constant("left_shift", _no_bool_shift("left_shift", operator.lshift), inputs="x y")
right_shift = constant("right_shift", _no_bool_shift("right_shift", operator.rshift), inputs="x y")

gcd = constant("gcd", np.gcd, inputs="x y", doc="The greatest common divisor, never negative.")
lcm = constant("lcm", np.lcm, inputs="x y", doc="The least common multiple, never negative.")


def _isclose(x: Any, y: Any, *, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = np.equal(x, y)
    if equal_nan:
        close = close | (np.isnan(x) & np.isnan(y))
    if not rtol and not atol:
        return close
    if x.dtype.kind in "biu":  # the difference of unsigned integers would wrap around
        x, y = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(invalid="ignore"):  # inf - inf
        difference = abs(x - y)
        return close | (np.isfinite(difference) & (difference <= atol + abs(y * rtol)))


isclose_p = constant("isclose", _isclose, inputs="x y")


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Return whether |x - y| <= atol + rtol * |y|, elementwise; infinities are close to themselves.

    Args:
        x: Values.
        y: Values of the same dtype that broadcast with x.
        rtol: Tolerance relative to |y|, not negative.
        atol: Absolute tolerance, not negative.
        equal_nan: Whether NaN is close to NaN.

    Raises:
        ArgumentError: A tolerance is negative.
    """
    if rtol < 0 or atol < 0:
        which, value = ("rtol", rtol) if rtol < 0 else ("atol", atol)
        raise ArgumentError(f"{which} must be greater than or equal to zero, but got {value}")
    return isclose_p(x, y, rtol=float(rtol), atol=float(atol), equal_nan=bool(equal_nan))


# Comparisons with static numbers, which rules use as masks. What a mask says of NaN is what
# PyTorch's gradient does with NaN, so each has the one that its rule needs.

exceeds = constant("exceeds", lambda x, *, bound: x > bound, doc="x > bound; false for NaN.")
less_than = constant("less_than", lambda x, *, bound: x < bound, doc="x < bound; false for NaN.")


def _between(x: Any, *, low: float | None, high: float | None) -> Any:
    if low is None:
        return x <= high
    if high is None:
        return x >= low
    return (x >= low) & (x <= high)


between = constant(
    "between", _between, doc="low <= x <= high, either may be None; false for NaN.",
)  # fmt: skip
strictly_between = constant(
    "strictly_between", lambda x, *, low, high: (x > low) & (x < high),
    doc="low < x < high; false for NaN.",
)  # fmt: skip
