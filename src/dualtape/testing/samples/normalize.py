"""Samples of `dualtape.ops.normalize`."""

from ...ops import normalize as n
from ..sample import real, sample

SAMPLES = [
    sample(n.rms_norm_p, real(2, 3), real(3), eps=0.1, complex=False),
    sample(n.rms_norm_p, real(3), real(0), axes=(-1,), eps=0.1, complex=False),
    sample(n.rms_norm_p, real(2, 3, 2), real(3, 2), axes=(-2, -1), eps=0.1, complex=False),
    sample(n.rms_norm_p, real(0, 3), real(3), eps=0.1, complex=False),
]
