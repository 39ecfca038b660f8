"""Samples of `dualtape.ops.trigonometric`."""

from ...ops import trigonometric as t
from ..sample import fixed, positive, real, sample

EVERYWHERE = (t.sin, t.cos, t.atan, t.sinh, t.cosh, t.tanh, t.asinh, t.sinc)
INSIDE = (t.asin, t.acos, t.atanh, t.tan)
SHAPES = ((2, 3), (), (0, 2))

SAMPLES = [
    # Real parts only where a complex operand would sit on the branch points of atan and asinh, +-i.
    *[sample(p, real(*s), complex=p not in (t.atan, t.asinh)) for p in EVERYWHERE for s in SHAPES],
    *[sample(p, real(2, 3, low=-0.6, high=0.6)) for p in (t.atan, t.asinh)],
    *[sample(p, real(*s, low=-0.8, high=0.8)) for p in INSIDE for s in SHAPES],
    *[sample(t.acosh, positive(*s, low=1.2, high=3)) for s in SHAPES],
    *[sample(t.tanh_backward, real(*s), real(*s)) for s in SHAPES],
    sample(t.tanh_backward, real(2, 1), real(3)),
    *[sample(p, real(2, 1), positive(3), complex=False) for p in (t.atan2, t.hypot)],
    *[sample(p, real(), positive(), complex=False) for p in (t.atan2, t.hypot)],
    *[sample(p, real(0, 3), positive(3), complex=False) for p in (t.atan2, t.hypot)],
    *[sample(p, real(*s), complex=False) for p in (t.deg2rad, t.rad2deg) for s in SHAPES],
    sample(t.sinc, fixed([0.0, 1e-5, 1.0, -2.3, 7.5])),
    *[sample(t.sinc_derivative, fixed([0.0, 1e-5, 1.0, -2.3, 7.5]), order=n) for n in (1, 2, 5)],
    sample(t.sinc_derivative, real(), order=1),
]  # fmt: skip
