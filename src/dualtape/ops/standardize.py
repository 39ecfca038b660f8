"""The core of layer, batch and group normalisation: standardise, scale and shift.

One primitive each, which differ in name only, as PyTorch's graphs do. Weight and bias broadcast
against the input; a 0-d one stands for none and costs nothing. The outputs are the result, and
mean and 1 / sqrt(variance + eps) along the axes: those are there to be reused by the backward pass
and for running statistics, and carry no derivative.

NOTE [derivative of standardisation]
With z = (x - m) r, r = (v + eps)^(-1/2) and n elements per row, dz = r (dx - mean(dx) - z mean(z
dx)): the projection, scaled by r, orthogonal to the ones and to z (but for eps). It is symmetric.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import general
from ..core.summation import add_up
from .arithmetic import add, mul, square, zeros_like
from .axes import add_reduce, count_along, in_front, reduced_shape, size_of, vecdot
from .evaluation import is_half
from .exponential import rsqrt
from .reduce import mean_p
from .shape import broadcast_to, reshape, sum_to_shape
from .twice import fast_on_arrays, in_blocks

Axes = tuple[int, ...]
"""Negative here: counted from the end, so that a batch axis in front changes nothing."""

NONE = (0,)
"""The shape of a weight or bias that is not there."""


def _positive(axes: Axes, rank: int) -> Axes:
    return tuple([a + rank for a in axes])


def _mean_dot(x: Any, y: Any, axes: Axes, n: int) -> Any:
    """The mean of x * y along the axes, kept."""
    out = vecdot(x, y, keepdims=True) if axes == (-1,) else add_up(x * y, axes, True)
    out /= n
    return out


def _mean(x: Any, axes: Axes, n: int) -> Any:
    out = add_up(x, axes, True)
    out /= n
    return out


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of statistics: single precision for half."""
    return np.dtype(np.float32) if is_half(dtype) else dtype


def _eval(x: Any, w: Any, b: Any, *, axes: Axes = (-1,), eps: float = 1e-5) -> tuple[Any, Any, Any]:
    dtype = x.dtype
    if dtype.char not in "fd":
        x, w, b = (v.astype(_wide(dtype)) for v in (x, w, b))
    n = count_along(x.shape, axes)
    if axes == (-1,):
        out, rows = np.empty(x.shape, x.dtype), (*x.shape[:-1], 1)
        center, scale = np.empty(rows, x.dtype), np.empty(rows, x.dtype)

        def kernel(out: Any, x: Any, center: Any, scale: Any) -> None:
            np.divide(add_reduce(x, -1, None, None, True), n, center)
            np.subtract(x, center, out)
            np.divide(vecdot(out, out, keepdims=True), n, scale)
            _finish(out, scale, w, b, eps)

        in_blocks(kernel, out, x, center, scale)
    else:
        center = _mean(x, axes, n)
        out = x - center
        scale = _mean_dot(out, out, axes, n)
        _finish(out, scale, w, b, eps)
    return out if out.dtype == dtype else out.astype(dtype), center, scale


def _finish(out: Any, scale: Any, w: Any, b: Any, eps: float) -> None:
    """From the distances and their mean square to the result and 1 / deviation, in place."""
    scale += eps
    np.sqrt(scale, scale)
    np.reciprocal(scale, scale)
    out *= scale
    if w.shape != NONE:
        out *= w
    if b.shape != NONE:
        out += b


def _aval(
    x: Aval, w: Aval, b: Aval, *, axes: Axes = (-1,), eps: float = 1e-5
) -> tuple[Aval, Aval, Aval]:
    row = Aval(reduced_shape(x.shape, _positive(axes, x.ndim), True), _wide(x.dtype))
    return x, row, row


def _steps(x: Any, axes: Axes, eps: float) -> tuple[Any, Any, Any]:
    """1 / the deviation, the standardised numbers, and the mean along the axes, as a function."""
    along = _positive(axes, len(x.shape))

    def mean(v: Any) -> Any:
        return mean_p(v, axes=along, keepdims=True)

    away = x - mean(x)
    r = rsqrt(mean(square(away)) + eps)
    return r, away * r, mean


def _projected(d: Any, r: Any, z: Any, mean: Any) -> Any:
    """NOTE [derivative of standardisation], in operations."""
    return r * (d - mean(d) - z * mean(z * d))


def _scaled(x: Any, w: Any) -> Any:
    return x * w if tuple(w.shape) != NONE else x


def _jvp_x(d: Any, x: Any, w: Any, *, axes: Axes = (-1,), eps: float = 1e-5) -> Any:
    d = _projected(d, *_steps(x, axes, eps))
    return _scaled(d, w)


def _jvp_w(d: Any, x: Any, *, axes: Axes = (-1,), eps: float = 1e-5) -> Any:
    return d * _steps(x, axes, eps)[1] if tuple(d.shape) != NONE else zeros_like(x)


def _jvp_b(d: Any, x: Any) -> Any:
    return d if tuple(d.shape) != NONE else zeros_like(x)


