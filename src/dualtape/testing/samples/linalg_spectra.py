"""Samples of `dualtape.ops.linalg_spectra`."""

from ...ops import linalg_spectra as s
from ..sample import fixed, matrix, sample

SAMPLES = [
    sample(
        s.matrix_rank_p, matrix(2, 4, 3), fixed(1e-14), fixed(0.0), hermitian=False, complex=False
    ),
    sample(
        s.matrix_rank_p,
        fixed([[1.0, 2.0], [2.0, 4.0]]),
        fixed([1e-14, 0.5]),
        fixed([0.0, 10.0]),
        hermitian=True,
        complex=False,
    ),
    sample(s.matrix_rank_p, matrix(0, 3), fixed(0.0), fixed(0.0), hermitian=False, complex=False),
]
