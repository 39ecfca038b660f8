"""Samples of `dualtape.ops.linalg_spectra`."""

from ...ops import linalg_spectra as s
from ..sample import fixed, matrix, sample

SAMPLES = [
    sample(s.matrix_rank_p, matrix(2, 4, 3), rtol=1e-14, atol=0.0, hermitian=False),
    sample(s.matrix_rank_p, fixed([[1.0, 2.0], [2.0, 4.0]]), rtol=1e-14, atol=0.0, hermitian=True),
    sample(s.matrix_rank_p, matrix(0, 3), rtol=0.0, atol=0.0, hermitian=False),
]
