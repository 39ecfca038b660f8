"""Samples of `dualtape.ops.exponentials`."""

from ...ops import exponentials as e
from ..sample import fixed, matrix, sample

SAMPLES = [
    *[
        sample(e.matrix_exp_p, matrix(*shape))
        for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 2, 2), (0, 0))
    ],
    *[
        sample(e.matrix_exp_p, fixed([[s * 0.1, s * 0.5], [s * -0.3, s * 0.2]]))
        for s in (0.02, 0.3, 1.0, 3.0, 9.0, 25.0)
    ],
    sample(e.matrix_exp_p, fixed([[[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]])),
]
