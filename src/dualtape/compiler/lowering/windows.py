"""Parts of a kernel's first loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..emit.frames import LoopWriter

if TYPE_CHECKING:
    from .kernel import Kernel

Window = tuple[int | str, int | str]
"""From an index to another."""


def blocks(w: LoopWriter, rows: Window, block: int, kernels: list[Kernel]) -> None:
    """Run kernels on a block of rows after the other."""
    first, behind = rows

    def body(start: str, _: list[str]) -> list[str]:
        last = w.op(f"add nsw i64 {start}, {block}")
        end = smaller_of(w, last, behind)
        for kernel in kernels:
            kernel.body((start, end))
        return []

    w.loop(first, behind if isinstance(behind, str) else -(-behind // block) * block, block, body)


def smaller_of(w: LoopWriter, a: str, b: int | str) -> str:
    """The smaller of two indices."""
    name = "@llvm.smin.i64"
    w.module.declarations[name] = f"declare i64 {name}(i64, i64)"
    return w.op(f"call i64 {name}(i64 {a}, i64 {b})")
