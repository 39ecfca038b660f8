"""Which maps and reductions share a loop nest.

A cluster has dimensions (those of its largest members, split as finely as their shapes need) and perhaps rows: a
choice of dimensions over which an outer loop runs, while the others are swept several times. Members stand on all
dimensions or on the rows only. A reduction whose result is used inside its cluster reduces everything but the rows;
any other is a sink, whose result is there when the loops are done.

Nodes are placed in order, each into the cluster of one of its operands if that makes no cycle; then the clusters of
its other operands are joined to that. NOTE [cycles]: `before` holds, as bits, the clusters that must run before one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .domain import Dims, refined, row_major, split, squeezed
from .nodes import MAP, REDUCE, ROUTINE, Node, Ref, contiguous

Flags = tuple[bool, ...]
MOST = 300
"""Members of one cluster; more would only keep the register allocator busy."""


@dataclass(eq=False, slots=True)
class Cluster:
    """Members in order, on all dimensions (rows: those in `on_rows`)."""

    number: int
    dims: Dims
    rows: Flags | None = None
    members: dict[Node, None] = field(default_factory=dict)
    on_rows: set[Node] = field(default_factory=set)
    before: int = 0
    routine: bool = False

    def strides(self, node: Node, ref: Ref) -> Dims:
        """A member's read, as strides on the cluster's dimensions."""
        return self.lay(ref.shape, ref.strides, node in self.on_rows)

    def lay(self, shape: Dims, strides: Dims, on_rows: bool) -> Dims:
        """Strides of something of a member's shape on the cluster's dimensions."""
        if not on_rows:
            return split(strides, shape, self.dims)
        assert self.rows is not None
        inner = iter(
            split(
                strides, shape, tuple([n for n, r in zip(self.dims, self.rows, strict=True) if r])
            )
        )
        return tuple([next(inner) if r else 0 for r in self.rows])

    def result(self, node: Node) -> Dims:
        """Where a member's result lies in memory: strides on the cluster's dimensions, 0 along reduced ones."""
        if node.kind == REDUCE:
            return self.lay(node.args[0].shape, kept_strides(node), node in self.on_rows)
        strides = contiguous(node.shape) if node.into is None else node.into.strides
        return self.lay(node.shape, strides, node in self.on_rows)

    def row_reduction(self, node: Node) -> bool:
        """Whether a member's result is there within a row, for the row's other sweeps."""
        return (
            node.kind == REDUCE
            and self.rows is not None
            and node not in self.on_rows
            and kept_flags(self, node) == self.rows
        )


def kept_strides(node: Node) -> Dims:
    """A reduction's result's strides on its operand's axes, 0 along the reduced ones."""
    inner = iter(contiguous(node.shape))
    return tuple([0 if i in node.axes else next(inner) for i in range(len(node.args[0].shape))])


def kept_flags(cluster: Cluster, node: Node) -> Flags:
    """Along which dimensions a reduction keeps elements apart."""
    return tuple([s != 0 for s in cluster.result(node)])


def domain(node: Node) -> Dims:
    """The dimensions that a node is computed over."""
    return squeezed(node.args[0].shape if node.kind == REDUCE else node.shape)


