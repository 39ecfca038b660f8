"""The abstract value: what is known of an array without its numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16))
"""NumPy's own floating dtypes. `d in FLOATS` compares by identity first: half the time of `d.kind == "f"`."""


class Aval(NamedTuple):
    """Shape and dtype of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        n = 1
        for s in self.shape:
            n *= s
        return n

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


def aval_of(x: Any) -> Aval:
    """Return the abstract value of anything that has a shape and a dtype, or of a Python number."""
    x = getattr(x, "value", x)  # a tensor's dtype may be its front end's
    dtype = getattr(x, "dtype", None)
    if isinstance(dtype, np.dtype):
        return Aval(tuple(x.shape), dtype)
    array = np.asarray(x)
    return Aval(array.shape, array.dtype)


def is_inexact(dtype: np.dtype[Any]) -> bool:
    """True for floating and complex dtypes, bfloat16 and its kin included: those with derivatives."""
    return dtype.kind in "fc" or (dtype.kind == "V" and dtype.names is None and dtype.itemsize <= 2)


def bfloat16() -> np.dtype[Any]:
    """The bfloat16 dtype of ml_dtypes.

    Raises:
        ImportError: ml_dtypes is not installed.
    """
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError("bfloat16 needs ml_dtypes: pip install 'dualtape[bf16]'") from error
    dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return dtype
