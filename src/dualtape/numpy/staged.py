"""Functions without a derivative on arrays that have no numbers yet: in a compiled function, a loop's body, a batch.

The usual ones are operations of their own, which become native code. Any other is a primitive made for the call, which NumPy
runs; the result's shape is found by trying the function on zeros, so it has to follow from the operands' shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..core.aval import aval_of
from ..core.kinds import constant
from ..core.lengths import any_open
from ..core.tensor import Tensor
from ..ops import binning, compare, extrema, reduce, sorting
from ..ops.complex import cast
from ..ops.shape import reshape
from ._array import Array
from .concrete import concrete
from .operands import as_array, holds_tensor, spec
from .ufuncs import into_plain_refused, store

SINGLE = [
    "allclose",
    "argwhere",
    "array_equal",
    "array_equiv",
    "flatnonzero",
    "ix_",
    "nonzero",
    "unique_all",
    "unique_counts",
    "unique_inverse",
]
"""Functions with one answer, or whose result has as many elements as the numbers say: not for batches and traces."""


def _sizes(x: Any, axes: Any = None) -> bool:
    """Whether there is something along the axes, as far as is known."""
    shape = x.shape if axes is None else [x.shape[a] for a in axes]
    return all(any_open((n,)) or n > 0 for n in shape)


def _place(find: Callable[..., Any]) -> Callable[..., Any]:
    def place(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        x = as_array(a)
        if axis is not None:
            axis = normalize_axis_index(axis, len(x.shape))
        if not _sizes(x, None if axis is None else (axis,)):
            return NotImplemented  # NumPy has an error for it
        return find(x, axis, bool(keepdims))

    return place


def _reduction(reduced: Callable[..., Any]) -> Callable[..., Any]:
    def over(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
        x = as_array(a)
        if axis is not None:
            axis = normalize_axis_tuple(axis, len(x.shape))
        return reduced(x, axis, bool(keepdims))

    return over


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    return _reduction(reduce.count_nonzero)(a, axis, keepdims=keepdims)


def _argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    x = as_array(a)
    # Among equals, NumPy's quicksort has an order of its own.
    if order is not None or not (stable or kind in ("stable", "mergesort")):
        return NotImplemented
    if axis is None:
        return sorting.argsort(reshape(x, (-1,)))
    return (
        sorting.argsort(x, normalize_axis_index(axis, len(x.shape))) if x.shape else NotImplemented
    )


def _isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Any:
    if not isinstance(rtol, (int, float)) or not isinstance(atol, (int, float)):
        return NotImplemented
    dtype = np.result_type(spec(a), spec(b))
    if dtype.kind != "f" or rtol < 0 or atol < 0:
        return NotImplemented
    x, y = [v if v.value.dtype == dtype else v.astype(dtype) for v in (as_array(a), as_array(b))]
    return compare.isclose(x, y, rtol, atol, bool(equal_nan))


def _searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    row, x = as_array(a), as_array(v)
    if (
        sorter is not None
        or len(row.shape) != 1
        or side not in ("left", "right")
        or row.value.dtype != x.value.dtype
        or row.value.dtype.kind not in "fiu"
    ):
        return NotImplemented
    return binning.searchsorted(row, x, side == "right")


STAGED: dict[Callable[..., Any], Callable[..., Any]] = {
    np.argmax: _place(extrema.argmax), np.argmin: _place(extrema.argmin), np.argsort: _argsort,
    np.all: _reduction(reduce.all), np.any: _reduction(reduce.any), np.count_nonzero: _count_nonzero,
    np.isclose: _isclose, np.searchsorted: _searchsorted,
}  # fmt: skip
"""NumPy function -> the same in operations; NotImplemented where these do not do exactly what it does."""


OUT_IS_THIRD = (np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.all, np.any)


def staged_call(func: Any, args: Any, kwargs: Any) -> Any:
    """A function without a derivative where some operand has no numbers.

    Raises:
        ConcreteError: The result's shape depends on the numbers.
    """
    kwargs = {k: v for k, v in kwargs.items() if v is not np._NoValue}
    into = kwargs.pop("out", None)
    if len(args) > 2 and func in OUT_IS_THIRD:
        into, args = args[2], (*args[:2], *args[3:])
    if into is not None:
        if not isinstance(into, Array):
            raise into_plain_refused(as_array(args[0]))
        result, dtype = staged_call(func, args, kwargs), into.value.dtype
        if not np.can_cast(result.value.dtype, dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast array data from {result.value.dtype!r} to {dtype!r} according to the rule 'same_kind'"
            )
        return store(into, cast(result, dtype), func.__name__)
    found = STAGED.get(func)
    if found is not None and "where" not in kwargs:
        out = found(*args, **kwargs)
        if out is not NotImplemented:
            return out
    if func.__name__ in SINGLE:
        for a in args:
            concrete(a, f"np.{func.__name__}")
    return _by_numpy(func, args, kwargs)


def _by_numpy(func: Any, args: Any, kwargs: Any) -> Any:
    names, count = list(kwargs), len(args)
    everything = [*args, *kwargs.values()]
    places = [i for i, a in enumerate(everything) if _is_operand(a)]
    several = False

    def run(*values: Any) -> Any:
        nonlocal several
        filled = list(everything)
        for i, v in zip(places, values, strict=True):
            filled[i] = v
        out = func(*filled[:count], **dict(zip(names, filled[count:], strict=True)))
        if isinstance(out, (np.ndarray, np.generic)):
            return out
        several = isinstance(out, tuple)
        return np.asarray(out)

    def aval(*avals: Any) -> Any:
        return aval_of(run(*[np.zeros(tuple(a.shape), a.dtype) for a in avals]))

    inputs = " ".join(f"x{i}" for i in range(len(places)))
    primitive = constant(func.__name__, run, inputs=inputs, aval=aval)
    operands = [as_array(everything[i]) for i in places]
    for i in places:
        everything[i] = None  # `run` may live on
    found = primitive(*operands)
    return tuple([found[i] for i in range(found.shape[0])]) if several else found


def _is_operand(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return holds_tensor(x)
    return isinstance(x, Tensor) or (isinstance(x, np.ndarray) and x.dtype.kind in "biufc")
