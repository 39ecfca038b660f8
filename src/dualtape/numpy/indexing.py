"""Brackets: reading and writing parts of arrays, by NumPy's rules.

A full set of integers gives a scalar, which is a copy; other basic indices give views, whose writes the
base sees; arrays pick copies. Indices are whole numbers: their own history is of no interest.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.graph import AccumulateGrad
from ..core.lengths import is_open
from ..core.tensor import Tensor, wrap
from ..ops.assign import setitem as set_item
from ..ops.index import getitem as get_item
from ..ops.joining import unbind_primitive
from ..ops.select import where
from ..ops.shape import reshape, select_p, slice_p
from ..ops.views import clone
from ._array import Array
from .concrete import concrete, is_concrete
from .journal import same_places
from .operands import as_array
from .operators import is_immutable
from .writing import check_write


def shared(x: Array) -> Array:
    """`x` as an operand of an operation that gives views: a scalar is copied, since nobody can view it."""
    if isinstance(x.value, np.generic):
        return wrap(Array, np.array(x.value), x.current_edge())  # type: ignore[return-value]
    return x


def number_index(key: Any) -> Any:
    """One item of an index: Python integers, and arrays of integers and booleans by their numbers."""
    if type(key) is int or key is None or key is Ellipsis:
        return key
    if isinstance(key, slice):
        if isinstance(key.start, (int, type(None))) and isinstance(key.stop, (int, type(None))):
            return key
        return slice(
            *[v if v is None else operator.index(v) for v in (key.start, key.stop, key.step)]
        )
    if isinstance(key, (Tensor, Box)):
        if not is_concrete(key):
            if (key.value if isinstance(key, Tensor) else key).dtype.kind != "b":
                return key
            concrete(key, "a mask as an index, whose result has as many elements as it says,")
        key = concrete(key)
    if isinstance(key, (list, tuple)):
        key = np.asarray([concrete(k) if isinstance(k, (Tensor, Box)) else k for k in key])
        if not key.size and key.dtype.kind == "f":
            key = key.astype(np.intp)
    if isinstance(key, (np.ndarray, np.generic)):
        if key.dtype.kind not in "iub":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        if not key.ndim and key.dtype.kind != "b":
            return int(key)
        return np.array(
            key
        )  # a copy: the derivative needs it, and the program may go on to overwrite it
    return key if isinstance(key, bool) or is_open(key) else operator.index(key)


def prepared(key: Any) -> Any:
    """A whole index, each item by `number_index`."""
    if isinstance(key, tuple):
        return tuple([number_index(k) for k in key])
    return number_index(key)


def getitem(self: Array, key: Any) -> Any:
    """`self[key]`."""
    shape = self.value.shape
    if type(key) is int:
        if len(shape) == 1:
            t = select_p.bind1(self, {"index": (key,)})
            if t.view_of is not None:
                t.view_of = t.version = None
            return t
        elif shape:
            return slice_p.bind1(self, {"index": (key, ...)})
    elif type(key) is slice:
        if shape and is_plain(key):
            return slice_p.bind1(self, {"index": (key, ...)})
    elif type(key) is tuple and len(key) <= len(shape):
        numbers = 0
        for k in key:
            if type(k) is int:
                numbers += 1
            elif type(k) is not slice or not is_plain(k):
                break
        else:
            if numbers < len(shape):
                return slice_p.bind1(self, {"index": (*key, ...)})
            if key:
                return element(self, key)
            return self if is_immutable(self) else scalar(self)
    key = prepared(key)
    if type(key) is int and len(shape) == 1:
        return element(self, (key,))
    if isinstance(key, tuple) and len(key) == len(shape) and all(type(k) is int for k in key):
        return getitem(self, key)
    return get_item(shared(self), key, numpy=True)


_PLAIN = (int, type(None))


def is_plain(key: slice) -> bool:
    """Whether a slice is made of Python integers."""
    return type(key.start) in _PLAIN and type(key.stop) in _PLAIN and type(key.step) in _PLAIN


def element(x: Array, index: tuple[int, ...]) -> Any:
    """One element: a scalar, which is a copy and no view (without an Ellipsis NumPy gives it so)."""
    t = select_p.bind1(x, {"index": index})
    if t.view_of is not None:  # inside a transformation there is no telling by the memory
        t.view_of = t.version = None
    return t


def scalar(x: Array) -> Array:
    """A 0-d array as a scalar: a copy."""
    return element(x, ())  # type: ignore[no-any-return]


def setitem(self: Array, key: Any, v: Any) -> None:
    """`self[key] = v`.

    Raises:
        TypeError: `self` is a scalar, or the value is complex and the array is not.
        InplaceError: `self` is a variable that is differentiated by, or a view of one.
    """
    if isinstance(self.value, np.generic):
        raise TypeError(f"'{type(self.value).__name__}' object does not support item assignment")
    v = shared(as_array(v))
    if isinstance(v.current_edge(), AccumulateGrad):
        v = clone(v)  # what is written has a history, but is no variable itself
    if v.value.dtype.kind == "c" and self.value.dtype.kind != "c":
        raise TypeError("a complex value cannot be written to a real array; take np.real of it")
    if isinstance(key, Array) and not v.shape and not is_concrete(key):
        key, v = everywhere(self, key, v)
    key = prepared(key)
    if v.view_of is not None and is_part(v.value, self.value, key):
        return  # the end of `x[i] += y`, which has written already
    check_write(self)
    set_item(self, key, v, numpy=True)


def everywhere(x: Array, mask: Array, v: Any) -> tuple[Any, Any]:
    """One value written where a batched or traced mask says, as an index and values that know how many they are."""
    rank, shape = len(mask.shape), tuple(mask.shape)
    if mask.value.dtype.kind != "b" or shape != tuple(x.shape)[:rank]:
        return mask, v
    wide = reshape(mask, (*shape, *(1,) * (len(x.shape) - rank)))
    return Ellipsis, where(wide, v, x)


def is_part(part: Any, whole: Any, key: Any) -> bool:
    """Whether an array is the view `whole[key]`."""
    if type(part) is not np.ndarray or type(whole) is not np.ndarray:
        return False
    keys = key if isinstance(key, tuple) else (key,)
    for k in keys:
        if isinstance(k, (Tensor, Box, np.ndarray, bool)):
            return False
    return same_places(part, whole[keys if ... in keys else (*keys, ...)])


def elements(self: Array) -> Any:
    """What iteration gives: scalars of a vector, views of the rows of others."""
    shape = self.value.shape
    if not shape:
        raise TypeError("iteration over a 0-d array")
    n = shape[0]
    if len(shape) > 1 or n < 2:
        return iter([self[i] for i in range(n)])
    # One operation with n outputs: going back, a single stack instead of n mostly empty arrays.
    outs = unbind_primitive(n)(self, axis=0)
    for t in outs:
        if type(t.value) is np.ndarray:
            t.value = t.value[()]
    return iter(outs)


def install() -> None:
    """Give `Array` its brackets."""
    Array.__getitem__ = getitem  # type: ignore[method-assign]
    Array.__setitem__ = setitem  # type: ignore[method-assign]
    Array.__iter__ = elements  # type: ignore[method-assign]
