"""Adadelta: steps scaled by the ratio of the average step to the average gradient."""

from __future__ import annotations

from typing import Any

from ...ops.exponential import sqrt
from .optimizer import Params, check_positive, fitted, number
from .stepwise import Rule, Stepwise


class Adadelta(Stepwise):
    """Adadelta (Zeiler, 2012).

    Args:
        params: Parameters or groups.
        lr: Scale of the steps.
        rho: Decay of the averages of squares.
        eps: Added to them under the root.
        weight_decay: L2 penalty.
        maximize: Climb instead of descending.
        foreach, capturable, differentiable: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: Any = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr})
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_positive(**{"epsilon value": eps, "weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        })  # fmt: skip

    names = ("square_avg", "acc_delta")

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lr, rho, eps = number(group, "lr"), group["rho"], group["eps"]

        def rule(p: Any, g: Any, squares: Any, deltas: Any) -> tuple[Any, ...]:
            squares *= rho
            squares += (1 - rho) * (g * g)
            delta = sqrt(deltas + eps)
            delta /= sqrt(squares + eps)
            delta *= g
            deltas *= rho
            deltas += (1 - rho) * (delta * delta)
            p -= fitted(lr, p) * delta
            return p, g, squares, deltas

        return rule
