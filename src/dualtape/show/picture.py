"""`graph` and `show`: the graph that a tensor holds, as a picture, as Graphviz' or as Mermaid's text."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import FrameType
from typing import Any

from ..core.callsite import describe, user_frame
from ..core.graph import LEAF
from ..core.tensor import Tensor
from .frames import local_variables
from .layered import place
from .mathematics import lowered
from .naming import numbered
from .webpage import opened

MOST = 2000
"""Operations in one picture at most: `dualtape explain` folds larger graphs."""


@dataclass(frozen=True)
class GraphNode:
    """A leaf, or an operation with its result.

    Attributes:
        kind: "leaf" or "operation".
        operation: The node's name as PyTorch prints it, "" for a leaf.
        name: The user's variable, "" where none is known.
        shape, dtype: Of the (first) result.
        line: Where it was recorded, "" for a leaf.
        inputs: Numbers of the nodes whose results it took and that need gradients.
    """

    kind: str
    operation: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    line: str
    inputs: tuple[int, ...]

    @property
    def aval(self) -> str:
        """Dtype and shape: "float32[3, 1]"."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"

    @property
    def title(self) -> str:
        """What stands on its box: the name, and the operation less its "Backward0"."""
        short = self.operation.split("Backward")[0] or self.operation
        if self.kind == "leaf":
            return self.name or "leaf"
        return f"{self.name} = {short}" if self.name else short


