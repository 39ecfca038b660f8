"""Activations."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.inplace import write
from ....core.tensor import wrap
from ....ops import activation as a
from ....ops import logistic
from ....ops.arithmetic import mul
from ....ops.trigonometric import tanh as tanh_p
from ..._tensor import Tensor
from ...alike import empty_like, zeros_like
from ...arguments import known, not_implemented, tensor_argument
from ...generator import stream_of
from ...registry import printed_as


def _floating(name: str, input: Any) -> Tensor:
    """The argument, which must be floating.

    Raises:
        TypeError: Not a tensor.
        NotImplementedError: An integer or boolean tensor.
    """
    x = input if isinstance(input, Tensor) else tensor_argument(name, input)
    if x.value.dtype.kind not in "fcV":
        raise not_implemented(name, x.value.dtype)
    return x


def _maybe_in_place(x: Tensor, inplace: bool, compute: Callable[[Tensor], Any]) -> Tensor:
    return write(x, compute) if inplace else compute(x)  # type: ignore[arg-type, return-value]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); the derivative at 0 is 0."""
    x = input if isinstance(input, Tensor) else tensor_argument("relu", input)  # type: ignore[redundant-expr]
    if inplace:
        return write(x, a.relu)  # type: ignore[return-value]
    if x.value.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return a.relu.bind1(x)  # type: ignore[no-any-return]


def relu_(input: Tensor) -> Tensor:
    """`relu` in place."""
    return relu(input, inplace=True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    x = tensor_argument("relu6", input)
    if x.value.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu6")
    return _maybe_in_place(x, inplace, a.relu6)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Return x clipped to [min_val, max_val].

    Raises:
        ValueError: The bounds are exchanged.
    """
    x = tensor_argument("hardtanh", input)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if x.value.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    return _maybe_in_place(x, inplace, lambda t: a.hardtanh(t, min_val, max_val))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return x where above the threshold, else a value."""
    x = tensor_argument("threshold", input)
    return _maybe_in_place(x, inplace, lambda t: a.threshold(t, threshold, value))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x, times a slope where negative."""
    x = _floating("leaky_relu_cpu", input)
    return _maybe_in_place(x, inplace, lambda t: a.leaky_relu(t, negative_slope))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x, or alpha*(exp(x)-1) where negative."""
    return _maybe_in_place(_floating("elu_cpu", input), inplace, lambda t: a.elu(t, alpha))


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x, or alpha*(exp(x/alpha)-1) where negative.

    Raises:
        RuntimeError: alpha is 0.
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _maybe_in_place(_floating("elu_cpu", input), inplace, lambda t: a.celu(t, alpha))


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Scaled ELU."""
    return _maybe_in_place(_floating("elu_cpu", input), inplace, a.selu)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return x * sigmoid(x)."""
    return _maybe_in_place(_floating("silu_cpu", input), inplace, a.silu)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return x * tanh(softplus(x))."""
    return _maybe_in_place(_floating("mish_cpu", input), inplace, a.mish)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return x * hardsigmoid(x)."""
    return _maybe_in_place(_floating("hardswish_cpu", input), inplace, a.hardswish)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A piecewise linear sigmoid."""
    return _maybe_in_place(_floating("hardsigmoid_cpu", input), inplace, a.hardsigmoid)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """Return x times the normal distribution function.

    Raises:
        RuntimeError: `approximate` is neither "none" nor "tanh".
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return a.gelu(_floating("GeluKernelImpl", input), approximate)  # type: ignore[no-any-return]


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta*x)) / beta, and x where beta*x exceeds the threshold."""
    return logistic.softplus(_floating("softplus_cpu", input), beta, threshold)  # type: ignore[no-any-return]


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x))."""
    return logistic.log_sigmoid(_floating("log_sigmoid_cpu", input))  # type: ignore[no-any-return]


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()  # type: ignore[no-any-return]


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    x = input if isinstance(input, Tensor) else tensor_argument("tanh", input)  # type: ignore[redundant-expr]
    return tanh_p.bind1(x) if x.value.dtype.kind == "f" else x.tanh()  # type: ignore[no-any-return]


def softsign(input: Tensor) -> Tensor:
    """Return x / (1 + |x|)."""
    return a.softsign(_floating("softsign", input))  # type: ignore[no-any-return]


def tanhshrink(input: Tensor) -> Tensor:
    """Return x - tanh(x)."""
    return a.tanhshrink(_floating("tanh", input))  # type: ignore[no-any-return]


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, or 0 within [-lambd, lambd]."""
    return a.hardshrink(_floating("hardshrink_cpu", input), lambd)  # type: ignore[no-any-return]


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Return x moved towards 0 by lambd.

    Raises:
        RuntimeError: lambd is negative.
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g}.")
    return a.softshrink(_floating("softshrink_cpu", input), lambd)  # type: ignore[no-any-return]


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """One half along an axis times the sigmoid of the other."""
    x = _floating("glu_cpu", input)
    if x.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return a.glu(x, dim)  # type: ignore[no-any-return]


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x, times a learned slope where negative; one slope, or one per channel.

    Raises:
        RuntimeError: The slopes do not fit the channels, or dtypes differ.
    """
    x, w = tensor_argument("prelu", input), tensor_argument("prelu", weight, "weight", 2)
    if x.value.dtype != w.value.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {x.dtype} and {w.dtype}")
    return a.prelu(x, w)  # type: ignore[no-any-return]


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Leaky ReLU with a slope drawn for each negative element while training, the mean slope otherwise.

    Args:
        input: Any shape.
        lower, upper: Between which the slopes are drawn, uniformly (Xu et al., 2015).
        training: Whether they are drawn.
        inplace: Overwrite the input.

    Raises:
        RuntimeError: `lower` exceeds `upper`.
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    x = _floating("rrelu_with_noise_out_cpu", input)
    if not training:
        return _maybe_in_place(x, inplace, lambda t: a.leaky_relu(t, (lower + upper) / 2))
    values = known("rrelu", x)
    slopes = np.ones(values.shape, values.dtype)
    negative = values <= 0
    count = int(negative.sum())
    if count:
        slopes[negative] = stream_of(None).uniform((count,), np.float64, lower, upper)
    noise: Tensor = wrap(Tensor, slopes)  # type: ignore[assignment]
    return _maybe_in_place(
        x, inplace, lambda t: printed_as(mul.bind2(t, noise), "RreluWithNoiseBackward0")
    )


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of the Gumbel-softmax distribution (Jang, Gu and Poole, 2017; Maddison et al., 2017).

    Args:
        logits: Unnormalised log probabilities.
        tau: Temperature.
        hard: Whether the sample is one-hot; its gradient is that of the soft one.
        eps: Not used.
        dim: The axis of the classes.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    x = _floating("exponential_", logits)
    gumbels = -empty_like(x).exponential_().log()
    soft: Tensor = ((x + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    one_hot = zeros_like(soft).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft  # type: ignore[no-any-return]


def stacklevel_dim(name: str, rank: int, level: int) -> int:
    """The axis that softmax takes when none is given, with PyTorch's warning."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=level,
    )
    return 0 if rank in (0, 1, 3) else 1


__all__ = [
    "celu", "elu", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish",
    "prelu", "relu", "relu6", "relu_", "rrelu", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh",
    "tanhshrink", "threshold",
]  # fmt: skip
