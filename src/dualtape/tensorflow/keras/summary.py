"""`model.summary()`: the table of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .layers.core import InputLayer

if TYPE_CHECKING:
    from .models import Model

_HEAD = ("Layer (type)", "Output Shape", "Param #")


def memory(byte_count: int) -> str:
    """A number of bytes as people read it: `52.00 B`, `1.50 KB`."""
    size = float(byte_count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.2f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def _totals(weights: list[Any]) -> tuple[int, int]:
    count = sum(int(np.prod(w.shape)) for w in weights)
    return count, sum(int(np.prod(w.shape)) * w._variable()._value.dtype.itemsize for w in weights)


def _line(left: str, bar: str, middle: str, right: str, widths: tuple[int, ...]) -> str:
    return left + middle.join(bar * w for w in widths) + right


def _cell(text: str, width: int, right: bool) -> str:
    inner = width - 2
    if len(text) > inner:
        text = text[: inner - 1] + "…"
    return f" {text:>{inner}} " if right else f" {text:<{inner}} "


def print_summary(
    model: Model, line_length: int | None, print_fn: Callable[[str], Any] | None
) -> None:
    """Print the table of a model's layers and the totals of its parameters."""
    total_width = line_length or 76
    first, second = int(total_width * 0.45) - 1, int(total_width * 0.35) - 2
    widths = (first, second, total_width - first - second - 4) if line_length else (33, 24, 15)
    rows = []
    for layer in [
        *getattr(model, "_input_layers", []),
        *[x for x in model.layers if not isinstance(x, InputLayer)],
    ]:
        shape = layer._output_shape
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        rows.append(
            (f"{layer.name} ({type(layer).__name__})", "?" if shape is None else str(shape), count)
        )
    out = [f'Model: "{model.name}"', _line("┏", "━", "┳", "┓", widths)]
    out.append(
        "┃"
        + "┃".join(_cell(t, w, i == 2) for i, (t, w) in enumerate(zip(_HEAD, widths, strict=True)))
        + "┃"
    )
    out.append(_line("┡", "━", "╇", "┩", widths))
    for number, row in enumerate(rows):
        if number:
            out.append(_line("├", "─", "┼", "┤", widths))
        out.append(
            "│"
            + "│".join(
                _cell(t, w, i == 2) for i, (t, w) in enumerate(zip(row, widths, strict=True))
            )
            + "│"
        )
    out.append(_line("└", "─", "┴", "┘", widths))
    everything, trainable = _totals(model.weights), _totals(model.trainable_variables)
    fixed = _totals(model.non_trainable_variables)
    slots = (
        _totals(model.optimizer.variables)
        if model.optimizer is not None and model.optimizer.built
        else None
    )
    total = (everything[0] + (slots[0] if slots else 0), everything[1] + (slots[1] if slots else 0))
    out.append(f" Total params: {total[0]:,} ({memory(total[1])})")
    out.append(f" Trainable params: {trainable[0]:,} ({memory(trainable[1])})")
    out.append(f" Non-trainable params: {fixed[0]:,} ({memory(fixed[1])})")
    if slots:
        out.append(f" Optimizer params: {slots[0]:,} ({memory(slots[1])})")
    (print_fn or print)("\n".join(out))
