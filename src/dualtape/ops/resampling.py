"""Weighted sums over windows, axis by axis: average pooling and interpolation, one linear map.

The map is separable: each trailing axis has its own stencil, and a result is the sum over the
product of the axes' taps. The transposes of all variants are one primitive; the variants exist for
the names that PyTorch gives the nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import linear
from .axes import batch_in_front
from .stencils import Adaptive, Index, Sliding, Stencil, Tap, counts, distinct_taps, taps
from .windows import Array

Stencils = tuple[Stencil, ...]

# From this many elements on, windows that do not overlap are summed by NumPy's reduction.
_LONG_WINDOW = 8


def _widened(x: Array) -> Array:
    """Half precision in single, to add up in."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind in "fV" else x


def divisor(
    stencils: Stencils, space: tuple[int, ...], divide: str | float | None, dtype: Any
) -> Any:
    """What window sums are divided by: a number, or an array where windows at the borders see less.

    Args:
        stencils: One per axis.
        space: The axes' lengths.
        divide: "padding" for the window's size with the padding, "inside" without, or the number
            itself.
        dtype: The result's.
    """
    if not isinstance(divide, str):
        return np.asarray(divide, dtype)[()]
    total = np.ones((), np.int64)
    for stencil, size in zip(stencils, space, strict=True):
        total = total[..., None] * counts(stencil, size, divide == "padding")
    if total.size and total.min() == total.max():
        return np.asarray(total.flat[0], dtype)[()]
    # A window that lies wholly behind the input (ceil_mode) has no elements: its mean is 0, not
    # 0/0.
    return np.maximum(total, 1).astype(dtype)


def _weighted(values: Array, tap: Tap, after: int) -> Array:
    """`values` times the tap's weights, along the axis that has `after` axes behind it."""
    if tap.weight is None:
        return values
    weight = tap.weight.astype(values.real.dtype, copy=False)
    return np.asarray(values * weight.reshape(-1, *(1,) * after))


def _gathered(x: Array, stencil: Stencil, axis: int) -> Array:
    """Window sums along one (negative) axis."""
    after = -axis - 1
    size = x.shape[axis]
    shape = (*x.shape[: x.ndim + axis], stencil.count, *x.shape[x.ndim + axis + 1 :])
    if (long := _side_by_side(stencil, size)) is not None:
        x = x[_at(slice(long.count * long.kernel), after)]
        parts = (*shape[: x.ndim + axis], long.count, long.kernel, *shape[x.ndim + axis + 1 :])
        return np.asarray(np.add.reduce(x.reshape(parts), axis=axis))
    out: Array | None = None
    for tap in taps(stencil, size):
        part = _weighted(_taken(x, tap.source, axis), tap, after)
        whole = isinstance(tap.target, slice) and tap.target == slice(None)
        if out is None and whole:
            out = part.copy() if np.may_share_memory(part, x) else part
            continue
        if out is None:
            out = np.zeros(shape, x.dtype)
        if isinstance(tap.target, slice):
            view = out[_at(tap.target, after)]
            np.add(view, part, out=view)
        else:
            out[_at(tap.target, after)] += part
    return np.zeros(shape, x.dtype) if out is None else out


def _scattered(y: Array, stencil: Stencil, axis: int, size: int) -> Array:
    """The transpose of `_gathered`."""
    after = -axis - 1
    shape = (*y.shape[: y.ndim + axis], size, *y.shape[y.ndim + axis + 1 :])
    out = np.zeros(shape, y.dtype)
    for tap in distinct_taps(stencil, size):
        part = _weighted(_taken(y, tap.target, axis), tap, after)
        if isinstance(tap.source, slice):
            view = out[_at(tap.source, after)]
            np.add(view, part, out=view)
        else:
            out[_at(tap.source, after)] += part
    return out


def _taken(x: Array, index: Index, axis: int) -> Array:
    return x[_at(index, -axis - 1)] if isinstance(index, slice) else np.take(x, index, axis)


def _at(index: Any, after: int) -> tuple[Any, ...]:
    return (..., index, *(slice(None),) * after)


