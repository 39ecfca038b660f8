"""What the current thread (or task) is doing: one integer of bits, read once per operation.

A `ContextVar` rather than `threading.local`: it is read in a third of the time and is right under
asyncio too. Everything that sets a bit restores the previous value in a `finally`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

NO_GRAD = 1
"""Nothing is recorded."""
BOXED = 2
"""A transformation is open: values may be boxes, and every primitive goes through `boxes.process`."""
ANOMALY = 4
"""The backward pass checks every cotangent for NaN."""
INFERENCE = 8
"""Tensors made now may never take part in recording."""
PACKING = 16
"""Residuals go through the user's hooks (see `saved`)."""
GUARDED = 32
"""Tensors made in inference mode are about: recording looks for them among its residuals."""
OBSERVED = 64
"""Somebody is told of every primitive (see `observation`)."""
SAFE = 128
"""A cotangent that a mask made zero stays zero, whatever it is multiplied by (see `ops.rescue`)."""
UNSAFE = 256
"""Not even native transformations do that."""
STEPPED = 512
"""Somebody is told of every step of a backward pass (see `observation`)."""
TIMED = 1024
"""Every primitive is timed (see `observation`)."""
AROUND = INFERENCE | PACKING | GUARDED | OBSERVED | TIMED
"""Something is to be done once a primitive has been bound."""
UNUSUAL = BOXED | AROUND
"""What the fast paths of `bind` look for, in one test, before they go ahead."""

_mode: ContextVar[int] = ContextVar("dualtape_mode", default=0)

_depth: ContextVar[int] = ContextVar("dualtape_depth", default=0)

variable = _mode
current = _mode.get
depth = _depth.get
"""How many transformations are open around the running code."""
set_mode = _mode.set

next_order = count(0, -1).__next__
"""One clock for nodes and writes, counting down: the latest is the smallest, as a heap wants it."""


@contextmanager
def switched(on: int = 0, off: int = 0) -> Iterator[None]:
    """Set the bits `on` and clear the bits `off` for the duration of the block."""
    before = current()
    set_mode((before | on) & ~off)
    try:
        yield
    finally:
        set_mode(before)


def is_recording() -> bool:
    """True where an operation on a tensor that needs a gradient is recorded."""
    return not current() & NO_GRAD


@contextmanager
def deeper() -> Iterator[int]:
    """Open one more transformation; gives its level (1 for the outermost)."""
    level = depth() + 1
    _depth.set(level)
    before = current() & BOXED
    set_mode(current() | BOXED)
    try:
        yield level
    finally:
        _depth.set(level - 1)
        set_mode(current() & ~BOXED | before)  # the other bits are as the block left them
