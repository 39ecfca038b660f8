"""RAdam: Adam whose first steps wait until the variance of its scale is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.boxes import Box
from ...ops.compare import exceeds
from ...ops.exponential import sqrt
from ...ops.select import where
from .optimizer import Params, fitted, number
from .stepwise import Averaging, Rule, averages, check_averaging, decoupled


class RAdam(Averaging):
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
        check_averaging(lr, eps, betas, weight_decay=weight_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        })  # fmt: skip

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lr, eps = number(group, "lr"), group["eps"]
        beta1, beta2 = group["betas"]
        shrunk = decoupled(group, lr)
        step, correction = lr / (1 - beta1**t), 1 - beta2**t
        # The length of the average that the decaying one stands for, at most and now (the paper's rho).
        most = 2 / (1 - beta2) - 1
        length = most - 2 * t * beta2**t / correction
        known = exceeds(length, bound=5.0) if isinstance(length, Box) else length > 5
        scale: Any = 0.0
        if isinstance(known, Box):  # where it is not to be used, a length that has a scale
            length = where(known, length, np.float64(6))
        if isinstance(known, Box) or known:
            ratio = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            scale = (ratio * correction) ** 0.5

        def rule(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            p = shrunk(p)
            m, v = averages(m, v, g, (beta1, beta2))
            change = fitted(step, p) * m
            if isinstance(known, Box):
                p -= where(known, change / (sqrt(v) + eps) * fitted(scale, p), change)
                return p, g, m, v
            if scale:
                root = sqrt(v)
                root += eps
                change /= root
                change *= scale
            p -= change
            return p, g, m, v

        return rule
