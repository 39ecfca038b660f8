"""Work that threads share: a function of the module is called for each chunk, by whoever is free (native/threads.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.threads import CELL, thread_count
from ..emit import flow, memory
from ..emit.frames import LoopWriter
from ..native import threads
from .windows import blocks, smaller_of

if TYPE_CHECKING:
    from .division import Division
    from .emission import Emission
    from .kernel import Kernel


def size(shares: int) -> int:
    """For how many threads to write work that is worth so many: as many as there may be when it is compiled."""
    return max(min(thread_count(), shares, threads.MOST), 1)


def externals() -> tuple[tuple[str, int], ...]:
    """What is called, and where the present number of threads is read."""
    return (*threads.symbols().items(), ("dualtape_team", CELL.ctypes.data))


def write(
    e: Emission, name: str, pointers: list[str], chunks: int, most: int,
    body: Callable[[LoopWriter, list[str]], None],
) -> None:  # fmt: skip
    """Write a call for each chunk, by several threads at most.

    Args:
        e: Where.
        name: Of the function, which stands for all that `body` does.
        pointers: What it is given.
        chunks: How many.
        most: Threads.
        body: (where, the pointers) -> writes the work on `%chunk`, done by `%worker`.
    """
    w, module = e.w, e.w.module

    def work(inner: LoopWriter) -> None:
        given = []
        for k in range(len(pointers)):
            at = inner.op(f"getelementptr i8, ptr %context, i64 {8 * k}")
            given.append(inner.op(f"load ptr, ptr {at}, align 8"))
        body(inner, given)

    function = flow.function(module, name, KINDS, work)
    context = e.stack(8 * len(pointers))
    for k, p in enumerate(pointers):
        memory.put(w, context, k, p)
    _call(w, function, context, chunks, most)


KINDS = {"context": "ptr", "chunk": "i64", "worker": "i64"}


def _call(w: LoopWriter, function: str, context: str, chunks: int, most: int) -> None:
    """Write the call of the pool."""
    known = w.module.declarations
    known["@dualtape_parallel"] = "declare void @dualtape_parallel(ptr, ptr, ptr, i64, i64)"
    for other, kind in (("pool", "i8"), ("team", "i64")):
        known[f"@dualtape_{other}"] = f"@dualtape_{other} = external global {kind}"
    smaller = "@llvm.smin.i64"
    known[smaller] = f"declare i64 {smaller}(i64, i64)"
    now = w.op("load i64, ptr @dualtape_team, align 8")
    count = w.op(f"call i64 {smaller}(i64 {now}, i64 {most})")
    w.do(
        f"call void @dualtape_parallel(ptr @dualtape_pool, ptr {function}, ptr {context}, i64 {chunks}, i64 {count})"
    )


def write_kernels(
    e: Emission, division: Division, rows: int, block: int, made: Callable[[], list[Kernel]]
) -> None:
    """Write a kernel, or several that take turns, by chunks of the first loop.

    Args:
        e: Where.
        division: Into which chunks.
        rows: Iterations of the first loop.
        block: After how many of them the kernels take turns; 0 for a single kernel.
        made: Makes the kernels, for the function that is being written.
    """
    kernels = made()
    sums = [
        {n: at for (k, n), at in division.places.items() if k == number}
        for number in range(len(kernels))
    ]
    for kernel, places in zip(kernels, sums, strict=True):
        kernel.in_parts = True
        kernel.begin(places)
    first = e.used
    records = e.room(division.record * division.chunks) if division.record else "null"

    def chunk() -> None:
        w = e.w
        record = "null"
        if division.record:
            start = memory.times(w, "%chunk", division.record)
            record = memory.offset(w, e.in_arena(first), start, 1)
        if division.scratch:
            e.of_worker = "%own"
            e.header.append(f"  %own = mul i64 %worker, {division.scratch}")
        own = made()
        for kernel, places in zip(own, sums, strict=True):
            kernel.enter(record, places, division.per)
        start = w.op(f"mul nsw i64 %chunk, {division.per}")
        end = smaller_of(w, w.op(f"add nsw i64 {start}, {division.per}"), rows)
        if block:
            blocks(w, (start, end), block, own)
        else:
            own[0].run((start, end))

    function = e.apart("chunk", chunk)
    e.used = first + division.room
    _call(e.w, function, "%slots", division.chunks, division.threads)
    for kernel, places in zip(kernels, sums, strict=True):
        kernel.rest()
        kernel.gather(records, division.record, places, division.chunks)
        kernel.end()
