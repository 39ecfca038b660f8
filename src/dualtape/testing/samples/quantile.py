"""Samples of `dualtape.ops.quantile`."""

from ...ops import quantile as q
from ..sample import fixed, real, sample

NAN = float("nan")

SAMPLES = [
    *[
        sample(q.last_rank, fixed([[1.0, 2.0], [3.0, NAN]]), skip_nan=s, complex=False)
        for s in (True, False)
    ],
    sample(q.row_has_nan, fixed([[1.0, 2.0], [3.0, NAN]]), complex=False),
    sample(q.as_place, fixed([[0.0, 2.0]]), complex=False),
    sample(q.as_place, real(), complex=False),
]
