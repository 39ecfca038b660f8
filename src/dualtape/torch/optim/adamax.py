"""Adamax: Adam with the largest gradient so far, decaying, for the average of squares."""

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


class Adamax(Optimizer):
    """Adamax (Kingma and Ba, 2015, section 7.1).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        betas: Decay of the average of the gradient and of its largest size.
        eps: Added to the gradient's size.
        weight_decay: L2 penalty.
        maximize: Climb instead of descending.
        foreach, capturable, differentiable: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: Any = None, *, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr, "epsilon value": eps})
        check_betas(betas)
        check_positive(**{"weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["exp_avg"], state["exp_inf"] = zeros_for(p), zeros_for(p)
            rule = _rule(group, advanced(state))
            mean, largest = state["exp_avg"], state["exp_inf"]
            value, _, mean.value, largest.value = in_pieces(
                rule, p.value, self.gradient(group, p), mean.value, largest.value
            )
            put(p, value)


def _rule(group: dict[str, Any], t: float) -> Callable[..., tuple[Any, ...]]:
    """The update of step `t`: of the parameter, from its gradient, of its average and its largest size."""
    beta1, beta2 = group["betas"]
    eps, step = group["eps"], float(group["lr"]) / (1 - beta1**t)

    def rule(p: Any, g: Any, m: Any, largest: Any) -> tuple[Any, ...]:
        m += (1 - beta1) * (g - m)
        largest *= beta2
        largest = np.maximum(
            largest, abs(g) + eps, out=largest if type(largest) is np.ndarray else None
        )
        p -= step * (m / largest)
        return p, g, m, largest

    return rule
