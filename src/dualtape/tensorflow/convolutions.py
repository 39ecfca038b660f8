"""Convolutions and pooling of `tf.nn`: channels last, padding by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops import conv
from ..ops import pool as pooling
from ..ops import shape as s
from ..ops.padding import constant_pad_p
from .convert import as_tensor, operands
from .raising import dims, kernel_error
from .tensor import EagerTensor

Pairs = tuple[tuple[int, int], ...]


def per_axis(value: Any, rank: int, channels: int) -> tuple[int, ...]:
    """Strides or dilations as an int per spatial axis.

    Args:
        value: An int, one per spatial axis, or one per axis of the tensor.
        rank: How many spatial axes.
        channels: Where the channels are in the tensor.
    """
    if isinstance(value, int):
        return (value,) * rank
    given = [int(v) for v in value]
    if len(given) == 1:
        return (given[0],) * rank
    if len(given) == rank:
        return tuple(given)
    if len(given) != rank + 2:
        raise ValueError(
            f"strides should be of length 1, {rank} or {rank + 2} but was {len(given)}"
        )
    return tuple([v for i, v in enumerate(given) if i not in (0, channels % (rank + 2))])


def pads(
    mode: Any,
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    channels: int = -1,
) -> Pairs:
    """The padding (before, after) of each spatial axis for "SAME", "VALID" or explicit pairs.

    Raises:
        ValueError: Another name.
    """
    if not isinstance(mode, str):
        pairs = [tuple(p) for p in mode]
        return tuple([p for i, p in enumerate(pairs) if i not in (0, channels % len(pairs))])
    if mode.upper() == "VALID":
        return ((0, 0),) * len(window)
    if mode.upper() != "SAME":
        raise ValueError(f"`padding` must be 'SAME', 'VALID' or explicit pairs. Received: {mode}")
    out = []
    for n, k, step, d in zip(sizes, window, strides, dilations, strict=True):
        total = max((math.ceil(n / step) - 1) * step + (k - 1) * d + 1 - n, 0)
        out.append((total // 2, total - total // 2))
    return tuple(out)


def _channels_first(x: EagerTensor, data_format: str | None) -> tuple[EagerTensor, bool]:
    last = data_format is None or not data_format.startswith("NC")
    rank = len(x.value.shape)
    return (s.permute_p(x, axes=(0, rank - 1, *range(1, rank - 1))) if last else x), last


def _channels_last(x: EagerTensor, last: bool) -> EagerTensor:
    rank = len(x.value.shape)
    return s.permute_p(x, axes=(0, *range(2, rank), 1)) if last else x


def _convolved(
    op: str, input: Any, filters: Any, strides: Any, mode: Any, data_format: str | None, dilations: Any,
    rank: int, depthwise: bool = False,
) -> EagerTensor:  # fmt: skip
    x, w = operands(op, input, filters)
    have, kernel = x.value.shape, w.value.shape
    if len(have) != rank + 2:
        raise kernel_error(op, f"input must be {rank + 2}-dimensional: {dims(have)}")
    if len(kernel) != rank + 2:
        raise kernel_error(op, f"filter must be {rank + 2}-dimensional: {dims(kernel)}")
    channels = 1 if data_format is not None and data_format.startswith("NC") else rank + 1
    steps = per_axis(strides, rank, channels)
    gaps = (1,) * rank if dilations is None else per_axis(dilations, rank, channels)
    x, last = _channels_first(x, data_format)
    depth = x.value.shape[1]
    space = x.value.shape[2:]
    if depthwise:
        # (*K, C, M) -> (C * M, 1, *K): each channel sees its own M filters.
        weight = s.permute_p(w, axes=(rank, rank + 1, *range(rank)))
        weight = s.reshape(weight, (kernel[rank] * kernel[rank + 1], 1, *kernel[:rank]))
        groups = depth
    else:
        if depth % kernel[rank]:
            raise kernel_error(
                op,
                f"input depth must be evenly divisible by filter depth: {depth} vs {kernel[rank]}",
            )
        groups = depth // kernel[rank]
        weight = s.permute_p(w, axes=(rank + 1, rank, *range(rank)))
    pairs = pads(mode, space, kernel[:rank], steps, gaps, channels)
    return _channels_last(conv.conv(x, weight, None, steps, pairs, gaps, groups, rank=rank), last)


def conv2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = None,
    name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Slide filters over images.

    Args:
        input: Shape [batch, height, width, channels] (or "NCHW").
        filters: Shape [height, width, channels, outputs], of one dtype with the input.
        strides: Steps: an int or several.
        padding: "SAME", "VALID" or explicit pairs per axis.
        data_format: "NHWC" or "NCHW".
        dilations: Distances within the window.
        name: Not used.

    Raises:
        InvalidArgumentError: The ranks or channels do not fit.
    """
    return _convolved("Conv2D", input, filters, strides, padding, data_format, dilations, 2)


