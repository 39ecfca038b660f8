"""Views by strides: sliding windows, `as_strided`, and complex numbers as pairs of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as windows_of

from ..core.aval import Aval
from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.graph import LEAF
from ..core.inplace import may_overlap
from ..core.kinds import linear
from ..core.tensor import Tensor
from .axes import in_front, normalize_axis, size_of
from .scattering import add_at
from .shape import permute, reshape_p, slice_p

Ints = tuple[int, ...]


def window_count(n: int, size: int, step: int) -> int:
    """How many windows of `size` fit into `n` elements in steps of `step`."""
    return (n - size) // step + 1


def _unfold_eval(x: Any, *, axis: int, size: int, step: int) -> Any:
    shape = (*x.shape[:axis], window_count(x.shape[axis], size, step), *x.shape[axis + 1 :], size)
    stride = x.strides[axis]
    strides = (*x.strides[:axis], stride * step, *x.strides[axis + 1 :], stride)
    # Windows that overlap must not be written to: one element would stand for several.
    return windows_of(x, shape, strides, writeable=step >= size and x.flags.writeable)


def _fold_eval(x: Any, *, axis: int, size: int, step: int, length: int) -> Any:
    half = x.dtype.itemsize == 2
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 : -1])
    out = np.zeros(shape, np.float32 if half else x.dtype)
    n = x.shape[axis]
    before = (slice(None),) * axis
    # One pass per window, or one per element of the windows, whichever are fewer.
    if n < size:
        places = np.moveaxis(out, axis, -1)
        for i in range(n):
            places[..., i * step : i * step + size] += x[(*before, i)]
    else:
        for k in range(size):
            out[(*before, slice(k, k + step * (n - 1) + 1, step))] += x[..., k]
    return out.astype(x.dtype) if half else out


def _unfold_aval(x: Aval, *, axis: int, size: int, step: int) -> Aval:
    n = window_count(x.shape[axis], size, step)
    return Aval((*x.shape[:axis], n, *x.shape[axis + 1 :], size), x.dtype)


unfold_p = linear(
    "unfold", _unfold_eval,
    lambda ct, aval, *, axis, size, step: fold_p(
        ct, axis=axis, size=size, step=step, length=aval.shape[axis]
    ),
    aval=_unfold_aval,
    batch=lambda xs, where, n, *, axis, size, step: (
        unfold_p(in_front(xs[0], where[0]), axis=axis + 1, size=size, step=step), 0
    ),
    view=True, doc="The windows of `size` elements along `axis`, as a new last axis.",
)  # fmt: skip

fold_p = linear(
    "fold_windows", _fold_eval,
    lambda ct, *, axis, size, step, length: unfold_p(ct, axis=axis, size=size, step=step),
    aval=lambda x, *, axis, size, step, length: Aval(
        (*x.shape[:axis], length, *x.shape[axis + 1 : -1]), x.dtype
    ),
    batch=lambda xs, where, n, *, axis, **params: (
        fold_p(in_front(xs[0], where[0]), axis=axis + 1, **params), 0
    ),
    grad_name="UnfoldBackwardBackward0",
    doc="Windows added up where they came from: the transpose of `unfold`.",
)  # fmt: skip


def unfold(x: Any, axis: int, size: int, step: int) -> Any:
    """All windows of `size` elements along `axis`, `step` apart, as a new last axis; a view.

    Raises:
        ShapeError: The size is negative or larger than the axis, or the step not positive.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    n = s[axis] if s else 1
    if size < 0:
        raise ShapeError(f"size is {size} but must be >= 0")
    if size > n:
        raise ShapeError(f"maximum size for tensor at dimension {axis} is {n} but size is {size}")
    if step <= 0:
        raise ShapeError(f"step is {step} but must be > 0")
    if not s:
        row = reshape_p(x, shape=(1,))
        return slice_p(row, index=(slice(0, size),))
    return unfold_p(x, axis=axis, size=size, step=step)


