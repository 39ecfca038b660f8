"""The same elements in another order, or repeated: flip, roll, rotate, tile, repeat, shuffle.

None of these is a view in PyTorch, so none is here, though NumPy flips without copying.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import linear
from .axes import AxesLike, in_front, normalize_axes, normalize_axis, same_aval, size_of
from .reduce import sum_p
from .shape import broadcast_to, expand_dims, permute, reshape, reshape_p, transpose_p
from .views import ravel

Axes = tuple[int, ...]


def _flip_eval(x: Any, *, axes: Axes) -> Any:
    backwards = slice(None, None, -1)
    return x[tuple([backwards if i in axes else slice(None) for i in range(x.ndim)])].copy()


flip_p = linear(
    "flip", _flip_eval, lambda ct, *, axes: flip_p(ct, axes=axes), aval=same_aval,
    batch=lambda xs, where, n, *, axes: (
        flip_p(in_front(xs[0], where[0]), axes=tuple([a + 1 for a in axes])), 0
    ),
)  # fmt: skip

roll_p = linear(
    "roll", lambda x, *, shifts, axes: np.roll(x, shifts, axes),
    lambda ct, *, shifts, axes: roll_p(ct, shifts=tuple([-s for s in shifts]), axes=axes),
    aval=same_aval,
    batch=lambda xs, where, n, *, shifts, axes: (
        roll_p(in_front(xs[0], where[0]), shifts=shifts, axes=tuple([a + 1 for a in axes])), 0
    ),
)  # fmt: skip


def flip(x: Any, axes: AxesLike = None) -> Any:
    """Reverse the order of the elements along `axes`, None for all."""
    return flip_p(x, axes=normalize_axes(axes, len(x.shape)))


def fliplr(x: Any) -> Any:
    """Reverse the columns.

    Raises:
        ShapeError: Fewer than two axes.
    """
    if len(x.shape) < 2:
        raise ShapeError("Input must be >= 2-d.")
    return flip_p(x, axes=(1,))


def flipud(x: Any) -> Any:
    """Reverse the rows.

    Raises:
        ShapeError: `x` is 0-d.
    """
    if not len(x.shape):
        raise ShapeError("Input must be >= 1-d.")
    return flip_p(x, axes=(0,))


def _ints(value: int | Sequence[int]) -> list[int]:
    return [value] if isinstance(value, int) else [int(v) for v in value]


def roll(x: Any, shifts: int | Sequence[int], axes: int | Sequence[int] | None = None) -> Any:
    """Move elements along `axes` by `shifts` places; what falls off comes in at the other end.

    Without axes the elements move as if they stood in one row.

    Raises:
        ShapeError: Not as many shifts as axes.
    """
    by = _ints(shifts)
    along = [] if axes is None else _ints(axes)
    if not along and len(by) == 1:
        return reshape_p(roll_p(ravel(x), shifts=tuple(by), axes=(0,)), shape=tuple(x.shape))
    if not by:
        raise ShapeError("`shifts` required")
    if len(by) != len(along):
        raise ShapeError(f"shifts and dimensions must align. shifts: {len(by)}, dims:{len(along)}")
    rank = len(x.shape)
    at = tuple([normalize_axis(a, rank) for a in along])
    return roll_p(x, shifts=tuple(by), axes=at) if rank else flip_p(x, axes=())


def rot90(x: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Rotate by `k` quarter turns in the plane of two axes, from the first towards the second.

    Raises:
        ShapeError: Not two different axes.
    """
    rank = len(x.shape)
    if len(axes) != 2:
        raise ShapeError(f"expected total rotation dims == 2, but got dims = {len(axes)}")
    if rank < 2:
        raise ShapeError(f"expected total dims >= 2, but got total dims = {rank}")
    if axes[0] == axes[1] or abs(axes[0] - axes[1]) == rank:
        raise ShapeError(
            f"expected rotation dims to be different, but got dim0 = {axes[0]} and dim1 = {axes[1]}"
        )
    a, b = [normalize_axis(axis, rank) for axis in axes]
    if k % 2 == 0:
        return flip_p(x, axes=(a, b) if k % 4 else ())
    return transpose_p(flip_p(x, axes=(b if k % 4 == 1 else a,)), axis0=a, axis1=b)


def _tile_eval(x: Any, *, repeats: tuple[int, ...]) -> Any:
    # One copy: axes of length 1 between the axes of x, spread to the repeats.
    s = x.shape
    between = x.reshape([n for m in s for n in (1, m)])
    pairs = [n for pair in zip(repeats, s, strict=True) for n in pair]
    out = np.empty(pairs, x.dtype)
    out[...] = between
    return out.reshape([r * n for r, n in zip(repeats, s, strict=True)])


def _tile_transpose(ct: Any, aval: Aval, *, repeats: tuple[int, ...]) -> Any:
    pairs = tuple([n for pair in zip(repeats, aval.shape, strict=True) for n in pair])
    return sum_p(reshape_p(ct, shape=pairs), axes=tuple(range(0, len(pairs), 2)), keepdims=False)


