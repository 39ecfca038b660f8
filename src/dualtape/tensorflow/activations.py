"""Activation functions of `tf.nn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.vocabulary import vocabulary
from ..ops import activation as act
from ..ops import arithmetic as a
from ..ops import logistic
from ..ops import shape as s
from ..ops import softmax as soft
from ..ops.tf_choices import selu_right
from . import kernels as k
from .convert import as_tensor, converted, static
from .elementwise import unary
from .errors import AbortedError
from .kernels import check_dtype
from .raising import kernel_error
from .tensor import EagerTensor, tensor

relu = unary("Relu", act.relu, k.RECTIFIED, "Return max(x, 0), of derivative 0 at 0.")
relu6 = unary("Relu6", act.relu6, k.REALS, "Return min(max(x, 0), 6).")
elu = unary("Elu", act.elu, k.HALF_FIRST, "Return x for x > 0, exp(x) - 1 elsewhere.")
selu = unary("Selu", selu_right, k.HALF_FIRST, "Return the scaled exponential linear unit of x.")
softplus = unary(
    "Softplus",
    lambda x: logistic.softplus(x, threshold=np.inf),
    k.HALF_FIRST,
    "Return log(1 + exp(x)).",
)
softsign = unary("Softsign", act.softsign, k.HALF_FIRST, "Return x / (1 + |x|).")


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> EagerTensor:
    """Return x for x > 0 and alpha * x elsewhere."""
    x = as_tensor(features)
    if x.value.dtype.kind in "iu":
        x = tensor(vocabulary.cast(x.value, np.dtype(np.float32)))
    check_dtype("LeakyRelu", x.value.dtype, k.HALF_FIRST)
    return act.leaky_relu(x, float(static(alpha)))  # type: ignore[no-any-return]


def crelu(features: Any, axis: int = -1, name: str | None = None) -> EagerTensor:
    """Return relu of x and of -x, joined along `axis`."""
    x = as_tensor(features)
    return relu(s.concatenate([x, -x], axis))  # type: ignore[no-any-return]


def silu(features: Any, beta: Any = 1.0) -> EagerTensor:
    """Return x * sigmoid(beta * x), also called swish."""
    x = as_tensor(features)
    check_dtype("Sigmoid", x.value.dtype, k.INEXACT)
    if isinstance(beta, (int, float)) and beta == 1:
        return act.silu(x)  # type: ignore[no-any-return]
    return a.mul(x, logistic.sigmoid(a.mul(x, converted(beta, x.value.dtype))))  # type: ignore[no-any-return]


swish = silu


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> EagerTensor:
    """Return x times the normal distribution function of x, or the tanh approximation of that.

    Raises:
        ValueError: An integer tensor.
    """
    x = as_tensor(features)
    if x.value.dtype.kind not in "fV":
        raise ValueError(
            f"`features.dtype` must be a floating point tensor.Received:features.dtype={x.dtype}"
        )
    return act.gelu(x, "tanh" if approximate else "none")  # type: ignore[no-any-return]


def _softmax(op: str, compute: Any, logits: Any, axis: Any) -> EagerTensor:
    x = as_tensor(logits)
    check_dtype(op, x.value.dtype, k.HALF_FIRST)
    rank = len(x.value.shape)
    if not rank:
        raise AbortedError(None, None, str(kernel_error(op, "Input dims must be <= 5 and >=1")))
    at = -1 if axis is None else int(static(axis))
    if not -rank <= at < rank:
        raise kernel_error(op, f"`axis` must be in [-{rank}, {rank}), got {at}")
    return compute(x, at)  # type: ignore[no-any-return]


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> EagerTensor:
    """Return exp(x) / sum(exp(x)) along `axis`, the last by default.

    Raises:
        InvalidArgumentError: An integer tensor, or `axis` is out of range.
    """
    return _softmax("Softmax", soft.softmax, logits, axis)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> EagerTensor:
    """Return x - log(sum(exp(x))) along `axis`, the last by default.

    Raises:
        InvalidArgumentError: An integer tensor, or `axis` is out of range.
    """
    return _softmax("LogSoftmax", soft.log_softmax, logits, axis)
