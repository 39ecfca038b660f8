"""Making tensors of one value or of none in particular: zeros, ones, full, empty, eye, and their like.

Values of `empty` are whatever was in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.lengths import whole
from ..core.tensor import Tensor as CoreTensor
from ..core.tracing import filled
from . import dtypes
from ._tensor import Tensor
from .arguments import (
    dtype_argument,
    integer,
    is_integer,
    number,
    number_as,
    tensor_argument,
    wrong_type,
)
from .creation import finished
from .dtypes import NumpyDtype, scalar_name
from .promotion import number_dtype
from .registry import resized
from .sizes import channels_last, channels_last_3d, preserve_format, strided

Shape = tuple[int, ...]
Maker = Callable[[Shape, NumpyDtype], Any]


# --- sizes ------------------------------------------------------------------------------------------


def size_argument(function: str, args: Sequence[Any], position: int = 1) -> Shape:
    """The shape given either as one sequence of ints or as several ints.

    Raises:
        TypeError: Something is no int; or nothing is given.
        RuntimeError: A length is negative, or there are too many elements.
    """
    if len(args) == 1:
        (only,) = args
        if isinstance(only, (tuple, list)):
            args = only
            if args and not is_integer(args[0]):
                raise TypeError(
                    f"{function}(): argument 'size' (position {position}) must be tuple of ints, but found element "
                    f"of type {type(args[0]).__name__} at pos 0"
                )
        elif not is_integer(only):
            raise wrong_type(function, "size", position, "tuple of ints", only)
    elif not args:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    shape = []
    for i, n in enumerate(args):
        if type(n) is not int:
            if not is_integer(n) and not isinstance(n, bool):
                if i == 0:
                    raise wrong_type(function, "size", position, "tuple of ints", n)
                raise TypeError(
                    f"{function}(): argument 'size' failed to unpack the object at pos {i + 1} with error \"type "
                    f'must be tuple of ints,but got {type(n).__name__}"'
                )
            n = whole(n)
        shape.append(n)
    return checked_size(tuple(shape))


def checked_size(shape: Shape) -> Shape:
    """A shape that memory can be asked for.

    Raises:
        RuntimeError: A length is negative, or there are too many elements.
    """
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    if len(shape) > 1 and math.prod(shape) >= 2**63:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return shape


def allocated(make: Maker, shape: Shape, dtype: NumpyDtype, memory_format: Any = None) -> Any:
    """A new array by `make`, its axes in memory ordered as a memory format says; a scalar for no axes.

    Raises:
        RuntimeError: Out of memory; or the format is for another number of axes.
    """
    try:
        if memory_format in (channels_last, channels_last_3d):
            rank = 4 if memory_format is channels_last else 5
            if len(shape) != rank:
                name = "channels_last" if rank == 4 else "channels_last_3d"
                raise RuntimeError(f"required rank {rank} tensor to use {name} format")
            return np.moveaxis(make((shape[0], *shape[2:], shape[1]), dtype), -1, 1)
        array = filled(lambda s: make(s, dtype), shape, dtype)
    except MemoryError as error:
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate "
            f"{math.prod(shape) * dtype.itemsize} bytes."
        ) from error
    return array if shape else array[()]


def check_options(layout: Any, pin_memory: bool) -> None:
    """Raise where a tensor is asked for that only lives elsewhere.

    Raises:
        NotImplementedError: A layout that is not strided.
        RuntimeError: Pinned memory.
    """
    if layout is not None and layout is not strided:
        raise NotImplementedError(f"dualtape has strided tensors only, not {layout}")
    if pin_memory:
        raise RuntimeError(
            "pin_memory=True requires a CUDA or other accelerator backend; no pinned memory allocator is "
            "available on this system."
        )


def into_out(
    out: Any, function: str, shape: Shape, dtype: Any, fill: Callable[[Any], None]
) -> Tensor:
    """Write freshly made values into the `out=` tensor, resized to `shape`.

    Raises:
        RuntimeError: `dtype` is not that of `out`.
    """
    out = tensor_argument(function, out, "out", None)
    if dtype is not None and dtype_argument(function, dtype) != out.value.dtype:
        raise RuntimeError(
            f"dtype {scalar_name(dtype_argument(function, dtype))} does not match dtype of out parameter "
            f"({scalar_name(out.value.dtype)})"
        )
    return resized(out, shape, fill)


# --- by size ----------------------------------------------------------------------------------------


def zeros_array(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.zeros(shape, dtype)


def ones_array(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.ones(shape, dtype)


def empty_array(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.empty(shape, dtype)


def full_array(value: Any) -> Maker:
    return lambda shape, dtype: np.full(shape, value, dtype)


def _by_size(name: str, make: Maker, what: str) -> Callable[..., Tensor]:
    def function(
        *args: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        shape = size_argument(name, args if size is None else (size,))
        if layout is not None or pin_memory:
            check_options(layout, pin_memory)
        if out is not None:
            return into_out(out, name, shape, dtype, lambda a: np.copyto(a, make((), a.dtype)))
        d = dtypes.default_numpy if dtype is None else dtype_argument(name, dtype)
        return finished(allocated(make, shape, d), requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"A tensor of {what}, of a size given as ints or as one sequence, in the default dtype unless named.\n\n"
        "Raises:\n    TypeError: The size is not made of ints.\n    RuntimeError: A length is negative."
    )
    return function


zeros = _by_size("zeros", zeros_array, "zeros")
ones = _by_size("ones", ones_array, "ones")


def empty(
    *args: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor with whatever was in memory, of a size given as ints or as one sequence.

    Raises:
        TypeError: The size is not made of ints.
        RuntimeError: A length is negative; or the memory format is for another number of axes.
    """
    shape = size_argument("empty", args if size is None else (size,))
    check_options(layout, pin_memory)
    if memory_format is preserve_format:
        raise RuntimeError("unsupported memory format Preserve")
    if out is not None:
        return into_out(out, "empty", shape, dtype, lambda a: None)
    d = dtypes.default_numpy if dtype is None else dtype_argument("empty", dtype)
    return finished(allocated(empty_array, shape, d, memory_format), requires_grad, device)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with whatever was in memory, whose axes have the given strides (in elements).

    Raises:
        RuntimeError: As many strides as lengths are needed, and none negative.
    """
    shape = size_argument("empty_strided", (tuple(size),))
    steps = tuple([integer("empty_strided", s, "stride", 2) for s in stride])
    check_options(layout, pin_memory)
    if len(shape) != len(steps):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides ({len(steps)})"
        )
    if any(s < 0 for s in steps):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(shape)} and strides={list(steps)}"
        )
    d = dtypes.default_numpy if dtype is None else dtype_argument("empty_strided", dtype)
    return finished(_strided(shape, steps, d), requires_grad, device)


def _strided(shape: Shape, steps: Shape, dtype: NumpyDtype) -> Any:
    count = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    memory = np.empty(count, dtype)
    strides = [s * dtype.itemsize for s in steps]
    return np.lib.stride_tricks.as_strided(memory, shape, strides) if shape else memory.reshape(())


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with whatever was in memory, its axes laid out in the order `physical_layout`.

    Raises:
        RuntimeError: That is not an order of the axes.
    """
    shape = size_argument("empty_permuted", (tuple(size),))
    order = tuple(physical_layout)
    check_options(layout, pin_memory)
    if len(order) != len(shape):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(shape)} is not equal to len(physical_layout) = {len(order)}"
        )
    for i, a in enumerate(order):
        if not 0 <= a < len(shape):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got {a} at index {i}).  "
                "NB: negative dims not currently supported; file an issue if you want it."
            )
    if len(set(order)) < len(order):
        raise RuntimeError("Duplicate dim not allowed")
    d = dtypes.default_numpy if dtype is None else dtype_argument("empty_permuted", dtype)
    array = np.empty([shape[a] for a in order], d)
    inverse = [order.index(i) for i in range(len(order))]
    return finished(array.transpose(inverse), requires_grad, device)


