"""The primitives of maximum pooling, and windows as columns.

The maximum over a window of several axes is taken axis by axis. Where a window has its maximum several
times, the first in row-major order counts; of NaNs, which win, the last: PyTorch's choices. Only `x`
is kept for the backward pass, which finds the places again: a forward pass without gradients does not
pay for them, and they would take twice the memory of float32 results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import constant, general, linear
from .axes import batch_in_front, size_of
from .stencils import Index, Stencil, distinct_taps, places, taps
from .windows import Array, Ints, Pairs, add_windows, interior, padded, window_count, windows

Stencils = tuple[Stencil, ...]


def _at(index: Any, after: int) -> tuple[Any, ...]:
    return (..., index, *(slice(None),) * after)


def _taken(x: Array, index: Index, axis: int) -> Array:
    return x[_at(index, -axis - 1)] if isinstance(index, slice) else np.take(x, index, axis)


def _first(x: Array, stencil: Stencil, axis: int) -> Array:
    """A copy of the first element of each window."""
    found = places(stencil, x.shape[axis]).index
    if found.shape[0] and (found[0] >= 0).all():
        return np.array(_taken(x, taps(stencil, x.shape[axis])[0].source, axis))
    first = np.take_along_axis(found, np.argmax(found >= 0, axis=0)[None], 0)[0]
    taken: Array = np.take(x, first, axis)
    return taken


def _max_along(x: Array, stencil: Stencil, axis: int) -> Array:
    """The maxima of the windows along one (negative) axis."""
    after = -axis - 1
    out = _first(x, stencil, axis)
    for tap in taps(stencil, x.shape[axis]):
        part = _taken(x, tap.source, axis)
        target = _at(tap.target, after)
        if isinstance(tap.target, slice):
            np.maximum(out[target], part, out=out[target])
        else:
            out[target] = np.maximum(out[target], part)
    return out


def _winners(x: Array, stencil: Stencil, axis: int) -> tuple[Array, Array]:
    """The maxima along one (negative) axis, and the numbers of the taps that have them."""
    after = -axis - 1
    known = taps(stencil, x.shape[axis])
    small = np.uint8 if known and known[-1].number < 256 else np.int64

    def run(nan: bool) -> tuple[Array, Array]:
        out = _first(x, stencil, axis)
        # The first tap that sees a window has its first element; where that is not tap 0 it is
        # written when the tap is met, since nothing is larger than what is not there yet.
        winner = np.zeros(out.shape, small)
        seen = np.zeros(out.shape[axis], bool)
        for tap in known:
            number = tap.number
            part, target = _taken(x, tap.source, axis), _at(tap.target, after)
            larger = part > out[target]
            if nan:
                larger |= part != part
            new = ~seen[tap.target]
            if number and new.any():
                larger |= new.reshape(-1, *(1,) * after)
            seen[tap.target] = True
            if number:
                # A later tap has a larger number: no choice is needed, which would be slow.
                here = np.multiply(larger, small(number), dtype=small)
                if isinstance(tap.target, slice):
                    np.maximum(winner[target], here, out=winner[target])
                    np.maximum(out[target], part, out=out[target])
                else:
                    winner[target] = np.maximum(winner[target], here)
                    out[target] = np.maximum(out[target], part)
        return out, winner

    out, winner = run(False)
    return run(True) if x.dtype.kind in "fV" and np.isnan(out).any() else (out, winner)


def _max_pool_eval(x: Array, *, stencils: Stencils) -> Array:
    for number, stencil in enumerate(stencils):
        x = _max_along(x, stencil, number - len(stencils))
    return x


def _all_winners(x: Array, stencils: Stencils) -> list[Array]:
    """The winning taps of each axis, the last axis first.

    That order makes ties fall to the first in row-major order: an outer axis chooses among rows whose
    own first maximum is known.
    """
    found = []
    for number in reversed(range(len(stencils))):
        x, winner = _winners(x, stencils[number], number - len(stencils))
        found.append(winner)
    return found


def _max_pool_indices_eval(x: Array, *, stencils: Stencils) -> Array:
    rank = len(stencils)
    space = x.shape[-rank:]
    flat: Array | None = None
    for number, winner in zip(reversed(range(rank)), _all_winners(x, stencils), strict=True):
        axis = number - rank
        at = _positions(winner, stencils[number], axis, space[axis])
        step = size_of(space[number + 1 :])
        flat = at * step if flat is None else np.take_along_axis(flat, at, axis) + at * step
    assert flat is not None
    return flat


def _positions(winner: Array, stencil: Stencil, axis: int, size: int) -> Array:
    """Places on the axis from numbers of taps."""
    known = taps(stencil, size)
    table = np.zeros((known[-1].number + 1 if known else 1, stencil.count), np.int64)
    for tap in known:
        table[tap.number][tap.target] = np.arange(size)[tap.source]
    return table[winner, np.arange(stencil.count).reshape(-1, *(1,) * (-axis - 1))]


def _pick_eval(d: Array, x: Array, *, stencils: Stencils) -> Array:
    rank = len(stencils)
    for number, winner in zip(reversed(range(rank)), _all_winners(x, stencils), strict=True):
        axis = number - rank
        out = _first(d, stencils[number], axis)
        for tap in taps(stencils[number], d.shape[axis]):
            target = _at(tap.target, -axis - 1)
            part = _taken(d, tap.source, axis)
            out[target] = np.where(winner[target] == tap.number, part, out[target])
        d = out
    return d


def _spread_eval(ct: Array, x: Array, *, stencils: Stencils) -> Array:
    rank = len(stencils)
    winners = _all_winners(x, stencils)
    for number in range(rank):  # the axis that chose last first
        axis = number - rank
        winner = winners[rank - 1 - number]
        size = x.shape[axis]
        out = np.zeros(
            (*ct.shape[: ct.ndim + axis], size, *ct.shape[ct.ndim + axis + 1 :]), ct.dtype
        )
        for tap in distinct_taps(stencils[number], size):
            target = _at(tap.target, -axis - 1)
            out[_at(tap.source, -axis - 1)] += _kept(ct[target], winner[target] == tap.number)
        ct = out
    return ct


_INTEGERS = {n: np.dtype(f"i{n}") for n in (2, 4, 8)}


def _kept(x: Array, mask: Array) -> Array:
    """`x` where `mask` holds and zero elsewhere, chosen on the bits: NOTE [masks] in `select`."""
    bits = _INTEGERS.get(x.dtype.itemsize)
    if bits is None:
        return np.where(mask, x, np.zeros((), x.dtype))
    kept: Array = np.multiply(x.view(bits), mask, dtype=bits).view(x.dtype)
    return kept


def _pooled_shape(shape: Ints, stencils: Stencils) -> Ints:
    return (*shape[: -len(stencils)], *(s.count for s in stencils))


def _flattened(x: Array, rank: int) -> Array:
    return x.reshape(*x.shape[: x.ndim - rank], size_of(x.shape[x.ndim - rank :]))


def _pool_gather_eval(x: Array, at: Array, *, rank: int) -> Array:
    return np.take_along_axis(_flattened(x, rank), _flattened(at, rank), -1).reshape(at.shape)


def _pool_scatter_eval(y: Array, at: Array, *, space: Ints, distinct: bool) -> Array:
    rank, n = len(space), size_of(space)
    y, at = _flattened(y, rank), _flattened(at, rank)
    out = np.zeros((*y.shape[:-1], n), y.dtype)
    if distinct:
        np.put_along_axis(out, at, y, -1)
    else:
        rows = size_of(y.shape[:-1])
        index = (at.reshape(rows, -1) + n * np.arange(rows)[:, None]).ravel()
        # bincount adds in double precision, faster than np.add.at.
        for part in ("real", "imag") if y.dtype.kind == "c" else ("real",):
            total = np.bincount(index, getattr(y, part).ravel().astype(np.float64), rows * n)
            getattr(out, part)[...] = total.reshape(out.shape)
    return out.reshape(*out.shape[:-1], *space)


# `at` numbers the elements of the last `rank` axes of x, flattened.
pool_gather_p = linear(
    "pool_gather",
    _pool_gather_eval,
    lambda ct, at, aval, *, rank: pool_scatter_p(
        ct, at, space=tuple(aval.shape[-rank:]), distinct=False
    ),
    inputs="x at",
    aval=lambda x, at, *, rank: Aval(at.shape, x.dtype),
    grad_name="MaxPool2DWithIndicesBackward0",
    batch=batch_in_front(lambda: pool_gather_p),
    doc="The elements of x at the places `at`.",
)

pool_scatter_p = linear(
    "pool_scatter",
    _pool_scatter_eval,
    lambda ct, at, *, space, distinct: pool_gather_p(ct, at, rank=len(space)),
    inputs="y at",
    aval=lambda y, at, *, space, distinct: Aval((*y.shape[: y.ndim - len(space)], *space), y.dtype),
    batch=batch_in_front(lambda: pool_scatter_p),
    grad_name="MaxUnpool2DBackward0",
    doc="Zeros of `space` with y at the places `at`: added up, or written if they are `distinct`.",
)

max_pool_indices_p = constant(
    "max_pool_indices", _max_pool_indices_eval,
    aval=lambda x, *, stencils: Aval(_pooled_shape(x.shape, stencils), np.dtype(np.int64)),
    batch=batch_in_front(lambda: max_pool_indices_p),
    doc="Where the maximum of each window lies, among the elements of the pooled axes flattened.",
)  # fmt: skip


max_pool_pick_p = linear(
    "max_pool_pick", _pick_eval,
    lambda ct, x, *, stencils: max_pool_spread_p(ct, x, stencils=stencils), inputs="d x",
    aval=lambda d, x, *, stencils: Aval(_pooled_shape(x.shape, stencils), d.dtype),
    batch=batch_in_front(lambda: max_pool_pick_p),
    doc="The elements of d at the places where x has the maxima of its windows.",
)  # fmt: skip

max_pool_spread_p = linear(
    "max_pool_spread", _spread_eval,
    lambda ct, x, *, stencils: max_pool_pick_p(ct, x, stencils=stencils), inputs="ct x",
    aval=lambda ct, x, *, stencils: Aval(x.shape, ct.dtype),
    batch=batch_in_front(lambda: max_pool_spread_p),
    doc="Zeros with ct added up where x has the maxima of its windows.",
)  # fmt: skip


def _declare(name: str, grad_name: str) -> Any:
    primitive = general(
        name, _max_pool_eval, grad_name=grad_name,
        jvp=lambda d, x, *, stencils: max_pool_pick_p(d, x, stencils=stencils),
        vjp=lambda ct, x, *, stencils: max_pool_spread_p(ct, x, stencils=stencils),
        aval=lambda x, *, stencils: Aval(_pooled_shape(x.shape, stencils), x.dtype),
        batch=batch_in_front(lambda: primitive),
        doc="The maximum of each window of the last axes, which have a stencil each.",
    )  # fmt: skip
    return primitive


max_pool_ps = {
    1: (max_pool2d_p := _declare("max_pool2d", "MaxPool2DWithIndicesBackward0")),
    2: max_pool2d_p,
    3: (max_pool3d_p := _declare("max_pool3d", "MaxPool3DWithIndicesBackward0")),
}
adaptive_max_pool_ps = {
    1: (adaptive_max_pool2d_p := _declare("adaptive_max_pool2d", "AdaptiveMaxPool2DBackward0")),
    2: adaptive_max_pool2d_p,
    3: (adaptive_max_pool3d_p := _declare("adaptive_max_pool3d", "AdaptiveMaxPool3DBackward0")),
}


def _unfold_eval(x: Array, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Array:
    rank = len(kernel)
    counts = tuple(map(window_count, x.shape[-rank:], kernel, stride, padding, dilation))
    v = windows(padded(x, padding), kernel, stride, dilation, counts)
    lead = x.shape[: x.ndim - rank]
    return np.array(v).reshape(*lead[:-1], lead[-1] * size_of(kernel), size_of(counts))


def _fold_eval(
    y: Array, *, space: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Array:
    counts = tuple(map(window_count, space, kernel, stride, padding, dilation))
    lead = (*y.shape[:-2], y.shape[-2] // size_of(kernel))
    wide = y.astype(np.float32) if y.dtype.itemsize == 2 and y.dtype.kind in "fV" else y
    out = np.zeros(
        (*lead, *(n + lo + hi for n, (lo, hi) in zip(space, padding, strict=True))), wide.dtype
    )
    add_windows(wide.reshape(*lead, *kernel, *counts), out, stride, dilation)
    return np.array(out[interior(space, padding)], y.dtype)


def _unfold_aval(x: Aval, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Aval:
    rank = len(kernel)
    counts = tuple(map(window_count, x.shape[-rank:], kernel, stride, padding, dilation))
    lead = x.shape[: x.ndim - rank]
    return Aval((*lead[:-1], lead[-1] * size_of(kernel), size_of(counts)), x.dtype)


unfold_p = linear(
    "im2col", _unfold_eval,
    lambda ct, aval, *, kernel, **rest: fold_p(
        ct, space=tuple(aval.shape[-len(kernel) :]), kernel=kernel, **rest),
    aval=_unfold_aval, batch=batch_in_front(lambda: unfold_p), grad_name="Im2ColBackward0",
    doc="The windows of x (..., C, *S) as columns: (..., C * prod(kernel), windows).",
)  # fmt: skip

fold_p = linear(
    "col2im",
    _fold_eval,
    lambda ct, *, space, **rest: unfold_p(ct, **rest),
    aval=lambda y, *, space, kernel, **_: Aval(
        (*y.shape[:-2], y.shape[-2] // size_of(kernel), *space), y.dtype
    ),
    batch=batch_in_front(lambda: fold_p),
    grad_name="Col2ImBackward0",
    doc="Columns added up where their windows lie: the transpose of `im2col`.",
)
