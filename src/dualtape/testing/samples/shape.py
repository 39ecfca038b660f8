"""Samples of `dualtape.ops.shape`."""

from ...ops import shape as s
from ..sample import real, sample

SAMPLES = [
    sample(s.reshape_p, real(2, 3), shape=(3, 2)),
    sample(s.reshape_p, real(), shape=(1, 1)),
    sample(s.broadcast_to_p, real(3, 1), shape=(2, 3, 4)),
    sample(s.permute_p, real(2, 3, 4), axes=(2, 0, 1)),
    sample(s.slice_p, real(4, 3), index=(slice(1, None, 2), 0)),
    sample(s.place_slice_p, real(2), index=(slice(1, None, 2), 0), shape=(4, 3)),
    sample(s.concatenate_p, real(2, 3), real(2, 1), real(2, 0), axis=1, sizes=(3, 1, 0)),
]