class Graph:
    """What leads to some tensors: `save` it, show it in a notebook, or take `to_dot()` or `to_mermaid()`.

    Attributes:
        nodes: Leaves and operations; each comes after its inputs.
        outputs: The numbers of the nodes that the picture was asked for.
    """

    def __init__(self, nodes: Sequence[GraphNode], outputs: Sequence[int]) -> None:
        self.nodes = tuple(nodes)
        self.outputs = tuple(outputs)

    def __repr__(self) -> str:
        leaves = sum(n.kind == "leaf" for n in self.nodes)
        operations = len(self.nodes) - leaves
        return (
            f"<Graph of {operations} operation{'' if operations == 1 else 's'} "
            f"on {leaves} {'leaf' if leaves == 1 else 'leaves'}>"
        )

    def svg(self) -> str:
        """The picture: leaves at the top, results at the bottom. It needs nothing from outside."""
        lines = [(n.title, n.aval) for n in self.nodes]
        sizes = [(max(64.0, 18 + 7.4 * max(map(len, both))), 40.0) for both in lines]
        edges = [(i, k) for k, n in enumerate(self.nodes) for i in n.inputs]
        at = place(sizes, edges)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {at.width:.0f} {at.height:.0f}" '
            f'width="{at.width:.0f}" height="{at.height:.0f}" class="dualtape" role="img" '
            f'aria-label="{escape(self.description())}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="dualtape-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
        ]
        parts += [
            f'<path class="edge" d="{curve(route)}" marker-end="url(#dualtape-end)"/>'
            for route in at.routes
        ]
        for k, (n, (w, h)) in enumerate(zip(self.nodes, sizes, strict=True)):
            kind = "result" if k in self.outputs and n.kind != "leaf" else n.kind
            x, y = at.x[k], at.y[k]
            tip = escape(f"{n.operation or 'leaf'}\n{n.aval}\n{n.line}".strip())
            parts.append(
                f'<g class="{kind}"><title>{tip}</title><rect x="{x - w / 2:.1f}" y="{y - h / 2:.1f}" '
                f'width="{w:.1f}" height="{h:.1f}" rx="{18 if n.kind == "leaf" else 5}"/>'
                f'<text x="{x:.1f}" y="{y - 3:.1f}">{escape(lines[k][0])}</text>'
                f'<text class="aval" x="{x:.1f}" y="{y + 13:.1f}">{escape(lines[k][1])}</text></g>'
            )
        return "\n".join([*parts, "</svg>"])

    _repr_svg_ = svg

    def description(self) -> str:
        """The picture in words, for those who do not see it."""
        ends = ", ".join(self.nodes[k].title for k in self.outputs)
        names = [n.title for n in self.nodes if n.kind == "leaf"]
        return f"Computation graph from {', '.join(names) or 'no leaf'} to {ends}"

    def to_dot(self) -> str:
        """The graph for Graphviz."""
        lines = ["digraph dualtape {", '  node [shape=box, fontname="sans-serif"];']
        for k, n in enumerate(self.nodes):
            shape = ", style=rounded" if n.kind == "leaf" else ""
            lines.append(f'  n{k} [label="{quoted(n.title)}\\n{quoted(n.aval)}"{shape}];')
        lines += [f"  n{i} -> n{k};" for k, n in enumerate(self.nodes) for i in n.inputs]
        return "\n".join([*lines, "}"])

    def to_mermaid(self) -> str:
        """The graph for Mermaid, which Markdown pages draw."""
        lines = ["flowchart TD"]
        for k, n in enumerate(self.nodes):
            text = f"{n.title}<br/>{n.aval}".replace('"', "#quot;")
            lines.append(f'  n{k}(["{text}"])' if n.kind == "leaf" else f'  n{k}["{text}"]')
        lines += [f"  n{i} --> n{k}" for k, n in enumerate(self.nodes) for i in n.inputs]
        return "\n".join(lines)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the graph to a file, by its suffix as .svg, .dot or .mmd, and return its path.

        Raises:
            ValueError: The suffix is another one.
        """
        path = Path(path)
        forms = {".svg": self.svg, ".dot": self.to_dot, ".gv": self.to_dot, ".mmd": self.to_mermaid}
        if path.suffix not in forms:
            raise ValueError(f"Graph.save: cannot write {path.suffix!r}; use .svg, .dot or .mmd")
        path.write_text(forms[path.suffix]() + "\n", encoding="utf-8")
        return path


STYLE = (
    ".dualtape{font:13px system-ui,sans-serif;--i:#1b1f24;--m:#57606a;--l:#8c959f;--o:#f6f8fa;--a:#ddf4ff;--r:#fff1e5}"
    "@media(prefers-color-scheme:dark){.dualtape{--i:#e6edf3;--m:#9198a1;--l:#7d8590;--o:#161b22;--a:#0c2d6b;--r:#4d2d00}}"
    ".dualtape text{text-anchor:middle;fill:var(--i)}.dualtape .aval{font-size:11px;fill:var(--m)}"
    ".dualtape rect{fill:var(--o);stroke:var(--l)}.dualtape .leaf rect{fill:var(--a)}"
    ".dualtape .result rect{fill:var(--r);stroke-width:2}"
    ".dualtape .edge{fill:none;stroke:var(--l);stroke-width:1.3}.dualtape .head{fill:var(--l)}"
)


def graph(*tensors: Any) -> Graph:
    """Return the recorded graph that leads to tensors.

    Names are those of the variables of the running functions, and of the parameters of the modules among them.

    >>> import dualtape as dt, dualtape.torch as torch
    >>> w = torch.ones(3, requires_grad=True)
    >>> loss = (w * w).sum()
    >>> print(dt.graph(loss).to_mermaid())
    flowchart TD
      n0(["w<br/>float32[3]"])
      n1["Mul<br/>float32[3]"]
      n2["loss = Sum<br/>float32[]"]
      n0 --> n1
      n0 --> n1
      n1 --> n2

    Args:
        tensors: One or more, of any front end; or lists of them.

    Raises:
        TypeError: Something is no tensor.
        ValueError: A tensor has no history, or the graph is too large for a picture.
    """
    return graph_of(flat(tensors), user_frame())


def graph_of(tensors: Sequence[Tensor], frame: FrameType | None) -> Graph:
    """`graph`, with names from `frame` and those that called it."""
    ends = []
    for t in tensors:
        edge = t.current_edge()
        if edge is None:
            raise ValueError(
                f"graph: the tensor of shape {list(t.value.shape)} has no history: nothing that it was computed from "
                "needs a gradient, or it was computed under no_grad or outside of a tape (dt.why_none says more)"
            )
        ends.append(edge.node)
    met: set[Any] = set()
    stack = list(ends)
    while stack:
        node = stack.pop()
        if node in met:
            continue
        met.add(node)
        if len(met) > MOST:
            raise ValueError(
                f"graph: more than {MOST} operations are too many for one picture; dt.explain folds them"
            )
        if node.kind != LEAF:
            stack.extend([e.node for e in node.inputs if e is not None])
    order = sorted(met, key=lambda n: (n.kind != LEAF, -n.order))
    number = {node: k for k, node in enumerate(order)}
    names = names_of(met, frame)
    # The oldest first: two functions may have a variable of one name.
    numbers = numbered((names.get(n), n.kind != LEAF) for n in order)
    nodes = []
    for node, nth in zip(order, numbers, strict=True):
        name = names.get(node, "") + ("" if nth is None else lowered(nth))
        shape, dtype = tuple(node.shape), str(node.dtype)
        if node.kind == LEAF:
            nodes.append(GraphNode("leaf", "", name, shape, dtype, "", ()))
        else:
            inputs = tuple([number[e.node] for e in node.inputs if e is not None])
            line = describe(node.site)
            nodes.append(GraphNode("operation", node.name(), name, shape, dtype, line, inputs))
    return Graph(nodes, [number[n] for n in ends])


def names_of(nodes: Iterable[Any], frame: FrameType | None) -> dict[Any, str]:
    """The user's names of nodes: variables of `frame` and its callers, entries of lists, parameters of modules."""
    wanted = set(nodes)
    names: dict[Any, str] = {}

    def note(value: Any, name: str) -> None:
        # A tf.Variable is no tensor, but keeps the edge that the open tapes have given it.
        edge = value.edge if isinstance(value, Tensor) else getattr(value, "_edge", None)
        if edge is not None and edge.node in wanted:
            names.setdefault(edge.node, name)

    while frame is not None:
        variables = {**frame.f_globals, **local_variables(frame)}
        variables = {n: v for n, v in variables.items() if not n.startswith("_")}
        for name, value in variables.items():
            note(value, name)
        for name, value in variables.items():
            if isinstance(value, (list, tuple)) and len(value) <= MOST:
                for i, x in enumerate(value):
                    note(x, f"{name}[{i}]")
            elif hasattr(type(value), "named_parameters"):
                for inner, x in value.named_parameters():
                    note(x, f"{name}.{inner}")
            elif hasattr(type(value), "trainable_variables"):
                for x in value.trainable_variables:
                    note(x, f"{name}.{getattr(x, 'path', x.name)}")
        frame = frame.f_back
    return names


