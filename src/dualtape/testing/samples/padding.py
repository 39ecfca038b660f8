"""Samples of `dualtape.ops.padding`."""

from ...ops import padding as p
from ..sample import real, sample

SAMPLES = [
    *[
        sample(p.constant_pad_p, real(2, 3), pads=pads, value=value)
        for pads in (((0, 0), (1, 2)), ((1, 0), (-1, -1)), ((-2, 0), (0, 3)), ((-1, 2), (2, -4)))
        for value in (0, 1.5)
    ],
    sample(p.constant_pad_p, real(), pads=(), value=2),
    sample(p.constant_pad_p, real(0, 2), pads=((1, 1), (0, 0)), value=2),
    *[
        sample(q, real(2, 4), pads=pads)
        for q in (p.reflection_pad_p, p.replication_pad_p)
        for pads in (((0, 0), (0, 0)), ((0, 1), (3, 2)), ((1, 0), (-1, 2)), ((0, 0), (2, -3)))
    ],
    sample(p.replication_pad_p, real(2, 3), pads=((0, 0), (-4, 7))),
    sample(p.circular_pad_p, real(2, 4), pads=((2, 1), (4, 3))),
    *[
        sample(p.copies_added_p, real(4, 9), shape=(2, 4), pads=((1, 1), (3, 2)), mode=mode)
        for mode in p.MODES
    ],
    sample(p.copies_added_p, real(2, 4), shape=(2, 4), pads=((0, 0), (0, 0)), mode="reflect"),
]
