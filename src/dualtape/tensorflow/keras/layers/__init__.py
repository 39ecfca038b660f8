"""`keras.layers`."""
# ruff: noqa: F401 - this module is a namespace

from typing import NoReturn

from ....core.missing import missing_attribute
from ..layer import Layer
from .core import Activation, Dense, Embedding, Flatten, Input, InputLayer, Lambda, Reshape
from .merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Multiply,
    Subtract,
    add,
    concatenate,
    multiply,
)
from .normalization import BatchNormalization, LayerNormalization
from .pointwise import ELU, Dropout, GaussianNoise, LeakyReLU, ReLU, Rescaling, Softmax


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
