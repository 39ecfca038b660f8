"""`torch.cuda`: there is no GPU here, and it says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from ...core.missing import missing_attribute


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def _none(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("dualtape computes on the CPU only (torch.cuda.is_available() is False)")


def current_device() -> int:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    _none()


def get_device_name(device: Any = None) -> str:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    _none(device)


def get_device_properties(device: Any = None) -> Any:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    _none(device)


def set_device(device: Any) -> None:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    _none(device)


def synchronize(device: Any = None) -> None:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    _none(device)


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing to seed."""


def empty_cache() -> None:
    """Nothing to free."""


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """0."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""


def get_rng_state_all() -> list[Any]:
    """The states of no generators."""
    return []


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    """Nothing to set."""


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
