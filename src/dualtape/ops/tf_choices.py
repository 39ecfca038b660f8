"""Operations with TensorFlow's derivative where calculus leaves a choice and PyTorch chose otherwise.

The values are those of the operations in the families' own files. TensorFlow's choices: all of the
cotangent of `maximum` goes to the first operand at a tie; nothing is done about 0 * infinity in the derivatives of a
power and of atan2; x * log(y) is constant in both where x is 0; selu has its right slope at 0. Those at the
singularities of roots and reciprocals are in `tf_slopes`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import elementwise
from .activation import _SELU_ALPHA, _SELU_SCALE, elu_p
from .arithmetic import pow as power_of
from .compare import ge, le, less_than, logical_not
from .evaluation import in_single, real_only
from .exponential import xlog1py, xlogy
from .select import keep, where
from .tf_slopes import masked_div, not_zero
from .trigonometric import atan2

maximum_first = elementwise(
    "maximum_first", real_only("maximum", np.maximum),
    lambda d, x, y: keep(ge(x, y), d),
    lambda d, x, y: keep(logical_not(ge(x, y)), d),
    masks=True, doc="The larger one, NaN if one is NaN. At ties the derivative is the first operand's.",
)  # fmt: skip

minimum_first = elementwise(
    "minimum_first", real_only("minimum", np.minimum),
    lambda d, x, y: keep(le(x, y), d),
    lambda d, x, y: keep(logical_not(le(x, y)), d),
    masks=True, doc="The smaller one, NaN if one is NaN. At ties the derivative is the first operand's.",
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

atan2_bare = elementwise(
    "atan2_bare", atan2.eval,
    lambda d, x, y: y * (d / (x * x + y * y)), lambda d, x, y: -x * (d / (x * x + y * y)),
    doc="The angle of the point (y, x). Derivative NaN at the origin.",
)  # fmt: skip

xlogy_masked = elementwise(
    "xlogy_masked", xlogy.eval,
    lambda d, x, y: d * xlogy_masked(not_zero(x), y), lambda d, x, y: d * masked_div(x, y),
    doc="x * log(y), and 0 where x is 0; so are both derivatives.",
)  # fmt: skip
xlog1py_masked = elementwise(
    "xlog1py_masked", xlog1py.eval,
    lambda d, x, y: d * xlog1py_masked(not_zero(x), y), lambda d, x, y: d * masked_div(x, y + 1),
    doc="x * log1p(y), and 0 where x is 0; so are both derivatives.",
)  # fmt: skip


def _selu_eval(x: Any) -> Any:
    return elu_p.eval(x, positive=_SELU_SCALE, negative=_SELU_ALPHA * _SELU_SCALE, rate=1.0)


selu_right = elementwise(
    "selu_right", _selu_eval,
    lambda d, out: where(less_than(out, bound=0), d * (out + _SELU_ALPHA * _SELU_SCALE), d * _SELU_SCALE),
    doc="The scaled elu, with the right slope at 0.",
)  # fmt: skip
