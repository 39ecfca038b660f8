"""Products and running products, whose derivatives are right however many factors are zero.

NOTE [derivatives of products]
Nothing here divides by a factor. A running product y_k = x_k y_(k-1) has the tangent

    t_k = x_k t_(k-1) + y_(k-1) dx_k,

a linear recurrence, and its adjoint is the same recurrence run backwards. `linear_recurrence` is a
primitive whose own derivatives are again linear recurrences, so every order is right. The
derivative of a full product by one factor is the product of those before times the product of those
after.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import tracing
from ..core.forward import dtype_of
from ..core.kinds import general, linear
from .arithmetic import ones_like
from .axes import (
    Axes,
    AxesLike,
    axis_from_end,
    batch_in_front,
    batch_reduction,
    multiply_reduce,
    normalize_axes,
    reduced_aval,
    restore_axes,
    same_aval,
    scalar_aval,
    size_of,
)
from .reduce import sum_all_p, sum_p
from .shape import inverse_permutation, permute, reshape

# In which dtype running sums and products are accumulated: one step wider, as in PyTorch.
_WIDER = {"f": np.float64, "F": np.complex128}

_FEW_LANES = 12


def accumulator(dtype: np.dtype[Any]) -> Any:
    """The dtype to accumulate in, for results of `dtype`."""
    if dtype.itemsize == 2 and dtype.kind in "fV":
        return np.float32
    return _WIDER.get(dtype.char, dtype)


def accumulate(ufunc: Any, x: Any, axis: int, reverse: bool) -> Any:
    """`ufunc.accumulate` from either end, in a wider dtype; in memory of its own."""
    if reverse:
        x = np.flip(x, axis)
    out = ufunc.accumulate(x, axis, accumulator(x.dtype))
    if reverse:
        out = np.flip(out, axis)
    return np.ascontiguousarray(out, x.dtype)


def _shift_eval(x: Any, *, axis: int, by: int) -> Any:
    out = np.zeros_like(x)
    n = x.shape[axis]
    ahead = (slice(1, n), slice(0, max(n - 1, 0)))
    to, source = ahead if by == 1 else ahead[::-1]
    rest = (slice(None),) * (-axis - 1)
    out[(..., to, *rest)] = x[(..., source, *rest)]
    return out


shift_p: Any = linear(
    "shift", _shift_eval, lambda ct, *, axis, by: shift_p(ct, axis=axis, by=-by),
    aval=same_aval, batch=batch_in_front(lambda: shift_p),
    doc="Elements moved on by one place along `axis` (`by` is 1 or -1), a zero moving in.",
)  # fmt: skip


def _recurrence_eval(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    dtype = np.result_type(a.dtype, b.dtype)
    n = b.shape[axis]
    a, b = (np.moveaxis(v, axis, 0).astype(accumulator(dtype), copy=False) for v in (a, b))
    if reverse:
        a, b = a[::-1], b[::-1]
    out = np.empty(b.shape, b.dtype)
    if b.size and b.size // n <= _FEW_LANES:
        lanes = [v.reshape(n, -1).T.tolist() for v in (a, b)]
        out.reshape(n, -1)[:] = np.array(
            [_lane(*pair) for pair in zip(*lanes, strict=True)], b.dtype
        ).T
    elif b.size:
        out[0] = b[0]
        for k in range(1, n):
            np.multiply(a[k], out[k - 1], out=out[k])
            out[k] += b[k]
    if reverse:
        out = out[::-1]
    return np.ascontiguousarray(np.moveaxis(out, 0, axis), dtype)


def _lane(a: list[Any], b: list[Any]) -> list[Any]:
    """The recurrence on Python numbers: for a few lanes quicker than NumPy's calls."""
    t = b[0]
    out = [t]
    for k in range(1, len(b)):
        t = a[k] * t + b[k]
        out.append(t)
    return out


# With `reverse` the neighbour that an element is made of comes after it instead of before it:
# `_from`.
linear_recurrence: Any = general(
    "linear_recurrence", _recurrence_eval, inputs="a b", aval=same_aval,
    batch=batch_in_front(lambda: linear_recurrence),
    jvp=(
        lambda d, a, out, *, axis, reverse: linear_recurrence(
            a, d * shift_p(out, axis=axis, by=_from(reverse)), axis=axis, reverse=reverse
        ),
        lambda d, a, *, axis, reverse: linear_recurrence(a, d, axis=axis, reverse=reverse),
    ),
    vjp=(
        lambda ct, a, out, *, axis, reverse: (
            _adjoint(ct, a, axis, reverse) * shift_p(out, axis=axis, by=_from(reverse))
        ),
        lambda ct, a, *, axis, reverse: _adjoint(ct, a, axis, reverse),
    ),
    doc="t_k = a_k t_(k-1) + b_k along `axis`, from t_(-1) = 0; with `reverse` from the other end.",
)  # fmt: skip


