"""Adam and AdamW: steps scaled by moving averages of the gradient and of its square."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, array_like, put


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015).

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        betas: Decay of the averages of gradient and square.
        eps: Added to the root of the square's average.
        weight_decay: L2 penalty.
        amsgrad: Use the largest average of the square so far (Reddi et al., 2018).
        maximize: Climb instead of descending.
        decoupled_weight_decay: Shrink the weights instead of adding to the gradient (AdamW).
        foreach, capturable, differentiable, fused: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        amsgrad: bool = False, *, foreach: Any = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: Any = None, decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        lr, eps, decay = float(group["lr"]), group["eps"], group["weight_decay"]
        beta1, beta2 = float(group["betas"][0]), float(group["betas"][1])
        decoupled = group["decoupled_weight_decay"]
        for p in params:
            g = self.gradient({**group, "weight_decay": 0} if decoupled else group, p)
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["exp_avg"], state["exp_avg_sq"] = array_like(p), array_like(p)
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = array_like(p)
            state["step"].value = state["step"].value + np.float32(1)
            t = float(state["step"].value)
            value = p.value
            if decoupled and decay:
                value *= 1 - lr * decay
            m, v = state["exp_avg"].value, state["exp_avg_sq"].value
            m += (1 - beta1) * (g - m)
            v *= beta2
            v += (1 - beta2) * (g * g.conj() if v.dtype.kind == "c" else g * g)
            state["exp_avg"].value, state["exp_avg_sq"].value = m, v
            if group["amsgrad"]:
                v = state["max_exp_avg_sq"].value = np.maximum(state["max_exp_avg_sq"].value, v)
            root = np.sqrt(v)
            root /= (1 - beta2**t) ** 0.5
            root += eps
            step = m / root
            step *= lr / (1 - beta1**t)
            value -= step
            put(p, value)


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights directly (Loshchilov and Hutter, 2019).

    Args:
        params, lr, betas, eps, weight_decay, amsgrad, maximize, foreach, capturable, differentiable, fused: As for
            `Adam`; `weight_decay` is 0.01 by default.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2,
        amsgrad: bool = False, *, maximize: bool = False, foreach: Any = None, capturable: bool = False,
        differentiable: bool = False, fused: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
