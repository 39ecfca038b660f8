"""What routines share that are functions of the module, written once and called with pointers and sizes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ..emit import flow, runs
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from .nodes import Dtype, Node, Ref, Shape
from .scalars import ELEMENTS

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

INT64 = np.dtype(np.int64)
Lowering = Callable[["Build", list[Ref], list[Aval], dict[str, Any]], "list[Ref] | None"]


class Arguments:
    """Inside a function: its arrays and sizes by position.

    Attributes:
        w: Where it is written.
        arrays: Operands, then the result, then memory of its own if there is any.
        sizes: The numbers.
    """

    def __init__(self, w: LoopWriter, elements: tuple[str, ...], sizes: int) -> None:
        self.w = w
        self.arrays = [flow.Array(w, f"%p{k}", Lanes(t)) for k, t in enumerate(elements)]
        self.sizes = [flow.parameter(w, f"n{k}") for k in range(sizes)]


class Function(NamedTuple):
    """A routine.

    Attributes:
        name: Of the function; stands for all that `body` does, but for the dtypes.
        body: Writes it.
        sizes: What it is called with besides pointers; the code is the same for all.
        scratch: Bytes of memory of its own.
        externals: Names of what it calls that is not of the module, with addresses.
    """

    name: str
    body: Callable[[Arguments], None]
    sizes: tuple[int, ...]
    scratch: int = 0
    externals: tuple[tuple[str, int], ...] = ()

    def __repr__(self) -> str:
        return f"{self.name} {self.sizes} {self.scratch}"

    def room(self, itemsize: int) -> int:
        """Bytes of the arena."""
        return self.scratch

    def write(self, e: Emission, node: Node) -> None:
        """Write the call."""
        w = e.w
        elements = [ELEMENTS[x.dtype.char] for x in (*node.args, node.ref())]
        pointers = [e.at(w, x) for x in node.args] + [e.pointer(w, node)]
        if self.scratch:
            pointers.append(e.room(self.scratch))
            elements.append("i8")
        given = {f"p{k}": "ptr" for k in range(len(pointers))}
        given.update({f"n{k}": "i64" for k in range(len(self.sizes))})
        name = "_".join(
            [self.name, *[x.dtype.char.replace("?", "o") for x in (*node.args, node.ref())]]
        )
        f = flow.function(
            w.module, name, given,
            lambda inner: self.body(Arguments(inner, tuple(elements), len(self.sizes))),
        )  # fmt: skip
        values = [f"ptr {p}" for p in pointers] + [f"i64 {n}" for n in self.sizes]
        w.do(f"call void {f}({', '.join(values)})")


def called(b: Build, op: Function, xs: list[Ref], shape: Shape, dtype: Dtype) -> Ref:
    """The result of a routine on operands in memory."""
    args = tuple([b.materialized(x) for x in xs])
    return b.nodes.routine(op, args, shape, dtype, repr(op)).ref()


def divided(shape: Shape, axis: int) -> tuple[int, int, int]:
    """Elements before an axis, along it and behind it."""
    axis %= len(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def nothing(b: Build, outs: list[Aval]) -> list[Ref]:
    """Results without elements."""
    return [b.nodes.literal(0, a.dtype).spread(a.shape) for a in outs]


class Rescue:
    """An array as it is if a condition holds, else as NumPy makes it, which may raise an error instead."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"rescue {self.index}"

    def write(self, e: Emission, node: Node) -> None:
        """Write the branch."""
        w = e.w
        good = e.scalar(node.args[0])
        source, target = e.at(w, node.args[1]), e.pointer(w, node)
        w.count += 1
        wrong, right, done = (f"{kind}.{w.count}" for kind in ("wrong", "right", "rescued"))
        w.do(f"br i1 {good}, label %{right}, label %{wrong}")
        w.label(wrong)
        e.call_back(self.index)
        w.do(f"br label %{done}")
        w.label(right)
        runs.copy(w, Lanes(ELEMENTS[node.dtype.char]), source, target, node.size)
        w.do(f"br label %{done}")
        w.label(done)


def rescued(
    b: Build, good: Ref, made: list[Ref], p: Primitive, params: dict[str, Any], xs: list[Ref]
) -> list[Ref]:
    """The results of a call where a condition holds; where not, NumPy runs the primitive.

    Args:
        b: The nodes.
        good: A boolean, 0-d.
        made: The results in the good case.
        p, params, xs: The call.
    """
    out = []
    for k, x in enumerate(made):
        if not x.node.size:
            out.append(x)
            continue
        op = Rescue(len(b.callbacks))
        node = b.nodes.routine(op, (good, b.materialized(x), *xs), x.shape, x.dtype, repr(op))
        others = [Node(node.kind, y.shape, y.dtype) for y in made]  # which have no place
        others[k] = node
        b.rescue(p, params, tuple(xs), tuple(others))
        out.append(node.ref())
    return out
