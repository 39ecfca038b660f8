"""The text TensorFlow 2.21 gives for tensors, variables, shapes, dtypes and `tf.print`.

Everything here works on NumPy arrays and plain Python values; the dialect's classes call it from their
`__str__`, `__repr__` and `__format__`. The forms were read off the real framework and are held to it by
`tests/tensorflow/test_printing.py`.
"""

from __future__ import annotations

import copy
import logging
import math
import pprint
import sys
from collections import deque
from collections.abc import Callable, Mapping, MappingView, MutableMapping, Sequence
from typing import Any

import numpy as np

__all__ = [
    "dtype_name",
    "dtype_repr",
    "dtype_str",
    "indexed_slices_str",
    "keras_variable_repr",
    "print_text",
    "shape_repr",
    "shape_str",
    "string_format",
    "summarize_array",
    "symbolic_repr",
    "symbolic_str",
    "tensor_format",
    "tensor_repr",
    "tensor_spec_repr",
    "tensor_str",
    "variable_repr",
    "write_text",
]

Dims = Sequence[int | None] | None
"""A static shape: `None` is an unknown rank, a `None` inside it an unknown size."""

AsArray = Callable[[Any], np.ndarray[Any, Any] | None]
"""Gives a tensor's or variable's value, and None for every other object."""


# --- dtypes and shapes -----------------------------------------------------------------------------


def dtype_name(dtype: np.dtype[Any] | type | str) -> str:
    """Return TensorFlow's name of a dtype: `float32`, `bool`, and `string` for bytes, text and objects."""
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
    return "<unknown>" if dims is None else str(tuple(dims))


def shape_repr(dims: Dims) -> str:
    """Return `repr(tf.TensorShape)`: `TensorShape([2, None])` or `TensorShape(None)`."""
    return f"TensorShape({None if dims is None else list(dims)})"


# --- eager tensors, variables and what is made of them ---------------------------------------------


def _as_bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return string data as the object array of `bytes` that TensorFlow shows; other data unchanged."""
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
    return _on_own_line(str(_as_bytes(array)))


def _value_repr(array: np.ndarray[Any, Any]) -> str:
    data = _as_bytes(array)
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
    data = _as_bytes(array)
    if data.ndim == 0:
        return format(data.item(), spec)
    return format(data, spec)


def variable_repr(name: str, array: np.ndarray[Any, Any], dims: Dims | str = "value") -> str:
    """Return `repr` of a `tf.Variable`, which is also its `str` and its f-string.

    Args:
        name: With its suffix, as in `w:0`.
        array: The present value.
        dims: The declared shape where it is looser than the value's; the word "value" takes the value's.
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
    """Return `str` of a `tf.IndexedSlices`. (Its `repr` is Python's own, with an address.)"""
    dense = "" if dense_shape is None else f", dense_shape={tensor_str(dense_shape)}"
    return f"IndexedSlices(indices={tensor_str(indices)}, values={tensor_str(values)}{dense})"


def keras_variable_repr(path: str, array: np.ndarray[Any, Any]) -> str:
    """Return `repr` (and `str`) of a Keras 3 variable, such as a layer's `kernel`."""
    value = tensor_format(array, "")
    return (
        f"<Variable path={path}, shape={array.shape}, dtype={dtype_name(array.dtype)}, value={value}>"
    )


# --- tf.print ---------------------------------------------------------------------------------------

_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escape(data: bytes) -> str:
    """Escape ASCII control characters and quotes as C does; bytes from 128 on pass unchanged."""
    out = bytearray()
    for byte in data:
        if byte in _ESCAPES:
            out += _ESCAPES[byte].encode()
        elif byte < 32 or byte == 127:
            out += b"\\%03o" % byte
        else:
            out.append(byte)
    return out.decode("utf-8", "surrogateescape")


def _general(value: float, single: bool) -> str:
    """Write a real number: `%g` with the digits every value keeps (6 or 15), or, where those do not
    read back as the same number, with the digits that identify it (9 or 17)."""
    if math.isnan(value):
        return "nan" if math.copysign(1.0, value) > 0 else "-nan"
    short = "%.*g" % (6 if single else 15, value)
    back = float(np.float32(short)) if single else float(short)
    return short if back == value else "%.*g" % (9 if single else 17, value)


