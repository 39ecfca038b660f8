"""Products of matrices: which operands are read as they lie, which are copied, and whether BLAS or a tile does it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import contraction as co
from ...ops import matmul as mm
from ...ops.arithmetic import mul
from ..emit import gemm, memory, tile
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from . import blas
from .nodes import Node, Ref, Shape, contiguous
from .reductions import reduced
from .scalars import ELEMENTS
from .views import reshaped, sliced

if TYPE_CHECKING:
    from .build import Build
    from .emission import Emission

SMALL = 48 * 48 * 48
"""Multiplications up to which a tile written for the sizes is quicker than BLAS's call and packing."""
LONGEST = 512


@dataclass(frozen=True, slots=True)
class Product:
    """The products of two stacks of matrices: rows m, columns n, k summed over, for each index of `stack`."""

    stack: Shape
    m: int
    n: int
    k: int
    tiled: bool

    def __repr__(self) -> str:
        how = "tile" if self.tiled else "blas"
        return f"{how} {self.stack} {self.m}x{self.k} by {self.k}x{self.n}"

    def write(self, e: Emission, node: Node) -> None:
        """Write it."""
        w = e.w
        bases = [e.pointer(w, r.node) for r in (*node.args, node.ref())]
        if not self.tiled:
            e.symbols_of_blas(ELEMENTS[node.dtype.char])
        if not e.p.large:
            self._write(w, node, bases)
            return
        # The same product at many places is written once.
        laid = [(r.strides, r.offset) for r in node.args]
        key = hashlib.sha256(repr((self, node.dtype.str, laid)).encode()).hexdigest()[:16]
        name = f"@product.{key}"
        if name not in w.module.functions:
            inner = LoopWriter(w.module)
            inner.label("entry")
            self._write(inner, node, ["%x", "%y", "%z"])
            head = f"define internal void {name}(ptr %x, ptr %y, ptr %z) noinline nounwind {{"
            w.module.functions[name] = "\n".join([head, inner.text(), "  ret void", "}"])
        w.do(f"call void {name}({', '.join([f'ptr {p}' for p in bases])})")

    def _write(self, w: LoopWriter, node: Node, bases: list[str]) -> None:
        x, y = node.args
        element = ELEMENTS[node.dtype.char]
        item = node.dtype.itemsize
        rank = len(self.stack)
        strides = [x.strides[:rank], y.strides[:rank], contiguous(node.shape)[:rank]]
        offsets = [x.offset, y.offset, 0]

        def one(indices: list[str]) -> None:
            pointers = []
            for p, s, o in zip(bases, strides, offsets, strict=True):
                total: int | str = o
                for i, step in zip(indices, s, strict=True):
                    if step:
                        part = memory.times(w, i, step)
                        total = w.op(f"add nsw i64 {part}, {total}")
                pointers.append(memory.offset(w, p, total, item))
            if self.tiled:
                sizes = tile.Sizes(self.m, self.n, self.k)
                tile.write(w, Lanes(element), sizes, pointers, x.strides[rank:], y.strides[rank:])
            else:
                read = layout(x, rank), layout(y, rank)
                gemm.write(w, element, (self.m, self.n, self.k), pointers, *read, self.n)

        def nest(indices: list[str]) -> None:
            if len(indices) == rank:
                one(indices)
                return

            def body(i: str, _: list[str]) -> list[str]:
                nest([*indices, i])
                return []

            w.loop(0, self.stack[len(indices)], 1, body)

        nest([])


def layout(x: Ref, rank: int) -> tuple[bool, int]:
    """Whether BLAS is to read a matrix as transposed, and its leading dimension."""
    rows, columns = x.shape[rank:]
    a, b = x.strides[rank:]
    if (b == 1 or columns == 1) and (a >= columns or rows == 1):
        return False, max(a, columns)
    if (a == 1 or rows == 1) and (b >= rows or columns == 1):
        return True, max(b, rows)
    return False, max(a, columns)


