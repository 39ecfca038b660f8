"""Samples of `dualtape.ops.spectral`.

Complex eigenvectors and singular vectors are compared with PyTorch's instead, on functions that do
not depend on their phases, which LAPACK chooses without continuity.
"""

from typing import Any

import numpy as np

from ...ops import spectral as s
from ..sample import Array, fixed, hermitian, matrix, real, sample

_SHAPES = ((3, 3), (2, 2, 2), (1, 1), (0, 3, 3))


def _tiny(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    return np.asarray(1e-14)


def _zero(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    return np.asarray(0.0)


def _one_each(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    return np.asarray([1e-14, 1e-13])


SAMPLES = [
    *[
        sample(s.eigh_p, matrix(*shape, kind="spd"), upper=upper, complex=False, tangent=hermitian)
        for shape in _SHAPES
        for upper in (False, True)
    ],
    *[
        sample(s.eigvalsh_p, matrix(*shape, kind="spd"), upper=False, tangent=hermitian)
        for shape in _SHAPES
    ],
    sample(s.eigvalsh_p, fixed([[1.0, 2.0], [2.0, -1.0]]), upper=True, tangent=hermitian),
    # Real eigenvectors under real cotangents: then no phase matters.
    *[
        sample(s.eig_p, fixed(a), complex=False, cotangent=lambda c: c.real + 0j)
        for a in ([[2.0, 1.0], [0.5, 3.0]], [[[1.0, 0.3, 0.2], [0.2, 3.0, 0.4], [0.3, 0.1, 5.0]]])
    ],
    *[
        sample(s.eigvals_p, fixed(a))
        for a in ([[2.0, 1.0], [0.5, 3.0]], [[1.0, 0.2, 0.0], [0.1, 3.0, 0.1], [0.3, 0.0, 5.0]])
    ],
    sample(s.eigvals_p, fixed([[1.0, 2.0], [-3.0, 1.0]]), complex=False),
    *[
        sample(s.svd_p, matrix(*shape), full=False, complex=False)
        for shape in (*_SHAPES, (4, 2), (2, 4), (2, 3, 2), (0, 2))
    ],
    sample(s.svd_p, matrix(2, 3, 3), full=True, complex=False),
    *[sample(s.svdvals_p, matrix(*shape)) for shape in (*_SHAPES, (4, 2), (2, 4))],
    *[
        sample(s.pinv_p, matrix(*shape), _tiny, _zero, hermitian=False)
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 2))
    ],
    sample(s.pinv_p, matrix(3, 3, kind="spd"), _tiny, _zero, hermitian=True, tangent=hermitian),
    sample(s.pinv_p, matrix(3, 3), _one_each, _zero, hermitian=False, complex=False),
    sample(s.ratio, real(3, 1), fixed([1.0, -2.0])),
    sample(
        s.phase_free_p, fixed([[1.0, 2.0], [3.0, 4.0]]), name="f", vectors="vectors", complex=False
    ),
]
