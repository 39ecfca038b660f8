"""Dtype conversions, and what a tensor tells about its memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import GraphError
from ..core.inplace import write
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import retyped, wrap
from ..core.versions import InferenceVersion
from ..ops.complex import cast
from ..ops.views import clone
from . import dtypes
from ._tensor import Tensor, concrete
from .promotion import Number
from .registry import method
from .sizes import Size, device


def converted(x: Tensor, dtype: dtypes.dtype, copy: bool = False) -> Tensor:
    """A tensor in another dtype; the tensor itself where it has it already, unless `copy`."""
    want = dtype.dtype
    if x.value.dtype == want:
        return clone(x) if copy else x
    return cast(x, want)  # type: ignore[no-any-return]


@method()
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Convert: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`; `copy=True` always copies.

    Raises:
        RuntimeError: A device other than the CPU.
        TypeError: Arguments of no such form.
    """
    dtype = kwargs.pop("dtype", None)
    copy = kwargs.pop("copy", False)
    dev = kwargs.pop("device", None)
    other = kwargs.pop("other", None)
    for ignored in ("non_blocking", "memory_format"):
        kwargs.pop(ignored, None)
    if kwargs:
        raise TypeError(f"to() received an invalid combination of arguments - got {sorted(kwargs)}")
    rest = list(args)
    if other is not None:
        rest.insert(0, other)
    flags: list[bool] = []
    for a in rest:
        if isinstance(a, dtypes.dtype):
            dtype = a
        elif isinstance(a, CoreTensor):
            dtype = a.dtype
        elif isinstance(a, (str, device)):
            dev = a
        elif isinstance(a, bool):
            flags.append(a)
        elif a is not None:
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({type(a).__name__})"
            )
    if len(flags) > 1:  # the first is non_blocking
        copy = flags[1]
    if dev is not None:
        device(dev)
    if dtype is None:
        return clone(self) if copy else self
    return converted(self, dtype, copy)


def _install(name: str, dtype: dtypes.dtype) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return converted(self, dtype)

    convert.__name__ = name
    convert.__doc__ = f"Convert to {dtype!r}."
    setattr(Tensor, name, convert)


for _name, _dtype in (
    ("float", dtypes.float32), ("double", dtypes.float64), ("half", dtypes.float16), ("bfloat16", dtypes.bfloat16),
    ("int", dtypes.int32), ("long", dtypes.int64), ("short", dtypes.int16), ("char", dtypes.int8), ("byte", dtypes.uint8),
    ("bool", dtypes.bool_), ("cfloat", dtypes.complex64), ("cdouble", dtypes.complex128),
):  # fmt: skip
    _install(_name, _dtype)


@method("type")
def type_method(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """The type's name, or the tensor converted to a dtype, a type name such as "torch.DoubleTensor"."""
    if dtype is None:
        return f"torch.{_TYPE_NAMES[self.dtype.name]}Tensor"
    if isinstance(dtype, str):
        wanted = dtype.removeprefix("torch.").removesuffix("Tensor")
        for name, short in _TYPE_NAMES.items():
            if short == wanted:
                return converted(self, dtypes.BY_NAME[name])
        raise ValueError(f"invalid type: '{dtype}'")
    if (
        isinstance(dtype, type)
        and hasattr(dtype, "dtype")
        and isinstance(dtype.dtype, dtypes.dtype)
    ):
        return converted(self, dtype.dtype)
    return converted(self, dtype)


_TYPE_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat",
    "complex128": "ComplexDouble", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
}  # fmt: skip


@method()
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Converted to the dtype of `other`."""
    return converted(self, other.dtype)


@method()
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


@method()
def cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """There is no GPU.

    Raises:
        RuntimeError: Always.
    """
    raise RuntimeError("dualtape computes on the CPU only (torch.cuda.is_available() is False)")


@method()
def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis."""
    shape = self.value.shape
    if dim is None:
        return Size(shape)
    rank = len(shape)
    if not -max(rank, 1) <= dim < max(rank, 1) or not rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-max(rank, 1)}, {max(rank, 1) - 1}], but got {dim})"
            if rank else "Dimension specified as 0 but tensor has no dimensions"
        )  # fmt: skip
    return shape[dim]


@method()
def dim(self: Tensor) -> int:
    """The number of axes."""
    return len(self.value.shape)


Tensor.ndimension = dim  # type: ignore[attr-defined]


@method(aliases=("nelement",))
def numel(input: Tensor) -> int:
    """The number of elements."""
    n = 1
    for s in input.value.shape:
        n *= s
    return n


@method()
def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements apart neighbours along each axis lie."""
    array = concrete(self.buffer(), "stride()")
    steps = tuple(s // array.itemsize for s in array.strides)
    return steps if dim is None else steps[dim]


@method()
def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements lie in row-major order without gaps."""
    value = self.value
    return bool(value.flags.c_contiguous) if isinstance(value, np.ndarray) else True