def positions(shape: Sequence[int], strides: Sequence[int], offset: int) -> Any:
    """For each element of a strided view, which element of the row-major array it is."""
    at: Any = np.intp(offset)
    for i, (n, step) in enumerate(zip(shape, strides, strict=True)):
        at = at + (np.arange(n) * step).reshape(n, *(1,) * (len(shape) - i - 1))
    return np.asarray(at)


def _as_strided_eval(x: Any, *, shape: Ints, strides: Ints, offset: int) -> Any:
    if not size_of(shape):
        return np.empty(shape, x.dtype)
    if not x.flags.c_contiguous:
        return x.reshape(-1).take(positions(shape, strides, offset))
    size = x.dtype.itemsize
    out = np.ndarray(shape, x.dtype, x, offset * size, tuple([k * size for k in strides]))
    if may_overlap(shape, strides, 1):
        out.flags.writeable = False  # one element would stand for several
    return out


def _strides_added_eval(x: Any, *, like: Ints, shape: Ints, strides: Ints, offset: int) -> Any:
    out = np.zeros(size_of(like), x.dtype)
    at = positions(shape, strides, offset)
    return add_at(out, at.reshape(-1), x.reshape(-1)).reshape(like)


as_strided_p = linear(
    "as_strided", _as_strided_eval,
    lambda ct, aval, **params: strides_added_p(ct, like=aval.shape, **params),
    aval=lambda x, *, shape, strides, offset: Aval(shape, x.dtype),
    batch=lambda xs, where, n, *, shape, strides, offset: (
        as_strided_p(
            in_front(xs[0], where[0]), shape=(n, *shape), offset=offset,
            strides=(size_of(tuple(xs[0].shape)) // n if n else 0, *strides),
        ),
        0,
    ),
    view=True,
    doc="Elements of x, counted in row-major order, by strides; a view of an x that lies so.",
)  # fmt: skip

strides_added_p = linear(
    "strides_added", _strides_added_eval,
    lambda ct, *, like, shape, strides, offset: as_strided_p(
        ct, shape=shape, strides=strides, offset=offset
    ),
    aval=lambda x, *, like, shape, strides, offset: Aval(like, x.dtype),
    batch=lambda xs, where, n, *, like, shape, strides, offset: (
        strides_added_p(
            in_front(xs[0], where[0]), like=(n, *like), shape=(n, *shape), offset=offset,
            strides=(size_of(like), *strides),
        ),
        0,
    ),
    doc="Elements of a strided view added up where they lie: the transpose of `as_strided`.",
)  # fmt: skip


def as_strided(
    x: Any, shape: Sequence[int], strides: Sequence[int], offset: int | None = None
) -> Any:
    """The elements of the memory of `x` by strides, as a view.

    Args:
        x: Any value; its memory is that of the tensor that it is a view of.
        shape: Of the result.
        strides: How many elements lie between neighbours along each axis.
        offset: Where the first element is, counted from the start of the memory; where that of `x`
            is by default.

    Raises:
        ShapeError: The result would reach outside the memory.
    """
    shape = tuple([int(n) for n in shape])
    strides = tuple([int(n) for n in strides])
    if len(shape) != len(strides):
        raise ShapeError("mismatch in length of strides and shape")
    if any(k < 0 for k in strides):
        raise ShapeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(strides)}"
        )
    if any(n < 0 for n in shape):
        raise ShapeError(f"as_strided: negative size in {list(shape)}")
    if offset is not None and offset < 0:
        raise ShapeError(f"Tensor: invalid storage offset {offset}")
    memory, own = _memory(x)
    first = own if offset is None else offset
    last = first + sum((n - 1) * k for n, k in zip(shape, strides, strict=True))
    size = size_of(memory.shape)
    if size_of(shape) and last >= size:
        item = dtype_of(memory).itemsize
        raise ShapeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {first}, "
            f"and itemsize {item} requiring a storage size of {(last + 1) * item} are out of "
            f"bounds for storage of size {size * item}"
        )
    return as_strided_p(memory, shape=shape, strides=strides, offset=first)


