"""Samples of `dualtape.ops.activation`."""

from typing import Any

from ...ops import activation as a
from ..sample import distinct, fixed, real, sample

SHAPES = ((2, 3), (), (0, 2))
SMOOTH = (a.silu, a.mish, a.gelu_p, a.gelu_slope, a.gelu_tanh_p)
STATIC: tuple[tuple[Any, dict[str, Any]], ...] = (
    (a.elu_p, {"positive": 1.0, "negative": 0.7, "rate": 1.5}),
    (a.elu_p, {"positive": 1.3, "negative": 1.7, "rate": 1.0}),
    (a.elu_slope, {"positive": 1.3, "negative": 1.7, "rate": 2.0}),
)
WIDE = fixed([-800.0, -5.0, -2.2, 0.3, 4.0, 800.0])

SAMPLES = [
    *[sample(p, real(*s), complex=p is a.silu) for p in SMOOTH for s in SHAPES],
    *[sample(p, WIDE, complex=False) for p in SMOOTH],
    *[sample(p, distinct(*s), complex=False, **v) for p, v in STATIC for s in SHAPES],
    *[sample(p, WIDE, complex=False, **v) for p, v in STATIC],
]
