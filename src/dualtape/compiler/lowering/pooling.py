"""Pooling over sliding windows: maps that read one slice per element of the window, and writes where the maxima were.

NOTE [winners] The maximum's place is the first of equal ones in row-major order, or the last NaN, as in `ops.pooling`. It is
kept as an offset from the window's first element in the space, which may lie in the padding; what is there never wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare
from ...ops import pooling as pl
from ...ops import resampling as rs
from ...ops.arithmetic import add, div, mul
from ...ops.padding import constant_pad_p
from ...ops.stencils import Adaptive, Sliding, places
from ..vecmath.values import Value
from .joining import Part, joined
from .nodes import Ref, Shape
from .picking import Picking
from .reductions import reduced
from .scalars.choice import larger
from .scalars.rules import Dtype, Rule
from .spreading import Spread
from .views import _sliced

if TYPE_CHECKING:
    from .build import Build

INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
MOST = 64
"""Elements of a window that one map reads; with more, sums go axis by axis, and of maxima NumPy takes care."""


def _maximum(out: Dtype, ins: tuple[Dtype, ...], *xs: Value) -> Value:
    best = xs[0]
    for x in xs[1:]:
        best = larger(out, best, x)
    return best


def _winner(out: Dtype, ins: tuple[Dtype, ...], offset: Value, *pairs: Value) -> Value:
    xs, offsets = pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]
    best = xs[0].number(-inf)
    for x, own in zip(xs, offsets, strict=True):
        wins = (x > best) | x.is_nan()
        best, offset = wins.where(x, best), wins.where(own, offset)
    return offset


MAXIMUM, WINNER = Rule(_maximum, "", "own", ()), Rule(_winner, "", "own", ())


class Windows:
    """Sliding windows over the last axes of x.

    Attributes:
        x: What they are over.
        axes: A stencil for each axis.
        padding: Elements that windows reach beyond the axes.
    """

    def __init__(self, x: Shape, axes: Sequence[Sliding]) -> None:
        self.lead, self.space = x[: -len(axes)], x[-len(axes) :]
        self.axes = axes
        self.counts = tuple([s.count for s in axes])
        self.taps = list(product(*[range(s.kernel) for s in axes]))
        ends = [(s.count - 1) * s.stride - s.before + (s.kernel - 1) * s.dilation + 1 for s in axes]
        self.padding = tuple(
            [(s.before, max(0, e - n)) for s, e, n in zip(axes, ends, self.space, strict=True)]
        )
        self.steps = [prod(self.space[i + 1 :]) for i in range(len(axes))]

    @property
    def padded(self) -> bool:
        """Whether a window reaches beyond its axis."""
        return any(lo or hi for lo, hi in self.padding)

    @property
    def tiles(self) -> bool:
        """Whether windows lie side by side."""
        dense = all(s.stride == s.kernel and s.dilation == 1 for s in self.axes)
        return dense and not self.padded

    @property
    def divided(self) -> Shape:
        """The shape with windows and their elements as axes of their own, if they lie side by side."""
        return (*self.lead, *[n for s in self.axes for n in (s.count, s.kernel)])

    def reads(self, b: Build, x: Ref, value: float) -> list[Ref]:
        """For each element of a window what all windows have there; `value` in the padding."""
        if self.padded:
            pads = ((0, 0),) * len(self.lead) + self.padding
            x = b.call(constant_pad_p, x, pads=pads, value=value)
        return [_sliced(x, index=self.index(tap)) for tap in self.taps]

    def index(self, tap: Sequence[int]) -> tuple[Any, ...]:
        """Where the windows' elements of this number are in the padded space."""
        return (..., *[
            slice(k * s.dilation, k * s.dilation + (s.count - 1) * s.stride + 1, s.stride)
            for k, s in zip(tap, self.axes, strict=True)
        ])  # fmt: skip

    def offset(self, tap: Sequence[int]) -> int:
        """From a window's first element to this one, in the space."""
        return sum([k * s.dilation * n for k, s, n in zip(tap, self.axes, self.steps, strict=True)])


