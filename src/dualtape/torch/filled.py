"""Making tensors of one value or of none in particular: zeros, ones, full, empty, eye, and their like.

Values of `empty` are whatever was in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import modes
from ..core.inplace import write
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import select
from ..ops.complex import cast
from . import dtypes
from ._tensor import Tensor
from .arguments import (
    dtype_argument,
    integer,
    invalid_combination,
    is_integer,
    is_number,
    number,
    number_as,
    tensor_argument,
    wrong_type,
)
from .creation import finished, inferred
from .dtypes import NumpyDtype, scalar_name
from .promotion import number_dtype
from .registry import method, resized
from .sizes import Size, channels_last, channels_last_3d, preserve_format, strided

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
            n = int(n)
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
        array = make(shape, dtype)
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


def _zeros(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.zeros(shape, dtype)


def _ones(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.ones(shape, dtype)


def _empty(shape: Shape, dtype: NumpyDtype) -> Any:
    return np.empty(shape, dtype)


def _full_of(value: Any) -> Maker:
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


zeros = _by_size("zeros", _zeros, "zeros")
ones = _by_size("ones", _ones, "ones")


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
    return finished(allocated(_empty, shape, d, memory_format), requires_grad, device)


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
    if dtype is not None:
        d = dtype_argument("full", dtype)
    else:
        d = fill_value.value.dtype if isinstance(fill_value, CoreTensor) else number_dtype(value)
    return finished(allocated(_full_of(number_as(value, d)), shape, d), requires_grad, device)


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
    return finished(np.eye(rows, columns, dtype=d), requires_grad, device)


# --- like another tensor ----------------------------------------------------------------------------


def like_argument(function: str, input: Any, dtype: Any) -> tuple[Tensor, NumpyDtype]:
    """The tensor that the new one is to be like, and the new one's dtype."""
    t = tensor_argument(function, input)
    return t, t.value.dtype if dtype is None else dtype_argument(function, dtype)


def array_like(t: Tensor, dtype: NumpyDtype, memory_format: Any, make: Maker) -> Any:
    """A new array of the shape of `t`, laid out as `t` where that leaves no holes."""
    value = t.value
    if type(value) is np.ndarray and value.ndim > 1 and memory_format in (None, preserve_format):
        if not value.flags.c_contiguous and 0 not in value.strides:
            order = sorted(range(value.ndim), key=lambda i: -value.strides[i])
            inverse = [order.index(i) for i in range(value.ndim)]
            return make(tuple([value.shape[i] for i in order]), dtype).transpose(inverse)
    return allocated(make, tuple(value.shape), dtype, memory_format)


