"""A cluster as a loop nest: order and merging of loops, lanes, sweeps, and what is kept from sweep to sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from .arena import rounded
from .domain import Dims
from .fusion import Cluster, stages
from .nodes import LITERAL, MAP, REDUCE, Node, Ref

BLOCK = 128
"""Rows of a block."""
STATIC = 4
"""As many vectors at most are written out one by one instead of as a loop."""
CACHED = 1 << 17
"""Bytes kept from sweep to sweep that are found in a near cache."""
SHORT = 12
"""Operations of a sweep whose loop is written out several times, for sums that do not wait for each other."""
NEAR, FAR = 4, 32
"""Cheap operations that are done again at most rather than read what they gave, from a near cache or a farther one."""


@dataclass(slots=True)
class Sweep:
    """One run over a row: what it stores, reduces, and saves for later sweeps.

    Attributes:
        cost: Of computing it, about.
        short: Whether it would be cheap even if nothing were kept for it: what is kept does not change the order of sums.
    """

    stores: list[Node] = field(default_factory=list)
    reductions: list[Node] = field(default_factory=list)
    saves: list[Node] = field(default_factory=list)
    cost: int = 0
    short: bool = False

    @property
    def wanted(self) -> list[Node]:
        """What has to be computed for its own sake."""
        return [*self.stores, *[r.args[0].node for r in self.reductions]]


class Run(NamedTuple):
    """How the innermost loop runs in a sweep.

    Attributes:
        unroll: Vectors of a step.
        overlaps: Whether the last vector begins where it fits, which saves a tail's code.
        main: Elements that the loop goes over; the rest is a tail.
    """

    unroll: int
    overlaps: bool
    main: int


@dataclass(slots=True)
class Schedule:
    """A loop nest.

    Attributes:
        cluster: What it computes.
        groups: Which dimensions of the cluster each loop runs over, as one; the last is the innermost.
        loops: Lengths of the outer loops.
        rows: How many of them are the rows'.
        length: Of the innermost loop.
        width: Lanes.
        sweeps: In order.
        row_stores, row_reductions: Members on the rows that are stored or reduced.
        saved: Members kept in a row's memory between sweeps (those stored anyway are read back from there).
        flushed: Sums in memory of so many terms that each block of rows is added up by itself.
        block: Rows in a block, 0 for no blocks.
    """

    cluster: Cluster
    groups: list[list[int]]
    loops: Dims
    rows: int
    length: int
    width: int
    sweeps: list[Sweep]
    row_stores: list[Node]
    row_reductions: list[Node]
    saved: dict[Node, int] = field(default_factory=dict)
    flushed: list[Node] = field(default_factory=list)
    block: int = 0

    @property
    def room(self) -> int:
        """Bytes of the arena that only this kernel uses."""
        own = [n.dtype.itemsize * self.row_size for n, k in self.saved.items() if not k]
        return sum([rounded(b) for b in (*own, *[n.size * n.dtype.itemsize for n in self.flushed])])

    @property
    def static(self) -> bool:
        """Whether the innermost loop is written out."""
        return self.length <= STATIC * self.width

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do but to give empty reductions their values."""
        return not prod(self.loops) * self.length

    def lay(self, strides: Dims) -> Dims:
        """Strides on the cluster's dimensions as strides of the loops, the innermost last."""
        return tuple([strides[g[-1]] if g else 0 for g in self.groups])

    def folds(self, node: Node) -> bool:
        """Whether a reduction's lanes are folded at the end of a run."""
        return self.lay(self.cluster.result(node))[-1] == 0

    def scope(self, node: Node) -> int | None:
        """After how many loops' bodies a reduction's result is whole; None: all over, it is kept in memory."""
        kept = [s != 0 for s in self.lay(self.cluster.result(node))]
        if self.cluster.row_reduction(node):
            return self.rows
        if kept[-1]:
            return None
        scope = kept.index(False)
        return None if any(kept[scope:]) else scope

    def run(self, sweep: Sweep) -> Run:
        """How the innermost loop runs."""
        n, width = self.length, self.width
        unroll = 4 if sweep.short and any(self.folds(r) for r in sweep.reductions) else 1
        overlaps = unroll == 1 and n % width > 0 and not any(s.target for s in sweep.stores)
        return Run(
            unroll, overlaps, -(-n // width) * width if overlaps else n - n % (width * unroll)
        )

    @property
    def row_size(self) -> int:
        """Elements of a row."""
        return prod(self.loops[self.rows :]) * self.length


def schedule(cluster: Cluster, stored: set[Node], width: int = 0) -> Schedule:
    """Arrange a cluster's loops.

    Args:
        cluster: What is computed.
        stored: Members whose results are needed in memory, or as scalars outside.
        width: Lanes, 0 for as many as suit the members.
    """
    accesses = _accesses(cluster, stored)
    order = _order(cluster, accesses)
    groups = _merged(cluster, order, accesses)
    lengths = [prod([cluster.dims[i] for i in g]) for g in groups]
    rows = cluster.rows
    count = sum(1 for g in groups if rows is not None and g and rows[g[0]])
    sweeps, row_stores, row_reductions = _sweeps(cluster, stored)
    out = Schedule(
        cluster, groups, tuple(lengths[:-1]), count, lengths[-1], width or _width(cluster), sweeps,
        row_stores, row_reductions,
    )  # fmt: skip
    _plan_saves(out, stored)
    out.flushed = [n for n in cluster.members if n.kind == REDUCE and _long(out, n)]
    out.block = BLOCK if out.flushed else 0
    return out


def _long(s: Schedule, node: Node) -> bool:
    """Whether a reduction adds up a long row of numbers in each place of its result."""
    if node.op != "add" or node.dtype.kind != "f" or s.cluster.row_reduction(node) or not s.loops:
        return False
    kept = [v != 0 for v in s.lay(s.cluster.result(node))]
    in_memory = kept[-1] or any(kept[kept.index(False) :])
    return in_memory and not kept[0] and s.loops[0] > 4 * BLOCK


def external(cluster: Cluster, a: Ref) -> bool:
    """Whether a member's operand is read from memory."""
    return a.node not in cluster.members and a.node.kind != LITERAL


def _accesses(cluster: Cluster, stored: set[Node]) -> list[Dims]:
    out = []
    for node in cluster.members:
        for a in node.args:
            if external(cluster, a):
                out.append(cluster.strides(node, a))
        if node in stored or (node.kind == REDUCE and not cluster.row_reduction(node)):
            out.append(cluster.result(node))
    return out


def _order(cluster: Cluster, accesses: list[Dims]) -> list[int]:
    """Rows first; the innermost dimension is the one along which most accesses are of neighbours."""
    rows = cluster.rows
    count = len(cluster.dims)
    order = sorted(range(count), key=lambda i: (rows is None or not rows[i], i))
    inner = [i for i in order if rows is None or not rows[i]]
    if len(inner) > 1:

        def worth(i: int) -> tuple[int, int, int]:
            near = sum(abs(s[i]) == 1 for s in accesses)
            far = sum(abs(s[i]) > 1 for s in accesses)
            return (near - far, cluster.dims[i] >= 8, i)

        best = max(inner, key=worth)
        order.remove(best)
        order.append(best)
    return order


def merged(cluster: Cluster, order: list[int], stored: set[Node]) -> list[list[int]]:
    """Dimensions in this order, put together where nothing tells them apart."""
    return _merged(cluster, order, _accesses(cluster, stored)) if order else []


def _merged(cluster: Cluster, order: list[int], accesses: list[Dims]) -> list[list[int]]:
    rows, dims = cluster.rows, cluster.dims
    groups: list[list[int]] = []
    for i in order:
        if groups:
            last = groups[-1][-1]
            if (rows is None or rows[last] == rows[i]) and all(
                s[last] == s[i] * dims[i] for s in accesses
            ):
                groups[-1].append(i)
                continue
        groups.append([i])
    if not groups or (rows is not None and rows[groups[-1][0]]):
        groups.append([])
    return groups


def _width(cluster: Cluster) -> int:
    sizes = [n.dtype.itemsize for n in cluster.members if n.dtype.kind == "f"]
    if not sizes:
        sizes = [d.itemsize for n in cluster.members for d in (n.dtype, *[a.dtype for a in n.args])]
    return 8 if max(sizes) == 8 else 16


def _sweeps(cluster: Cluster, stored: set[Node]) -> tuple[list[Sweep], list[Node], list[Node]]:
    stage = stages(cluster)
    sweeps = [Sweep() for _ in range(max(stage.values()) + 1)]
    row_stores: list[Node] = []
    row_reductions: list[Node] = []
    for node in cluster.members:
        if node.kind == REDUCE:
            if node in cluster.on_rows:
                row_reductions.append(node)
            else:
                sweeps[stage[node] - cluster.row_reduction(node)].reductions.append(node)
        elif node in stored:
            if node in cluster.on_rows:
                row_stores.append(node)
            else:
                sweeps[stage[node]].stores.append(node)
    return [s for s in sweeps if s.stores or s.reductions], row_stores, row_reductions


def heavy(node: Node) -> bool:
    """Whether computing a map again costs much more than reading it."""
    return node.kind == MAP and bool(getattr(node.op, "needs", ()))


def _plan_saves(s: Schedule, stored: set[Node]) -> None:
    """Choose what of a sweep is kept in a row's memory for later ones: what is dear, or would take many operations again."""
    cluster = s.cluster
    computed: dict[Node, Sweep] = {}
    size = s.row_size

    def spared(node: Node) -> bool:
        return node not in cluster.members or node.kind != MAP or node in cluster.on_rows

    for sweep in s.sweeps:
        here: set[Node] = set()
        old: set[Node] = set()
        sweep.short = _is_short(sweep, computed, stored, spared)
        todo = sweep.wanted
        while todo:
            node = todo.pop()
            if node in here or node in old or spared(node):
                continue
            if node in computed:
                old.add(node)
                continue
            here.add(node)
            todo.extend([a.node for a in node.args])
        for node in sorted(old, key=lambda n: n.number):
            again = _again(node, here, s, stored, spared, len(s.saved) * size)
            kept = [node] if again is None else [n for n in again if _kept(n, s, stored)]
            for n in kept:
                if not s.static and n not in s.saved:
                    s.saved[n] = -1 if n in stored else 0
                    if n not in stored:
                        computed[n].saves.append(n)
            if again is None:
                sweep.cost += NEAR
            else:
                here.update([n for n in again if n not in kept])
        sweep.cost += sum([10 if heavy(n) else 1 for n in here])
        for node in here:
            computed.setdefault(node, sweep)


def _is_short(
    sweep: Sweep, computed: dict[Node, Sweep], stored: set[Node], spared: Callable[[Node], bool]
) -> bool:
    """See `Sweep.short`; what is dear is kept in any case."""
    seen: set[Node] = set()
    todo = sweep.wanted
    cost = 0
    while todo and cost <= SHORT:
        node = todo.pop()
        if node in seen or spared(node):
            continue
        seen.add(node)
        if node in computed and (heavy(node) or node in stored):
            continue
        cost += 10 if heavy(node) else 1
        todo.extend([a.node for a in node.args])
    return cost <= SHORT


def _kept(node: Node, s: Schedule, stored: set[Node]) -> bool:
    """Whether a map that an earlier sweep has computed is read again from memory in any case."""
    return heavy(node) or node in s.saved or node in stored


def _again(
    node: Node, here: set[Node], s: Schedule, stored: set[Node], spared: Callable[[Node], bool], kept: int
) -> list[Node] | None:  # fmt: skip
    """What a sweep would have to compute or read again for a map of an earlier one; None if that is too much.

    Args:
        node: The map.
        here: What the sweep computes anyway.
        s: The schedule.
        stored: Members that are in memory anyway.
        spared: Whether nothing has to be computed for a node.
        kept: Elements that are kept from sweep to sweep already.
    """
    most = NEAR if (kept + s.row_size) * node.dtype.itemsize <= CACHED else FAR
    found: dict[Node, None] = {}
    todo = [node]
    cost = 0
    while todo:
        n = todo.pop()
        if n in found or n in here or spared(n):
            continue
        found[n] = None
        if _kept(n, s, stored):
            continue
        cost += 1
        if cost > most and not s.static:
            return None
        todo.extend([a.node for a in n.args])
    return list(found)
