"""Samples of `dualtape.ops.logistic`."""

from typing import Any

from ...ops import logistic as g
from ..sample import fixed, real, sample

UNIT = fixed([[0.1, 0.4, 0.9]])
WIDE = fixed([-40.0, -3.0, 0.0, 2.0, 40.0])
SETTINGS: tuple[dict[str, Any], ...] = (
    {"beta": 1.0, "threshold": 20.0},
    {"beta": 2.5, "threshold": 1.0},
    {"beta": -0.5, "threshold": 20.0},
)

SAMPLES = [
    *[sample(g.sigmoid, real(*s)) for s in ((2, 3), (), (0, 2))],
    *[sample(p, WIDE, complex=False) for p in (g.sigmoid, g.log_sigmoid)],
    sample(g.softplus_p, WIDE, complex=False, beta=1.0, threshold=20.0),
    *[sample(g.sigmoid_backward, real(*s), real(*s)) for s in ((2, 3), (), (0, 2))],
    sample(g.sigmoid_backward, real(2, 1), real(3)),
    *[sample(g.log_sigmoid, real(*s), complex=False) for s in ((2, 3), (), (0, 2))],
    *[sample(g.softplus_p, real(2, 3), complex=False, **s) for s in SETTINGS],
    sample(g.softplus_p, real(), complex=False, beta=1.0, threshold=20.0),
    sample(g.softplus_p, real(0, 2), complex=False, beta=1.0, threshold=20.0),
    sample(g.scaled_exceeds, real(2, 3), complex=False, beta=2.0, threshold=1.0),
    sample(g.logit_p, UNIT, complex=False),
    sample(g.logit_p, fixed(0.3), complex=False),
    sample(g.logit_slope, UNIT, complex=False),
    sample(g.logit_clamped_p, UNIT, complex=False, eps=0.2),
    sample(g.logit_clamped_p, fixed(0.3), complex=False, eps=0.2),
]
