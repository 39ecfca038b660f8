"""A product of matrices as code: its loops, which parts are done at a time, and by how many threads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..emit import flow, gemm, memory, runs, tile
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from ..native import target
from ..vecmath.values import Value
from . import blas, packed, team
from .arena import rounded
from .nodes import Node, Ref, Shape, contiguous

if TYPE_CHECKING:
    from .emission import Emission

CACHED = 1 << 20
"""Bytes that stay in the second cache."""
LINE = 64
"""Bytes of a vector, and of a line of the caches."""
FEW = 16**3
"""Multiplications of a member of a stack that are worth a call for what follows."""
LEAST = 56
"""Rows or terms of a part are a multiple of this."""


@dataclass(frozen=True, slots=True)
class Product:
    """The products of two stacks of matrices: rows m, columns n, k summed over, for each index of `stack`.

    Attributes:
        how: "tile" (code for these sizes), "panels" (this package's own library) or "blas".
        element: As LLVM names it.
        places, row: The result's strides along `stack`, and of rows; columns are neighbours.
        team: Threads that share it at most. Each element is one thread's, so the bits do not depend on their number.
    """

    stack: Shape
    m: int
    n: int
    k: int
    how: str
    element: str
    places: Shape
    row: int
    team: int = 1

    def __repr__(self) -> str:
        """All that the code depends on: programs are known by it."""
        shared = f" by {self.team} threads" if self.team > 1 else ""
        laid = "" if self.in_order else f" in steps of {self.places} {self.row}"
        return f"{self.how}{shared} {self.stack} {self.m}x{self.k} by {self.k}x{self.n}{laid}"

    @property
    def externals(self) -> tuple[tuple[str, int], ...]:
        """What it calls, with addresses."""
        if self.how == "blas":
            return blas.externals()
        own = packed.externals(self.element) if self.how == "panels" else ()
        return (*own, *team.externals()) if self.team > 1 else own

    def shareable(self, x: Ref, y: Ref) -> bool:
        """Whether several threads can do it: panels, or a stack of tiles one by one."""
        if self.how == "tile":
            item = 4 if self.element == "float" else 8
            return bool(self.stack) and self.stack[0] > 1 and self._part(x, y, item) is None
        return self.how == "panels"

    @property
    def in_order(self) -> bool:
        """Whether the result lies row by row, one member of the stack after the other."""
        by_rows = contiguous((*self.stack, self.m, self.n))[: len(self.stack)]
        return self.row == self.n and self.places == by_rows

    def followable(self, x: Ref, y: Ref) -> bool:
        """Whether an epilogue pays: for tiles that are made at once, but for long sums, in rows of a vector at least.

        The result of a single small product is in the first cache anyway.
        """
        item = 4 if self.element == "float" else 8
        if self.how == "blas" or not self.in_order or self.n * item < LINE:
            return False
        if self.how == "tile" and (not self.stack or self.m * self.n * self.k < FEW):
            return False
        return not self.stack or self._part(x, y, item) is None

    def room(self, itemsize: int) -> int:
        """Bytes of the arena that it uses."""
        if self.how != "panels":
            return 0
        return self.team * rounded(packed.room(self.element, self.m, self.n, self.k))

    def write(self, e: Emission, node: Node) -> None:
        """Write it."""
        w = e.w
        bases = [e.pointer(w, r.node) for r in (*node.args, node.ref())]
        if self.how == "blas":
            e.symbols_of_blas(self.element)
        bases.append(e.room(self.room(node.dtype.itemsize)) if self.how == "panels" else "null")
        bases += e.following(node)
        if self.team > 1:
            self._write_shared(e, node, bases)
            return
        if not e.p.large:
            self._write(w, node, bases)
            return
        # The same product at many places is written once.
        names = ("x", "y", "z", "room", "then", "context")[: len(bases)]
        name = flow.function(
            w.module, f"product.{self._key(node, len(bases))}", dict.fromkeys(names, "ptr"),
            lambda inner: self._write(inner, node, [f"%{n}" for n in names]),
        )  # fmt: skip
        w.do(f"call void {name}({', '.join([f'ptr {p}' for p in bases])})")

    def _key(self, node: Node, pointers: int) -> str:
        """A name for what is written."""
        laid = [(r.strides, r.offset) for r in node.args]  # the result's are in `self`
        given = repr((self, self.element, laid, pointers))
        return hashlib.sha256(given.encode()).hexdigest()[:16]

    def _write_shared(self, e: Emission, node: Node, bases: list[str]) -> None:
        """Write it for several threads."""
        size = self.room(node.dtype.itemsize) // self.team

        def body(w: LoopWriter, pointers: list[str]) -> None:
            if size:
                room = w.op(f"mul i64 %worker, {size}")
                pointers[3] = w.op(f"getelementptr i8, ptr {pointers[3]}, i64 {room}")
            self._write(w, node, pointers, "%chunk")

        team.write(
            e, f"shared.{self._key(node, len(bases))}", bases, self._chunks(node), self.team, body
        )

    def _chunks(self, node: Node) -> int:
        part = self._division(node, True)
        if part is None or part.axis == 2:
            return self.stack[0]
        return -(-(self.m, self.n, self.k)[part.axis] // part.most)

    def _division(self, node: Node, shared: bool) -> Part | None:
        """How it is divided, by itself or for several threads."""
        x, y = node.args
        if self.stack:
            return self._part(x, y, node.dtype.itemsize)
        if not shared:
            return None
        g = packed.tile(self.element)
        if self.m >= self.n:  # what is copied several times should be the smaller operand
            most = -(-self.m // self.team // g.rows) * g.rows
            return Part(0, most, {0: x.strides[0], 2: self.row})
        most = -(-self.n // self.team // g.columns) * g.columns
        return Part(1, most, {1: y.strides[1], 2: 1})

    def _write(self, w: LoopWriter, node: Node, bases: list[str], chunk: str = "") -> None:
        """Write the loops, or those for one chunk."""
        x, y = node.args
        element = self.element
        item = node.dtype.itemsize
        rank = len(self.stack)
        strides = [x.strides[:rank], y.strides[:rank], self.places]
        offsets = [x.offset, y.offset, 0]

        part = self._division(node, bool(chunk))

        def one(indices: list[str], start: str) -> None:
            pointers = []
            for p, s, o in zip(bases, strides, offsets, strict=False):  # not what follows
                total: int | str = o
                for i, step in zip(indices, s, strict=True):
                    if step:
                        here = memory.times(w, i, step)
                        total = w.op(f"add nsw i64 {here}, {total}")
                pointers.append(memory.offset(w, p, total, item))
            sizes = tile.Sizes(self.m, self.n, self.k)
            a, b = x.strides[rank:], y.strides[rank:]
            then = packed.NOTHING
            if len(bases) > 4:
                then = packed.Then(bases[4], bases[5], self._first_row(w, indices))
            if self.how == "tile":
                if part is not None:
                    sizes = tile.Sizes(*part.sized(sizes))
                    part.past(w, start, pointers, item)
                adding = part is not None and part.axis == 2
                tile.write(
                    w,
                    Lanes(element),
                    sizes,
                    pointers,
                    a,
                    b,
                    self.row,
                    adding,
                    target.has_wide_registers(),
                )
                if len(bases) > 4:
                    w.do(
                        f"call void {then.function}(ptr {then.context}, i64 {then.row}, i64 {self.m}, i64 0, i64 {self.n})"
                    )
            elif self.how == "blas":
                gemm.write(w, element, sizes, pointers, layout(x, rank), layout(y, rank), self.row)
            elif part is None:
                write_panels(w, element, sizes, pointers, a, b, self.row, bases[3], then=then)
            else:
                self._write_part(w, part, start, pointers, (a, b), bases[3], then)

        def nest(indices: list[str], start: str) -> None:
            if len(indices) == rank:
                one(indices, start)
                return

            def body(i: str, _: list[str]) -> list[str]:
                nest([*indices, i], start)
                return []

            w.loop(0, self.stack[len(indices)], 1, body)

        over = [chunk] if chunk and rank and (part is None or part.axis == 2) else []
        if part is None:
            nest(over, "0")
            return
        if chunk and not over:
            nest([], w.op(f"mul nsw i64 {chunk}, {part.most}"))
            return

        if self.how == "tile" and part.axis == 2:
            runs.fill(w, Lanes(element), 0, bases[2], node.size)

        def parts(start: str, _: list[str]) -> list[str]:
            nest(over, start)
            return []

        total = (self.m, self.n, self.k)[part.axis]
        w.loop(0, -(-total // part.most) * part.most, part.most, parts)

    def _first_row(self, w: LoopWriter, indices: list[str]) -> int | str:
        """The number of a member's first row among those of all."""
        total: int | str = 0
        for i, n in zip(indices, self.stack, strict=True):
            before = memory.times(w, total, n)
            total = i if before == 0 else w.op(f"add nsw i64 {before}, {i}")
        return memory.times(w, total, self.m)

    def _part(self, x: Ref, y: Ref, item: int) -> Part | None:
        """How to divide products whose matrices lie interleaved, so that what all of them read at a time stays in the cache."""
        rank = len(self.stack)
        a, b = x.strides, y.strides
        rows = max(
            a[rank] if a[rank] > a[rank - 1] > 0 else 0,
            self.row if self.row > self.places[-1] > 0 else 0,
        )
        terms = max(
            a[rank + 1] if a[rank + 1] > a[rank - 1] > 0 else 0, b[rank] if b[rank] > b[rank - 1] > 0 else 0
        )  # fmt: skip
        if self.how == "tile":
            return self._even_part(rows * item, terms * item, x, y)
        if self.how == "blas":
            return None
        if rows and not terms and self.m * rows * item > CACHED:
            most = max(CACHED // (rows * item) // LEAST, 1) * LEAST
            return Part(0, most, {0: a[rank], 2: self.row}) if most < self.m else None
        if terms and not rows and self.k * terms * item > CACHED:
            most = max(CACHED // (terms * item) // LEAST, 1) * LEAST
            return Part(2, most, {0: a[rank + 1], 1: b[rank]}) if most < self.k else None
        return None

    def _even_part(self, rows: int, terms: int, x: Ref, y: Ref) -> Part | None:
        """The same for a tile, in equal parts, given the bytes that a row and a term take."""
        rank = len(self.stack)
        if bool(rows) == bool(terms):
            return None
        size, one = (self.m, rows) if rows else (self.k, terms)
        if size * one <= CACHED // 8:
            return None
        fits = [d for d in range(LEAST // 2, size) if size % d == 0 and d * one <= CACHED // 8]
        if not fits:
            return None
        if rows:
            return Part(0, fits[-1], {0: x.strides[rank], 2: self.row})
        return Part(2, fits[-1], {0: x.strides[rank + 1], 1: y.strides[rank]})

    def _write_part(
        self, w: LoopWriter, part: Part, start: str, pointers: list[str], strides: tuple[Shape, Shape], room: str,
        then: packed.Then,
    ) -> None:  # fmt: skip
        item = 4 if self.element == "float" else 8
        sizes: list[int | str] = [self.m, self.n, self.k]
        left = w.op(f"sub nsw i64 {sizes[part.axis]}, {start}")
        sizes[part.axis] = Value(w, Lanes("i64"), left).intrinsic("smin", part.most).name
        part.past(w, start, pointers, item)
        add: bool | str = False
        if part.axis == 2:
            add = w.op(f"zext i1 {w.op(f'icmp sgt i64 {start}, 0')} to i64")
        if part.axis == 0 and not self.stack:
            then = then._replace(row=start)
        elif part.axis == 1:
            then = then._replace(column=start)
        write_panels(w, self.element, sizes, pointers, *strides, self.row, room, add=add, then=then)


class Part(NamedTuple):
    """Rows (axis 0), columns (1) or terms (2) at a time, and the strides along that axis of what is divided, by number of pointer."""

    axis: int
    most: int
    steps: dict[int, int]

    def sized(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """The sizes of a part."""
        return (*sizes[: self.axis], self.most, *sizes[self.axis + 1 :])

    def past(self, w: LoopWriter, start: str, pointers: list[str], item: int) -> None:
        """Move pointers to where a part begins."""
        for k, step in self.steps.items():
            pointers[k] = memory.offset(w, pointers[k], memory.times(w, start, step), item)


def write_panels(
    w: LoopWriter, element: str, sizes: Sequence[int | str], pointers: list[str], a: Shape, b: Shape, row: int, room: str,
    factor: str = "", add: bool | str = False, then: packed.Then = packed.NOTHING,
) -> None:  # fmt: skip
    """Write C = factor A B, or C += factor A B, by this package's own library."""
    factor = factor or packed.one(element)
    head, line = packed.call(element, sizes, pointers, a, b, row, factor, add, room, then)
    w.module.declarations[head] = head
    w.do(line)


def layout(x: Ref, rank: int) -> tuple[bool, int]:
    """Whether BLAS is to read a matrix as transposed, and its leading dimension."""
    rows, columns = x.shape[rank:]
    a, b = x.strides[rank:]
    if (b == 1 or columns == 1) and (a >= columns or rows == 1):
        return False, max(a, columns)
    if (a == 1 or rows == 1) and (b >= rows or columns == 1):
        return True, max(b, rows)
    return False, max(a, columns)
