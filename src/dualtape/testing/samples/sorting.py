"""Samples of `dualtape.ops.sorting`."""

from ...ops import sorting as s
from ..sample import distinct, fixed, sample

WAYS = [(-1, False), (-2, True)]

SAMPLES = [
    *[
        sample(p, distinct(2, 4), axis=a, descending=d, complex=False)
        for p in (s.sort_p, s.argsort_p)
        for a, d in WAYS
    ],
    sample(s.sort_p, distinct(2, 0), axis=-1, descending=True, complex=False),
    *[sample(s.topk_p, distinct(3, 4), axis=a, k=2, largest=big, complex=False) for a, big in WAYS],
    sample(s.topk_p, distinct(2, 1100), axis=-1, k=2, largest=True, complex=False),  # by partition
    *[
        sample(p, distinct(3, 4), axis=a, keepdims=k, complex=False)
        for p in (s.median_p, s.nanmedian_p, s.mode_p)
        for a, k in WAYS
    ],
    *[
        sample(s.kthvalue_p, distinct(3, 4), axis=a, keepdims=x, k=2, complex=False)
        for a, x in WAYS
    ],
    *[
        sample(p, distinct(*n), complex=False)
        for p in (s.median_all_p, s.nanmedian_all_p)
        for n in [(), (5,), (2, 3)]
    ],
    sample(s.argsort_p, fixed([[3, 1, 1], [2, 2, 0]]), axis=-1, descending=True, complex=False),
]