def _element_writer(dtype: np.dtype[Any]) -> Callable[[Any], str]:
    name = dtype_name(dtype)
    if name == "string":
        return lambda x: f'"{_escape(x)}"'
    if name == "bool":
        return lambda x: "1" if x else "0"
    if dtype.kind in "iu":
        return str
    single = name != "float64"
    # TensorFlow's kernels run with subnormals flushed to zero, so it prints them as 0 or -0.
    tiny = float(np.finfo(np.float32 if single else np.float64).tiny)
    return lambda x: _general(math.copysign(0.0, x) if abs(x) < tiny else float(x), single)


def summarize_array(array: np.ndarray[Any, Any], summarize: int | None = 3) -> str:
    """Return one tensor's text under `tf.print`: `[[0 1 2 ... 7 8 9]\\n ...]`.

    Args:
        array: Any dtype. float16 and bfloat16 are written as float32, booleans as 0 and 1, complex
            elements as `?` in one flat list, strings in double quotes.
        summarize: How many entries are kept at each end of each axis; negative means all, None 3.

    Bytes that are not UTF-8 come back as surrogate escapes.
    """
    data = _as_bytes(array)
    limit = 3 if summarize is None else int(summarize)
    # TensorFlow caps the count by the number of elements, hence `[\n ...]` for shape (3, 0).
    edge = data.size if limit < 0 else min(limit, data.size)
    if data.dtype.kind == "c":
        # TensorFlow has no text for complex elements, and does not lay their axes out.
        flat = " ".join("?" * edge) + ("..." if edge < data.size else "")
        return f"[{flat}]" if data.ndim else flat
    if data.dtype.kind == "b" and edge == 0:
        return ""
    write = _element_writer(data.dtype)
    if data.ndim == 0:
        return write(data.item()) if edge else "..."

    def axis(part: np.ndarray[Any, Any], depth: int) -> str:
        count = len(part)
        last = depth == data.ndim - 1
        gap = " " if last else "\n" * (data.ndim - 1 - depth) + " " * (depth + 1)
        kept = [*range(min(edge, count)), *range(max(edge, count - edge), count)]
        if last:
            texts = [write(x) for x in part[kept].tolist()]
        else:
            texts = [axis(part[i], depth + 1) for i in kept]
        if count > 2 * edge:
            dots = gap + "..."  # the gap is written even when nothing stands before the dots
            tail = "".join(gap + t for t in texts[edge:])
            return f"[{gap.join(texts[:edge])}{dots}{tail}]"
        return f"[{gap.join(texts)}]"

    return axis(data, 0)


def string_format(
    template: str,
    arrays: Sequence[np.ndarray[Any, Any]],
    placeholder: str = "{}",
    summarize: int | None = 3,
) -> str:
    """Return `tf.strings.format(template, arrays)` as text.

    Raises:
        ValueError: The template does not have one placeholder per array.
    """
    pieces = template.split(placeholder)
    if len(pieces) - 1 != len(arrays):
        raise ValueError(
            f"The template expects {len(pieces) - 1} tensors, but the inputs only has {len(arrays)}. "
            "Please ensure the number of placeholders in template matches inputs length."
        )
    texts = [summarize_array(a, summarize) for a in arrays]
    return pieces[0] + "".join(t + p for t, p in zip(texts, pieces[1:], strict=True))


class _Slot:
    """Stands for a tensor while a structure is laid out; as wide as TensorFlow's own placeholder."""

    __slots__ = ("mark",)

    def __init__(self, width: int) -> None:
        # Private-use characters: `repr` of a user's string escapes them, so they mark nothing else.
        self.mark = "\ue000" * width

    def __repr__(self) -> str:
        return self.mark


