"""`tf.random.Generator`: a stream whose key and counter the program holds.

Samples are those of TensorFlow 2.21 with the Philox algorithm; `random_stateless.py` says how
exactly.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import random_state
from . import philox
from .philox import Array, Position
from .random_stateless import (
    FLOATS,
    SIGNED,
    UNSIGNED,
    checked_dtype,
    element_count,
    normal_at,
    refuse_batches,
    truncated_normal_at,
    uniform_at,
)

__all__ = ["Generator"]

Shape = Sequence[int]
_MASK64 = 2**64 - 1
_ENTROPY = random.SystemRandom()


class Generator:
    """Random numbers from an explicit state: three 64-bit words, the counter's halves and the key.

    Build one with `from_seed`, `from_state`, `from_key_counter`, `from_non_deterministic_state`, or
    as a copy of another.
    """

    algorithm = 1
    """TensorFlow's number for Philox."""

    _cursor: random_state.Held
    _at = random_state.Standing[Position]()

    def __new__(cls, *args: Any, **kwargs: Any) -> Generator:
        """Make a generator."""
        made = object.__new__(cls)
        made._cursor = random_state.Held(None)
        return made

    def __init__(self, copy_from: Generator | None = None) -> None:
        if not isinstance(copy_from, Generator):
            raise ValueError(
                "Generator takes a generator to copy; use Generator.from_seed(seed), "
                "Generator.from_state(state) or Generator.from_non_deterministic_state()."
            )
        self._at = copy_from._at

    @classmethod
    def _at_position(cls, at: Position) -> Generator:
        out = cls.__new__(cls)
        out._at = at
        return out

    @classmethod
    def from_seed(cls, seed: int | Sequence[int] | Array, alg: Any = None) -> Generator:
        """Return a generator for a seed.

        Args:
            seed: An integer fills the state from its lowest 64 bits up; of a sequence the first
                three are taken as they are, with zeros put before a shorter one.
            alg: `philox`, 1, or None.

        Raises:
            NotImplementedError: `alg` is ThreeFry.
        """
        _check_algorithm(alg)
        return cls._at_position(_from_seed(seed))

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """Return a generator in the state that another one's `state` gave.

        Raises:
            ValueError: `state` has not shape (3,).
        """
        _check_algorithm(alg)
        return cls._at_position(_from_state(state))

    @classmethod
    def from_key_counter(cls, key: int, counter: Any, alg: Any) -> Generator:
        """Return a generator with this key and these halves of the counter, the lower first."""
        _check_algorithm(alg)
        return cls._at_position(_from_state([*np.asarray(counter).tolist(), int(key)]))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator that starts anywhere."""
        _check_algorithm(alg)
        return cls._at_position(Position(_ENTROPY.getrandbits(64), _ENTROPY.getrandbits(128)))

    @property
    def state(self) -> Array:
        """The state, int64, shape (3,): lower and upper half of the counter, key."""
        halves = [self._at.counter & _MASK64, self._at.counter >> 64, self._at.key]
        return np.array(halves, np.uint64).view(np.int64)

    @property
    def key(self) -> np.int64:
        """The key, which draws leave as it is."""
        return np.int64(self.state[2])

    def reset(self, state: Any) -> None:
        """Go to the state that `state` gave earlier; ValueError if its shape is not (3,)."""
        self._at = _from_state(state)

    def reset_from_seed(self, seed: int | Sequence[int] | Array) -> None:
        """Go to where `from_seed(seed)` starts."""
        self._at = _from_seed(seed)

    def reset_from_key_counter(self, key: int, counter: Any) -> None:
        """Go to where `from_key_counter(key, counter)` starts."""
        self._at = _from_state([*np.asarray(counter).tolist(), int(key)])

    def skip(self, delta: int) -> Array:
        """Move on as `delta` drawn samples would; return the state before.

        Raises:
            ValueError: `delta` is negative.
        """
        if delta < 0:
            raise ValueError(f"Generator.skip needs a count of samples, got {delta}")
        before = self.state
        self._at = self._at.skip(delta * philox.RESERVED_PER_OUTPUT)
        return before

    def _take(self, shape: Shape) -> Position:
        refuse_batches()
        at, count = self._at, element_count(shape)
        self._at = at.skip(count * philox.RESERVED_PER_OUTPUT)
        return at

    def uniform(
        self, shape: Shape, minval: Any = 0, maxval: Any = None, dtype: Any = np.float32
    ) -> Array:
        """Return uniform samples; see `random_stateless.stateless_uniform`."""
        resolved = checked_dtype(dtype, FLOATS + SIGNED + UNSIGNED)
        return uniform_at(self._take(shape), shape, minval, maxval, resolved)

    def uniform_full_int(self, shape: Shape, dtype: Any = np.uint64) -> Array:
        """Return samples over the whole range of int32, int64, uint32 or uint64."""
        resolved = checked_dtype(dtype, SIGNED + UNSIGNED)
        return uniform_at(self._take(shape), shape, None, None, resolved)

    def normal(
        self, shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32
    ) -> Array:
        """Return normal samples in a float dtype."""
        resolved = checked_dtype(dtype, FLOATS)
        return normal_at(self._take(shape), shape, mean, stddev, resolved)

    def truncated_normal(
        self, shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32
    ) -> Array:
        """Return normal samples within two deviations of the mean, in a float dtype."""
        resolved = checked_dtype(dtype, FLOATS)
        return truncated_normal_at(self._take(shape), shape, mean, stddev, resolved)

    def make_seeds(self, count: int = 1) -> Array:
        """Return seeds for stateless functions, int64, shape (2, count): one per column."""
        keys = self.uniform_full_int((count,)).view(np.int64)
        return np.stack([keys, np.zeros_like(keys)])

    def split(self, count: int = 1) -> list[Generator]:
        """Return generators with keys drawn from this one and counters at zero."""
        keys: list[int] = self.uniform_full_int((count,)).tolist()
        return [self._at_position(Position(key, 0)) for key in keys]


def _check_algorithm(alg: Any) -> None:
    name = str(getattr(alg, "name", alg)).lower()
    if name in ("2", "threefry"):
        raise NotImplementedError(
            "The ThreeFry algorithm is not supported, as on TensorFlow's CPU; use alg='philox'."
        )
    if name not in ("none", "1", "3", "philox", "auto_select"):
        raise ValueError(f"Argument `alg` got unsupported value {alg}; use 'philox'.")


def _from_seed(seed: Any) -> Position:
    if isinstance(seed, (int, np.integer)):
        number = int(seed) % 2**192
        return Position(number >> 128, number % 2**128)
    parts = np.asarray(seed).reshape(-1)
    if parts.dtype.kind not in "iu":
        raise TypeError(
            f"A generator's seed must be an integer or integers, not {parts.dtype.name}"
        )
    filled = [0] * (3 - len(parts)) + parts.tolist()
    return _from_state(filled[:3])


def _from_state(state: Any) -> Position:
    parts = np.asarray(state)
    if parts.shape != (3,):
        raise ValueError(f"Shapes {parts.shape} and [3] are incompatible")
    low, high, key = (int(x) & _MASK64 for x in parts.tolist())
    return Position(key, low | high << 64)