class Fusion:
    """Places nodes into clusters."""

    def __init__(self) -> None:
        self.clusters: dict[int, Cluster] = {}
        self.of: dict[Node, Cluster] = {}
        self.readers: dict[Node, list[Cluster]] = {}
        self.count = 0
        self.followers: dict[int, Cluster] = {}
        self.needed = 0  # the clusters that others come after, as bits

    def place(self, node: Node) -> None:
        """Find or make the cluster of a node."""
        if node.kind not in (MAP, REDUCE, ROUTINE) or (node.kind == MAP and not node.size):
            return
        if node.kind == ROUTINE:
            self._alone(node)
            return
        operands = self._operands(node)
        for cluster in self._candidates(node, operands):
            if self._joined(cluster, node, operands):
                break
        else:
            cluster = self._alone(node)
        for other in operands:
            if other is not self.of[node] and not other.routine:
                self._merged(other, self.of[node])
        for a in node.args:
            self.readers.setdefault(a.node, []).append(self.of[node])

    def _alone(self, node: Node) -> Cluster:
        cluster = Cluster(self.count, domain(node), routine=node.kind == ROUTINE)
        self.count += 1
        self.clusters[cluster.number] = cluster
        cluster.members[node] = None
        self.of[node] = cluster
        self._depend(cluster, self._operands(node))
        return cluster

    def _operands(self, node: Node) -> list[Cluster]:
        """The clusters that must come before a node, or be its own."""
        found = {}
        for n in (*[a.node for a in node.args], *node.after):
            c = self.of.get(n)
            if c is not None:
                found[c.number] = c
        return list(found.values())

    def _candidates(self, node: Node, operands: list[Cluster]) -> Iterator[Cluster]:
        own = sorted(operands, key=lambda c: -c.number)
        seen = set()
        for c in own:
            seen.add(c.number)
            if not c.routine:
                yield c
        size = node.args[0].node.size if node.args else 0
        for a in node.args:  # what reads the same large array
            if a.node.size > 1 and a.node.size >= size and a.node.kind != ROUTINE:
                for c in self.readers.get(a.node, [])[-4:]:
                    if c.number in self.clusters and c.number not in seen:
                        seen.add(c.number)
                        yield c

    def _depend(self, cluster: Cluster, others: Iterable[Cluster]) -> None:
        """Note that others run before a cluster, and so before all that run after it."""
        new = 0
        for c in others:
            if c is not cluster:
                new |= c.before | 1 << c.number
        self.needed |= new
        if new & ~cluster.before:
            cluster.before |= new
            bit = 1 << cluster.number
            if not self.needed & bit:
                return
            for c in self.clusters.values():
                if c.before & bit:
                    c.before |= cluster.before

    def _joined(self, cluster: Cluster, node: Node, operands: list[Cluster]) -> bool:
        """Put a node into a cluster if it fits there."""
        if len(cluster.members) >= MOST:
            return False
        bit = 1 << cluster.number
        others = [c for c in operands if c is not cluster]
        for c in others:
            if c.before & bit:
                return False
        dims = domain(node)
        state = cluster.dims, cluster.rows
        for fits in (self._on_all, self._on_rows):
            if fits(cluster, node, dims) and not self._unsafe(cluster, state[1]):
                cluster.members[node] = None
                self.of[node] = cluster
                self._depend(cluster, others)
                return True
            cluster.on_rows.discard(node)
            cluster.dims, cluster.rows = state
        return False

    def _unsafe(self, cluster: Cluster, rows: Flags | None) -> bool:
        """Whether there are rows where there were none when an update of an input was found safe."""
        return cluster.rows is not None and rows is None and any(n.target for n in cluster.members)

    def _on_all(self, cluster: Cluster, node: Node, dims: Dims) -> bool:
        common = refined(cluster.dims, dims)
        if common is None:
            return False
        _refine(cluster, common)
        return self._reads_fit(cluster, node, False)

    def _on_rows(self, cluster: Cluster, node: Node, dims: Dims) -> bool:
        if cluster.rows is None:
            for a in node.args:
                if a.node in cluster.members and a.node.kind == REDUCE:
                    self._choose_rows(cluster, a.node)
                    break
        if cluster.rows is None:
            return False
        rows = tuple([n for n, r in zip(cluster.dims, cluster.rows, strict=True) if r])
        common = refined(rows, dims)
        if common is None or not any(a.node in cluster.members for a in node.args):
            return False
        _refine_rows(cluster, common)
        cluster.on_rows.add(node)
        if self._reads_fit(cluster, node, True):
            return True
        cluster.on_rows.discard(node)
        return False

    def _reads_fit(self, cluster: Cluster, node: Node, on_rows: bool) -> bool:
        for a in node.args:
            if a.node in cluster.members and not self._read_fits(cluster, a, on_rows):
                return False
        return not any(
            n in cluster.members and not _same_element(cluster, n, node) for n in node.after
        )

    def _read_fits(self, cluster: Cluster, a: Ref, on_rows: bool) -> bool:
        """Whether a member may read another's result while the loops run: the same element, or its row's."""
        u = a.node
        if u.kind == REDUCE:
            if cluster.rows is None:
                self._choose_rows(cluster, u)
            if not cluster.row_reduction(u):
                return False
        flags = None
        if u.kind == REDUCE or u in cluster.on_rows:
            flags = cluster.rows
        elif on_rows:
            return False
        strides = cluster.lay(a.shape, a.strides, on_rows)
        return a.offset == 0 and strides == row_major(cluster.dims, flags)

    def _choose_rows(self, cluster: Cluster, node: Node) -> None:
        """Take what a reduction keeps for rows, if there is something and the last dimension is swept."""
        flags = kept_flags(cluster, node)
        if any(flags) and not flags[-1]:
            cluster.rows = flags

    def _merged(self, first: Cluster, second: Cluster) -> bool:
        """Join two clusters, the first of which is needed by the second, if they fit."""
        if len(first.members) + len(second.members) > MOST:
            return False
        a, b = 1 << first.number, 1 << second.number
        for c in self.clusters.values():
            if c is first or c is second:
                continue
            here = 1 << c.number
            if (c.before & a and second.before & here) or (c.before & b and first.before & here):
                return False
        if first.before & b:
            return False
        common = refined(first.dims, second.dims)
        if common is None:
            return False
        rows = _common_rows(first, second, common)
        if rows is False:
            return False
        trial = Cluster(second.number, common, rows if rows is not True else None)
        trial.members = {**first.members, **second.members}
        trial.on_rows = first.on_rows | second.on_rows
        for node in second.members:
            on_rows = node in trial.on_rows
            for r in node.args:
                if r.node in first.members and not self._read_fits(trial, r, on_rows):
                    return False
            if any(n in first.members and not _same_element(trial, n, node) for n in node.after):
                return False
        if self._unsafe(trial, first.rows) or self._unsafe(trial, second.rows):
            return False
        second.dims, second.rows = trial.dims, trial.rows
        second.members = dict(sorted(trial.members.items(), key=lambda kv: kv[0].number))
        second.on_rows = trial.on_rows
        second.before = (first.before | second.before) & ~(a | b)
        del self.clusters[first.number]
        if self.needed & a:
            self.needed |= b
        for node in first.members:
            self.of[node] = second
            for r in node.args:
                self.readers.setdefault(r.node, []).append(second)
        for c in self.clusters.values():
            if c.before & (a | b) and c is not second:
                c.before = (c.before & ~a) | b | second.before
        return True

    def brought(self, first: Cluster, second: Cluster) -> bool:
        """Have a cluster follow one that it needs at once, unless something has to come in between."""
        a, b = 1 << first.number, 1 << second.number
        for c in self.clusters.values():
            if c.before & a and second.before & (1 << c.number):
                return False
        self.followers[first.number] = second
        second.before |= first.before
        first.before |= second.before & ~a
        for c in self.clusters.values():
            if c.before & (a | b) and c is not second:
                c.before |= first.before | a | b
        return True

    def parted(self, cluster: Cluster, later: list[Node]) -> Cluster:
        """Take members of a cluster out, which nobody else in it reads, into one that comes after it."""
        second = Cluster(self.count, cluster.dims)
        self.count += 1
        self.clusters[second.number] = second
        second.members = dict.fromkeys(later)
        for node in later:
            del cluster.members[node]
            self.of[node] = second
        second.before = cluster.before | 1 << cluster.number
        for c in self.clusters.values():
            if c.before & 1 << cluster.number and c is not second:
                c.before |= 1 << second.number
        return second

    def ordered(self) -> list[Cluster]:
        """All clusters, each after those that it needs, otherwise in the order of making."""
        followers = set(self.followers.values())
        left = sorted(self.clusters.values(), key=lambda c: min(n.number for n in c.members))
        left = [c for c in left if c not in followers]
        out: list[Cluster] = []
        done = 0
        while left:
            rest = []
            for c in left:
                if c.before & ~done:
                    rest.append(c)
                else:
                    for one in (c, self.followers.get(c.number)):
                        if one is not None:
                            out.append(one)
                            done |= 1 << one.number
            if len(rest) == len(left):
                raise AssertionError("clusters that need each other")
            left = rest
        return out


