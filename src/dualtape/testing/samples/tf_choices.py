"""Samples of `dualtape.ops.tf_choices`."""

from ...ops import tf_choices as t
from ..sample import distinct, positive, real, sample

SAMPLES = [
    *[
        sample(p, positive(*shape))
        for p in (t.log_or_nothing, t.reciprocal_or_nothing)
        for shape in ((2, 3), (), (0,))
    ],
    *[
        sample(p, distinct(3, 1), real(4), complex=False)
        for p in (t.maximum_first, t.minimum_first)
    ],
    *[sample(p, real(), real(), complex=False) for p in (t.maximum_first, t.minimum_first)],
    *[sample(p, real(0, 3), real(3), complex=False) for p in (t.maximum_first, t.minimum_first)],
    sample(t.pow_bare, positive(3, 1), positive(4)),
    sample(t.pow_bare, positive(), positive()),
    sample(t.pow_bare, positive(0, 3), positive(3)),
    *[
        sample(p, *operands, complex=False)
        for p in (t.atan2_bare, t.xlogy_masked, t.xlog1py_masked)
        for operands in (
            (positive(3, 1), positive(4)),
            (positive(), positive()),
            (positive(0, 3), positive(3)),
        )
    ],
    *[sample(t.selu_right, distinct(*shape), complex=False) for shape in ((2, 3), (), (0,))],
]
