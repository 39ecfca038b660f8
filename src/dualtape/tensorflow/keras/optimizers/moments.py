"""Optimizers on running means of gradients and of their squares: Adam and its relatives.

Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015; amsgrad after Reddi, Kale & Kumar,
ICLR 2018; Nadam after Dozat, ICLR workshop 2016; decoupled weight decay after Loshchilov & Hutter, ICLR 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...variable import Variable as TfVariable
from .base import Optimizer, minus, put


class Adam(Optimizer):
    """Steps of the mean gradient over the root of the mean squared one, both corrected for their start at 0.

    Args:
        learning_rate: See `Optimizer`.
        beta_1, beta_2: How much of the running means is kept at a step.
        epsilon: Added to the root.
        amsgrad: Whether to divide by the largest mean square so far.
        kwargs: See `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        self.slots = (
            ("momentum", "velocity", "velocity_hat") if amsgrad else ("momentum", "velocity")
        )

    def before_steps(self, rate: Any) -> None:
        """Work out the corrected learning rate, once per step, in single precision as Keras does."""
        t = np.float32(int(self.iterations.numpy()) + 1)
        one = np.float32(1)
        first, second = np.float32(self.beta_1) ** t, np.float32(self.beta_2) ** t
        self._rate_now = np.float32(rate) * np.sqrt(one - second) / (one - first)

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        first, second = self.slot("momentum", index), self.slot("velocity", index)
        m, v = first._value, second._value
        m = m + (grad - m) * number(1 - self.beta_1)
        v = v + (self.squared(grad, index) - v) * number(1 - self.beta_2)
        put(first, m)
        put(second, v)
        if self.amsgrad:
            largest = self.slot("velocity_hat", index)
            v = np.maximum(largest._value, v)
            put(largest, v)
        minus(variable, m * number(self._rate_now) / (np.sqrt(v) + number(self.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {
            **super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }  # fmt: skip


class AdamW(Adam):
    """Adam with weight decay, 0.004 by default."""

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )


class Adamax(Optimizer):
    """Adam with the largest gradient so far, decayed, in place of the root mean square."""

    slots = ("momentum", "norm")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        t = int(self.iterations.numpy()) + 1
        first, norm = self.slot("momentum", index), self.slot("norm", index)
        m = first._value + (grad - first._value) * number(1 - self.beta_1)
        u = np.maximum(norm._value * number(self.beta_2), np.abs(grad))
        put(first, m)
        put(norm, u)
        minus(variable, m * number(float(rate) / (1 - self.beta_1**t)) / (u + number(self.epsilon)))


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead."""

    slots = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._product = 1.0

    def before_steps(self, rate: Any) -> None:
        """Work out the momentum schedule, once per step."""
        t = int(self.iterations.numpy()) + 1
        decay = 0.96
        self._now = self.beta_1 * (1 - 0.5 * decay**t)
        self._next = self.beta_1 * (1 - 0.5 * decay ** (t + 1))
        self._product *= self._now
        self._power_2 = self.beta_2**t

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        first, second = self.slot("momentum", index), self.slot("velocity", index)
        m = first._value + (grad - first._value) * number(1 - self.beta_1)
        v = second._value + (self.squared(grad, index) - second._value) * number(1 - self.beta_2)
        put(first, m)
        put(second, v)
        ahead = m * number(self._next / (1 - self._product * self._next))
        ahead = ahead + grad * number((1 - self._now) / (1 - self._product))
        corrected = v / number(1 - self._power_2)
        minus(variable, ahead * rate / (np.sqrt(corrected) + number(self.epsilon)))
