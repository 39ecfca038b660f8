"""Making tensors from data and from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from . import dtypes
from .dtypes import NumpyDtype, dtype, from_numpy_dtype, to_numpy_dtype
from .sizes import Size, device
from ._tensor import Tensor, set_requires_grad


def finished(array: Any, requires_grad: bool = False, dev: Any = None) -> Tensor:
    """A new tensor that owns `array`."""
    if dev is not None:
        device(dev)
    t: Tensor = wrap(Tensor, array)  # type: ignore[assignment]
    if requires_grad:
        set_requires_grad(t, True)
    return t


def inferred(data: Any) -> np.ndarray[Any, Any]:
    """Data as an array in the dtype that PyTorch infers: Python floats give the default dtype."""
    if isinstance(data, CoreTensor):
        return np.array(data.value)
    if isinstance(data, np.ndarray | np.generic):
        return np.array(data)
    array = _from_python(data)
    if array.dtype.kind == "f" and not _has_numpy(data):
        return array.astype(dtypes.default_numpy, copy=False)
    if array.dtype.kind == "c" and not _has_numpy(data):
        return array.astype(dtypes.default_complex_numpy, copy=False)
    if array.size == 0 and not _has_numpy(data):
        return array.astype(dtypes.default_numpy, copy=False)
    return array


def _has_numpy(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic, CoreTensor))


def _from_python(data: Any) -> np.ndarray[Any, Any]:
    if isinstance(data, (str, bytes, dict, set)) or data is None:
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if isinstance(data, (list, tuple, range)):
        data = _plain(data)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(_ragged(data)) from error
    if array.dtype == object:
        for x in _leaves(data):
            if isinstance(x, int) and abs(x) >= 2**63:
                raise RuntimeError("Overflow when unpacking long long")
        raise TypeError(f"not a sequence of numbers: {data!r:.60}")
    if array.dtype.kind not in "biufcV":
        raise TypeError(f"new(): invalid data type '{array.dtype}'")
    return array


def _plain(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_plain(x) for x in data]
    if isinstance(data, CoreTensor):
        return np.asarray(data.value)
    return data


def _leaves(data: Any) -> list[Any]:
    return [y for x in data for y in _leaves(x)] if isinstance(data, (list, tuple)) else [data]


def _ragged(data: Any, dim: int = 0) -> str:
    if isinstance(data, (list, tuple)) and data:
        lengths = [len(x) if isinstance(x, (list, tuple)) else -1 for x in data]
        for x, n in zip(data, lengths, strict=True):
            if n != lengths[0]:
                if n == -1 or lengths[0] == -1:
                    return f"expected sequence of length {max(lengths[0], 0)} at dim {dim + 1} (got {x!r:.20})"
                return f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {n})"
        for x in data:
            if isinstance(x, (list, tuple)):
                deeper = _ragged(x, dim + 1)
                if deeper:
                    return deeper
    return ""


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """Copy data into a new leaf tensor.

    Args:
        data: Numbers, nested sequences of numbers, arrays or tensors.
        dtype: Element type; by default inferred, Python floats giving the default dtype.
        device: The CPU.
        requires_grad: Whether gradients are wanted.
        pin_memory: Ignored.

    Raises:
        ValueError: The sequences are ragged.
        TypeError: The data are not numbers.
    """
    if dtype is None and type(data) is float:
        value: Any = dtypes.default_numpy.type(data)
    else:
        array = inferred(data)
        if dtype is not None:
            array = array_as(array, to_numpy_dtype(dtype))
        value = array if array.shape else array[()]
    return finished(value, requires_grad, device)


def array_as(array: np.ndarray[Any, Any], want: NumpyDtype) -> np.ndarray[Any, Any]:
    """An array converted as PyTorch converts (complex to real keeps the real part)."""
    if array.dtype == want:
        return array
    if array.dtype.kind == "c" and want.kind not in "cb":
        array = array.real
    return array.astype(want)


def size_of(args: Sequence[Any]) -> tuple[int, ...]:
    """The shape given either as one sequence or as several ints."""
    if len(args) == 1 and isinstance(args[0], (tuple, list, Size)):
        args = args[0]
    return tuple([int(n) for n in args])


def filled(name: str, fill: Any) -> Any:
    """`zeros`, `ones`, `empty`: the same function but for what is in it."""

    def make(
        *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None, names: Any = None,
    ) -> Tensor:  # fmt: skip
        if "size" in () or not size:
            size = ((),)
        shape = size_of(size)
        if any(n < 0 for n in shape):
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
            )
        d = dtypes.default_numpy if dtype is None else to_numpy_dtype(dtype)
        if out is not None:
            out.value = np.full(shape, fill, out.value.dtype)
            return out  # type: ignore[no-any-return]
        array = np.zeros(shape, d) if not fill else np.ones(shape, d)
        return finished(array, requires_grad, device)

    make.__name__ = name
    make.__doc__ = f"A tensor of the given size; `torch.{name}`."
    return make


zeros = filled("zeros", 0)
ones = filled("ones", 1)
empty = filled("empty", 0)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory.

    Raises:
        TypeError: Not an ndarray, or of a dtype that PyTorch has not.
        ValueError: Negative strides.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    from_numpy_dtype(array.dtype)
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your array "
            " with array.copy().) "
        )
    return finished(array)


__all__ = ["dtype", "empty", "from_numpy", "ones", "tensor", "zeros"]
