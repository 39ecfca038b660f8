"""Which primitives are worth a kernel of their own: those with a lowering, but for what NumPy does as fast."""

from __future__ import annotations

from ...core.primitive import Primitive
from ...ops import extrema as ex
from ...ops import reduce as re
from ..lowering import expand_losses, expand_rows
from ..lowering.scalars import SCALARS

_FAST = {
    ex.argmax_p,
    ex.argmin_p,
    ex.max_along_p,
    ex.min_along_p,
    ex.aminmax_p,
    ex.tie_share,
    re.nansum_p,
}
_ROWS = {*expand_rows.EXPANSIONS, *expand_losses.EXPANSIONS} - _FAST


def supports(primitive: Primitive) -> bool:
    """Whether large calls of a primitive, and of its rules, are looked at."""
    return primitive in SCALARS or primitive in _ROWS or primitive.kind == "elementwise"