def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: str = "NWC", dilations: Any = None,
    name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Slide filters over sequences, shape [batch, width, channels]; see `conv2d`."""
    return _convolved("Conv2D", input, filters, stride, padding, data_format, dilations, 1)


def conv3d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NDHWC", dilations: Any = None,
    name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Slide filters over volumes, shape [batch, depth, height, width, channels]; see `conv2d`."""
    return _convolved("Conv3D", input, filters, strides, padding, data_format, dilations, 3)


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None = None, dilations: Any = None,
    name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Slide filters of shape [height, width, channels, multiplier] over each channel alone."""
    return _convolved(
        "DepthwiseConv2dNative", input, filter, strides, padding, data_format, dilations, 2, True
    )


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any,
    data_format: str | None = None, dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """`depthwise_conv2d`, then a `conv2d` with a filter of one place that mixes the channels."""
    apart = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return conv2d(apart, pointwise_filter, 1, "VALID", data_format or "NHWC")


def convolution(
    input: Any, filters: Any, strides: Any = None, padding: Any = "VALID", data_format: str | None = None,
    dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """`conv1d`, `conv2d` or `conv3d`, by the rank of the input.

    Raises:
        ValueError: The input has another rank than 3, 4 or 5.
    """
    rank = len(as_tensor(input).value.shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"`num_spatial_dims` must be 1, 2, or 3. Received: num_spatial_dims={rank}."
        )
    op = "Conv3D" if rank == 3 else "Conv2D"
    steps = 1 if strides is None else strides
    return _convolved(op, input, filters, steps, padding, data_format, dilations, rank)


def _transposed(
    op: str, input: Any, filters: Any, output_shape: Any, strides: Any, mode: Any, data_format: str,
    dilations: Any, rank: int,
) -> EagerTensor:  # fmt: skip
    x, w = operands(op, input, filters)
    channels = 1 if data_format.startswith("NC") else rank + 1
    steps = per_axis(strides, rank, channels)
    gaps = (1,) * rank if dilations is None else per_axis(dilations, rank, channels)
    kernel = w.value.shape
    x, last = _channels_first(x, data_format)
    out = [int(n) for n in np.asarray(as_tensor(output_shape))]
    space = out[1:-1] if last else out[2:]
    pairs = pads(mode, space, kernel[:rank], steps, gaps, channels)
    weight = s.permute_p(w, axes=(rank + 1, rank, *range(rank)))
    full = conv.conv_transpose(x, weight, None, steps, 0, 0, 1, gaps, rank=rank)
    return _channels_last(_fitted(full, space, pairs), last)


def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NWC",
    dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the transpose of `conv1d`; arguments as for `conv2d_transpose`."""
    return _transposed(
        "Conv2DBackpropInput", input, filters, output_shape, strides, padding, data_format, dilations, 1
    )  # fmt: skip


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NHWC",
    dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the transpose of `conv2d`: what maps its outputs back to shape `output_shape`.

    Args:
        input: Shape [batch, height, width, outputs of the convolution].
        filters: Shape [height, width, inputs of the convolution, outputs].
        output_shape: Of the result.
        strides, padding, data_format, dilations: Those of the convolution.
        name: Not used.

    Raises:
        InvalidArgumentError: The shapes do not fit.
    """
    return _transposed(
        "Conv2DBackpropInput", input, filters, output_shape, strides, padding, data_format, dilations, 2
    )  # fmt: skip


def conv3d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NDHWC",
    dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the transpose of `conv3d`; arguments as for `conv2d_transpose`."""
    return _transposed(
        "Conv3DBackpropInputV2", input, filters, output_shape, strides, padding, data_format, dilations, 3
    )  # fmt: skip