tile_p = linear(
    "tile", _tile_eval, _tile_transpose,
    aval=lambda x, *, repeats: Aval(
        tuple([r * n for r, n in zip(repeats, x.shape, strict=True)]), x.dtype
    ),
    batch=lambda xs, where, n, *, repeats: (
        tile_p(in_front(xs[0], where[0]), repeats=(1, *repeats)), 0
    ),
    grad_name="RepeatBackward0", doc="x repeated as a whole, `repeats[i]` times along axis i.",
)  # fmt: skip


def repeat(x: Any, repeats: Sequence[int]) -> Any:
    """Repeat `x` as a whole, a number of times per axis; more numbers than axes add leading axes.

    Raises:
        ShapeError: Fewer numbers than axes, or a negative one.
    """
    s = tuple(x.shape)
    repeats = tuple([int(r) for r in repeats])
    if len(repeats) < len(s):
        raise ShapeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    s = (1,) * (len(repeats) - len(s)) + s
    if any(r < 0 for r in repeats):
        shape = [r * n for r, n in zip(repeats, s, strict=True)]
        negative = next(n for n, r in zip(shape, repeats, strict=True) if r < 0)
        raise ShapeError(f"Trying to create tensor with negative dimension {negative}: {shape}")
    return tile_p(x if s == tuple(x.shape) else reshape_p(x, shape=s), repeats=repeats)


def tile(x: Any, repeats: int | Sequence[int]) -> Any:
    """`repeat`, where missing leading numbers are 1."""
    numbers = _ints(repeats)
    return repeat(x, [1] * (len(x.shape) - len(numbers)) + numbers)


def repeat_each(x: Any, times: int, axis: int | None = None) -> Any:
    """Repeat each element `times` times along `axis`, or all elements in one row.

    Raises:
        ShapeError: `times` is negative.
    """
    if times < 0:
        raise ShapeError("Repeats must be non-negative")
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    if not len(x.shape):
        x = ravel(x)
    s = tuple(x.shape)
    wide = (*s[: axis + 1], times, *s[axis + 1 :])
    out = (*s[:axis], s[axis] * times, *s[axis + 1 :])
    return reshape_p(broadcast_to(expand_dims(x, axis + 1), wide), shape=out)


def pixel_shuffle(x: Any, factor: int) -> Any:
    """(..., C r r, H, W) to (..., C, H r, W r): channels become places in space.

    Raises:
        ShapeError: Fewer than three axes, or channels that r * r does not divide.
    """
    *lead, c, h, w = _image("pixel_shuffle", x, 3)
    if factor <= 0:
        raise ShapeError(f"pixel_shuffle expects a positive upscale_factor, but got {factor}")
    if c % (factor * factor):
        raise ShapeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={c} is not divisible by {factor * factor}"
        )
    out = c // (factor * factor)
    n = len(lead)
    split = reshape(x, (*lead, out, factor, factor, h, w))
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return reshape(permute(split, order), (*lead, out, h * factor, w * factor))


def pixel_unshuffle(x: Any, factor: int) -> Any:
    """(..., C, H r, W r) to (..., C r r, H, W): the inverse of `pixel_shuffle`.

    Raises:
        ShapeError: Fewer than three axes, or a height or width that r does not divide.
    """
    *lead, c, h, w = _image("pixel_unshuffle", x, 3)
    if factor <= 0:
        raise ShapeError(f"pixel_unshuffle expects a positive downscale_factor, but got {factor}")
    for name, axis, size in (("height", -2, h), ("width", -1, w)):
        if size % factor:
            raise ShapeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({axis})={size} is not divisible by {factor}"
            )
    n = len(lead)
    split = reshape(x, (*lead, c, h // factor, factor, w // factor, factor))
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    whole = (*lead, c * factor * factor, h // factor, w // factor)
    return reshape(permute(split, order), whole)


def channel_shuffle(x: Any, groups: int) -> Any:
    """(N, g k, *) with channel i k + j moved to j g + i: groups of channels interleaved.

    Raises:
        ShapeError: Fewer than three axes, or channels that the groups do not divide.
    """
    s = _image("channel_shuffle", x, 3)
    if groups <= 0:
        raise ShapeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if s[1] % groups:
        raise ShapeError(
            f"Number of channels must be divisible by groups. Got {s[1]} channels and {groups} "
            "groups."
        )
    split = reshape(x, (s[0], groups, s[1] // groups, size_of(s[2:])))
    return reshape(transpose_p(split, axis0=1, axis1=2), s)


def _image(name: str, x: Any, least: int) -> tuple[int, ...]:
    s = tuple(x.shape)
    if len(s) < least:
        raise ShapeError(
            f"{name} expects input to have at least {least} dimensions, but got input with "
            f"{len(s)} dimension(s)"
        )
    return s
