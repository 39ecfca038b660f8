"""Samples of `dualtape.ops.distances`."""

from ...ops import distances as d
from ..sample import positive, sample

SAMPLES = [
    sample(d.raised, positive(2, 3), low=0.1, refuse_negative=True, complex=False),
    sample(d.raised, positive(), low=0.1, refuse_negative=False, complex=False),
]
