"""Plain arrays among the operands: what a derivative needs of them must still be there when it is taken.

An array under differentiation counts its writes. A plain NumPy array does not, and a program may reuse it
as a buffer before the derivative is taken, which would then be wrong without anybody noticing. So what
such an array held is noted when it is used: all of it if it is small, else a sample of it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..core.errors import InplaceError
from ..core.graph import Version

_ALL = 4096  # bytes
_SAMPLE = 128  # elements


def fingerprint(a: np.ndarray[Any, Any]) -> bytes:
    """The bytes of an array that tell whether it has been overwritten."""
    if a.nbytes <= _ALL:
        return a.tobytes()
    if a.flags.forc:
        row = a.ravel("K")
        return row[:: row.size // _SAMPLE].tobytes()
    steps = [max(n // 8, 1) for n in a.shape]
    return a[tuple([slice(None, None, s) for s in steps])].tobytes()


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

    def spares(self, value: Any, order: int) -> bool:
        """Raise: the array has been overwritten.

        Raises:
            InplaceError: Always.
        """
        raise InplaceError(
            f"a plain NumPy array, {self._array.dtype} of shape {self._array.shape}, was used in a computation "
            "that is being differentiated and overwritten before its derivative was taken.\n"
            "  Use a copy of it (x * a.copy()), or a new array for the next step."
        )


def watched(array: np.ndarray[Any, Any]) -> Watched | None:
    """A version for a plain array; None for one that nobody can write to, or that has no derivatives."""
    flags = array.flags
    return Watched(array) if flags.writeable and array.dtype.kind in "fc" else None