def _windows(x: Shape, stencils: Sequence[Any]) -> Windows | None:
    """The windows, if they slide and each sees something."""
    axes = []
    for s, n in zip(stencils, x[-len(stencils) :], strict=True):
        if isinstance(s, Adaptive) and s.count and n % s.count == 0:
            s = Sliding(n // s.count, n // s.count, 0, 0, 1, s.count)
        if not isinstance(s, Sliding) or s.before < 0 or not s.count or not n:
            return None
        if (places(s, n).index < 0).all(axis=0).any():
            return None
        axes.append(s)
    return Windows(x, axes) if prod(x) else None


def _fits(xs: Sequence[Ref], v: Windows | None, most: int = MOST) -> bool:
    if v is None or len(v.taps) > most or prod(v.space) >= 1 << 31:
        return False
    return all(x.dtype.char in "fd" for x in xs)


def _max(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    v = _windows(xs[0].shape, params["stencils"])
    if v is None or not _fits(xs, v):
        return None
    reads = tuple(v.reads(b, xs[0], -inf))
    return [b.nodes.map(MAXIMUM, reads, outs[0].shape, xs[0].dtype, "max_pool")]


def _winners(b: Build, x: Ref, v: Windows) -> Ref:
    """The offset of each window's maximum, int32: NOTE [winners]."""
    shape = (*v.lead, *v.counts)
    start = b.nodes.literal(0, INT32)
    for i, s in enumerate(v.axes):
        for k in range(
            s.kernel
        ):  # windows that begin in the padding, counted from their first element
            behind = -(-(s.before - k * s.dilation) // s.stride)
            if behind <= 0:
                break
            place = b.nodes.iota(shape, len(v.lead) + i, INT32)
            outside = b.call(compare.lt, place, b.nodes.literal(behind, INT32))
            step = b.nodes.literal(s.dilation * v.steps[i], INT32)
            start = b.call(add, start, b.call(mul, b.cast(outside, INT32), step))
    offsets = [b.nodes.literal(v.offset(tap), INT32) for tap in v.taps]
    args = (start, *v.reads(b, x, -inf), *offsets)
    return b.nodes.map(WINNER, args, shape, INT32, "winner")


def _places(b: Build, x: Ref, v: Windows, lead: bool) -> Ref:
    """Where the maxima are in the space, or in the whole array if `lead`; int64."""
    out = b.cast(_winners(b, x, v), INT64)
    shape = out.shape
    steps = [prod(x.shape[i + 1 :]) for i in range(len(shape))]
    corner = -sum([s.before * n for s, n in zip(v.axes, v.steps, strict=True)])
    for i, step in enumerate(steps):
        own = i - len(v.lead)
        if shape[i] > 1 and (lead or own >= 0):
            by = step * (v.axes[own].stride if own >= 0 else 1)
            at = b.call(mul, b.nodes.iota(shape, i, INT64), b.nodes.literal(by, INT64))
            out = b.call(add, out, at)
    return b.call(add, out, b.nodes.literal(corner, INT64)) if corner else out


def _indices(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    v = _windows(xs[0].shape, params["stencils"])
    return [_places(b, xs[0], v, False)] if v is not None and _fits(xs, v) else None


def _pick(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    d, x = xs
    v = _windows(x.shape, params["stencils"])
    if v is None or not _fits(xs, v):
        return None
    at = b.materialized(_places(b, x, v, True))
    op = Picking("take", 1, prod(x.shape), 1, prod(at.shape))
    return [b.nodes.routine(op, (b.materialized(d), at), at.shape, d.dtype, repr(op)).ref()]


def _spread(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    ct, x = xs
    v = _windows(x.shape, params["stencils"])
    if v is None or not _fits(xs, v):
        return None
    if _tiled(v):
        return [_tiles(b, ct, _winners(b, x, v), v)]
    at = b.materialized(_places(b, x, v, True))
    op = Picking("add", 1, prod(x.shape), 1, prod(at.shape), True)
    return [b.nodes.routine(op, (at, b.materialized(ct)), x.shape, ct.dtype, repr(op)).ref()]


def _tiled(v: Windows) -> bool:
    return v.tiles and v.axes[-1].kernel <= 4 and len(v.taps) <= 16


def _tiles(b: Build, y: Ref, winners: Ref | None, v: Windows) -> Ref:
    """Windows that lie side by side filled with y: all elements, or those at the winners' places and zeros."""
    offsets = tuple([v.offset(tap) for tap in v.taps])
    op = Spread(
        prod(v.lead), v.counts, tuple([s.kernel for s in v.axes]), v.space,
        () if winners is None else offsets,
    )  # fmt: skip
    args = tuple([b.materialized(x) for x in (y, winners) if x is not None])
    return b.nodes.routine(op, args, (*v.lead, *v.space), y.dtype, repr(op)).ref()


# Sums


def _divisor(v: Windows, divide: str | float | None, stencils: Any, dtype: Dtype) -> Any:
    """What sums are divided by, None if it is not one number."""
    if divide is None:
        return 1
    found = rs.divisor(stencils, v.space, divide, dtype)
    return found if np.ndim(found) == 0 else None


def _total(b: Build, reads: Sequence[Ref]) -> Ref:
    total = reads[0]
    for r in reads[1:]:
        total = b.call(add, total, r)
    return total


def _short(v: Windows) -> bool:
    """Whether maps can read all elements of windows."""
    return max(s.kernel for s in v.axes) <= MOST and len(v.taps) <= MOST * MOST


def _exact(v: Windows) -> bool:
    """Whether windows lie side by side and nothing is left over."""
    return v.tiles and all(s.count * s.kernel == n for s, n in zip(v.axes, v.space, strict=True))


def _by_axis(v: Windows) -> list[Windows]:
    """The same windows one axis after the other, the last first, where there are too many elements for one map."""
    if len(v.taps) <= 16:
        return [v]
    out = []
    shape = [*v.lead, *v.space]
    for i in reversed(range(len(v.axes))):
        after = len(v.axes) - 1 - i
        one = [Sliding(1, 1, 0, 0, 1, n) for n in shape[len(shape) - after :]] if after else []
        out.append(Windows(tuple(shape), [v.axes[i], *one]))
        shape[len(v.lead) + i] = v.axes[i].count
    return out


def _average(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, stencils = xs[0], params["stencils"]
    v = _windows(x.shape, stencils)
    if v is None or not _fits(xs, v, 1 << 30) or not (_short(v) or _exact(v)):
        return None
    by = _divisor(v, params["divide"], stencils, x.dtype)
    if by is None:
        return None
    if _short(v):
        for one in _by_axis(v):
            x = _total(b, one.reads(b, x, 0))
    else:
        first = len(v.lead) + 1
        axes = tuple(range(first, first + 2 * len(v.axes), 2))
        total = reduced(b.nodes, "add", b.reshape(x, v.divided), axes)
        assert total is not None
        x = total
    return [b.call(div, x, b.nodes.literal(by, x.dtype)) if by != 1 else x]


def _averaged(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    y, stencils = xs[0], params["stencils"]
    v = _windows(outs[0].shape, stencils)
    if v is None or not _fits(xs, v, 1 << 30) or not (_short(v) or _exact(v)):
        return None
    by = _divisor(v, params["divide"], stencils, y.dtype)
    if by is None:
        return None
    if by != 1:
        y = b.call(div, y, b.nodes.literal(by, y.dtype))
    if _tiled(v):
        return [_tiles(b, y, None, v)]
    if not _short(v):
        single = [n for c in v.counts for n in (c, 1)]
        return [b.reshape(b.reshape(y, (*v.lead, *single)).spread(v.divided), outs[0].shape)]
    for one in reversed(_by_axis(v)):
        wide = apart(b, y, one.axes, one.space)
        if wide is None:
            return None
        back = [Sliding(s.kernel, 1, 0, 0, s.dilation, n) for s, n in zip(one.axes, one.space, strict=True)]  # fmt: skip
        y = _total(b, Windows(wide.shape, back).reads(b, wide, 0))
    return [y]


def apart(b: Build, y: Ref, axes: Sequence[Sliding], space: Shape) -> Ref | None:
    """Results of windows moved apart and padded with zeros, so that windows of stride 1 over them lead back to `space`."""
    lead = y.shape[: -len(axes)]
    spans = [(s.kernel - 1) * s.dilation for s in axes]
    shape = (*lead, *[n + k for n, k in zip(space, spans, strict=True)])
    inside: list[slice] = []
    kept: list[slice] = []
    for s, n, k, count in zip(axes, shape[len(lead) :], spans, y.shape[len(lead) :], strict=True):
        first = k - s.before
        skipped = max(0, -(first // s.stride)) if first < 0 else 0
        start = first + skipped * s.stride
        many = max(0, min(count - skipped, -(-(n - start) // s.stride)))
        inside.append(slice(start, start + (many - 1) * s.stride + 1, s.stride))
        kept.append(slice(skipped, skipped + many))
        if not many:
            return None
    whole = all(i.start == 0 and i.step == 1 and i.stop == n for i, n in zip(inside, shape[len(lead) :], strict=True))  # fmt: skip
    if whole:
        return _sliced(y, index=(..., *kept))

    def parts(out: Ref) -> list[Part]:
        return [(_sliced(y, index=(..., *kept)), _sliced(out, index=(..., *inside)))]

    made = joined(b, Aval(shape, y.dtype), parts, b.nodes.literal(0, y.dtype))
    return None if made is None else made[0]


AVERAGES = {*rs.avg_pool_ps.values(), *rs.adaptive_avg_pool_ps.values(), rs.resample_p}
MAXIMA = {*pl.max_pool_ps.values(), *pl.adaptive_max_pool_ps.values()}

ROUTINES: dict[Primitive, Callable[..., Any]] = {
    **dict.fromkeys(MAXIMA, _max),
    pl.max_pool_indices_p: _indices,
    pl.max_pool_pick_p: _pick,
    pl.max_pool_spread_p: _spread,
    **dict.fromkeys(AVERAGES, _average),
    rs.resample_transpose_p: _averaged,
}
