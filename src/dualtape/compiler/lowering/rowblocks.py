"""Short rows with dear work per row: a block of rows is swept, then the rows' own numbers are computed in vectors.

In a logistic regression a row is a dot product, a few exponentials, and a multiple of the row added to the gradient.
One row after the other would compute exponentials of single numbers. The cluster is therefore split by sweeps into
several, which run on a block of rows each while the rows are in the cache.
"""

from __future__ import annotations

from math import prod

from .fusion import Cluster, stages
from .nodes import MAP, REDUCE, Node
from .schedule import Schedule, heavy

BLOCK = 64
FEW = 16 * BLOCK
"""Rows that are worth the trouble."""
SHORT = 256
"""Elements of a row at most."""


def parted(cluster: Cluster) -> list[Cluster]:
    """The parts of a cluster that is to run by blocks of rows, in order; otherwise the cluster alone."""
    whole = [cluster]
    rows = cluster.rows
    if rows is None or not any(heavy(n) for n in cluster.on_rows):
        return whole
    lengths = [n for n, r in zip(cluster.dims, rows, strict=True) if r]
    if prod(lengths) < FEW or prod(cluster.dims) // prod(lengths) > SHORT:
        return whole
    if any(n.target is not None for n in cluster.members):
        return whole
    stage = stages(cluster)
    used = {n: stage[n] - cluster.row_reduction(n) for n in cluster.members}
    full = {n for n in cluster.members if n.kind == MAP and n not in cluster.on_rows}
    if any(a.node in full and used[a.node] != used[n] for n in used for a in n.args):
        return whole
    out: list[Cluster] = []
    for k in range(max(stage.values()) + 1):
        own = [n for n in cluster.members if n in cluster.on_rows and used[n] == k]
        if own:
            out.append(_part(cluster, own, tuple(lengths), False))
        own = [n for n in cluster.members if n not in cluster.on_rows and used[n] == k]
        if own:
            out.append(_part(cluster, own, cluster.dims, True))
    return out


def _part(cluster: Cluster, members: list[Node], dims: tuple[int, ...], full: bool) -> Cluster:
    part = Cluster(cluster.number, dims)
    part.members = dict.fromkeys(members)
    if full and any(n.kind == REDUCE and cluster.row_reduction(n) for n in members):
        part.rows = cluster.rows
    return part


def in_step(schedules: list[Schedule]) -> bool:
    """Whether parts have the rows as their first or only loop."""
    rows = max([s.length if not s.loops else s.loops[0] for s in schedules])
    return rows >= FEW and all(
        (s.loops[:1] == (rows,) and len(s.loops) == 1) or (not s.loops and s.length == rows)
        for s in schedules
    )
