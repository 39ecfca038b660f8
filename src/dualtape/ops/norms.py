"""Norms of vectors along axes, and the logarithm of a sum of exponentials.

The subgradient of a norm at 0 is 0, of a maximum norm it is shared evenly by the largest elements:
PyTorch's choices. Of complex vectors the norms are real, and the derivative is the one by Re<u, d>,
where u is the direction in which the norm grows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import general
from ..core.summation import add_up, reduce_over
from .arithmetic import zeros_like
from .axes import (
    Axes,
    AxesLike,
    add_reduce,
    batch_reduction,
    max_reduce,
    min_reduce,
    normalize_axes,
    reduced_aval,
    reduced_shape,
    restore_axes,
    size_of,
)
from .evaluation import is_half
from .exponential import exp
from .extrema import tie_share
from .guarded import div_or_zero, power_or_zero
from .moments import every_axis, real_dtype, real_product
from .numbers import abs_, sgn
from .reduce import sum_p
from .shape import reshape


def _norm_eval(
    x: Any, *, ord: float = 2.0, axes: Axes | None = None, keepdims: bool = False
) -> Any:
    dtype = real_dtype(x.dtype)
    if is_half(x.dtype):
        x = x.astype(np.float32)
    if ord == 2:
        if x.dtype.kind == "c":
            squares = np.square(x.real) + np.square(x.imag)
        elif (
            not keepdims
            and (axes is None or len(axes) == x.ndim)
            and type(x) is np.ndarray
            and x.flags.c_contiguous
        ):
            row = x.reshape(-1)
            return np.sqrt(row.dot(row)).astype(dtype, copy=False)
        else:
            squares = np.square(x)
        return np.sqrt(add_up(squares, axes, keepdims)).astype(dtype, copy=False)
    if ord == 0:
        return add_reduce(np.not_equal(x, 0), axes, dtype, None, keepdims)
    size = np.abs(x)
    if abs(ord) == np.inf:
        reduce = max_reduce if ord > 0 else min_reduce
        return reduce(size, axes, None, None, keepdims).astype(dtype, copy=False)
    if ord == 1:
        return np.asarray(add_up(size, axes, keepdims), dtype)[()]
    total = add_up(np.power(size, np.asarray(ord, size.dtype)), axes, keepdims)
    return np.power(total, np.asarray(1 / ord, size.dtype)).astype(dtype, copy=False)


def _direction(x: Any, out: Any, ord: float, axes: Axes, keepdims: bool) -> Any:
    """The gradient of the norm: where and how fast it grows (for orders other than 2 and 0)."""
    if ord == 1:
        return sgn(x)
    kept = out if keepdims else reshape(out, reduced_shape(x.shape, axes, True))
    size = abs_(x)
    if abs(ord) == np.inf:
        return sgn(x) * tie_share(size, kept, axes=axes, share_nan=True)
    return sgn(x) * power_or_zero(div_or_zero(size, kept), ord - 1)


def _norm_jvp(
    d: Any, x: Any, out: Any, *, ord: float = 2.0, axes: Axes | None = None, keepdims: bool = False
) -> Any:
    axes = every_axis(x, axes)
    if ord == 0:
        return zeros_like(out)
    if ord == 2:
        return div_or_zero(sum_p(real_product(x, d), axes=axes, keepdims=keepdims), out)
    return sum_p(
        real_product(_direction(x, out, ord, axes, keepdims), d), axes=axes, keepdims=keepdims
    )


def _norm_vjp(
    ct: Any, x: Any, out: Any, *, ord: float = 2.0, axes: Axes | None = None, keepdims: bool = False
) -> Any:
    axes = every_axis(x, axes)
    if ord == 0:
        return zeros_like(x)
    if ord == 2:  # divide before spreading: few numbers
        return restore_axes(div_or_zero(ct, out), x.shape, axes, keepdims) * x
    return restore_axes(ct, x.shape, axes, keepdims) * _direction(x, out, ord, axes, keepdims)


vector_norm_p: Any = general(
    "vector_norm",
    _norm_eval,
    holomorphic=False,
    batch=batch_reduction(lambda: vector_norm_p),
    aval=lambda x, *, ord=2.0, axes=None, keepdims=False: Aval(
        reduced_shape(x.shape, every_axis(x, axes), keepdims), real_dtype(x.dtype)
    ),
    jvp=_norm_jvp,
    vjp=_norm_vjp,
    grad_name="LinalgVectorNormBackward0",
)


def vector_norm(x: Any, ord: float = 2, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """The norm (sum |x|^ord)^(1/ord) of the elements over `axes`, None for all.

    Args:
        x: Floating or complex; the result is real.
        ord: Any real number. 0 counts the elements that are not zero, infinity gives the largest
            size, minus infinity the smallest.
        axes: As for `sum`.
        keepdims: As for `sum`.

    Raises:
        DtypeError: `x` is integer or boolean.
        ShapeError: There is nothing to take a norm of order infinity, or of a negative one, of.
    """
    dtype = dtype_of(x)
    if dtype.kind in "biu":
        raise DtypeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{dtype.name}"
        )
    found = normalize_axes(axes, len(x.shape))
    ord = float(ord)
    if (ord < 0 or ord == np.inf) and not size_of(x.shape):
        words = f"linalg.vector_norm cannot compute the {ord:g} norm on "
        if axes is None or len(found) == len(x.shape):
            raise ShapeError(
                f"{words}an empty tensor because the operation does not have an identity"
            )
        for a in found:
            if not x.shape[a]:
                raise ShapeError(
                    f"{words}the dimension {a} because this dimension is empty and the operation "
                    "does not have an identity"
                )
    if ord == 2 and axes is None and not keepdims:  # the commonest, and then without parameters
        return vector_norm_p(x)
    return vector_norm_p(x, ord=ord, axes=found, keepdims=keepdims)


def log_of_sum(x: Any, axes: Axes) -> Any:
    """log(sum(exp(x))) over `axes`, kept, the largest exponential taken out of the sum."""
    high = reduce_over(np.maximum, x.real, axes, True, -np.inf)
    high = np.where(np.isinf(high), high.dtype.type(0), high)
    away = np.asarray(x - high)
    return high + np.log(add_up(np.exp(away, out=away), axes, True))


def _logsumexp_eval(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    wide = np.asarray(x, np.float32 if is_half(x.dtype) else None)
    with np.errstate(divide="ignore"):  # of nothing but exp(-inf) it is -inf
        out = log_of_sum(wide, axes)
    return out.reshape(reduced_shape(x.shape, axes, keepdims)).astype(x.dtype, copy=False)[()]


def _shares(x: Any, out: Any, axes: Axes, keepdims: bool) -> Any:
    return exp(x - (out if keepdims else reshape(out, reduced_shape(x.shape, axes, True))))


logsumexp_p: Any = general(
    "logsumexp", _logsumexp_eval, aval=reduced_aval, batch=batch_reduction(lambda: logsumexp_p),
    jvp=lambda d, x, out, *, axes, keepdims: sum_p(
        _shares(x, out, axes, keepdims) * d, axes=axes, keepdims=keepdims
    ),
    vjp=lambda ct, x, out, *, axes, keepdims: (
        _shares(x, out, axes, keepdims) * restore_axes(ct, x.shape, axes, keepdims)
    ),
    source="the gradient is the softmax: Blanchard, Higham & Higham, IMA J. Numer. Anal. 2021",
)  # fmt: skip


def logsumexp(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axes`, None for all, without overflow; -inf of nothing."""
    return logsumexp_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)
