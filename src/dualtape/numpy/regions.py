"""Which part of an array's memory a write has changed.

A program that fills an array row by row, each from the rows before, overwrites no residual, though all
rows are views of one array: the rows that the derivative needs are other ones. So an array's version
remembers, for each write, the memory that was written, and a residual is out of date only if it overlaps.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..core import callsite, modes
from ..core.boxes import Box
from ..core.errors import InplaceError
from ..core.graph import AccumulateGrad, SavedOutput, Version
from ..core.tensor import Tensor
from ..core.views import replay
from .concrete import user_site

_NOWHERE = np.iinfo(np.int64)


_WORK: Any = 1000


class Regions(Version):
    """A version that knows what its writes have changed.

    Attributes:
        region: What the next write is about to change, as a view; None for anything.
    """

    __slots__ = ("_bounds", "_places", "_stamps", "_table", "region")

    _places: list[Any]
    _bounds: list[tuple[int, int]]
    _table: Any  # (-stamps, bounds) as arrays; made when first asked for after a write

    def __init__(self) -> None:
        super().__init__()
        self.region: Any = None
        self._stamps: list[int] | None = None  # made at the first write: most arrays see none

    def bump(self, depth: int = 3) -> None:
        """See `Version.bump`."""
        super().bump(depth + 1)
        region = self.region
        if self._stamps is None:
            self._stamps, self._places, self._bounds = [], [], []
        self._table = None
        self._stamps.append(self.stamp)
        self._places.append(region)
        self._bounds.append((_NOWHERE.min, _NOWHERE.max) if region is None else byte_bounds(region))

    def spares(self, value: Any, order: int) -> bool:
        """Whether the writes later than `order` have left the memory of `value` alone."""
        if type(value) is not np.ndarray or self._stamps is None or len(self._stamps) != self.count:
            return False
        if self._table is None:
            self._table = -np.array(self._stamps), np.array(self._bounds)
        # Stamps count down: the writes later than `order` are the last ones.
        first = int(np.searchsorted(self._table[0], -order, "right"))
        low, high = byte_bounds(value)
        bounds = self._table[1][first:]
        near = np.flatnonzero((bounds[:, 0] < high) & (bounds[:, 1] > low))
        return not any(overlaps(self._places[first + i], value) for i in near)


_ALONE = 4  # references to a version: the array's, the residual's, and two of whoever counts them


def whole_memory(x: Tensor) -> Any:
    """The memory of `x`, which is about to be written to; None where it has none.

    As in `y = np.exp(x); y /= y.sum()`: the derivative of exp needs its result as it was. Where nobody else
    sees the memory, the result keeps it, and the array moves to a copy.
    """
    base = x if x.view_of is None else x.view_of.base
    if isinstance(base.value, Box):
        # Boxes are replaced, not written to: a residual stays as it is.
        base.version = x.version = None
    if type(x.value) is not np.ndarray:
        return None
    version = base.version
    if version is not None and base.edge is not None and type(base.value) is np.ndarray:
        owners = getattr(base.edge.node, "owners", ())
        alone = sys.getrefcount(version) == (_ALONE if base is x else _ALONE + 1)
        if alone and isinstance(owners, tuple):
            for owner in owners:
                if type(owner) is SavedOutput and owner.version is version:
                    move(x, base)
                    break
    return x.value


def move(x: Tensor, base: Tensor) -> None:
    """Give `base`, and its view `x`, memory of their own."""
    memory = base.value.copy("K")
    if x is base:
        base.value, base.version = memory, None
        return
    view = replay(x.view_of.chain, memory)
    if np.may_share_memory(view, memory):
        base.value, base.version = memory, None
        x.value, x.version = view, base.shared_version()


class writing:
    """A block in which writes to `x` are known as ones to `region` alone.

    Raises:
        InplaceError: `x` is a variable that is differentiated by, or a view of one (on entry).
    """

    __slots__ = ("region", "version", "x")

    def __init__(self, x: Tensor, region: Any) -> None:
        self.x = x
        self.region = region
        self.version: Any = None

    def __enter__(self) -> None:
        x = self.x
        edge = x.current_edge() if x.view_of is None else x.view_of.base.edge
        if isinstance(edge, AccumulateGrad) and not modes.current() & modes.NO_GRAD:
            raise InplaceError(
                "an argument of a function that is being differentiated was written to: its derivative would be "
                "that of another value.\n"
                f"  at {callsite.describe(user_site())}\n"
                "  Work on a copy: x = x.copy()."
            )
        version = x.shared_version()
        if isinstance(version, Regions):
            version.region = self.region
            self.version = version

    def __exit__(self, *_: object) -> None:
        if self.version is not None:
            self.version.region = None


def overlaps(region: Any, value: Any) -> bool:
    """Whether two arrays share an element, as far as that can be told in little time."""
    if region is None:
        return True
    try:
        return bool(np.shares_memory(region, value, max_work=_WORK))
    except np.exceptions.TooHardError:
        return True
