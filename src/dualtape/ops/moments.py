"""Variances and standard deviations over axes, alone or with the mean.

The sum of squared distances from the mean is divided by n - correction, and by 0 where that is
negative. Of complex numbers the variance is that of their distances, a real number. The standard
deviation's subgradient at 0 is 0. All of it as in PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import general
from ..core.summation import add_up
from .axes import (
    Axes,
    AxesLike,
    batch_reduction,
    count_along,
    in_front,
    normalize_axes,
    reduced_shape,
    restore_axes,
)
from .complex import conj, real
from .guarded import div_or_zero
from .reduce import mean_p, sum_p


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part."""
    return np.empty(0, dtype).real.dtype if dtype.kind == "c" else dtype


def real_product(a: Any, d: Any) -> Any:
    """Re(conj(a) d): the product, for real numbers."""
    return real(conj(a) * d) if dtype_of(a).kind == "c" else a * d


def every_axis(x: Any, axes: Axes | None) -> Axes:
    """The axes, None standing for all."""
    return tuple(range(len(x.shape))) if axes is None else axes


def _mean_and_square(x: Any, axes: Axes | None) -> tuple[Any, Any]:
    """The mean, its axes kept, and the sum of squared distances from it, its axes kept too."""
    n = x.size if axes is None else count_along(x.shape, axes)
    center = np.asarray(add_up(x, axes, True)) / n
    away = np.asarray(x - center)
    if away.dtype.kind == "c":
        away = np.square(away.real) + np.square(away.imag)
    elif axes is None and away.flags.c_contiguous:
        row = away.reshape(-1)
        return center, row.dot(row)
    else:
        np.square(away, out=away)
    return center, add_up(away, axes, True)


def _moments(x: Any, axes: Axes | None, keepdims: bool, correction: float) -> tuple[Any, Any]:
    """The variance and the mean."""
    half = x.dtype.itemsize == 2
    center, square = _mean_and_square(np.asarray(x, np.float32 if half else None), axes)
    n = x.size if axes is None else count_along(x.shape, axes)
    variance = square / (n - correction if n > correction else 0)
    shape = reduced_shape(x.shape, every_axis(x, axes), keepdims)
    return (
        variance.reshape(shape).astype(real_dtype(x.dtype), copy=False)[()],
        center.reshape(shape).astype(x.dtype, copy=False)[()],
    )


def _var_eval(
    x: Any, *, axes: Axes | None = None, keepdims: bool = False, correction: float = 1
) -> Any:
    return _moments(x, axes, keepdims, correction)[0]


def _std_eval(
    x: Any, *, axes: Axes | None = None, keepdims: bool = False, correction: float = 1
) -> Any:
    return np.sqrt(_moments(x, axes, keepdims, correction)[0])


def _std_mean_eval(x: Any, *, axes: Axes, keepdims: bool, correction: float) -> Any:
    variance, center = _moments(x, axes, keepdims, correction)
    return np.sqrt(variance), center


def _var_aval(
    x: Aval, *, axes: Axes | None = None, keepdims: bool = False, correction: float = 1
) -> Aval:
    return Aval(reduced_shape(x.shape, every_axis(x, axes), keepdims), real_dtype(x.dtype))


def _pair_aval(x: Aval, *, axes: Axes, keepdims: bool, correction: float) -> tuple[Aval, Aval]:
    shape = reduced_shape(x.shape, axes, keepdims)
    return Aval(shape, real_dtype(x.dtype)), Aval(shape, x.dtype)


def _slope(x: Any, axes: Axes | None, correction: float) -> Any:
    """The derivative of the variance: 2 (x - mean) / (n - correction)."""
    axes = every_axis(x, axes)
    away = x - mean_p(x, axes=axes, keepdims=True)
    free = count_along(x.shape, axes) - correction
    if free <= 0:  # PyTorch's: infinite, and NaN at the mean
        return away * conj(away) * np.inf
    return away * (2 / free)


def _pushed(d: Any, x: Any, axes: Axes | None, keepdims: bool, correction: float) -> Any:
    return sum_p(
        real_product(_slope(x, axes, correction), d), axes=every_axis(x, axes), keepdims=keepdims
    )


def _pulled(ct: Any, x: Any, axes: Axes | None, keepdims: bool, correction: float) -> Any:
    return restore_axes(ct, x.shape, every_axis(x, axes), keepdims) * _slope(x, axes, correction)


def _center_pulled(ct: Any, x: Any, axes: Axes, keepdims: bool) -> Any:
    return restore_axes(ct / count_along(x.shape, axes), x.shape, axes, keepdims)


