"""Samples of `dualtape.ops.reduce`."""

from typing import Any

import numpy as np

from ...ops import reduce as r
from ..sample import booleans, fixed, real, sample

AXES: list[dict[str, Any]] = [
    {"axes": (0, 1), "keepdims": False},
    {"axes": (1,), "keepdims": True},
    {"axes": (0,), "keepdims": False},
    {"axes": (), "keepdims": False},
]

SAMPLES = [
    *[sample(p, real(2, 3), **a) for p in (r.sum_p, r.mean_p) for a in AXES],
    *[sample(p, real(*s)) for p in (r.sum_all_p, r.mean_all_p) for s in [(), (3,), (2, 3)]],
    sample(r.sum_p, real(0, 3), axes=(0,), keepdims=False),
    sample(r.sum_p, real(), axes=(), keepdims=True),
    sample(r.sum_all_p, real(0, 3)),
    sample(r.sum_p, real(1300, 2, 13), axes=(0,), keepdims=False),  # the folded path
    sample(r.mean_p, real(3, 0), axes=(0,), keepdims=False),
    *[sample(r.nansum_p, real(2, 3), **a, complex=False) for a in AXES],
    sample(r.is_number, real(2, 3)),
    *[
        sample(p, o, axes=(1,), keepdims=k)
        for p in (r.all_p, r.any_p, r.count_nonzero_p)
        for o, k in [(booleans(2, 3), False), (fixed(np.array([[0.0, 1.0], [np.nan, 0.0]])), True)]
    ],
]
