"""A graph as one C function: kernels and routines write as they do for LLVM, one lane wide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..emit import memory
from ..emit.frames import LoopWriter
from ..graph import Graph
from ..lowering import emission
from ..lowering.accumulated import Accumulated
from ..lowering.arena import rounded
from ..lowering.checks import Guard
from ..lowering.direct import Direct
from ..lowering.fusion import Cluster
from ..lowering.kernel import Kernel
from ..lowering.nodes import CONSTANT, LITERAL, Node
from ..lowering.product import Product
from ..lowering.program import Program
from ..lowering.routine import Function
from ..lowering.scalars import ELEMENTS
from ..lowering.structured import Structured
from . import correlation, structured
from .instructions import number
from .module import CModule
from .writer import CWriter

FAILED = 1
"""What a function returns if an index is out of range, or a number not where it has to be."""

C_TYPES = {
    "?": "uint8_t", "b": "int8_t", "B": "uint8_t", "h": "int16_t", "H": "uint16_t", "i": "int32_t", "I": "uint32_t",
    "l": "int64_t", "L": "uint64_t", "q": "int64_t", "Q": "uint64_t", "f": "float", "d": "double",
}  # fmt: skip


class NotExported(Exception):
    """A primitive that NumPy would run: its name."""

    def __init__(self, primitive: Any, why: str = "") -> None:
        super().__init__(primitive.name if primitive is not None else why)
        self.primitive = primitive
        self.why = why


def c_type(dtype: np.dtype[Any]) -> str:
    """C's type of an array's elements.

    Raises:
        NotExported: There is none.
    """
    if dtype.char not in C_TYPES:
        raise NotExported(None, f"numbers of dtype {dtype.name}")
    return C_TYPES[dtype.char]


class Scalar(Program):
    """A program whose loops go element by element."""

    width = 1
    tiled = False

    def _carried(self, node: Node) -> bool:
        return node.size == 1 and not self.large


class _Kernel(Kernel):
    """A kernel that takes sines and cosines from C's library, one by one."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pairs = {}
        self.fetches = False


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: a private function of C, whose parameters are inputs, outputs, workspace.

    Attributes:
        name: Its name.
        text: It.
        work: Bytes of workspace.
        inputs, outputs: Their parameters' C types, pointers left out.
        written: Which inputs are written to.
    """

    name: str
    text: str
    work: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    written: frozenset[int]


class CEmission(emission.Emission):
    """Writes a program as a function of C."""

    kernel = _Kernel

    def __init__(self, graph: Graph, module: CModule, name: str, file: Any) -> None:
        super().__init__(Scalar(graph, threaded=False))
        self.module = module
        self.file = file
        self.function_name = name
        self.graph = graph
        self.w: CWriter = CWriter(module)
        self.declared: list[str] = []
        self.roots: dict[int, str] = {}
        self.deep = 0  # bytes of workspace of the functions that are called

    def function(self) -> Written:
        """The function."""
        graph = self.graph
        where = {v: i for i, v in enumerate(graph.inputs)}
        written = frozenset([where[t] for t, _ in graph.updates])
        inputs = tuple([c_type(graph.avals[v].dtype) for v in graph.inputs])
        outputs = tuple([c_type(graph.avals[v].dtype) for v in graph.outputs])
        parameters = [f"{'' if i in written else 'const '}{t} *x{i}" for i, t in enumerate(inputs)]
        parameters += [f"{t} *y{i}" for i, t in enumerate(outputs)]
        self._take(self._steps())
        body = self.w.text()
        names = [
            *[f"x{i}" for i in range(len(inputs))],
            *[f"y{i}" for i in range(len(outputs))],
            "work",
        ]
        unused = [n for n in names if not re.search(rf"\b{n}\b", body)]
        work = rounded(self.p.arena) + self.deep
        lines = [
            f"static int {self.function_name}({', '.join([*parameters, 'char *work'])}) {{",
            *[f"    {d}" for d in self.declared],
            *[f"    (void){u};" for u in unused],
            body,
            "    return 0;",
            "}",
        ]
        text = "\n".join([line for line in lines if line])
        return Written(self.function_name, text, work, inputs, outputs, written)

    # What kernels and routines ask

    def slot(self, k: int) -> str:
        """See `Emission`."""
        if k in self.roots:
            return self.roots[k]
        p, graph = self.p, self.graph
        constants = p.build.constants
        token = self.roots[k] = f"%slot{k}"
        if k < p.inputs:
            v = graph.inputs[k]
            written = any(t == v for t, _ in graph.updates)
            return self.w.root(token, f"x{k}", c_type(graph.avals[v].dtype), not written)
        if k < p.first_output:
            array = np.ascontiguousarray(graph.constants[constants[k - p.inputs]])
            return self.w.root(token, self.file.constant(array), c_type(array.dtype), True)
        if k < p.arena_slot:
            i = k - p.first_output
            return self.w.root(token, f"y{i}", c_type(graph.avals[graph.outputs[i]].dtype), False)
        assert k == p.arena_slot
        return self.w.root(token, "work", "char", False)

    def pointer(self, w: LoopWriter, node: Node) -> str:
        """See `Emission`."""
        if node.kind == CONSTANT and node.op is not None:  # numbers that are part of the code
            name = self.file.constant(np.ascontiguousarray(node.op))
            return self.w.root(f"%{name}.table", name, c_type(node.dtype), True)
        return super().pointer(w, node)

    def stack(self, size: int) -> str:
        """See `Emission`."""
        name = f"kept{len(self.declared)}"
        self.declared.append(f"double {name}[{-(-size // 8)}];")
        return self.w.root(f"%{name}.root", name, "char", False)

    def room(self, size: int) -> str:
        """See `Emission`."""
        start = self.used
        self.used += rounded(size)
        return self.w.op(f"getelementptr i8, ptr {self.slot(self.p.arena_slot)}, i64 {start}")

    def symbols_of_blas(self, element: str) -> None:
        """See `Emission`: the product is written out when it is called."""

    # Steps

    def _step(self, numbers: tuple[int, ...]) -> None:
        if len(numbers) > 1:
            super()._step(numbers)
            return
        names = ", ".join(dict.fromkeys([n.name for n in self.p.order[numbers[0]].members]))
        self.w.effect(f"/* {names} */")
        self._kernels(numbers)[0].write()

    def _routine(self, c: Cluster) -> None:
        node = next(iter(c.members))
        op = node.op
        if isinstance(op, int):
            self._callback(node)
        elif isinstance(op, Guard):
            self._guard(node)
        elif isinstance(op, Structured):
            self._structured(op, node)
        elif isinstance(op, Direct):
            self.w.effect("/* convolution */")
            correlation.written(self, op, node)
        elif isinstance(op, (Product, Accumulated)):
            self.w.effect("/* product of matrices */")
            if isinstance(op, Product):
                self._product(op, node)
            else:
                self._accumulated(op, node)
        else:
            if repr(op) != "join":
                self.w.effect(
                    f"/* {op.name if isinstance(op, Function) else type(op).__name__.lower()} */"
                )
            op.write(self, node)

    def _guard(self, node: Node) -> None:
        good = self.scalar(node.args[0])
        self.w.effect(f"if (!{good}) return {FAILED};")
        self.scalars[node] = "0"
        if self.p.large:
            self.w.do(f"store i64 0, ptr {self.pointer(self.w, node)}, align 8")

    def _accumulated(self, op: Accumulated, node: Node) -> None:
        c = node.args[2]
        element = ELEMENTS[node.dtype.char]
        factor = number(float(c.node.op), element) if c.node.kind == LITERAL else self.scalar(c)
        self._product(op.product, node, f"-{factor}" if op.minus else factor, True)

    def _product(self, op: Product, node: Node, factor: str = "1", add: bool = False) -> None:
        w = self.w
        x, y = node.args[:2]
        element = ELEMENTS[node.dtype.char]
        item = node.dtype.itemsize
        rank = len(op.stack)
        bases = [self.pointer(w, r.node) for r in (x, y, node.ref())]
        strides = [x.strides[:rank], y.strides[:rank], op.places]
        f = w.module.helper("matmul", element)  # type: ignore[attr-defined]

        def nest(indices: list[str]) -> None:
            if len(indices) < rank:

                def body(i: str, _: list[str]) -> list[str]:
                    nest([*indices, i])
                    return []

                w.loop(0, op.stack[len(indices)], 1, body)
                return
            places = []
            for p, s, start in zip(bases, strides, (x.offset, y.offset, 0), strict=True):
                total: int | str = start
                for i, step in zip(indices, s, strict=True):
                    if step:
                        total = w.op(f"add nsw i64 {memory.times(w, i, step)}, {total}")
                places.append(w.address(memory.offset(w, p, total, item), element))
            a, b = x.strides[rank:], y.strides[rank:]
            w.effect(
                f"{f}({op.m}, {op.n}, {op.k}, {factor}, {places[0]}, {a[0]}, {a[1]}, {places[1]}, {b[0]}, {b[1]}, "
                f"{int(add)}, {places[2]}, {op.row});"
            )

        nest([])

    def _callback(self, node: Node) -> None:
        if not self.stands_for_all(node):
            return
        call = self.p.build.callbacks[node.op]
        rules = getattr(call.primitive, "rules", None)
        if not structured.written(self, rules, call.operands, call.results):
            raise NotExported(call.primitive)

    def _structured(self, op: Structured, node: Node) -> None:
        if self.stands_for_all(node) and not structured.written(
            self, op.rules, node.args, op.results
        ):
            raise NotExported(None, f"the loop {op!r}")

    def call_back(self, index: int) -> None:
        """See `Emission`: what NumPy would raise, or compute in rare cases, is a failure here."""
        self.w.effect(f"return {FAILED};")

    # For loops and conditions

    def scratch(self, size: int) -> int:
        """So many more bytes of workspace; where they start."""
        start = rounded(self.p.arena) + self.deep
        self.deep += rounded(size)
        return start
