"""Loops and the places before them: code that does not depend on a loop is written in front of it.

LLVM's passes are not run, so nobody else moves it. A `Frame` is a place in the text: instructions can be added to
it while what follows is being written already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .writer import Lanes, Module, Writer


class Frame:
    """A place before a loop: the lines there, and the label of the block that they end in."""

    __slots__ = ("block", "lines")

    def __init__(self, lines: list[Any], block: str) -> None:
        self.lines = lines
        self.block = block


class LoopWriter(Writer):
    """A writer with nested loops; its lines may be lists of lines, which are written out at the end.

    `frames[k]` is the place for what depends on the first k open loops only; there are as many as loops open.
    """

    __slots__ = ("frames",)

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.lines: list[Any] = []
        self.frames: list[Frame] = []

    @property
    def depth(self) -> int:
        """How many loops are open."""
        return len(self.frames)

    @contextmanager
    def at(self, depth: int) -> Iterator[None]:
        """Write where only so many loops are open."""
        if depth >= self.depth:
            yield
            return
        frame, frames = self.frames[depth], self.frames
        lines, block = self.lines, self.block
        self.lines, self.block, self.frames = frame.lines, frame.block, frames[:depth]
        try:
            yield
        finally:
            frame.lines, frame.block = self.lines, self.block
            self.lines, self.block, self.frames = lines, block, frames

    def loop(
        self,
        start: int | str,
        end: int | str,
        step: int,
        body: Callable[[str, list[str]], Sequence[str]],
        carried: Sequence[tuple[Lanes, str]] = (),
    ) -> list[str]:
        """Write a loop that runs at least once.

        Args:
            start, end, step: For i in range(start, end, step), i an i64; `end - start` is a multiple of `step`.
            body: (i, carried values) -> their next values. Writes what is done each time.
            carried: Type and first value of each carried value.

        Returns:
            The carried values after the loop.
        """
        hoisted: list[Any] = []
        self.lines.append(hoisted)
        frame = Frame(hoisted, self.block)
        self.count += 1
        head, done = f"loop.{self.count}", f"done.{self.count}"
        self.do(f"br label %{head}")
        self.label(head)
        phis: list[Any] = []
        self.lines.append(phis)
        i = self.name()
        names = [self.name() for _ in carried]
        self.frames = [*self.frames, frame]
        following = list(body(i, names))
        self.frames = self.frames[:-1]
        after = self.op(f"add nsw i64 {self.unfollowed(i)}, {step}")
        more = self.op(f"icmp slt i64 {after}, {end}")
        phis.append(f"  {i} = phi i64 [ {start}, %{frame.block} ], [ {after}, %{self.block} ]")
        for name, (t, first), last in zip(names, carried, following, strict=True):
            phis.append(
                f"  {name} = phi {t.text} [ {first}, %{frame.block} ], [ {last}, %{self.block} ]"
            )
        self.do(f"br i1 {more}, label %{head}, label %{done}")
        self.label(done)
        return following

    def text(self) -> str:
        """The body as text."""
        out: list[str] = []

        def flatten(lines: list[Any]) -> None:
            for line in lines:
                if isinstance(line, str):
                    out.append(line)
                else:
                    flatten(line)

        flatten(self.lines)
        return "\n".join(out)
