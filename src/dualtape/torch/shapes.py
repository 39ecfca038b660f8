"""Shapes: views, joints, splits and rearrangements, by PyTorch's names and argument conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.inplace import write
from ..core.modes import BOXED, current
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import diagonals, joining, masked, rearrange, strided, views
from ..ops import select as select_ops
from ..ops import shape as _shape
from ..ops.complex import cast
from ._tensor import Tensor
from .arguments import invalid_combination, is_integer, number_as, tensor_argument
from .conversion import numel
from .indexing import check_no_overlap
from .promotion import result_numpy
from .registry import method, store, store_all
from .sizes import Size, contiguous_format, preserve_format


def sizes_argument(args: Sequence[Any]) -> tuple[int, ...]:
    """A size given as one sequence or as several ints."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    return tuple([int(n) for n in args])


def tensors_argument(function: str, tensors: Any, promote: bool = True) -> list[Tensor]:
    """A sequence of tensors, brought to one dtype.

    Raises:
        TypeError: Not a sequence of tensors.
        RuntimeError: It is empty.
    """
    if isinstance(tensors, CoreTensor) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for i, t in enumerate(tensors):
        if not isinstance(t, CoreTensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}"
            )
    out = [tensor_argument(function, t) for t in tensors]
    if promote and out:
        first = out[0].value.dtype
        if any(t.value.dtype != first for t in out):
            dtype = result_numpy(*out)
            out = [cast(t, dtype) for t in out]
    return out


# --- other shapes -------------------------------------------------------------------------------


def reshape(input: Tensor, shape: Any) -> Tensor:
    """The same elements in another shape; one length may be -1. A view where possible."""
    return reshape_method(tensor_argument("reshape", input), shape)


@method("reshape")
def reshape_method(self: Tensor, *shape_: Any, shape: Any = None) -> Tensor:
    """See `torch.reshape`."""
    return _shape.reshape(self, sizes_argument(shape_ if shape is None else (shape,)))  # type: ignore[no-any-return]


@method("view")
def view_method(self: Tensor, *args: Any, dtype: Any = None, size: Any = None) -> Tensor:
    """The same memory in another shape, or read as another dtype.

    Raises:
        RuntimeError: The strides do not allow it.
    """
    if dtype is not None or (
        args and not isinstance(args[0], (int, tuple, list, np.integer, Tensor))
    ):
        return view_as_dtype(self, args[0] if dtype is None else dtype)
    return views.view(self, sizes_argument(args if size is None else (size,)))  # type: ignore[no-any-return]


