"""Convolutions as users call them: arguments normalised and checked, bias added.

The primitives are in `convolution`. Messages are PyTorch's, which programs and people search for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from .convolution import conv_input_gradient_p, conv_p
from .shape import reshape
from .windows import Ints, Pairs, per_axis, window_count

IntOrInts = int | Sequence[int]


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlate along one spatial axis; see `conv`."""
    return conv(x, weight, bias, stride, padding, dilation, groups, rank=1)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlate along two spatial axes; see `conv`."""
    return conv(x, weight, bias, stride, padding, dilation, groups, rank=2)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlate along three spatial axes; see `conv`."""
    return conv(x, weight, bias, stride, padding, dilation, groups, rank=3)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts = 0,
    output_padding: IntOrInts = 0,
    groups: int = 1,
    dilation: IntOrInts = 1,
) -> Any:
    """Transposed convolution along one spatial axis; see `conv_transpose`."""
    return conv_transpose(
        x, weight, bias, stride, padding, output_padding, groups, dilation, rank=1
    )


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts = 0,
    output_padding: IntOrInts = 0,
    groups: int = 1,
    dilation: IntOrInts = 1,
) -> Any:
    """Transposed convolution along two spatial axes; see `conv_transpose`."""
    return conv_transpose(
        x, weight, bias, stride, padding, output_padding, groups, dilation, rank=2
    )


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts = 0,
    output_padding: IntOrInts = 0,
    groups: int = 1,
    dilation: IntOrInts = 1,
) -> Any:
    """Transposed convolution along three spatial axes; see `conv_transpose`."""
    return conv_transpose(
        x, weight, bias, stride, padding, output_padding, groups, dilation, rank=3
    )


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str | Pairs = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
    *,
    rank: int,
) -> Any:
    """Slide `weight`, not flipped, over the last `rank` axes of `x`.

    Args:
        x: (N, C, *S), or (C, *S) for a single example.
        weight: (O, C/groups, *K), of x's dtype.
        bias: (O,), or None.
        stride: Step of the window, an int or one per axis.
        padding: Zeros on both sides of each axis: an int, one per axis, "valid" (none), "same" (as
            many as keep the size; an odd one goes behind), or a pair (before, after) per axis.
        dilation: Distance between the elements of the window.
        groups: Blocks of channels that do not see each other.
        rank: Number of spatial axes.

    Returns:
        (N, O, *L), or (O, *L).

    Raises:
        ShapeError: Shapes or settings do not fit, in PyTorch's words.
        DtypeError: The dtypes of the operands differ.
    """
    name = f"conv{rank}d"
    stride = _positive(
        per_axis_of("stride", stride, weight, rank), "non-positive stride is not supported"
    )
    dilation = per_axis_of("dilation", dilation, weight, rank)
    if min(dilation) <= 0:
        raise ShapeError(f"dilation should be greater than zero, but got {list(dilation)}")
    x, single = _with_batch(x, rank, name)
    _check_weight(x, weight, rank, groups)
    pads = _padding(padding, tuple(weight.shape[2:]), stride, dilation, weight, rank)
    _check_dtypes(x, weight, bias)
    _check_channels(
        x, weight, bias, groups, weight.shape[1] * groups, weight.shape[0], transposed=False
    )
    have = tuple(n + lo + hi for n, (lo, hi) in zip(x.shape[2:], pads, strict=True))
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True))
    if any(n < k for n, k in zip(have, span, strict=True)):
        raise ShapeError(
            f"Calculated padded input size per channel: ({_times(have)}). Kernel size: "
            f"({_times(span)}). "
            "Kernel size can't be greater than actual input size"
        )
    out = conv_p(x, weight, stride=stride, padding=pads, dilation=dilation, groups=groups)
    return _finish(out, bias, single)


def conv_transpose(
    x: Any, weight: Any, bias: Any = None, stride: IntOrInts = 1, padding: IntOrInts = 0,
    output_padding: IntOrInts = 0, groups: int = 1, dilation: IntOrInts = 1, *, rank: int,
) -> Any:  # fmt: skip
    """The transpose of `conv` with the same settings, as a layer of its own.

    Args:
        x: (N, C, *L), or (C, *L) for a single example.
        weight: (C, O/groups, *K), of x's dtype.
        bias: (O,), or None.
        stride, padding, groups, dilation: Those of the convolution that it transposes.
        output_padding: Rows to add behind each axis: a convolution with a stride maps several sizes
            to one.
        rank: Number of spatial axes.

    Returns:
        (N, O, *S), S = (L-1) * stride - 2 * padding + dilation * (K-1) + output_padding + 1.

    Raises:
        ShapeError: Shapes or settings do not fit, in PyTorch's words.
        DtypeError: The dtypes of the operands differ.
    """
    name = f"conv_transpose{rank}d"
    stride = _positive(
        per_axis_of("stride", stride, weight, rank), "non-positive stride is not supported"
    )
    pad = per_axis_of("padding", padding, weight, rank)
    if min(pad) < 0:
        raise ShapeError("negative padding is not supported")
    dilation = per_axis_of("dilation", dilation, weight, rank)
    if min(dilation) <= 0:
        raise ShapeError(f"dilation should be greater than zero, but got {list(dilation)}")
    extra = per_axis_of("output_padding", output_padding, weight, rank)
    if min(extra) < 0:
        raise ShapeError("negative output_padding is not supported")
    x, single = _with_batch(x, rank, name)
    _check_weight(x, weight, rank, groups)
    _check_dtypes(x, weight, bias)
    _check_channels(
        x, weight, bias, groups, weight.shape[0], weight.shape[1] * groups, transposed=True
    )
    if any(e >= s and e >= d for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ShapeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding: {list(extra)}, stride: {list(stride)}, dilation: {list(dilation)}"
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            x.shape[2:], stride, pad, dilation, weight.shape[2:], extra, strict=True
        )
    )
    if min(size) < 1:
        raise ShapeError(
            f"Given input size per channel: ({_times(x.shape[2:])}). Calculated output size per "
            "channel: "
            f"({_times(size)}). Output size is too small"
        )
    out = conv_input_gradient_p(
        x,
        weight,
        size=size,
        stride=stride,
        padding=tuple((p, p) for p in pad),
        dilation=dilation,
        groups=groups,
    )
    return _finish(out, bias, single)


