"""PyTorch's CPU generator: the Mersenne Twister, its seed, its state, and the uniforms it gives.

What the distributions make of these is in `random_streams.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..core import random_state

Array = npt.NDArray[Any]

DEFAULT_SEED = 67280421310721
"""Seed of a `torch.Generator()` that nobody seeded."""

STATE_BYTES = 5056
"""Size of `torch.get_rng_state()`."""

# PyTorch's CPUGeneratorImplState: seed, position, words, and the normal that was kept of a pair.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": STATE_BYTES,
    }
)
_HALF, _MASK24, _MASK53 = np.uint64(32), np.uint64(2**24 - 1), np.uint64(2**53 - 1)
_TO_UNIT32 = np.float32(2.0**-24)
_WORDS = 624  # the Mersenne Twister's state, refilled after as many draws


class _Cursor(random_state.Cursor):
    """Where an engine stands."""

    __slots__ = ("bits", "kept_normal", "seed", "waiting")

    def __init__(self, seed: int) -> None:
        super().__init__()
        # NumPy's Mersenne Twister, made at the first draw: numpy.random takes a while to import.
        self.bits: Any = None
        self.start(seed)

    def start(self, seed: int) -> None:
        """Begin with a seed."""
        self.seed = seed
        # What the Mersenne Twister has to be given at the next draw: its position and words, () for the seed.
        self.waiting: tuple[()] | tuple[int, Array] | None = ()
        self.kept_normal: float | None = None

    def generator(self) -> Any:
        """Return NumPy's Mersenne Twister where it has to be."""
        waiting = self.waiting
        if waiting is not None:
            if self.bits is None:
                self.bits = np.random.MT19937(0)
            if waiting:
                inner = {"pos": waiting[0], "key": waiting[1]}
                self.bits.state = {"bit_generator": "MT19937", "state": inner}
            else:
                np.random.RandomState(self.bits).seed(self.seed & 0xFFFFFFFF)
            self.waiting = None
        return self.bits

    def snapshot(self) -> tuple[int, Array]:
        """Return the position and the words, which nobody writes to."""
        if self.waiting:
            return self.waiting
        bits = self.generator()
        with bits.lock:  # another thread may be drawing
            inner = bits.state["state"]
        return int(inner["pos"]), inner["key"]

    def copy(self) -> _Cursor:
        """See `random_state.Cursor`."""
        twin = _Cursor(self.seed)
        if self.waiting != ():
            twin.waiting = self.snapshot()
        twin.kept_normal = self.kept_normal
        return twin


class Engine:
    """A seeded source of 32-bit words, and the float64 normal that waits for the next call.

    Args:
        seed: As for `seed`.

    Attributes:
        cursor: Where it stands.
    """

    __slots__ = ("cursor",)

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.cursor = _Cursor(_checked(seed))

    @property
    def initial_seed(self) -> int:
        """The seed last set, as PyTorch reports it: a negative one plus 2**64."""
        return random_state.at(self.cursor).seed

    def seed(self, seed: int) -> None:
        """Start the stream afresh, as `torch.manual_seed`. Only the seed's low 32 bits matter.

        Args:
            seed: From -2**63 to 2**64 - 1.

        Raises:
            ValueError: The seed is outside that range.
        """
        number = _checked(seed)
        random_state.at(self.cursor, True).start(number)

    def seed_from_system(self) -> int:
        """Seed from the operating system's entropy, as `torch.seed`, and return the seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.seed(seed)
        return seed

    def get_state(self) -> npt.NDArray[np.uint8]:
        """Return the state: the bytes of `torch.get_rng_state()`, which PyTorch accepts back."""
        at = random_state.at(self.cursor)
        position, words = at.snapshot()
        state = np.zeros((), _STATE)
        state["seed"] = at.seed
        state["seeded"] = 1
        # PyTorch counts the words left plus one, and tells a seeded engine from a used up one.
        fresh = position == _WORDS and np.array_equal(words, _Cursor(at.seed).snapshot()[1])
        state["next"] = 0 if fresh else position
        state["left"] = 1 if fresh else _WORDS + 1 - position
        state["words"] = words
        if at.kept_normal is not None:
            state["normal"] = at.kept_normal
            state["has_normal"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: Array) -> None:
        """Continue from a state of `get_state` or of `torch.get_rng_state()`.

        Args:
            state: uint8, shape (5056,).

        Raises:
            TypeError: The array is not of bytes.
            RuntimeError: It has another size, or is no state of the generator.
        """
        state = np.asarray(state)
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG "
                f"state size to be {state.size}"
            )
        fields = np.ascontiguousarray(state).reshape(-1).view(_STATE)[0]
        left, position = int(fields["left"]), int(fields["next"])
        if not fields["seeded"] or not 0 < left <= _WORDS or position > _WORDS:
            raise RuntimeError("Invalid mt19937 state")
        at = random_state.at(self.cursor, True)
        at.start(int(fields["seed"]))
        if left == 1:  # the next draw refills, whatever `next` says
            position = _WORDS
        at.waiting = position, fields["words"].astype(np.uint32)
        at.kept_normal = float(fields["normal"]) if fields["has_normal"] else None

    def copy(self) -> Self:
        """Return an independent generator in the same state."""
        twin = type(self)()
        twin.cursor = random_state.at(self.cursor).copy()
        return twin

    def words(self, count: int) -> Array:
        """Return the next 32-bit words, as uint64."""
        at = random_state.at(self.cursor, True)
        words: Array = (at.bits if at.waiting is None else at.generator()).random_raw(count)
        return words

    def long_words(self, count: int) -> Array:
        """Return 64-bit words; of the two draws for one the first is the high half."""
        pairs = self.words(2 * count)
        words: Array = pairs[::2] << _HALF
        words |= pairs[1::2]
        return words

    def unit32(self, count: int) -> Array:
        """Return float32 uniforms on [0, 1): the low 24 bits of a word."""
        return (self.words(count) & _MASK24).astype(np.float32) * _TO_UNIT32

    def unit64(self, count: int) -> Array:
        """Return float64 uniforms on [0, 1): the low 53 bits of a long word."""
        return (self.long_words(count) & _MASK53).astype(np.float64) * 2.0**-53

    def unit(self, dtype: np.dtype[Any]) -> Callable[[int], Array]:
        """Return `unit64` for float64 and `unit32` for every other dtype."""
        return self.unit64 if dtype == np.float64 else self.unit32


def _checked(seed: int) -> int:
    """A seed as a number of 64 bits."""
    if not -(2**63) <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long: a seed is -2**63 to 2**64 - 1")
    return int(seed) % 2**64
