"""Samples of `dualtape.ops.special`."""

from ...ops import special as s
from ..sample import fixed, integers, positive, real, sample

ANYWHERE = (s.erf, s.erfc, s.erfcx, s.ndtr, s.log_ndtr)
SHAPES = ((2, 3), (), (0, 2))

SAMPLES = [
    *[sample(p, real(*n), complex=False) for p in ANYWHERE for n in SHAPES],
    *[sample(s.erfinv, real(*n, low=-0.8, high=0.8), complex=False) for n in SHAPES],
    *[sample(s.erfcinv, positive(*n, low=0.3, high=1.7), complex=False) for n in SHAPES],
    *[sample(s.ndtri, positive(*n, low=0.1, high=0.9), complex=False) for n in SHAPES],
    *[
        sample(p, positive(*n), complex=False)
        for p in (s.lgamma, s.digamma, s.entr)
        for n in SHAPES
    ],
    *[sample(p, fixed([-0.5, -1.3, -2.7]), complex=False) for p in (s.lgamma, s.digamma)],
    *[sample(s.polygamma_p, positive(2, 3), complex=False, n=n) for n in (1, 2, 4)],
    sample(s.polygamma_p, positive(), complex=False, n=1),
    sample(s.polygamma_p, positive(0), complex=False, n=1),
    # Orders as integers, since there is no derivative by them.
    sample(s.zeta, integers(3, 1, low=2, below=5), positive(2), complex=False),
    sample(s.zeta, integers(low=2, below=5), positive(), complex=False),
]
