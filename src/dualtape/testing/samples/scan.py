"""Samples of `dualtape.ops.scan`."""

from ...ops import scan as s
from ..sample import distinct, positive, real, sample

SAMPLES = [
    *[sample(s.cumsum_p, real(2, 3), axis=a, reverse=r) for a, r in [(-1, False), (-2, True)]],
    sample(s.cumsum_p, real(2, 0), axis=-1, reverse=True),
    *[sample(s.logcumsumexp_p, positive(2, 3, high=0.9), axis=a) for a in (-1, -2)],
    sample(s.logcumsumexp_p, real(0, 3), axis=-2),
    *[
        sample(p, distinct(2, 4), axis=a, complex=False)
        for p in (s.cummax_p, s.cummin_p)
        for a in (-1, -2)
    ],
]
