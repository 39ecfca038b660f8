"""Samples of `dualtape.ops.cross_entropy`."""

from typing import Any

import numpy as np

from ...ops import cross_entropy as c
from ..sample import fixed, real, sample

TARGETS = fixed([2, 0])
SOME = fixed([2, -1])
WAYS: list[dict[str, Any]] = [{}, {"reduction": "sum"}, {"reduction": "none"}]
TARGETS_AND_IGNORED: list[tuple[Any, dict[str, Any]]] = [(TARGETS, {}), (SOME, {"ignore": -1})]

SAMPLES = [
    *[
        sample(p, real(2, 3), t, complex=False, **w, **i)
        for p in (c.nll_loss_p, c.cross_entropy_p)
        for t, i in TARGETS_AND_IGNORED
        for w in WAYS
    ],
    *[
        sample(p, real(2, 2, 3), fixed([[0, 1], [2, 2]]), complex=False, **w)
        for p in (c.nll_loss_p, c.cross_entropy_p)
        for w in WAYS
    ],
    *[
        sample(p, real(3), fixed(1), complex=False, **w)
        for p in (c.nll_loss_p, c.cross_entropy_p)
        for w in WAYS
    ],
    sample(
        c.cross_entropy_p, real(0, 3), fixed(np.empty(0, np.int64)), reduction="sum", complex=False
    ),
    *[
        sample(c.nll_place_p, real(), t, classes=3, ignore=-1, complex=False)
        for t in (TARGETS, SOME)
    ],
    sample(c.nll_place_p, real(2), SOME, classes=3, reduction="none", ignore=-1, complex=False),
    sample(c.counted_p, SOME, ignore=-1, dtype=np.dtype("float64"), complex=False),
    sample(c.class_p, SOME, ignore=-1, complex=False),
]
