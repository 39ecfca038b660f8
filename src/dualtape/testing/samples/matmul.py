"""Samples of `dualtape.ops.matmul`."""

from ...ops import matmul as m
from ..sample import real, sample

SAMPLES = [
    sample(m.matmul_p, real(2, 3), real(3, 4)),
    sample(m.matmul_p, real(2, 1, 2, 3), real(4, 3, 1)),
]
