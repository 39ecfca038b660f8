"""Discrete Fourier transforms.

Three primitives, all linear: complex to complex, real to complex, complex (Hermitian) to real.
`axes` are counted from the end; `scale` says by what the sum is divided: "none", "sqrt" or "full"
(the number of points n). A DFT matrix is symmetric, so the first is its own transpose. The second
keeps n//2 + 1 of n Hermitian frequencies; all but the first and, for even n, the last stand for
two, which is why each of the second and third has the other as adjoint, up to weights of a half and
of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import linear
from .axes import axis_from_end, batch_in_front, normalize_axis
from .complex import cast, conj, real
from .shape import concatenate, place_slice_p, slice_p

Axes = tuple[int, ...]
AxisOrAxes = int | Sequence[int]

_FORWARD: dict[str, Any] = {"none": "backward", "sqrt": "ortho", "full": "forward"}
_INVERSE: dict[str, Any] = {"none": "forward", "sqrt": "ortho", "full": "backward"}
_COMPLEX: dict[Any, np.dtype[Any]] = {
    np.dtype("f4"): np.dtype("c8"),
    np.dtype("f8"): np.dtype("c16"),
}
_REAL: dict[Any, np.dtype[Any]] = {c: r for r, c in _COMPLEX.items()}


def _c2c_eval(x: Any, *, axes: Axes, inverse: bool, scale: str) -> Any:
    if inverse:
        return np.fft.ifftn(x, axes=axes, norm=_INVERSE[scale])
    return np.fft.fftn(x, axes=axes, norm=_FORWARD[scale])


def _r2c_eval(x: Any, *, axes: Axes, onesided: bool, scale: str) -> Any:
    transform = np.fft.rfftn if onesided else np.fft.fftn
    return transform(x, axes=axes, norm=_FORWARD[scale])


def _r2c_aval(x: Aval, *, axes: Axes, onesided: bool, scale: str) -> Aval:
    shape = list(x.shape)
    if onesided:
        shape[axes[-1]] = shape[axes[-1]] // 2 + 1
    return Aval(tuple(shape), _COMPLEX[x.dtype])


def _c2r_eval(x: Any, *, axes: Axes, points: int, scale: str) -> Any:
    others = axes[:-1]
    if others:
        x = np.fft.ifftn(x, axes=others, norm=_INVERSE[scale])
    return np.fft.irfft(x, points, axes[-1], _INVERSE[scale])


def _c2r_aval(x: Aval, *, axes: Axes, points: int, scale: str) -> Aval:
    shape = list(x.shape)
    shape[axes[-1]] = points
    return Aval(tuple(shape), _REAL[x.dtype])


def _weighted(x: Any, points: int, axis: int, weight: float) -> Any:
    """`x` times `weight`, except at the frequencies that stand for themselves alone."""
    frequencies = points // 2 + 1
    weights = np.full(frequencies, weight, _REAL[dtype_of(x)])
    weights[0] = 1
    if points % 2 == 0:
        weights[-1] = 1
    return x * weights.reshape(frequencies, *(1,) * (-axis - 1))


def _r2c_adjoint(ct: Any, aval: Any, *, axes: Axes, onesided: bool, scale: str) -> Any:
    if not onesided:
        return real(fft_c2c_p(ct, axes=axes, inverse=True, scale=scale))
    points = aval.shape[axes[-1]]
    return fft_c2r_p(_weighted(ct, points, axes[-1], 0.5), axes=axes, points=points, scale=scale)


def _c2r_adjoint(ct: Any, *, axes: Axes, points: int, scale: str) -> Any:
    return _weighted(fft_r2c_p(ct, axes=axes, onesided=True, scale=scale), points, axes[-1], 2)


fft_c2c_p = linear(
    "fft_c2c",
    _c2c_eval,
    lambda ct, *, axes, inverse, scale: fft_c2c_p(ct, axes=axes, inverse=inverse, scale=scale),
    aval=lambda x, **_: x,
    batch=batch_in_front(lambda: fft_c2c_p),
    grad_name="FftC2CBackward0",
    doc="Sums of x * exp(-2 pi i jk/n), of exp(+2 pi i jk/n) if `inverse`.",
)

fft_r2c_p = linear(
    "fft_r2c", _r2c_eval, _r2c_adjoint, aval=_r2c_aval, holomorphic=False,
    batch=batch_in_front(lambda: fft_r2c_p), grad_name="FftR2CBackward0",
    doc="The forward transform of real x; `onesided` leaves out the redundant half of the last "
        "axis.",
)  # fmt: skip

fft_c2r_p = linear(
    "fft_c2r", _c2r_eval, _c2r_adjoint, aval=_c2r_aval, holomorphic=False,
    batch=batch_in_front(lambda: fft_c2r_p), grad_name="FftC2RBackward0",
    doc="The real inverse transform of one half of a Hermitian spectrum, to `points` points. "
        "Imaginary parts "
    "of the frequencies that are real by symmetry are not looked at.",
)  # fmt: skip


def fft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Transform one axis, padded with zeros or cut to `n` points.

    Args:
        x: Real or complex, any shape.
        n: Number of points; the axis's length by default.
        dim: The axis.
        norm: "backward" (no factor, the default), "ortho" (1/sqrt(n)) or "forward" (1/n). An
            inverse transform has the complementary factor.

    Returns:
        Complex, `n` long along `dim`.

    Raises:
        ShapeError: There are no points, or the norm is unknown.
        DtypeError: Half precision.
    """
    return _complex("fft", x, *_one(x, n, dim), norm, inverse=False)


