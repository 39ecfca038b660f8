"""Convolutions, pooling, resampling and padding."""

from __future__ import annotations

from typing import Any

from ....ops import conv as c
from ....ops import grid as _grid
from ....ops import interpolate as resample
from ....ops import padding as pads
from ....ops import pool, rearrange
from ..._tensor import Tensor
from ...arguments import tensor_argument


def _convolution(function: Any, rank: int, transposed: bool) -> Any:
    name = f"conv_transpose{rank}d" if transposed else f"conv{rank}d"

    def check(input: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
        x, w = tensor_argument(name, input), tensor_argument(name, weight, "weight", 2)
        if x.value.dtype != w.value.dtype:
            raise RuntimeError(
                f"Input type ({_type(x)}) and weight type ({_type(w)}) should be the same"
            )
        if bias is not None and bias.value.dtype != x.value.dtype:
            raise RuntimeError(
                f"Input type ({_type(x)}) and bias type ({_type(bias)}) should be the same"
            )
        return x, w, bias

    if transposed:

        def transposed_convolution(
            input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
            groups: int = 1, dilation: Any = 1,
        ) -> Tensor:  # fmt: skip
            return function(  # type: ignore[no-any-return]
                *check(input, weight, bias), stride, padding, output_padding, groups, dilation
            )

        transposed_convolution.__name__ = name
        transposed_convolution.__doc__ = (
            f"Transposed convolution over {rank} spatial axes: (N, C_in, *S) to (N, C_out, *S')."
        )
        return transposed_convolution

    def convolution(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return function(*check(input, weight, bias), stride, padding, dilation, groups)  # type: ignore[no-any-return]

    convolution.__name__ = name
    convolution.__doc__ = f"Convolution over {rank} spatial axes: (N, C_in, *S) to (N, C_out, *S')."
    return convolution


def _type(x: Tensor) -> str:
    return x.type()  # type: ignore[no-any-return]


conv1d, conv2d, conv3d = (
    _convolution(f, n, False) for n, f in enumerate((c.conv1d, c.conv2d, c.conv3d), 1)
)
conv_transpose1d, conv_transpose2d, conv_transpose3d = (
    _convolution(f, n, True)
    for n, f in enumerate((c.conv_transpose1d, c.conv_transpose2d, c.conv_transpose3d), 1)
)


def _max_pool(rank: int) -> Any:
    def max_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        stride = None if isinstance(stride, (list, tuple)) and not stride else stride
        return pool.max_pool(
            tensor_argument(f"max_pool{rank}d", input),
            kernel_size,
            stride,
            padding,
            dilation,
            ceil_mode,
            return_indices,
            rank=rank,
        )

    max_pool.__name__ = f"max_pool{rank}d"
    max_pool.__doc__ = "The maximum of each window."
    return max_pool


def _adaptive(function: Any, name: str, rank: int, indices: bool) -> Any:
    if indices:

        def adaptive_max(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
            return function(tensor_argument(name, input), output_size, return_indices, rank=rank)

        adaptive_max.__name__, adaptive_max.__doc__ = (
            name,
            "Maxima of windows that yield a given size.",
        )
        return adaptive_max

    def adaptive(input: Tensor, output_size: Any) -> Tensor:
        return function(tensor_argument(name, input), output_size, rank=rank)  # type: ignore[no-any-return]

    adaptive.__name__, adaptive.__doc__ = name, "Means of windows that yield a given size."
    return adaptive


max_pool1d, max_pool2d, max_pool3d = (_max_pool(n) for n in (1, 2, 3))


def _with_indices(plain: Any) -> Any:
    def pooled(*args: Any, **kwargs: Any) -> Any:
        kwargs["return_indices"] = True
        return plain(*args[:6], **kwargs)

    pooled.__name__, pooled.__doc__ = plain.__name__ + "_with_indices", "Maxima and where they lie."
    return pooled


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = (
    _with_indices(f) for f in (max_pool1d, max_pool2d, max_pool3d)
)
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (
    _adaptive(pool.adaptive_avg_pool, f"adaptive_avg_pool{n}d", n, False) for n in (1, 2, 3)
)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (
    _adaptive(pool.adaptive_max_pool, f"adaptive_max_pool{n}d", n, True) for n in (1, 2, 3)
)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window."""
    x = tensor_argument("avg_pool1d", input)
    return pool.avg_pool(  # type: ignore[no-any-return]
        x, kernel_size, stride or None, padding, ceil_mode, count_include_pad, rank=1
    )


def _avg_pool(rank: int) -> Any:
    def avg_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:  # fmt: skip
        x = tensor_argument(f"avg_pool{rank}d", input)
        return pool.avg_pool(  # type: ignore[no-any-return]
            x,
            kernel_size,
            stride or None,
            padding,
            ceil_mode,
            count_include_pad,
            divisor_override,
            rank=rank,
        )

    avg_pool.__name__, avg_pool.__doc__ = f"avg_pool{rank}d", "The mean of each window."
    return avg_pool


avg_pool2d, avg_pool3d = _avg_pool(2), _avg_pool(3)


def _max_unpool(rank: int) -> Any:
    def max_unpool(
        input: Tensor,
        indices: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Tensor:
        return pool.max_unpool(input, indices, kernel_size, stride, padding, output_size, rank=rank)  # type: ignore[no-any-return]

    max_unpool.__name__, max_unpool.__doc__ = (
        f"max_unpool{rank}d",
        "Maxima put back where they lay, zeros elsewhere.",
    )
    return max_unpool


max_unpool1d, max_unpool2d, max_unpool3d = (_max_unpool(n) for n in (1, 2, 3))


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Sliding blocks as columns."""
    return pool.unfold(tensor_argument("unfold", input), kernel_size, dilation, padding, stride)  # type: ignore[no-any-return]


def fold(
    input: Tensor,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Columns added up as sliding blocks: the transpose of `unfold`."""
    return pool.fold(  # type: ignore[no-any-return]
        tensor_argument("fold", input), output_size, kernel_size, dilation, padding, stride
    )


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Resize the spatial axes."""
    x = tensor_argument("interpolate", input)
    return resample.interpolate(  # type: ignore[no-any-return]
        x, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
    )


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """As `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """As `interpolate` in mode "nearest"."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """As `interpolate` in mode "bilinear" with aligned corners."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Sample at the places of a grid."""
    return _grid.grid_sample(input, grid, mode, padding_mode, bool(align_corners))  # type: ignore[no-any-return]


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The grid of an affine transformation."""
    return _grid.affine_grid(theta, size, bool(align_corners))  # type: ignore[no-any-return]


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """Pad the last axes: pairs (before, after), the last axis first."""
    return pads.pad(tensor_argument("pad", input), pad, mode, value)  # type: ignore[no-any-return]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as finer pixels."""
    return rearrange.pixel_shuffle(tensor_argument("pixel_shuffle", input), upscale_factor)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as more channels."""
    return rearrange.pixel_unshuffle(tensor_argument("pixel_unshuffle", input), downscale_factor)  # type: ignore[no-any-return]


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of groups interleaved."""
    return rearrange.channel_shuffle(tensor_argument("channel_shuffle", input), groups)  # type: ignore[no-any-return]


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "affine_grid", "avg_pool1d", "avg_pool2d", "avg_pool3d", "channel_shuffle", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "fold", "grid_sample", "interpolate", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "pad", "pixel_shuffle", "pixel_unshuffle", "unfold", "upsample", "upsample_bilinear",
    "upsample_nearest",
]  # fmt: skip
