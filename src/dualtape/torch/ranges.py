"""Making tensors of numbers in a row: arange, linspace, logspace; and the indices of triangles.

PyTorch's kernels round in their own way, which is repeated here bit for bit (up to 32768 elements, where it
begins to divide the work among threads): see `_stepped` and `_fma`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..core.lengths import any_open
from ..core.open_shapes import steps
from ..core.tensor import Tensor as CoreTensor
from ..core.tracing import filled
from . import dtypes
from ._tensor import Tensor
from .arguments import (
    dtype_argument,
    integer,
    invalid_combination,
    is_number,
    not_implemented,
    number,
    number_as,
    wrong_type,
)
from .creation import finished
from .dtypes import NumpyDtype, category, scalar_name
from .filled import check_options, into_out
from .registry import resized

Array = Any  # NumPy's stubs resolve what is done here to Any or worse


# --- arithmetic -------------------------------------------------------------------------------------


def _fma(a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c in float64, rounded once (but for ties): the product's error is added back.

    Source: Dekker's and Knuth's error-free product and sum (Higham, Accuracy and Stability, 2.6 and 4.3).
    """
    p = a * b
    split = 134217729.0  # 2**27 + 1
    ah = (t := a * split) - (t - a)
    bh = (t := b * split) - (t - b)
    low = ((ah * bh - p) + ah * (b - bh) + (a - ah) * bh) + (a - ah) * (b - bh)
    s = p + c
    v = s - p
    return s + ((p - (s - v)) + (c - v) + low)


def _stepped(start: float, step: float, count: int, dtype: NumpyDtype) -> Array:
    """Return start + k * step as the kernel of `arange` rounds it.

    It works in float64 with fused multiply-add. As long as two vectors of 32 bytes are left, the first
    element of each vector is rounded to the dtype and the others count on from there.
    """
    if dtype.itemsize < 4:  # half precision: elements are not fused into vectors that round
        return np.asarray(start + np.arange(count) * step).astype(dtype)
    width = 32 // dtype.itemsize
    k = np.arange(count, dtype=np.float64)
    out: Array = _fma(np.float64(step), k, np.float64(start))
    whole = count - count % (2 * width)
    if whole:
        firsts = out[:whole:width].astype(dtype).astype(np.float64)
        within = np.arange(width, dtype=np.float64)
        out[:whole] = _fma(np.float64(step), within, firsts[:, None]).reshape(-1)
    return out.astype(dtype)


def _spaced(start: Any, end: Any, steps: int, dtype: NumpyDtype) -> Array:
    """`linspace`: the first half counted up from `start`, the second down from `end`."""
    if steps <= 1:
        return np.array([start] * steps, dtype)
    k = np.arange(steps)
    first = k < steps // 2
    if dtype.kind == "c":
        step = (dtype.type(end) - dtype.type(start)) / dtype.type(steps - 1)
        return np.where(first, start + step * k, end - step * (steps - 1 - k)).astype(dtype)
    if dtype.kind in "iu":
        pace = np.float32(np.float32(end - start) / np.float32(steps - 1))
        up = np.float32(start) + pace * k.astype(np.float32)
        down = np.float32(end) - pace * (steps - 1 - k).astype(np.float32)
        return np.where(first, up, down).astype(dtype)
    narrow = np.float32 if dtype.itemsize == 2 else dtype.type
    a, b = narrow(start), narrow(end)
    width = np.float64((b - a) / narrow(steps - 1))
    up = _fma(width, k.astype(np.float64), np.float64(a))
    down = _fma(-width, (steps - 1 - k).astype(np.float64), np.float64(b))
    return np.where(first, up, down).astype(dtype)


# --- arange -----------------------------------------------------------------------------------------


def _bound(function: str, x: Any, name: str, position: int) -> Any:
    if not is_number(x) or (isinstance(x, CoreTensor) and x.current_edge() is not None):
        raise wrong_type(function, name, position, "Number", x)
    value = number(function, x, name, position)
    if isinstance(value, complex):
        raise RuntimeError("value cannot be converted to type double without overflow")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise RuntimeError("value cannot be converted to type int64_t without overflow")
    return value


