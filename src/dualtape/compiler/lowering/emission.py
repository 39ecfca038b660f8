"""Writes a program's module: kernels and routines one after the other, in one function."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ..emit import gemm, memory
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes, Module
from ..native import target
from . import blas
from .arena import rounded
from .fusion import Cluster, stages
from .kernel import Kernel, blocks
from .nodes import CONSTANT, MAP, ROUTINE, Node, Ref
from .rowblocks import BLOCK
from .scalars import ELEMENTS

if TYPE_CHECKING:
    from .program import Program

MOST = 32
"""Steps in a function, if there are too many for one: LLVM takes more than twice as long for twice as much."""
INLINE = 16
"""Uses of elementary functions up to which they are written out at each."""
DEEP = 8
"""Elementary functions that wait for each other, up to which they are: in longer chains nothing is gained by it."""
FOLLOWED = 1 << 18
"""Elements of a kernel whose loops LLVM may follow: it gains a few percent at most, and takes its time."""
LARGE = 1 << 15
"""Elements of a kernel in which they are, four times as often, in larger programs too."""


class Emission:
    """Writes the module of a program; what kernels know of their surroundings.

    Attributes:
        kernel: What writes a cluster.
    """

    kernel: type[Kernel] = Kernel

    def __init__(self, program: Program) -> None:
        self.p = program
        self.module = Module(fma=target.has_fma())
        self.w = LoopWriter(self.module)
        self.scalars: dict[Node, str] = {}
        self.top: dict[Any, str] = {}
        self.header: list[str] = []
        self.slots: dict[int, str] = {}
        self.used = 0  # of the arena, by the step that is being written
        self.failing = False
        self.first_callback = 0  # its own callbacks' numbers in the program that it is a part of
        self.written_out = 0  # uses of elementary functions in kernels of programs with many

    def text(self) -> str:
        """The module."""
        self.write("define", "@core", self._threads())
        return self.module.text()

    def write(
        self, kind: str, name: str, around: tuple[list[str], list[str]] = ([], []), attributes: str = ""
    ) -> None:  # fmt: skip
        """Write the program as a function of the module.

        Args:
            kind: What comes before its type: `define`, or `define internal`.
            name: Of it.
            around: Lines at its begin and at each end.
            attributes: What comes after its parameters.
        """
        p = self.p
        inline, self.module.inline = self.module.inline, sum(map(_uses, p.order)) <= INLINE
        steps = self._steps()
        before, after = around
        if not p.large:
            self._function(f"{kind} i32 {name}", steps, before, after, attributes)
        else:
            self._begin()
            for i in range(0, len(steps), MOST):
                part = f"{name}.part.{i // MOST}"
                self._function(f"define internal i32 {part}", steps[i : i + MOST], [], [])
                self._called(part)
            self._close(f"{kind} i32 {name}", before, after)
        self.module.inline = inline

    def _begin(self) -> None:
        """Begin a function, which knows nothing of the values of others."""
        self.w = LoopWriter(self.module)
        self.w.block = "body"
        self.scalars, self.top, self.header, self.slots = {}, {}, [], {}
        self.failing = False

    def _called(self, name: str) -> None:
        """Write the call of a part from within the main function."""
        w = self.w
        status = w.op(f"call i32 {name}(ptr %slots)")
        self._unless_failed(status)

    def _function(
        self, head: str, steps: list[int], before: list[str], after: list[str], attributes: str = ""
    ) -> None:
        """Write a function that takes some steps."""
        outside = self.w, self.scalars, self.top, self.header, self.slots, self.failing
        self._begin()
        self._take(steps)
        self._close(head, before, after, attributes)
        self.w, self.scalars, self.top, self.header, self.slots, self.failing = outside

    def _steps(self) -> list[int]:
        """The numbers of all clusters; of several that take turns that of the first."""
        groups = self.p.groups
        grouped = {k for g in groups.values() for k in g}
        return [k for k in range(len(self.p.order)) if k in groups or k not in grouped]

    def _take(self, steps: list[int]) -> None:
        """Write some steps."""
        for k in steps:
            self.used = self.p.rooms
            if k in self.p.groups:
                self._group(self.p.groups[k])
            else:
                self._cluster(self.p.order[k], k)

    def _close(self, head: str, before: list[str], after: list[str], attributes: str = "") -> None:
        tail = [*after, "  ret i32 0"]
        if self.failing:
            tail += ["failed:", *[line.replace("%ended", "%left") for line in after], "  ret i32 1"]
        lines = [f"{head}(ptr noalias %slots) {attributes}{{", "entry:", *self.header, *before,
                 "  br label %body", "body:", self.w.text(), *tail, "}"]  # fmt: skip
        self.module.functions[head] = "\n".join(lines)

    def _threads(self) -> tuple[list[str], list[str]]:
        """One thread for BLAS from the first line to the last: its threads wait in loops, which costs more than it gains."""
        if "dualtape_threads" not in self.p.symbols:
            return [], []
        self.module.declarations["@dualtape_threads"] = "declare i32 @dualtape_threads(i32)"
        return ["  %threads = call i32 @dualtape_threads(i32 1)"], [
            "  %ended = call i32 @dualtape_threads(i32 %threads)"
        ]

    def _worth_it(self, c: Cluster) -> bool:
        """Whether a kernel of many is run on so many elements that functions are to be written out in it all the same."""
        uses = _uses(c)
        if prod(c.dims) < LARGE or uses > INLINE or self.written_out + uses > 4 * INLINE:
            return False
        self.written_out += uses
        return True

    def _group(self, numbers: list[int]) -> None:
        """Kernels that take turns on blocks of rows."""
        counted = self.module.counted
        self.module.counted |= max([prod(self.p.order[k].dims) for k in numbers]) >= FOLLOWED
        kernels = [self._kernel(k) for k in numbers]
        kernels[-1].final = True
        for kernel in kernels:
            kernel.windowed = True
            kernel.block = BLOCK
            kernel.begin()
        s = kernels[0].s
        blocks(self.w, s.loops[0] if s.loops else s.length, BLOCK, kernels)
        for kernel in kernels:
            kernel.end()
        self.module.counted = counted

    def _kernel(self, k: int) -> Kernel:
        return self.kernel(self.w, self.p.schedules[k], self, self.p.stored)

    def _cluster(self, c: Cluster, k: int) -> None:
        if not c.routine:
            few, counted = self.module.inline, self.module.counted
            self.module.inline = (few and not _deep(c)) or self._worth_it(c)
            self.module.counted |= prod(c.dims) >= FOLLOWED
            self._kernel(k).write()
            self.module.inline, self.module.counted = few, counted
            return
        node = next(iter(c.members))
        if isinstance(node.op, int):
            self._callback(node)
        else:
            node.op.write(self, node)

    def _callback(self, node: Node) -> None:
        if self.stands_for_all(node):
            self.call_back(node.op)

    def call_back(self, index: int) -> None:
        """Write the call of a callback, and the return if it fails."""
        w = self.w
        f = self.slot(self.p.callback_slot)
        self._unless_failed(w.op(f"call i32 {f}(ptr %slots, i64 {self.first_callback + index})"))

    def _unless_failed(self, status: str) -> None:
        """Return if a call has failed."""
        w = self.w
        bad = w.op(f"icmp ne i32 {status}, 0")
        w.count += 1
        following = f"called.{w.count}"
        w.do(f"br i1 {bad}, label %failed, label %{following}")
        w.label(following)
        self.failing = True

    def stands_for_all(self, node: Node) -> bool:
        """Whether a result of a callback or a loop is the first that is computed: one step makes all of them."""
        return node.part == min(
            n.part for c in self.p.order for n in c.members if n.kind == ROUTINE and n.op == node.op
        )

    def at(self, w: LoopWriter, x: Ref) -> str:
        """The address of what a reference reads first."""
        p = self.pointer(w, x.node)
        start = x.offset * x.dtype.itemsize
        return w.op(f"getelementptr i8, ptr {p}, i64 {start}") if start else p

    def scalar(self, x: Ref) -> str:
        """One number, from a register or from memory."""
        found = self.scalars.get(x.node)
        if found is not None:
            return found
        return memory.load(self.w, Lanes(ELEMENTS[x.dtype.char]), self.at(self.w, x), 1, 1)

    # What kernels ask

    def symbols_of_blas(self, element: str) -> None:
        """Make BLAS's product of such elements known to the module."""
        gemm.declare(self.module, element, blas.find().interface)

    def slot(self, k: int) -> str:
        """The pointer in a slot."""
        if k not in self.slots:
            name = self.slots[k] = f"%slot.{k}"
            self.header.append(f"  {name}.at = getelementptr i8, ptr %slots, i64 {8 * k}")
            self.header.append(f"  {name} = load ptr, ptr {name}.at, align 8")
        return self.slots[k]

    def placed(self, node: Node) -> bool:
        """Whether a node's array has a place in memory."""
        return self.p.placed(node)

    def pointer(self, w: LoopWriter, node: Node) -> str:
        """The address of a node's array."""
        if node.kind == CONSTANT and node.op is not None:
            return self._table(node)
        slot, offset = self.p.place(node)
        base = self.slot(slot)
        return base if not offset else w.op(f"getelementptr i8, ptr {base}, i64 {offset}")

    def _table(self, node: Node) -> str:
        """The address of numbers that are part of the code."""
        name = f"@table.{node.name.split()[1][:24]}"
        if name not in self.module.declarations:
            data = node.op.tobytes()
            text = "".join([f"\\{byte:02X}" for byte in data])
            self.module.declarations[name] = (
                f'{name} = internal constant [{len(data)} x i8] c"{text}", align 64'
            )
        return name

    def stack(self, size: int) -> str:
        """The address of so many bytes on the stack, 64-byte aligned."""
        name = f"%stack.{len(self.header)}"
        self.header.append(f"  {name} = alloca [{size} x i8], align 64")
        return name

    def room(self, size: int) -> str:
        """The address of so many bytes of the arena for this step's own use, 64-byte aligned."""
        start = self.used
        self.used += rounded(size)
        assert self.used <= rounded(self.p.arena), "a step uses more memory than was planned for it"
        base = self.slot(self.p.arena_slot)
        name = f"%room.{len(self.header)}"
        self.header.append(f"  {name} = getelementptr i8, ptr {base}, i64 {start}")
        return name


def _uses(c: Cluster) -> int:
    """How many elementary functions a cluster uses."""
    return sum([len(n.op.needs) for n in c.members if n.kind == MAP])


def _deep(c: Cluster) -> bool:
    """Whether elementary functions of one sweep wait for each other in a long chain."""
    if _uses(c) <= DEEP:
        return False
    stage = stages(c)
    depth: dict[Node, int] = {}
    for n in c.members:
        if n.kind == MAP:
            before = [
                depth[a.node] for a in n.args if a.node in depth and stage[a.node] == stage[n]
            ]
            depth[n] = max(before, default=0) + bool(n.op.needs)
    return max(depth.values(), default=0) > DEEP
