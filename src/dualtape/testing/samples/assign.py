"""Samples of `dualtape.ops.assign`."""

from ...ops import assign as a
from ..sample import real, sample

PARTS = slice(1, None, 2)

SAMPLES = [
    sample(a.clear_slice_p, real(4, 3), index=(PARTS, 0, ...)),
    sample(a.clear_slice_p, real(3), index=(slice(2, 2), ...)),
    sample(a.set_slice_p, real(4, 3), real(2), index=(PARTS, 0, ...)),
    sample(a.set_slice_p, real(3), real(), index=(1, ...)),
    sample(a.set_slice_p, real(3, 0), real(1, 0), index=(slice(0, 1), ...)),
]
