"""The text PyTorch 2.13 gives for a tensor, from a NumPy array.

All elements of a tensor share one format, chosen from the nonzero finite ones that are shown:
whole numbers with a bare point (`1.`), a fixed number of decimals, or scientific notation.
Behaviour as in PyTorch's `torch/_tensor_str.py`; `tests/torch/test_printing.py` compares.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "PrintOptions",
    "get_printoptions",
    "parameter_str",
    "printoptions",
    "set_printoptions",
    "tensor_str",
]

Array = npt.NDArray[Any]


@dataclasses.dataclass(slots=True)
class PrintOptions:
    """How tensors print.

    Attributes:
        precision: Digits after the point.
        threshold: A tensor with more elements than this is summarised.
        edgeitems: Elements shown at each end of a summarised axis.
        linewidth: Characters per line.
        sci_mode: Scientific notation always or never; None decides by the values.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_OPTIONS = PrintOptions()
_PROFILES: dict[str, dict[str, float]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set the options for all later prints, as `torch.set_printoptions`.

    Args:
        precision: As in `PrintOptions`; None, here and below, leaves the option as it is.
        threshold: As in `PrintOptions`.
        edgeitems: As in `PrintOptions`.
        linewidth: As in `PrintOptions`.
        profile: `default`, `short` or `full`, applied before the others. Other names do nothing.
        sci_mode: As in `PrintOptions`; None does set it: to decide by the values.
    """
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    for name, value in (*_PROFILES.get(profile or "", {}).items(), *given.items()):
        if value is not None:
            setattr(_OPTIONS, name, value)
    _OPTIONS.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """Return the options by name, fit to be passed to `set_printoptions`."""
    return dataclasses.asdict(_OPTIONS)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Set options, as `set_printoptions` does, for the body of a `with` statement only."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_str(
    array: Array,
    *,
    dtype: str = "torch.float32",
    default_dtype: str = "torch.float32",
    suffixes: Sequence[str] = (),
    prefix: str = "tensor(",
    options: PrintOptions | None = None,
) -> str:
    """Return a tensor's text, such as `tensor([1., 2.], grad_fn=<MulBackward0>)`.

    Args:
        array: The values, of any shape; bfloat16 as ml_dtypes has it.
        dtype: The tensor's dtype as PyTorch writes it.
        default_dtype: That of new tensors, which the text leaves out.
        suffixes: What follows the values, the size and the dtype: `requires_grad=True`,
            `grad_fn=<...>`, `tangent=...`.
        prefix: What precedes the values; a subclass puts its name and a parenthesis.
        options: Instead of those of `set_printoptions`.

    Example:
        >>> print(tensor_str(np.array([1.5, 2.0]), dtype="torch.float64"))
        tensor([1.5000, 2.0000], dtype=torch.float64)
    """
    options = options or _OPTIONS
    parts: list[str] = []
    if (array.size == 0 and array.ndim != 1) or (array.size and not options.edgeitems):
        parts.append(f"size={tuple(array.shape)}")
    # An empty tensor does not show that its elements are integers or truth values.
    unsaid = {default_dtype}
    if array.size:
        complex_name = "complex128" if default_dtype == "torch.float64" else "complex64"
        unsaid |= {f"torch.{complex_name}", "torch.int64", "torch.bool"}
    if dtype not in unsaid:
        parts.append(f"dtype={dtype}")
    indent = len(prefix)
    text = prefix + _values_str(array, indent, options)
    column = len(text) - text.rfind("\n") + 1  # PyTorch's count, two more than the characters
    for part in (*parts, *suffixes):
        if column + len(part) + 2 > options.linewidth:
            text += ",\n" + " " * indent + part
            column = indent + len(part)
        else:
            text += ", " + part
            column += len(part) + 2
    return text + ")"


def parameter_str(text: str) -> str:
    """Return the text of an `nn.Parameter`, given that of its tensor."""
    return "Parameter containing:\n" + text


def _values_str(array: Array, indent: int, options: PrintOptions) -> str:
    """Return the nested brackets; `indent` is the column of the first."""
    if array.size == 0:
        return "[]"
    edge = options.edgeitems
    cut = array.size > options.threshold
    if cut and not edge and array.ndim:
        return "[...]"
    shown = array
    if cut:
        for axis, length in enumerate(array.shape):
            if length > 2 * edge:
                ends = [*range(edge), *range(length - edge, length)]
                shown = shown.take(ends, axis=axis)
    texts, width = _element_texts(shown, options)
    cut_axes = [cut and length > 2 * edge for length in array.shape]
    per_line = max(1, (options.linewidth - indent - array.ndim + 1) // (width + 2))
    return _nested(texts, shown.shape, cut_axes, indent, edge, per_line)


def _nested(
    texts: list[str],
    shape: tuple[int, ...],
    cut_axes: list[bool],
    indent: int,
    edge: int,
    per_line: int,
) -> str:
    """Bracket the texts of the elements, those of the last axis `per_line` to a line."""
    if not shape:
        return texts[0]
    length, *rest = shape
    if rest:
        size = len(texts) // length
        items = [
            _nested(texts[i : i + size], tuple(rest), cut_axes[1:], indent + 1, edge, per_line)
            for i in range(0, len(texts), size)
        ]
    else:
        items = list(texts)
    if cut_axes[0]:
        items.insert(edge, "..." if rest else " ...")
    margin = " " * (indent + 1)
    if rest:
        return "[" + ("," + "\n" * len(rest) + margin).join(items) + "]"
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + margin).join(lines) + "]"


def _element_texts(array: Array, options: PrintOptions) -> tuple[list[str], int]:
    """Return the texts of all elements in order, aligned, and the width PyTorch counts for one."""
    if array.dtype.kind == "c":
        reals, real_width = _real_texts(array.real, options)
        imags, imag_width = _real_texts(array.imag, options)
        texts = []
        for real, imag in zip(reals, imags, strict=True):
            imag = imag.lstrip() + "j"
            texts.append(real + imag if imag[0] in "+-" else real + "+" + imag)
        return texts, real_width + imag_width + 1
    if array.dtype.kind in "biu":
        texts = [str(value) for value in array.reshape(-1).tolist()]
        width = max(map(len, texts))
        return [text.rjust(width) for text in texts], width
    return _real_texts(array, options)


def _real_texts(array: Array, options: PrintOptions) -> tuple[list[str], int]:
    """Return the texts of floating elements and their width, as `_element_texts`."""
    values = array.reshape(-1).astype(np.float64)
    counted = np.isfinite(values) & (values != 0)
    numbers = values[counted]
    whole, scientific = True, False
    if numbers.size:
        whole = bool((numbers == np.ceil(numbers)).all())
        least, greatest = float(np.abs(numbers).min()), float(np.abs(numbers).max())
        scientific = (
            greatest / least > 1000.0 or greatest > 1.0e8 or least < 1.0e-4
            if options.sci_mode is None
            else options.sci_mode
        )
    decimals = f".{options.precision}"
    spec = decimals + "e" if scientific else ".0f" if whole else decimals + "f"
    texts = [format(value, spec) for value in values.tolist()]
    if whole and not scientific:
        texts = [t if t[-1] in "nf" else t + "." for t in texts]  # not after nan and inf
    # Zeros, nan and inf do not count: alone, or longer than the rest, they stick out.
    width = max((len(t) for t, c in zip(texts, counted.tolist(), strict=True) if c), default=1)
    return [text.rjust(width) for text in texts], width