def _same_element(cluster: Cluster, reader: Node, writer: Node) -> bool:
    """Whether a member may write an input that another member reads: only what the same iteration has read.

    With rows it must be the last sweep that writes, for others may read again what they need.
    """
    if writer.target is None:
        return False
    if cluster.rows is not None:
        stage = stages(cluster)
        if max([stage.get(a.node, 0) for a in writer.args]) < max(stage.values()):
            return False
    whole = row_major(cluster.dims)
    return all(
        a.offset == 0 and cluster.strides(reader, a) == whole
        for a in reader.args
        if a.node is writer.target
    )


def stages(cluster: Cluster) -> dict[Node, int]:
    """The sweep in which each member can be computed; a row reduction's result is there for the next."""
    out: dict[Node, int] = {}
    for node in cluster.members:
        stage = max([out.get(a.node, 0) for a in node.args], default=0)
        out[node] = stage + cluster.row_reduction(node)
    return out


def _common_rows(first: Cluster, second: Cluster, dims: Dims) -> Flags | bool | None:
    """The rows of both on finer dimensions; False if they differ, True or None if neither has any."""
    found: list[Flags] = []
    for c in (first, second):
        if c.rows is not None:
            found.append(_spread(c.rows, c.dims, dims))
    if not found:
        return True
    return found[0] if len(found) == 1 or found[0] == found[1] else False


def _spread(flags: Flags, old: Dims, dims: Dims) -> Flags:
    return tuple([bool(f) for f in split(flags, old, dims, scale=False)])


def _refine(cluster: Cluster, dims: Dims) -> None:
    if cluster.rows is not None:
        cluster.rows = _spread(cluster.rows, cluster.dims, dims)
    cluster.dims = dims


def _refine_rows(cluster: Cluster, rows: Dims) -> None:
    """Split the dimensions of the rows as `rows` says."""
    assert cluster.rows is not None
    pieces = list(rows)
    dims: list[int] = []
    flags: list[bool] = []
    for n, r in zip(cluster.dims, cluster.rows, strict=True):
        if not r:
            dims.append(n)
            flags.append(False)
            continue
        while n > 1:
            dims.append(pieces.pop(0))
            flags.append(True)
            n //= dims[-1]
    cluster.dims, cluster.rows = tuple(dims), tuple(flags)
