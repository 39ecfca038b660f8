"""Samples of `dualtape.ops.attention`."""

import numpy as np

from ...ops import attention as a
from ..sample import fixed, real, sample

SAMPLES = [
    sample(a.safe_softmax_p, real(2, 3), complex=False),
    sample(a.safe_softmax_p, real(0, 3), complex=False),
    # Minus infinity has no central difference, but the rest does.
    sample(
        a.safe_softmax_p, fixed([[1.0, -np.inf, 2.0], [-np.inf, -np.inf, -np.inf]]), complex=False
    ),
]
