"""RMSprop and Adagrad: steps scaled by the root of a mean, or a sum, of squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, array_like, put


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012), optionally centred (Graves, 2013).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        alpha: Decay of the average of squares.
        eps: Added to its root.
        weight_decay: L2 penalty.
        momentum: Of the scaled gradients.
        centered: Subtract the square of the average gradient.
        maximize: Climb instead of descending.
        capturable, foreach, differentiable: Accepted.

    Raises:
        ValueError: A negative option.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0, momentum: float = 0,
        centered: bool = False, capturable: bool = False, foreach: Any = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        for name, value in (("learning rate", lr), ("epsilon value", eps), ("momentum value", momentum), ("weight_decay value", weight_decay), ("alpha value", alpha)):
            if not 0.0 <= value:
                raise ValueError(f"Invalid {name}: {value}")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
            "capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        alpha, lr = group["alpha"], float(group["lr"])
        for p in params:
            g = self.gradient(group, p)
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["square_avg"] = array_like(p)
                if group["momentum"] > 0:
                    state["momentum_buffer"] = array_like(p)
                if group["centered"]:
                    state["grad_avg"] = array_like(p)
            state["step"].value = state["step"].value + np.float32(1)
            v = state["square_avg"].value
            v *= alpha
            v += (1 - alpha) * (g * g)
            state["square_avg"].value = v
            if group["centered"]:
                mean = state["grad_avg"].value
                mean += (1 - alpha) * (g - mean)
                state["grad_avg"].value = mean
                v = v - mean * mean
            scaled = g / (np.sqrt(v) + group["eps"])
            if group["momentum"] > 0:
                velocity = state["momentum_buffer"].value
                velocity *= group["momentum"]
                velocity += scaled
                state["momentum_buffer"].value = velocity
                scaled = velocity
            value = p.value
            value -= lr * scaled
            put(p, value)


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer, 2011).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        lr_decay: Of the learning rate by the number of steps.
        weight_decay: L2 penalty.
        initial_accumulator_value: What the sum of squares starts with.
        eps: Added to its root.
        maximize: Climb instead of descending.
        foreach, differentiable, fused: Accepted.

    Raises:
        ValueError: A negative option.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0,
        eps: float = 1e-10, foreach: Any = None, *, maximize: bool = False, differentiable: bool = False, fused: Any = None,
    ) -> None:  # fmt: skip
        for name, value in (("learning rate", lr), ("lr_decay value", lr_decay), ("weight_decay value", weight_decay), ("initial_accumulator_value value", initial_accumulator_value), ("epsilon value", eps)):
            if not 0.0 <= value:
                raise ValueError(f"Invalid {name}: {value}")
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                start = np.full(p.value.shape, initial_accumulator_value, p.value.dtype)
                self.state[p] = {"step": wrap(Tensor, np.float32(0)), "sum": wrap(Tensor, start)}

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        for p in params:
            g = self.gradient(group, p)
            state = self.state[p]
            state["step"].value = state["step"].value + np.float32(1)
            lr = float(group["lr"]) / (1 + (float(state["step"].value) - 1) * group["lr_decay"])
            total = state["sum"].value
            total += g * g
            state["sum"].value = total
            value = p.value
            value -= lr * (g / (np.sqrt(total) + group["eps"]))
            put(p, value)
