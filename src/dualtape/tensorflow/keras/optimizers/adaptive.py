"""Optimizers that scale each element's step by its past gradients.

Adagrad: Duchi, Hazan & Singer, JMLR 2011. Adadelta: Zeiler, arXiv:1212.5701. RMSprop: Hinton's lecture 6e of 2012,
centred after Graves, arXiv:1308.0850.
"""

from __future__ import annotations

from typing import Any

from ....ops import arithmetic as a
from ....ops.exponential import sqrt
from ...variable import Variable as TfVariable
from .base import Optimizer, minus, put


class RMSprop(Optimizer):
    """Steps of the gradient over the root of a running mean of its square.

    Args:
        learning_rate: See `Optimizer`.
        rho: How much of the running mean is kept at a step.
        momentum: Of the steps.
        epsilon: Added under the root.
        centered: Whether to take the running mean's square off (the variance instead of the mean square).
        kwargs: See `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        extra = [
            s
            for s, wanted in (("momentum", momentum > 0), ("average_gradient", centered))
            if wanted
        ]
        self.slots = ("velocity", *extra)

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        rho, rest = number(self.rho), number(1 - self.rho)
        square = self.slot("velocity", index)
        v = square._value * rho + self.squared(grad, index) * rest
        put(square, v)
        below = v
        if self.centered:
            mean = self.slot("average_gradient", index)
            average = mean._value * rho + grad * rest
            put(mean, average)
            below = v - a.square(average)
        change = grad * rate / sqrt(below + number(self.epsilon))
        if self.momentum > 0:
            slot = self.slot("momentum", index)
            change = slot._value * number(self.momentum) + change
            put(slot, change)
        minus(variable, change)


class Adagrad(Optimizer):
    """Steps of the gradient over the root of the sum of all past squares."""

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.slot_start = initial_accumulator_value
        self.epsilon = epsilon

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        slot = self.slot("accumulator", index)
        total = slot._value + self.squared(grad, index)
        put(slot, total)
        minus(variable, grad * rate / sqrt(total + total.dtype.type(self.epsilon)))


class Adadelta(Optimizer):
    """Steps in the proportion of the root mean square of past steps to that of past gradients."""

    slots = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """See `Optimizer.step`."""
        number = variable._value.dtype.type
        rho, rest, eps = number(self.rho), number(1 - self.rho), number(self.epsilon)
        squares, steps = (
            self.slot("accumulated_grad", index),
            self.slot("accumulated_delta_var", index),
        )
        g = squares._value * rho + self.squared(grad, index) * rest
        put(squares, g)
        change = sqrt(steps._value + eps) * grad / sqrt(g + eps)
        put(steps, steps._value * rho + a.square(change) * rest)
        minus(variable, change * rate)
