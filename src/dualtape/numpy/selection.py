"""Choosing elements: where, select, take, sort, clip; and writing to chosen places."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.tensor import Tensor
from ..ops import gather, select, sorting
from ..ops.axes import normalize_axis
from ..ops.complex import cast
from ._array import Array
from .concrete import concrete, is_concrete
from .functions import implements
from .indexing import shared
from .operands import as_array, beside, operand, spec, together
from .reductions import NOTHING
from .shaping import ravel
from .ufuncs import into_plain_refused


def pair_of(x: Any, y: Any) -> tuple[Any, Any]:
    """Two operands in the dtype that NumPy would join them in; Python numbers are weak."""
    if type(x) is Array and (plain := beside(x, y)) is not None:
        return x, plain
    if type(y) is Array and (plain := beside(y, x)) is not None:
        return plain, y
    dtypes = [s if not isinstance(s, type) else s(0) for s in (spec(x), spec(y))]
    dtype = np.result_type(*dtypes)
    return operand(x, dtype), operand(y, dtype)


@implements("where")
def where(condition: Any, x: Any = NOTHING, y: Any = NOTHING, /) -> Any:
    """`np.where`."""
    if x is NOTHING:
        return np.nonzero(as_array(condition))
    mask = as_array(condition)
    if mask.value.dtype.kind != "b":
        mask = mask != 0
    return select.where(mask, *pair_of(x, y))


chosen_of = where  # by another name, where `where` is an argument


@implements("select")
def select_of(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """`np.select`."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    out = default
    for mask, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = where(mask, choice, out)
    return out


@implements("choose")
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """`np.choose`."""
    which = concrete(as_array(a))
    rows = [as_array(c) for c in choices]
    n = len(rows)
    if mode == "wrap":
        which = which % n
    elif mode == "clip":
        which = np.clip(which, 0, n - 1)
    elif np.any((which < 0) | (which >= n)):
        raise ValueError("invalid entry in choice array")
    stacked = np.stack(np.broadcast_arrays(*together(rows), np.zeros(which.shape))[:-1])
    places = np.indices(stacked.shape[1:], sparse=True)
    return stacked[(np.broadcast_to(which, stacked.shape[1:]), *places)]


@implements("piecewise")
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """`np.piecewise`: each function is called on its own part of `x`."""
    x = as_array(x)
    conditions = [as_array(c) for c in _conditions(condlist, x)]
    if not all(is_concrete(c) for c in conditions):
        return _piecewise_by_where(x, conditions, funclist, args, kw)
    masks = [np.asarray(concrete(c)).astype(bool) for c in conditions]
    if len(funclist) == len(masks) + 1:
        masks.append(~np.logical_or.reduce(masks))
    out = np.zeros_like(x)
    for mask, f in zip(masks, funclist, strict=True):
        if callable(f):
            part = x[mask]
            if part.size:
                out[mask] = f(part, *args, **kw)
        else:
            out[mask] = f
    return out


def _piecewise_by_where(x: Array, masks: list[Any], funclist: Any, args: Any, kw: Any) -> Any:
    """`piecewise` of a batch: every function on everything."""
    pieces = [f(x, *args, **kw) if callable(f) else f for f in funclist]
    out = (
        cast(as_array(pieces.pop()), x.value.dtype)
        if len(pieces) > len(masks)
        else np.zeros_like(x)
    )
    for mask, piece in zip(masks, pieces, strict=True):
        out = where(mask, piece, out)
    return out


def _conditions(condlist: Any, x: Array) -> list[Any]:
    first = condlist if not isinstance(condlist, (list, tuple)) else condlist[0]
    single = isinstance(first, (Tensor, bool, np.bool_)) and not getattr(first, "shape", ())
    if not isinstance(condlist, (list, tuple)) or (single and len(x.shape)):
        return [condlist]
    return list(condlist)


@implements("clip")
def clip(
    a: Any, a_min: Any = NOTHING, a_max: Any = NOTHING, out: Any = None,
    *, min: Any = NOTHING, max: Any = NOTHING, **kwargs: Any,
) -> Any:  # fmt: skip
    """`np.clip`; the derivative is 1 at the bounds."""
    low = min if a_min is NOTHING else a_min
    high = max if a_max is NOTHING else a_max
    low, high = [None if b is NOTHING else b for b in (low, high)]
    x = as_array(a)
    bounds = [b for b in (low, high) if b is not None]
    if not bounds:
        return x + 0
    plain = all(type(b) in (int, float) for b in bounds)
    if not plain:
        dtype = np.result_type(
            x.value.dtype, *[b if type(b) in (int, float) else spec(b) for b in bounds]
        )
        x = cast(x, dtype)
        low, high = [None if b is None else operand(b, dtype) for b in (low, high)]
    return select.clamp(x, low, high)


@implements("nan_to_num")
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """`np.nan_to_num`; nothing flows back through what was replaced."""
    a = as_array(x)
    if a.value.dtype.kind == "c":
        raise TypeError(
            "nan_to_num of complex Arrays is not supported: treat np.real and np.imag apart"
        )
    out = select.nan_to_num(a, nan, posinf, neginf)
    if not copy:
        a[...] = out
        return a
    return out


# Taking -------------------------------------------------------------------------------------------


