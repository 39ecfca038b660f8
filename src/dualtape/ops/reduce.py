"""Reductions over axes: sums, means, and what counts elements.

The primitives come in pairs where PyTorch's graph does: one over everything, without parameters
(few Python calls: losses end in it), and one that takes `axes` and `keepdims`. The op in front accepts what
users write: None, an int, negative axes. An empty sequence of axes reduces nothing, as in NumPy.
Products are in `products`, moments in `moments`, extrema in `extrema`, norms and logsumexp in
`norms`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import DtypeError
from ..core.kinds import constant, general, linear
from ..core.summation import MANY, add_up
from .axes import (
    Axes,
    AxesLike,
    add_reduce,
    and_reduce,
    batch_reduction,
    count_along,
    normalize_axes,
    or_reduce,
    reduced_aval,
    reduced_shape,
    restore_axes,
    scalar_aval,
    size_of,
    spread,
)

__all__ = [
    "all", "any", "count_nonzero", "mean", "nanmean", "nansum", "reduced_aval", "reduced_shape",
    "restore_axes", "sum", "sum_p",
]  # fmt: skip

_ADDED_AS_THEY_ARE = "fdFDgG"
_SINGLE_OR_DOUBLE = (np.dtype(np.float32), np.dtype(np.float64))


def _sum_eval(x: Any, *, axes: Axes | None = None, keepdims: bool = False) -> Any:
    dtype = x.dtype
    if dtype.char in _ADDED_AS_THEY_ARE:
        return add_up(x, axes, keepdims)
    if dtype.itemsize == 2 and dtype.kind in "fV":  # add half precision up in single
        return add_reduce(x, axes, np.float32, None, keepdims).astype(dtype)
    return add_reduce(x, axes, dtype, None, keepdims)


def _sum_all_eval(x: Any) -> Any:
    if x.size < MANY and x.dtype in _SINGLE_OR_DOUBLE:
        return add_reduce(x, None)  # what `_sum_eval` comes to, sooner
    return _sum_eval(x)


sum_p: Any = linear(
    "sum", _sum_eval,
    lambda ct, aval, *, axes, keepdims: restore_axes(ct, aval.shape, axes, keepdims),
    aval=reduced_aval, batch=batch_reduction(lambda: sum_p), grad_name="SumBackward1",
)  # fmt: skip

sum_all_p: Any = linear(
    "sum_all", _sum_all_eval, lambda ct, aval: spread(ct, aval.shape),
    aval=scalar_aval, batch=batch_reduction(lambda: sum_p), grad_name="SumBackward0",
)  # fmt: skip


def _mean_eval(x: Any, *, axes: Axes | None = None, keepdims: bool = False) -> Any:
    dtype = x.dtype
    n = x.size if axes is None else count_along(x.shape, axes)
    if dtype.char in _ADDED_AS_THEY_ARE:
        total = add_up(x, axes, keepdims)
        return total / n if type(total) is not np.ndarray else np.divide(total, n, out=total)
    if dtype.kind in "biu":
        raise DtypeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {dtype.name}"
        )
    return np.divide(add_reduce(x, axes, np.float32, None, keepdims), n).astype(dtype)


def _mean_all_eval(x: Any) -> Any:
    n = x.size
    return add_reduce(x, None) / n if n < MANY and x.dtype in _SINGLE_OR_DOUBLE else _mean_eval(x)


mean_p: Any = linear(
    "mean", _mean_eval,
    lambda ct, aval, *, axes, keepdims: restore_axes(
        ct / (count_along(aval.shape, axes) or 1), aval.shape, axes, keepdims
    ),
    aval=reduced_aval, batch=batch_reduction(lambda: mean_p), grad_name="MeanBackward1",
)  # fmt: skip

mean_all_p: Any = linear(
    "mean_all", _mean_all_eval, lambda ct, aval: spread(ct / (size_of(aval.shape) or 1), aval.shape),
    aval=scalar_aval, batch=batch_reduction(lambda: mean_p), grad_name="MeanBackward0",
)  # fmt: skip


def sum(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """Add the elements up over `axes`, None for all; half precision is added up in single."""
    if axes is None and not keepdims:
        return sum_all_p(x)
    return sum_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)


def mean(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """The arithmetic mean over `axes`, None for all; NaN where there is nothing to average."""
    if axes is None and not keepdims:
        return mean_all_p(x)
    return mean_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)


def _is_number(x: Any) -> Any:
    return np.equal(x, x).astype(x.dtype)


is_number: Any = constant(
    "is_number", _is_number, doc="1 where x is not NaN, 0 where it is, in the dtype of x."
)

nansum_p: Any = general(
    "nansum",
    lambda x, *, axes, keepdims: _sum_eval(
        np.where(np.isnan(x), np.zeros((), x.dtype), x), axes=axes, keepdims=keepdims
    ),
    aval=reduced_aval,
    batch=batch_reduction(lambda: nansum_p),
    jvp=lambda x_dot, x, *, axes, keepdims: sum_p(
        x_dot * is_number(x), axes=axes, keepdims=keepdims
    ),
    vjp=lambda ct, x, *, axes, keepdims: restore_axes(ct, x.shape, axes, keepdims) * is_number(x),
)


def nansum(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """Add up the elements that are not NaN; nothing flows back to those that are."""
    return nansum_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)


def nanmean(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """The mean of the elements that are not NaN; NaN where there is none."""
    axes = normalize_axes(axes, len(x.shape))
    return nansum_p(x, axes=axes, keepdims=keepdims) / sum_p(
        is_number(x), axes=axes, keepdims=keepdims
    )


def _boolean_aval(x: Aval, *, axes: Axes, keepdims: bool) -> Aval:
    return Aval(reduced_shape(x.shape, axes, keepdims), np.dtype(bool))


all_p: Any = constant(
    "all", lambda x, *, axes, keepdims: and_reduce(x, axes, np.bool_, None, keepdims),
    aval=_boolean_aval, batch=batch_reduction(lambda: all_p),
)  # fmt: skip

any_p: Any = constant(
    "any", lambda x, *, axes, keepdims: or_reduce(x, axes, np.bool_, None, keepdims),
    aval=_boolean_aval, batch=batch_reduction(lambda: any_p),
)  # fmt: skip

count_nonzero_p: Any = constant(
    "count_nonzero",
    lambda x, *, axes, keepdims: add_reduce(np.not_equal(x, 0), axes, np.int64, None, keepdims),
    aval=lambda x, *, axes, keepdims: Aval(
        reduced_shape(x.shape, axes, keepdims), np.dtype(np.int64)
    ),
    batch=batch_reduction(lambda: count_nonzero_p),
)


def all(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """Whether every element is non-zero (NaN is), as booleans."""
    return all_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)


def any(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """Whether some element is non-zero (NaN is), as booleans."""
    return any_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)


def count_nonzero(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """How many elements are not zero (NaN counts), as int64."""
    return count_nonzero_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)
