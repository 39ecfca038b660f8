"""Primitives that read and write whole arrays, or that need nodes of their own: `ROUTINES` by primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from . import (
    checks,
    convolution,
    elimination,
    joining,
    matrix_exp,
    meeting,
    orthogonal,
    picking,
    places,
    pooling,
    products,
    scans,
    searching,
    sorting,
    sparse,
)
from .internal import index_along, one_of
from .nodes import Ref
from .scalars.rules import Rule, convert

if TYPE_CHECKING:
    from .build import Build


def _index(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref]:
    return [b.nodes.iota(xs[0].shape, params["axis"] + len(xs[0].shape), outs[0].dtype)]


ONE_OF = Rule(
    lambda out, ins, place, index, x: convert(place, ins[0], ins[1]).compare("eq", index).where(x, x.number(0)),
    "", "own", (),
)  # fmt: skip


def _one_of(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref]:
    return [b.nodes.map(ONE_OF, tuple(xs), outs[0].shape, outs[0].dtype, "one_of")]


ROUTINES: dict[Primitive, Callable[..., list[Ref] | None]] = {
    **products.ROUTINES,
    **checks.ROUTINES,
    **convolution.ROUTINES,
    **joining.ROUTINES,
    **picking.ROUTINES,
    **pooling.ROUTINES,
    **{p: sparse.either(pooling.ROUTINES.get(p), f) for p, f in sparse.ROUTINES.items()},
    **elimination.ROUTINES,
    **matrix_exp.ROUTINES,
    **meeting.ROUTINES,
    **orthogonal.ROUTINES,
    **places.ROUTINES,
    **scans.ROUTINES,
    **searching.ROUTINES,
    **sorting.ROUTINES,
    index_along: _index,
    one_of: _one_of,
}
"""From (build, operands, results' abstract values, params) to the results, or None."""
