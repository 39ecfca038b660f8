"""What kernels compute and read: each value written once, in front of all loops that it does not depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..emit import memory
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from ..vecmath import sincos
from .domain import Dims
from .fusion import Cluster
from .nodes import IOTA, LITERAL, Node, Ref
from .scalars import ELEMENTS
from .schedule import Schedule


class Surroundings(Protocol):
    """What a kernel knows of the rest of the program."""

    scalars: dict[Node, str]
    top: dict[Any, str]

    def pointer(self, w: LoopWriter, node: Node) -> str:
        """The address of a node's array."""

    def placed(self, node: Node) -> bool:
        """Whether a node's array has a place in memory."""

    def stack(self, size: int) -> str:
        """The address of so many bytes on the stack, 64-byte aligned."""

    def room(self, size: int) -> str:
        """The address of so many bytes of the arena for this step's own use, 64-byte aligned."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lanes of the innermost loop: the index of the first, how many are there of how many, and a name in memos."""

    index: str | int
    width: int
    count: int
    key: int = 0


ROW = Chunk(0, 1, 1, -1)
"""For what does not depend on the innermost loop."""


def _pairs(cluster: Cluster) -> dict[Node, Node]:
    """Sines and cosines of the same numbers, which share most of their work."""
    seen: dict[Any, Node] = {}
    out: dict[Node, Node] = {}
    for node in cluster.members:
        if node.name in ("sin", "cos"):
            other = seen.setdefault(node.args, node)
            if other is not node:
                out[node], out[other] = other, node
    return out