def ifft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `fft`."""
    return _complex("ifft", x, *_one(x, n, dim), norm, inverse=True)


def rfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Transform a real axis to its n//2 + 1 frequencies that are not negative."""
    return _to_half("rfft", x, *_one(x, n, dim), norm, inverse=False)


def irfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `rfft`; `n` defaults to the even number 2 * (length - 1)."""
    return _from_half("irfft", x, *_one(x, n, dim), norm, inverse=True)


def hfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real forward transform of an axis that is half of a Hermitian signal."""
    return _from_half("hfft", x, *_one(x, n, dim), norm, inverse=False)


def ihfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `hfft`."""
    return _to_half("ihfft", x, *_one(x, n, dim), norm, inverse=True)


def fftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """Transform several axes (all by default; the last len(s) if only `s` is given); see `fft`."""
    return _complex("fftn", x, *_several(x, s, dim), norm, inverse=False)


def ifftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """The inverse of `fftn`."""
    return _complex("ifftn", x, *_several(x, s, dim), norm, inverse=True)


def rfftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """Transform several axes of a real array; the last one named keeps the frequencies >= 0."""
    return _to_half("rfftn", x, *_several(x, s, dim), norm, inverse=False)


def irfftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """The inverse of `rfftn`."""
    return _from_half("irfftn", x, *_several(x, s, dim), norm, inverse=True)


def hfftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """`hfft` over several axes, the last one named being the half one."""
    return _from_half("hfftn", x, *_several(x, s, dim), norm, inverse=False)


def ihfftn(
    x: Any, s: Sequence[int] | None = None, dim: AxisOrAxes | None = None, norm: str | None = None
) -> Any:
    """The inverse of `hfftn`."""
    return _to_half("ihfftn", x, *_several(x, s, dim), norm, inverse=True)


def fftshift(x: Any, dim: AxisOrAxes | None = None) -> Any:
    """Move frequency 0 to the middle of each axis in `dim` (all by default)."""
    for axis in _shifted_axes(x, dim):
        x = _rolled(x, axis, x.shape[axis] // 2)
    return x


def ifftshift(x: Any, dim: AxisOrAxes | None = None) -> Any:
    """The inverse of `fftshift`, which differs from it for odd lengths."""
    for axis in _shifted_axes(x, dim):
        x = _rolled(x, axis, (x.shape[axis] + 1) // 2)
    return x


def _shifted_axes(x: Any, dim: AxisOrAxes | None) -> Sequence[int]:
    rank = len(x.shape)
    if dim is None:
        return range(rank)
    return [normalize_axis(a, rank) for a in ((dim,) if isinstance(dim, int) else dim)]


def _rolled(x: Any, axis: int, by: int) -> Any:
    n = x.shape[axis]
    if not 0 < by < n:
        return x
    lead = (slice(None),) * axis
    halves = [slice_p(x, index=(*lead, part)) for part in (slice(n - by, n), slice(0, n - by))]
    return concatenate(halves, axis)


def fftfreq(n: int, d: float = 1.0, dtype: Any = np.float64) -> Any:
    """The frequencies of `fft`'s `n` results for a sampling step `d`: (0, 1, ..., -1) / (n d)."""
    k = np.concatenate([np.arange((n + 1) // 2), np.arange(-(n // 2), 0)])
    return (k.astype(dtype) * np.dtype(dtype).type(1 / (n * d) if n else 0)).astype(
        dtype, copy=False
    )


def rfftfreq(n: int, d: float = 1.0, dtype: Any = np.float64) -> Any:
    """The frequencies of `rfft`'s n//2 + 1 results for a sampling step `d`."""
    k = np.arange(n // 2 + 1)
    return (k.astype(dtype) * np.dtype(dtype).type(1 / (n * d) if n else 0)).astype(
        dtype, copy=False
    )


def _complex(
    name: str, x: Any, axes: Axes, sizes: Sequence[int | None], norm: str | None, *, inverse: bool
) -> Any:
    x = _checked(x)
    points = [x.shape[a] if n is None else n for a, n in zip(axes, sizes, strict=True)]
    x = _resized(x, axes, points)
    if not axes:
        return x if dtype_of(x).kind == "c" else cast(x, _COMPLEX[dtype_of(x)])
    scale = _scale(norm, inverse)
    if dtype_of(x).kind == "c":
        return fft_c2c_p(x, axes=axes, inverse=inverse, scale=scale)
    out = fft_r2c_p(x, axes=axes, onesided=False, scale=scale)
    return (
        conj(out) if inverse else out
    )  # of a real signal: the sum with exp(+...) is the conjugate


def _to_half(
    name: str, x: Any, axes: Axes, sizes: Sequence[int | None], norm: str | None, *, inverse: bool
) -> Any:
    if dtype_of(x).kind == "c":
        raise DtypeError(f"{name} expects a real input tensor, but got {dtype_of(x)}")
    if not axes:
        raise ShapeError(f"{name} must transform at least one axis")
    x = _checked(x)
    points = [x.shape[a] if n is None else n for a, n in zip(axes, sizes, strict=True)]
    x = _resized(x, axes, points)
    out = fft_r2c_p(x, axes=axes, onesided=True, scale=_scale(norm, inverse))
    return conj(out) if inverse else out


def _from_half(
    name: str, x: Any, axes: Axes, sizes: Sequence[int | None], norm: str | None, *, inverse: bool
) -> Any:
    if not axes:
        raise ShapeError(f"{name} must transform at least one axis")
    x = _checked(x)
    if dtype_of(x).kind != "c":
        x = cast(x, _COMPLEX[dtype_of(x)])
    elif not inverse:
        x = conj(x)
    points = [x.shape[a] if n is None else n for a, n in zip(axes, sizes, strict=True)]
    last = sizes[-1]
    size = 2 * (points[-1] - 1) if last is None else last
    if size < 1:
        raise ShapeError(f"Invalid number of data points ({size}) specified")
    x = _resized(x, axes, [*points[:-1], size // 2 + 1])
    return fft_c2r_p(x, axes=axes, points=size, scale=_scale(norm, inverse))


def _one(x: Any, n: int | None, dim: int) -> tuple[Axes, list[int | None]]:
    if not len(x.shape):
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return (axis_from_end(dim, len(x.shape)),), [n]


def _several(
    x: Any, s: Sequence[int] | None, dim: AxisOrAxes | None
) -> tuple[Axes, list[int | None]]:
    rank = len(x.shape)
    if isinstance(dim, int):
        dim = (dim,)
    if isinstance(s, int):
        s = (s,)
    if s is not None and dim is not None and len(s) != len(dim):
        raise ShapeError("When given, dim and shape arguments must have the same length")
    if dim is not None:
        axes = tuple(axis_from_end(a, rank) for a in dim)
        if len(set(axes)) != len(axes):
            raise ShapeError("FFT dims must be unique")
    elif s is not None:
        if len(s) > rank:
            raise ShapeError(
                f"Got shape with {len(s)} values but input tensor only has {rank} dimensions."
            )
        axes = tuple(range(-len(s), 0))
    else:
        axes = tuple(range(-rank, 0))
    sizes: list[int | None] = [None] * len(axes)
    if s is not None:
        sizes = [None if n == -1 else n for n in s]
    return axes, sizes


def _scale(norm: str | None, inverse: bool) -> str:
    if norm not in (None, "backward", "ortho", "forward"):
        raise ShapeError(f'Invalid normalization mode: "{norm}"')
    if norm == "ortho":
        return "sqrt"
    return "full" if (norm == "forward") != inverse else "none"


def _checked(x: Any) -> Any:
    dtype = dtype_of(x)
    if dtype.kind in "biu":
        return cast(x, np.float64)
    if dtype not in _COMPLEX and dtype not in _REAL:
        raise DtypeError(
            f"Unsupported dtype {dtype}: Fourier transforms are computed in single or double "
            "precision"
        )
    return x


def _resized(x: Any, axes: Axes, sizes: Sequence[int]) -> Any:
    """`x` cut, or padded with zeros behind, to `sizes` along `axes`."""
    for n in sizes:
        if n < 1:
            raise ShapeError(f"Invalid number of data points ({n}) specified")
    shape = list(x.shape)
    cut, place = [slice(None)] * len(shape), [slice(None)] * len(shape)
    larger = list(shape)
    for a, n in zip(axes, sizes, strict=True):
        cut[a] = slice(0, min(n, shape[a]))
        place[a] = slice(0, min(n, shape[a]))
        larger[a] = n
    if any(n < shape[a] for a, n in zip(axes, sizes, strict=True)):
        x = slice_p(x, index=tuple(cut))
    if any(n > shape[a] for a, n in zip(axes, sizes, strict=True)):
        x = place_slice_p(x, index=tuple(place), shape=tuple(larger))
    return x
