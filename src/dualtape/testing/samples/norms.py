"""Samples of `dualtape.ops.norms` and `dualtape.ops.guarded`."""

from ...ops import guarded as g
from ...ops import norms as n
from ..sample import distinct, positive, real, sample
from .reduce import AXES

INF = float("inf")

SAMPLES = [
    *[
        sample(n.vector_norm_p, distinct(2, 3), ord=o, **a)
        for o in (0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1)
        for a in AXES
    ],
    sample(n.vector_norm_p, real(2, 3)),
    sample(n.vector_norm_p, real(), ord=2, axes=(), keepdims=False),
    sample(n.vector_norm_p, real(0, 2), ord=3, axes=(0,), keepdims=False),
    *[sample(n.logsumexp_p, positive(2, 3), **a) for a in AXES],
    sample(n.logsumexp_p, real(), axes=(), keepdims=False),
    sample(n.logsumexp_p, real(2, 0), axes=(0,), keepdims=False),
    sample(g.div_or_zero, real(2, 1), positive(3)),
    sample(g.div_or_zero, positive(), positive(2, 3)),
    *[sample(g.power_or_zero_p, positive(3), exponent=e) for e in (1, 2, 0.5, -1.5)],
]
