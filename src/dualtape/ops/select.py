"""Choosing between values elementwise: where, masks, extrema, bounds.

NOTE [masks]
Where a branch was not taken its cotangent is set to zero and not multiplied by zero: an infinite
cotangent, as from log(maximum(x, 0)) at a negative x, then stays out of it, as it does in PyTorch.

`np.where` mispredicts a branch per element of a random mask (20 ms for 10^6 float32, where a
product takes 1). From some thousand elements on the choice is made on the bits, taken as integers:
m*x for "x or zero", y ^ (m*(x ^ y)) for "x or y". No branch, and inf and NaN pass or vanish whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise
from ..core.tensor import constant as number
from .compare import between, isfinite, logical_not
from .evaluation import real_only, zero

Array = np.ndarray

LARGE = 2048
_INTEGERS = {n: np.dtype(f"i{n}") for n in (1, 2, 4, 8)}


def _where_eval(condition: Any, x: Any, y: Any) -> Any:
    if type(condition) is Array and condition.size >= LARGE and x.dtype == y.dtype:
        bits = _INTEGERS.get(x.dtype.itemsize)
        if bits is not None and condition.dtype.kind == "b":
            differing = x.view(bits) ^ y.view(bits)
            memory = differing if np.shape(differing) == condition.shape else None
            chosen = np.multiply(differing, condition, memory, dtype=bits)
            return np.bitwise_xor(chosen, y.view(bits), chosen).view(x.dtype)
    elif (
        isinstance(condition, np.generic)
        and isinstance(x, np.generic)
        and isinstance(y, np.generic)
    ):
        return x if condition else y
    return np.where(condition, x, y)


def _keep_eval(mask: Any, x: Any) -> Any:
    if type(mask) is Array:
        bits = _INTEGERS.get(x.dtype.itemsize) if mask.size >= LARGE else None
        if bits is not None:
            return np.multiply(x.view(bits), mask, dtype=bits).view(x.dtype)
        return np.where(mask, x, zero(x.dtype))
    if isinstance(x, np.generic):
        return x if mask else x.dtype.type(0)
    return np.where(mask, x, zero(x.dtype))


where = elementwise(
    "where", _where_eval,
    None,
    lambda d, condition: keep(condition, d),
    lambda d, condition: keep(logical_not(condition), d),
    masks=True, inputs="condition x y",
    doc="x where `condition` (boolean) holds, y elsewhere; all three broadcast.",
)  # fmt: skip

keep = elementwise(
    "keep", _keep_eval, None, lambda d, mask: keep(mask, d),
    masks=True, inputs="mask x", grad_name="WhereBackward0",
    doc="x where `mask` holds, and zero elsewhere, whatever x is there (NOTE [masks]).",
)  # fmt: skip

masked_fill = elementwise(
    "masked_fill", lambda x, mask, value: _where_eval(mask, value, x),
    lambda d, mask: keep(logical_not(mask), d), None, lambda d, mask: keep(mask, d),
    masks=True, inputs="x mask value",
    doc="x with `value`, of the same dtype, where `mask` holds.",
)  # fmt: skip


# The larger and the smaller of two. Ties share the cotangent equally, and with a NaN among the two
# both get all of it: PyTorch's choices.


def _winner_eval(d: Any, x: Any, y: Any) -> Any:
    tie = np.equal(x, y)
    if tie.any():
        d = _where_eval(tie, d * d.dtype.type(0.5), d)
    return _keep_eval(~np.less(x, y), d)


winner = elementwise(
    "winner", _winner_eval, lambda e, x, y: winner(e, x, y), None, None, inputs="d x y",
    doc="The share of d that x gets in maximum(x, y): all, half for a tie, nothing where x < y.",
)  # fmt: skip

maximum = elementwise(
    "maximum", real_only("maximum", np.maximum),
    lambda d, x, y: winner(d, x, y), lambda d, x, y: winner(d, y, x),
    masks=True, doc="The larger one, NaN if one is NaN. The derivative is shared equally at ties.",
)  # fmt: skip
minimum = elementwise(
    "minimum", real_only("minimum", np.minimum),
    lambda d, x, y: winner(d, y, x), lambda d, x, y: winner(d, x, y),
    masks=True, doc="The smaller one, NaN if one is NaN. The derivative is shared equally at ties.",
)  # fmt: skip

# fmax and fmin give a tie to their first operand, again as PyTorch.
first_in_fmax = constant("first_in_fmax", lambda x, y: (x >= y) | np.isnan(y), inputs="x y")
first_in_fmin = constant("first_in_fmin", lambda x, y: (x <= y) | np.isnan(y), inputs="x y")

fmax = elementwise(
    "fmax", real_only("fmax", np.fmax),
    lambda d, x, y: keep(first_in_fmax(x, y), d),
    lambda d, x, y: keep(logical_not(first_in_fmax(x, y)), d),
    masks=True, doc="The larger one, or the other where one is NaN. The derivative at a tie is x's.",
)  # fmt: skip
fmin = elementwise(
    "fmin", real_only("fmin", np.fmin),
    lambda d, x, y: keep(first_in_fmin(x, y), d),
    lambda d, x, y: keep(logical_not(first_in_fmin(x, y)), d),
    masks=True, doc="The smaller one, or the other where one is NaN. The derivative at a tie is x's.",
)  # fmt: skip


def _clamp_eval(x: Any, *, low: Any, high: Any) -> Any:
    if low is None:
        return np.minimum(x, number(high, x.dtype, x))
    out = np.maximum(x, number(low, x.dtype, x))
    if high is None:
        return out
    return np.minimum(out, number(high, x.dtype, x), out=out if type(out) is Array else None)


clamp_p = elementwise(
    "clamp", real_only("clamp", _clamp_eval),
    lambda d, x, *, low, high: keep(between(x, low=low, high=high), d), masks=True, grad_name="ClampBackward1",
    doc="min(max(x, low), high); a bound may be None. The derivative is 1 at the bounds, 0 at NaN.",
)  # fmt: skip

within = constant("within", lambda x, low, high: (x >= low) & (x <= high), inputs="x low high")
at_low = constant("at_low", lambda x, low, high: (x < low) & (low < high), inputs="x low high")
at_high = constant("at_high", lambda x, low, high: (x > high) | (high < low), inputs="x low high")

clamp_between = elementwise(
    "clamp_between", real_only("clamp", lambda x, low, high: np.minimum(np.maximum(x, low), high)),
    lambda d, x, low, high: keep(within(x, low, high), d),
    lambda d, x, low, high: keep(at_low(x, low, high), d),
    lambda d, x, low, high: keep(at_high(x, low, high), d),
    masks=True, inputs="x low high", grad_name="ClampBackward0",
    doc="min(max(x, low), high) with bounds that are values, and have gradients, themselves.",
)  # fmt: skip

not_below = constant("not_below", lambda x, y: x >= y, inputs="x y")
below = constant("below", lambda x, y: x < y, inputs="x y")

clamp_low = elementwise(
    "clamp_low", real_only("clamp", np.maximum),
    lambda d, x, low: keep(not_below(x, low), d), lambda d, x, low: keep(below(x, low), d),
    masks=True, inputs="x low", grad_name="ClampBackward0",
    doc="max(x, low), the derivative all x's at a tie and nobody's at NaN.",
)  # fmt: skip
clamp_high = elementwise(
    "clamp_high", real_only("clamp", np.minimum),
    lambda d, x, high: keep(not_below(high, x), d), lambda d, x, high: keep(below(high, x), d),
    masks=True, inputs="x high", grad_name="ClampBackward0",
    doc="min(x, high), the derivative all x's at a tie and nobody's at NaN.",
)  # fmt: skip


def clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    """Return x held between two bounds, min(max(x, low), high).

    Args:
        x: Real values.
        low: The lower bound: a Python number, values of the dtype of x that broadcast, or None.
        high: The upper bound, likewise.

    Raises:
        ArgumentError: Both bounds are None.
    """
    if low is None and high is None:
        raise ArgumentError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if all(b is None or isinstance(b, (int, float)) for b in (low, high)):
        return clamp_p(x, low=low, high=high)
    if high is None:
        return clamp_low(x, low)
    if low is None:
        return clamp_high(x, high)
    if isinstance(low, (int, float)) or isinstance(high, (int, float)):
        dtype = dtype_of(x)
        low, high = (
            np.asarray(b, dtype) if isinstance(b, (int, float)) else b for b in (low, high)
        )
    return clamp_between(x, low, high)


def _nan_to_num_eval(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num_p = elementwise(
    "nan_to_num", _nan_to_num_eval, lambda d, x, *, nan, posinf, neginf: keep(isfinite(x), d)
)


def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Return x with NaN and the infinities replaced; nothing flows back through what was replaced.

    Args:
        x: Real values.
        nan: Replaces NaN.
        posinf: Replaces infinity; None: the largest number of the dtype.
        neginf: Replaces minus infinity; None: the lowest number of the dtype.
    """
    return nan_to_num_p(x, nan=nan, posinf=posinf, neginf=neginf)
