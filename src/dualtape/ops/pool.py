"""Pooling as users call it: arguments normalised and checked.

The primitives are in `pooling` and `resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from .arithmetic import power
from .axes import size_of
from .guarded import power_or_zero
from .numbers import abs_
from .pooling import (
    adaptive_max_pool_ps,
    fold_p,
    max_pool_indices_p,
    max_pool_ps,
    pool_gather_p,
    pool_scatter_p,
    unfold_p,
)
from .reduce import mean
from .resampling import adaptive_avg_pool_ps, avg_pool_ps
from .stencils import Adaptive, Sliding, places, pooled_size
from .windows import Ints, per_axis, window_count

IntOrInts = int | Sequence[int]
_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def max_pool(
    x: Any,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    dilation: IntOrInts = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    rank: int,
) -> Any:
    """The maximum of each window of the last `rank` axes.

    Args:
        x: (N, C, *S) or (C, *S).
        kernel_size: Length of the window, an int or one per axis.
        stride: Step of the window; its length by default.
        padding: Elements on both sides that are smaller than anything, at most half the window.
        dilation: Distance between the elements of a window.
        ceil_mode: Let a last window hang over the end, if it begins before it.
        return_indices: Also return where the maxima lie.
        rank: Number of pooled axes.

    Returns:
        The maxima, (..., *L); with `return_indices` a pair: also int64 numbers of elements of the
        pooled axes flattened. Of equal maxima the first is meant, and the gradient goes to it
        alone.

    Raises:
        ShapeError: Shapes or settings do not fit, in PyTorch's words.
    """
    name = f"max_pool{rank}d"
    stencils = _sliding(name, x, kernel_size, stride, padding, dilation, ceil_mode, rank)
    if not return_indices:
        return max_pool_ps[rank](x, stencils=stencils)
    at = max_pool_indices_p(x, stencils=stencils)
    return pool_gather_p(x, at, rank=rank), at


def avg_pool(
    x: Any,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    rank: int,
) -> Any:
    """The mean of each window of the last `rank` axes.

    Args:
        x, kernel_size, stride, padding, ceil_mode, rank: As for `max_pool`; the padding is zeros.
        count_include_pad: Divide by the window's size with the padding that it sees, not without.
        divisor_override: Divide by this instead.

    Raises:
        ShapeError: Shapes or settings do not fit, in PyTorch's words.
    """
    name = f"avg_pool{rank}d"
    stencils = _sliding(name, x, kernel_size, stride, padding, 1, ceil_mode, rank)
    if divisor_override == 0:
        raise ShapeError("divisor must be not zero")
    divide: Any = divisor_override or ("padding" if count_include_pad else "inside")
    return avg_pool_ps[rank](x, stencils=stencils, divide=divide)


def adaptive_avg_pool(x: Any, output_size: int | Sequence[int | None] | None, *, rank: int) -> Any:
    """Means over windows that make the last `rank` axes `output_size` long; None keeps a length.

    Raises:
        ShapeError: The rank or sizes do not fit, in PyTorch's words.
    """
    name = f"adaptive_avg_pool{rank}d"
    sizes = _adaptive_sizes(name, x, output_size, rank)
    if rank > 1 and all(n == 1 for n in sizes):
        return mean(x, tuple(range(-rank, 0)), True)
    stencils = tuple(Adaptive(n) for n in sizes)
    return adaptive_avg_pool_ps[rank](x, stencils=stencils, divide="inside")


def adaptive_max_pool(
    x: Any,
    output_size: int | Sequence[int | None] | None,
    return_indices: bool = False,
    *,
    rank: int,
) -> Any:
    """Maxima over windows chosen as in `adaptive_avg_pool`; `return_indices` as in `max_pool`.

    Raises:
        ShapeError: The rank or sizes do not fit, in PyTorch's words.
    """
    name = f"adaptive_max_pool{rank}d"
    sizes = _adaptive_sizes(name, x, output_size, rank)
    stencils = tuple(Adaptive(n) for n in sizes)
    if not return_indices:
        return adaptive_max_pool_ps[rank](x, stencils=stencils)
    at = max_pool_indices_p(x, stencils=stencils)
    return pool_gather_p(x, at, rank=rank), at


def lp_pool(
    x: Any,
    norm_type: float,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    ceil_mode: bool = False,
    *,
    rank: int,
) -> Any:
    """The p-norm of each window of the last `rank` axes, as (mean of x^p * window size)^(1/p).

    Args:
        x: (N, C, *S) or (C, *S).
        norm_type: p. Signs are not taken off, as in PyTorch; infinities give the extreme sizes.
        kernel_size: Length of the window, an int or one per axis.
        stride: Step of the window; its length by default.
        ceil_mode: Let a last window hang over the end, if it begins before it.
        rank: Number of pooled axes.

    Where a window's sum is 0 the gradient is 0.
    """
    if math.isinf(norm_type):
        sign = 1 if norm_type > 0 else -1
        largest = max_pool(abs_(x) * sign, kernel_size, stride, ceil_mode=ceil_mode, rank=rank)
        return largest * sign
    means = avg_pool(power(x, exponent=norm_type), kernel_size, stride, 0, ceil_mode, rank=rank)
    size = size_of(per_axis(kernel_size, rank, "kernel_size", f"lp_pool{rank}d"))
    return power_or_zero(means * size, 1.0 / norm_type)


def max_unpool(
    x: Any,
    indices: Any,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    output_size: Sequence[int] | None = None,
    *,
    rank: int,
) -> Any:
    """Put pooled values back where `max_pool` found them, zeros elsewhere.

    Args:
        x: (N, C, *L) or (C, *L).
        indices: int64, of x's shape, from `max_pool(return_indices=True)`. A repeated place gets
            one of its values.
        kernel_size, stride, padding, rank: Those of the pooling.
        output_size: The size that was pooled, where the settings leave several possible.

    Raises:
        ShapeError: Shapes do not fit, or an index lies outside, in PyTorch's words.
    """
    kernel = per_axis(kernel_size, rank, "kernel_size", f"max_unpool{rank}d")
    step = kernel if stride is None else per_axis(stride, rank, "stride", f"max_unpool{rank}d")
    pad = per_axis(padding, rank, "padding", f"max_unpool{rank}d")
    if tuple(x.shape) != tuple(indices.shape):
        raise ShapeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(x.shape)}) "
            "but got "
            f"indices tensor with shape: {list(indices.shape)}"
        )
    space = tuple(
        (n - 1) * s - 2 * p + k
        for n, s, p, k in zip(x.shape[-rank:], step, pad, kernel, strict=True)
    )
    if output_size is not None:
        wanted = tuple(output_size)[2:] if len(output_size) == rank + 2 else tuple(output_size)
        if len(wanted) != rank:
            raise ShapeError(
                f"output_size should be a sequence containing {rank} or {rank + 2} elements, but "
                "it has a "
                f"length of '{len(wanted)}'"
            )
        for d, (n, m, s) in enumerate(zip(wanted, space, step, strict=True)):
            if not m - s < n < m + s:
                raise ShapeError(
                    f'invalid output_size "{wanted}" (dim {d} must be between {m - s} and {m + s})'
                )
        space = wanted
    plain = getattr(indices, "value", indices)
    if isinstance(plain, np.ndarray) and plain.size:
        low, high = int(plain.min()), int(plain.max())
        if low < 0 or high >= size_of(space):
            raise ShapeError(
                f"Found an invalid max index: {low if low < 0 else high} (output volumes are of "
                "size "
                f"{'x'.join(map(str, space))})"
            )
    return pool_scatter_p(x, indices, space=space, distinct=True)


def unfold(
    x: Any,
    kernel_size: IntOrInts,
    dilation: IntOrInts = 1,
    padding: IntOrInts = 0,
    stride: IntOrInts = 1,
) -> Any:
    """Windows of (N, C, H, W) as columns, (N, C * prod(kernel_size), L), or without N (im2col).

    Raises:
        ShapeError: Not a single window fits, in PyTorch's words.
    """
    kernel, dil, pad, step = (
        per_axis(v, 2, what, "unfold")
        for v, what in (
            (kernel_size, "kernel_size"),
            (dilation, "dilation"),
            (padding, "padding"),
            (stride, "stride"),
        )
    )
    if len(x.shape) not in (3, 4):
        raise ShapeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            "dimensions for "
            f"input, but got: {list(x.shape)}"
        )
    _positive_windows(kernel, step, dil, pad)
    pairs = tuple((p, p) for p in pad)
    blocks = tuple(map(window_count, x.shape[-2:], kernel, step, pairs, dil))
    if min(blocks) < 1:
        raise ShapeError(
            f"Given input with spatial size ({_comma(x.shape[-2:])}), "
            f"kernel_size=({_comma(kernel)}), "
            f"dilation=({_comma(dil)}), padding=({_comma(pad)}), calculated shape of the array of "
            "sliding blocks "
            f"as ({_comma(blocks)}), but its components must be at least one."
        )
    return unfold_p(x, kernel=kernel, stride=step, padding=pairs, dilation=dil)


def fold(
    x: Any,
    output_size: IntOrInts,
    kernel_size: IntOrInts,
    dilation: IntOrInts = 1,
    padding: IntOrInts = 0,
    stride: IntOrInts = 1,
) -> Any:
    """Add columns up into (N, C, *output_size): the transpose of `unfold`.

    Raises:
        ShapeError: The columns are not those of windows of such an output, in PyTorch's words.
    """
    space, kernel, dil, pad, step = (
        per_axis(v, 2, what, "fold")
        for v, what in (
            (output_size, "output_size"), (kernel_size, "kernel_size"), (dilation, "dilation"),
            (padding, "padding"), (stride, "stride"),
        )
    )  # fmt: skip
    if len(x.shape) not in (2, 3):
        raise ShapeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            "non-zero dimensions "
            f"for input, but got: {list(x.shape)}"
        )
    _positive_windows(kernel, step, dil, pad)
    if x.shape[-2] % size_of(kernel):
        raise ShapeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            "but got "
            f"input.size(1)={x.shape[-2]} and kernel_size=({_comma(kernel)})."
        )
    pairs = tuple((p, p) for p in pad)
    blocks = tuple(map(window_count, space, kernel, step, pairs, dil))
    given = (
        f"Given output_size=({_comma(space)}), kernel_size=({_comma(kernel)}), "
        f"dilation=({_comma(dil)}), "
        f"padding=({_comma(pad)}), stride=({_comma(step)}), "
    )
    if min(blocks) < 1:
        raise ShapeError(
            f"{given}calculated shape of the array of sliding blocks as ({_comma(blocks)}), which "
            "is too small "
            "(non-positive)"
        )
    if size_of(blocks) != x.shape[-1]:
        raise ShapeError(
            f"{given}expected size of input's dimension 2 to match the calculated number of "
            "sliding blocks "
            f"{' * '.join(map(str, blocks))} = {size_of(blocks)}, but got "
            f"input.size(2)={x.shape[-1]}."
        )
    return fold_p(x, space=space, kernel=kernel, stride=step, padding=pairs, dilation=dil)


def _comma(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))


def _positive_windows(kernel: Ints, stride: Ints, dilation: Ints, padding: Ints) -> None:
    for what, values in (("kernel size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) <= 0:
            raise ShapeError(f"{what} should be greater than zero, but got {list(values)}")
    if min(padding) < 0:
        raise ShapeError(f"padding should be non-negative, but got {list(padding)}")


def _setting(value: IntOrInts, rank: int, name: str, what: str) -> Ints:
    try:
        return per_axis(value, rank, what, name)
    except ShapeError:
        must = "must either be" if what == "kernel_size" else "must either be omitted,"
        raise ShapeError(
            f"{name}: {what} {must} a single int, or a tuple of {_WORDS[rank]}"
        ) from None


def _sliding(
    name: str,
    x: Any,
    kernel_size: IntOrInts,
    stride: IntOrInts | None,
    padding: IntOrInts,
    dilation: IntOrInts,
    ceil_mode: bool,
    rank: int,
) -> tuple[Sliding, ...]:
    """The windows along each axis."""
    kernel = _setting(kernel_size, rank, name, "kernel_size")
    no_stride = stride is None or (not isinstance(stride, int) and not len(stride))
    step = kernel if no_stride else _setting(stride, rank, name, "stride")  # type: ignore[arg-type]
    pad = _setting(padding, rank, name, "padding")
    dil = _setting(dilation, rank, name, "dilation")
    shape = tuple(x.shape)
    if len(shape) not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim "
            "batch size for "
            f"input, but got:{list(shape)}"
        )
    if min(kernel) <= 0:
        raise ShapeError(f"kernel size should be greater than zero, but got {list(kernel)}")
    if 0 in step:
        raise ShapeError("stride should not be zero")
    if min(step) < 0:
        raise ShapeError(f"stride should be greater than zero, but got {list(step)}")
    if min(dil) <= 0:
        raise ShapeError(f"dilation should be greater than zero, but got dilation: {list(dil)}")
    if min(pad) < 0:
        raise ShapeError(f"pad must be non-negative, but got pad: {min(pad)}")
    for p, k, d in zip(pad, kernel, dil, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise ShapeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and "
                f"dilation={d}"
            )
    if 0 in shape[-rank - 1 :]:
        raise ShapeError(
            f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch "
            "size for input, "
            f"but got:{list(shape)}"
        )
    space = shape[-rank:]
    counts = tuple(
        pooled_size(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(space, kernel, step, pad, dil, strict=True)
    )
    if min(counts) < 1:
        raise ShapeError(
            f"Given input size: ({'x'.join(map(str, shape[-rank - 1 :]))}). Calculated output "
            "size: "
            f"({'x'.join(map(str, (shape[-rank - 1], *counts)))}). Output size is too small"
        )
    stencils = tuple(map(Sliding, kernel, step, pad, pad, dil, counts))
    if max(dil) > 1:
        for stencil, n in zip(stencils, space, strict=True):
            if (places(stencil, n).index.max(axis=0) < 0).any():
                raise ShapeError(f"{name}: a window of {list(shape)} lies in the padding only")
    return stencils


def _adaptive_sizes(
    name: str, x: Any, output_size: int | Sequence[int | None] | None, rank: int
) -> Ints:
    shape = tuple(x.shape)
    if len(shape) not in (rank + 1, rank + 2):
        colon = ":" if "max" in name else ""
        raise ShapeError(
            f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got{colon} {list(shape)}"
        )
    if output_size is None or isinstance(output_size, (int, np.integer)):
        output_size = (output_size,) * rank
    if len(output_size) != rank:
        raise ShapeError(f"{name}: output_size must be {rank}")
    sizes = tuple(
        n if m is None else int(m) for m, n in zip(output_size, shape[-rank:], strict=True)
    )
    if min(sizes) < 0:
        raise ShapeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{_comma(sizes)}}}"
        )
    for d in range(len(shape) - rank, len(shape)):
        if shape[d] == 0:
            raise ShapeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                "input has sizes "
                f"{list(shape)} with dimension {d} being empty"
            )
    return sizes
