"""What `tf.random.set_seed` governs: global and operation seeds, and the streams they start.

`Streams` gives the samples of TensorFlow 2.21's eager CPU kernels, in the same order; the dialect
keeps one instance. `random_stateless.py` says which samples are equal bit for bit.
"""

from __future__ import annotations

import operator
import random
import threading
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..core import random_state
from . import philox
from .philox import Array, Position
from .random_rejection import (
    GAMMA_DTYPES,
    POISSON_DTYPES,
    floored,
    gamma_at,
    poisson_at,
)
from .random_stateless import (
    FLOATS,
    SIGNED,
    categorical_at,
    categorical_uniforms_at,
    checked_dtype,
    element_count,
    normal_at,
    refuse_batches,
    shuffle_order_at,
    truncated_normal_at,
    uniform_at,
)

__all__ = ["Streams"]

Shape = Sequence[int]

_SEED_MODULUS = 2**31 - 1
_NO_GLOBAL_SEED = 87654321


class _Cursor(random_state.Cursor):
    """Where the streams stand."""

    __slots__ = ("chance", "global_seed", "operations", "positions")

    def __init__(self) -> None:
        super().__init__()
        self.global_seed: int | None = None
        self.operations = random.Random()
        self.positions: dict[Hashable, Position] = {}
        self.chance = random.Random()  # where streams without any seed begin

    def copy(self) -> _Cursor:
        """See `random_state.Cursor`."""
        twin = _Cursor()
        twin.global_seed = self.global_seed
        twin.operations.setstate(self.operations.getstate())
        twin.positions = dict(self.positions)
        twin.chance.setstate(self.chance.getstate())
        return twin


