"""Samples of `dualtape.ops.tf_slopes`."""

from ...ops import tf_slopes as t
from ..sample import distinct, positive, real, sample

SHAPES = ((2, 3), (), (0,))

SAMPLES = [
    *[
        sample(p, *operands)
        for p in (t.masked_div, t.masked_mul, t.xdivy, t.sqrt_slope)
        for operands in (
            (distinct(2, 3), positive(3)),
            (distinct(), positive()),
            (real(0, 3), positive(3)),
        )
    ],
    *[
        sample(p, positive(*shape))
        for p in (
            t.sqrt_masked, t.rsqrt_masked, t.reciprocal_masked, t.log_by_reciprocal, t.log1p_by_reciprocal
        )
        for shape in SHAPES
    ],
    *[sample(t.acosh_by_sinh, positive(*shape, low=1.2, high=3)) for shape in SHAPES],
    *[
        sample(p, real(*shape, low=-0.9, high=0.9))
        for p in (t.asin_by_root, t.acos_by_root, t.atanh_by_reciprocal)
        for shape in SHAPES
    ],
    *[sample(t.not_zero, distinct(*shape)) for shape in SHAPES],
]  # fmt: skip
