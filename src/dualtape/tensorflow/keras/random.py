"""`keras.random`: samples from stateless seeds."""

from __future__ import annotations

from typing import Any, NoReturn

from ...core.missing import missing_attribute
from ..convert import numpy_dtype, static_shape
from ..random import drawn
from ..random_keras import SeedGenerator as SeedGenerator
from ..random_stateless import stateless_normal, stateless_uniform
from ..tensor import EagerTensor
from .initializers import seeds


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: Any = None
) -> EagerTensor:
    """Draw from a normal distribution."""
    dims, to = static_shape(shape), numpy_dtype(dtype or "float32")
    return drawn(lambda s: stateless_normal(s, seeds.draw(seed), mean, stddev, to), dims)


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = "float32", seed: Any = None
) -> EagerTensor:
    """Draw evenly from [minval, maxval)."""
    dims, to = static_shape(shape), numpy_dtype(dtype or "float32")
    return drawn(lambda s: stateless_uniform(s, seeds.draw(seed), minval, maxval, to), dims)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