def _like(name: str, make: Maker, what: str) -> Callable[..., Tensor]:
    def function(
        input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
        pin_memory: bool = False, memory_format: Any = None,
    ) -> Tensor:  # fmt: skip
        t, d = like_argument(name, input, dtype)
        check_options(layout, pin_memory)
        return finished(array_like(t, d, memory_format, make), requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"A tensor of {what} with the shape, and unless named the dtype, of `input`."
    return function


zeros_like = _like("zeros_like", _zeros, "zeros")
ones_like = _like("ones_like", _ones, "ones")
empty_like = _like("empty_like", _empty, "whatever was in memory")


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor filled with one number, with the shape, and unless named the dtype, of `input`.

    Raises:
        RuntimeError: The number does not fit the dtype.
    """
    t, d = like_argument("full_like", input, dtype)
    check_options(layout, pin_memory)
    value = number_as(fill_number("full_like", fill_value, 2), d)
    return finished(array_like(t, d, memory_format, _full_of(value)), requires_grad, device)


# --- methods: the dtype of another tensor -----------------------------------------------------------


def _new(name: str, make: Maker) -> None:
    def function(
        self: Tensor, *args: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        shape = size_argument(name, args if size is None else (size,))
        check_options(layout, pin_memory)
        d = self.value.dtype if dtype is None else dtype_argument(name, dtype)
        return finished(allocated(make, shape, d), requires_grad, device)

    function.__name__ = name
    function.__qualname__ = f"Tensor.{name}"
    function.__doc__ = f"`torch.{name[4:]}` in the dtype of this tensor unless another is named."
    setattr(Tensor, name, function)


_new("new_zeros", _zeros)
_new("new_ones", _ones)
_new("new_empty", _empty)


@method()
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.full` in the dtype of this tensor unless another is named."""
    if not isinstance(size, (tuple, list)):
        raise wrong_type("new_full", "size", 1, "tuple of ints", size)
    shape = size_argument("new_full", (size,))
    check_options(layout, pin_memory)
    d = self.value.dtype if dtype is None else dtype_argument("new_full", dtype)
    value = number_as(fill_number("new_full", fill_value, 2), d)
    return finished(allocated(_full_of(value), shape, d), requires_grad, device)


@method()
def new_empty_strided(
    self: Tensor, size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.empty_strided` in the dtype of this tensor unless another is named."""
    return empty_strided(
        size, stride, dtype=self.dtype if dtype is None else dtype, layout=layout, device=device,
        requires_grad=requires_grad, pin_memory=pin_memory,
    )  # fmt: skip


@method()
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`torch.tensor` in the dtype of this tensor unless another is named."""
    from_data = inferred(
        data, self.value.dtype if dtype is None else dtype_argument("new_tensor", dtype)
    )
    return finished(from_data if from_data.shape else from_data[()], requires_grad, device)


@method()
def new(self: Tensor, *args: Any) -> Tensor:
    """A tensor in the dtype of this one, from sizes or from data, as its legacy constructor makes it."""
    if len(args) == 1 and not is_integer(args[0]) and not isinstance(args[0], Size):
        return new_tensor(self, args[0])
    return empty(*(args or ((0,),)), dtype=self.dtype)


# --- filling ----------------------------------------------------------------------------------------


def _fill_value(function: str, x: Tensor, value: Any) -> Any:
    """What to fill with: a NumPy scalar of the dtype of `x`, or a 0-d tensor.

    Raises:
        TypeError: Neither a number nor a tensor.
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    if isinstance(value, CoreTensor):
        if value.value.shape:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {len(value.value.shape)} dimensions."
            )
        return cast(value, x.value.dtype)
    if not is_number(value):
        raise invalid_combination(function, (value,))
    return number_as(number(function, value, "value", 1), x.value.dtype)


def _filled(old: Any, value: Any) -> Tensor:
    """`old` with every element `value`, recorded: nothing flows back to `old`."""
    like = np.ones(tuple(old.shape), np.bool_)
    mask = wrap(Tensor, like if like.ndim else like[()])
    v = value if isinstance(value, CoreTensor) else wrap(Tensor, value)
    return select.masked_fill.bind(old, mask, v)  # type: ignore[no-any-return]


@method()
def fill_(self: Tensor, value: Any) -> Tensor:
    """Make every element `value`, a number or a 0-d tensor, in place.

    Raises:
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    x = tensor_argument("fill_", self)
    v = _fill_value("fill_", x, value)
    mode = modes.current()
    plain = type(x.value) is np.ndarray and not isinstance(v, CoreTensor) and not mode & modes.BOXED
    if plain and (mode & modes.NO_GRAD or (x.edge is None and x.view_of is None)):
        x.value[...] = v
        x.shared_version().bump()
        return x
    return write(x, lambda old: _filled(old, v))  # type: ignore[arg-type, return-value]


@method()
def zero_(self: Tensor) -> Tensor:
    """Make every element zero, in place."""
    mode = modes.current()
    value = self.value
    if mode & modes.BOXED or not (
        mode & modes.NO_GRAD or (self.edge is None and self.view_of is None)
    ):
        return fill_(self, 0)
    if type(value) is np.ndarray:
        value.fill(0)
    else:
        self.value = value.dtype.type(0)
    self.shared_version().bump()
    return self


def fill(input: Any, value: Any) -> Tensor:
    """A tensor like `input` with every element `value`, a number or a 0-d tensor.

    Raises:
        RuntimeError: A tensor with dimensions, or a number that does not fit the dtype.
    """
    x = tensor_argument("fill", input)
    return _filled(x, _fill_value("fill", x, value))


__all__ = [
    "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "fill", "fill_", "full", "full_like", "ones",
    "ones_like", "zero_", "zeros", "zeros_like",
]  # fmt: skip
