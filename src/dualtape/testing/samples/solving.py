"""Samples of `dualtape.ops.solving`."""

from ...ops import solving as s
from ..sample import fixed, integers, matrix, real, sample

_RANK_TWO = [[1.0, 2.0, 3.0], [2.0, 1.0, 1.0], [3.0, 3.0, 4.0]]

SAMPLES = [
    *[
        sample(p, matrix(*shape))
        for p in (s.det_p, s.cofactor_p, s.slogdet_p)
        for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 3, 3))
    ],
    sample(s.det_p, fixed(_RANK_TWO)),
    sample(s.det_p, fixed([[0.0, 0.0], [0.0, 0.0]])),
    sample(s.cofactor_p, fixed(_RANK_TWO)),
    sample(
        s.cofactor_slope_p, real(3, 3), fixed(_RANK_TWO), second=False
    ),  # its second derivative needs an inverse
    *[
        sample(s.cofactor_curve_p, real(*a), real(3, 3), integers(3, 3, low=-3, below=4))
        for a in ((3, 3), (2, 3, 3))
    ],
    sample(s.cofactor_slope_p, real(3, 3), matrix(3, 3)),
    sample(s.cofactor_slope_p, real(2, 4, 4), matrix(4, 4), second=False),
    *[sample(s.inv_p, matrix(*shape), check=True) for shape in ((3, 3), (2, 2, 2), (0, 0))],
    sample(s.inv_p, matrix(3, 3), check=False),
    sample(s.inv_info_p, matrix(2, 3, 3)),
    sample(s.inv_info_p, fixed([[1.0, 2.0], [2.0, 4.0]])),
    *[
        sample(s.solve_p, matrix(*a), real(*b))
        for a, b in (
            ((3, 3), (3, 2)),
            ((2, 3, 3), (3, 1)),
            ((3, 3), (2, 3, 2)),
            ((2, 1, 2, 2), (3, 2, 2)),
            ((2, 2), (2, 0)),
        )
    ],
    *[
        sample(
            s.solve_triangular_p,
            matrix(*a, kind="upper" if upper else "lower"),
            real(*b),
            upper=upper,
            unit=unit,
        )
        for a, b in (
            ((3, 3), (3, 2)),
            ((2, 3, 3), (3, 1)),
            ((3, 3), (2, 3, 2)),
            ((9, 9), (9, 2)),
            ((2, 11, 11), (11, 1)),
            ((0, 0), (0, 2)),
        )
        for upper in (False, True)
        for unit in (False, True)
    ],
]
