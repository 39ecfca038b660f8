"""Samples of `dualtape.ops.numbers`."""

import numpy as np

from ...ops import numbers as n
from ..sample import distinct, fixed, integers, real, sample

SHAPES = ((2, 3), (), (0, 2))
ROUNDINGS = (n.floor, n.ceil, n.trunc, n.round_p, n.frac, n.sign, n.signum)

SAMPLES = [
    *[sample(p, distinct(*s)) for p in (n.abs_, n.sgn, n.angle) for s in SHAPES],
    *[
        sample(p, distinct(*s), complex=False)
        for p in ROUNDINGS
        if p is not n.round_p
        for s in SHAPES
    ],
    *[
        sample(n.round_p, v, complex=False)
        for v in (fixed([-1.7, 0.3, 2.4]), fixed(0.7), fixed([]))
    ],
    *[sample(n.round_decimals, distinct(2, 3), complex=False, decimals=d) for d in (1, 2, -1)],
    *[
        sample(p, distinct(2, 1), distinct(3), complex=False)
        for p in (n.copysign, n.copysign_slope, n.heaviside)
    ],
    *[
        sample(p, distinct(), distinct(), complex=False)
        for p in (n.copysign, n.copysign_slope, n.heaviside)
    ],
    sample(n.heaviside, fixed([1.0, -1.0]), real(2), complex=False),
    sample(n.nextafter, distinct(2, 3), real(3), complex=False),
    sample(n.ldexp, real(2, 1), real(3)),
    sample(n.ldexp, real(), real()),
    sample(n.frexp, fixed([0.6, -3.1, 100.0]), complex=False),
    sample(n.frexp, fixed(5.3), complex=False),
    sample(n.frexp, real(0, 2), complex=False),
    sample(n.power_of_half, integers(3, low=-4, below=4), complex=False, dtype=np.dtype("float64")),
]
