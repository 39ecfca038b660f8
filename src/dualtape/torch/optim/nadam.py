"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.boxes import Box
from ...core.tensor import wrap
from ...core.vocabulary import vocabulary
from ...ops.exponential import sqrt
from .. import dtypes
from .._tensor import Tensor
from .optimizer import Params, fitted, number
from .stepwise import Averaging, Rule, averages, check_averaging, decoupled


class NAdam(Averaging):
    """NAdam (Dozat, 2016).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        betas: Decay of the averages of gradient and square.
        eps: Added to the root of the square's average.
        weight_decay: L2 penalty.
        momentum_decay: How fast the momentum grows to the first beta.
        decoupled_weight_decay: Shrink the weights instead of adding to the gradient.
        maximize: Climb instead of descending.
        foreach, capturable, differentiable: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: Any = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_averaging(lr, eps, betas, weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        })  # fmt: skip

    def fresh(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """See `Stepwise.fresh`."""
        state = super().fresh(group, p)
        one = wrap(Tensor, dtypes.default_numpy.type(1))
        return {"step": state.pop("step"), "mu_product": one, **state}

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lr, eps, decay = number(group, "lr"), group["eps"], group["momentum_decay"]
        beta1, beta2 = group["betas"]
        mu, following = (beta1 * (1 - 0.5 * 0.96 ** (n * decay)) for n in (t, t + 1))
        kept = state["mu_product"]
        if isinstance(mu, Box):
            kept.value = kept.value * fitted(mu, kept.value)
            product: Any = vocabulary.cast(kept.value, np.dtype(np.float64))
        else:
            kept.value = kept.value * kept.value.dtype.type(mu)
            product = float(kept.value)
        shrunk = decoupled(group, lr)
        now, ahead = lr * (1 - mu) / (1 - product), lr * following / (1 - product * following)
        correction = 1 - beta2**t

        def rule(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            p = shrunk(p)
            m, v = averages(m, v, g, (beta1, beta2))
            root = sqrt(v / fitted(correction, p))
            root += eps
            p -= fitted(now, p) * (g / root)
            p -= fitted(ahead, p) * (m / root)
            return p, g, m, v

        return rule
