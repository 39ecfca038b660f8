"""Samples of `dualtape.ops.integrals`."""

from ...ops import integrals as n
from ..sample import fixed, positive, real, sample

SHAPES = ((2, 3), (), (0, 2))

SAMPLES = [
    *[
        sample(p, real(*s), complex=False)
        for p in (n.dawsn, n.fresnel_cos, n.fresnel_sin)
        for s in SHAPES
    ],
    *[sample(p, positive(*s), complex=False) for p in (n.expint, n.spence) for s in SHAPES],
    sample(n.spence, fixed([0.01, 0.5, 0.9999, 1.0, 1.4, 1.6, 30.0]), complex=False),
    *[
        sample(n.spence_slope, fixed([0.3, 0.999, 1.0, 1.2, 4.0]), complex=False, order=o)
        for o in (0, 1, 3)
    ],
]
