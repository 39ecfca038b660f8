"""Elements rearranged: flips, rolls, repetitions, diagonals and triangles, by PyTorch's conventions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.inplace import write
from ..core.tensor import wrap
from ..ops import diagonals, masked, rearrange, strided
from ..ops import select as select_ops
from ._tensor import Tensor
from .arguments import number_as, tensor_argument
from .conversion import numel
from .registry import method, store
from .shapes import sizes_argument


def flip(input: Tensor, dims: Any) -> Tensor:
    """Reversed along some axes."""
    return rearrange.flip(input, dims)  # type: ignore[no-any-return]


@method("flip")
def flip_method(self: Tensor, *dims_: Any, dims: Any = None) -> Tensor:
    """See `torch.flip`."""
    return rearrange.flip(self, sizes_argument(dims_ if dims is None else (dims,)))  # type: ignore[no-any-return]


@method()
def fliplr(input: Tensor) -> Tensor:
    """Reversed left to right."""
    return rearrange.fliplr(input)  # type: ignore[no-any-return]


@method()
def flipud(input: Tensor) -> Tensor:
    """Reversed top to bottom."""
    return rearrange.flipud(input)  # type: ignore[no-any-return]


@method()
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Shifted along some axes, what falls off coming in at the other end."""
    dims = None if dims == () or dims == [] else dims
    if dims is not None and not input.ndim:
        raise IndexError(
            f"Dimension specified as {dims if isinstance(dims, int) else dims[0]} but tensor has no dimensions"
        )
    return rearrange.roll(input, shifts, dims)  # type: ignore[no-any-return]


@method()
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Rotated by quarter turns in the plane of two axes."""
    return rearrange.rot90(input, k, dims)  # type: ignore[no-any-return]


@method()
def repeat(self: Tensor, *repeats_: Any, repeats: Any = None) -> Tensor:
    """Copies side by side along every axis."""
    return rearrange.repeat(self, sizes_argument(repeats_ if repeats is None else (repeats,)))  # type: ignore[no-any-return]


def tile(input: Tensor, dims: Any) -> Tensor:
    """Copies side by side along the last axes."""
    return rearrange.tile(input, dims)  # type: ignore[no-any-return]


@method("tile")
def tile_method(self: Tensor, *dims_: Any, dims: Any = None) -> Tensor:
    """See `torch.tile`."""
    return rearrange.tile(self, sizes_argument(dims_ if dims is None else (dims,)))  # type: ignore[no-any-return]


@method()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonals of matrices, as a view."""
    return diagonals.diagonal(input, offset, dim1, dim2)  # type: ignore[no-any-return]


@method()
def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    return store(out, diagonals.diag(input, diagonal))


@method()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the given diagonals."""
    return diagonals.diag_embed(input, offset, dim1, dim2)  # type: ignore[no-any-return]


@method()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements along its diagonal."""
    return diagonals.diagflat(input, offset)  # type: ignore[no-any-return]


@method()
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    return diagonals.trace(input)  # type: ignore[no-any-return]


@method(inplace=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Zeros above a diagonal."""
    return store(out, diagonals.tril(tensor_argument("tril", input), diagonal))


@method(inplace=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Zeros below a diagonal."""
    return store(out, diagonals.triu(tensor_argument("triu", input), diagonal))


@method()
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """A copy with `src` written at the places that strides name.

    Raises:
        RuntimeError: They reach outside, or `src` has another shape.
    """
    x = tensor_argument("as_strided_scatter", input)
    size, steps = tuple(size), tuple(stride)
    if tuple(src.value.shape) != size:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.value.shape)}, slice size = {list(size)}"
        )
    total = numel(x)
    first = storage_offset or 0
    last = first + sum((n - 1) * k for n, k in zip(size, steps, strict=True))
    if 0 not in size and last >= total:
        item = x.value.dtype.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(steps)}, storage offset {first}, and itemsize {item} "
            f"requiring a storage size of {(last + 1) * item} are out of bounds for storage of size {total * item}"
        )
    return masked.put(x, wrap(Tensor, strided.positions(size, steps, first)), src)  # type: ignore[no-any-return]


@method()
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number along the main diagonal, in place; with `wrap` a tall matrix's goes on below.

    Raises:
        RuntimeError: Fewer than two axes, or more than two of different lengths.
    """
    shape = tuple(self.value.shape)
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    total = numel(self)
    step = sum(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
    end = total if wrap or len(shape) > 2 else min(total, shape[1] * shape[1])
    places = np.arange(0, end, step)
    number = number_as(fill_value, self.value.dtype)
    mask = np.zeros(total, np.bool_)
    mask[places] = True
    mask = mask.reshape(shape)
    return write(
        self, lambda old: select_ops.masked_fill.bind(old, as_tensor(mask), as_tensor(number))
    )  # type: ignore[return-value]


def as_tensor(x: Any) -> Tensor:
    """An array as a tensor."""
    return wrap(Tensor, x)  # type: ignore[return-value]


__all__ = [
    "as_strided_scatter",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "flip",
    "fliplr",
    "flipud",
    "roll",
    "rot90",
    "tile",
    "trace",
    "tril",
    "triu",
]
