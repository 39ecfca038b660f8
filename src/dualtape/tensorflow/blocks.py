"""Blocks of places moved to channels or to the batch, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import shape as s
from .convert import as_tensor, static
from .raising import kernel_error
from .shaping import pad
from .tensor import EagerTensor


def _image(op: str, input: Any, data_format: str) -> tuple[EagerTensor, bool]:
    """The input as [batch, height, width, channels], and whether it was not."""
    x = as_tensor(input)
    if len(x.value.shape) != 4:
        raise kernel_error(op, f"Input rank should be 4 instead of {len(x.value.shape)}")
    first = data_format == "NCHW"
    return (s.permute_p(x, axes=(0, 2, 3, 1)) if first else x), first


def _back(x: EagerTensor, first: bool) -> EagerTensor:
    return s.permute_p(x, axes=(0, 3, 1, 2)) if first else x


def space_to_depth(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> EagerTensor:
    """Put each block of `block_size` by `block_size` places into the channels of one.

    Raises:
        InvalidArgumentError: The input is no batch of images whose sides the size divides.
    """
    x, first = _image("SpaceToDepth", input, data_format)
    n, h, w, c = x.value.shape
    b = block_size
    if h % b or w % b:
        raise kernel_error(
            "SpaceToDepth",
            f"Image width {w} and height {h} should be divisible by block_size: {b}",
        )
    apart = s.permute_p(s.reshape(x, (n, h // b, b, w // b, b, c)), axes=(0, 1, 3, 2, 4, 5))
    return _back(s.reshape(apart, (n, h // b, w // b, b * b * c)), first)


def depth_to_space(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> EagerTensor:
    """Undo `space_to_depth`.

    Raises:
        InvalidArgumentError: The input is no batch of images whose channels the block's area divides.
    """
    x, first = _image("DepthToSpace", input, data_format)
    n, h, w, c = x.value.shape
    b = block_size
    if c % (b * b):
        raise kernel_error(
            "DepthToSpace", f"Input depth dimension {c} should be divisible by: {b * b}"
        )
    deep = c // (b * b)
    apart = s.permute_p(s.reshape(x, (n, h, w, b, b, deep)), axes=(0, 1, 3, 2, 4, 5))
    return _back(s.reshape(apart, (n, h * b, w * b, deep)), first)


def space_to_batch(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> EagerTensor:
    """Put each block of places behind the batch axis into the batch.

    Args:
        input: Shape [batch, *places, ...].
        block_shape: How many places of each axis make a block.
        paddings: Zeros before and after each of these axes.
        name: Not used.

    Raises:
        InvalidArgumentError: A padded axis is no multiple of its block.
    """
    x = as_tensor(input)
    blocks = [int(b) for b in np.asarray(static(block_shape)).reshape(-1)]
    m = len(blocks)
    around = [[0, 0], *static(paddings), *[[0, 0]] * (len(x.value.shape) - 1 - m)]
    x = pad(x, around)
    shape = x.value.shape
    for i, b in enumerate(blocks):
        if shape[i + 1] % b:
            raise kernel_error(
                "SpaceToBatchND",
                f"padded_shape[{i}]={shape[i + 1]} is not divisible by block_shape[{i}]={b}",
            )
    apart: list[int] = [shape[0]]
    for n, b in zip(shape[1 : m + 1], blocks, strict=True):
        apart += [n // b, b]
    rest = shape[m + 1 :]
    order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2)]
    order += range(2 * m + 1, 2 * m + 1 + len(rest))
    moved = s.permute_p(s.reshape(x, (*apart, *rest)), axes=tuple(order))
    whole = (int(np.prod(blocks)) * shape[0], *apart[1::2], *rest)
    return s.reshape(moved, whole)  # type: ignore[no-any-return]


def batch_to_space(
    input: Any, block_shape: Any, crops: Any, name: str | None = None
) -> EagerTensor:
    """Undo `space_to_batch`, then cut `crops` places off before and after each axis.

    Raises:
        InvalidArgumentError: The batch is no multiple of the blocks.
    """
    x = as_tensor(input)
    blocks = [int(b) for b in np.asarray(static(block_shape)).reshape(-1)]
    m = len(blocks)
    shape = x.value.shape
    count = int(np.prod(blocks))
    if shape[0] % count:
        raise kernel_error(
            "BatchToSpaceND",
            f"Input batch dimension ({shape[0]}) is not divisible by product of block sizes ({count})",
        )
    rest = shape[m + 1 :]
    apart = s.reshape(x, (*blocks, shape[0] // count, *shape[1:]))
    order = [m]
    for i in range(m):
        order += [m + 1 + i, i]
    order += range(2 * m + 1, 2 * m + 1 + len(rest))
    sizes = [n * b for n, b in zip(shape[1 : m + 1], blocks, strict=True)]
    whole = s.reshape(s.permute_p(apart, axes=tuple(order)), (shape[0] // count, *sizes, *rest))
    cut = [
        slice(int(before), n - int(after))
        for n, (before, after) in zip(sizes, static(crops), strict=True)
    ]
    return s.slice_p(whole, index=(slice(None), *cut))  # type: ignore[no-any-return]