class Streams:
    """The streams that `tf.random.set_seed` governs, one per kernel, as in TensorFlow eagerly.

    An operation's two seeds are the global seed and either its own `seed` or, without one, the next
    number of a Python generator that the global seed starts. Calls with the same operation, dtype
    and seeds share a kernel, and each continues the last one's stream. With neither seed the stream
    starts anywhere.

    Inside `tf.function` TensorFlow numbers operations by their place in the graph instead; a
    function that is called eagerly draws what eager code draws.

    An instance may be used by several threads; each draw is made whole.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # held while the cursor is copied, too
        self._cursor = _Cursor()

    @property
    def global_seed(self) -> int | None:
        """The seed last set, None if there is none."""
        with self._lock:
            return random_state.at(self._cursor).global_seed

    def set_seed(self, seed: int | None) -> None:
        """Set the global seed and start all streams again; None makes them unpredictable again.

        Raises:
            TypeError: `seed` is not an integer.
        """
        value = None if seed is None else _as_int(seed)
        with self._lock:
            at = random_state.at(self._cursor, True)
            at.global_seed = value
            at.operations = random.Random(value)
            at.positions.clear()

    def op_seeds(self, seed: int | None) -> tuple[int, int] | None:
        """Return the two seeds of an operation called with `seed`, None if there is neither.

        Without `seed` and with a global seed, each call takes the next number in line.
        """
        with self._lock:
            at = random_state.at(self._cursor, True)
            if at.global_seed is not None:
                own = at.operations.randint(0, _SEED_MODULUS) if seed is None else seed
                pair = at.global_seed % _SEED_MODULUS, _as_int(own) % _SEED_MODULUS
            elif seed is not None:
                pair = _NO_GLOBAL_SEED, _as_int(seed) % _SEED_MODULUS
            else:
                return None
        # Two zeros would mean "no seed" to the kernel.
        return (0, _SEED_MODULUS) if pair == (0, 0) else pair

    def reserve(self, kernel: Hashable, seed: int | None, blocks: int) -> Position:
        """Return where a kernel's stream stands, and move it on.

        Args:
            kernel: Operation and dtypes; together with the seeds it names the stream.
            seed: The operation's own seed.
            blocks: How far to move on.
        """
        refuse_batches()
        pair = self.op_seeds(seed)
        with self._lock:
            cursor = random_state.at(self._cursor, True)
            at = cursor.positions.get((kernel, pair))
            if at is None:
                key, upper = pair or (cursor.chance.getrandbits(64), cursor.chance.getrandbits(64))
                at = Position(key, upper << 64)
            # Seeds drawn here do not come again, short of chance; remembering each of their streams
            # would cost a long run its memory.
            if seed is not None or pair is None:
                cursor.positions[kernel, pair] = at.skip(blocks)
        return at

    def _draw(self, kernel: str, dtype: np.dtype[Any], seed: int | None, count: int) -> Position:
        return self.reserve((kernel, dtype.name), seed, count * philox.RESERVED_PER_OUTPUT)

    def uniform(
        self,
        shape: Shape,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = np.float32,
        seed: int | None = None,
    ) -> Array:
        """Return `tf.random.uniform`: float16, bfloat16, float32, float64, int32 or int64.

        Raises:
            ValueError: The dtype or shape is invalid, or integers have no `maxval` or an empty
                range.
            TypeError: Integers have a bound that is not one.
        """
        resolved = checked_dtype(dtype, FLOATS + SIGNED)
        if resolved.kind == "i" and maxval is None:
            raise ValueError(f"Must specify maxval for integer dtype tf.{resolved.name}")
        kernel = "RandomUniformInt" if resolved.kind == "i" else "RandomUniform"
        at = self._draw(kernel, resolved, seed, element_count(shape))
        return uniform_at(at, shape, minval, maxval, resolved)

    def normal(
        self,
        shape: Shape,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = np.float32,
        seed: int | None = None,
    ) -> Array:
        """Return `tf.random.normal` in a float dtype; ValueError for any other."""
        resolved = checked_dtype(dtype, FLOATS)
        at = self._draw("RandomStandardNormal", resolved, seed, element_count(shape))
        return normal_at(at, shape, mean, stddev, resolved)

    def truncated_normal(
        self,
        shape: Shape,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = np.float32,
        seed: int | None = None,
    ) -> Array:
        """Return `tf.random.truncated_normal` in a float dtype; ValueError for any other."""
        resolved = checked_dtype(dtype, FLOATS)
        at = self._draw("TruncatedNormal", resolved, seed, element_count(shape))
        return truncated_normal_at(at, shape, mean, stddev, resolved)

    def shuffle_order(self, count: int, dtype: Any, seed: int | None = None) -> Array:
        """Return the permutation `tf.random.shuffle` applies to `count` rows of a dtype, int64.

        A function of the order rather than of the value, so that a differentiable gather can apply
        it.
        """
        blocks = -(-max(count - 1, 0) // 4)
        return shuffle_order_at(self.reserve(("RandomShuffle", str(dtype)), seed, blocks), count)

    def gamma(
        self,
        shape: Shape,
        alpha: Any,
        beta: Any = None,
        dtype: Any = np.float32,
        seed: int | None = None,
    ) -> Array:
        """Return `tf.random.gamma`, shape `shape` and that `alpha` and `beta` broadcast to."""
        resolved = checked_dtype(dtype, GAMMA_DTYPES)
        rate = np.asarray(1 if beta is None else beta, resolved)
        alphas = np.asarray(np.asarray(alpha, resolved) + np.zeros_like(rate))
        at = self._draw("RandomGamma", resolved, seed, element_count(shape) * alphas.size)
        return floored(gamma_at(at, shape, alphas, resolved) / rate)

    def poisson(
        self, shape: Shape, lam: Any, dtype: Any = np.float32, seed: int | None = None
    ) -> Array:
        """Return `tf.random.poisson`: shape `shape` and that of `lam`."""
        resolved = checked_dtype(dtype, POISSON_DTYPES)
        rates = np.asarray(lam)
        kernel = f"RandomPoisson from {rates.dtype.name}"
        at = self._draw(kernel, resolved, seed, element_count(shape) * rates.size)
        return poisson_at(at, shape, rates, resolved)

    def categorical(
        self, logits: Any, num_samples: int, dtype: Any = np.int64, seed: int | None = None
    ) -> Array:
        """Return `tf.random.categorical`; see `categorical_at`."""
        scores = np.asarray(logits)
        return categorical_at(
            self._categorical(scores, num_samples, dtype, seed), scores, num_samples, dtype
        )

    def _categorical(
        self, scores: Array, num_samples: int, dtype: Any, seed: int | None
    ) -> Position:
        rows = len(scores) if scores.ndim else 0
        # Samples are counted in fours per row, twice, being float64.
        blocks = rows * -(-max(num_samples, 0) // 4) * 4 * 2 * philox.RESERVED_PER_OUTPUT
        kernel = ("Multinomial", scores.dtype.name, np.dtype(dtype).name)
        return self.reserve(kernel, seed, blocks)

    def categorical_uniforms(
        self, scores: Array, num_samples: int, dtype: Any, seed: int | None
    ) -> Array:
        """Return what `categorical` picks classes by, float64 in [0, 1), shape (batch, num_samples).

        Args:
            scores: Of the shape and dtype of the logits.
            num_samples, dtype, seed: As there, and it raises the same.
        """
        at = self._categorical(scores, num_samples, dtype, seed)
        return categorical_uniforms_at(at, scores, num_samples)


def _as_int(seed: Any) -> int:
    """Return an integer seed; a float with an integer's value passes, as in TensorFlow."""
    if isinstance(seed, float) and seed.is_integer():
        return int(seed)
    return operator.index(seed)
