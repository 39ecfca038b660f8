"""Samples of `dualtape.ops.extrema` and `dualtape.ops.along`."""

from ...ops import along as a
from ...ops import extrema as e
from ..sample import distinct, fixed, real, sample
from .reduce import AXES

# (the derivative of a minimum over ties is not numeric: parity tests hold those)
SAMPLES = [
    *[
        sample(p, distinct(2, 3), **x, complex=False)
        for p in (e.amax_p, e.amin_p, e.aminmax_p)
        for x in AXES
    ],
    sample(e.amax_p, real(0, 3), axes=(1,), keepdims=False, complex=False),
    *[
        sample(p, distinct(*s), complex=False)
        for p in (e.max_all_p, e.min_all_p)
        for s in [(), (4,), (2, 3)]
    ],
    *[
        sample(p, distinct(2, 3), axis=x, keepdims=k, complex=False)
        for p in (e.max_along_p, e.min_along_p, e.argmax_p, e.argmin_p)
        for x, k in [(-1, False), (-2, True)]
    ],
    sample(e.max_along_p, distinct(3), axis=-1, keepdims=False, complex=False),
    sample(
        e.tie_share,
        fixed([[1.0, 2.0, 2.0]]),
        fixed([[2.0]]),
        axes=(1,),
        share_nan=True,
        complex=False,
    ),
    *[
        sample(a.pick_along_p, real(2, 4), fixed([[1, 3], [0, 2]]), axis=-1, unique=u)
        for u in (True, False)
    ],
    sample(
        a.pick_along_p, real(3, 2), fixed([[1, 1], [0, 1], [2, 2], [1, 0]]), axis=-2, unique=False
    ),
    sample(a.add_along_p, real(2, 2), fixed([[1, 3], [0, 2]]), axis=-1, length=4, unique=True),
    sample(a.add_along_p, real(4), fixed([1, 1, 0, 1]), axis=-1, length=3, unique=False),
]
