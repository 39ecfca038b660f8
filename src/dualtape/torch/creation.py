"""Making tensors from data: Python numbers and sequences, arrays, buffers, other tensors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import alias, wrap
from ..ops.complex import cast
from . import dtypes
from ._tensor import Tensor, concrete, set_requires_grad
from .arguments import dtype_argument, number_as, tensor_argument
from .dtypes import NumpyDtype, from_numpy_dtype, promote_numpy, scalar_name
from .sizes import device as make_device


def finished(array: Any, requires_grad: bool = False, dev: Any = None) -> Tensor:
    """A new leaf that owns `array`.

    Raises:
        RuntimeError: A gradient is wanted of an integer dtype; or the device is not the CPU.
    """
    if dev is not None:
        make_device(dev)
    t: Tensor = wrap(Tensor, array)  # type: ignore[assignment]
    if requires_grad:
        if array.dtype.kind in "biu":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        set_requires_grad(t, True)
    return t


def array_as(array: np.ndarray[Any, Any], want: NumpyDtype) -> np.ndarray[Any, Any]:
    """An array converted as PyTorch converts (complex to real keeps the real part)."""
    if array.dtype == want:
        return array
    if array.dtype.kind == "c" and want.kind not in "cb":
        array = array.real
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(want)


# --- Python data ------------------------------------------------------------------------------------

_NUMBERS = {float, int, bool, complex}


def _leaf_types(data: Any) -> set[type]:
    """The types of the innermost elements of nested lists and tuples."""
    found = set(map(type, data))
    if list in found or tuple in found:
        found -= {list, tuple}
        for row in data:
            if isinstance(row, (list, tuple)):
                found |= _leaf_types(row)
    return found


def _number_dtype(types: set[type]) -> NumpyDtype:
    if complex in types:
        return dtypes.default_complex_numpy
    if float in types or not types:
        return dtypes.default_numpy
    return dtypes.int64.dtype if int in types else dtypes.bool_.dtype


def inferred(data: Any, dtype: NumpyDtype | None = None) -> np.ndarray[Any, Any]:
    """Data as a new array, of `dtype` or of the one that PyTorch infers.

    Args:
        data: Numbers, nested sequences of numbers, arrays or tensors. Python floats give the default
            dtype, arrays keep theirs.
        dtype: To convert to.

    Raises:
        ValueError: The sequences are ragged, or an integer has more than 64 bits.
        TypeError: Something is no number.
        RuntimeError: A number does not fit `dtype`; or a type means nothing to PyTorch.
    """
    if isinstance(data, CoreTensor):
        return _converted(np.array(concrete(data.value, "tensor()")), dtype)
    if isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, (float, complex)):
        if isinstance(data, np.generic) and dtype is not None and dtype.kind in "iu":
            return _in_range(np.asarray(data), dtype)
        return _converted(np.array(checked_array(np.asarray(data))), dtype)
    if type(data) in _NUMBERS:
        types = {type(data)}
    elif isinstance(data, (list, tuple)):
        types = _leaf_types(data)
    else:
        return _from_others(data, dtype)
    if not types <= _NUMBERS:
        return _from_mixed(data, dtype)
    try:
        array = np.array(data)
    except ValueError as error:
        raise _ragged(data, _number_dtype(types)) from error
    if (
        array.dtype.kind == "O"
        or array.dtype == np.uint64
        or (array.dtype.kind == "f" and types == {int})
    ):
        return _from_huge(
            array if array.dtype.kind == "O" else np.array(data, object), dtype, types
        )
    if dtype is None:
        return array_as(array, _number_dtype(types))
    return _in_range(array, dtype)


def _converted(array: np.ndarray[Any, Any], dtype: NumpyDtype | None) -> np.ndarray[Any, Any]:
    return array if dtype is None else array_as(array, dtype)


def checked_array(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """An array whose dtype PyTorch has, in native byte order, no axis of which runs backwards.

    Raises:
        TypeError: A dtype that PyTorch does not have.
        ValueError: Foreign byte order, or a negative stride.
    """
    d = array.dtype
    if d not in dtypes.BY_NUMPY:
        if d.kind in "biufc" and not d.isnative:
            raise ValueError(
                "given numpy array has byte order different from the native byte order. Conversion between "
                "byte orders is currently not supported."
            )
        from_numpy_dtype(d)
    if array.ndim and min(array.strides) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are "
            "not currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    return array


def _in_range(array: np.ndarray[Any, Any], dtype: NumpyDtype) -> np.ndarray[Any, Any]:
    """Python numbers, already an array, as `dtype`, each as PyTorch converts a single one."""
    if array.dtype.kind == "c" and dtype.kind in "iuf":
        if dtype.kind == "f":
            raise TypeError("must be real number, not complex")
        raise TypeError("'complex' object cannot be interpreted as an integer")
    if dtype.kind in "iu" and array.size and array.dtype.kind in "iuf":
        info = np.iinfo(dtype)
        least = -int(info.max) if dtype.kind == "u" else int(info.min)
        if not (array.min() >= least and array.max() <= info.max) or (
            dtype.kind == "u" and array.dtype.kind == "f" and array.min() < 0
        ):
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return array_as(array, dtype)


def _from_huge(array: Any, dtype: NumpyDtype | None, types: set[type]) -> np.ndarray[Any, Any]:
    """Python numbers among them integers beyond int64: good for floats and uint64 only."""
    want = _number_dtype(types) if dtype is None else dtype
    if want.kind in "fcbV":
        return array_as(array.astype(np.complex128 if want.kind == "c" else np.float64), want)
    small = (
        dtype is not None and dtype != np.int64 and all(-(2**63) <= x < 2**63 for x in array.flat)
    )
    if (want == np.uint64 and all(0 <= x < 2**64 for x in array.flat)) or small:
        return array_as(
            np.array([number_as(x, want, {}) for x in array.flat], want).reshape(array.shape), want
        )
    raise ValueError("Overflow when unpacking long long")


def _from_others(data: Any, dtype: NumpyDtype | None) -> np.ndarray[Any, Any]:
    """Data that is neither a list nor a plain number."""
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(data, (float, int, complex)):  # a subclass, NumPy's float64 among them
        array = np.asarray(data)
        return array_as(array, dtype if dtype is not None else _scalar_dtype(data))
    if isinstance(data, Sequence) and not isinstance(data, (bytes, bytearray)):
        return inferred(list(data), dtype)
    if hasattr(data, "__array__"):
        return _converted(np.array(checked_array(np.asarray(data))), dtype)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not hasattr(data, "keys"):
        return inferred([data[i] for i in range(len(data))], dtype)
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _scalar_dtype(x: Any) -> NumpyDtype:
    """The dtype that one innermost element asks for."""
    if isinstance(x, CoreTensor):
        return x.value.dtype  # type: ignore[no-any-return]
    if isinstance(x, (np.ndarray, np.generic)):
        return checked_array(np.asarray(x)).dtype
    if isinstance(x, bool):
        return dtypes.bool_.dtype
    for kind in (int, float, complex):
        if isinstance(x, kind):
            return _number_dtype({kind})
    raise RuntimeError(f"Could not infer dtype of {type(x).__name__}")


def _leaves(data: Any) -> list[Any]:
    return [y for x in data for y in _leaves(x)] if isinstance(data, (list, tuple)) else [data]


def _unwrapped(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_unwrapped(x) for x in data]
    if isinstance(data, range):
        return list(data)
    if isinstance(data, CoreTensor):
        value = concrete(data.value, "tensor()")
        if value.size != 1 and value.shape:
            if value.dtype.kind in "iub":
                raise TypeError(
                    "only integer tensors of a single element can be converted to an index"
                )
            raise ValueError("only one element tensors can be converted to Python scalars")
        return value.item()
    return data


def _from_mixed(data: Any, dtype: NumpyDtype | None) -> np.ndarray[Any, Any]:
    """Nested sequences with NumPy scalars, arrays or tensors among the innermost elements."""
    leaves = _leaves(data)
    for x in leaves:
        if isinstance(x, str):
            if isinstance(data, (list, tuple)) and all(isinstance(y, str) for y in leaves):
                raise ValueError("too many dimensions 'str'")
            raise TypeError("new(): invalid data type 'str'")
    plain = _unwrapped(data)
    if dtype is None:
        want: NumpyDtype | None = None
        for x in leaves:
            x = list(x) if isinstance(x, range) else x
            d = inferred(x).dtype if isinstance(x, list) else _scalar_dtype(x)
            want = d if want is None else promote_numpy(want, d)
        dtype = want
    try:
        array = np.array(plain)
    except ValueError as error:
        raise _ragged(data, dtype or dtypes.default_numpy) from error
    if array.dtype.kind not in "biufcV":
        for x in leaves:
            _scalar_dtype(x)
        raise TypeError(f"new(): invalid data type '{array.dtype}'")
    return array_as(array, dtype) if dtype is not None else array


def _ragged(data: Any, dtype: NumpyDtype) -> Exception:
    """What is wrong with nested sequences that make no array, in PyTorch's words."""
    lengths: list[int] = []
    first = data
    while isinstance(first, (list, tuple)):
        lengths.append(len(first))
        first = first[0] if len(first) else None

    def fault(x: Any, dim: int) -> Exception | None:
        if dim == len(lengths):
            if not isinstance(x, (list, tuple)):
                return None
            what = type(x).__name__
            if dtype.kind in "iu":
                return TypeError(f"'{what}' object cannot be interpreted as an integer")
            return TypeError(f"must be real number, not {what}")
        if not isinstance(x, (list, tuple)):
            return TypeError("not a sequence")
        if len(x) != lengths[dim]:
            return ValueError(
                f"expected sequence of length {lengths[dim]} at dim {dim} (got {len(x)})"
            )
        return next((f for y in x if (f := fault(y, dim + 1)) is not None), None)

    return fault(data, 0) or ValueError("the nested sequences do not make a rectangular array")


# --- functions --------------------------------------------------------------------------------------


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
            t = t.clone()  # type: ignore[attr-defined]
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
