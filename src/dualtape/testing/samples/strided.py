"""Samples of `dualtape.ops.strided`."""

from typing import Any

import numpy as np

from ...ops import strided as s
from ..sample import Operand, real, sample


def pairs(*shape: int) -> Operand:
    """Complex numbers, whatever the dtype of the check."""
    wide = real(*shape)

    def make(rng: np.random.Generator, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        narrow = dtype in (np.dtype(np.float32), np.dtype(np.complex64))
        return wide(rng, np.dtype(np.complex64 if narrow else np.complex128))

    return make


SAMPLES = [
    sample(s.unfold_p, real(7), axis=0, size=3, step=2),
    sample(s.unfold_p, real(2, 6, 2), axis=1, size=4, step=1),
    sample(s.unfold_p, real(5, 2), axis=0, size=2, step=3),
    sample(s.unfold_p, real(5), axis=0, size=0, step=1),
    sample(s.fold_p, real(3, 3), axis=0, size=3, step=2, length=8),
    sample(s.fold_p, real(2, 3, 3, 4), axis=1, size=4, step=1, length=6),
    sample(s.as_strided_p, real(3, 4), shape=(2, 3), strides=(5, 1), offset=2),
    sample(s.as_strided_p, real(6), shape=(4, 3), strides=(1, 1), offset=0),
    sample(s.as_strided_p, real(6), shape=(2, 2), strides=(0, 3), offset=1),
    sample(s.as_strided_p, real(6), shape=(), strides=(), offset=5),
    sample(s.as_strided_p, real(6), shape=(0, 2), strides=(1, 1), offset=5),
    sample(s.strides_added_p, real(4, 3), like=(2, 3), shape=(4, 3), strides=(1, 1), offset=0),
    sample(s.view_as_real_p, pairs(2, 3), complex=False),
    sample(s.view_as_real_p, pairs(), complex=False),
    sample(s.view_as_complex_p, real(3, 2), complex=False),
    sample(s.view_as_complex_p, real(2), complex=False),
]
