"""PyTorch's `torch.utils`."""

from typing import NoReturn as _NoReturn

from ...core.missing import missing_attribute as _missing_attribute
from . import checkpoint as checkpoint
from . import data as data
from . import hooks as hooks

__all__ = ["checkpoint", "data", "hooks"]


def __getattr__(name: str) -> _NoReturn:
    raise _missing_attribute(__name__, name, globals())