def _half_by(d: Any, std: Any) -> Any:
    """The derivative of the square root, 0 at 0."""
    return div_or_zero(d, std + std)


# Both default to all axes and Bessel's correction, so that the commonest call has no parameters.
var_p: Any = general(
    "var",
    _var_eval,
    aval=_var_aval,
    batch=batch_reduction(lambda: var_p),
    holomorphic=False,
    jvp=lambda d, x, *, axes=None, keepdims=False, correction=1: _pushed(
        d, x, axes, keepdims, correction
    ),
    vjp=lambda ct, x, *, axes=None, keepdims=False, correction=1: _pulled(
        ct, x, axes, keepdims, correction
    ),
)

std_p: Any = general(
    "std", _std_eval, aval=_var_aval, batch=batch_reduction(lambda: std_p), holomorphic=False,
    jvp=lambda d, x, out, *, axes=None, keepdims=False, correction=1: _half_by(
        _pushed(d, x, axes, keepdims, correction), out
    ),
    vjp=lambda ct, x, out, *, axes=None, keepdims=False, correction=1: _pulled(
        _half_by(ct, out), x, axes, keepdims, correction
    ),
)  # fmt: skip

var_mean_p: Any = general(
    "var_mean", lambda x, **params: _moments(x, **params), outputs=2, aval=_pair_aval,
    batch=lambda v, w, size, *, axes, **params: (
        var_mean_p(in_front(v[0], w[0]), axes=tuple(a + 1 for a in axes), **params), 0
    ),
    holomorphic=False,
    jvp=lambda d, x, *, axes, keepdims, correction: (
        _pushed(d, x, axes, keepdims, correction), mean_p(d, axes=axes, keepdims=keepdims)
    ),
    vjp=lambda ct, x, *, axes, keepdims, correction: (
        _pulled(ct[0], x, axes, keepdims, correction) + _center_pulled(ct[1], x, axes, keepdims)
    ),
)  # fmt: skip

std_mean_p: Any = general(
    "std_mean",
    _std_mean_eval,
    outputs=2,
    aval=_pair_aval,
    batch=lambda v, w, size, *, axes, **params: (
        std_mean_p(in_front(v[0], w[0]), axes=tuple(a + 1 for a in axes), **params),
        0,
    ),
    holomorphic=False,
    jvp=lambda d, x, out0, *, axes, keepdims, correction: (
        _half_by(_pushed(d, x, axes, keepdims, correction), out0),
        mean_p(d, axes=axes, keepdims=keepdims),
    ),
    vjp=lambda ct, x, out0, *, axes, keepdims, correction: (
        _pulled(_half_by(ct[0], out0), x, axes, keepdims, correction)
        + _center_pulled(ct[1], x, axes, keepdims)
    ),
)


def _run(primitive: Any, x: Any, axes: AxesLike, keepdims: bool, correction: float) -> Any:
    if axes is None and not keepdims and correction == 1:
        return primitive(x)
    return primitive(
        x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims, correction=correction
    )


def var(x: Any, axes: AxesLike = None, keepdims: bool = False, correction: float = 1) -> Any:
    """The variance over `axes`, None for all, with n - `correction` in the denominator.

    Args:
        x: Floating or complex; the result is real.
        axes: As for `sum`.
        keepdims: As for `sum`.
        correction: 1 for the unbiased estimate from a sample, 0 for a whole population.
    """
    return _run(var_p, x, axes, keepdims, correction)


def std(x: Any, axes: AxesLike = None, keepdims: bool = False, correction: float = 1) -> Any:
    """The standard deviation, the square root of `var`; its subgradient at 0 is 0."""
    return _run(std_p, x, axes, keepdims, correction)


def var_mean(
    x: Any, axes: AxesLike = None, keepdims: bool = False, correction: float = 1
) -> tuple[Any, Any]:
    """The variance and the mean, from one pass for the mean."""
    axes = normalize_axes(axes, len(x.shape))
    return var_mean_p(x, axes=axes, keepdims=keepdims, correction=correction)  # type: ignore[no-any-return]


def std_mean(
    x: Any, axes: AxesLike = None, keepdims: bool = False, correction: float = 1
) -> tuple[Any, Any]:
    """The standard deviation and the mean."""
    axes = normalize_axes(axes, len(x.shape))
    return std_mean_p(x, axes=axes, keepdims=keepdims, correction=correction)  # type: ignore[no-any-return]
