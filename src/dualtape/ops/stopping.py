"""The operation that derivatives stop at."""

from __future__ import annotations

from ..core.kinds import constant

stopped = constant(
    "stopped", lambda x: x.copy(), doc="A copy of x that derivatives of no mode and level pass through."
)  # fmt: skip
