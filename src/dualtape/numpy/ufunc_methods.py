"""Methods of ufuncs: `np.add.reduce`, `np.multiply.accumulate`, `np.maximum.outer`, `np.add.at`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import MissingRuleError
from ..ops import norms, scan
from ..ops.axes import normalize_axis
from . import reductions
from ._array import Array
from .concrete import concrete
from .functions import constant_call
from .operands import as_array, is_quiet, plainly
from .reductions import NOTHING, axes_of
from .ufuncs import apply, into_plain_refused, methods, store

REDUCE = {
    np.add: reductions.sum, np.multiply: reductions.prod, np.maximum: reductions.max,
    np.minimum: reductions.min,
}  # fmt: skip


def uncovered(ufunc: np.ufunc, method: str) -> MissingRuleError:
    """The error for a method that has no derivative here."""
    covered = "add, multiply, maximum, minimum and logaddexp"
    return MissingRuleError(
        f"np.{ufunc.__name__}.{method} is not covered by dualtape for values that are being differentiated, "
        f"batched or traced; reduce and accumulate are, of {covered}. Write it as a loop, or of other functions."
    )


def _all_quiet(args: tuple[Any, ...]) -> bool:
    return all(is_quiet(a) for a in args)


def _finished(ufunc: np.ufunc, result: Any, out: Any) -> Any:
    if out is None:
        return result
    target = out[0] if isinstance(out, tuple) else out
    if not isinstance(target, Array):
        raise into_plain_refused(result)
    return store(target, result, ufunc.__name__)


def reduce(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
    keepdims: Any = False, initial: Any = NOTHING, where: Any = True,
) -> Any:  # fmt: skip
    """`ufunc.reduce`."""
    if keepdims is NOTHING:
        keepdims = False
    if _all_quiet((array, initial, where)):
        rest = {"keepdims": keepdims, "initial": initial, "where": where}
        return plainly(ufunc.reduce, (array,), {"axis": axis, "dtype": dtype, "out": out, **rest})
    x = as_array(array)
    if ufunc in (np.add, np.multiply):
        result = REDUCE[ufunc](x, axis, dtype, None, keepdims, initial, where)
    elif ufunc in REDUCE:
        result = REDUCE[ufunc](x, axis, None, keepdims, initial, where)
    elif ufunc is np.logaddexp and initial is NOTHING and where is True:
        result = norms.logsumexp(x, axes_of(axis), bool(keepdims))
    elif ufunc in (np.logical_and, np.logical_or):
        f = np.all if ufunc is np.logical_and else np.any
        result = constant_call(f, (x,), {"axis": axis, "keepdims": keepdims})
    else:
        raise uncovered(ufunc, "reduce")
    return _finished(ufunc, result, out)


def accumulate(
    ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.accumulate`."""
    if is_quiet(array):
        return plainly(ufunc.accumulate, (array,), {"axis": axis, "dtype": dtype, "out": out})
    x = as_array(array)
    if ufunc is np.add:
        result = reductions.cumsum(x, axis, dtype)
    elif ufunc is np.multiply:
        result = reductions.cumprod(x, axis, dtype)
    elif ufunc is np.maximum:
        result = scan.cummax(x, axis)[0]
    elif ufunc is np.minimum:
        result = scan.cummin(x, axis)[0]
    elif ufunc is np.logaddexp:
        result = scan.logcumsumexp(x, axis)
    else:
        raise uncovered(ufunc, "accumulate")
    return _finished(ufunc, result, out)


def outer(ufunc: np.ufunc, x: Any, y: Any, **kwargs: Any) -> Any:
    """`ufunc.outer`."""
    a, b = as_array(x), as_array(y)
    spread = np.reshape(a, (*a.shape, *(1,) * len(b.shape)))
    return ufunc(spread, b, **kwargs) if kwargs else apply(ufunc, (spread, b))


def at(ufunc: np.ufunc, a: Any, indices: Any, b: Any = None) -> None:
    """`ufunc.at`: unbuffered, so that repeated places count each time."""
    if not isinstance(a, Array):
        raise into_plain_refused(as_array(b))
    if ufunc in (np.add, np.subtract):
        from_b = as_array(b)
        add_at(a, indices, from_b if ufunc is np.add else -from_b)
        return
    if ufunc.nin == 1 or not _repeats(a, indices):
        part = a[indices]
        a[indices] = apply(ufunc, (part,) if ufunc.nin == 1 else (part, b))
        return
    raise uncovered(ufunc, "at")


def add_at(a: Array, indices: Any, b: Any) -> None:
    """Add `b` at places that may repeat: a gather's transpose."""
    places = np.reshape(np.arange(a.size), a.shape)[_numbers(indices)]
    b = np.broadcast_to(b, np.shape(places))
    total = np.bincount(np.ravel(places), np.ravel(b), a.size)
    a += np.reshape(total, a.shape).astype(a.dtype)


def _numbers(indices: Any) -> Any:
    if isinstance(indices, tuple):
        return tuple([concrete(i) for i in indices])
    return concrete(indices)


def _repeats(a: Array, indices: Any) -> bool:
    places = np.ravel(np.reshape(np.arange(a.size), a.shape)[_numbers(indices)])
    return len(np.unique(places)) != len(places)


def reduceat(
    ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.reduceat`, segment by segment."""
    x = as_array(array)
    axis = normalize_axis(axis, len(x.shape))
    starts = [int(i) for i in concrete(indices)]
    ends = [*starts[1:], x.shape[axis]]
    part = (slice(None),) * axis
    rows = [
        reduce(ufunc, x[(*part, slice(i, j if j > i else i + 1))], axis, dtype)
        for i, j in zip(starts, ends, strict=True)
    ]
    return _finished(ufunc, np.stack(rows, axis), out)


methods.update(reduce=reduce, accumulate=accumulate, outer=outer, at=at, reduceat=reduceat)
