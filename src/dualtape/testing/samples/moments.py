"""Samples of `dualtape.ops.moments`."""

from ...ops import moments as m
from ..sample import real, sample
from .reduce import AXES

SAMPLES = [
    *[
        sample(p, real(2, 3), **a, correction=c)
        for p in (m.var_p, m.std_p, m.var_mean_p, m.std_mean_p)
        for a, c in zip(AXES, (1, 0, 0.5, 0), strict=True)
        if a["axes"]
        or p not in (m.std_p, m.std_mean_p)  # a standard deviation of one number has a kink
    ],
    *[sample(p, real(*s)) for p in (m.var_p, m.std_p) for s in [(4,), (2, 3)]],
    sample(m.var_p, real(2, 0, 3), axes=(0,), keepdims=False, correction=1),
]
