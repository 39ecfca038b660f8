"""`tf.config`: one CPU, and nothing to configure."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

from ..core.missing import missing_attribute


class PhysicalDevice(NamedTuple):
    """A device of this machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as programs see it."""

    name: str
    device_type: str


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")
_eagerly = [False]


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The CPU; nothing for another device type."""
    return [_CPU] if device_type in (None, "CPU") else []


get_visible_devices = list_physical_devices


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The CPU; nothing for another device type."""
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Accepted: the CPU is the only device there is."""


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Remember the wish: functions run eagerly in any case."""
    _eagerly[0] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """What `run_functions_eagerly` was last told."""
    return _eagerly[0]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
