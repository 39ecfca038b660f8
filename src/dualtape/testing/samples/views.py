"""Samples of `dualtape.ops.views`."""

from ...ops import views as v
from ..sample import real, sample

SAMPLES = [
    *[
        sample(p, real(2, 1, 3, 1), axes=axes)
        for p in (v.squeeze_p, v.squeeze_all_p, v.squeeze_several_p)
        for axes in ((), (1,), (1, 3))
    ],
    sample(v.squeeze_p, real(), axes=()),
    sample(v.squeeze_all_p, real(1, 0), axes=(0,)),
    *[sample(v.clone_p, real(2, 3), contiguous=c) for c in (False, True)],
    sample(v.clone_p, real(), contiguous=False),
]
