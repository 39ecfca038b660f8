"""Python data as arrays: what `torch.tensor` makes of numbers, nested sequences, arrays and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from . import dtypes
from ._tensor import concrete
from .arguments import number_as
from .dtypes import NumpyDtype, from_numpy_dtype, promote_numpy


def array_as(array: np.ndarray[Any, Any], want: NumpyDtype) -> np.ndarray[Any, Any]:
    """An array converted as PyTorch converts (complex to real keeps the real part)."""
    if array.dtype == want:
        return array
    if array.dtype.kind == "c" and want.kind not in "cb":
        array = array.real
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(want)


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
        return checked_array(np.asarray(x)).dtype  # type: ignore[no-any-return]
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
