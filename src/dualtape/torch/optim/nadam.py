"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.tensor import wrap
from .. import dtypes
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


class NAdam(Optimizer):
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
        check_positive(**{"learning rate": lr, "epsilon value": eps})
        check_betas(betas)
        check_positive(**{
            "weight_decay value": weight_decay, "momentum_decay value": momentum_decay
        })  # fmt: skip
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        plain = {**group, "weight_decay": 0} if group["decoupled_weight_decay"] else group
        beta1, decay = group["betas"][0], group["momentum_decay"]
        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["mu_product"] = wrap(Tensor, dtypes.default_numpy.type(1))
                state["exp_avg"], state["exp_avg_sq"] = zeros_for(p), zeros_for(p)
            t = advanced(state)
            mu, following = (beta1 * (1 - 0.5 * 0.96 ** (n * decay)) for n in (t, t + 1))
            product = state["mu_product"]
            product.value = product.value * product.value.dtype.type(mu)
            rule = _rule(group, t, mu, following, float(product.value))
            m, v = state["exp_avg"], state["exp_avg_sq"]
            value, _, m.value, v.value = in_pieces(
                rule, p.value, self.gradient(plain, p), m.value, v.value
            )
            put(p, value)


def _rule(
    group: dict[str, Any], t: float, mu: float, following: float, product: float
) -> Callable[..., tuple[Any, ...]]:
    """The update of step `t`: of the parameter, from its gradient, and of both averages."""
    lr, eps = float(group["lr"]), group["eps"]
    beta1, beta2 = group["betas"]
    shrink = 1 - lr * group["weight_decay"] if group["decoupled_weight_decay"] else 1
    now, ahead = lr * (1 - mu) / (1 - product), lr * following / (1 - product * following)
    correction = 1 - beta2**t

    def rule(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        if shrink != 1:
            p *= shrink
        m += (1 - beta1) * (g - m)
        v *= beta2
        v += (1 - beta2) * (g * g)
        root = np.sqrt(v / correction)
        root += eps
        p -= now * (g / root)
        p -= ahead * (m / root)
        return p, g, m, v

    return rule
