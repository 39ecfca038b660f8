"""Samples of `dualtape.ops.random`."""

from ...ops import random as r
from ..sample import real, sample

SAMPLES = [
    sample(r.drawn, real(2, 3), real(2, 3)),
    sample(r.drawn, real(), real()),
    sample(r.drawn, real(0, 2), real(0, 2)),
]
