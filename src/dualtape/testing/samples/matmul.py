"""Samples of `dualtape.ops.matmul`."""

from ...ops import matmul as m
from ..sample import real, sample

SAMPLES = [
    sample(m.mm_p, real(2, 3), real(3, 4)),
    sample(m.mm_p, real(2, 0), real(0, 3)),
    sample(m.mm_p, real(0, 3), real(3, 1)),
    sample(m.mv_p, real(2, 3), real(3)),
    sample(m.mv_p, real(2, 0), real(0)),
    sample(m.mv_p, real(0, 3), real(3)),
    sample(m.vm_p, real(3), real(3, 2)),
    sample(m.vm_p, real(0), real(0, 2)),
    *[sample(p, real(n), real(n)) for p in (m.dot_p, m.vdot_p) for n in (0, 1, 3)],
    sample(m.bmm_p, real(2, 3, 2), real(2, 2, 4)),
    sample(m.bmm_p, real(0, 3, 2), real(0, 2, 4)),
    sample(m.matmul_p, real(2, 3), real(3, 4)),
    sample(m.matmul_p, real(2, 3, 2), real(2, 4)),
    sample(m.matmul_p, real(3, 2), real(2, 2, 4)),
    sample(m.matmul_p, real(2, 1, 3, 2), real(4, 2, 1)),
    sample(m.matmul_p, real(1, 2, 3), real(2, 3, 2)),
    sample(m.matmul_p, real(2, 3, 0), real(0, 4)),
    sample(m.matmul_p, real(0, 3, 2), real(2, 4)),
]
