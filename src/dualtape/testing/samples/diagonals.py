"""Samples of `dualtape.ops.diagonals`."""

from ...ops import diagonals as d
from ..sample import real, sample

SAMPLES = [
    sample(d.diagonal_p, real(3, 4), offset=0, axis1=0, axis2=1),
    sample(d.diagonal_p, real(3, 4, 2), offset=1, axis1=2, axis2=0),
    sample(d.diagonal_p, real(3, 4), offset=-2, axis1=0, axis2=1),
    sample(d.diagonal_p, real(2, 2), offset=5, axis1=0, axis2=1),
    sample(d.diagonal_p, real(0, 2), offset=0, axis1=0, axis2=1),
    sample(d.place_diagonal_p, real(3), shape=(3, 4), offset=0, axis1=0, axis2=1),
    sample(d.place_diagonal_p, real(2, 2), shape=(3, 2, 4), offset=-1, axis1=0, axis2=2),
    sample(d.place_diagonal_p, real(0), shape=(2, 2), offset=3, axis1=0, axis2=1),
    *[sample(p, real(3, 4), offset=k) for p in (d.tril_p, d.triu_p) for k in (-1, 0, 2)],
    *[sample(p, real(2, 3, 2), offset=0) for p in (d.tril_p, d.triu_p)],
    *[sample(p, real(0, 2), offset=0) for p in (d.tril_p, d.triu_p)],
]
