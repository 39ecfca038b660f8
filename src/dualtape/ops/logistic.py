"""The logistic function and its integral: sigmoid, log-sigmoid, softplus, logit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import constant, elementwise
from .compare import between
from .evaluation import in_single, into, one, real_in_single, times_into
from .select import keep, where


@in_single
def _sigmoid(x: Any) -> Any:
    t = into(np.exp, -x)
    t += one(t)
    return into(np.reciprocal, t)


@in_single
def _sigmoid_backward(x: Any, y: Any) -> Any:
    t = one(y) - y
    t *= y
    return times_into(t, x)


sigmoid = elementwise("sigmoid", _sigmoid, lambda d, out: sigmoid_backward(d, out))

# A primitive of its own for speed, and because PyTorch prints a gradient's grad_fn by this name.
sigmoid_backward = elementwise(
    "sigmoid_backward", _sigmoid_backward,
    lambda d, y: sigmoid_backward(d, y),
    lambda d, x, y: d * x * (1 - (y + y)),
    doc="x * y * (1 - y): the cotangent x of y = sigmoid(z) pulled back to z.",
)  # fmt: skip


@real_in_single("log_sigmoid")
def _log_sigmoid(x: Any) -> Any:
    t = np.minimum(x, 0)
    t -= log1p_exp_minus(abs(x))
    return t


def log1p_exp_minus(t: Any) -> Any:
    """log(1 + exp(-t)) for t >= 0, in the memory of the temporary t."""
    return into(np.log1p, into(np.exp, into(np.negative, t)))


log_sigmoid = elementwise(
    "log_sigmoid", _log_sigmoid, lambda d, x: d * sigmoid(-x),
    doc="log(sigmoid(x)), exact for large negative x.",
)  # fmt: skip


@real_in_single("softplus")
def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    scaled = x if beta == 1 else x * beta
    t = into(np.log1p, into(np.exp, np.minimum(scaled, threshold)))
    if beta != 1:
        t /= beta
    above = scaled > threshold
    return where.eval(above, x, t) if np.any(above) else t


softplus_p = elementwise(
    "softplus", _softplus,
    lambda d, x, *, beta, threshold: where(
        scaled_exceeds(x, beta=beta, threshold=threshold), d, d * sigmoid(x * beta)
    ),
    doc="log(1 + exp(beta*x)) / beta, and x itself where beta*x > threshold.",
)  # fmt: skip

scaled_exceeds = constant(
    "scaled_exceeds", lambda x, *, beta, threshold: x * beta > threshold, doc="beta*x > threshold."
)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """Return log(1 + exp(beta*x)) / beta, a smooth relu.

    Args:
        x: Real values.
        beta: Sharpness.
        threshold: Where beta*x is above it the result is x, which is what the formula tends to
            (at 20 they differ by 2e-9).
    """
    return softplus_p(x, beta=beta, threshold=threshold)


@real_in_single("logit")
def _logit(x: Any) -> Any:
    return np.log(x / (1 - x))


@real_in_single("logit")
def _logit_slope(x: Any) -> Any:
    return np.where((x >= 0) & (x <= 1), 1 / (x * (1 - x)), x.dtype.type(np.nan))


logit_p = elementwise(
    "logit",
    _logit,
    lambda d, x: d * logit_slope(x),
    doc="log(x / (1 - x)), the inverse of sigmoid.",
)
logit_slope = elementwise(
    "logit_slope", _logit_slope, lambda d, x, out: d * (out * out * (x + x - 1)),
    doc="1 / (x * (1 - x)), the derivative of logit; NaN outside [0, 1], where logit is NaN.",
)  # fmt: skip


def logit(x: Any, eps: float | None = None) -> Any:
    """Return log(x / (1 - x)).

    Args:
        x: Real values.
        eps: Where given, x is first clamped to [eps, 1 - eps], and outside the gradient is 0.
    """
    if eps is None:
        return logit_p(x)
    return logit_clamped_p(x, eps=eps)


@real_in_single("logit")
def _logit_clamped(x: Any, *, eps: float) -> Any:
    return _logit(np.minimum(np.maximum(x, eps), 1 - eps))


logit_clamped_p = elementwise(
    "logit_clamped", _logit_clamped,
    lambda d, x, *, eps: keep(between(x, low=eps, high=1 - eps), d / (x * (1 - x))),
    grad_name="LogitBackward0",
)  # fmt: skip
