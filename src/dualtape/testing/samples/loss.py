"""Samples of `dualtape.ops.loss`."""

from ...ops import loss as x
from ..sample import fixed, sample

SAMPLES = [
    sample(x.others, fixed([2, 0]), classes=3, complex=False),
    sample(x.others, fixed(1), classes=3, complex=False),
    sample(x.label_places, fixed([[2, 0, -1], [-1, 1, 0]]), complex=False),
]
