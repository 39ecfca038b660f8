"""Adadelta: steps scaled by the ratio of the average step to the average gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, advanced, check_positive, in_pieces, put, zeros_for


class Adadelta(Optimizer):
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

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        lr, rho, eps = float(group["lr"]), group["rho"], group["eps"]

        def rule(p: Any, g: Any, squares: Any, deltas: Any) -> tuple[Any, ...]:
            squares *= rho
            squares += (1 - rho) * (g * g)
            delta = np.sqrt(deltas + eps)
            delta /= np.sqrt(squares + eps)
            delta *= g
            deltas *= rho
            deltas += (1 - rho) * (delta * delta)
            p -= lr * delta
            return p, g, squares, deltas

        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["square_avg"], state["acc_delta"] = zeros_for(p), zeros_for(p)
            advanced(state)
            squares, deltas = state["square_avg"], state["acc_delta"]
            value, _, squares.value, deltas.value = in_pieces(
                rule, p.value, self.gradient(group, p), squares.value, deltas.value
            )
            put(p, value)
