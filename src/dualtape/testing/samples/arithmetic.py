"""Samples of `dualtape.ops.arithmetic`."""

from ...ops import arithmetic as a
from ..sample import fixed, positive, real, sample

DIVISIONS = (a.floor_divide, a.truncated_quotient, a.div_floor, a.div_trunc, a.remainder, a.fmod)

SAMPLES = [
    *[sample(p, real(3, 1), real(4)) for p in (a.add, a.sub, a.mul)],
    sample(a.mul, real(), real(2, 3)),
    sample(a.add, real(0, 3), real(3)),
    sample(a.div, real(2, 3), positive(3)),
    sample(a.div, real(), positive()),
    sample(a.div, real(0, 3), positive(3)),
    *[sample(p, positive(2, 3)) for p in (a.neg, a.reciprocal, a.square)],
    *[sample(p, positive()) for p in (a.neg, a.reciprocal, a.square)],
    sample(a.square, real(0)),
    *[sample(p, real(2, 3), positive(3), complex=False) for p in DIVISIONS],
    *[sample(p, real(), positive(), complex=False) for p in DIVISIONS],
    *[sample(p, real(0, 3), positive(3), complex=False) for p in DIVISIONS],
    sample(a.zeros_like, real(3)),
    sample(a.ones_like, real(3)),
    *[sample(a.power, positive(2, 3), exponent=e) for e in (0, 1, 2, 3, -1, 0.5, -0.5, -2, 2.5)],
    *[sample(a.power, real(3), exponent=e) for e in (2, 3)],
    sample(a.power, positive(), exponent=1.5),
    sample(a.power, positive(0, 2), exponent=1.5),
    *[sample(a.rpow, real(2, 3), base=b) for b in (2, 0.5, 1)],
    sample(a.rpow, real(), base=3.0),
    sample(a.rpow, positive(3), base=0),
    sample(a.is_negative, real(3)),
    *[sample(p, positive(3, 1), positive(4)) for p in (a.pow, a.power_slope)],
    *[sample(p, positive(), positive()) for p in (a.pow, a.power_slope)],
    sample(a.pow, positive(0, 3), positive(3)),
    sample(a.power_slope, positive(3), fixed([0.0, 1.0, 2.0]), second=False),
    *[
        sample(p, positive(3), positive(3))
        for p in (a.log_or_zero, a.reciprocal_or_zero, a.y_not_zero)
    ],
]
