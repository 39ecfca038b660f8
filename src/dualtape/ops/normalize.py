"""Normalisation layers: what each takes its mean and variance over, and how it scales and shifts.

The work is done by the primitives of `standardize`; softmax and its kin are in `softmax`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import tracing
from ..core.aval import Aval
from ..core.errors import ArgumentError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import general
from ..core.summation import add_up
from .arithmetic import power, reciprocal, square, zeros_like
from .axes import count_along, in_front, normalize_axis, size_of, vecdot
from .exponential import rsqrt
from .norms import vector_norm
from .reduce import mean_p
from .select import clamp
from .shape import broadcast_to, concatenate, reshape, slice_p, sum_to_shape
from .softmax import log_softmax, softmax, softmin
from .standardize import NONE, absent, batch_norm_p, group_norm_p, layer_norm_p
from .twice import fast_on_arrays, real_floating

__all__ = [
    "batch_norm", "batch_norm_by", "group_norm", "instance_norm", "layer_norm",
    "local_response_norm",
    "log_softmax", "normalize", "rms_norm", "softmax", "softmin",
]  # fmt: skip


def _check_trailing(x: Any, shape: Sequence[int], parts: dict[str, Any]) -> tuple[int, ...]:
    """The normalised shape as a tuple, once it is known to fit, in PyTorch's words."""
    shape = tuple(shape)
    have = tuple(x.shape)
    if not shape:
        raise ShapeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    for name, v in parts.items():
        if v is not None and tuple(v.shape) != shape:
            raise ShapeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(v.shape)} and normalized_shape = {list(shape)}"
            )
    if have[len(have) - len(shape) :] != shape or len(have) < len(shape):
        raise ShapeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, "
            f"{', '.join(map(str, shape))}], but got input of size{list(have)}"
        )
    return shape


def _standardised(
    primitive: Any, x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float
) -> tuple[Any, Any, Any]:
    if weight is None or bias is None:
        none = absent(x)[0]
        weight = none if weight is None else weight
        bias = none if bias is None else bias
    if axes == (-1,) and eps == 1e-5:
        return primitive(x, weight, bias)  # type: ignore[no-any-return]
    return primitive(x, weight, bias, axes=axes, eps=eps)  # type: ignore[no-any-return]


