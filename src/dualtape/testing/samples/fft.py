"""Samples of `dualtape.ops.fft`."""

from typing import Any

import numpy as np

from ...ops import fft as f
from ..sample import Array, Operand, sample


def _complex(*shape: int) -> Operand:
    """Complex whatever the dtype asks for, in its precision."""

    def make(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        a = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        return a.astype(
            np.complex64 if dtype.itemsize * (2 - (dtype.kind == "c")) == 8 else np.complex128
        )

    return make


def _real(*shape: int) -> Operand:
    def make(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        return np.asarray(rng.standard_normal(shape), dtype.type().real.dtype)

    return make


SAMPLES = [
    *[
        sample(f.fft_c2c_p, _complex(3, 4), axes=axes, inverse=inverse, scale=scale, complex=False)
        for axes in ((-1,), (-2, -1))
        for inverse in (False, True)
        for scale in ("none", "sqrt", "full")
    ],
    sample(f.fft_c2c_p, _complex(0, 4), axes=(-1,), inverse=False, scale="none", complex=False),
    *[
        sample(f.fft_r2c_p, _real(*shape), axes=axes, onesided=onesided, scale=scale, complex=False)
        for shape in ((3, 4), (4, 5), (3, 1))
        for axes in ((-1,), (-2, -1), (-1, -2))
        for onesided in (False, True)
        for scale in ("none", "sqrt", "full")
    ],
    *[
        sample(f.fft_c2r_p, _complex(*shape), axes=axes, points=points, scale=scale, complex=False)
        for shape, axes, points in (
            ((3, 4), (-1,), 6), ((3, 4), (-1,), 7), ((3, 4), (-1, -2), 4), ((3, 4), (-1, -2), 5),
            ((3, 1), (-1,), 1), ((3, 4), (-2, -1), 6),
        )
        for scale in ("none", "sqrt", "full")
    ],
]  # fmt: skip
