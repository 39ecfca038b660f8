"""Samples of `dualtape.ops.pooling`."""

from typing import Any

from ...ops import pooling as p
from ...ops.stencils import Adaptive, Sliding
from ..sample import distinct, fixed, real, sample

_TWO = Sliding(2, 2, 0, 0, 1, 3)
_THREE = Sliding(3, 2, 1, 1, 1, 3)
_WIDE = Sliding(2, 1, 1, 1, 3, 4)
_UNFOLD: list[tuple[tuple[int, ...], dict[str, Any], tuple[int, ...]]] = [
    (
        (2, 3, 4, 5),
        {"kernel": (2, 3), "stride": (1, 2), "padding": ((1, 1), (0, 1)), "dilation": (2, 1)},
        (2, 18, 8),
    ),
    ((1, 4), {"kernel": (2,), "stride": (1,), "padding": ((0, 0),), "dilation": (1,)}, (2, 3)),
]

SAMPLES = [
    sample(p.max_pool2d_p, distinct(2, 3, 6, 5), stencils=(_TWO, _THREE), complex=False),
    sample(p.max_pool2d_p, distinct(2, 3, 6, 6), stencils=(_TWO, _TWO), complex=False),
    sample(p.max_pool2d_p, distinct(2, 5), stencils=(_WIDE,), complex=False),
    sample(p.max_pool2d_p, real(0, 3, 6), stencils=(_TWO,), complex=False),
    sample(
        p.max_pool3d_p,
        distinct(1, 5, 6, 5),
        stencils=(_THREE, _TWO, _THREE),
        complex=False,
    ),
    sample(
        p.adaptive_max_pool2d_p,
        distinct(2, 5, 3),
        stencils=(Adaptive(3), Adaptive(4)),
        complex=False,
    ),
    sample(
        p.adaptive_max_pool3d_p,
        distinct(1, 2, 3, 4),
        stencils=(Adaptive(2),) * 3,
        complex=False,
    ),
    sample(p.max_pool_indices_p, distinct(2, 6, 5), stencils=(_TWO, _THREE), complex=False),
    *[
        sample(f, real(*d), distinct(*x), stencils=stencils)
        for x, y, stencils in (
            ((2, 6, 5), (2, 3, 3), (_TWO, _THREE)),
            ((5, 3), (3, 4), (Adaptive(3), Adaptive(4))),
            ((0, 6), (0, 3), (_TWO,)),
        )
        for f, d in ((p.max_pool_pick_p, x), (p.max_pool_spread_p, y))
    ],
    sample(p.pool_gather_p, real(2, 3, 4), fixed([[[0, 11], [5, 5]], [[1, 2], [3, 4]]]), rank=2),
    sample(
        p.pool_scatter_p,
        real(2, 2, 2),
        fixed([[[0, 11], [5, 5]], [[1, 2], [3, 4]]]),
        space=(3, 4),
        distinct=False,
    ),
    sample(
        p.pool_scatter_p,
        real(2, 2, 2),
        fixed([[[0, 11], [5, 6]], [[1, 2], [3, 4]]]),
        space=(3, 4),
        distinct=True,
    ),
    *[sample(p.unfold_p, real(*x), **settings) for x, settings, _ in _UNFOLD],
    *[sample(p.fold_p, real(*y), space=x[-len(s["kernel"]) :], **s) for x, s, y in _UNFOLD],
]
