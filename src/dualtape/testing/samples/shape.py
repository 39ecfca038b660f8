"""Samples of `dualtape.ops.shape`."""

from ...ops import shape as s
from ..sample import real, sample

SAMPLES = [
    sample(s.reshape_p, real(2, 3), shape=(3, 2)),
    sample(s.reshape_p, real(), shape=(1, 1)),
    sample(s.reshape_p, real(0, 3), shape=(2, 0)),
    sample(s.unsqueeze_p, real(2, 3), axis=1),
    sample(s.unsqueeze_p, real(2, 3), axis=2),
    sample(s.unsqueeze_p, real(), axis=0),
    sample(s.broadcast_to_p, real(3, 1), shape=(2, 3, 4)),
    sample(s.broadcast_to_p, real(), shape=(2,)),
    sample(s.broadcast_to_p, real(1, 3), shape=(0, 3)),
    sample(s.broadcast_to_p, real(0, 1), shape=(2, 0, 3)),
    sample(s.permute_p, real(2, 3, 4), axes=(2, 0, 1)),
    sample(s.permute_p, real(), axes=()),
    sample(s.transpose_p, real(2, 3, 4), axis0=0, axis1=2),
    sample(s.t_p, real(2, 3)),
    sample(s.t_p, real(3)),
    *[sample(p, real(4, 3), index=(slice(1, None, 2), 0)) for p in (s.slice_p, s.select_p)],
    sample(s.slice_p, real(4, 3), index=(None, slice(None, None, -1), slice(2, 2))),
    sample(s.slice_p, real(4, 3), index=(1, 2, ...)),
    sample(s.slice_p, real(), index=(None, ...)),
    sample(s.place_slice_p, real(2), index=(slice(1, None, 2), 0), shape=(4, 3)),
    sample(s.concatenate_p, real(2, 3), real(2, 1), real(2, 0), axis=1, sizes=(3, 1, 0)),
    sample(s.concatenate_p, real(3), axis=0, sizes=(3,)),
    *[sample(s.stack_p, real(2, 3), real(2, 3), axis=a) for a in (0, 1, 2)],
    sample(s.stack_p, real(), real(), real(), axis=0),
    sample(s.stack_p, real(0, 2), real(0, 2), axis=1),
]
