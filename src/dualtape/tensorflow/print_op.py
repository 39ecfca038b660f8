"""`tf.print`: its number format, its layout of arrays and structures, and where it writes."""

from __future__ import annotations

import copy
import math
import pprint
import sys
from collections import deque
from collections.abc import (
    Callable,
    ItemsView,
    KeysView,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from typing import Any

import numpy as np

from .printing import as_bytes, dtype_name

__all__ = ["AsArray", "print_text", "string_format", "summarize_array", "write_text"]

AsArray = Callable[[Any], np.ndarray[Any, Any] | None]
"""Gives a tensor's or variable's value, and None for every other object."""

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
    """Write a real number as C's `%g` does, with 6 or 15 digits.

    Where those do not read back as the same number, it takes the 9 or 17 that do.
    """
    if math.isnan(value):
        return "nan" if math.copysign(1.0, value) > 0 else "-nan"
    short = f"{value:.{6 if single else 15}g}"
    back = float(np.float32(short)) if single else float(short)
    return short if back == value else f"{value:.{9 if single else 17}g}"


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
    """Return one tensor's text under `tf.print`: `[0 1 2 ... 7 8 9]`.

    Args:
        array: Any dtype. float16 and bfloat16 are written as float32, booleans as 0 and 1, complex
            elements as `?` in one flat list, strings in double quotes.
        summarize: How many entries are kept at each end of each axis; negative means all, None 3.

    Bytes that are not UTF-8 come back as surrogate escapes.
    """
    data = as_bytes(array)
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

    return _axis(data, 0, data.ndim - 1, edge, write)


def _axis(
    part: np.ndarray[Any, Any], depth: int, last: int, edge: int, write: Callable[[Any], str]
) -> str:
    """One axis and those in it; `last` is the number of the innermost."""
    count = len(part)
    gap = " " if depth == last else "\n" * (last - depth) + " " * (depth + 1)
    kept = [*range(min(edge, count)), *range(max(edge, count - edge), count)]
    rows = part[kept].tolist() if depth == last else [part[i] for i in kept]
    texts = [write(x) if depth == last else _axis(x, depth + 1, last, edge, write) for x in rows]
    if count > 2 * edge:
        dots = gap + "..."  # the gap is written even when nothing stands before the dots
        tail = "".join(gap + t for t in texts[edge:])
        return f"[{gap.join(texts[:edge])}{dots}{tail}]"
    return f"[{gap.join(texts)}]"


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
            f"The template expects {len(pieces) - 1} tensors, but the inputs only has "
            f"{len(arrays)}. Please ensure the number of placeholders in template matches inputs "
            "length."
        )
    texts = [summarize_array(a, summarize) for a in arrays]
    return pieces[0] + "".join(t + p for t, p in zip(texts, pieces[1:], strict=True))


class _Slot:
    """Stands for a tensor while a structure is laid out; as wide as TensorFlow's placeholder."""

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
        as_array: Gives the value of a tensor or variable, None for every other object. A NumPy
            array is not a tensor here: `tf.print` shows its `repr`.
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
            raw: bytes = as_bytes(alone).item()
            return raw.decode("utf-8", "surrogateescape") + tail
    slot = _Slot(4)
    layouts = [_lay_out(x, as_array, slot) for x in inputs]
    # TensorFlow's placeholder is '{}' in its quotes, a digit longer where {} occurs in the inputs;
    # the width decides where pprint breaks lines.
    if any("{}" in text for text, _ in layouts):
        slot = _Slot(5)
        layouts = [_lay_out(x, as_array, slot) for x in inputs]
    return sep.join(_fill(text, values, slot, summarize) for text, values in layouts) + tail


def _lay_out(
    value: object, as_array: AsArray, slot: _Slot
) -> tuple[str, list[np.ndarray[Any, Any]] | None]:
    """Return an input's text with `slot` for each tensor, and their values (None for a string)."""
    if isinstance(value, str):
        return value, None
    arrays: list[np.ndarray[Any, Any]] = []
    return pprint.pformat(_with_slots(value, as_array, slot, arrays)), arrays


def _fill(
    text: str, arrays: list[np.ndarray[Any, Any]] | None, slot: _Slot, summarize: int | None
) -> str:
    # Values are collected by sorted key and slots filled in the order of the layout. The two differ
    # for a mapping that is laid out unsorted (OrderedDict, defaultdict): TensorFlow 2.21 then
    # writes the values against the wrong keys, and so does this.
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
    if isinstance(value, (Sequence, KeysView, ValuesView, ItemsView, deque)):
        parts = [_with_slots(x, as_array, slot, arrays) for x in value]
        if isinstance(value, tuple):
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return deque(parts, value.maxlen) if isinstance(value, deque) else parts
    return value


def write_text(text: str, output_stream: object = None) -> None:
    """Write what `print_text` returned where `tf.print`'s `output_stream` says.

    Args:
        text: May hold surrogate escapes; they are written as the bytes they stand for.
        output_stream: `sys.stderr` (also None), `sys.stdout` or `file://PATH` (appended to).

    Raises:
        ValueError: Any other stream; of TensorFlow's own the logging levels are missing here.
        OSError: The file cannot be written.
    """
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        with open(output_stream.removeprefix("file://"), "ab") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        return
    if output_stream is not None and output_stream not in (sys.stdout, sys.stderr):
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams "
            "are sys.stdout and sys.stderr. File needs to be in the form of 'file://<filepath>'."
        )
    stream: Any = sys.stdout if output_stream is sys.stdout else sys.stderr
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A text file over a byte buffer: give it the bytes themselves.
        stream.buffer.write(text.encode("utf-8", "surrogateescape"))
    stream.flush()
