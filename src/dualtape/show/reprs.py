"""What a notebook shows for tensors, modules and tapes, once `%load_ext dualtape` has been run."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from ..core.callsite import describe
from ..core.graph import LEAF
from ..core.tensor import Tensor
from .snapshots import summary_of
from .text_table import Table
from .updates import value_of

CELLS = 144
"""Elements of a matrix that are shown one by one."""


def tensor_html(t: Tensor) -> str:
    """A tensor: what it is, where it comes from, and its elements in colours, or statistics of many."""
    value = np.asarray(t.value)
    facts = []
    edge = t.current_edge()
    if edge is not None:
        node = edge.node
        facts.append(
            "requires grad" if node.kind == LEAF else f"{node.name()}, {describe(node.site)}"
        )
        grad = node.grad if node.kind == LEAF else None
        if grad is not None:
            facts.append(f"has a gradient of norm {np.linalg.norm(np.asarray(grad.value)):.4g}")
    return array_html(value, facts)


def variable_html(variable: Any) -> str:
    """A `tf.Variable`: its name, whether it is trained, and its elements. No tape sees that it is read."""
    facts = [str(variable.name), "trainable" if variable.trainable else "not trainable"]
    return array_html(np.asarray(value_of(variable)), facts)


def array_html(value: np.ndarray[Any, Any], facts: list[str]) -> str:
    """An array under a line that says what it is."""
    head = " · ".join([f"{value.dtype}{list(value.shape)}", *facts])
    head = f'<div style="opacity:.75;font-size:90%">{escape(head)}</div>'
    if value.size and value.ndim <= 2 and value.size <= CELLS and value.dtype.kind in "fiub":
        return head + cells(value)
    return head + statistics(value).html()


def cells(value: np.ndarray[Any, Any]) -> str:
    """The elements as a table: blue for positive, red for negative, deeper for larger."""
    rows = value.reshape(1, -1) if value.ndim < 2 else value
    size = np.abs(rows.astype(float))
    most = size[np.isfinite(size)].max(initial=0.0) or 1.0
    lines = []
    for row in rows:
        tds = []
        for v in row:
            if not np.isfinite(float(v)):
                colour = "rgba(120,120,120,.45)"
            else:
                hue = "25,113,194" if v >= 0 else "224,49,49"
                colour = f"rgba({hue},{0.55 * abs(float(v)) / most:.2f})"
            text = f"{v}" if value.dtype.kind in "iub" else f"{float(v):.5g}"
            tds.append(f'<td style="background:{colour};text-align:right">{text}</td>')
        lines.append(f"<tr>{''.join(tds)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def statistics(value: np.ndarray[Any, Any]) -> Table:
    """Least, largest, mean and spread of the finite elements, and how many are not."""
    if not value.size or value.dtype.kind not in "fciub":
        return Table("", ("elements",), [(f"{value.size}",)])
    s = summary_of(value)
    names = ["elements", "least", "largest", "mean", "deviation", "NaN", "infinite"]
    numbers = ["" if x is None else f"{x:.5g}" for x in (s.low, s.high, s.mean, s.std)]
    numbers = [f"{value.size}", *numbers, f"{s.nans}", f"{s.infs}"]
    title = "of the magnitudes" if value.dtype.kind == "c" else ""
    return Table(title, names, [numbers], right=range(7))


def module_table(module: Any) -> Table:
    """The layers of a module with their own parameters: shapes, how many numbers, and whether they are trained."""
    rows = []
    total = trained = 0
    for name, layer, own in layers(module):
        count = sum(int(np.prod(shape)) for _, shape, _ in own)
        total += count
        trained += sum(int(np.prod(shape)) for _, shape, wanted in own if wanted)
        shapes = ", ".join(f"{n} {list(shape)}" for n, shape, _ in own)
        rows.append((name or "(whole)", type(layer).__name__, shapes, f"{count:,}" if own else ""))
    title = f"{type(module).__name__}: {total:,} parameters, {trained:,} of them trained"
    return Table(title, ("layer", "type", "own parameters", "count"), rows, right=(3,))


Parameter = tuple[str, tuple[int, ...], bool]


def layers(module: Any) -> Iterator[tuple[str, Any, list[Parameter]]]:
    """Name, module and own parameters (name, shape, whether trained) of a module and all within it."""
    if hasattr(module, "named_modules"):
        for name, m in module.named_modules():
            yield name, m, [
                (n, tuple(p.shape), bool(p.requires_grad)) for n, p in m.named_parameters(recurse=False)
            ]  # fmt: skip
        return
    inner = getattr(module, "layers", None) or [module]
    for m in inner:
        trained = {id(v) for v in m.trainable_variables}
        yield str(getattr(m, "name", "")), m, [
            (str(v.name), tuple(v.shape), id(v) in trained) for v in getattr(m, "variables", ())
        ]  # fmt: skip


def module_html(module: Any) -> str:
    """`module_table` for a notebook."""
    return module_table(module).html()


def tape_table(tape: Any) -> Table:
    """The variables that a `GradientTape` watches."""
    rows = [
        (str(getattr(v, "name", "")), str(v.dtype.name), str(list(v.shape)))
        for v in tape.watched_variables()
    ]
    kind = "persistent" if getattr(tape, "persistent", False) else "used once"
    state = "recording" if getattr(tape, "recording", False) else "closed"
    return Table(f"GradientTape: {kind}, {state}", ("watched", "dtype", "shape"), rows)


def tape_html(tape: Any) -> str:
    """`tape_table` for a notebook."""
    return tape_table(tape).html()


SHOWN = {
    ("dualtape.torch._tensor", "Tensor"): tensor_html,
    ("dualtape.numpy._array", "Array"): tensor_html,
    ("dualtape.tensorflow.tensor", "EagerTensor"): tensor_html,
    ("dualtape.tensorflow.variable", "Variable"): variable_html,
    ("dualtape.torch.nn.module", "Module"): module_html,
    ("dualtape.tensorflow.module", "Module"): module_html,
    ("dualtape.tensorflow.keras.layer", "Layer"): module_html,
    ("dualtape.tensorflow.tape", "GradientTape"): tape_html,
}
"""How classes are shown, by module and name: IPython waits for them to be imported."""


def register(shell: Any) -> None:
    """Have an IPython shell show what is in `SHOWN`."""
    formatter = shell.display_formatter.formatters["text/html"]
    for (module, name), shown in SHOWN.items():
        formatter.for_type_by_name(module, name, shown)


__all__ = ["module_table", "register", "tape_table", "tensor_html"]
