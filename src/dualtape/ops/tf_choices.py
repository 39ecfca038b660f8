"""Operations with TensorFlow's derivative where calculus leaves a choice and PyTorch chose otherwise.

The values are those of the operations in the families' own files. TensorFlow's choices: all of the
cotangent of `maximum` goes to the first operand at a tie; the cotangent 0 stays 0 through a square root
at 0; nothing is done about 0 * infinity in the derivative of a power.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .arithmetic import pow as power_of
from .compare import ge, le, logical_not
from .evaluation import in_single, real_only
from .select import keep


def _masked_div_eval(x: Any, y: Any) -> Any:
    out = np.divide(x, y)
    zero = np.equal(x, 0)
    return np.where(zero, np.zeros_like(x), out)[()] if np.any(zero) else out


masked_div = elementwise(
    "masked_div", _masked_div_eval,
    lambda d, y: masked_div(d, y),
    lambda d, y, out: -masked_div(d, y) * out,
    doc="x / y, and 0 where x is 0, whatever y is there; so is the derivative.",
)  # fmt: skip

sqrt_masked = elementwise(
    "sqrt_masked", np.sqrt, lambda d, out: masked_div(d, out + out),
    doc="The square root; a zero cotangent stays zero at 0.",
)  # fmt: skip

maximum_first = elementwise(
    "maximum_first", real_only("maximum", np.maximum),
    lambda d, x, y: keep(ge(x, y), d),
    lambda d, x, y: keep(logical_not(ge(x, y)), d),
    doc="The larger one, NaN if one is NaN. At ties the derivative is the first operand's.",
)  # fmt: skip

minimum_first = elementwise(
    "minimum_first", real_only("minimum", np.minimum),
    lambda d, x, y: keep(le(x, y), d),
    lambda d, x, y: keep(logical_not(le(x, y)), d),
    doc="The smaller one, NaN if one is NaN. At ties the derivative is the first operand's.",
)  # fmt: skip


def _has_log(x: Any) -> Any:
    return x != 0 if x.dtype.kind == "c" else x > 0


def _log_or_nothing_eval(x: Any) -> Any:
    has = _has_log(x)
    return np.where(has, np.log(np.where(has, x, np.ones_like(x))), np.zeros_like(x))[()]


def _reciprocal_or_nothing_eval(x: Any) -> Any:
    has = _has_log(x)
    return np.where(has, 1 / np.where(has, x, np.ones_like(x)), np.zeros_like(x))[()]


log_or_nothing = elementwise(
    "log_or_nothing", in_single(_log_or_nothing_eval),
    lambda d, x: d * reciprocal_or_nothing(x),
    doc="log(x), and 0 where it does not exist: for real x <= 0, for complex x = 0.",
)  # fmt: skip

reciprocal_or_nothing = elementwise(
    "reciprocal_or_nothing", in_single(_reciprocal_or_nothing_eval),
    lambda d, out: -d * out * out,
    doc="1/x, and 0 for real x <= 0 and complex x = 0.",
)  # fmt: skip

pow_bare = elementwise(
    "pow_bare", power_of.eval,
    lambda d, x, y: d * (y * pow_bare(x, y - 1)),
    lambda d, x, out: d * out * log_or_nothing(x),
    doc="x ** y; the base's derivative is y * x**(y-1) even where that is NaN.",
)  # fmt: skip
