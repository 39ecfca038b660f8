"""Convolution, and the two maps that transpose it.

NOTE [three convolutions]
The relation "x under weights w gives y" is one trilinear form T(x, w, y) = sum of y * (x conv w).
Fixing two of its arguments gives a linear map of them onto the third: `conv` (x, w) -> y,
`conv_input_gradient` (y, w) -> x and `conv_weight_gradient` (x, y) -> w. Each is bilinear, and the
transposes of any of them are the other two, so that derivatives of every order need nothing else.
`conv_input_gradient` is what the frameworks call transposed convolution.

All three run as matrix products over windows gathered into columns (im2col), a few examples at a
time, so that the columns stay in the cache and memory does not grow with the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import multilinear
from .shape import permute, reshape, slice_p
from .windows import Array, Ints, Pairs, add_windows, interior, padded, window_count, windows

# Elements of the column buffer: 1 MB in single precision, which stays in the second-level cache.
_CHUNK = 1 << 18
# With fewer positions than this per example, one product for several examples beats one each.
_FEW_POSITIONS = 64


def _single(x: Array) -> Array:
    """Half precision in single, which BLAS knows; accumulating in it is also what PyTorch does."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind in "fV" else x


def _product(shape: Ints) -> int:
    n = 1
    for s in shape:
        n *= s
    return n


