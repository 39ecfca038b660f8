"""The seed rules of Keras 3 on TensorFlow, and the weight initialisers that follow them.

Keras draws default seeds from Python's own `random` module and numbers from TensorFlow's stateless
functions, so `set_random_seed` makes initial weights and dropout masks repeat those of Keras.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import random_state
from .philox import Array
from .random_stateless import (
    stateless_normal,
    stateless_truncated_normal,
    stateless_uniform,
)

__all__ = [
    "KerasSeeds",
    "SeedGenerator",
    "compute_fans",
    "make_default_seed",
    "variance_scaling",
]

Shape = Sequence[int]

_INT32_MAX = 2**31 - 1
# Standard deviation of a normal distribution cut off at two deviations (Glorot's scale is the uncut
# one's).
_CUT_DEVIATION = 0.87962566103423978


def make_default_seed() -> int:
    """Return what Keras takes where no seed is given: a number of Python's `random` in [1, 10**9].

    An initialiser or `SeedGenerator` without a seed calls it once, when it is made.
    """
    return random_state.python_stream().randint(1, 10**9)


class SeedGenerator:
    """A row of stateless seeds: `keras.random.SeedGenerator`.

    Args:
        seed: An integer; None takes `make_default_seed()`.

    Raises:
        ValueError: `seed` is not an integer.
    """

    # What compiled code draws with it is drawn at each call; where it stands is no reason to trace again.
    __slots__ = ("__weakref__", "_cursor")

    state = random_state.Standing[Array]()
    """The next seed, int64, shape (2,)."""

    def __init__(self, seed: int | None = None) -> None:
        start = make_default_seed() if seed is None else seed
        if not isinstance(start, int):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed}")
        self._cursor = random_state.Held(np.array([start, 0], np.int64))

    def next(self, ordered: bool = True) -> Array:
        """Return the present seed and go on: counting up, or, if not `ordered`, jumbled."""
        present = self.state.copy()
        if ordered:
            self.state = self.state + np.array([0, 1])
        else:
            self.state = (self.state + 1) * 5387 % 933199
        return present


class KerasSeeds:
    """What `keras.random` makes of a `seed` argument; without one, a generator all calls share."""

    def __init__(self) -> None:
        self._cursor = random_state.Held(None)

    def reset(self) -> None:
        """Forget the shared generator, as `keras.utils.set_random_seed` does."""
        random_state.at(self._cursor, True).value = None

    def draw(self, seed: int | SeedGenerator | None) -> Array:
        """Return the stateless seed, int64 of shape (2,), that Keras derives from `seed`.

        Raises:
            ValueError: `seed` is none of an integer, a `SeedGenerator` and None.
        """
        if isinstance(seed, SeedGenerator):
            pair = seed.next()
        elif isinstance(seed, int):
            pair = np.array([seed, 0], np.int64)
        elif seed is None:
            at = random_state.at(self._cursor, True)
            if at.value is None:
                at.value = SeedGenerator()
            pair = at.value.next(ordered=False)
        else:
            raise ValueError(
                "Argument `seed` must be either an integer or an instance of `SeedGenerator`. "
                f"Received: seed={seed} (of type {type(seed)})"
            )
        return np.asarray(pair % (_INT32_MAX - 1))


def set_python_and_numpy_seed(seed: int) -> None:
    """Seed Python's and NumPy's global generators, the first half of `keras.utils.set_random_seed`.

    The other half is `Streams.set_seed` and `KerasSeeds.reset`.

    Raises:
        ValueError: `seed` is not an integer in [0, 2**32).
    """
    if not isinstance(seed, int):
        raise ValueError(
            "Expected `seed` argument to be an integer. "
            f"Received: seed={seed} (of type {type(seed)})"
        )
    np.random.seed(seed)
    random.seed(seed)


def compute_fans(shape: Shape) -> tuple[int, int]:
    """Return (inputs, outputs) per unit of a weight: the last two axes, times all before them."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def variance_scaling(
    shape: Shape,
    seed: Array,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    dtype: Any = np.float32,
) -> Array:
    """Return weights of variance `scale / n`, n after `mode`: Keras's `VarianceScaling`.

    Args:
        shape: Of the weight.
        seed: From `KerasSeeds.draw`.
        scale: Glorot 1 with `fan_avg`; He 2, LeCun 1 with `fan_in`.
        mode: `fan_in`, `fan_out` or `fan_avg`.
        distribution: `uniform`, `truncated_normal` or `untruncated_normal`.
        dtype: A float dtype.

    Raises:
        ValueError: `scale` is not positive, `mode` or `distribution` none of these.

    `GlorotUniform` is `mode="fan_avg", distribution="uniform"` (Glorot & Bengio, AISTATS 2010).
    """
    if scale <= 0:
        raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
    fan_in, fan_out = compute_fans(shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}
    if mode not in fans:
        raise ValueError(f"Invalid `mode` argument: {mode}; use one of {', '.join(fans)}")
    variance = scale / max(1.0, fans[mode])
    if distribution == "uniform":
        limit = math.sqrt(3.0 * variance)
        return stateless_uniform(shape, seed, -limit, limit, dtype)
    if distribution == "truncated_normal":
        deviation = math.sqrt(variance) / _CUT_DEVIATION
        return stateless_truncated_normal(shape, seed, 0.0, deviation, dtype)
    if distribution == "untruncated_normal":
        return stateless_normal(shape, seed, 0.0, math.sqrt(variance), dtype)
    raise ValueError(
        f"Invalid `distribution` argument: {distribution}; use uniform, truncated_normal or "
        "untruncated_normal"
    )
