"""Making tensors like another tensor: `zeros_like` and its kin, and the methods `new_zeros` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor import Tensor
from .arguments import dtype_argument, is_integer, number_as, tensor_argument, wrong_type
from .batched_like import example_of
from .creation import finished
from .data_arrays import inferred
from .dtypes import NumpyDtype
from .filled import (
    Maker,
    allocated,
    check_options,
    empty,
    empty_array,
    empty_strided,
    fill_number,
    full_array,
    ones_array,
    size_argument,
    zeros_array,
)
from .registry import method
from .sizes import Size, preserve_format


def like_argument(function: str, input: Any, dtype: Any) -> tuple[Tensor, NumpyDtype]:
    """The tensor that the new one is to be like, and the new one's dtype."""
    t = tensor_argument(function, input)
    return t, t.value.dtype if dtype is None else dtype_argument(function, dtype)


def array_like(t: Tensor, dtype: NumpyDtype, memory_format: Any, make: Maker) -> Any:
    """A new array of the shape of `t`, laid out as `t` where that leaves no holes."""
    value = t.value
    dense = type(value) is np.ndarray and value.ndim > 1 and 0 not in value.strides
    if dense and memory_format in (None, preserve_format) and not value.flags.c_contiguous:
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
        return finished(example_of(t, array_like(t, d, memory_format, make)), requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"A tensor of {what} with the shape, and unless named the dtype, of `input`."
    return function


zeros_like = _like("zeros_like", zeros_array, "zeros")
ones_like = _like("ones_like", ones_array, "ones")
empty_like = _like("empty_like", empty_array, "whatever was in memory")


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
    return finished(
        example_of(t, array_like(t, d, memory_format, full_array(value))), requires_grad, device
    )


# --- methods: the dtype of another tensor -----------------------------------------------------------


def _new(name: str, make: Maker) -> None:
    def function(
        self: Tensor, *args: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        shape = size_argument(name, args if size is None else (size,))
        check_options(layout, pin_memory)
        d = self.value.dtype if dtype is None else dtype_argument(name, dtype)
        return finished(example_of(self, allocated(make, shape, d)), requires_grad, device)

    function.__name__ = name
    function.__qualname__ = f"Tensor.{name}"
    function.__doc__ = f"`torch.{name[4:]}` in the dtype of this tensor unless another is named."
    setattr(Tensor, name, function)


_new("new_zeros", zeros_array)
_new("new_ones", ones_array)
_new("new_empty", empty_array)


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
    return finished(example_of(self, allocated(full_array(value), shape, d)), requires_grad, device)


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


__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]
