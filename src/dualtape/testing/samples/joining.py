"""Samples of `dualtape.ops.joining`."""

from ...ops import joining as j
from ..sample import real, sample

SAMPLES = [
    sample(j.split_primitive(3), real(2, 5), axis=1, sizes=(2, 2, 1)),
    sample(j.split_primitive(2, True), real(3, 2), axis=0, sizes=(3, 0)),
    sample(j.unbind_primitive(2), real(3, 2), axis=1),
    sample(j.unbind_primitive(3), real(3), axis=0),
    sample(j.block_diag_p, real(2, 3), real(1, 1), shapes=((2, 3), (1, 1))),
    sample(j.block_diag_p, real(2, 3), real(1, 0), real(0, 2), shapes=((2, 3), (1, 0), (0, 2))),
]