def _fitted(x: EagerTensor, space: Sequence[int], pairs: Pairs) -> EagerTensor:
    """Cut the padding of the transposed convolution off, or add the rows that its stride left out."""
    index: list[Any] = [slice(None), slice(None)]
    missing = [(0, 0), (0, 0)]
    for have, want, (before, _) in zip(x.value.shape[2:], space, pairs, strict=True):
        index.append(slice(before, before + want))
        missing.append((0, max(before + want - have, 0)))
    if any(after for _, after in missing):
        x = constant_pad_p(x, pads=tuple(missing), value=0)
    return s.slice_p(x, index=tuple(index))  # type: ignore[no-any-return]


def _pooled(
    op: str, input: Any, ksize: Any, strides: Any, mode: Any, data_format: str, rank: int
) -> EagerTensor:
    x = as_tensor(input)
    channels = 1 if data_format.startswith("NC") else rank + 1
    window, steps = per_axis(ksize, rank, channels), per_axis(strides, rank, channels)
    x, last = _channels_first(x, data_format)
    pairs = pads(mode, x.value.shape[2:], window, steps, (1,) * rank, channels)
    around = ((0, 0), (0, 0), *pairs)
    if op.startswith("MaxPool"):
        if any(a or b for a, b in pairs):
            x = constant_pad_p(x, pads=around, value=-math.inf)
        out = pooling.max_pool(x, window, steps, rank=rank)
        return _channels_last(out, last)
    if not any(a or b for a, b in pairs):
        return _channels_last(pooling.avg_pool(x, window, steps, rank=rank), last)
    # The mean of what is there, not of the padding.
    ones = np.ones(x.value.shape[2:], x.value.dtype)
    there = np.pad(ones, pairs)[None, None]
    count = pooling.avg_pool(there, window, steps, rank=rank)
    mean = pooling.avg_pool(constant_pad_p(x, pads=around, value=0), window, steps, rank=rank)
    return _channels_last(mean / as_tensor(count), last)


def _pool(op: str, rank: int, layout: str, doc: str) -> Callable[..., EagerTensor]:
    def function(
        input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = layout,
        name: str | None = None,
    ) -> EagerTensor:  # fmt: skip
        return _pooled(op, input, ksize, strides, padding, data_format, rank)

    function.__doc__ = f"""{doc}

    Args:
        input: Shape [batch, {rank} axes, channels], or channels first by `data_format`.
        ksize: The window's lengths: an int or several.
        strides: Its steps.
        padding: "SAME", "VALID" or explicit pairs per axis.
        data_format: "{layout}" or channels first.
        name: Not used.
    """
    return function


max_pool1d = _pool("MaxPool", 1, "NWC", "Return the maximum of each window of sequences.")
max_pool2d = _pool("MaxPool", 2, "NHWC", "Return the maximum of each window of images.")
max_pool3d = _pool("MaxPool3D", 3, "NDHWC", "Return the maximum of each window of volumes.")
avg_pool1d = _pool("AvgPool", 1, "NWC", "Return the mean of each window of sequences.")
avg_pool2d = _pool("AvgPool", 2, "NHWC", "Return the mean of each window of images.")
avg_pool3d = _pool("AvgPool3D", 3, "NDHWC", "Return the mean of each window of volumes.")


def pool(
    input: Any, window_shape: Any, pooling_type: str, strides: Any = None, padding: Any = "VALID",
    data_format: str | None = None, dilations: Any = None, name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return the maxima ("MAX") or means ("AVG") of windows, in as many axes as the window has.

    Raises:
        NotImplementedError: Dilations.
    """
    rank = len(window_shape)
    if dilations is not None and set(dilations) != {1}:
        raise NotImplementedError("tf.nn.pool with dilations is not supported")
    last = data_format is None or not data_format.startswith("NC")
    op = "MaxPool" if pooling_type == "MAX" else "AvgPool"
    return _pooled(op, input, window_shape, strides or 1, padding, "N..C" if last else "NC", rank)
