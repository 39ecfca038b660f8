"""Samples of `dualtape.ops.affine`."""

from ...ops import affine as a
from ..sample import real, sample

SAMPLES = [
    sample(a.linear_p, real(2, 3), real(4, 3), real(4)),
    sample(a.linear_p, real(1, 1), real(1, 1), real(1)),
    sample(a.linear_p, real(0, 3), real(2, 3), real(2)),
    sample(a.addmm_p, real(2, 4), real(2, 3), real(3, 4), beta=1, alpha=1),
    sample(a.addmm_p, real(4), real(2, 3), real(3, 4), beta=0.5, alpha=2.0),
    sample(a.addmm_p, real(), real(2, 3), real(3, 4), beta=0, alpha=1.5),
]