def _pulled(
    ct: Any, needs: tuple[bool, ...], x: Any, w: Any, b: Any, out1: Any, out2: Any, *,
    axes: Axes = (-1,), eps: float = 1e-5,
) -> list[Any]:  # fmt: skip
    (g,) = ct
    if x.dtype.char not in "fd":
        x, w, g = (v.astype(out1.dtype) for v in (x, w, g))
    n = count_along(x.shape, axes)
    grads: list[Any] = [None, None, None]
    if needs[2] and b.shape != NONE:
        grads[2] = g  # the engine sums it
    if axes == (-1,) and w.shape != NONE:
        _rows_pulled(g, needs, x, w, out1, out2, n, grads)
        return grads
    if w.shape != NONE and any(w.shape[a] != 1 for a in axes if -a <= w.ndim):
        z = (x - out1) * out2
        grads[1] = sum_to_shape(g * z, w.shape) if needs[1] else None
        h = g * w
        grads[0] = (
            (h - _mean(h, axes, n) - z * _mean_dot(h, z, axes, n)) * out2 if needs[0] else None
        )
        return grads
    # The weight is the same along the axes, so that its gradient holds the sums that the input's
    # needs.
    z = x - out1
    z *= out2
    product = g * z
    dot = add_up(product, axes, True)
    if needs[1] and w.shape != NONE:
        grads[1] = sum_to_shape(dot, w.shape)
    if needs[0]:
        np.multiply(z, dot / n, product)
        product += _mean(g, axes, n)
        np.subtract(g, product, product)
        product *= out2 if w.shape == NONE else out2 * w
        grads[0] = product
    return grads


def _rows_pulled(
    g: Any,
    needs: tuple[bool, ...],
    x: Any,
    w: Any,
    center: Any,
    scale: Any,
    n: int,
    grads: list[Any],
) -> None:
    """Fill in the gradients of x and w where rows are standardised and the weight is a row."""
    total = np.zeros(w.shape, w.dtype)

    def kernel(out: Any, g: Any, x: Any, center: Any, scale: Any) -> None:
        nonlocal total
        z = x - center
        z *= scale
        if needs[1]:
            total += sum_to_shape(np.multiply(g, z, out), w.shape)
        if needs[0]:
            np.multiply(g, w, out)
            z *= _mean_dot(out, z, (-1,), n)
            z += _mean(out, (-1,), n)
            out -= z
            out *= scale

    out = in_blocks(kernel, np.empty(x.shape, x.dtype), g, x, center, scale)
    if needs[0]:
        grads[0] = out
    if needs[1]:
        grads[1] = total


@fast_on_arrays(_pulled)
def _pullback(
    ct: Any, needs: tuple[bool, ...], x: Any, w: Any, b: Any, out1: Any, out2: Any, *,
    axes: Axes = (-1,), eps: float = 1e-5,
) -> list[Any]:  # fmt: skip
    # Mean and variance again, of x: as outputs they have no derivative.
    (g,) = ct
    r, z, mean = _steps(x, axes, eps)
    return [
        _projected(_scaled(g, w), r, z, mean) if needs[0] else None,
        g * z if needs[1] and tuple(w.shape) != NONE else None,
        g if needs[2] and tuple(b.shape) != NONE else None,
    ]


def _batch(
    primitive: Any, values: list[Any], where: list[int | None], size: int, **params: Any
) -> tuple[Any, int]:
    x, w, b = values
    x = broadcast_to(x, (size, *x.shape)) if where[0] is None else in_front(x, where[0])
    if where[1] is None and where[2] is None:
        return primitive(x, w, b, **params), 0
    out, *rows = primitive(x, *absent(x), **params)
    for v, at, join in ((w, where[1], mul), (b, where[2], add)):
        if not size_of(v.shape):
            continue
        if at is not None:
            v = in_front(v, at)
            v = reshape(v, (size, *[1] * (len(out.shape) - len(v.shape)), *v.shape[1:]))
        out = join(out, v)
    return (out, *rows), 0


def absent(x: Any) -> tuple[Any, Any]:
    """The weight and the bias that stand for none beside `x`."""
    return (np.empty(NONE, dtype_of(x)),) * 2


def _standardisation(name: str, grad_name: str) -> Any:
    primitive: Any = general(
        name,
        _eval,
        inputs="x w b",
        outputs=3,
        differentiable=(0,),
        aval=_aval,
        grad_name=grad_name,
        jvp=(_jvp_x, _jvp_w, _jvp_b),
        joint_vjp=_pullback,
        batch=lambda *args, **params: _batch(primitive, *args, **params),
        doc="(x - mean) / sqrt(variance + eps) along `axes` (negative), times w, plus b; mean; "
        "1 / sqrt(variance + eps).",
    )
    return primitive


layer_norm_p = _standardisation("layer_norm", "NativeLayerNormBackward0")
batch_norm_p = _standardisation("batch_norm", "NativeBatchNormBackward0")
group_norm_p = _standardisation("group_norm", "NativeGroupNormBackward0")