def _side_by_side(stencil: Stencil, size: int) -> Sliding | None:
    """The stencil, if its windows are long, dense, whole and disjoint."""
    s = stencil
    if isinstance(s, Adaptive) and s.count and size % s.count == 0:
        s = Sliding(size // s.count, size // s.count, 0, 0, 1, s.count)
    if not isinstance(s, Sliding) or s.kernel < _LONG_WINDOW or s.before or s.dilation != 1:
        return None
    return s if (s.stride == s.kernel or s.count == 1) and s.count * s.kernel <= size else None


def _order(stencils: Stencils, space: tuple[int, ...]) -> list[int]:
    """The axes that shrink first, outermost first; then those that grow, innermost first."""
    rank = len(stencils)
    shrink = [a - rank for a in range(rank) if stencils[a].count <= space[a]]
    return shrink + [a - rank for a in reversed(range(rank)) if stencils[a].count > space[a]]


def _resample_eval(x: Array, *, stencils: Stencils, divide: str | float | None) -> Array:
    dtype, space = x.dtype, x.shape[-len(stencils) :]
    out = _widened(x)
    for a in _order(stencils, space):
        out = _gathered(out, stencils[a], a)
    if divide is not None:
        out = out / divisor(stencils, space, divide, out.real.dtype)
    return out.astype(dtype, copy=False)


def _resample_transpose_eval(
    y: Array, *, space: tuple[int, ...], stencils: Stencils, divide: str | float | None
) -> Array:
    dtype = y.dtype
    out = _widened(y)
    if divide is not None:
        out = out / divisor(stencils, space, divide, out.real.dtype)
    for a in reversed(_order(stencils, space)):
        out = _scattered(out, stencils[a], a, space[a])
    return out.astype(dtype, copy=False)


def _resample_aval(x: Aval, *, stencils: Stencils, divide: str | float | None) -> Aval:
    return Aval((*x.shape[: -len(stencils)], *(s.count for s in stencils)), x.dtype)


def _transposed(ct: Any, aval: Any, *, stencils: Stencils, divide: str | float | None) -> Any:
    return resample_transpose_p(
        ct, space=tuple(aval.shape[-len(stencils) :]), stencils=stencils, divide=divide
    )


resample_transpose_p = linear(
    "resample_transpose", _resample_transpose_eval,
    lambda ct, *, space, stencils, divide: resample_p(ct, stencils=stencils, divide=divide),
    aval=lambda y, *, space, stencils, divide: Aval((*y.shape[: -len(space)], *space), y.dtype),
    batch=batch_in_front(lambda: resample_transpose_p),
    doc="Each result spread over the window it is the weighted mean of, onto axes of lengths "
        "`space`.",
)  # fmt: skip


def _declare(name: str, grad_name: str) -> Any:
    primitive = linear(
        name, _resample_eval, _transposed, aval=_resample_aval, grad_name=grad_name,
        batch=batch_in_front(lambda: primitive),
        doc="Weighted sums over windows of the last axes, a stencil for each, divided by "
            "`divisor`.",
    )  # fmt: skip
    return primitive


resample_p = _declare("resample", "ResampleBackward0")

# By rank of space. PyTorch pools one axis as two.
avg_pool_ps = {
    1: (avg_pool2d_p := _declare("avg_pool2d", "AvgPool2DBackward0")),
    2: avg_pool2d_p,
    3: (avg_pool3d_p := _declare("avg_pool3d", "AvgPool3DBackward0")),
}
adaptive_avg_pool_ps = {
    1: (adaptive_avg_pool2d_p := _declare("adaptive_avg_pool2d", "AdaptiveAvgPool2DBackward0")),
    2: adaptive_avg_pool2d_p,
    3: (adaptive_avg_pool3d_p := _declare("adaptive_avg_pool3d", "AdaptiveAvgPool3DBackward0")),
}
upsample_ps = {
    (kind, rank): _declare(f"upsample_{kind}{rank}d", f"Upsample{title}{rank}DBackward0")
    for kind, title, ranks in (
        ("nearest", "Nearest", (1, 2, 3)),
        ("nearest_exact", "NearestExact", (1, 2, 3)),
        ("linear", "Linear", (1,)),
        ("linear", "Bilinear", (2,)),
        ("linear", "Trilinear", (3,)),
        ("cubic", "Bicubic", (2,)),
    )
    for rank in ranks
}
