"""Other shapes of the same elements: views, by PyTorch's names and argument conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.lengths import whole
from ..core.tensor import Tensor as CoreTensor
from ..ops import shape as _shape
from ..ops import strided, views
from ..ops.complex import cast
from ._tensor import Tensor
from .arguments import tensor_argument
from .promotion import result_numpy
from .registry import method


def sizes_argument(args: Sequence[Any]) -> tuple[int, ...]:
    """A size given as one sequence or as several ints."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    return tuple([whole(n) for n in args])


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


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """Broadcast to `size`, as a view."""
    return views.expand(input, tuple(size))  # type: ignore[no-any-return]


@method("broadcast_to")
def broadcast_to_sizes(self: Tensor, *size: Any) -> Tensor:
    """Broadcast to the sizes, given one by one or as a sequence, as a view."""
    return views.expand(self, sizes_argument(size))  # type: ignore[no-any-return]


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
    return _shape.permute(self, tuple(range(self.ndim - 1, -1, -1)))  # type: ignore[no-any-return]


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


__all__ = [
    "adjoint",
    "as_strided",
    "broadcast_to",
    "flatten",
    "moveaxis",
    "movedim",
    "narrow",
    "permute",
    "ravel",
    "reshape",
    "select",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]
