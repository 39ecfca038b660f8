"""`keras.optimizers`."""

from collections.abc import Callable
from typing import Any, NoReturn

from ....core.missing import missing_attribute
from . import schedules as schedules
from .adaptive import Adadelta, Adagrad, RMSprop
from .base import Optimizer as Optimizer
from .moments import Adam, Adamax, AdamW, Nadam
from .sgd import SGD

_ALL = (SGD, Adam, AdamW, Adamax, Nadam, RMSprop, Adagrad, Adadelta)
_BY_NAME: dict[str, Callable[..., Optimizer]] = {cls.__name__.lower(): cls for cls in _ALL}


def get(identifier: Any) -> Optimizer:
    """Return the optimizer that a name, a config or an optimizer stands for.

    Raises:
        ValueError: There is none.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return _BY_NAME[identifier["class_name"].lower()](**identifier.get("config", {}))
    found = _BY_NAME.get(identifier.lower()) if isinstance(identifier, str) else None
    if found is None:
        raise ValueError(f"Could not interpret optimizer identifier: {identifier}")
    return found()


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The class and config of an optimizer."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


class legacy:
    """The optimizers under their older name."""

    SGD, Adam, RMSprop, Adagrad, Adadelta = SGD, Adam, RMSprop, Adagrad, Adadelta


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
