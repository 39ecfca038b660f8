"""Keras's API on dualtape's engine: `from dualtape.tensorflow import keras`."""
# ruff: noqa: F401 - this module is the namespace

import importlib
from typing import Any

from ...core.missing import missing_attribute
from . import (
    activations,
    backend,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from .layer import Layer
from .layers.core import Input
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .optimizers import Optimizer
from .variables import Variable

__version__ = "3.15.1"


def __getattr__(name: str) -> Any:
    if name == "random":
        return importlib.import_module(f"{__name__}.random")
    raise missing_attribute(__name__, name, {*globals(), "random"})