def show(*tensors: Any) -> None:
    """Show the graph that leads to tensors: in a notebook beneath the cell, else in the browser of a desktop.

    Where there is neither, the path of the picture is printed. The graph itself is what `graph` gives: a notebook
    would show what is returned here a second time.

    Args:
        tensors: See `graph`.
    """
    found = graph_of(flat(tensors), user_frame())
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        sys.modules["IPython.display"].display(found)
        return
    handle, name = tempfile.mkstemp(prefix="dualtape-", suffix=".svg")
    os.close(handle)
    path = found.save(name)
    if not opened(path):
        print(path)


def flat(tensors: Any) -> list[Tensor]:
    """The tensors in arguments that are tensors or lists of them."""
    found: list[Tensor] = []
    for t in tensors:
        if isinstance(t, (list, tuple)):
            found += flat(t)
        elif isinstance(t, Tensor):
            found.append(t)
        else:
            raise TypeError(f"graph: a tensor is wanted, not {type(t).__name__}")
    return found


def curve(route: list[tuple[float, float]]) -> str:
    """A path that leaves downward, arrives downward, and goes straight through the layers between."""
    (x, y), *rest = route
    parts = [f"M{x:.1f} {y:.1f}"]
    for k, (u, v) in enumerate(rest):
        if k % 2 and k < len(rest) - 1:
            parts.append(f"L{u:.1f} {v:.1f}")  # down through a layer
        else:
            m = (y + v) / 2
            parts.append(f"C{x:.1f} {m:.1f} {u:.1f} {m:.1f} {u:.1f} {v:.1f}")
        x, y = u, v
    return "".join(parts)


def quoted(text: str) -> str:
    """A text in a Graphviz string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


__all__ = ["Graph", "GraphNode", "graph", "show"]