def layer_norm(
    x: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Standardise over the trailing axes, then scale and shift.

    Args:
        x: Real, of shape (*, *normalized_shape).
        normalized_shape: The lengths of the trailing axes.
        weight: Of that shape, or None.
        bias: Of that shape, or None.
        eps: Added to the variance.

    Raises:
        ShapeError: The shapes do not fit.
    """
    shape = tuple(normalized_shape)
    if (
        len(shape) != 1
        or x.shape[-1:] != shape
        or (weight is not None and weight.shape != shape)
        or (bias is not None and bias.shape != shape)
    ):
        _check_trailing(x, shape, {"weight": weight, "bias": bias})
    return _standardised(layer_norm_p, x, weight, bias, tuple(range(-len(shape), 0)), eps)[0]


@real_floating("rms_norm")
def _rms_eval(x: Any, w: Any, *, axes: tuple[int, ...] = (-1,), eps: float) -> Any:
    out = x * (1 / np.sqrt(_mean_square(x, axes) + eps))
    if w.shape != NONE:
        out *= w
    return out


def _mean_square(x: Any, axes: tuple[int, ...]) -> Any:
    n = count_along(x.shape, axes)
    if axes == (-1,):
        return vecdot(x, x, keepdims=True) / n
    return add_up(np.square(x), axes, True) / n


def _rms_parts(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """1 / the root of the mean square, and the mean along the axes as a function."""
    along = tuple([a + len(x.shape) for a in axes])

    def mean(v: Any) -> Any:
        return mean_p(v, axes=along, keepdims=True)

    return rsqrt(mean(square(x)) + eps), mean


def _rms_projected(d: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    # With z = x r and r = (mean(x^2) + eps)^(-1/2): dz = r (dx - z mean(z dx)), symmetric.
    r, mean = _rms_parts(x, axes, eps)
    z = x * r
    return r * (d - z * mean(z * d))


def _scaled(x: Any, w: Any) -> Any:
    return x * w if tuple(w.shape) != NONE else x


def _rms_jvp_w(d: Any, x: Any, *, axes: tuple[int, ...] = (-1,), eps: float) -> Any:
    return d * (x * _rms_parts(x, axes, eps)[0]) if tuple(d.shape) != NONE else zeros_like(x)


def _rms_pulled(
    ct: Any, needs: Any, x: Any, w: Any, *, axes: tuple[int, ...] = (-1,), eps: float
) -> list[Any]:
    if x.dtype.char not in "fd":
        x, w, ct = (v.astype(np.float32) for v in (x, w, ct))
    plain = w.shape == NONE
    r = 1 / np.sqrt(_mean_square(x, axes) + eps)
    z = x * r
    grads: list[Any] = [None, None]
    if needs[1] and not plain:
        grads[1] = sum_to_shape(ct * z, w.shape)
    if needs[0]:
        h = ct if plain else ct * w
        z *= add_up(h * z, axes, True) / count_along(x.shape, axes)
        h = np.subtract(h, z, None if plain else h)
        h *= r
        grads[0] = h
    return grads


@fast_on_arrays(_rms_pulled)
def _rms_pullback(
    ct: Any, needs: Any, x: Any, w: Any, *, axes: tuple[int, ...] = (-1,), eps: float
) -> list[Any]:
    return [
        _rms_projected(_scaled(ct, w), x, axes, eps) if needs[0] else None,
        _rms_jvp_w(ct, x, axes=axes, eps=eps) if needs[1] and tuple(w.shape) != NONE else None,
    ]


def _rms_batch(
    values: list[Any], where: list[int | None], size: int, **params: Any
) -> tuple[Any, int]:
    x, w = values
    x = broadcast_to(x, (size, *x.shape)) if where[0] is None else in_front(x, where[0])
    if where[1] is None:
        return rms_norm_p(x, w, **params), 0
    out = rms_norm_p(x, absent(x)[0], **params)
    if not size_of(w.shape):
        return out, 0
    w = in_front(w, where[1])
    return out * reshape(w, (size, *[1] * (len(out.shape) - len(w.shape)), *w.shape[1:])), 0


# A weight of shape NONE is none, as in `standardize`.
rms_norm_p: Any = general(
    "rms_norm",
    _rms_eval,
    inputs="x w",
    aval=lambda x, w, **_: Aval(x.shape, x.dtype),
    batch=_rms_batch,
    jvp=(
        lambda d, x, w, *, axes=(-1,), eps: _scaled(_rms_projected(d, x, axes, eps), w),
        _rms_jvp_w,
    ),
    joint_vjp=_rms_pullback,
    grad_name="MulBackward0",
    doc="x / sqrt(mean(x^2) + eps) along `axes` (negative), times w.",
)


def rms_norm(
    x: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """Divide by the root of the mean square over the trailing axes, then scale.

    Args:
        x: Real, of shape (*, *normalized_shape).
        normalized_shape: The lengths of the trailing axes.
        weight: Of that shape, or None.
        eps: Added to the mean square; None for the dtype's machine epsilon.

    Raises:
        ShapeError: The shapes do not fit.
    """
    shape = _check_trailing(x, normalized_shape, {"weight": weight})
    if eps is None:
        eps = machine_epsilon(dtype_of(x))
    weight = absent(x)[0] if weight is None else weight
    return rms_norm_p(x, weight, axes=tuple(range(-len(shape), 0)), eps=float(eps))


def machine_epsilon(dtype: np.dtype[Any]) -> float:
    """The distance from 1 to the next number of `dtype`; of single precision for half."""
    return float(np.finfo(dtype if dtype.char in "fd" else np.float32).eps)


def _check_channels(x: Any, parts: dict[str, Any]) -> None:
    normalize_axis(1, len(x.shape))
    channels = x.shape[1]
    for name, v in parts.items():
        if v is not None and tuple(v.shape) != (channels,):
            raise ShapeError(f"{name} should contain {channels} elements not {size_of(v.shape)}")


def _channelwise(v: Any, rank: int) -> Any:
    return v if v is None or rank == 2 else reshape(v, (-1, *[1] * (rank - 2)))


def _variance(scale: Any, eps: float) -> Any:
    """The variance that was turned into 1 / sqrt(variance + eps)."""
    return reciprocal(square(scale)) - eps


def batch_norm(
    x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> tuple[Any, Any, Any]:
    """Standardise each channel (axis 1) over the batch and the places, then scale and shift.

    Args:
        x: Real, of shape (N, C, *).
        weight: Of shape (C,), or None.
        bias: Of shape (C,), or None.
        eps: Added to the variance.

    Returns:
        The result, and for running statistics the channels' means and (biased) variances, each of
        shape (C,) and without derivative.

    Raises:
        ShapeError: The shapes do not fit, or there is but one value per channel.
        IndexError: There is no axis 1.
    """
    _check_channels(x, {"weight": weight, "bias": bias})
    shape = tuple(x.shape)
    rank = len(shape)
    if size_of(shape) == shape[1]:
        raise ShapeError(
            "Expected more than 1 value per channel when training, got input size "
            f"torch.Size({list(shape)})"
        )
    axes = (-rank, *range(2 - rank, 0))
    out, mean, scale = _standardised(
        batch_norm_p, x, _channelwise(weight, rank), _channelwise(bias, rank), axes, eps
    )
    return out, reshape(mean, (-1,)), reshape(_variance(scale, eps), (-1,))


def batch_norm_by(
    x: Any, mean: Any, variance: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Standardise each channel (axis 1) by a given mean and variance, as when not training.

    Args:
        x: Real, of shape (N, C, *).
        mean: Running means, of shape (C,).
        variance: Running variances, of shape (C,).
        weight: Of shape (C,), or None.
        bias: Of shape (C,), or None.
        eps: Added to the variance.

    Raises:
        ShapeError: The shapes do not fit.
    """
    parts = {"running_mean": mean, "running_var": variance, "weight": weight, "bias": bias}
    _check_channels(x, parts)
    rank = len(x.shape)
    scale = rsqrt(variance + eps)
    if weight is not None:
        scale = scale * weight
    out = (x - _channelwise(mean, rank)) * _channelwise(scale, rank)
    return out if bias is None else out + _channelwise(bias, rank)


def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Standardise each group of channels (axis 1) of each example, then scale and shift.

    Args:
        x: Real, of shape (N, C, *).
        groups: Their number, which divides C.
        weight: Of shape (C,), or None.
        bias: Of shape (C,), or None.
        eps: Added to the variance.

    Raises:
        ShapeError: The shapes do not fit.
    """
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ShapeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    channels = shape[1]
    if groups <= 0:
        raise ArgumentError(f"Expected num groups to be greater than 0, got {groups}")
    if channels % groups:
        raise ShapeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={groups}"
        )
    for name, v in (("weight", weight), ("bias", bias)):
        if v is not None and tuple(v.shape) != (channels,):
            raise ShapeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(v.shape)} and input of shape {list(shape)}"
            )
    # Group, channel in it, place: mean and variance are over the last two.
    split = (groups, channels // groups, 1)
    rows = reshape(x, (shape[0], *split[:2], size_of(shape[2:])))
    weight, bias = (None if v is None else reshape(v, split) for v in (weight, bias))
    return reshape(_standardised(group_norm_p, rows, weight, bias, (-2, -1), eps)[0], shape)


def instance_norm(
    x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> tuple[Any, Any, Any]:
    """Standardise each channel (axis 1) of each example over the places, then scale and shift.

    Args, Raises: As for `batch_norm`.

    Returns:
        The result, and the means and (biased) variances, each of shape (N, C) and without
        derivative.
    """
    _check_channels(x, {"weight": weight, "bias": bias})
    shape = tuple(x.shape)
    rank = len(shape)
    if size_of(shape[2:]) == 1:
        raise ShapeError(
            "Expected more than 1 spatial element when training, got input size "
            f"torch.Size({list(shape)})"
        )
    out, mean, scale = _standardised(
        batch_norm_p,
        x,
        _channelwise(weight, rank),
        _channelwise(bias, rank),
        tuple(range(2 - rank, 0)),
        eps,
    )
    return out, reshape(mean, shape[:2]), reshape(_variance(scale, eps), shape[:2])


def local_response_norm(
    x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Divide by (k + alpha * mean of the squares over `size` neighbouring channels) ** beta.

    Args:
        x: Real, of shape (N, C, *) with at least three axes.
        size: Channels in the window, which is centred (for an even size one more lies before);
            those beyond the ends count as zero.
        alpha: Factor of the mean square.
        beta: Exponent.
        k: Added to the mean square.

    Raises:
        ShapeError: `x` has fewer than three axes.
        ArgumentError: `size` is not positive.
    """
    shape = tuple(x.shape)
    if len(shape) < 3:
        raise ShapeError(
            f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        )
    if size <= 0:
        raise ArgumentError(f"kernel size should be greater than zero, but got {size}")
    if not size_of(shape):
        return x
    squares = square(x)
    before, after = size // 2, (size - 1) // 2
    edges = [tracing.zeros((shape[0], n, *shape[2:]), dtype_of(x)) for n in (before, after)]
    padded = concatenate([edges[0], squares, edges[1]], 1)
    total = slice_p(padded, index=(slice(None), slice(0, shape[1])))
    for i in range(1, size):
        total = total + slice_p(padded, index=(slice(None), slice(i, i + shape[1])))
    return x / power(total * (alpha / size) + k, exponent=beta)


def normalize(x: Any, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Any:
    """Divide rows by their p-norm along `axis`, which is taken to be `eps` at least."""
    return x / clamp(vector_norm(x, p, axis, True), low=eps)
