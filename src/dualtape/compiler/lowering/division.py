"""How a kernel, or several that take turns, are divided among threads.

NOTE [same bits] The first loop is cut into chunks, whose number and length depend on shapes alone. Each chunk adds up into a record
of its own, and the records are added up in order when all chunks are done. So the bits are the same for any number of
threads, one included, and whoever takes a chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from ..native import threads
from .arena import rounded
from .fusion import domain
from .nodes import REDUCE, Node
from .schedule import Schedule, external

ROOM = 1 << 24
"""Bytes at most that all threads together need for rows that are being swept."""
TERMS = 4
"""Nanoseconds of a chunk, at least, for each byte of its record: adding records up is then 2 or 3 % of everything."""
CHEAP, DEAR, BYTE = 30, 400, 50
"""Picoseconds for an element in single precision, of arithmetic and of each elementary function, and for a byte read or written."""

Place = tuple[int, Node]


class Division(NamedTuple):
    """Chunks of the first loop.

    Attributes:
        per: Iterations of a chunk.
        chunks: How many.
        places: By number of the kernel and sum: where in a chunk's record it is, in bytes.
        record: Bytes of a record.
        scratch: Bytes that each thread needs besides.
        threads: How many at most.
    """

    per: int
    chunks: int
    places: dict[Place, int]
    record: int
    scratch: int
    threads: int

    @property
    def room(self) -> int:
        """Bytes of the arena that it needs."""
        return self.record * self.chunks + self.scratch * self.threads


def work(s: Schedule) -> int:
    """About how long a kernel takes on one thread, in nanoseconds."""
    total = 0
    moved: dict[Node, int] = {}
    for node in s.cluster.members:
        each = DEAR * len(getattr(node.op, "needs", ())) or CHEAP
        total += prod(domain(node)) * each * (2 if node.dtype.itemsize == 8 else 1)
        for a in node.args:
            if external(s.cluster, a):
                moved[a.node] = min(a.node.size, prod(a.shape)) * a.dtype.itemsize
    for node in (*s.row_stores, *[n for sweep in s.sweeps for n in sweep.stores]):
        moved[node] = node.size * node.dtype.itemsize
    return (total + BYTE * sum(moved.values())) // 1000


def divided(schedules: Sequence[Schedule], total: int, block: int) -> Division | None:
    """Divide kernels that take turns, or one; None where that does not pay.

    Args:
        schedules: Theirs.
        total: Iterations of the first loop.
        block: How many are to stay together.
    """
    time = sum([work(s) for s in schedules])
    if time < threads.THREADED or total < 2 * block:
        return None
    places: dict[Place, int] = {}
    record = 0
    for k, s in enumerate(schedules):
        for node in s.cluster.members:
            size = _shared(s, node)
            if size:
                places[k, node] = record
                record += rounded(size)
    most = time // max(threads.CHUNK, TERMS * record)
    if most < 2:
        return None
    per = -(-total // most)
    if len(schedules) > 1 or per > schedules[0].block:  # else a chunk is a block by itself
        per = -(-per // block) * block
    if len(schedules) > 1:  # the last vector begins where it fits, which has to be in its own chunk
        while 0 < total % per < max([s.width for s in schedules]):
            per += block
    chunks = -(-total // per)
    scratch = sum([s.room for s in schedules])
    team = min(chunks, threads.MOST, ROOM // scratch if scratch else chunks)
    return Division(per, chunks, places, record, scratch, team) if team > 1 else None


def equal_parts(count: int, time: int, record: int = 0) -> int:
    """How many of `count` alike a chunk is to have, all of them if it does not pay to divide.

    Args:
        count: How many there are.
        time: What all take, in nanoseconds.
        record: Bytes of what a chunk adds up by itself.
    """
    if time < threads.THREADED:
        return count
    least = max(threads.CHUNK, TERMS * record)
    return next(
        n
        for n in range(1, count + 1)
        if count % n == 0 and (n * time >= least * count or n == count)
    )


def _shared(s: Schedule, node: Node) -> int:
    """Bytes of what a chunk adds up by itself, 0 for what it has for itself."""
    if node.kind != REDUCE or s.cluster.row_reduction(node):
        return 0
    scope = s.scope(node)
    if scope == 0:
        return 8 * s.width
    if scope is None and not s.lay(s.cluster.result(node))[0]:
        return int(node.size * node.dtype.itemsize)
    return 0