def readable(x: Ref, rank: int) -> bool:
    """Whether BLAS can read a stack's matrices where they lie."""
    rows, columns = x.shape[rank:]
    a, b = x.strides[rank:]
    by_rows = (b == 1 or columns == 1) and (a >= columns or rows == 1)
    by_columns = (a == 1 or rows == 1) and (b >= rows or columns == 1)
    return by_rows or by_columns


def product(b: Build, x: Ref, y: Ref, stack: Shape) -> Ref | None:
    """The products of stacks (*stack, m, k) and (*stack, k, n)."""
    m, k = x.shape[-2:]
    n = y.shape[-1]
    if x.dtype != y.dtype or x.dtype.char not in "fd":
        return None
    rank = len(stack)
    if not prod((*stack, m, n)):
        return b.nodes.literal(0, x.dtype).spread((*stack, m, n))
    if not k:
        return b.nodes.literal(0, x.dtype).spread((*stack, m, n))
    tiled = m * n * k <= SMALL and max(m, n, k) <= LONGEST
    if not tiled and blas.find().interface == "":
        return None
    if tiled:
        if y.strides[-1] != 1 and n > 1:
            y = b.materialized(y)
    else:
        x, y = [v if readable(v, rank) else b.materialized(v) for v in (x, y)]
    op = Product(stack, m, n, k, tiled)
    return b.nodes.routine(op, (x, y), (*stack, m, n), x.dtype, repr(op)).ref()


def _mm(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = product(b, xs[0], xs[1], ())
    return None if out is None else [out]


def _times_vector(b: Build, matrix: Ref, vector: Ref, axis: int) -> Ref | None:
    """The sums over an axis of a matrix times a vector along it, as a map and a reduction in the matrix's own order."""
    if not prod(matrix.shape) or matrix.dtype.char not in "fd" or matrix.dtype != vector.dtype:
        return None
    if 0 < matrix.strides[0] < matrix.strides[1]:
        matrix = sliced(matrix, lambda a: a.T)
        axis = 1 - axis
    if axis == 0:
        vector = b.reshape(vector, (vector.shape[0], 1))
    return reduced(b.nodes, "add", b.call(mul, matrix, vector), (axis,))


def _mv(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = _times_vector(b, xs[0], xs[1], 1)
    return None if out is None else [out]


def _vm(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = _times_vector(b, xs[1], xs[0], 0)
    return None if out is None else [out]


def _stacks(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    x, y = xs
    stack = outs[0].shape[:-2]
    if len(y.shape) == 2:  # one product instead of many
        rows = reshaped(x, (prod(x.shape[:-1]), x.shape[-1]))
        if rows is not None:
            out = product(b, rows, y, ())
            return None if out is None else [b.reshape(out, outs[0].shape)]
    x, y = x.spread((*stack, *x.shape[-2:])), y.spread((*stack, *y.shape[-2:]))
    out = product(b, x, y, stack)
    return None if out is None else [out]


def _contract(
    b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
) -> list[Ref] | None:
    p = co._layout(params["x_names"], params["y_names"], params["out"])
    x = sliced(xs[0], lambda a: a.transpose(p.x))
    y = sliced(xs[1], lambda a: a.transpose(p.y))
    s, t = x.shape, y.shape
    kept, own, rest = s[: p.both], s[p.both : p.both + p.left], t[p.both + p.inside :]
    if not p.inside:
        x = b.reshape(x, (*kept, *own, *(1,) * p.right))
        y = b.reshape(y, (*kept, *(1,) * p.left, *rest))
        out = b.call(mul, x, y)
    else:
        k = prod(s[p.both + p.left :])
        x = b.reshape(x, (*kept, prod(own), k))
        y = b.reshape(y, (*kept, k, prod(rest)))
        made = product(b, x, y, kept)
        if made is None:
            return None
        out = b.reshape(made, (*kept, *own, *rest))
    if p.out is not None:
        order = p.out
        out = sliced(out, lambda a: a.transpose(order))
    return [out]


ROUTINES: dict[Primitive, Callable[..., list[Ref] | None]] = {
    mm.mm_p: _mm,
    mm.mv_p: _mv,
    mm.vm_p: _vm,
    mm.bmm_p: _stacks,
    mm.matmul_p: _stacks,
    co.contract_p: _contract,
}
