"""The core of layer, batch and group normalisation: subtract the mean, divide by the deviation, scale, shift.

One primitive each, which differ in name only, as PyTorch's graphs do. Weight and bias broadcast against
the input; a 0-d one stands for none and costs nothing. The outputs are the result, and
mean and 1 / sqrt(variance + eps) along the axes: those are there to be reused by the backward pass and
for running statistics, and carry no derivative.

NOTE [derivative of standardisation]
With z = (x - m) r, r = (v + eps)^(-1/2) and n elements per row, dz = r (dx - mean(dx) - z mean(z dx)):
the projection, scaled by r, orthogonal to the ones and to z (but for eps). It is symmetric.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import general
from .arithmetic import add, mul, square, zeros_like
from .axes import count_along, in_front, reduced_shape, size_of
from .evaluation import is_half
from .exponential import rsqrt
from .reduce import add_up, mean_p
from .shape import broadcast_to, reshape, sum_to_shape
from .twice import fast_on_arrays

Axes = tuple[int, ...]
"""Negative here: counted from the end, so that a batch axis in front changes nothing."""

NONE = (0,)
"""The shape of a weight or bias that is not there."""


def _positive(axes: Axes, rank: int) -> Axes:
    return tuple([a + rank for a in axes])


def _mean_dot(x: Any, y: Any, axes: Axes, n: int) -> Any:
    """The mean of x * y along the axes, kept."""
    if axes == (-1,):
        return np.vecdot(x, y, keepdims=True) / n
    return add_up(x * y, axes, True) / n


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of statistics: single precision for half."""
    return np.dtype(np.float32) if is_half(dtype) else dtype


def _eval(x: Any, w: Any, b: Any, *, axes: Axes = (-1,), eps: float = 1e-5) -> tuple[Any, Any, Any]:
    dtype = x.dtype
    if dtype.char not in "fd":
        x, w, b = (v.astype(_wide(dtype)) for v in (x, w, b))
    n = count_along(x.shape, axes)
    center = add_up(x, axes, True) / n
    out = x - center
    scale = _mean_dot(out, out, axes, n)
    scale += eps
    np.sqrt(scale, scale)
    np.reciprocal(scale, scale)
    out *= scale
    if w.shape != NONE:
        out *= w
    if b.shape != NONE:
        out += b
    return out if out.dtype == dtype else out.astype(dtype), center, scale


def _aval(x: Aval, w: Aval, b: Aval, *, axes: Axes = (-1,), eps: float = 1e-5) -> tuple[Aval, Aval, Aval]:
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
    plain = w.shape == NONE
    if x.dtype.char not in "fd":
        x, w, g = (v.astype(out1.dtype) for v in (x, w, g))
    n = count_along(x.shape, axes)
    z = x - out1
    z *= out2
    grads: list[Any] = [None, None, None]
    if needs[1] and not plain:
        grads[1] = sum_to_shape(g * z, w.shape)
    if needs[2] and b.shape != NONE:
        grads[2] = g  # the engine sums it
    if needs[0]:
        h = g if plain else g * w
        mean = add_up(h, axes, True) / n
        z *= _mean_dot(h, z, axes, n)
        h = np.subtract(h, mean, None if plain else h)
        h -= z
        h *= out2
        grads[0] = h
    return grads


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
    primitive = general(
        name, _eval, inputs="x w b", outputs=3, differentiable=(0,), aval=_aval, grad_name=grad_name,
        jvp=(_jvp_x, _jvp_w, _jvp_b), joint_vjp=_pullback,
        batch=lambda *args, **params: _batch(primitive, *args, **params),
        doc="(x - mean) / sqrt(variance + eps) along `axes` (negative), times w, plus b; mean; "
        "1 / sqrt(variance + eps).",
    )  # fmt: skip
    return primitive


layer_norm_p = _standardisation("layer_norm", "NativeLayerNormBackward0")
batch_norm_p = _standardisation("batch_norm", "NativeBatchNormBackward0")
group_norm_p = _standardisation("group_norm", "NativeGroupNormBackward0")
