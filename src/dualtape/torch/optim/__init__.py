"""PyTorch's optimizers."""

from importlib import import_module as _import_module
from typing import Any as _Any

from ...core.missing import missing_attribute
from . import lr_scheduler as lr_scheduler
from .adadelta import Adadelta
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import Adagrad, RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]


# Read when first asked for.
_LAZY = {"Adafactor": "adafactor", "Muon": "muon", "SparseAdam": "sparse_adam", "swa_utils": ""}


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        found = _import_module("." + (_LAZY[name] or name), __name__)
        return getattr(found, name) if _LAZY[name] else found
    raise missing_attribute(__name__, name, globals())
