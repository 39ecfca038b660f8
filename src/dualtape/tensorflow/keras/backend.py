"""`keras.backend`."""

from __future__ import annotations

from typing import Any, NoReturn

from ...core.missing import missing_attribute
from .variables import names


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names again."""
    names.counts.clear()


def floatx() -> str:
    """The default dtype."""
    return "float32"


def epsilon() -> float:
    """The small number that keeps logarithms and quotients finite."""
    return 1e-7


def backend() -> str:
    """The backend's name."""
    return "tensorflow"


def image_data_format() -> str:
    """Where the channels are."""
    return "channels_last"


def get_value(x: Any) -> Any:
    """A variable's value as an array."""
    return x.numpy()


def set_value(x: Any, value: Any) -> None:
    """Put a value into a variable."""
    x.assign(value)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