@method()
def storage_offset(self: Tensor) -> int:
    """How many elements before the first one the memory begins."""
    array = concrete(self.buffer(), "storage_offset()")
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    return int(
        (array.__array_interface__["data"][0] - base.__array_interface__["data"][0])
        // array.itemsize
    )


@method()
def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return int(concrete(self.buffer(), "data_ptr()").__array_interface__["data"][0])


@method()
def element_size(self: Tensor) -> int:
    """Bytes per element."""
    return int(self.value.dtype.itemsize)


def _nbytes(self: Tensor) -> int:
    return numel(self) * int(self.value.dtype.itemsize)


def _itemsize(self: Tensor) -> int:
    return int(self.value.dtype.itemsize)


Tensor.nbytes = property(_nbytes)  # type: ignore[attr-defined]
Tensor.itemsize = property(_itemsize)  # type: ignore[attr-defined]


@method()
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a float."""
    return input.value.dtype.kind in "fV"


@method()
def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return bool(input.value.dtype.kind == "c")


@method()
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return input.value.dtype.kind in "ifcV"


@method()
def is_nonzero(input: Tensor) -> bool:
    """Whether the single element is not zero."""
    return bool(input)


@method()
def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed at once here."""
    return False


@method()
def is_neg(input: Tensor) -> bool:
    """False: negatives are computed at once here."""
    return False


@method()
def is_inference(self: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return isinstance(self.version, InferenceVersion)


@method()
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself."""
    return input


@method()
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself."""
    return input


@method()
def pin_memory(self: Tensor, *args: Any) -> Tensor:
    """The tensor itself."""
    return self


@method()
def is_pinned(self: Tensor, *args: Any) -> bool:
    """False."""
    return False


@method()
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself."""
    return self


@method()
def is_shared(self: Tensor) -> bool:
    """Whether the memory is shared between processes: no."""
    return False


@method()
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape."""
    return tuple(input.value.shape) == tuple(other.value.shape)


@method()
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors are the same view of the same memory."""
    a, b = concrete(self.buffer(), "is_set_to()"), concrete(tensor.buffer(), "is_set_to()")
    same_place = a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
    return bool(same_place and a.shape == b.shape and a.strides == b.strides)


@method()
def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """The same memory and history as a tensor of a subclass."""
    return retyped(self, cls)  # type: ignore[return-value]


@method()
def get_device(self: Tensor) -> int:
    """-1, as on every CPU tensor."""
    return -1


@method()
def dense_dim(self: Tensor) -> int:
    """The number of axes."""
    return len(self.value.shape)


@method()
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Overwrite with `src`, converted and broadcast; gradients flow to `src`."""
    if isinstance(src, Number):
        src = wrap(Tensor, np.array(src, self.value.dtype))
    if not isinstance(src, CoreTensor):
        raise TypeError(
            f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
        )
    want = self.value.dtype
    return write(self, lambda _: src if src.value.dtype == want else cast(src, want))  # type: ignore[return-value]


@method()
def set_(self: Tensor, source: Tensor | None = None, *args: Any) -> Tensor:
    """Use the memory of another tensor."""
    self.value = np.zeros((0,), self.value.dtype) if source is None else source.buffer()
    self.shared_version().bump()
    return self


@method()
def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Give the tensor another size; what the old memory does not cover is zero here.

    Raises:
        RuntimeError: The tensor requires a gradient.
    """
    if self.requires_grad:
        raise GraphError("cannot resize variables that require grad")
    shape = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    out = np.zeros(shape, self.value.dtype)
    old = np.ravel(self.value)
    n = min(old.size, out.size)
    out.reshape(-1)[:n] = old[:n]
    self.value = out
    self.shared_version().bump()
    return self


@method()
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give the tensor the size of another."""
    return resize_(self, tuple(the_template.shape))


@method()
def untyped_storage(self: Tensor) -> Any:
    """The memory, as an object with `data_ptr()`, `nbytes()` and `size()`."""
    return Storage(self)


Tensor.storage = untyped_storage  # type: ignore[attr-defined]


class Storage:
    """A tensor's memory."""

    def __init__(self, tensor: Tensor) -> None:
        array = concrete(tensor.buffer(), "storage()")
        while isinstance(array.base, np.ndarray):
            array = array.base
        self._array = array

    def data_ptr(self) -> int:
        """The address."""
        return int(self._array.__array_interface__["data"][0])

    def nbytes(self) -> int:
        """Bytes."""
        return int(self._array.nbytes)

    def size(self) -> int:
        """Elements."""
        return int(self._array.size)

    def __len__(self) -> int:
        return self.size()


def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether an object is a storage."""
    return isinstance(obj, Storage)


__all__ = [
    "is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage",
    "is_tensor", "numel", "resize_as_", "resolve_conj", "resolve_neg",
]  # fmt: skip