@implements("take")
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """`np.take`."""
    x = shared(as_array(a))
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    places = indices
    if not isinstance(indices, (Tensor, Box)) or is_concrete(indices):
        places = np.asarray(concrete(indices) if isinstance(indices, (Tensor, Box)) else indices)
        n = x.shape[axis]
        if mode != "raise":
            places = places % n if mode == "wrap" else np.clip(places, 0, n - 1)
        if not places.ndim:
            places = int(places)
    out = x[(*(slice(None),) * axis, places)]
    return np.copy(out) if isinstance(places, int) and out.shape else out


@implements("take_along_axis")
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """`np.take_along_axis`."""
    x = as_array(arr)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    places = (
        np.asarray(concrete(indices))
        if not isinstance(indices, Tensor) or is_concrete(indices)
        else indices
    )
    if not isinstance(places, np.ndarray):
        return gather.take_along_dim(x, places, axis)
    return x[_along(places, tuple(x.shape), axis)]


def _along(places: Any, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    rank = len(shape)
    return tuple(
        [
            places
            if i == axis
            else np.arange(n).reshape([-1 if j == i else 1 for j in range(rank)])
            for i, n in enumerate(shape)
        ]
    )


@implements("compress")
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """`np.compress`."""
    mask = np.asarray(concrete(as_array(condition))).astype(bool)
    return take(a, np.flatnonzero(mask), axis)


@implements("extract")
def extract(condition: Any, arr: Any) -> Any:
    """`np.extract`."""
    return take(ravel(arr), np.flatnonzero(concrete(as_array(condition))))


@implements("sort")
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """`np.sort`."""
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), -1
    if x.value.dtype.kind == "c":
        places = np.argsort(concrete(x), axis=axis)
        return take_along_axis(x, places, axis)
    return sorting.sort(x, index(axis))[0]


@implements("sort_complex")
def sort_complex(a: Any) -> Any:
    """`np.sort_complex`."""
    x = sort(a)
    if x.value.dtype.kind == "c":
        return x
    return cast(x, np.complex64 if x.value.dtype.char in "bhBH" else np.complex128)


@implements("partition")
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """`np.partition`."""
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), -1
    if not is_concrete(x):
        return sort(x, axis)
    return take_along_axis(x, np.argpartition(concrete(x), kth, axis), axis)


@implements("unique")
def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: Any = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """`np.unique`; the derivative goes to the first of equal elements."""
    x = as_array(ar)
    _, first, inverse, counts = np.unique(concrete(x), True, True, True, axis, equal_nan=equal_nan)
    values = ravel(x)[first] if axis is None else take(x, first, axis)
    extra = [
        o
        for o, w in zip(
            (first, inverse, counts), (return_index, return_inverse, return_counts), strict=True
        )
        if w
    ]
    return (values, *extra) if extra else values


def _array_api_unique(name: str) -> None:
    """The function of the array API, whose values are the ones of `unique`."""

    def function(x: Any, /) -> Any:
        found = getattr(np, f"unique_{name}")(concrete(as_array(x)))
        values = ravel(x)[np.unique(concrete(as_array(x)), True, equal_nan=False)[1]]
        return type(found)(values, *[as_array(r) for r in found[1:]])

    function.__doc__ = f"`np.unique_{name}`."
    implements(f"unique_{name}")(function)


for _name in ("all", "counts", "inverse"):
    _array_api_unique(_name)


@implements("unique_values")
def unique_values(x: Any, /) -> Any:
    """`np.unique_values`, sorted."""
    return unique(x, equal_nan=False)


# Writing ------------------------------------------------------------------------------------------


def _target(x: Any, value: Any) -> Array:
    """The array written to, which must be one of ours to take a derivative along."""
    if isinstance(x, Array):
        return x
    raise into_plain_refused(as_array(value))


@implements("copyto", sharing=True)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """`np.copyto`."""
    target = _target(dst, src)
    if where is True:
        target[...] = src
    else:
        target[...] = chosen_of(where, src, target)


@implements("put", sharing=True)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """`np.put`."""
    target = _target(a, v)
    places = np.asarray(concrete(ind)).ravel()
    values = np.resize(np.ravel(as_array(v)), len(places))
    n = target.size
    if mode != "raise":
        places = places % n if mode == "wrap" else np.clip(places, 0, n - 1)
    target[np.unravel_index(places, target.shape)] = values


@implements("put_along_axis", sharing=True)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """`np.put_along_axis`."""
    target = _target(arr, values)
    places = np.asarray(concrete(indices))
    if axis is None:
        target[np.unravel_index(places, target.shape)] = values
        return
    axis = normalize_axis(axis, len(target.shape))
    target[_along(places, tuple(target.shape), axis)] = values


@implements("place", sharing=True)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """`np.place`."""
    target = _target(arr, vals)
    chosen = np.asarray(concrete(as_array(mask))).astype(bool)
    target[chosen] = np.resize(np.ravel(as_array(vals)), int(chosen.sum()))


@implements("putmask", sharing=True)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """`np.putmask`."""
    target = _target(a, values)
    target[...] = where(mask, np.resize(np.ravel(as_array(values)), target.shape), target)


@implements("fill_diagonal", sharing=True)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """`np.fill_diagonal`."""
    target = _target(a, val)
    marked = np.zeros(target.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    target[marked] = np.resize(np.ravel(as_array(val)), int(marked.sum()))
