"""`tf.strings`: the few functions that printing and logging need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from . import print_op
from .convert import as_tensor
from .tensor import EagerTensor, tensor


def _bytes(x: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(as_tensor(x).value)
    if array.dtype.kind != "O":
        raise TypeError(f"expected a string tensor, got {as_tensor(x).dtype.name}")
    return array


def _made(items: list[bytes], shape: tuple[int, ...]) -> EagerTensor:
    out = np.empty(len(items), object)
    out[:] = items
    return tensor(out.reshape(shape))


def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1,
    fill: str = "", name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return numbers as strings.

    Args:
        input: Numbers or booleans.
        precision: Digits behind the point; 6 by default.
        scientific: Whether to write an exponent.
        shortest: Whether to choose the shorter form.
        width: The least width.
        fill: What to fill with: blanks, or "0".
        name: Not used.
    """
    array = np.asarray(as_tensor(input).value)
    kind = array.dtype.kind
    digits = "" if precision < 0 else f".{precision}"
    form = "e" if scientific else "g" if shortest else "f"

    def write(x: Any) -> bytes:
        if kind == "b":
            text = "true" if x else "false"
        elif kind in "iu":
            text = str(x)
        elif kind == "c":
            text = f"({x.real:{digits}{form}},{x.imag:{digits}{form}})"
        else:
            text = f"{x:{digits}{form}}"
        return (text.rjust(width, fill or " ") if width > 0 else text).encode()

    return _made([write(x) for x in array.reshape(-1).tolist()], array.shape)


def join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> EagerTensor:
    """Join string tensors elementwise."""
    arrays = np.broadcast_arrays(*[_bytes(x) for x in inputs])
    glue = separator.encode()
    rows = zip(*[a.reshape(-1).tolist() for a in arrays], strict=True)
    return _made([glue.join(row) for row in rows], arrays[0].shape)


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> EagerTensor:
    """Fill tensors into a template, written as `tf.print` writes them.

    Raises:
        ValueError: There is not one placeholder per tensor.
    """
    given = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    arrays = [np.asarray(as_tensor(x).value) for x in given]
    text = print_op.string_format(template, arrays, placeholder, summarize)
    return _made([text.encode("utf-8", "surrogateescape")], ())


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> EagerTensor:
    """Return the lengths in bytes, or in characters for `unit` "UTF8_CHAR"."""
    array = _bytes(input)
    count = [len(x.decode() if unit == "UTF8_CHAR" else x) for x in array.reshape(-1).tolist()]
    return tensor(np.array(count, np.int32).reshape(array.shape)[()])


def _mapped(input: Any, change: Any) -> EagerTensor:
    array = _bytes(input)
    return _made([change(x) for x in array.reshape(-1).tolist()], array.shape)


def lower(input: Any, encoding: str = "", name: str | None = None) -> EagerTensor:
    """Return strings in small letters."""
    return _mapped(input, bytes.lower)


def upper(input: Any, encoding: str = "", name: str | None = None) -> EagerTensor:
    """Return strings in capital letters."""
    return _mapped(input, bytes.upper)


def strip(input: Any, name: str | None = None) -> EagerTensor:
    """Return strings without blanks around them."""
    return _mapped(input, bytes.strip)


def to_number(input: Any, out_type: Any = np.float32, name: str | None = None) -> EagerTensor:
    """Return strings as numbers."""
    array = _bytes(input)
    numbers = [float(x) for x in array.reshape(-1).tolist()]
    return tensor(np.array(numbers).reshape(array.shape).astype(out_type)[()])


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
