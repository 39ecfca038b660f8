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
from .convert import as_tensor, converted, operands, static, static_shape
from .convolutions import (
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    depthwise_conv2d,
    max_pool1d,
    max_pool2d,
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
from .random import streams
from .sorting import in_top_k, top_k
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
    drawn = streams.uniform(shape, 0, 1, t.value.dtype, seed)
    scale = converted(1 / (1 - share), t.value.dtype)
    kept = tensor(drawn >= t.value.dtype.type(share))
    zero = tensor(np.zeros((), t.value.dtype)[()])
    return where(kept, t * scale, zero)  # type: ignore[no-any-return]


def zero_fraction(value: Any, name: str | None = None) -> EagerTensor:
    """Return the share of elements that are zero, as float32."""
    array = np.asarray(as_tensor(value).value)
    with np.errstate(invalid="ignore"):
        return tensor(
            np.float32(np.float32(array.size - np.count_nonzero(array)) / np.float32(array.size))
        )


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
