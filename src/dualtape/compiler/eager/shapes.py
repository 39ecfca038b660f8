"""What of a call is the same in every block of rows: how its operands lie beside the rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...core.aval import Aval

Shape = tuple[int, ...]

ELEMENTS = 4096
"""Elements of a block, unless a row has more: they stay in the first cache from one operation to the next."""
PROBE = 7919
"""Rows for a look at which results have rows: no length that results have otherwise."""

ONE, ROWS, SHARED, REPEATED = "one", "rows", "shared", "repeated"


class Layout(NamedTuple):
    """Operands as blocks of rows.

    Attributes:
        lead: The axes that the rows are counted along.
        tail: The axes of a row; none where each element is a row.
        rows: How many rows.
        block: How many of them a block has; all of them where they depend on one another.
        kinds: Of each operand: whether it is a number, has the rows, is the same for all of them, or has the rows but
            is one number everywhere, so that the first block is like all others.
    """

    lead: Shape
    tail: Shape
    rows: int
    block: int
    kinds: tuple[str, ...]

    def avals(self, avals: Sequence[Aval], rows: int) -> list[Aval]:
        """What the operands are in a block of so many rows."""
        n = len(self.lead)
        ahead = self.ahead(rows)
        return [
            Aval((*ahead, *a.shape[n:]), a.dtype) if kind in (ROWS, REPEATED) else a
            for a, kind in zip(avals, self.kinds, strict=True)
        ]

    def ahead(self, rows: int) -> Shape:
        """The axes of a block that are not a row's; elements are counted along one."""
        return (*(1,) * (len(self.lead) - 1), rows) if self.tail else (rows,)

    def repeating(self, which: Sequence[int]) -> Layout:
        """The layout where the operands of these numbers are one number everywhere."""
        kinds = [
            REPEATED if i in which and kind == ROWS else kind for i, kind in enumerate(self.kinds)
        ]
        return self._replace(kinds=tuple(kinds))

    def step(self, a: Aval) -> int:
        """Bytes from a row to the next, of what has rows."""
        return prod(a.shape[len(self.lead) :]) * a.dtype.itemsize


def elementwise(avals: Sequence[Aval]) -> Layout | None:
    """The layout of a call whose operands are numbers and arrays of one shape; None if they are not."""
    shape = max([a.shape for a in avals], key=prod)
    kinds = []
    for a in avals:
        if a.shape == shape:
            kinds.append(ROWS)
        elif not a.shape:
            kinds.append(ONE)
        else:
            return None
    return Layout(shape, (), prod(shape), ELEMENTS, tuple(kinds))


def rowwise(avals: Sequence[Aval], axes: Shape) -> Layout | None:
    """The layout of a call along the last axes of its largest operand; None where that is not what it is."""
    shape = max([a.shape for a in avals], key=prod)
    rank = len(shape)
    axes = tuple(sorted([a % rank for a in axes]))
    n = rank - len(axes)
    if n < 1 or axes != tuple(range(n, rank)):
        return None
    lead, tail = shape[:n], shape[n:]
    kinds = []
    for a in avals:
        beside = len(a.shape) <= len(tail) and all(
            m in (1, k) for m, k in zip(a.shape[::-1], tail[::-1], strict=False)
        )
        rest = a.shape[n:]
        along = a.shape[:n] == lead and (
            not rest
            or (
                len(rest) == len(tail) and all(m in (1, k) for m, k in zip(rest, tail, strict=True))
            )
        )
        if not a.shape:
            kinds.append(ONE)
        elif along and not beside:
            kinds.append(ROWS)
        elif beside and not along:
            kinds.append(SHARED)
        else:
            return None  # both, or neither
    rows = prod(lead)
    block = max(1, ELEMENTS // max(1, prod(tail)))
    return Layout(lead, tail, rows, block, tuple(kinds)) if block <= rows else None


def whole(avals: Sequence[Aval]) -> Layout:
    """The layout of any call: one block of everything."""
    return Layout((), (), 1, 1, (SHARED,) * len(avals))


def tails(outs: Sequence[Any], many: Sequence[Any], layout: Layout) -> list[Shape] | None:
    """A row's shape in each result, from the results for a block and for PROBE rows; None if some has no rows."""
    here, there = layout.ahead(layout.block), layout.ahead(PROBE)
    n = len(here)
    found = []
    for a, b in zip(outs, many, strict=True):
        if a.shape[:n] != here or b.shape[:n] != there or a.shape[n:] != b.shape[n:]:
            return None
        found.append(tuple(a.shape[n:]))
    return found
