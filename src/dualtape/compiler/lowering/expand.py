"""Composite primitives as programs of simpler ones, which are then fused: `EXPANSIONS` by primitive.

Formulas are those of the primitives' own rules where they have one in operations, so that what forward and backward
have in common is the same node and is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.primitive import Primitive
from . import expand_linalg, expand_losses, expand_products, expand_rows

EXPANSIONS: dict[Primitive, Callable[..., Any]] = {
    **expand_rows.EXPANSIONS,
    **expand_linalg.EXPANSIONS,
    **expand_losses.EXPANSIONS,
    **expand_products.EXPANSIONS,
}
"""From (traced operands, **params) to the result, or a list of results."""
