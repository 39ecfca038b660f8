"""Real and imaginary parts, conjugates, and casts between dtypes.

None of them is holomorphic: their adjoints are taken under the real inner product
Re(sum(conj(a) * b)), by which complex gradients are defined (NOTE [complex derivatives]).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import constant, elementwise_real
from .arithmetic import zeros_like


def _real_eval(x: Any) -> Any:
    return x.real.copy()


def _imag_eval(x: Any) -> Any:
    return x.imag.copy()


conj = elementwise_real("conj", np.conj, jvps=[lambda d: conj(d)], vjps=[lambda ct: conj(ct)])

real = elementwise_real(
    "real", _real_eval, jvps=[lambda d: real(d)], vjps=[lambda ct, aval: cast(ct, aval.dtype)]
)
imag = elementwise_real(
    "imag", _imag_eval, jvps=[lambda d: imag(d)], vjps=[lambda ct, aval: times_i(ct, aval.dtype)],
    doc="The imaginary part; zeros for real input.",
)  # fmt: skip


def times_i(x: Any, dtype: Any) -> Any:
    """Return 1j * x in the complex dtype `dtype`; zero where that dtype is real."""
    if dtype.kind != "c":
        return zeros_like(x)
    return cast(x, dtype) * np.array(1j, dtype)


def _cast_aval(x: Aval, *, dtype: np.dtype[Any]) -> Aval:
    return Aval(x.shape, dtype)


def _cast_eval(x: Any, *, dtype: np.dtype[Any]) -> Any:
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        x = x.real
    return x.astype(dtype)


cast_p = elementwise_real(
    "cast", _cast_eval, aval=_cast_aval, grad_name="ToCopyBackward0",
    jvps=[lambda d, *, dtype: cast(d, dtype)],
    vjps=[lambda ct, aval: cast(ct, aval.dtype)],
    doc="Values converted to `dtype`; complex to real keeps the real part. Always a copy.",
)  # fmt: skip

cast_constant = constant("cast_constant", _cast_eval, aval=_cast_aval, pointwise=True)


def cast(x: Any, dtype: Any) -> Any:
    """Convert to `dtype`; complex to real keeps the real part.

    Args:
        x: Any value.
        dtype: A NumPy dtype. Through integer and boolean results nothing flows back.
    """
    dtype = np.dtype(dtype)
    if dtype_of(x) == dtype:
        return x
    return (cast_p if dtype.kind in "fcV" else cast_constant)(x, dtype=dtype)


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype whose parts have `dtype` (complex64 for those without one)."""
    return np.dtype(np.complex128 if dtype.itemsize == 8 else np.complex64)


def _complex_eval(x: Any, y: Any) -> Any:
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), complex_dtype(x.dtype))
    out.real = x
    out.imag = y
    return out if out.ndim else out[()]


complex = elementwise_real(
    "complex", _complex_eval,
    jvps=[
        lambda d: cast(d, complex_dtype(dtype_of(d))), lambda d: times_i(d, complex_dtype(dtype_of(d)))
    ],
    vjps=[lambda ct: real(ct), lambda ct: imag(ct)],
    doc="x + iy of two real operands of one dtype.",
)  # fmt: skip
