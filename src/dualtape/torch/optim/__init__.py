"""PyTorch's optimizers."""

from typing import Any as _Any

from ...core.missing import late_attribute as _late_attribute
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


# By name the file that is read when it is first asked for.
_LAZY = {
    "Adafactor": "adafactor",
    "Muon": "muon",
    "SparseAdam": "sparse_adam",
    "swa_utils": "swa_utils",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> _Any:
    return _late_attribute(__name__, _LAZY, name, globals())
