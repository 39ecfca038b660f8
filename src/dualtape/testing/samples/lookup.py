"""Samples of `dualtape.ops.lookup`."""

import numpy as np

from ...ops import lookup as k
from ..sample import fixed, integers, real, sample

TWICE = fixed(np.array([2, 0, 2]))

SAMPLES = [
    sample(
        k.embedding_with_padding_p, real(4, 2), TWICE, fixed(np.ones(3, bool)), axis=0, depth=1
    ),
    sample(
        k.embedding_with_padding_p, real(4, 2), fixed(np.array([[1, 0], [1, 3]])),
        fixed(np.ones((2, 2), bool)), axis=0, depth=1,
    ),
    sample(k.scaled_gradient_p, real(2, 3), fixed(np.ones(3))),
    sample(k.inverse_frequency_p, integers(5, below=3), dtype=np.dtype(np.float64)),
    sample(k.inverse_frequency_p, integers(0, below=3), dtype=np.dtype(np.float64)),
    sample(k.one_hot_p, integers(2, 3, below=4), classes=4),
    sample(k.one_hot_p, integers(below=4), classes=5),
    sample(k.unravel_p, integers(4, below=6), shape=(2, 3), axis=1),
]  # fmt: skip