def per_axis_of(what: str, value: IntOrInts, weight: Any, rank: int) -> Ints:
    """`per_axis` with PyTorch's words for convolutions."""
    try:
        return per_axis(value, rank, what, "conv")
    except ShapeError:
        raise ShapeError(
            f"expected {what} to be a single integer value or a list of {rank} values to match the "
            f"convolution dimensions, but got {what}={[*value]}"  # type: ignore[misc]
        ) from None


def _positive(values: Ints, message: str) -> Ints:
    if min(values) <= 0:
        raise ShapeError(message)
    return values


def _times(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _padding(
    padding: Any, kernel: Ints, stride: Ints, dilation: Ints, weight: Any, rank: int
) -> Pairs:
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding != "same":
            raise ShapeError(f"Invalid padding string: '{padding}'")
        if any(s != 1 for s in stride):
            raise ShapeError("padding='same' is not supported for strided convolutions")
        total = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
        return tuple((t // 2, t - t // 2) for t in total)
    if not isinstance(padding, int) and any(isinstance(p, (tuple, list)) for p in padding):
        pairs = tuple((int(lo), int(hi)) for lo, hi in padding)
    else:
        pairs = tuple((p, p) for p in per_axis_of("padding", padding, weight, rank))
    if any(lo < 0 or hi < 0 for lo, hi in pairs):
        raise ShapeError("negative padding is not supported")
    return pairs


def _with_batch(x: Any, rank: int, name: str) -> tuple[Any, bool]:
    """`x` with a batch axis, and whether it was added."""
    if len(x.shape) == rank + 2:
        return x, False
    if len(x.shape) == rank + 1:
        return reshape(x, (1, *x.shape)), True
    raise ShapeError(
        f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got "
        "input of size: "
        f"{list(x.shape)}"
    )


def _check_weight(x: Any, weight: Any, rank: int, groups: int) -> None:
    if groups <= 0:
        raise ShapeError("non-positive groups is not supported")
    if len(weight.shape) != rank + 2:
        raise ShapeError(
            f"Expected {rank + 2}-dimensional weight for {rank + 2}-dimensional input "
            f"{list(x.shape)}, but got "
            f"{len(weight.shape)}-dimensional input of size {list(weight.shape)} instead"
        )
    if weight.shape[0] < groups:
        raise ShapeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            "got weight of "
            f"size {list(weight.shape)} instead"
        )
    if weight.shape[0] % groups:
        raise ShapeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            "but got weight "
            f"of size [{list(weight.shape)}] instead"
        )
    if 0 in weight.shape[2:]:
        raise ShapeError(
            f"kernel size should be greater than zero, but got kernel {list(weight.shape[2:])}"
        )


def _check_dtypes(x: Any, weight: Any, bias: Any) -> None:
    for other in (weight, bias):
        if other is not None and dtype_of(other) != dtype_of(x):
            raise DtypeError(f"expected scalar type {dtype_of(x)} but found {dtype_of(other)}")


def _check_channels(
    x: Any, weight: Any, bias: Any, groups: int, expected: int, results: int, *, transposed: bool
) -> None:
    given = "transposed=1" if transposed else f"groups={groups}"
    if x.shape[1] != expected:
        raise ShapeError(
            f"Given {given}, weight of size {list(weight.shape)}, expected input{list(x.shape)} "
            "to have "
            f"{expected} channels, but got {x.shape[1]} channels instead"
        )
    if bias is not None and tuple(bias.shape) != (results,):
        raise ShapeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {list(weight.shape)}, "
            "expected bias "
            f"to be 1-dimensional with {results} elements, but got bias of size "
            f"{list(bias.shape)} instead"
        )


def _finish(out: Any, bias: Any, single: bool) -> Any:
    if bias is not None:
        out = out + reshape(bias, (bias.shape[0], *(1,) * (len(out.shape) - 2)))
    return reshape(out, out.shape[1:]) if single else out


__all__ = [
    "conv", "conv1d", "conv2d", "conv3d", "conv_transpose", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "window_count",
]  # fmt: skip
