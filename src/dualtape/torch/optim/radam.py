"""RAdam: Adam whose first steps wait until the variance of its scale is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import (
    Optimizer,
    Params,
    advanced,
    check_betas,
    check_positive,
    in_pieces,
    put,
    zeros_for,
)


class RAdam(Optimizer):
    """RAdam (Liu et al., 2020).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        betas: Decay of the averages of gradient and square.
        eps: Added to the root of the square's average.
        weight_decay: L2 penalty.
        decoupled_weight_decay: Shrink the weights instead of adding to the gradient.
        maximize: Climb instead of descending.
        foreach, capturable, differentiable: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: Any = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr, "epsilon value": eps})
        check_betas(betas)
        check_positive(**{"weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        plain = {**group, "weight_decay": 0} if group["decoupled_weight_decay"] else group
        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["exp_avg"], state["exp_avg_sq"] = zeros_for(p), zeros_for(p)
            rule = _rule(group, advanced(state))
            m, v = state["exp_avg"], state["exp_avg_sq"]
            value, _, m.value, v.value = in_pieces(
                rule, p.value, self.gradient(plain, p), m.value, v.value
            )
            put(p, value)


def _rule(group: dict[str, Any], t: float) -> Callable[..., tuple[Any, ...]]:
    """The update of step `t`: of the parameter, from its gradient, and of both averages."""
    lr, eps = float(group["lr"]), group["eps"]
    beta1, beta2 = group["betas"]
    shrink = 1 - lr * group["weight_decay"] if group["decoupled_weight_decay"] else 1
    step, correction = lr / (1 - beta1**t), 1 - beta2**t
    # The length of the average that the decaying one stands for, at most and now (the paper's rho).
    most = 2 / (1 - beta2) - 1
    length = most - 2 * t * beta2**t / correction
    scale = 0.0
    if length > 5:
        ratio = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
        scale = (ratio * correction) ** 0.5

    def rule(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        if shrink != 1:
            p *= shrink
        m += (1 - beta1) * (g - m)
        v *= beta2
        v += (1 - beta2) * (g * g)
        change = step * m
        if scale:
            root = np.sqrt(v)
            root += eps
            change /= root
            change *= scale
        p -= change
        return p, g, m, v

    return rule
