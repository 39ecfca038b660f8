"""Samples of `dualtape.ops.fused`."""

from ...ops import fused as f
from ..sample import fixed, positive, real, sample

SAMPLES = [
    *[sample(f.addcmul_p, real(2, 1), real(3), real(2, 3), value=v) for v in (1, -0.5)],
    *[sample(f.addcdiv_p, real(2, 1), real(3), positive(2, 3), value=v) for v in (1, -0.5)],
    sample(f.addcmul_p, real(), real(), real(), value=2),
    sample(f.addcdiv_p, real(), real(), positive(), value=2),
    sample(f.addcmul_p, real(0, 2), real(2), real(2), value=2),
    sample(f.lerp_p, real(2, 1), real(3), fixed([0.2, 0.8, 2.0])),
    sample(f.lerp_p, real(), real(), fixed(-0.7)),
    sample(f.lerp_p, real(0, 2), real(2), real(2)),
    *[sample(f.lerp_number_p, real(2, 1), real(3), weight=w) for w in (0.3, 0.8, -2)],
    sample(f.lerp_number_p, real(), real(), weight=0.5),
]
