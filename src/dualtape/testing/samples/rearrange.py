"""Samples of `dualtape.ops.rearrange`."""

from ...ops import rearrange as r
from ..sample import real, sample

SAMPLES = [
    *[sample(r.flip_p, real(2, 3, 2), axes=axes) for axes in ((), (1,), (0, 2))],
    sample(r.flip_p, real(), axes=()),
    sample(r.flip_p, real(0, 3), axes=(0,)),
    sample(r.roll_p, real(3, 4), shifts=(1,), axes=(1,)),
    sample(r.roll_p, real(3, 4), shifts=(-1, 6), axes=(0, 1)),
    sample(r.roll_p, real(0, 4), shifts=(2,), axes=(0,)),
    sample(r.tile_p, real(2, 3), repeats=(2, 1)),
    sample(r.tile_p, real(2, 3), repeats=(3, 2)),
    sample(r.tile_p, real(2, 3), repeats=(0, 2)),
    sample(r.tile_p, real(), repeats=()),
]