class _Geometry:
    """The sizes of one call, worked out once."""

    def __init__(
        self, x: Ints, w: Ints, y: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
    ) -> None:
        self.n, self.c, self.space = x[0], x[1], x[2:]
        self.o, self.kernel, self.counts = w[0], w[2:], y[2:]
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.taps = (self.c // groups) * _product(self.kernel)
        self.positions = _product(self.counts)
        # Examples side by side in one matrix, or one matrix each.
        self.joined = self.positions < _FEW_POSITIONS

    def chunks(self) -> Iterator[slice]:
        """Slices of the examples whose columns fit the buffer."""
        step = max(1, _CHUNK // max(1, self.groups * self.taps * self.positions))
        for i in range(0, self.n, step):
            yield slice(i, min(i + step, self.n))

    def columns(self, x: Array) -> Array:
        """The windows of n examples: (n, g, taps, positions), or (g, taps, n * positions)."""
        v = windows(padded(x, self.padding), self.kernel, self.stride, self.dilation, self.counts)
        if not self.joined:
            return v.reshape(len(x), self.groups, self.taps, self.positions)
        rank = len(self.kernel)
        v = v.transpose(*range(1, 2 + rank), 0, *range(2 + rank, 2 + 2 * rank))
        return v.reshape(self.groups, self.taps, len(x) * self.positions)

    def from_columns(self, columns: Array, n: int) -> Array:
        """Add columns up into examples (n, C, *S): the transpose of `columns`."""
        if self.joined:
            v = columns.reshape(self.c, *self.kernel, n, *self.counts)
            at = 1 + len(self.kernel)
            v = v.transpose(at, *range(at), *range(at + 1, v.ndim))
        else:
            v = columns.reshape(n, self.c, *self.kernel, *self.counts)
        full = tuple(s + lo + hi for s, (lo, hi) in zip(self.space, self.padding, strict=True))
        out = np.zeros((n, self.c, *full), columns.dtype)
        add_windows(v, out, self.stride, self.dilation)
        inside: Array = out[interior(self.space, self.padding)]
        return inside

    def rows(self, y: Array) -> Array:
        """Some results as matrices with a row per channel, laid out like `columns`."""
        v = y.reshape(len(y), self.groups, self.o // self.groups, self.positions)
        if not self.joined:
            return v
        return v.transpose(1, 2, 0, 3).reshape(
            self.groups, self.o // self.groups, len(y) * self.positions
        )

    def from_rows(self, rows: Array, n: int) -> Array:
        """The inverse of `rows`."""
        if self.joined:
            rows = rows.reshape(self.groups, self.o // self.groups, n, self.positions).transpose(
                2, 0, 1, 3
            )
        return rows.reshape(n, self.o, *self.counts)

    def weights(self, w: Array) -> Array:
        """The weights as one matrix per group."""
        return w.reshape(self.groups, self.o // self.groups, self.taps)


def _conv_eval(
    x: Array, w: Array, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Array:
    dtype = x.dtype
    shape = _conv_shape(x.shape, w.shape, stride, padding, dilation)
    g = _Geometry(x.shape, w.shape, shape, stride, padding, dilation, groups)
    out = np.empty(shape, dtype)
    w = g.weights(_single(w))
    for part in g.chunks():
        xs = _single(x[part])
        out[part] = g.from_rows(np.matmul(w, g.columns(xs)), len(xs))
    return out


def _input_gradient_eval(
    y: Array, w: Array, *, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Array:
    dtype = y.dtype
    shape = (y.shape[0], w.shape[1] * groups, *size)
    g = _Geometry(shape, w.shape, y.shape, stride, padding, dilation, groups)
    out = np.empty(shape, dtype)
    w = g.weights(_single(w)).swapaxes(-1, -2)
    for part in g.chunks():
        ys = _single(y[part])
        out[part] = g.from_columns(np.matmul(w, g.rows(ys)), len(ys))
    return out


def _weight_gradient_eval(
    x: Array, y: Array, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Array:
    dtype = x.dtype
    shape = (y.shape[1], x.shape[1] // groups, *kernel)
    g = _Geometry(x.shape, shape, y.shape, stride, padding, dilation, groups)
    total = np.zeros((groups, g.o // groups, g.taps), _single(x[:0]).dtype)
    for part in g.chunks():
        columns, rows = g.columns(_single(x[part])), g.rows(_single(y[part]))
        # One product per example, not one product of them all: that would hold N weights at once.
        for c, r in [(columns, rows)] if g.joined else zip(columns, rows, strict=True):
            total += np.matmul(r, c.swapaxes(-1, -2))
    return total.reshape(shape).astype(dtype, copy=False)


def _conv_shape(x: Ints, w: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Ints:
    space = map(window_count, x[2:], w[2:], stride, padding, dilation)
    return (x[0], w[0], *space)


def _fold(v: Any, batch: int, axis: int, groups: int) -> Any:
    """Move the batch axis into the channels at `axis` (counted without it), inside each group."""
    s = list(v.shape)
    size = s.pop(batch)
    rank = len(s)
    order = [i for i in range(rank + 1) if i != batch]
    v = permute(v, (*order[:axis], batch, *order[axis:]))  # (..., B, C, ...)
    v = reshape(v, (*s[:axis], size, groups, s[axis] // groups, *s[axis + 1 :]))
    v = permute(v, (*range(axis), axis + 1, axis, *range(axis + 2, rank + 2)))
    return reshape(v, (*s[:axis], s[axis] * size, *s[axis + 1 :]))


def _unfold(v: Any, size: int, axis: int, groups: int) -> Any:
    """The inverse of `_fold`, the batch axis in front."""
    s = list(v.shape)
    rank = len(s)
    v = reshape(v, (*s[:axis], groups, size, s[axis] // (groups * size), *s[axis + 1 :]))
    v = permute(v, (axis + 1, *range(axis + 1), *range(axis + 2, rank + 2)))
    return reshape(v, (size, *s[:axis], s[axis] // size, *s[axis + 1 :]))


def _batch(call: Callable[..., Any], operands: str, result: str) -> Callable[..., Any]:
    """The rule of vmap for one of the maps; operands and result are letters of T(x, w, y).

    Examples of a batch are further examples where the weights are not batched, further groups where
    everything is, and otherwise further channels within each group.
    """

    def rule(
        values: list[Any], axes: list[int | None], size: int, /, *, groups: int, **params: Any
    ) -> Any:
        batched = {letter for letter, a in zip(operands, axes, strict=True) if a is not None} | {
            result
        }
        if "w" not in batched:
            # (B, N, C, ...) is (B * N, 1 channel block): the fold of axis 0 with a single group.
            args = [
                v if a is None else _fold(v, a, 0, 1) for v, a in zip(values, axes, strict=True)
            ]
            return _unfold(call(*args, groups=groups, **params), size, 0, 1), 0
        if len(batched) == 3:
            where, inside, many = {"x": 1, "w": 0, "y": 1}, 1, groups * size
        elif "y" in batched:
            where, inside, many = {"w": 0, "y": 1}, groups, groups
        else:  # x and w: input channels, which in the weights are already counted per group
            where, inside, many = {"x": 1, "w": 1}, groups, groups

        def within(letter: str) -> int:
            return 1 if letter == "w" and where["w"] == 1 else inside

        args = [
            v if a is None else _fold(v, a, where[letter], within(letter))
            for letter, v, a in zip(operands, values, axes, strict=True)
        ]
        out = call(*args, groups=many, **params)
        return _unfold(out, size, where[result], within(result)), 0

    return rule


def _geometry(stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def _conv_onto(x: Any, w: Any, counts: Ints, **geometry: Any) -> Any:
    """`conv` onto `counts` places, of which x, padded behind by a transposed convolution, may have more."""
    have = tuple(
        map(
            window_count, x.shape[2:], w.shape[2:], geometry["stride"], geometry["padding"],
            geometry["dilation"],
        )
    )  # fmt: skip
    out = conv_p(x, w, **geometry)
    if have == tuple(counts):
        return out
    return slice_p(out, index=(slice(None), slice(None), *map(slice, counts)))


conv_p = multilinear(
    "conv", _conv_eval,
    lambda ct, w, aval, *, stride, padding, dilation, groups: conv_input_gradient_p(
        ct, w, size=aval.shape[2:], **_geometry(stride, padding, dilation, groups)),
    lambda ct, x, aval, *, stride, padding, dilation, groups: conv_weight_gradient_p(
        x, ct, kernel=aval.shape[2:], **_geometry(stride, padding, dilation, groups)),
    inputs="x w", grad_name="ConvolutionBackward0",
    aval=lambda x, w, *, stride, padding, dilation, groups: Aval(
        _conv_shape(x.shape, w.shape, stride, padding, dilation), x.dtype),
    batch=_batch(lambda *v, **p: conv_p(*v, **p), "xw", "y"),
    doc="x (N, C, *S) under weights w (O, C/groups, *K), not flipped: (N, O, *counts).",
)  # fmt: skip

conv_input_gradient_p = multilinear(
    "conv_input_gradient", _input_gradient_eval,
    lambda ct, w, aval, *, size, stride, padding, dilation, groups: _conv_onto(
        ct, w, aval.shape[2:], **_geometry(stride, padding, dilation, groups)),
    lambda ct, y, aval, *, size, stride, padding, dilation, groups: conv_weight_gradient_p(
        ct, y, kernel=aval.shape[2:], **_geometry(stride, padding, dilation, groups)),
    inputs="y w", grad_name="ConvolutionBackward0",
    aval=lambda y, w, *, size, groups, **_: Aval((y.shape[0], w.shape[1] * groups, *size), y.dtype),
    batch=_batch(lambda *v, **p: conv_input_gradient_p(*v, **p), "yw", "x"),
    doc="y (N, O, *counts) spread by weights w (O, C/groups, *K) over (N, C, *size).",
)  # fmt: skip

conv_weight_gradient_p = multilinear(
    "conv_weight_gradient",
    _weight_gradient_eval,
    lambda ct, y, aval, *, kernel, stride, padding, dilation, groups: conv_input_gradient_p(
        y, ct, size=aval.shape[2:], **_geometry(stride, padding, dilation, groups)
    ),
    lambda ct, x, aval, *, kernel, stride, padding, dilation, groups: _conv_onto(
        x, ct, aval.shape[2:], **_geometry(stride, padding, dilation, groups)
    ),
    inputs="x y",
    grad_name="ConvolutionBackward0",
    aval=lambda x, y, *, kernel, groups, **_: Aval(
        (y.shape[1], x.shape[1] // groups, *kernel), x.dtype
    ),
    batch=_batch(lambda *v, **p: conv_weight_gradient_p(*v, **p), "xy", "w"),
    doc="Each window of x (N, C, *S) times its result y (N, O, *counts), summed: (O, C/groups, "
    "*kernel).",
)
