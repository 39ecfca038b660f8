"""What NumPy's functions are given, as arrays of the dtypes that NumPy would compute in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes
from ..core.boxes import Box
from ..core.errors import DtypeError
from ..core.lengths import KEPT_BY_IDENTITY, is_open, number, type_of
from ..core.tensor import FIXED, Tensor, constant, wrap
from ..core.watched import SMALL, guarded
from ..ops.complex import cast
from ..ops.shape import stack
from ..transforms.surface import check_ordinary
from ._array import Array
from .concrete import concrete

PLAIN = (np.ndarray, np.generic)

# Constants as arrays: operands that nobody else gets hold of.
_MOST = 512
_numbers: dict[tuple[Any, Any, bool], Any] = {}


def number_like(x: Any, value: Any) -> Any:
    """A Python number as a constant to go with `value`, in its dtype."""
    # 0.0 == -0.0, so a zero goes by its text.
    key = (x or str(x), value.dtype, type(value) is np.ndarray)
    found = _numbers.get(key)
    if found is not None:
        return found
    made = wrap(Array, constant(x, value.dtype, value))
    made.version = FIXED
    if is_open(x):
        return made
    if x == x:
        if len(_numbers) >= _MOST:
            _numbers.clear()
        _numbers[key] = made
    return made


KEPT_BY_IDENTITY.add(number_like.__code__)


def beside(x: Array, other: Any) -> Any:
    """`other` as an operand beside `x`, where no dtype has to be settled; else None."""
    value = x.value
    dtype = value.dtype
    if dtype.kind != "f":
        return None
    kind = type(other)
    if kind is Array:
        return other if other.value.dtype is dtype else None
    if kind is float or kind is int:
        return number_like(other, value)
    if kind is np.ndarray and other.dtype is dtype:
        return constant_array(other)
    if kind is np.float64 and other.dtype is dtype:
        return wrap(Array, other)
    return number_like(other, value) if is_open(other) else None


def constant_array(x: np.ndarray[Any, Any]) -> Any:
    """A plain array as an operand, which may be overwritten later."""
    if type(x) is not np.ndarray or x.dtype.kind == "O":
        x = ordinary(x)
    elif x.base is None and x.nbytes <= SMALL and x.flags.writeable:
        return wrap(Array, x.copy("K"))  # as `guarded` does after more questions
    # Inside a transformation it may be kept where nobody looks at versions.
    return guarded(Array, x, sys.maxsize if modes.current() & modes.BOXED else SMALL)


def ordinary(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """An array that is of a subclass, or holds objects, as one of numbers.

    Raises:
        TypeError: It follows other rules: a masked array or a `numpy.matrix`.
        DtypeError: It holds Python objects.
    """
    check_ordinary(x)
    if x.dtype.kind == "O":
        raise DtypeError(
            "an array of dtype object meets a value that is being differentiated, batched or traced, which has no rules "
            "for it: make it an array of numbers with x.astype(float)"
        )
    return x.view(np.ndarray)


def as_array(x: Any) -> Any:
    """Anything that NumPy takes for an array as an `Array`: lists that hold arrays are stacked."""
    if type(x) is Array:
        return x
    if isinstance(x, Tensor):
        return x if isinstance(x, Array) else retyped(x)
    if isinstance(x, np.ndarray):
        return constant_array(x)
    if isinstance(x, (Box, np.generic)):
        return wrap(Array, x)
    if isinstance(x, (list, tuple)) and holds_tensor(x):
        return stacked(x)
    made = np.asarray(x)
    if made.dtype.kind == "O":
        made = ordinary(made)
    return wrap(Array, made if isinstance(x, (list, tuple, range)) else made[()])


def retyped(x: Tensor) -> Array:
    """Another front end's tensor as an array with the same history."""
    t: Array = wrap(Array, x.value, x.current_edge())  # type: ignore[assignment]
    t.version = x.version
    return t


def holds_tensor(xs: Any) -> bool:
    """Whether nested lists and tuples hold a tensor or a box."""
    return any(
        isinstance(x, (Tensor, Box)) or (isinstance(x, (list, tuple)) and holds_tensor(x))
        for x in xs
    )


def stacked(xs: Any) -> Any:
    """Nested lists and tuples that hold arrays as one array."""
    parts = [as_array(x) for x in xs]
    return stack(together(parts))


def together(xs: list[Any]) -> list[Any]:
    """Arrays cast to their common dtype."""
    dtypes = {x.value.dtype for x in xs}
    if len(dtypes) == 1:
        return xs
    common = np.result_type(*dtypes)
    return [cast(x, common) for x in xs]


def spec(x: Any) -> Any:
    """What NumPy's promotion needs to know of an operand: its dtype, or the type of a Python number."""
    if isinstance(x, Tensor):
        return x.value.dtype
    if isinstance(x, (Box, *PLAIN)):
        return x.dtype
    return type_of(x) if type_of(x) in (int, float, complex) else np.asarray(x).dtype


def operand(x: Any, dtype: np.dtype[Any]) -> Any:
    """An operand in the dtype that was settled on."""
    if type(x) in (int, float, complex):
        return wrap(Array, np.asarray(x, dtype)[()])
    if is_open(x):
        return wrap(Array, number(x, dtype))
    if not isinstance(x, Array):
        x = as_array(x)
    return x if x.value.dtype is dtype else cast(x, dtype)


def inexact(x: Any) -> Any:
    """An array of integers or booleans as float64, others as they are."""
    return cast(x, np.float64) if x.value.dtype.kind in "biu" else x


def is_quiet(x: Any) -> bool:
    """Whether `x` is no tensor, or one with concrete numbers that no derivative depends on."""
    if isinstance(x, Tensor):
        return isinstance(x.value, PLAIN) and x.current_edge() is None
    if isinstance(x, (list, tuple)):
        return all(is_quiet(part) for part in x)
    return not isinstance(x, Box)


def stripped(x: Any) -> Any:
    """Arguments of a NumPy function with every array replaced by its concrete numbers."""
    if isinstance(x, (Tensor, Box)):
        return concrete(x)
    if isinstance(x, (list, tuple)):
        return (
            type(x)([stripped(v) for v in x])
            if type(x) in (list, tuple)
            else type(x)(*[stripped(v) for v in x])
        )
    if isinstance(x, slice):
        return slice(stripped(x.start), stripped(x.stop), stripped(x.step))
    return x


def wrapped(out: Any) -> Any:
    """Results of NumPy as arrays, in the containers that they come in."""
    if isinstance(out, PLAIN):
        return wrap(Array, out) if out.dtype.kind in "biufcV" else out
    if isinstance(out, tuple):
        if hasattr(out, "_fields"):
            return type(out)(*[wrapped(v) for v in out])
        return tuple([wrapped(v) for v in out])
    if type(out) is list:
        return [wrapped(v) for v in out]
    return out


def plainly(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call NumPy's own function on concrete numbers."""
    out = kwargs.get("out")
    for t in out if isinstance(out, tuple) else (out,):
        if isinstance(t, Tensor):
            t.overwriting(t.buffer())
    result = func(*[stripped(a) for a in args], **{name: stripped(v) for name, v in kwargs.items()})
    if out is None:
        return wrapped(result)
    for t in out if isinstance(out, tuple) else (out,):
        if isinstance(t, Tensor):
            t.shared_version().bump()
    return out[0] if isinstance(out, tuple) and len(out) == 1 else out
