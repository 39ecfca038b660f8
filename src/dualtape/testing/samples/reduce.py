"""Samples of `dualtape.ops.reduce`."""

from ...ops import reduce as r
from ..sample import real, sample

SAMPLES = [
    sample(r.sum_p, real(2, 3), axes=(0, 1), keepdims=False),
    sample(r.sum_p, real(2, 3), axes=(1,), keepdims=True),
    sample(r.sum_p, real(0, 3), axes=(0,), keepdims=False),
]
