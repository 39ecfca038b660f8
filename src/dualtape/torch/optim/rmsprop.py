"""RMSprop and Adagrad: steps scaled by the root of a mean, or a sum, of squared gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tensor import wrap
from ...ops.exponential import sqrt
from .._tensor import Tensor
from .optimizer import Params, check_positive, fitted, number
from .stepwise import Rule, Stepwise, zero_steps


class RMSprop(Stepwise):
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
        check_positive(**{
            "learning rate": lr, "epsilon value": eps, "momentum value": momentum, "weight_decay value": weight_decay,
            "alpha value": alpha,
        })  # fmt: skip
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
            "capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
        })  # fmt: skip

    def kept(self, group: dict[str, Any]) -> Sequence[str]:
        """See `Stepwise.kept`."""
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return names

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        alpha, lr, eps, momentum = (
            group["alpha"],
            number(group, "lr"),
            group["eps"],
            group["momentum"],
        )
        centered = group["centered"]

        def rule(p: Any, g: Any, v: Any, *rest: Any) -> tuple[Any, ...]:
            v *= alpha
            v += (1 - alpha) * (g * g)
            spread = v
            if centered:
                mean = rest[-1]
                mean += (1 - alpha) * (g - mean)
                spread = v - mean * mean
                rest = (*rest[:-1], mean)
            scaled = g / (sqrt(spread) + eps)
            if momentum > 0:
                velocity = rest[0]
                velocity *= momentum
                velocity += scaled
                scaled = velocity
                rest = (velocity, *rest[1:])
            p -= fitted(lr, p) * scaled
            return p, g, v, *rest

        return rule


class Adagrad(Stepwise):
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
        check_positive(**{
            "learning rate": lr, "lr_decay value": lr_decay, "weight_decay value": weight_decay,
            "initial_accumulator_value value": initial_accumulator_value, "epsilon value": eps,
        })  # fmt: skip
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                first: Any = initial_accumulator_value
                if p.value.dtype.kind == "c":  # real and imaginary parts have sums of their own
                    first = complex(first, first)
                total = np.full(p.value.shape, first, p.value.dtype)
                self.state[p] = {"step": zero_steps(), "sum": wrap(Tensor, total)}

    names = ("sum",)

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lr, eps = number(group, "lr") / (1 + (t - 1) * group["lr_decay"]), group["eps"]

        def rule(p: Any, g: Any, total: Any) -> tuple[Any, ...]:
            total += g * g
            p -= fitted(lr, p) * (g / (sqrt(total) + eps))
            return p, g, total

        return rule
