"""Samples of `dualtape.ops.arithmetic`."""

from ...ops import arithmetic as a
from ..sample import fixed, positive, real, sample

SAMPLES = [
    *[sample(p, real(3, 1), real(4)) for p in (a.add, a.sub, a.mul)],
    sample(a.mul, real(), real(2, 3)),
    sample(a.add, real(0, 3), real(3)),
    sample(a.div, real(2, 3), positive(3)),
    *[sample(p, positive(2, 3)) for p in (a.neg, a.reciprocal, a.square)],
    sample(a.neg, real()),
    sample(a.square, real(0)),
    sample(a.floor_divide, real(2, 3), positive(3), complex=False),
    sample(a.remainder, real(2, 3), positive(3), complex=False),
    sample(a.fmod, real(2, 3), positive(3), complex=False),
    sample(a.truncated_quotient, real(2, 3), positive(3), complex=False),
    sample(a.zeros_like, real(3)),
    sample(a.ones_like, real(3)),
    *[sample(a.power, positive(2, 3), exponent=e) for e in (0, 1, 2, 3, -1, 0.5, 2.5)],
    *[sample(a.power, real(3), exponent=e) for e in (2, 3)],
    *[sample(p, positive(3, 1), positive(4)) for p in (a.pow, a.power_slope)],
    sample(a.power_slope, positive(3), fixed([0.0, 1.0, 2.0]), second=False),
    *[sample(p, positive(3), positive(3)) for p in (a.log_or_zero, a.reciprocal_or_zero)],
]
