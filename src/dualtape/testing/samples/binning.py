"""Samples of `dualtape.ops.binning`."""

from ...ops import binning as b
from ..sample import fixed, real, sample

ROW = fixed([-1.0, 0.0, 0.5, 1.0])

SAMPLES = [
    *[
        sample(b.searchsorted_p, ROW, real(2, 3), right=r, int32=not r, complex=False)
        for r in (True, False)
    ],
    sample(
        b.searchsorted_p,
        fixed([[-1.0, 1.0], [0.0, 0.5]]),
        real(2, 3),
        right=False,
        int32=False,
        complex=False,
    ),
    sample(b.searchsorted_p, ROW, real(), right=False, int32=False, complex=False),
    sample(b.sorted_by, fixed([[2.0, 1.0, 3.0]]), fixed([[1, 0, 2]]), complex=False),
    *[
        sample(b.histc_p, real(2, 5), bins=4, low=lo, high=hi, complex=False)
        for lo, hi in [(0, 0), (-1, 0.5)]
    ],
]
