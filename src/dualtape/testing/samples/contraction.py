"""Samples of `dualtape.ops.contraction`."""

from ...ops import contraction as c
from ..sample import real, sample

SAMPLES = [
    sample(c.contract_p, real(*s), real(*t), x_names=x, y_names=y, out=out)
    for s, t, x, y, out in (
        ((2, 3), (3, 4), "ij", "jk", "ik"),
        ((2, 3), (4, 3), "ij", "kj", "ki"),
        ((2, 3, 4), (2, 4, 5), "bij", "bjk", "kbi"),
        ((2, 3, 4), (4, 3, 5), "ijk", "kjl", "li"),
        ((2, 3), (2, 3), "ij", "ij", ""),
        ((2, 3), (2, 3), "ij", "ij", "i"),
        ((3,), (3, 2), "i", "ij", "j"),
        ((3, 2), (2,), "ij", "j", "i"),
        ((2,), (3,), "i", "j", "ji"),
        ((2, 3), (3, 2), "ij", "ji", "ij"),
        ((), (2,), "", "i", "i"),
        ((), (), "", "", ""),
        ((0, 2), (2, 3), "ij", "jk", "ik"),
        ((2, 0), (0, 3), "ij", "jk", "ik"),
    )
]
