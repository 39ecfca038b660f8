"""A graph's clusters and routines in order, where every array lives, and the module's text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Graph
from . import blas, emission, epilogue, structured, team
from .accumulated import accumulate_updates
from .arena import Life, arranged
from .build import Build, Callback
from .division import Division, divided
from .emission import MOST, Emission
from .fusion import Cluster, Fusion
from .joining import Joined
from .nodes import CONSTANT, INPUT, MAP, REDUCE, ROUTINE, Node, Ref
from .rowblocks import BLOCK, in_step, parted
from .schedule import Schedule, external, schedule


class Program:
    """What one call of the native function does.

    Attributes:
        build: The nodes.
        order: Clusters, in which routines stand alone.
        width: Lanes of every kernel; 0: as many as suit it.
        divisions: How kernels are divided among threads, by the first of those that take turns.
        elsewhere: The kernels of which that is true, which are therefore functions of their own; and epilogues.
        tiled: Whether products may have epilogues.
        epilogues: By their numbers, products with the kernel that comes next as an epilogue.
        instead: Of such products, the result whose memory is theirs too.
    """

    width = 0
    tiled = True

    def __init__(self, graph: Graph, threaded: bool = True) -> None:
        """Arrange it.

        Args:
            graph: Sound, of static shapes.
            threaded: Whether kernels are divided among threads where it pays.
        """
        self.graph = graph
        self.build = Build(graph)
        self.slot: dict[Node, int] = {}  # of inputs, constants and outputs
        inputs = {n.slot: n for n in self.build.nodes.every if n.kind == INPUT}
        for u in self.build.updates:
            u.node.target = inputs[u.place]
        accumulate_updates(self.build)
        self._place_outside(graph)
        live = self._live()
        self._order_updates(live, inputs)
        fusion = Fusion()
        for node in self.build.nodes.every:
            if node in live:
                fusion.place(node)
        wanted = {n for n in self.slot if n.kind not in (INPUT, CONSTANT)}
        followed = epilogue.follow(fusion, wanted) if self.tiled else {}
        self.order: list[Cluster] = []
        self.epilogues: dict[int, epilogue.Epilogue] = {}
        together: list[list[int]] = []
        for c in fusion.ordered():
            parts = [c] if c.routine else parted(c)
            if len(parts) > 1:
                together.append([len(self.order) + i for i in range(len(parts))])
            if c.routine and c.number in followed:
                self.epilogues[len(self.order)] = followed[c.number]
            self.order += parts
        self.large = len(self.order) > 2 * MOST
        self.home = {n: k for k, c in enumerate(self.order) for n in c.members}
        self.reading: dict[Node, list[Node]] = {}
        for n in self.home:
            for a in n.args:
                self.reading.setdefault(a.node, []).append(n)
        self.stored = self._stored()
        self.schedules: dict[int, Schedule] = {}
        for k, c in enumerate(self.order):
            if not c.routine and k - 1 not in self.epilogues:
                self.schedules[k] = schedule(c, self.stored, self.width)
        # By the first of several kernels that run block by block in turns, all of them.
        self.groups = {g[0]: g for g in together if in_step([self.schedules[k] for k in g])}
        self.span = {k: (k, k) for k in range(len(self.order))}
        for g in self.groups.values():
            self.span.update(dict.fromkeys(g, (g[0], g[-1])))
        self.instead: dict[Node, Node] = {}
        for k, e in self.epilogues.items():
            place = epilogue.arrange(self, k, e)
            if place is not None:
                self.instead[e.product] = place
        self.divisions = self._divided() if threaded else {}
        self.elsewhere = {k for first in self.divisions for k in self.groups.get(first, [first])}
        self.elsewhere |= {k + 1 for k in self.epilogues}
        self.arena = 0
        self._place_inside()

    def _divided(self) -> dict[int, Division]:
        """See `divisions`."""
        found = {}
        grouped = {k for g in self.groups.values() for k in g[1:]}
        for k, s in self.schedules.items():
            if k in grouped or k - 1 in self.epilogues or s.empty or (s.static and not s.loops):
                continue
            numbers = self.groups.get(k, [k])
            block = BLOCK if k in self.groups else s.block or (1 if s.loops else 4 * s.width)
            each = [self.schedules[n] for n in numbers]
            division = divided(each, self.iterations(numbers), block)
            if division is not None:
                found[k] = division
        return found

    def iterations(self, numbers: Sequence[int]) -> int:
        """Of the first loop of a kernel, or of several that take turns; in a single loop without what a tail does."""
        s = self.schedules[numbers[0]]
        if s.loops:
            return s.loops[0]
        return s.length if len(numbers) > 1 else max([s.run(x).main for x in s.sweeps], default=0)

    def in_memory(self, node: Node) -> bool:
        """Whether a number has to be in memory, since other functions read it."""
        return self.large or any(self.home[n] in self.elsewhere for n in self.reading.get(node, ()))

    def _place_outside(self, graph: Graph) -> None:
        b = self.build
        self.inputs = len(graph.inputs)
        self.first_output = self.inputs + len(b.constants)
        for node in b.nodes.every:
            if node.kind in (INPUT, CONSTANT) and node.op is None:
                self.slot[node] = node.slot
        for o in b.outputs:
            self.slot[o.node] = self.first_output + o.place
        for u in b.updates:
            self.slot[u.node] = u.place
        self.arena_slot = self.first_output + len(b.outputs)
        self.callback_slot = self.arena_slot + 1

    def _order_updates(self, live: set[Node], inputs: dict[int, Node]) -> None:
        """An input is written when everything that reads it has been computed."""
        readers: dict[Node, list[Node]] = {}
        for n in self.build.nodes.every:
            if n in live:
                for a in n.args:
                    readers.setdefault(a.node, []).append(n)
        for u in self.build.updates:
            target = u.node.target = inputs[u.place]
            u.node.after = tuple([n for n in readers.get(target, ()) if n is not u.node])

    def _live(self) -> set[Node]:
        todo = [o.node for o in (*self.build.outputs, *self.build.updates)]
        live: set[Node] = set()
        while todo:
            n = todo.pop()
            if n in live:
                continue
            live.add(n)
            todo += [a.node for a in n.args] + list(n.after)
        return live

    def _stored(self) -> set[Node]:
        """Nodes whose results are needed outside of their cluster."""
        out = {n for n in self.slot if n.kind not in (INPUT, CONSTANT)}
        kinds = (MAP, REDUCE, ROUTINE)
        for c in self.order:
            for node in c.members:
                if c.routine or node.into is not None:
                    out.add(node)
                for a in node.args:
                    if (c.routine or external(c, a)) and a.node.kind in kinds:
                        out.add(a.node)
        return out

    @property
    def called(self) -> list[Callback | structured.Inside]:
        """The calls that NumPy runs (those not counted that are made in rare cases, or for their error only)."""
        return [
            c
            for c in self.build.callbacks
            if any(
                n in (c.program if isinstance(c, structured.Inside) else self).home
                and isinstance(n.op, int)
                for n in c.results
            )
        ]

    @property
    def symbols(self) -> dict[str, int]:
        """Addresses of the functions that are called by name."""
        ops = [n.op for c in self.order for n in c.members]
        found = dict([pair for op in ops for pair in getattr(op, "externals", ())])
        return {**found, **dict(team.externals())} if self.divisions else found

    # Memory

    def _place_inside(self) -> None:
        """Give everything that is stored a place in the arena."""
        self.offset, top = arranged({n: self._life(n) for n in self._in_arena()})
        self.rooms = top
        rooms = {k: s.room for k, s in self.schedules.items()}
        for first, g in self.groups.items():
            rooms[first] = sum([self.schedules[k].room for k in g])
        rooms.update({k: d.room for k, d in self.divisions.items()})
        rooms.update({k: self._own_room(c) for k, c in enumerate(self.order) if c.routine})
        most = max(rooms.values(), default=0)
        self.arena = top + most

    def _own_room(self, c: Cluster) -> int:
        """What a routine needs for itself."""
        node = next(iter(c.members))
        room = getattr(node.op, "room", None)
        return room(node.dtype.itemsize) if room is not None else 0

    def _in_arena(self) -> set[Node]:
        out = set()
        read = {a.node for c in self.order if c.routine for n in c.members for a in n.args}
        for node in self.stored:
            if node in self.slot or node.into is not None or node in self.instead:
                continue
            if node.kind == ROUTINE or node in read or not self._carried(node):
                out.add(node)
        return out

    def _life(self, node: Node) -> Life:
        """When a node's array has to be there."""
        born = self.home.get(node, 0)
        steps = [self.home[n] for n in self.reading.get(node, ())]
        results: Sequence[Node] = ()
        if node.kind == ROUTINE and isinstance(node.op, int):  # one call makes all its results
            results = self.build.callbacks[node.op].results
        elif isinstance(node.op, structured.Structured):
            results = node.op.results
        if results:
            born = min([self.home[n] for n in results if n in self.home], default=born)
        elif isinstance(node.op, Joined):
            born = min([self.home[a.node] for a in node.args])
        ends = [self.span[k] for k in (born, *steps)]
        return Life(self.span[born][0], max([last for _, last in ends]))

    def _carried(self, node: Node) -> bool:
        """Whether everybody who reads a node finds it in registers: see `Kernel.memo`."""
        if self.in_memory(node):
            return False
        if node.size == 1:
            return True
        if node.kind != MAP or not self._straight(node):
            return False
        home = self.home[node]
        made = self.schedules[home]
        for n in self.reading.get(node, ()):
            k = self.home[n]
            if k == home:
                continue
            s = self.schedules[k]
            if not self._straight(n) or s.width != made.width or s.length != made.length:
                return False
            for a in n.args:
                if a.node is node and (a.offset or s.lay(s.cluster.strides(n, a)) != (1,)):
                    return False
        return True

    def _straight(self, node: Node) -> bool:
        """Whether a member's kernel has no loops."""
        s = self.schedules[self.home[node]]
        return not s.loops and s.static

    def placed(self, node: Node) -> bool:
        """Whether a node's array has a place in memory."""
        return (
            self.instead.get(node, node) in self.slot or self.instead.get(node, node) in self.offset
        )

    def place(self, node: Node) -> tuple[int, int]:
        """The slot whose pointer leads to a node's array, and the offset in bytes from there."""
        node = self.instead.get(node, node)
        if node in self.slot:
            return self.slot[node], 0
        return self.arena_slot, self.offset[node]

    # Text

    @property
    def key(self) -> str:
        """Stable text that says which code this is."""
        shown: dict[Any, str] = {}  # shapes and strides, most of which are like others

        def text(x: Any) -> str:
            found = shown.get(x)
            if found is None:
                found = shown[x] = repr(x)
            return found

        def read(a: Ref) -> str:
            return f"{a.node.number} {text(a.shape)} {text(a.strides)} {a.offset}"

        lines = [
            f"{blas.find().interface} {sorted(self.symbols)} {self.arena} {self.large} {emission.MOST} "
            f"{[(k, d.per, d.chunks, d.threads) for k, d in self.divisions.items()]} "
            f"{[(k, [n.number for n in e.cluster.members]) for k, e in self.epilogues.items()]}"
        ]
        for n in self.build.nodes.every:
            op = repr(n.op) if isinstance(n.op, (int, float, str, bool)) else ""
            params = stable(n.params) if n.params else ""
            lines.append(
                f"{n.kind} {n.name} {text(n.shape)} {text(n.dtype)} {[read(a) for a in n.args]} {op} {params} "
                f"{n.axes} {n.part} {self.slot.get(n)} {self.offset.get(n)} {n.into and read(n.into)}"
            )
        return "lowering " + hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def ir(self) -> str:
        """The module's text."""
        e = Emission(self)
        e.module.counted = structured.is_short(self)
        return e.text()

    def described(self) -> list[str]:
        """A line for each kernel and call."""
        out = []
        for k, c in enumerate(self.order):
            names = [n.name for n in c.members]
            if c.routine:
                node = next(iter(c.members))
                kind = "NumPy" if isinstance(node.op, int) else "call"
                chunks = getattr(node.op, "chunks", 1)
                shared = f" on threads in {chunks} chunks" if chunks > 1 else ""
                after = epilogue.described(self.epilogues[k]) if k in self.epilogues else ""
                out.append(f"{kind} {node.name} {list(node.shape)}{shared}{after}")
                continue
            if k - 1 in self.epilogues:
                continue
            s = self.schedules[k]
            shown = ", ".join(
                names if len(names) <= 12 else [*names[:11], f"... {len(names) - 11} more"]
            )
            d = self.divisions.get(self.span[k][0])
            shared = "" if d is None else f" on threads in {d.chunks} chunks"
            out.append(
                f"loop {'x'.join(map(str, (*s.loops, s.length)))} rows {s.rows} sweeps {len(s.sweeps)}{shared}: {shown}"
            )
        return out


structured.make = Program


def stable(params: Any) -> str:
    """Parameters as text that does not depend on addresses."""
    if isinstance(params, dict):
        return ", ".join(f"{k}={stable(v)}" for k, v in sorted(params.items()))
    if isinstance(params, (tuple, list)):
        return f"({', '.join([stable(v) for v in params])})"
    if isinstance(params, np.ndarray):
        return f"array {params.dtype.str} {params.shape} {hashlib.sha256(params.tobytes()).hexdigest()}"
    if isinstance(
        params, (int, float, complex, str, bool, bytes, slice, type(None), np.dtype, np.generic)
    ):
        return repr(params)
    return type(params).__name__ if params is not ... else "..."
