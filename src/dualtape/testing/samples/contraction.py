"""Samples of `dualtape.ops.contraction`."""

from ...ops import contraction as c
from ..sample import real, sample

SAMPLES = [
    sample(c.dot, real(3), real(3)),
    sample(c.dot, real(0), real(0)),
    sample(c.mv, real(2, 3), real(3)),
    sample(c.mv, real(0, 3), real(3)),
    sample(c.mv, real(2, 0), real(0)),
    sample(c.bmm, real(2, 2, 3), real(2, 3, 4)),
    sample(c.bmm, real(0, 2, 3), real(0, 3, 4)),
]
