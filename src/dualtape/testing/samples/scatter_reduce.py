"""Samples of `dualtape.ops.scatter_reduce`."""

import numpy as np

from ...ops import scatter_reduce as s
from ..sample import distinct, fixed, integers, real, sample

TWICE = fixed(np.array([2, 0, 2]))
GRID = fixed(np.array([[1, 3], [4, 1]]))

SAMPLES = [
    *[
        row
        for reduce in ("amax", "amin")
        for old in (True, False)
        for row in (
            sample(
                s.scatter_extremum_p, distinct(3, 2), TWICE, real(3, 2), complex=False,
                axis=0, depth=1, reduce=reduce, include_self=old,
            ),
            sample(
                s.scatter_extremum_p, distinct(2, 3), GRID, real(2, 2), complex=False,
                axis=0, depth=2, reduce=reduce, include_self=old,
            ),
        )
    ],
    sample(
        s.shares_p, real(3), TWICE, real(3), real(3), complex=False,
        axis=0, depth=1, include_self=True,
    ),
    sample(s.occurrences_p, integers(5, below=3), size=4, complex=False),
    sample(s.is_zero, integers(5, below=3), complex=False),
]  # fmt: skip
