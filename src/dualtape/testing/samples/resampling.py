"""Samples of `dualtape.ops.resampling`."""

from ...ops import resampling as r
from ...ops.stencils import Adaptive, Interpolation, Sliding, Stencil
from ..sample import real, sample

_OVERHANGING = Sliding(3, 2, 1, 1, 1, 4)
_CASES: list[tuple[tuple[int, ...], tuple[Stencil, ...]]] = [
    ((2, 6, 6), (Sliding(2, 2, 0, 0, 1, 3), _OVERHANGING)),
    ((2, 16), (Sliding(8, 8, 0, 0, 1, 2),)),
    ((9, 2), (Sliding(9, 9, 0, 0, 1, 1), Sliding(1, 1, 0, 0, 1, 2))),
    ((0, 5), (Sliding(2, 1, 0, 0, 1, 4),)),
    ((2, 5, 3), (Adaptive(3), Adaptive(5))),
    ((2, 5), (Adaptive(0),)),
]
_GRIDS = [
    (kind, 5, count, align, scale)
    for kind in (
        "nearest",
        "nearest-exact",
        "linear",
        "cubic",
        "linear-aa",
        "cubic-aa",
        "lanczos-aa",
    )
    for count in (3, 5, 8, 10)
    for align, scale in ((False, None), (True, None), (False, 1.7))
    if not (align and kind.startswith("nearest"))
]

SAMPLES = [
    *[
        sample(p, real(*shape), stencils=stencils, divide=divide)
        for shape, stencils in _CASES
        for p in (r.avg_pool2d_p, r.adaptive_avg_pool2d_p)
        for divide in (None, "padding", "inside", 3)
    ],
    sample(
        r.avg_pool3d_p,
        real(1, 4, 2, 3),
        stencils=(Sliding(2, 1, 0, 0, 1, 3),) + (Sliding(2, 2, 0, 0, 1, 1),) * 2,
        divide="inside",
    ),
    sample(r.adaptive_avg_pool3d_p, real(1, 4, 2, 3), stencils=(Adaptive(2),) * 3, divide="inside"),
    *[
        sample(
            p, real(2, 3), stencils=(Interpolation("linear", 5, False, None, False),), divide=None
        )
        for p in r.upsample_ps.values()
    ],
    *[
        sample(
            r.resample_p,
            real(2, size, 2),
            stencils=(Interpolation(kind, count, align, scale, False),) * 2,
            divide=None,
        )
        for kind, size, count, align, scale in _GRIDS
    ],
    *[
        sample(
            r.resample_transpose_p,
            real(2, count),
            space=(size,),
            stencils=(Interpolation(kind, count, align, scale, False),),
            divide=None,
        )
        for kind, size, count, align, scale in _GRIDS
    ],
    *[
        sample(
            r.resample_transpose_p,
            real(2, *(s.count for s in stencils)),
            space=shape[-len(stencils) :],
            stencils=stencils,
            divide="inside",
        )
        for shape, stencils in _CASES
    ],
]
