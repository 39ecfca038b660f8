"""Making tensors from data: Python numbers and sequences, arrays, buffers, other tensors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..core import modes
from ..core.departures import COPIED, left
from ..core.large import LARGE, met, waiting
from ..core.saved import mark_inference
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import alias, wrap
from ..ops.complex import cast
from . import dtypes
from ._tensor import Tensor, set_requires_grad
from .arguments import dtype_argument, number_as, tensor_argument
from .data_arrays import array_as, checked_array, inferred
from .dtypes import NumpyDtype, scalar_name
from .sizes import device as make_device


def finished(array: Any, requires_grad: bool = False, dev: Any = None) -> Tensor:
    """A new leaf that owns `array`.

    Raises:
        RuntimeError: A gradient is wanted of an integer dtype; or the device is not the CPU.
    """
    if dev is not None:
        make_device(dev)
    t: Tensor = wrap(Tensor, array)  # type: ignore[assignment]
    if waiting and isinstance(array, np.ndarray) and array.size >= LARGE:
        met()
    if modes.current() & modes.INFERENCE:
        mark_inference(t)
    if requires_grad:
        if array.dtype.kind in "biu":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        set_requires_grad(t, True)
    return t


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
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
        TypeError, RuntimeError: The data are not numbers, or do not fit `dtype`.
    """
    if dtype is None and type(data) is float:
        value: Any = dtypes.default_numpy.type(data)
    else:
        if isinstance(data, CoreTensor):
            warnings.warn(
                "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
                UserWarning,
                stacklevel=2,
            )
            if data.edge is not None:
                left(COPIED, data)
        array = inferred(data, None if dtype is None else dtype_argument("tensor", dtype))
        value = array if array.shape else array[()]
    return finished(value, requires_grad, device)


def converted(t: CoreTensor, dtype: NumpyDtype | None) -> Tensor:
    """A tensor of this front end, cast (and recorded) where the dtype differs."""
    x = tensor_argument("to", t)
    return x if dtype is None or x.value.dtype == dtype else cast(x, dtype)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Data as a tensor, sharing memory and history where that is possible.

    Raises:
        As `tensor`.
    """
    want = None if dtype is None else dtype_argument("as_tensor", dtype)
    if device is not None:
        make_device(device)
    if isinstance(data, CoreTensor):
        return converted(data, want)
    if isinstance(data, np.ndarray):
        checked = from_numpy(data)
        return checked if want is None or data.dtype == want else finished(array_as(data, want))
    array = inferred(data, want)
    return finished(array if array.shape else array[()])


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """Anything as a tensor: tensors, arrays, DLPack capsules' owners, buffers, scalars and sequences.

    Args:
        obj: The data.
        dtype: Element type; inferred by default.
        device: The CPU.
        copy: True: always; False: never; None: where needed.
        requires_grad: Whether gradients are wanted; by default what `obj` says.

    Raises:
        ValueError: A copy is needed and forbidden.
    """
    want = None if dtype is None else dtype_argument("asarray", dtype)
    if device is not None:
        make_device(device)
    if isinstance(obj, CoreTensor):
        t = tensor_argument("asarray", obj)
        have = t.value.dtype
        if want is not None and have != want:
            if copy is False:
                raise ValueError(
                    f"can't alias tensor with dtype '{scalar_name(have)}' into dtype '{scalar_name(want)}'."
                )
            t = converted(t, want)
        elif copy:
            t = t.clone()
        if requires_grad is False and t.requires_grad:
            return alias(t)  # type: ignore[return-value]
        if requires_grad and not t.requires_grad:
            set_requires_grad(t, True)
        return t
    if isinstance(obj, np.ndarray):
        t = from_numpy(obj)
        if want is not None and obj.dtype != want:
            if copy is False:
                raise ValueError(
                    f"can't alias tensor with dtype '{scalar_name(obj.dtype)}' into dtype '{scalar_name(want)}'."
                )
            t = finished(array_as(obj, want))
        elif copy:
            t = finished(np.array(obj))
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        t = frombuffer(obj, dtype=dtypes.get_default_dtype() if dtype is None else dtype)
        if copy:
            t = finished(np.array(t.value))
    else:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        array = inferred(obj, want)
        t = finished(array if array.shape else array[()])
    return finished(t.value, bool(requires_grad))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory.

    Raises:
        TypeError: Not an ndarray, or of a dtype that PyTorch has not.
        ValueError: Negative strides, or foreign byte order.
    """
    if not isinstance(ndarray, np.ndarray):
        kind = type(ndarray)
        name = f"numpy.{kind.__name__}" if isinstance(ndarray, np.generic) else kind.__name__
        raise TypeError(f"expected np.ndarray (got {name})")
    checked_array(ndarray)
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This "
            "means writing to this tensor will fail. You may want to copy the array to protect its data or "
            "make it writable before converting it to a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return finished(np.asarray(ndarray))


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor on the memory of an object with Python's buffer protocol.

    Args:
        buffer: The object.
        dtype: Element type.
        count: How many elements; -1 for all.
        offset: Bytes to skip.
        requires_grad: Whether gradients are wanted.

    Raises:
        ValueError: No buffer, or not of a fitting size.
    """
    d = dtype_argument("frombuffer", dtype)
    try:
        size = memoryview(buffer).nbytes
    except TypeError as error:
        raise ValueError("object does not implement Python buffer protocol.") from error
    if size <= 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % d.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element "
            f"size ({d.itemsize})"
        )
    if count > 0 and offset + count * d.itemsize > size:
        raise ValueError(
            f"requested buffer length ({count} * {d.itemsize} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({size} bytes)"
        )
    return finished(np.frombuffer(buffer, d, count, offset), requires_grad)


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A 0-d tensor of a number, in the default dtype unless one is named."""
    d = dtypes.default_numpy if dtype is None else dtype_argument("scalar_tensor", dtype)
    return finished(number_as(s, d), requires_grad, device)


__all__ = ["as_tensor", "asarray", "from_numpy", "frombuffer", "scalar_tensor", "tensor"]
