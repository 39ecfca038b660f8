"""The text TensorFlow 2.21 gives for tensors, variables, shapes, dtypes and specifications.

Everything here works on NumPy arrays and plain Python values; the dialect's classes call it from
their `__str__`, `__repr__` and `__format__`. The forms were read off the real framework and are
held to it by `tests/tensorflow/test_printing.py`. `tf.print` has forms of its own: `print_op.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.lengths import is_open

__all__ = [
    "as_bytes",
    "dtype_name",
    "dtype_repr",
    "dtype_str",
    "indexed_slices_str",
    "keras_variable_repr",
    "shape_repr",
    "shape_str",
    "symbolic_repr",
    "symbolic_str",
    "tensor_format",
    "tensor_repr",
    "tensor_spec_repr",
    "tensor_str",
    "variable_repr",
]

Dims = Sequence[int | None] | None
"""A static shape: `None` is an unknown rank, a `None` inside it an unknown size."""


# --- dtypes and shapes ---------------------------------------------------------------------------


def dtype_name(dtype: np.dtype[Any] | type | str) -> str:
    """Return TensorFlow's name of a dtype; bytes, text and objects are `string`."""
    if isinstance(dtype, str) and dtype in ("string", "bfloat16", "resource", "variant"):
        return dtype
    resolved = np.dtype(dtype)
    return "string" if resolved.kind in "OSU" else resolved.name


def dtype_str(dtype: np.dtype[Any] | type | str) -> str:
    """Return `str(tf.DType)`, for instance `<dtype: 'float32'>`."""
    return f"<dtype: '{dtype_name(dtype)}'>"


def dtype_repr(dtype: np.dtype[Any] | type | str) -> str:
    """Return `repr(tf.DType)`, for instance `tf.float32`."""
    return f"tf.{dtype_name(dtype)}"


def shape_str(dims: Dims) -> str:
    """Return `str(tf.TensorShape)`: `(2, None)`, `(3,)`, `()` or `<unknown>`."""
    return "<unknown>" if dims is None else str(tuple([None if is_open(n) else n for n in dims]))


def shape_repr(dims: Dims) -> str:
    """Return `repr(tf.TensorShape)`: `TensorShape([2, None])` or `TensorShape(None)`."""
    shown = None if dims is None else [None if is_open(n) else n for n in dims]
    return f"TensorShape({shown})"


# --- eager tensors, variables and what is made of them -------------------------------------------


def as_bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return strings as the object array of `bytes` TensorFlow shows; other data unchanged."""
    if array.dtype.kind not in "OSU":
        return array
    flat = [x.encode() if isinstance(x, str) else bytes(x) for x in array.ravel().tolist()]
    out = np.empty(array.size, dtype=object)
    out[:] = flat
    return out.reshape(array.shape)


def _on_own_line(text: str) -> str:
    """Put text of several lines on a line of its own, as TensorFlow does inside a longer form."""
    return "\n" + text if "\n" in text else text


def _value_str(array: np.ndarray[Any, Any]) -> str:
    return _on_own_line(str(as_bytes(array)))


def _value_repr(array: np.ndarray[Any, Any]) -> str:
    data = as_bytes(array)
    # A 0-dimensional value is shown as the Python number it converts to: 9.0, not np.float32(9.0);
    # float32 is widened by that, so 1e-10 prints with float64's digits. TensorFlow does the same.
    return _on_own_line(repr(data) if data.ndim else repr(data.item()))


def tensor_str(array: np.ndarray[Any, Any]) -> str:
    """Return `str` of an eager tensor with this value.

    >>> tensor_str(np.array(7.0, np.float32))
    'tf.Tensor(7.0, shape=(), dtype=float32)'
    """
    return f"tf.Tensor({_value_str(array)}, shape={array.shape}, dtype={dtype_name(array.dtype)})"


def tensor_repr(array: np.ndarray[Any, Any]) -> str:
    """Return `repr` of an eager tensor with this value.

    >>> tensor_repr(np.array([1.0, 2.0], np.float32))
    '<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>'
    """
    name = dtype_name(array.dtype)
    return f"<tf.Tensor: shape={array.shape}, dtype={name}, numpy={_value_repr(array)}>"


def tensor_format(array: np.ndarray[Any, Any], spec: str) -> str:
    """Return `format(tensor, spec)`: that of the Python number, or NumPy's text of an array.

    Raises:
        TypeError: A non-empty `spec` with a value of rank 1 or more, or with a string.
        ValueError: `spec` does not suit the number.
    """
    data = as_bytes(array)
    if data.ndim == 0:
        return format(data.item(), spec)
    return format(data, spec)


def variable_repr(name: str, array: np.ndarray[Any, Any], dims: Dims | str = "value") -> str:
    """Return `repr` of a `tf.Variable`, which is also its `str` and its f-string.

    Args:
        name: With its suffix, as in `w:0`.
        array: The present value.
        dims: The declared shape where it is looser than the value's; the word "value" takes the
            value's.
    """
    text = str(array.shape) if isinstance(dims, str) else shape_str(dims)
    head = f"<tf.Variable '{name}' shape={text} dtype={dtype_name(array.dtype)}"
    return f"{head}, numpy={_value_repr(array)}>"


def symbolic_str(name: str, dims: Dims, dtype: np.dtype[Any] | type | str) -> str:
    """Return `str` of a tensor inside a traced `tf.function`; an unknown rank is left out."""
    shape = "" if dims is None else f", shape={shape_str(dims)}"
    return f'Tensor("{name}"{shape}, dtype={dtype_name(dtype)})'


def symbolic_repr(name: str, dims: Dims, dtype: np.dtype[Any] | type | str) -> str:
    """Return `repr` of a tensor inside a traced `tf.function`."""
    return f"<tf.Tensor '{name}' shape={shape_str(dims)} dtype={dtype_name(dtype)}>"


def tensor_spec_repr(dims: Dims, dtype: np.dtype[Any] | type | str, name: str | None = None) -> str:
    """Return `repr` (and `str`) of a `tf.TensorSpec`."""
    return f"TensorSpec(shape={shape_str(dims)}, dtype={dtype_repr(dtype)}, name={name!r})"


def indexed_slices_str(
    indices: np.ndarray[Any, Any],
    values: np.ndarray[Any, Any],
    dense_shape: np.ndarray[Any, Any] | None = None,
) -> str:
    """Return `str` of a `tf.IndexedSlices`. Its `repr` is Python's own, with an address."""
    dense = "" if dense_shape is None else f", dense_shape={tensor_str(dense_shape)}"
    return f"IndexedSlices(indices={tensor_str(indices)}, values={tensor_str(values)}{dense})"


def keras_variable_repr(path: str, array: np.ndarray[Any, Any]) -> str:
    """Return `repr` (and `str`) of a Keras 3 variable, such as a layer's `kernel`."""
    value = tensor_format(array, "")
    head = f"<Variable path={path}, shape={array.shape}"
    return f"{head}, dtype={dtype_name(array.dtype)}, value={value}>"