def print_text(
    inputs: Sequence[object],
    as_array: AsArray,
    sep: str = " ",
    end: str | None = "\n",
    summarize: int | None = 3,
) -> str:
    """Return what `tf.print(*inputs)` writes.

    Args:
        inputs: Any Python values; tensors may sit inside lists, tuples and mappings.
        as_array: Gives the value of a tensor or variable, None for every other object. A NumPy array is
            not a tensor here: `tf.print` shows its `repr`.
        sep: Stands between the inputs.
        end: Stands at the end; None means a newline.
        summarize: As for `summarize_array`.

    Raises:
        TypeError: A mapping's keys cannot be sorted.
    """
    tail = "\n" if end is None else end
    if len(inputs) == 1:
        alone = as_array(inputs[0])
        # The one case in which a string is written as it is, without quotes or escapes.
        if alone is not None and alone.ndim == 0 and dtype_name(alone.dtype) == "string":
            raw: bytes = _as_bytes(alone).item()
            return raw.decode("utf-8", "surrogateescape") + tail
    slot = _Slot(4)
    layouts = [_lay_out(x, as_array, slot) for x in inputs]
    # TensorFlow's placeholder is '{}' in its quotes, a digit longer where {} occurs in the inputs; the
    # width decides where pprint breaks lines.
    if any("{}" in text for text, _ in layouts):
        slot = _Slot(5)
        layouts = [_lay_out(x, as_array, slot) for x in inputs]
    return sep.join(_fill(text, values, slot, summarize) for text, values in layouts) + tail


def _lay_out(
    value: object, as_array: AsArray, slot: _Slot
) -> tuple[str, list[np.ndarray[Any, Any]] | None]:
    """Return an input's text with `slot` for each tensor, and the tensors' values (None for a string)."""
    if isinstance(value, str):
        return value, None
    arrays: list[np.ndarray[Any, Any]] = []
    return pprint.pformat(_with_slots(value, as_array, slot, arrays)), arrays


def _fill(
    text: str, arrays: list[np.ndarray[Any, Any]] | None, slot: _Slot, summarize: int | None
) -> str:
    # Values are collected by sorted key and slots filled in the order of the layout. The two differ for
    # a mapping that is laid out unsorted (OrderedDict, defaultdict): TensorFlow 2.21 then writes the
    # values against the wrong keys, and so does this.
    return text if arrays is None else string_format(text, arrays, slot.mark, summarize)


def _with_slots(
    value: Any, as_array: AsArray, slot: _Slot, arrays: list[np.ndarray[Any, Any]]
) -> Any:
    """Rebuild a structure with `slot` for each tensor, collecting the tensors' values in order."""
    array = as_array(value)
    if array is not None:
        arrays.append(array)
        return slot
    if isinstance(value, Mapping):
        rebuilt = {key: _with_slots(value[key], as_array, slot, arrays) for key in sorted(value)}
        if isinstance(value, MutableMapping):
            out = copy.copy(value)
            out.update(rebuilt)
            return out
        return rebuilt
    if isinstance(value, (str, bytes, bytearray)):
        return value
    if isinstance(value, (Sequence, MappingView, deque)):
        parts = [_with_slots(x, as_array, slot, arrays) for x in value]
        if isinstance(value, tuple):
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return deque(parts, value.maxlen) if isinstance(value, deque) else parts
    return value


_LOG_LEVELS = {
    "log(info)": logging.INFO,
    "log(warning)": logging.WARNING,
    "log(error)": logging.ERROR,
}


def write_text(text: str, output_stream: object = None) -> None:
    """Write what `print_text` returned where `tf.print`'s `output_stream` says.

    Args:
        text: May hold surrogate escapes; they are written as the bytes they stand for.
        output_stream: `sys.stderr` (also None), `sys.stdout`, `file://PATH` (appended to), or one of
            `log(info)`, `log(warning)`, `log(error)`, which the `tensorflow` logger receives.

    Raises:
        ValueError: Any other stream.
    """
    if isinstance(output_stream, str):
        if output_stream.startswith("file://"):
            with open(output_stream.removeprefix("file://"), "ab") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
            return
        if output_stream in _LOG_LEVELS:
            logging.getLogger("tensorflow").log(_LOG_LEVELS[output_stream], "%s", text.rstrip("\n"))
            return
    if output_stream is not None and output_stream not in (sys.stdout, sys.stderr):
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams are "
            "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File needs "
            "to be in the form of 'file://<filepath>'."
        )
    stream = sys.stdout if output_stream is sys.stdout else sys.stderr
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A text file over a byte buffer: give it the bytes themselves.
        stream.buffer.write(text.encode("utf-8", "surrogateescape"))
    stream.flush()
