"""Samples of `dualtape.ops.complex`."""

import numpy as np

from ...ops import complex as c
from ..sample import real, sample

SAMPLES = [
    *[sample(p, real(2, 3)) for p in (c.conj, c.real, c.imag)],
    *[sample(p, real()) for p in (c.conj, c.real, c.imag)],
    sample(c.cast_p, real(2, 3), dtype=np.dtype("complex128")),
    sample(c.cast_p, real(2, 3), dtype=np.dtype("float64")),
    sample(c.complex, real(3, 1), real(4), complex=False),
    sample(c.complex, real(), real(), complex=False),
    sample(c.complex, real(0, 3), real(3), complex=False),
    sample(c.cast_constant, real(2, 3), dtype=np.dtype("int64"), complex=False),
]
