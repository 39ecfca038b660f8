"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, put


class SGD(Optimizer):
    """Gradient descent with momentum.

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        momentum: Of the moving sum of gradients.
        dampening: Of the gradient that enters it.
        weight_decay: L2 penalty.
        nesterov: Look ahead along the momentum (Sutskever et al., 2013).
        maximize: Climb instead of descending.
        foreach, differentiable, fused: Accepted.

    Raises:
        ValueError: A negative option; Nesterov without momentum.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: Any = None, differentiable: bool = False, fused: Any = None,
    ) -> None:  # fmt: skip
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        lr, momentum = float(group["lr"]), group["momentum"]
        for p in params:
            g = self.gradient(group, p)
            if momentum:
                state = self.state[p]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    state["momentum_buffer"] = wrap(Tensor, np.array(g))
                    velocity = g
                else:
                    velocity = buffer.value
                    velocity *= momentum
                    velocity += (1 - group["dampening"]) * g
                    buffer.value = velocity
                g = g + momentum * velocity if group["nesterov"] else velocity
            value = p.value
            value -= lr * g
            put(p, value)
