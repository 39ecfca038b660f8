"""Plain arrays among the operands: what a derivative needs of them must still be there when it is taken.

A tensor counts its writes. A plain NumPy array does not, and a program may reuse it as a buffer before the
derivative is taken, which would then be wrong without anybody noticing. A small array is therefore copied when it is
used, which costs less than looking at it twice. Of a large one the sums are noted when it is used, and compared when the
derivative is taken: reading it costs half of copying it, and its memory is not needed twice.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .errors import InplaceError
from .large import met
from .tensor import Tensor, wrap
from .versions import Version

SMALL = 1 << 18
"""Bytes up to which arrays are copied: above that, a copy takes longer than two looks at the array."""

_LANES = 1021  # a prime: what moves elements about by whole rows or blocks changes the sums


def fingerprint(a: np.ndarray[Any, Any]) -> bytes:
    """The sums of an array, taken as integers, along `_LANES` interleaved rows: no write to one element leaves them alone."""
    flat = a.ravel("K")
    words = flat.view(np.uint64 if flat.nbytes % 8 == 0 else np.uint8)
    whole = words.size - words.size % _LANES
    sums: np.ndarray[Any, Any] = np.add.reduce(words[:whole].reshape(-1, _LANES), axis=0)
    return sums.tobytes() + words[whole:].tobytes()


class Watched(Version):
    """The version of a plain array: late once the array is not what it was."""

    __slots__ = ("_array", "_seen")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.count = 0
        self.writes = []
        self._array = array
        self._seen = fingerprint(array)

    @property
    def stamp(self) -> int:  # type: ignore[override]
        """Before everything, or after everything if the array was overwritten."""
        return 1 if fingerprint(self._array) == self._seen else -sys.maxsize

    def bump(self, depth: int = 3) -> None:
        """A write by way of a tensor on the same memory: the array will be seen to differ."""
        self.count += 1

    def bump_quietly(self) -> None:
        """As `bump`."""
        self.count += 1

    def as_of(self, value: Any, order: int) -> Any:
        """Raise: the array has been overwritten.

        Raises:
            InplaceError: Always.
        """
        raise InplaceError(
            f"a plain NumPy array, {self._array.dtype} of shape {self._array.shape}, was used in a computation "
            "that is being differentiated and overwritten before its derivative was taken.\n"
            "  Use a copy of it (x * a.copy()), or a new array for the next step."
        )


def _is_part_of_writable(x: Any) -> bool:
    """Whether a read-only array is a view of one that can be written to."""
    while isinstance(x := x.base, np.ndarray):
        if x.flags.writeable:
            return True
    return False


def guarded(cls: type[Tensor], x: Any, most: int = SMALL) -> Tensor:
    """A plain array as a tensor of class `cls` on which derivatives may rely.

    Args:
        cls: The class.
        x: An ndarray, or a scalar.
        most: Up to how many bytes it is copied; a larger one is watched.
    """
    if not isinstance(x, np.ndarray) or not (x.flags.writeable or _is_part_of_writable(x)):
        return wrap(cls, x)
    if x.nbytes <= most or not x.flags.forc:
        if 0 in x.strides:  # what is repeated, once
            once = tuple([slice(1) if step == 0 else slice(None) for step in x.strides])
            return wrap(cls, np.broadcast_to(np.array(x[once]), x.shape))
        return wrap(cls, np.array(x))
    met()
    t = wrap(cls, x.view(np.ndarray))
    t.version = Watched(x)
    return t
