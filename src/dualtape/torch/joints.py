"""Joining and splitting: cat, stack, split, chunk, meshgrid and their like, by PyTorch's conventions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import joining, views
from ..ops import shape as _shape
from ._tensor import Tensor
from .arguments import invalid_combination, is_integer, tensor_argument
from .indexing import check_no_overlap
from .registry import method, store
from .shapes import tensors_argument
from .sizes import Size


def cat(
    tensors: Any, dim: int = 0, *, axis: int | None = None, out: Tensor | None = None
) -> Tensor:
    """Join along an existing axis; one-dimensional empty tensors are left out.

    Raises:
        RuntimeError: No tensors; or shapes that do not fit.
    """
    given = tensors_argument("cat", tensors)
    if not given:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, t in enumerate(given):
        if t.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    kept = [t for t in given if tuple(t.value.shape) != (0,)] or given[:1]
    rank = kept[0].ndim
    for t in kept:
        if t.ndim != rank:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {rank} and {t.ndim}"
            )
    check_no_overlap(out, *given)
    return store(out, _shape.concatenate(kept, dim if axis is None else axis), "cat")


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Join along a new axis.

    Raises:
        RuntimeError: No tensors; or different shapes.
    """
    given = tensors_argument("stack", tensors)
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tuple(given[0].value.shape)
    for i, t in enumerate(given):
        if tuple(t.value.shape) != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(t.value.shape)} at entry {i}"
            )
    check_no_overlap(out, *given)
    return store(out, _shape.stack(given, dim))


def hstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join side by side: along the second axis, vectors along the first."""
    return store(out, joining.hstack(_some("hstack", tensors)))


def vstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join one below the other."""
    return store(out, joining.vstack(_some("vstack", tensors)))


row_stack = vstack


def dstack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join along the third axis."""
    return store(out, joining.dstack(_some("dstack", tensors)))


def column_stack(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """Join as columns of a matrix."""
    return store(out, joining.column_stack(_some("column_stack", tensors)))


def _some(name: str, tensors: Any) -> list[Tensor]:
    given = tensors_argument(name, tensors)
    if not given:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return given


@method()
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of parts along an axis: of one size, or of the given sizes."""
    sizes = split_size_or_sections
    return joining.split(
        tensor, list(sizes) if isinstance(sizes, (list, tuple)) else int(sizes), dim
    )


@method()
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of parts of the given sizes along an axis."""
    return joining.split(input, list(split_sizes), dim)


@method()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of equal size (the last may be smaller)."""
    return joining.chunk(input, chunks, dim)


@method()
def unsafe_split(tensor: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """As `split`."""
    return split(tensor, split_size, dim)


@method()
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As `chunk`."""
    return chunk(input, chunks, dim)


def _sections(function: str, x: Any) -> Any:
    if isinstance(x, CoreTensor):
        x = tensor_argument(function, x).tolist()
    if isinstance(x, (list, tuple)):
        return list(x)
    if not is_integer(x):
        raise invalid_combination(function, (x,))
    return int(x)


@method()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts at the given places, or a number of nearly equal ones."""
    return joining.tensor_split(input, _sections("tensor_split", indices_or_sections), dim)


@method()
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the second axis (vectors: the first)."""
    return joining.hsplit(input, _sections("hsplit", indices_or_sections))


@method()
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the first axis."""
    return joining.vsplit(input, _sections("vsplit", indices_or_sections))


@method()
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Split along the third axis."""
    return joining.dsplit(input, _sections("dsplit", indices_or_sections))


@method()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis."""
    return joining.unbind(input, dim)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors broadcast to one shape."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    return joining.broadcast_tensors(*given)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that shapes broadcast to.

    Raises:
        RuntimeError: They do not.
    """
    try:
        return Size(
            np.broadcast_shapes(*[tuple(s) if isinstance(s, (tuple, list)) else s for s in shapes])
        )
    except ValueError as error:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape"
        ) from error


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinate grids of vectors."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    return joining.meshgrid(list(given), "ij" if indexing is None else indexing)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of vectors, as rows."""
    return joining.cartesian_prod(*tensors)  # type: ignore[no-any-return]


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a vector, as rows."""
    places = joining.combination_indices(int(input.shape[0]), r, with_replacement)
    return input[places]  # type: ignore[no-any-return]


def block_diag(*tensors: Any) -> Tensor:
    """A matrix with the given ones along its diagonal."""
    return joining.block_diag(*tensors_argument("block_diag", list(tensors)))  # type: ignore[no-any-return]


def _atleast(function: Any) -> Any:
    def apply(*tensors: Any) -> Any:
        given = (
            tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
        )
        out = tuple(function(t) for t in given)
        return out[0] if len(tensors) == 1 and isinstance(tensors[0], CoreTensor) else out

    apply.__name__, apply.__doc__ = function.__name__, function.__doc__
    return apply


atleast_1d = _atleast(views.atleast_1d)
atleast_2d = _atleast(views.atleast_2d)
atleast_3d = _atleast(views.atleast_3d)


__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "cat",
    "chunk",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "meshgrid",
    "row_stack",
    "split",
    "split_with_sizes",
    "stack",
    "tensor_split",
    "unbind",
    "unsafe_chunk",
    "unsafe_split",
    "vsplit",
    "vstack",
]
