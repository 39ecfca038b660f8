"""`keras.activations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ...core.missing import missing_attribute
from .. import activations as act
from .. import elementwise as e
from ..convert import as_tensor
from ..nn_norms import clip_by_value


def linear(x: Any) -> Any:
    """Return x."""
    return x


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """Return max(x, 0), or with a slope below `threshold` and a limit above.

    Args:
        x: A tensor.
        negative_slope: The slope below `threshold`.
        max_value: The largest result.
        threshold: Below it the result is negative_slope * (x - threshold).
    """
    if not negative_slope and max_value is None and not threshold:
        return act.relu(x)
    x = as_tensor(x)
    keep = e.cast(x > threshold, x.dtype) if threshold else None
    out = act.relu(x) if keep is None else x * keep
    if max_value is not None:
        out = clip_by_value(out, 0.0, max_value)
    if negative_slope:
        out = out - negative_slope * act.relu(threshold - x)
    return out


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return e.sigmoid(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return e.tanh(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """Return exp(x) / sum(exp(x)) along `axis`."""
    return act.softmax(x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Return the logarithm of `softmax`."""
    return act.log_softmax(x, axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x for x > 0 and alpha * (exp(x) - 1) elsewhere."""
    if alpha == 1.0:
        return act.elu(x)
    x = as_tensor(x)
    return act.relu(x) + alpha * act.elu(-act.relu(-x))


def selu(x: Any) -> Any:
    """Return the scaled exponential linear unit."""
    return act.selu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Return x times the normal distribution function of x."""
    return act.gelu(x, approximate)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x))."""
    return act.softplus(x)


def softsign(x: Any) -> Any:
    """Return x / (1 + |x|)."""
    return act.softsign(x)


def silu(x: Any) -> Any:
    """Return x * sigmoid(x)."""
    return act.silu(x)


swish = silu


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return x for x > 0 and negative_slope * x elsewhere."""
    return act.leaky_relu(x, negative_slope)


def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6)."""
    return act.relu6(x)


def exponential(x: Any) -> Any:
    """Return exp(x)."""
    return e.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """Return relu6(x + 3) / 6."""
    return act.relu6(as_tensor(x) + 3.0) / 6.0


def mish(x: Any) -> Any:
    """Return x * tanh(softplus(x))."""
    x = as_tensor(x)
    return x * e.tanh(act.softplus(x))


_ALL: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        linear, relu, sigmoid, tanh, softmax, log_softmax, elu, selu, gelu, softplus, softsign, silu, leaky_relu,
        relu6, exponential, hard_sigmoid, mish,
    )
} | {"swish": silu}  # fmt: skip


def get(identifier: Any) -> Callable[..., Any]:
    """Return the activation that a name or a function stands for; None for the identity.

    Raises:
        ValueError: There is none.
    """
    if identifier is None:
        return linear
    found = _ALL.get(identifier) if isinstance(identifier, str) else identifier
    if callable(found):
        return found
    raise ValueError(f"Could not interpret activation function identifier: {identifier}")


def serialize(activation: Any) -> Any:
    """The name of an activation."""
    return getattr(activation, "__name__", activation)


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
