"""Adam and AdamW: steps scaled by moving averages of the gradient and of its square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.exponential import sqrt
from .._tensor import Tensor
from .optimizer import Params, check_betas, check_positive, fitted, larger, number
from .stepwise import Rule, Stepwise


class Adam(Stepwise):
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
        if isinstance(betas[0], Tensor) and foreach and not capturable:
            raise ValueError(
                "betas[0] as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_positive(**{"weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    def kept(self, group: dict[str, Any]) -> Sequence[str]:
        """See `Stepwise.kept`."""
        names = ("exp_avg", "exp_avg_sq")
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    @staticmethod
    def gradient(group: dict[str, Any], p: Tensor) -> Any:
        """The gradient as it is; decay and `maximize` are the rule's, which works in pieces."""
        return p.leaf.grad.value  # type: ignore[union-attr]

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lr, eps, decay = number(group, "lr"), group["eps"], group["weight_decay"]
        beta1, beta2 = float(group["betas"][0]), float(group["betas"][1])
        decoupled, maximize = group["decoupled_weight_decay"], group["maximize"]
        step, root_scale = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5

        def rule(p: Any, g: Any, m: Any, v: Any, largest: Any = None) -> tuple[Any, ...]:
            given = g
            if maximize:
                g = -g
            if decay and decoupled:
                p *= fitted(1 - lr * decay, p)
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
                largest = larger(largest, v)
            root = sqrt(v if largest is None else largest)
            root /= fitted(root_scale, p)
            root += eps
            quotient = m / root
            quotient *= fitted(step, p)
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
