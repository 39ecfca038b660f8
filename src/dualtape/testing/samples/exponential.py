"""Samples of `dualtape.ops.exponential`."""

from ...ops import exponential as e
from ..sample import fixed, positive, real, sample

ENTIRE = (e.exp, e.exp2, e.expm1)
POSITIVE = (e.log, e.log2, e.log10, e.log1p, e.sqrt, e.rsqrt)

SAMPLES = [
    *[sample(p, real(*s)) for p in ENTIRE for s in ((2, 3), (), (0, 2))],
    *[sample(p, positive(*s)) for p in POSITIVE for s in ((2, 3), (), (0, 2))],
    *[sample(p, real(3, low=0.5), complex=False) for p in (e.sqrt, e.rsqrt, e.log)],
    *[sample(e.cbrt, fixed(v), complex=False) for v in ([[0.3, -2.0]], 1.5)],
    *[
        sample(p, real(3, 1), real(2), complex=p is e.logaddexp)
        for p in (e.logaddexp, e.logaddexp2)
    ],
    *[sample(p, real(), real(), complex=p is e.logaddexp) for p in (e.logaddexp, e.logaddexp2)],
    sample(e.logaddexp, real(0, 2), real(2)),
    sample(e.logaddexp, fixed([500.0, -800.0, 3.0]), fixed([501.0, -799.0, 900.0]), complex=False),
    *[sample(p, real(3, 1), positive(2), complex=False) for p in (e.xlogy, e.xlog1py)],
    *[sample(p, real(), positive(), complex=False) for p in (e.xlogy, e.xlog1py)],
    *[sample(p, real(0, 2), positive(2), complex=False) for p in (e.xlogy, e.xlog1py)],
    *[sample(p, fixed([0.0, 0.0]), fixed([0.5, 2.0]), complex=False) for p in (e.xlogy, e.xlog1py)],
    *[
        sample(p, fixed([0.0, 0.0, 1.0]), fixed([0.0, -2.0, 1.0]), complex=False)
        for p in (e.has_log, e.has_log1p)
    ],
]
