"""Writes a program's module: kernels and routines one after the other, in one function."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from ..emit import gemm, memory
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes, Module
from ..native import target
from . import blas, epilogue, team
from .arena import rounded
from .fusion import Cluster, stages
from .kernel import Kernel
from .nodes import CONSTANT, MAP, ROUTINE, Node, Ref
from .rowblocks import BLOCK
from .scalars import ELEMENTS
from .windows import blocks

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
        self.of_worker = ""  # bytes from one thread's part of it to that of who runs this function
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
        grouped |= {k + 1 for k in self.p.epilogues}
        return [k for k in range(len(self.p.order)) if k in groups or k not in grouped]

    def _take(self, steps: list[int]) -> None:
        """Write some steps."""
        for k in steps:
            self.used = self.p.rooms
            if self.p.order[k].routine:
                self._routine(self.p.order[k])
            else:
                self._step(tuple(self.p.groups.get(k, (k,))))

    def _close(self, head: str, before: list[str], after: list[str], attributes: str = "") -> None:
        tail = [*after, "  ret i32 0"]
        if self.failing:
            tail += ["failed:", *[line.replace("%ended", "%left") for line in after], "  ret i32 1"]
        lines = [f"{head}(ptr noalias %slots) {attributes}{{", "entry:", *self.header, *before,
                 "  br label %body", "body:", self.w.text(), *tail, "}"]  # fmt: skip
        self.module.functions[head] = "\n".join(lines)

    def following(self, product: Node) -> list[str]:
        """The function that a product calls for each of its tiles, written here, and what it is given; nothing for none."""
        k = self.p.home[product]
        if k not in self.p.epilogues:
            return []
        inline = self.module.inline
        c = self.p.order[k + 1]
        self.module.inline = (inline and not _deep(c)) or self._worth_it(c)
        name = self.apart("epilogue", lambda: epilogue.write(self, k + 1), epilogue.PARAMETERS)
        self.module.inline = inline
        return [name, "%slots"]

    def apart(
        self, kind: str, write: Callable[[], None], parameters: str = "i64 %chunk, i64 %worker"
    ) -> str:
        """Write a chunk's work as a function of its own; its name."""
        name = f"@{kind}.{len(self.module.functions)}"
        self.module.functions[name] = ""  # taken
        outside = self.w, self.scalars, self.top, self.header, self.slots, self.failing
        self._begin()
        write()
        assert not self.failing, "a chunk cannot fail"
        lines = [f"define internal void {name}(ptr %slots, {parameters}) {{", "entry:", *self.header,
                 "  br label %body", "body:", self.w.text(), "  ret void", "}"]  # fmt: skip
        self.module.functions[name] = "\n".join(lines)
        self.w, self.scalars, self.top, self.header, self.slots, self.failing = outside
        self.of_worker = ""
        return name

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

    def _step(self, numbers: tuple[int, ...]) -> None:
        """A kernel, or several that take turns on blocks of rows."""
        clusters = [self.p.order[k] for k in numbers]
        few, counted = self.module.inline, self.module.counted
        if len(clusters) == 1:
            self.module.inline = (few and not _deep(clusters[0])) or self._worth_it(clusters[0])
        self.module.counted |= max([prod(c.dims) for c in clusters]) >= FOLLOWED
        division = self.p.divisions.get(numbers[0])
        if division is not None:
            block = BLOCK if len(numbers) > 1 else 0
            team.write_kernels(
                self, division, self.p.iterations(numbers), block, lambda: self._kernels(numbers)
            )
        elif len(numbers) > 1:
            self._in_turns(self._kernels(numbers), self.p.iterations(numbers))
        else:
            self._kernels(numbers)[0].write()
        self.module.inline, self.module.counted = few, counted

    def _in_turns(self, kernels: list[Kernel], rows: int) -> None:
        for kernel in kernels:
            kernel.begin()
        blocks(self.w, (0, rows), BLOCK, kernels)
        for kernel in kernels:
            kernel.end()

    def _kernels(self, numbers: tuple[int, ...]) -> list[Kernel]:
        p = self.p
        made = [self.kernel(self.w, p.schedules[k], self, p.stored) for k in numbers]
        if len(made) > 1:
            made[-1].final = True
            for kernel in made:
                kernel.windowed = kernel.in_parts = True
                kernel.block = BLOCK
        return made

    def _routine(self, c: Cluster) -> None:
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
        return self.in_arena(start)

    def in_arena(self, start: int) -> str:
        """The address of what begins there in the arena."""
        base = self.slot(self.p.arena_slot)
        name = f"%room.{len(self.header)}"
        self.header.append(f"  {name} = getelementptr i8, ptr {base}, i64 {start}")
        if not self.of_worker:
            return name
        self.header.append(f"  {name}.own = getelementptr i8, ptr {name}, i64 {self.of_worker}")
        return f"{name}.own"


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
