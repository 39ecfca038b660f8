"""Adam and AdamW: steps scaled by moving averages of the gradient and of its square."""

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
        if isinstance(lr, Tensor) and foreach and not capturable and lr.value.size == 1:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_positive(**{"learning rate": lr, "epsilon value": eps})
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        check_betas(betas)
        check_positive(**{"weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["exp_avg"], state["exp_avg_sq"] = zeros_for(p), zeros_for(p)
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = zeros_for(p)
            rule = _rule(group, advanced(state))
            names = (
                ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
                if group["amsgrad"]
                else ("exp_avg", "exp_avg_sq")
            )
            kept = [state[name] for name in names]
            g = p.leaf.grad.value  # type: ignore[union-attr]
            value, _, *changed = in_pieces(rule, p.value, g, *[t.value for t in kept])
            for t, new in zip(kept, changed, strict=True):
                t.value = new
            put(p, value)


def _rule(group: dict[str, Any], t: float) -> Callable[..., tuple[Any, ...]]:
    """The update of step `t`: of the parameter, from its gradient, of both averages and the largest one."""
    lr, eps, decay = float(group["lr"]), group["eps"], group["weight_decay"]
    beta1, beta2 = float(group["betas"][0]), float(group["betas"][1])
    decoupled, maximize = group["decoupled_weight_decay"], group["maximize"]
    step, root_scale = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5

    def rule(p: Any, g: Any, m: Any, v: Any, largest: Any = None) -> tuple[Any, ...]:
        given = g
        if maximize:
            g = -g
        if decay and decoupled:
            p *= 1 - lr * decay
        elif decay:
            g = g + decay * p
        change = g - m
        change *= 1 - beta1
        m += change
        v *= beta2
        square = g * g
        square *= 1 - beta2
        v += square
        if largest is not None:
            largest = np.maximum(largest, v, out=largest if type(largest) is np.ndarray else None)
        root = np.sqrt(v if largest is None else largest)
        root /= root_scale
        root += eps
        quotient = m / root
        quotient *= step
        p -= quotient
        return (p, given, m, v) if largest is None else (p, given, m, v, largest)

    return rule


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
