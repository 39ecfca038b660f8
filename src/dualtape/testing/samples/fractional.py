"""Samples of `dualtape.ops.fractional`."""

from ...ops import fractional as f
from ..sample import distinct, real, sample

SAMPLES = [
    sample(
        f.fractional_indices_p,
        distinct(2, 3, 5, 6),
        real(2, 3, 2, low=0.0, high=1.0),
        kernel=(2, 3),
        counts=(3, 2),
        complex=False,
    ),
    sample(
        f.fractional_indices_p,
        distinct(1, 1, 5, 4, 3),
        real(1, 1, 3, low=0.0, high=1.0),
        kernel=(2, 2, 1),
        counts=(4, 1, 0),
        complex=False,
    ),
]
