"""Norms, clipping and normalisation: what `tf.nn`, `tf.linalg` and the top level share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.errors import ShapeError
from ..ops import arithmetic as a
from ..ops.compare import exceeds, isfinite
from ..ops.complex import conj
from ..ops.select import where
from ..ops.tf_choices import maximum_first, minimum_first
from . import kernels as k
from .arithmetic import absolute, binary
from .convert import as_tensor, converted, static
from .custom_gradient import stop_gradient
from .elementwise import rsqrt, sqrt, square
from .indexed_slices import IndexedSlices
from .raising import dims, kernel_error
from .reductions import reduce_mean, reduce_sum
from .tensor import EagerTensor, tensor

maximum = binary(
    "Maximum",
    maximum_first,
    k.EXTREMA,
    "Return the larger of x and y; at ties the derivative is x's.",
)
minimum = binary(
    "Minimum",
    minimum_first,
    k.EXTREMA,
    "Return the smaller of x and y; at ties the derivative is x's.",
)


def l2_normalize(
    x: Any, axis: Any = None, epsilon: Any = 1e-12, name: str | None = None, dim: Any = None
) -> EagerTensor:
    """Return x divided by its Euclidean norm along `axis`; a squared norm below `epsilon` counts as that."""
    x = as_tensor(x)
    axis = dim if axis is None else axis
    size = square(absolute(x)) if x.value.dtype.kind == "c" else square(x)
    total = reduce_sum(size, axis, True)
    inverse = rsqrt(maximum(total, converted(epsilon, total.value.dtype)))
    if x.value.dtype.kind == "c":
        inverse = as_tensor(inverse) + a.zeros_like(x)
    return a.mul(x, inverse)  # type: ignore[no-any-return]


def l2_loss(t: Any, name: str | None = None) -> EagerTensor:
    """Return sum(t ** 2) / 2."""
    return reduce_sum(square(t)) / 2  # type: ignore[no-any-return]


def global_norm(t_list: Any, name: str | None = None) -> EagerTensor:
    """Return the Euclidean norm of all elements of several tensors; None entries are left out.

    Raises:
        TypeError: `t_list` is no sequence.
    """
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    parts = [
        x.values if isinstance(x, IndexedSlices) else as_tensor(x) for x in t_list if x is not None
    ]
    total: Any = None
    for x in parts:
        half = l2_loss(x)
        total = half if total is None else total + half
    if total is None:
        return tensor(np.float32(0))
    root: EagerTensor = sqrt(total * 2.0)
    return root


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Return t with elements outside [clip_value_min, clip_value_max] set to the bound.

    Raises:
        InvalidArgumentError: The bounds do not broadcast to the shape of t.
    """
    if isinstance(t, IndexedSlices):
        return IndexedSlices(
            clip_by_value(t.values, clip_value_min, clip_value_max), t.indices, t.dense_shape
        )
    x = as_tensor(t)
    low = converted(clip_value_min, x.value.dtype)
    high = converted(clip_value_max, x.value.dtype)
    # The order that makes the derivative at a bound that of t, as TensorFlow's mask does.
    out = minimum(x, high)
    out = maximum(out, low)
    if out.value.shape != x.value.shape:
        raise kernel_error(
            "Maximum", f"Incompatible shapes: {dims(x.value.shape)} vs. {dims(out.value.shape)}"
        )
    return out


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Return t, scaled down so that its Euclidean norm over `axes` is at most `clip_norm`."""
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clip_by_norm(t.values, clip_norm, axes), t.indices, t.dense_shape)
    x = as_tensor(t)
    total = reduce_sum(a.mul(x, x), axes, True)
    positive = tensor(exceeds(total.value, bound=0))
    # Where the norm is 0 its derivative is not asked for: the root is taken of 1 instead.
    safe = where(positive, total, a.ones_like(total))
    size = where(positive, sqrt(safe), total)
    bound = converted(clip_norm, x.value.dtype)
    return a.div(a.mul(x, bound), maximum(size, bound))


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], EagerTensor]:
    """Scale tensors down together so that their global norm is at most `clip_norm`.

    Returns:
        The scaled tensors (None entries stay None) and the norm they had.

    Raises:
        TypeError: `t_list` is no sequence.
    """
    size = global_norm(t_list) if use_norm is None else as_tensor(use_norm)
    bound = converted(clip_norm, size.value.dtype)
    one = tensor(size.value.dtype.type(1))
    scale = a.mul(bound, minimum(a.div(one, size), a.div(one, bound)))
    finite, nan = isfinite(size.value), tensor(size.value.dtype.type(np.nan))
    if isinstance(finite, Box):
        scale = where(tensor(finite), scale, nan)
    elif not finite:
        scale = nan
    out: list[Any] = []
    for x in t_list:
        if x is None:
            out.append(None)
        elif isinstance(x, IndexedSlices):
            out.append(IndexedSlices(a.mul(x.values, scale), x.indices, x.dense_shape))
        else:
            out.append(as_tensor(x) * scale)
    return out, size


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[EagerTensor, EagerTensor]:
    """Return the mean and the variance over `axes`."""
    y = as_tensor(x)
    mean = reduce_mean(y, axes, True)
    centred = a.sub(y, stop_gradient(mean))
    squares = a.mul(centred, conj(centred)) if y.value.dtype.kind == "c" else a.square(centred)
    variance = reduce_mean(squares, axes, keepdims)
    if not keepdims:
        mean = reduce_mean(y, axes)
    return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> EagerTensor:
    """Return scale * (x - mean) / sqrt(variance + variance_epsilon) + offset; either may be None."""
    y = as_tensor(x)
    inverse = rsqrt(as_tensor(variance) + variance_epsilon)
    if scale is not None:
        inverse = inverse * scale
    shift = -(as_tensor(mean) * inverse) if offset is None else offset - as_tensor(mean) * inverse
    return y * inverse + shift  # type: ignore[no-any-return]


def check_same_shape(op: str, x: EagerTensor, y: EagerTensor) -> None:
    """Raise ShapeError unless two tensors have one shape."""
    if x.value.shape != y.value.shape:
        raise ShapeError(f"{op}: shapes {x.shape} and {y.shape} differ")


def axis_of(axis: Any, default: int = -1) -> int:
    """An axis argument as an int."""
    return default if axis is None else int(static(axis))
