"""The columns of a Jacobian: every unit vector pushed through a function, all at once or some at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import modes, tracing
from ..core.batching import Batched
from ..core.forward import Dual
from ..core.tensor import Tensor, wrap
from ..core.tracing import Evaluation, capture
from ..core.vocabulary import vocabulary
from .batch import batch_level, unbatched
from .forward import forward_level, linear_part, split
from .surface import inner, outward

Outputs = Callable[[Dual], tuple[list[Tensor], Any]]
"""Maps an argument with its tangent to the outputs, and what there is to say of them besides."""


def columns(at: Outputs, x: Tensor, randomness: str) -> tuple[list[Tensor], Any]:
    """The derivative of every output with respect to `x`, and what `at` says besides.

    Args:
        at: The function.
        x: Where.
        randomness: What random operations do, as for `vmap` over the columns.
    """
    in_pieces = randomness != "different" and is_large(x)
    return (columns_in_pieces if in_pieces else columns_at_once)(at, x, randomness)


def columns_at_once(at: Outputs, x: Tensor, randomness: str) -> tuple[list[Tensor], Any]:
    """`columns` with one batch of unit vectors."""
    shape, size = tuple(x.shape), x.size_
    units = np.eye(size, dtype=x.value.dtype).reshape(size, *shape)
    column = []
    with batch_level(size, randomness) as batch, forward_level() as level:
        outs, more = at(Dual(level, inner(x), Batched(batch, units, 0)))
        for o in outs:
            p, d = split(level, o)
            own = tuple(p.shape)
            if d is None:
                entry = wrap(type(p), tracing.zeros((*own, *shape), p.value.dtype))
            else:
                whole = inner(unbatched(batch, d, len(own)))
                entry = outward(vocabulary.reshape(whole, (*own, *shape)), type(p))
            column.append(entry)
    return column, more


_WHOLE = 1 << 21
_PIECE = 1 << 20
"""Bytes of unit vectors from which they are pushed through in pieces, and bytes of a piece: what is computed from one
should stay in the processor's cache."""


def is_large(x: Tensor) -> bool:
    """Whether the unit vectors of an argument are better pushed through in pieces; not inside of other transformations."""
    return not modes.depth() and capture.get() is None and x.size_**2 * x.value.itemsize > _WHOLE


def columns_in_pieces(at: Outputs, x: Tensor, randomness: str) -> tuple[list[Tensor], Any]:
    """`columns_at_once` for many columns: what happens to a tangent is remembered, and repeated for some columns at a time."""
    shape, size, dtype = tuple(x.shape), x.size_, x.value.dtype
    with batch_level(size, randomness):  # what is drawn at random asks
        outs, more, program = linear_part(lambda duals: at(duals[0].value), [x])
    evaluation = Evaluation(program, on_values=True)
    pieces: list[list[Any]] = [[] for _ in outs]
    step = max(_PIECE // (size * dtype.itemsize), 1)
    for start in range(0, size, step):
        count = min(step, size - start)
        units = np.eye(count, size, start, dtype=dtype).reshape(count, *shape)
        with batch_level(count, "same") as batch:
            dots = evaluation([Batched(batch, units, 0)])
            for found, d in zip(pieces, dots, strict=True):
                found.append(inner(unbatched(batch, outward(d, Tensor), 0)))
    column = []
    for p, found in zip(outs, pieces, strict=True):
        whole = side_by_side(found)
        entry = vocabulary.reshape(whole, (*tuple(p.shape), *shape))
        column.append(outward(entry, type(p)))
    return column, more


def side_by_side(rows: list[Any]) -> Any:
    """One value of several, whose first axes are put one after the other and made the last axis."""
    if not all([type(r) is np.ndarray for r in rows]):  # noqa: C419 - faster for few
        return vocabulary.move_axis(vocabulary.concatenate(rows), 0, len(rows[0].shape) - 1)
    shape = (*rows[0].shape[1:], sum([len(r) for r in rows]))
    return np.concatenate(
        [np.moveaxis(r, 0, -1) for r in rows], axis=-1, out=np.empty(shape, rows[0].dtype)
    )
