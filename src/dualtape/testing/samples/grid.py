"""Samples of `dualtape.ops.grid`."""

from ...ops import grid as g
from ..sample import fixed, real, sample

_SETTINGS = [
    (n, align, padding)
    for n in (1, 4)
    for align in (False, True)
    for padding in ("zeros", "border", "reflection")
]

SAMPLES = [
    *[
        sample(p, real(3, 5, low=-3, high=3), n=n, align=align, padding=padding, complex=False)
        for n, align, padding in _SETTINGS
        for p in (g.grid_place, g.grid_slope)
    ],
    *[
        sample(
            g.grid_node,
            real(3, 5, low=-3, high=7),
            offset=offset,
            nearest=nearest,
            n=n,
            align=align,
            padding=padding,
            complex=False,
        )
        for n, align, padding in _SETTINGS
        for offset, nearest in ((0, False), (1, False), (0, True))
    ],
    sample(g.at_place, real(2, 3), real(4)),
    sample(g.zero_slope, real(2, 3), real(4)),
    sample(g.grid_inside, fixed([-1, 0, 3]), complex=False),
    sample(g.grid_clamped, fixed([-1, 0, 3]), complex=False),
    sample(g.grid_floor, real(3), complex=False),
]
