"""Work that threads share: a function of the module is called for each chunk, by whoever is free (native/threads.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.threads import CELL, thread_count
from ..emit import flow, memory
from ..emit.frames import LoopWriter
from ..native import threads

if TYPE_CHECKING:
    from .emission import Emission


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

    kinds = {"context": "ptr", "chunk": "i64", "worker": "i64"}
    function = flow.function(module, name, kinds, work)
    module.declarations["@dualtape_parallel"] = (
        "declare void @dualtape_parallel(ptr, ptr, ptr, i64, i64)"
    )
    for other, kind in (("pool", "i8"), ("team", "i64")):
        module.declarations[f"@dualtape_{other}"] = f"@dualtape_{other} = external global {kind}"
    smaller = "@llvm.smin.i64"
    module.declarations[smaller] = f"declare i64 {smaller}(i64, i64)"
    context = e.stack(8 * len(pointers))
    for k, p in enumerate(pointers):
        memory.put(w, context, k, p)
    now = w.op("load i64, ptr @dualtape_team, align 8")
    count = w.op(f"call i64 {smaller}(i64 {now}, i64 {most})")
    w.do(
        f"call void @dualtape_parallel(ptr @dualtape_pool, ptr {function}, ptr {context}, i64 {chunks}, i64 {count})"
    )
