"""Optimizers on running means of gradients and of their squares: Adam and its relatives.

Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015; amsgrad after Reddi, Kale & Kumar,
ICLR 2018; Nadam after Dozat, ICLR workshop 2016; decoupled weight decay after Loshchilov & Hutter, ICLR 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.boxes import Box
from ....core.vocabulary import vocabulary
from ....ops.exponential import sqrt
from ....ops.numbers import abs_ as absolute
from ....ops.select import maximum
from ...variable import Variable as TfVariable
from .base import FLOAT32, FLOAT64, Optimizer, as_number, minus, put


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

    def before_steps(self, rate: Any) -> Any:
        """Work out the corrected learning rate, once per step, in single precision as Keras does."""
        t = as_number(self.steps_done() + 1, FLOAT32)
        one = np.float32(1)
        first, second = np.float32(self.beta_1) ** t, np.float32(self.beta_2) ** t
        return as_number(rate, FLOAT32) * sqrt(one - second) / (one - first)

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
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
            v = maximum(largest._value, v)
            put(largest, v)
        minus(variable, m * as_number(now, m.dtype) / (sqrt(v) + number(self.epsilon)))

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

    def before_steps(self, rate: Any) -> Any:
        """The power of `beta_1` that corrects the mean gradient."""
        return power(self.beta_1, self.steps_done() + 1)

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        first, norm = self.slot("momentum", index), self.slot("norm", index)
        m = first._value + (grad - first._value) * number(1 - self.beta_1)
        u = maximum(norm._value * number(self.beta_2), absolute(grad))
        put(first, m)
        put(norm, u)
        scale = as_number(rate, FLOAT64) / (1 - now)
        minus(variable, m * as_number(scale, m.dtype) / (u + number(self.epsilon)))


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
        self._product = TfVariable(np.float64(1), trainable=False)

    def compiled_keepers(self) -> list[Any]:
        """See `Optimizer.compiled_keepers`."""
        return [*super().compiled_keepers(), self._product]

    def before_steps(self, rate: Any) -> Any:
        """Work out the momentum schedule, once per step: this step's, the next one's, the product of all so far."""
        t = self.steps_done() + 1
        decay = 0.96
        present = self.beta_1 * (1 - 0.5 * power(decay, t))
        following = self.beta_1 * (1 - 0.5 * power(decay, t + 1))
        product = self._product._value * present
        put(self._product, product)
        ahead, back = following / (1 - product * following), (1 - present) / (1 - product)
        return ahead, back, 1 - power(self.beta_2, t)

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        dtype = variable._value.dtype
        first, second = self.slot("momentum", index), self.slot("velocity", index)
        m = first._value + (grad - first._value) * number(1 - self.beta_1)
        v = second._value + (self.squared(grad, index) - second._value) * number(1 - self.beta_2)
        put(first, m)
        put(second, v)
        of_mean, of_gradient, of_square = [as_number(x, dtype) for x in now]
        ahead = m * of_mean + grad * of_gradient
        minus(variable, ahead * rate / (sqrt(v / of_square) + number(self.epsilon)))


def power(base: float, exponent: Any) -> Any:
    """A Python power, or in compiled code what stands for it in double precision."""
    if isinstance(exponent, Box):
        return base ** vocabulary.cast(exponent, FLOAT64)
    return base**exponent
