"""Gradient descent, with momentum if asked."""

from __future__ import annotations

from typing import Any

from ...variable import Variable as TfVariable
from .base import Optimizer, minus, put


class SGD(Optimizer):
    """w -= learning_rate * g; with momentum v = momentum * v - learning_rate * g, w += v.

    Args:
        learning_rate: See `Optimizer`.
        momentum: From 0 to 1.
        nesterov: Whether to look ahead: w += momentum * v - learning_rate * g.
        kwargs: See `Optimizer`.

    Raises:
        ValueError: `momentum` is outside [0, 1].
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:  # type: ignore[redundant-expr]
            raise ValueError("`momentum` must be a float between [0, 1].")
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = float(momentum), nesterov
        self.slots = ("momentum",) if momentum else ()

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        if not self.momentum:
            minus(variable, grad * rate)
            return
        slot = self.slot("momentum", index)
        m = slot._value.dtype.type(self.momentum)
        velocity = slot._value * m - grad * rate
        put(slot, velocity)
        minus(variable, grad * rate - velocity * m if self.nesterov else -velocity)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
