"""Samples of `dualtape.ops.vectors`."""

from ...ops import vectors as v
from ..sample import real, sample

SAMPLES = [
    sample(v.cross_p, real(2, 3), real(2, 3), axis=-1),
    sample(v.cross_p, real(3, 2), real(3, 2), axis=-2),
    sample(v.cross_p, real(0, 3), real(0, 3), axis=-1),
]
