"""Elementwise primitives as instructions on lanes: `SCALARS` by primitive. Read `rules.py` first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import Primitive
from . import arithmetic, borrowed, choice, functions, grids, numbers, series, variants
from .rules import ELEMENTS, Rule, convert, supported

__all__ = ["ELEMENTS", "SCALARS", "convert", "find", "supported"]

SCALARS: dict[Primitive, Rule] = {
    **arithmetic.RULES,
    **choice.RULES,
    **functions.RULES,
    **variants.RULES,
    **borrowed.RULES,
    **grids.RULES,
    **numbers.RULES,
    **series.RULES,
}


def find(
    primitive: Primitive, ins: tuple[np.dtype[Any], ...], out: np.dtype[Any], params: dict[str, Any]
) -> Rule | None:
    """The rule for a primitive on operands of these dtypes, None if there is none."""
    rule = SCALARS.get(primitive)
    if rule is None or not rule.fits(ins, out):
        return None
    if isinstance(rule, arithmetic._Power) and not rule.fits_params(out, params):
        return None
    return rule
