"""Samples of `dualtape.ops.softmax`."""

from ...ops import softmax as s
from ..sample import real, sample

SAMPLES = [
    row
    for p in (s.softmax_p, s.log_softmax_p)
    for row in (
        sample(p, real(3), complex=False),
        sample(p, real(2, 3), complex=False),
        sample(p, real(2, 3), axis=-2, complex=False),
        sample(p, real(2, 0), axis=-1, complex=False),
        sample(p, real(0, 2), axis=-1, complex=False),
    )
]
