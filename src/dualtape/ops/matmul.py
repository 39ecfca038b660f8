"""Products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import broadcast_shapes, multilinear
from .shape import transpose_p


def _swapped(x: Any) -> Any:
    n = len(x.shape)
    return transpose_p(x, axis0=n - 2, axis1=n - 1)


def _matmul_aval(x: Aval, y: Aval) -> Aval:
    lead = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    return Aval((*lead, x.shape[-2], y.shape[-1]), x.dtype)


matmul_p = multilinear(
    "matmul", np.matmul, lambda ct, y: matmul_p(ct, _swapped(y)), lambda ct, x: matmul_p(_swapped(x), ct),
    aval=_matmul_aval, grad_name="MmBackward0",
    doc="Products of matrices in the last two axes; the axes before broadcast.",
)  # fmt: skip


def matmul(x: Any, y: Any) -> Any:
    """Multiply matrices in the last two axes; the axes before broadcast."""
    return matmul_p(x, y)
