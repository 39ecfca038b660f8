"""Samples of `dualtape.ops.factorisation`."""

import numpy as np

from ...ops import factorisation as f
from ..sample import fixed, hermitian, matrix, real, sample

SAMPLES = [
    *[
        sample(f.cholesky_p, matrix(*shape, kind="spd"), upper=upper, tangent=hermitian)
        for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 0))
        for upper in (False, True)
    ],
    sample(f.cholesky_info_p, matrix(2, 3, 3, kind="spd"), upper=False),
    sample(f.cholesky_info_p, fixed([[1.0, 0.0], [0.0, -1.0]]), upper=True),
    *[
        sample(p, *operands, upper=upper, tangent=np.triu if upper else np.tril)
        for upper, kind in ((False, "lower"), (True, "upper"))
        for p, operands in (
            (f.cholesky_inverse_p, (matrix(3, 3, kind=kind),)),
            (f.cholesky_inverse_p, (matrix(2, 2, 2, kind=kind),)),
            (f.cholesky_solve_p, (real(3, 3), matrix(3, 3, kind=kind))),
            (f.cholesky_solve_p, (real(2, 3, 3), matrix(1, 3, 3, kind=kind))),
        )
    ],
    *[
        sample(f.qr_p, matrix(*shape))
        for shape in ((3, 3), (4, 2), (2, 3, 2), (3, 1), (0, 2, 2), (2, 0))
    ],
    sample(f.qr_complete_p, matrix(2, 3, 3)),
    sample(f.geqrf_p, matrix(2, 4, 3)),
    *[
        sample(f.lu_p, matrix(*shape), pivot=pivot)
        for shape in ((3, 3), (5, 3), (3, 5), (2, 6, 5), (0, 0))
        for pivot in (True, False)
    ],
    sample(f.zero_pivot_p, fixed([[[1.0, 2.0], [3.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]]])),
    sample(f.zero_pivot_p, real(0, 0)),
    *[
        sample(f.exchange_rows_p, real(*x), fixed(pivots), back=back)
        for x, pivots in (
            ((4, 2), [3, 2, 4]),
            ((2, 3, 1), [[2, 2], [3, 3]]),
            ((3, 2), [[2, 3], [1, 2]]),
        )
        for back in (False, True)
    ],
]
