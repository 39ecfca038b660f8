"""Samples of `dualtape.ops.standardize`."""

from ...ops import standardize as s
from ..sample import real, sample

NONE = real(0)

SAMPLES = [
    sample(s.layer_norm_p, real(2, 3), real(3), real(3), complex=False),
    sample(s.layer_norm_p, real(3), real(3), real(3), complex=False),
    sample(s.layer_norm_p, real(2, 3), NONE, NONE, complex=False),
    sample(s.layer_norm_p, real(2, 3, 2), real(3, 2), NONE, axes=(-2, -1), eps=0.1, complex=False),
    sample(s.layer_norm_p, real(0, 3), real(3), real(3), complex=False),
    sample(s.batch_norm_p, real(4, 3), real(3), real(3), axes=(-2,), eps=0.1, complex=False),
    sample(
        s.batch_norm_p, real(2, 3, 4), real(3, 1), real(3, 1), axes=(-3, -1), eps=0.1, complex=False
    ),
    sample(
        s.group_norm_p, real(2, 2, 1, 3), real(2, 1, 1), NONE, axes=(-2, -1), eps=0.1, complex=False
    ),
]
