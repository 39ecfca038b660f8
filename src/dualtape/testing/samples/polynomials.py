"""Samples of `dualtape.ops.polynomials`."""

from ...ops import polynomials as p
from ..sample import integers, real, sample

FAMILIES = tuple(p._FAMILIES)

SAMPLES = [
    *[
        sample(p.polynomial, integers(3, 1, below=6), real(2), complex=False, family=f, order=o)
        for f in FAMILIES
        for o in (0, 2)
    ],
    sample(p.polynomial, integers(below=6), real(), complex=False, family="legendre_p", order=0),
    sample(
        p.polynomial, integers(0, 2, below=6), real(2), complex=False, family="legendre_p", order=0
    ),
]
