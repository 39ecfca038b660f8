"""Anomaly mode: the backward pass stops at the first NaN and names the forward line."""

from __future__ import annotations

import warnings
from types import TracebackType

from ...core import modes


class set_detect_anomaly:
    """Turn anomaly mode on or off: from the call on, and for the block if used with `with`."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = modes.current()
        bit = modes.ANOMALY if mode and check_nan else 0
        modes.set_mode(self._before & ~modes.ANOMALY | bit)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        modes.set_mode(modes.current() & ~modes.ANOMALY | self._before & modes.ANOMALY)


class detect_anomaly(set_detect_anomaly):
    """Anomaly mode for a block."""

    def __init__(self, check_nan: bool = True) -> None:
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled "
            "for debugging.",
            stacklevel=2,
        )
        super().__init__(False)
        self._check_nan = check_nan

    def __enter__(self) -> None:
        modes.set_mode(modes.current() | (modes.ANOMALY if self._check_nan else 0))


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return bool(modes.current() & modes.ANOMALY)
