"""`torch.accelerator`: there is none."""

from __future__ import annotations

from typing import NoReturn

from ..core.missing import missing_attribute


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None."""


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
