"""Versions: how often memory was written in place, and by which lines, so that an overwritten residual can be told."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

from . import callsite, modes
from .callsite import getframe, latest
from .errors import InplaceError


class Version:
    """How often a buffer was written in place; shared by all tensors that alias the buffer.

    `stamp` is the clock at the last write, `writes` the last few as (clock, code, instruction): enough to
    name the line that overwrote a residual. `journal`, where a front end keeps one, knows what the memory held.
    """

    __slots__ = ("count", "journal", "stamp", "writes")

    journal: Any  # not there before the first write, and then only of arrays that keep one

    REMEMBERED = 16

    def __init__(self) -> None:
        self.count = 0
        self.stamp = 1  # later clocks are smaller; 1 is before everything
        self.writes: Any = ()

    def bump(self, depth: int = 3) -> None:
        """Note a write by the user's line, `depth` frames up at least."""
        self.count += 1
        self.stamp = stamp = modes.next_order()
        writes = self.writes or self.first()
        frame = getframe(depth - 1)
        code = frame.f_code
        if code is latest[0]:
            writes.append((stamp, code, frame.f_lasti))
        else:
            writes.append((stamp, *(callsite.caller(depth) or callsite.NOWHERE)))

    def first(self) -> Any:
        """Make room for the writes to be remembered."""
        self.writes = deque(maxlen=self.REMEMBERED)
        return self.writes

    def bump_quietly(self) -> None:
        """Note a write by the engine itself, which nobody asks the line of."""
        self.count += 1
        self.stamp = modes.next_order()

    def as_of(self, value: Any, order: int) -> Any:
        """What `value`, which is on this memory, was at `order`: itself if no write has changed it; None if not known."""
        journal = getattr(self, "journal", None)
        return None if journal is None else journal.as_of(self, value, order)

    def since(self, order: int) -> list[tuple[int, callsite.Site | None]]:
        """The remembered writes later than `order`, oldest first."""
        return [
            (stamp, None if code is None else (code, instruction))
            for stamp, code, instruction in self.writes
            if stamp < order
        ]


class InferenceVersion(Version):
    """The version of all tensors made in one block of inference mode: it marks them, and counts nothing.

    Its stamp is later than any node, so that a backward pass that meets such a residual looks into it.
    """

    __slots__ = ("__weakref__",)

    def __init__(self) -> None:
        super().__init__()
        self.stamp = -sys.maxsize

    def check_write(self) -> None:
        """Raise for a write outside of inference mode."""
        if not modes.current() & modes.INFERENCE:
            raise InplaceError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone "
                "to get a normal tensor before doing inplace update."
            )

    def bump(self, depth: int = 3) -> None:
        """A write: not counted, and refused outside of inference mode."""
        self.check_write()

    def bump_quietly(self) -> None:
        """A write by the engine itself: not counted."""