def _memory(x: Any) -> tuple[Any, int]:
    """What stands for the memory of `x`, in row-major order, and where in it `x` begins."""
    value = x.value if isinstance(x, Tensor) else x
    if type(value) is not np.ndarray:
        return x, 0
    begin = 0
    if isinstance(x, Tensor) and x.view_of is not None and type(x.view_of.base.value) is np.ndarray:
        base = x.view_of.base
        edge = x.current_edge()
        if edge is None or (x.view_of.recorded and (edge.kind != LEAF or edge is base.edge)):
            begin = (_address(value) - _address(base.value)) // value.itemsize
            x, value = base, base.value
    if value.flags.c_contiguous:
        return x, begin
    order = sorted(range(value.ndim), key=lambda i: -value.strides[i])
    if not value.transpose(order).flags.c_contiguous:
        raise ShapeError(
            "as_strided: the elements of the operand do not lie side by side in memory; "
            "use .contiguous() first"
        )
    return permute(x, order), begin


def _address(x: Any) -> int:
    return int(x.__array_interface__["data"][0])


_PARTS: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.complex64): np.dtype(np.float32),
    np.dtype(np.complex128): np.dtype(np.float64),
}
_WHOLES = {part: whole for whole, part in _PARTS.items()}


def _as_complex_eval(x: Any) -> Any:
    if x.strides[-1] != x.itemsize or any(k % (2 * x.itemsize) for k in x.strides[:-1]):
        x = np.ascontiguousarray(x)  # only in rules: the op asks for a view
    return x.view(_WHOLES[x.dtype])[..., 0]


# Not complex linear: their adjoints under Re<a, b> are each other.
view_as_real_p = linear(
    "view_as_real", lambda x: x[..., None].view(_PARTS[x.dtype]), lambda ct: view_as_complex_p(ct),
    aval=lambda x: Aval((*x.shape, 2), _PARTS[x.dtype]),
    batch=lambda xs, where, n: (view_as_real_p(in_front(xs[0], where[0])), 0),
    holomorphic=False, view=True, doc="Real and imaginary parts along a new last axis.",
)  # fmt: skip

view_as_complex_p = linear(
    "view_as_complex", _as_complex_eval, lambda ct: view_as_real_p(ct),
    aval=lambda x: Aval(x.shape[:-1], _WHOLES[x.dtype]),
    batch=lambda xs, where, n: (view_as_complex_p(in_front(xs[0], where[0])), 0),
    holomorphic=False, view=True, doc="The last axis, of length 2, as real and imaginary part.",
)  # fmt: skip


def view_as_real(x: Any) -> Any:
    """Real and imaginary parts of a complex value along a new last axis, as a view.

    Raises:
        DtypeError: `x` is real.
    """
    if dtype_of(x) not in _PARTS:
        raise DtypeError("view_as_real is only supported for complex tensors")
    return view_as_real_p(x)


def view_as_complex(x: Any) -> Any:
    """The complex numbers whose parts are the pairs in the last axis of `x`, as a view.

    Raises:
        DtypeError: `x` is not of single or double precision.
        ShapeError: The last axis has not length 2, or its elements do not lie side by side.
    """
    if dtype_of(x) not in _WHOLES:
        raise DtypeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {dtype_of(x).name}"
        )
    s = tuple(x.shape)
    if not s:
        raise ShapeError("Input tensor must have one or more dimensions")
    if s[-1] != 2:
        raise ShapeError("Tensor must have a last dimension of size 2")
    value = x.value if isinstance(x, Tensor) else x
    if type(value) is np.ndarray:
        if value.strides[-1] != value.itemsize:
            raise ShapeError("Tensor must have a last dimension with stride 1")
        if any(
            k % (2 * value.itemsize) for k, n in zip(value.strides[:-1], s, strict=False) if n > 1
        ):
            raise ShapeError("Tensor must have a stride divisible by 2 for all but last dimension")
    return view_as_complex_p(x)