class Values:
    """The values of one cluster being written."""

    def __init__(self, w: LoopWriter, s: Schedule, around: Surroundings, stored: set[Node]) -> None:
        self.w = w
        self.s = s
        self.c = s.cluster
        self.around = around
        self.stored = stored
        self.depth = len(s.loops)
        self.lane = 1 << self.depth
        self.indices: list[str] = []
        self.memo: list[dict[Any, str]] = [around.top]
        self.deps: dict[Node, int] = {}
        self.results: dict[Node, str] = {}  # row reductions of the current row
        self.readable: set[Node] = set()  # saved by an earlier sweep
        self.scratches: dict[Node, str] = {}
        self.partial: dict[Node, str] = {}
        self.registers: dict[tuple[Node, int], str] = {}  # lanes of reductions by chunk's key
        self.overlaps = False
        self.window: tuple[int | str, int | str] | None = None
        self.windowed = False
        self.in_parts = False
        self.flushed = s.flushed
        self.records: dict[Node, str] = {}  # where a chunk's sums are
        self.base = 0
        self.redirected: dict[Node, str] = {}
        self.orders: dict[int, list[Node]] = {}
        for node in self.c.members:
            self.deps[node] = self._dependence(node)
        self.pairs = _pairs(self.c)

    # What depends on what

    def _dependence(self, node: Node) -> int:
        """The loops that a member depends on, as bits; the innermost is the last."""
        if self.c.row_reduction(node):
            return (1 << self.s.rows) - 1
        out = 0
        for a in node.args:
            out |= self._ref_dependence(node, a)
        return out

    def _ref_dependence(self, node: Node, a: Ref) -> int:
        if a.node.kind == LITERAL or (a.node in self.around.scalars and a.node not in self.deps):
            return 0
        if a.node in self.deps:
            return self.deps[a.node]
        out = 0
        for i, s in enumerate(self.s.lay(self.c.strides(node, a))):
            if s:
                out |= 1 << i
        return out

    def _depth(self, deps: int, chunk: Chunk) -> int:
        """How many loops must be open for something with these dependences."""
        if deps & self.lane and not self.s.static:
            return self.depth + 1
        return (deps & ~self.lane).bit_length()

    def _remembered(self, key: Any, deps: int, chunk: Chunk, make: Callable[[], str]) -> str:
        """A value made where it belongs, once."""
        depth = self._depth(deps, chunk)
        full = (key, chunk.key, chunk.width, chunk.count) if deps & self.lane else key
        memo = self.memo[-1] if depth > self.depth else self.memo[depth]
        found = memo.get(full)
        if found is None:
            if depth > self.depth:
                found = make()
            else:
                with self.w.at(self.base + depth):
                    found = make()
            memo[full] = found
        return found

    # Values

    def lanes(self, node: Node, chunk: Chunk) -> Lanes:
        """The type of a member's lanes."""
        return Lanes(ELEMENTS[node.dtype.char], chunk.width if self.deps[node] & self.lane else 1)

    def value(self, node: Node, chunk: Chunk) -> str:
        """A member's value: in lanes if it differs from lane to lane, else one number."""
        if node in self.results:
            return self.results[node]
        deps = self.deps[node]
        return self._remembered(node, deps, chunk, lambda: self._computed(node, chunk))

    def _computed(self, node: Node, chunk: Chunk) -> str:
        if node in self.readable:
            return self._reload(node, chunk)
        width = chunk.width if self.deps[node] & self.lane else 1
        operands = tuple([self.read(node, a, chunk, width) for a in node.args])
        dtypes = tuple([a.dtype for a in node.args])
        both = self.pairs.get(node)
        if both is not None and dtypes[0] == node.dtype:
            t = Lanes(ELEMENTS[node.dtype.char], width)
            made = dict(zip(("sin", "cos"), sincos(self.w, t, operands[0]), strict=True))
            self._note(both, chunk, made[both.name])
            return made[node.name]
        out: str = node.op.emit(self.w, width, operands, dtypes, node.dtype, node.params)
        return out

    def _note(self, node: Node, chunk: Chunk, value: str) -> None:
        """Remember a value that has been computed along with another, of the same dependences."""
        deps = self.deps[node]
        depth = self._depth(deps, chunk)
        memo = self.memo[-1] if depth > self.depth else self.memo[depth]
        memo[(node, chunk.key, chunk.width, chunk.count) if deps & self.lane else node] = value

    def read(self, node: Node, a: Ref, chunk: Chunk, width: int) -> str:
        """An operand in lanes of this width."""
        t = Lanes(ELEMENTS[a.dtype.char], width)
        if a.node.kind == LITERAL:
            return t.constant(a.node.op)
        deps = self._ref_dependence(node, a)
        if deps & self.lane:
            return (
                self.value(a.node, chunk) if a.node in self.deps else self._loaded(node, a, chunk)
            )
        one = self._single(node, a)
        if width == 1:
            return one
        key = ("splat", a.node, a.strides, a.offset, width)
        return self._remembered(key, deps, ROW, lambda: memory.splat(self.w, t, one))

    def _single(self, node: Node, a: Ref) -> str:
        if a.node in self.deps:
            return self.value(a.node, ROW)
        if a.node in self.around.scalars:
            return self.around.scalars[a.node]
        return self._loaded(node, a, ROW)

    def _loaded(self, node: Node, a: Ref, chunk: Chunk) -> str:
        strides = self.s.lay(self.c.strides(node, a))
        deps = self._ref_dependence(node, a)
        key = (a.node, strides, a.offset)
        if a.node.kind == IOTA:
            return self._remembered(key, deps, chunk, lambda: self._iota(a, strides, chunk))
        t = Lanes(ELEMENTS[a.dtype.char], chunk.width if deps & self.lane else 1)

        def make() -> str:
            p = self.address(a.node, strides, a.offset, chunk)
            return memory.load(self.w, t, p, strides[-1], chunk.count)

        return self._remembered(key, deps, chunk, make)

    def _iota(self, a: Ref, strides: Dims, chunk: Chunk) -> str:
        w = self.w
        t = Lanes(ELEMENTS[a.dtype.char], chunk.width if strides[-1] else 1)
        start: str | int = a.offset
        for index, s in zip(self.indices, strides, strict=False):
            if s:
                start = w.op(f"add i64 {memory.times(w, index, s)}, {start}")
        first = memory.times(w, chunk.index, strides[-1]) if strides[-1] else 0
        if isinstance(first, int) and isinstance(start, int):
            start += first
        elif first != 0:
            start = w.op(f"add i64 {first}, {start}")
        if t.element != "i64" and isinstance(start, str):
            start = w.op(f"trunc i64 {start} to {t.element}")
        return memory.ramp(w, t, start, strides[-1])

    # Memory

    def own(self, node: Node) -> str:
        """Where a node's array is: a chunk has one of its own for what it adds up."""
        return self.records.get(node) or self.around.pointer(self.w, node)

    def address(self, node: Node, strides: Dims, offset: int, chunk: Chunk) -> str:
        """Where a chunk's first element of a node's array is."""
        size = node.dtype.itemsize
        outer = strides[:-1]
        deps = sum([1 << i for i, s in enumerate(outer) if s])

        def base() -> str:
            p = self.redirected.get(node) or self.own(node)
            total: str | int = offset
            for index, s in zip(self.indices, outer, strict=False):
                if s:
                    step = memory.times(self.w, index, s)
                    total = self.w.op(f"add nsw i64 {step}, {total}") if total != 0 else step
            return memory.offset(self.w, p, total, size)

        p = self._remembered(("at", node, outer, offset), deps, ROW, base)
        return self._past(p, chunk.index, strides[-1] * size, chunk)

    def _past(self, p: str, index: str | int, step: int, chunk: Chunk) -> str:
        """The address so many steps of bytes further on; the product is there once for all arrays of the chunk."""
        if not step or isinstance(index, int):
            return memory.offset(self.w, p, int(index) * step if step else 0, 1)

        def product() -> str:
            return str(memory.times(self.w, index, step))

        return memory.offset(
            self.w, p, self._remembered(("past", index, step), self.lane, chunk, product), 1
        )

    def _write(self, node: Node, value: str, t: Lanes, chunk: Chunk) -> None:
        if node.size == 1:
            self.around.scalars[node] = value
        strides = self.s.lay(self.c.result(node))
        if node.into is not None:
            p = self.address(node.into.node, strides, node.into.offset, chunk)
            memory.store(self.w, t, value, p, strides[-1], chunk.count)
            return
        if not self.depth and self.s.static and t.width > 1:
            self.around.top[(node, strides, 0), chunk.key, chunk.width, chunk.count] = value
        if not self.around.placed(node):
            return
        p = self.address(node, strides, 0, chunk)
        memory.store(self.w, t, value, p, strides[-1], chunk.count)

    def _saved_at(self, node: Node, chunk: Chunk) -> str:
        """Where a saved member's chunk is in the row's memory."""
        size = node.dtype.itemsize
        if node not in self.scratches:
            self.scratches[node] = self.around.room(self.s.row_size * size)
        total = chunk.index
        step = self.s.length
        for i in range(self.depth - 1, self.s.rows - 1, -1):
            total = self.w.op(f"add nsw i64 {memory.times(self.w, self.indices[i], step)}, {total}")
            step *= self.s.loops[i]
        return self._past(self.scratches[node], total, size, chunk)

    def _reload(self, node: Node, chunk: Chunk) -> str:
        t = self.lanes(node, chunk)
        if node in self.stored:
            strides = self.s.lay(self.c.result(node))
            p = self.address(node, strides, 0, chunk)
            return memory.load(self.w, t, p, strides[-1], chunk.count)
        return memory.load(self.w, t, self._saved_at(node, chunk), 1, chunk.count)

    def _element(self, node: Node) -> Lanes:
        return Lanes(ELEMENTS[node.dtype.char])