def fill_number(function: str, fill_value: Any, position: int) -> Any:
    """The number to fill with, which may come as a 0-d tensor."""
    return number(function, fill_value, "fill_value", position)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor filled with one number, whose kind decides the dtype unless one is named.

    Raises:
        TypeError: The size is no sequence, or the number none.
        RuntimeError: The number does not fit the dtype.
    """
    if not isinstance(size, (tuple, list)):
        raise wrong_type("full", "size", 1, "tuple of ints", size)
    shape = size_argument("full", (size,))
    value = fill_number("full", fill_value, 2)
    check_options(layout, pin_memory)
    if out is not None:
        return into_out(
            out, "full", shape, dtype, lambda a: np.copyto(a, number_as(value, a.dtype))
        )
    natural = fill_value.value.dtype if isinstance(fill_value, CoreTensor) else number_dtype(value)
    d = natural if dtype is None else dtype_argument("full", dtype)
    return finished(allocated(full_array(number_as(value, d)), shape, d), requires_grad, device)


def eye(
    n: Any, m: Any = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n by m matrix (n by n without m), zeros elsewhere.

    Raises:
        RuntimeError: A length is negative.
    """
    rows = integer("eye", n, "n", 1)
    columns = rows if m is None else integer("eye", m, "m", 2)
    check_options(layout, pin_memory)
    for name, length in (("n", rows), ("m", columns)):
        if length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    if out is not None:
        return into_out(
            out,
            "eye",
            (rows, columns),
            dtype,
            lambda a: np.copyto(a, np.eye(rows, columns, dtype=a.dtype)),
        )
    d = dtypes.default_numpy if dtype is None else dtype_argument("eye", dtype)
    matrix = filled(lambda s: np.eye(*s, dtype=d), (rows, columns), d)
    return finished(matrix, requires_grad, device)


__all__ = ["empty", "empty_permuted", "empty_strided", "eye", "full", "ones", "zeros"]
