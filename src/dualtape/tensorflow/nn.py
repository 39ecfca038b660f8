"""`tf.nn`: activations, losses on logits, normalisation, convolutions."""
# ruff: noqa: F401 - this module is a namespace

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.missing import missing_attribute
from ..ops.select import where
from .activations import (
    crelu,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
)
from .blocks import depth_to_space, space_to_batch, space_to_depth
from .convert import as_tensor, converted, operands, static, static_shape
from .convolutions import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    convolution,
    depthwise_conv2d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    pool,
    separable_conv2d,
)
from .convolutions import avg_pool2d as avg_pool
from .convolutions import max_pool2d as max_pool
from .cross_entropies import (
    log_poisson_loss,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from .elementwise import sigmoid, tanh
from .gather import embedding_lookup
from .nn_norms import batch_normalization, l2_loss, l2_normalize, moments
from .raising import dims, kernel_error
from .random import drawn, streams
from .reductions import reduce_sum
from .shaping import pad
from .sorting import in_top_k, top_k, zero_fraction
from .tensor import EagerTensor, tensor


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> EagerTensor:
    """Add a vector along the last axis (axis 1 for a `data_format` that begins with "NC").

    Raises:
        InvalidArgumentError: The vector has another length than the axis.
    """
    x, b = operands("BiasAdd", value, bias)
    have, own = x.value.shape, b.value.shape
    first = data_format is not None and data_format.startswith("NC")
    if len(own) != 1 or len(have) < 2 or have[1 if first else -1] != own[0]:
        raise kernel_error(
            "BiasAdd",
            f"Must provide as many biases as the last dimension of the input tensor: {dims(own)} vs. {dims(have)}",
        )
    if first:
        b = b[(slice(None), *(None,) * (len(have) - 2))]
    return x + b  # type: ignore[no-any-return]


def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None
) -> EagerTensor:
    """Set elements to zero with probability `rate` and scale the others by 1 / (1 - rate).

    Raises:
        ValueError: `rate` is outside [0, 1), or the tensor is of integers.
    """
    t = as_tensor(x)
    if t.value.dtype.kind not in "fV":
        raise ValueError(
            "`x.dtype` must be a floating point tensor as `x` will be scaled. Received: "
            f"x_dtype={t.dtype}"
        )
    share = static(rate)
    if not 0 <= share < 1:
        raise ValueError(
            f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}"
        )
    if share == 0:
        return t
    shape = t.value.shape if noise_shape is None else static_shape(noise_shape)
    shape = tuple([n if m in (None, -1) else m for n, m in zip(t.value.shape, shape, strict=True)])
    dtype = t.value.dtype
    scale = converted(1 / (1 - share), dtype)
    kept = drawn(lambda s: streams.uniform(s, 0, 1, dtype, seed) >= dtype.type(share), shape)
    zero = tensor(np.zeros((), dtype)[()])
    return where(kept, t * scale, zero)  # type: ignore[no-any-return]


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[EagerTensor, EagerTensor]:
    """Return the weighted mean and variance over `axes`."""
    t, w = operands("Mul", as_tensor(x), as_tensor(frequency_weights))
    total = reduce_sum(w + t * 0, axes, True)
    mean = reduce_sum(t * w, axes, True) / total
    variance = reduce_sum(w * (t - mean) ** 2, axes, True) / total
    if keepdims:
        return mean, variance
    return reduce_sum(mean, axes), reduce_sum(variance, axes)


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5,
    name: str | None = None,
) -> EagerTensor:  # fmt: skip
    """Return x / (bias + alpha * sum of squares over the neighbouring channels) ** beta.

    Args:
        input: Shape [batch, height, width, channels].
        depth_radius: How many channels on each side are neighbours.
        bias, alpha, beta: Of the formula.
        name: Not used.
    """
    x = as_tensor(input)
    channels = x.value.shape[-1]
    around = [[0, 0]] * (len(x.value.shape) - 1) + [[depth_radius, depth_radius]]
    squares = pad(x * x, around)
    total = sum(
        (squares[..., i : i + channels] for i in range(1, 2 * depth_radius + 1)),
        squares[..., :channels],
    )
    return x / (bias + alpha * total) ** beta  # type: ignore[no-any-return]


lrn = local_response_normalization


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> EagerTensor:
    """Return the weighted sum of losses over the batch's size, that of all devices."""
    x = as_tensor(per_example_loss)
    if sample_weight is not None:
        x = x * converted(sample_weight, x.value.dtype)
    size = x.value.shape[0] if global_batch_size is None else static(global_batch_size)
    return reduce_sum(x) / size  # type: ignore[no-any-return]


def scale_regularization_loss(regularization_loss: Any) -> EagerTensor:
    """Return the sum of losses over the number of devices, of which there is one."""
    return reduce_sum(regularization_loss)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