def view_as_dtype(self: Tensor, dtype: Any) -> Tensor:
    """The memory read as another dtype of any size; no gradient flows.

    Raises:
        RuntimeError: The last axis does not divide.
    """
    want = dtype.dtype
    have = self.value.dtype
    if want == have:
        return views.view(self, tuple(self.value.shape))  # type: ignore[no-any-return]
    array = self.detach().buffer()
    if want.itemsize != have.itemsize and array.ndim == 0:
        raise RuntimeError(
            f"self.dim() cannot be 0 to view {self.dtype} as {dtype} (different element sizes)"
        )
    if want.itemsize > have.itemsize and array.shape[-1] % (want.itemsize // have.itemsize):
        raise RuntimeError(
            f"self.size(-1) must be divisible by {want.itemsize // have.itemsize} to view {self.dtype} as {dtype} "
            f"(different element sizes), but got {array.shape[-1]}"
        )
    out = self.detach()
    out.value = array.view(want)
    return out


@method()
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """A view with the shape of `other`."""
    return views.view(self, tuple(other.shape))  # type: ignore[no-any-return]


@method()
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """Reshaped to the shape of `other`."""
    return _shape.reshape(self, tuple(other.shape))  # type: ignore[no-any-return]


@method()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """One axis in place of those from `start_dim` to `end_dim`."""
    return views.flatten(tensor_argument("flatten", input), start_dim, end_dim)  # type: ignore[no-any-return]


@method()
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """Several axes in place of one."""
    return views.unflatten(input, dim, sizes)  # type: ignore[no-any-return]


@method()
def ravel(input: Tensor) -> Tensor:
    """All elements along one axis."""
    return views.ravel(input)  # type: ignore[no-any-return]


def _dims(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


@method()
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without axes of length 1: all of them, or those named."""
    return views.squeeze(tensor_argument("squeeze", input), _dims(dim))  # type: ignore[no-any-return]


@method()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of length 1 at `dim`."""
    return _shape.expand_dims(tensor_argument("unsqueeze", input), dim)  # type: ignore[no-any-return]


@method("expand")
def expand(self: Tensor, *size_: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Axes of length 1 repeated without copying; -1 keeps a length."""
    return views.expand(self, sizes_argument(size_ if size is None else (size,)))  # type: ignore[no-any-return]


@method()
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of `other`."""
    return views.expand(self, tuple(other.shape))  # type: ignore[no-any-return]


@method()
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """Broadcast to `size`, as a view."""
    return views.expand(input, tuple(size))  # type: ignore[no-any-return]


@method()
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Summed over the axes along which `size` broadcasts to the shape.

    Raises:
        RuntimeError: It does not.
    """
    want = sizes_argument(size)
    try:
        fits = np.broadcast_shapes(want, tuple(self.value.shape)) == tuple(self.value.shape)
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"size {{{list(want)}}} is not expandable to size {{{list(self.value.shape)}}}."
        )
    return _shape.sum_to_shape(self, want)  # type: ignore[no-any-return]


@method()
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged, as a view."""
    return views.transpose(tensor_argument("transpose", input), dim0, dim1)  # type: ignore[no-any-return]


swapaxes = swapdims = transpose
Tensor.swapaxes = Tensor.swapdims = transpose  # type: ignore[attr-defined]


@method()
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix."""
    return views.t(input)  # type: ignore[no-any-return]


def permute(input: Tensor, dims: Any) -> Tensor:
    """The axes in another order, as a view."""
    return _shape.permute(tensor_argument("permute", input), tuple(dims))  # type: ignore[no-any-return]


@method("permute")
def permute_method(self: Tensor, *dims_: Any, dims: Any = None) -> Tensor:
    """See `torch.permute`."""
    return _shape.permute(self, sizes_argument(dims_ if dims is None else (dims,)))  # type: ignore[no-any-return]


@method(aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Some axes moved, the others in order."""
    return views.movedim(input, source, destination)  # type: ignore[no-any-return]


moveaxis = movedim


@method()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """A part along an axis, as a view.

    Raises:
        RuntimeError: It reaches outside; or `start` is a tensor that is no 0-d integer.
    """
    if isinstance(start, CoreTensor) and (start.value.shape or start.value.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    return views.narrow(input, dim, int(start), int(length))  # type: ignore[no-any-return]


@method()
def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """One place along an axis, which is dropped; a view."""
    return views.select(input, dim, int(index))  # type: ignore[no-any-return]


@method()
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The elements of the memory by strides, as a view.

    Raises:
        RuntimeError: It would reach outside the memory, or a stride is negative.
    """
    return strided.as_strided(input, tuple(size), tuple(stride), storage_offset)  # type: ignore[no-any-return]


@method()
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` elements along an axis, `step` apart, as a new last axis; a view.

    Raises:
        RuntimeError: The size does not fit, or the step is not positive.
    """
    return strided.unfold(self, dimension, size, step)  # type: ignore[no-any-return]


def _mT(self: Tensor) -> Tensor:
    if self.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor."
        )
    return views.transpose(self, -2, -1)  # type: ignore[no-any-return]


def _T(self: Tensor) -> Tensor:
    n = self.ndim
    return _shape.permute(self, tuple(range(n - 1, -1, -1))) if n != 2 else views.t(self)  # type: ignore[no-any-return]


def _conjugate(x: Tensor) -> Tensor:
    return x.conj() if x.value.dtype.kind == "c" else x


def _H(self: Tensor) -> Tensor:
    if self.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor."
        )
    return _conjugate(self if self.ndim == 0 else views.transpose(self, 0, 1))


def _mH(self: Tensor) -> Tensor:
    if self.ndim < 2:
        raise RuntimeError(
            f"tensor.mH is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor."
        )
    return _conjugate(views.transpose(self, -2, -1))


@method()
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of the last two axes."""
    return _mH(input)


Tensor.T = property(_T)  # type: ignore[attr-defined]
Tensor.mT = property(_mT)  # type: ignore[attr-defined]
Tensor.H = property(_H)  # type: ignore[attr-defined]
Tensor.mH = property(_mH)  # type: ignore[attr-defined]


def _reshaping_in_place(name: str, function: Any) -> None:
    """`t_`, `squeeze_` and the like give the tensor itself another shape; its elements stay."""

    def change(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        out = function(self, *args, **kwargs)
        self.value, self.edge = out.value, out.current_edge()
        self.shared_version().bump()
        return self

    change.__name__ = name
    setattr(Tensor, name, change)


for _name, _function in (
    ("t_", t), ("transpose_", transpose), ("swapaxes_", transpose), ("swapdims_", transpose),
    ("squeeze_", squeeze), ("unsqueeze_", unsqueeze), ("as_strided_", as_strided),
):  # fmt: skip
    _reshaping_in_place(_name, _function)

# --- joining and splitting ----------------------------------------------------------------------


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

# --- rearranging --------------------------------------------------------------------------------


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


# --- copies -------------------------------------------------------------------------------------


@method()
def clone(input: Tensor, *, memory_format: Any = preserve_format) -> Tensor:
    """A copy, through which gradients flow."""
    return views.clone(tensor_argument("clone", input))  # type: ignore[no-any-return]


@method()
def contiguous(self: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """The tensor itself where it lies in row-major order, else a copy that does."""
    if current() & BOXED:
        return self
    return views.as_contiguous(self)  # type: ignore[no-any-return]


def _copying(name: str, function: Any) -> Any:
    """`view_copy` and the like: the view's elements in memory of their own."""

    def copy(input: Tensor, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        found = function(input, *args, **kwargs)
        if isinstance(found, tuple):
            return store_all(out, [views.clone(t) for t in found], name)
        return store(out, views.clone(found), name)

    copy.__name__ = copy.__qualname__ = name
    copy.__doc__ = f"As `{name.removesuffix('_copy')}`, in memory of its own."
    return copy


alias_copy = _copying("alias_copy", views.clone)
as_strided_copy = _copying("as_strided_copy", as_strided)
detach_copy = _copying("detach_copy", Tensor.detach)
diagonal_copy = _copying("diagonal_copy", diagonal)
expand_copy = _copying("expand_copy", expand)
permute_copy = _copying("permute_copy", permute)
select_copy = _copying("select_copy", select)
split_copy = _copying("split_copy", split)
split_with_sizes_copy = _copying("split_with_sizes_copy", split_with_sizes)
squeeze_copy = _copying("squeeze_copy", squeeze)
t_copy = _copying("t_copy", t)
transpose_copy = _copying("transpose_copy", transpose)
unbind_copy = _copying("unbind_copy", unbind)
unfold_copy = _copying("unfold_copy", unfold)
unsqueeze_copy = _copying("unsqueeze_copy", unsqueeze)
view_copy = _copying("view_copy", view_method)
narrow_copy = method()(_copying("narrow_copy", narrow))


__all__ = [
    "adjoint",
    "alias_copy",
    "as_strided",
    "as_strided_copy",
    "as_strided_scatter",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "cartesian_prod",
    "cat",
    "chunk",
    "clone",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "detach_copy",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_copy",
    "dsplit",
    "dstack",
    "expand_copy",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "moveaxis",
    "movedim",
    "narrow",
    "narrow_copy",
    "permute",
    "permute_copy",
    "ravel",
    "reshape",
    "roll",
    "rot90",
    "row_stack",
    "select",
    "select_copy",
    "split",
    "split_copy",
    "split_with_sizes",
    "split_with_sizes_copy",
    "squeeze",
    "squeeze_copy",
    "stack",
    "swapaxes",
    "swapdims",
    "t",
    "t_copy",
    "tensor_split",
    "tile",
    "trace",
    "transpose",
    "transpose_copy",
    "tril",
    "triu",
    "unbind",
    "unbind_copy",
    "unflatten",
    "unfold_copy",
    "unsafe_chunk",
    "unsafe_split",
    "unsqueeze",
    "unsqueeze_copy",
    "view_copy",
    "vsplit",
    "vstack",
]