def _range_array(start: Any, end: Any, step: Any, dtype: NumpyDtype) -> Array:
    if dtype.kind in "bc" or (dtype.kind == "u" and dtype.itemsize > 1):
        raise not_implemented("arange_cpu", dtype)
    for x in (start, end):
        if not math.isfinite(x):
            raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    integers = dtype.kind in "iu"
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if dtype == np.int64:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
    if (step > 0 and end < start) or (step < 0 and end > start):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype == np.int64:
        return np.arange(start, start - (start - end) // step * step, step, dtype=np.int64)
    count = math.ceil((float(end) - float(start)) / float(step))
    if integers:
        first, pace = int(start), int(step)
        return (first + pace * np.arange(count, dtype=np.int64)).astype(dtype)
    return _stepped(float(start), float(step), count, dtype)


def _inferred(*bounds: Any) -> NumpyDtype:
    return dtypes.default_numpy if any(isinstance(x, float) for x in bounds) else dtypes.int64.dtype


def arange(
    *args: Any, start: Any = None, end: Any = None, step: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from `start` (0) up to, not including, `end` in steps of `step` (1).

    Called as `arange(end)`, `arange(start, end)` or `arange(start, end, step)`. Integers give int64, a
    float among the bounds the default dtype, unless a dtype is named.

    Raises:
        TypeError: A bound is no number, or `end` is missing.
        RuntimeError: The step is zero or of the wrong sign, or a bound is infinite.
    """
    plain = dtype is out is layout is start is end is step is device is None
    plain = plain and len(args) == 1 and type(args[0]) is int
    if plain and 0 <= args[0] < 2**63 and not (requires_grad or pin_memory):
        return finished(np.arange(args[0], dtype=np.int64))  # the commonest call
    named = {"start": start, "end": end, "step": step}
    if len(args) > 3:
        raise invalid_combination("arange", args)
    names = ("end",) if len(args) == 1 and start is None else ("start", "end", "step")
    if len(args) == 1 and end is not None:
        names = ("start",)
    given = {k: v for k, v in named.items() if v is not None}
    for name, value in zip(names, args, strict=False):
        if named[name] is not None or value is None:
            raise invalid_combination("arange", args, given)
        named[name] = value
    if named["end"] is None:
        if named["start"] is None:
            raise invalid_combination("arange", args)
        raise TypeError('arange() missing 1 required positional arguments: "end"')
    low = 0 if named["start"] is None else _bound("arange", named["start"], "start", 1)
    high = _bound("arange", named["end"], "end", names.index("end") + 1 if "end" in names else 1)
    pace = 1 if named["step"] is None else _bound("arange", named["step"], "step", 3)
    check_options(layout, pin_memory)
    if out is not None:
        d = out.value.dtype
        values = _range_array(low, high, pace, d)
        return into_out(out, "arange", values.shape, dtype, lambda a: np.copyto(a, values))
    d = _inferred(low, high, pace) if dtype is None else dtype_argument("arange", dtype)
    if any_open((low, high, pace)) and not any(isinstance(x, float) for x in (low, high, pace)):
        row = filled(
            lambda _, a, b, c: _range_array(a, b, c, d),
            (steps(low, high, pace),),
            d,
            low,
            high,
            pace,
        )
        return finished(row, requires_grad, device)
    return finished(_range_array(low, high, pace, d), requires_grad, device)


def range_(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.range`, deprecated by PyTorch: as `arange`, but `end` is included and floats are the default.

    Raises:
        As `arange`.
    """
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent "
        "with Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    low, high = _bound("range", start, "start", 1), _bound("range", end, "end", 2)
    pace = _bound("range", step, "step", 3)
    check_options(layout, pin_memory)
    d = dtypes.default_numpy if dtype is None else dtype_argument("range", dtype)
    if out is not None:
        d = out.value.dtype
    if d.kind in "iu":
        low, high, pace = int(low), int(high), int(pace)
    if pace == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"unsupported range: {low:g} -> {high:g}")
    if (pace > 0 and high < low) or (pace < 0 and high > low):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = int((high - low) / pace) + 1
    values = (low + np.arange(count) * pace).astype(d)
    if out is not None:
        return into_out(out, "range", values.shape, dtype, lambda a: np.copyto(a, values))
    return finished(values, requires_grad, device)


range_.__name__ = range_.__qualname__ = "range"


# --- linspace, logspace -----------------------------------------------------------------------------


def _space_arguments(
    function: str, start: Any, end: Any, steps: Any, out: Any, dtype: Any
) -> tuple[Any, Any, int, NumpyDtype]:
    for x in (start, end):
        if isinstance(x, CoreTensor) and x.value.shape:
            dims = " and ".join(
                f"{n} with {len(b.value.shape)} dimension(s)"
                for n, b in (("start", start), ("end", end))
                if isinstance(b, CoreTensor)
            )
            raise RuntimeError(
                f"{function} only supports 0-dimensional start and end tensors, but got {dims}."
            )
    if not (is_number(start) and is_number(end)) or isinstance(steps, (float, complex, str, bool)):
        raise invalid_combination(function, (start, end, steps))
    count = integer(function, steps, "steps", 3)
    a, b = number(function, start, "start", 1), number(function, end, "end", 2)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    natural = dtypes.default_numpy
    if isinstance(a, complex) or isinstance(b, complex):
        natural = dtypes.default_complex_numpy
    d = natural if dtype is None else dtype_argument(function, dtype)
    if out is not None:
        d = out.value.dtype
    if natural.kind == "c" and category(d) < 3:
        name = "c10::complex<float>" if natural == np.complex64 else "c10::complex<double>"
        raise RuntimeError(
            f"torch.{function}(): inferred dtype {name} can't be safely cast to passed dtype {scalar_name(d)}"
        )
    if d.kind == "b":
        raise not_implemented(f"{function}_cpu", d)
    return a, b, count, d


def linspace(
    start: Any, end: Any, steps: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers evenly spaced from `start` to `end`, both included.

    The bounds are numbers or 0-d tensors.

    Raises:
        RuntimeError: `steps` is negative, a tensor has dimensions, or complex bounds meet a real dtype.
    """
    a, b, count, d = _space_arguments("linspace", start, end, steps, out, dtype)
    check_options(layout, pin_memory)
    low, high = number_as(a, d), number_as(b, d)
    if d.kind in "iu":
        low, high = int(low), int(high)
    values = _spaced(low, high, count, d)
    if out is not None:
        return resized(out, values.shape, lambda m: np.copyto(m, values))
    return finished(values, requires_grad, device)


def logspace(
    start: Any, end: Any, steps: Any, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`base` to the powers `linspace(start, end, steps)`.

    Raises:
        As `linspace`.
    """
    if isinstance(base, complex):
        raise invalid_combination("logspace", (start, end, steps), {"base": base})
    a, b, count, d = _space_arguments("logspace", start, end, steps, out, dtype)
    check_options(layout, pin_memory)
    # Integers: exponents in single precision, powers in double.
    narrow = np.dtype(np.float32 if d.kind in "iu" or d.itemsize == 2 else d)
    ends = [number_as(number_as(x, d).item(), narrow) for x in (a, b)]
    powers = _spaced(ends[0], ends[1], count, narrow)
    wide = np.dtype(np.float64) if d.kind in "iu" else narrow
    with np.errstate(all="ignore"):
        values = np.power(wide.type(base), powers.astype(wide)).astype(d)
    if out is not None:
        return resized(out, values.shape, lambda m: np.copyto(m, values))
    return finished(values, requires_grad, device)


# --- indices of triangles ---------------------------------------------------------------------------


def _triangle(
    name: str, find: Any, row: Any, col: Any, offset: int, dtype: Any, device: Any
) -> Tensor:
    rows, columns = integer(name, row, "row", 1), integer(name, col, "col", 2)
    for which, n in (("row", rows), ("col", columns)):
        if n < 0:
            raise RuntimeError(f"{which} must be non-negative, got{n}")
    d = np.dtype(np.int64) if dtype is None else dtype_argument(name, dtype)
    if d.kind not in "iu":
        raise not_implemented(name, d)
    return finished(np.stack(find(rows, offset, columns)).astype(d), dev=device)


def tril_indices(
    row: Any,
    col: Any,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The row and column numbers, in two rows, of the elements on and below a diagonal.

    Raises:
        RuntimeError: A length is negative.
    """
    return _triangle("tril_indices", np.tril_indices, row, col, offset, dtype, device)


def triu_indices(
    row: Any,
    col: Any,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The row and column numbers, in two rows, of the elements on and above a diagonal.

    Raises:
        RuntimeError: A length is negative.
    """
    return _triangle("triu_indices", np.triu_indices, row, col, offset, dtype, device)


__all__ = ["arange", "linspace", "logspace", "range_", "tril_indices", "triu_indices"]
