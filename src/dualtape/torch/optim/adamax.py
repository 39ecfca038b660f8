"""Adamax: Adam with the largest gradient so far, decaying, for the average of squares."""

from __future__ import annotations

from typing import Any

from ...ops.numbers import abs_
from .optimizer import Params, fitted, larger, number
from .stepwise import Rule, Stepwise, check_averaging


class Adamax(Stepwise):
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
        check_averaging(lr, eps, betas, weight_decay=weight_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    names = ("exp_avg", "exp_inf")

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        beta1, beta2 = group["betas"]
        eps, step = group["eps"], number(group, "lr") / (1 - beta1**t)

        def rule(p: Any, g: Any, m: Any, largest: Any) -> tuple[Any, ...]:
            m += (1 - beta1) * (g - m)
            largest *= beta2
            largest = larger(largest, abs_(g) + eps)
            p -= fitted(step, p) * (m / largest)
            return p, g, m, largest

        return rule
