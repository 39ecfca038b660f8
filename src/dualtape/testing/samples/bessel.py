"""Samples of `dualtape.ops.bessel`."""

from ...ops import bessel as b
from ..sample import fixed, positive, real, sample

ANYWHERE = (b.j0, b.j1, b.i0, b.i1, b.i0e, b.i1e, b.airy_ai, b.airy_ai_slope)
RIGHT = (b.y0, b.y1, b.k0, b.k1, b.k0e, b.k1e)
SHAPES = ((2, 3), (), (0, 2))

SAMPLES = [
    *[sample(p, real(*s), complex=False) for p in ANYWHERE for s in SHAPES],
    *[sample(p, fixed([0.0, 1e-3]), complex=False) for p in (b.j0, b.j1, b.i0, b.i1)],
    *[sample(p, positive(*s), complex=False) for p in RIGHT for s in SHAPES],
    *[
        sample(p, real(3), complex=False, order=n)
        for p in (b.bessel_jn, b.bessel_in, b.bessel_ine)
        for n in (0, 1, 3)
    ],
    *[
        sample(p, positive(3), complex=False, order=n)
        for p in (b.bessel_yn, b.bessel_kn, b.bessel_kne)
        for n in (0, 1, 3)
    ],
]