def _from(reverse: bool) -> int:
    return -1 if reverse else 1


def _adjoint(ct: Any, a: Any, axis: int, reverse: bool) -> Any:
    """The recurrence's transpose in b: g_k = a_(k+1) g_(k+1) + ct_k."""
    return linear_recurrence(
        shift_p(a, axis=axis, by=-_from(reverse)), ct, axis=axis, reverse=not reverse
    )


def _before(out: Any, axis: int, reverse: bool) -> Any:
    """The products before each element: those up to it moved on by one place, a one moving in."""
    dtype = dtype_of(out)

    def edge(shape: tuple[int, ...]) -> Any:
        ones = np.zeros(shape, dtype)
        ones[-1 if reverse else 0] = 1
        return ones

    column = (out.shape[axis], *[1] * (-axis - 1))
    return shift_p(out, axis=axis, by=_from(reverse)) + tracing.filled(edge, column, dtype)


cumprod_p: Any = general(
    "cumprod", lambda x, *, axis, reverse: accumulate(np.multiply, x, axis, reverse),
    aval=same_aval, batch=batch_in_front(lambda: cumprod_p),
    jvp=lambda x_dot, x, out, *, axis, reverse: linear_recurrence(
        x, _before(out, axis, reverse) * x_dot, axis=axis, reverse=reverse
    ),
    vjp=lambda ct, x, out, *, axis, reverse: (
        _before(out, axis, reverse) * _adjoint(ct, x, axis, reverse)
    ),
)  # fmt: skip


def cumprod(x: Any, axis: int = -1) -> Any:
    """The products of the elements up to each, along `axis`; derivatives are right at zeros."""
    if not len(x.shape):
        axis_from_end(axis, 0)
        return reshape(cumprod(reshape(x, (1,))), ())
    if not size_of(x.shape):
        axis_from_end(axis, len(x.shape))
        return x * 1
    return cumprod_p(x, axis=axis_from_end(axis, len(x.shape)), reverse=False)


def product_of_others(x: Any, axes: Axes) -> Any:
    """For each element the product of the others along `axes`, in the shape of x."""
    shape = tuple(x.shape)
    if not axes or not size_of(shape):
        return ones_like(x)
    order = (*[i for i in range(len(shape)) if i not in axes], *axes)
    merged = permute(x, order)
    moved = merged.shape
    merged = reshape(merged, (*moved[: len(shape) - len(axes)], -1))
    before = _before(cumprod_p(merged, axis=-1, reverse=False), -1, False)
    after = _before(cumprod_p(merged, axis=-1, reverse=True), -1, True)
    return permute(reshape(before * after, moved), inverse_permutation(order))


def _prod_eval(x: Any, *, axes: Axes | None = None, keepdims: bool = False) -> Any:
    dtype = x.dtype
    if dtype.itemsize == 2 and dtype.kind in "fV":
        return multiply_reduce(x, axes, np.float32, None, keepdims).astype(dtype)
    return multiply_reduce(x, axes, dtype, None, keepdims)


prod_p: Any = general(
    "prod", _prod_eval, aval=reduced_aval, batch=batch_reduction(lambda: prod_p),
    jvp=lambda x_dot, x, *, axes, keepdims: sum_p(
        x_dot * product_of_others(x, axes), axes=axes, keepdims=keepdims
    ),
    vjp=lambda ct, x, *, axes, keepdims: (
        restore_axes(ct, x.shape, axes, keepdims) * product_of_others(x, axes)
    ),
    grad_name="ProdBackward1",
)  # fmt: skip

prod_all_p: Any = general(
    "prod_all", _prod_eval, aval=scalar_aval, batch=batch_reduction(lambda: prod_p),
    jvp=lambda x_dot, x: sum_all_p(x_dot * product_of_others(x, tuple(range(len(x.shape))))),
    vjp=lambda ct, x: ct * product_of_others(x, tuple(range(len(x.shape)))),
    grad_name="ProdBackward0",
)  # fmt: skip


def prod(x: Any, axes: AxesLike = None, keepdims: bool = False) -> Any:
    """Multiply the elements over `axes`, None for all; derivatives are right at zeros."""
    if axes is None and not keepdims:
        return prod_all_p(x)
    return prod_p(x, axes=normalize_axes(axes, len(x.shape)), keepdims=keepdims)
