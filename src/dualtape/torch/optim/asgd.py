"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .. import dtypes
from .._tensor import Tensor
from .optimizer import Optimizer, Params, advanced, check_positive, in_pieces, put, zeros_for


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992); the average is `state[p]["ax"]`.

    Args:
        params: Parameters or groups.
        lr: Learning rate at the start.
        lambd: Decay of weights and learning rate.
        alpha: Power of the learning rate's decay.
        t0: The step after which averaging begins.
        weight_decay: L2 penalty.
        maximize: Climb instead of descending.
        foreach, differentiable, capturable: Accepted.

    Raises:
        ValueError: A negative option.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach: Any = None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr, "weight_decay value": weight_decay})
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        lr, lambd = float(group["lr"]), group["lambd"]
        number = (
            dtypes.default_numpy.type
        )  # of the settings kept in the state, as PyTorch keeps them
        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["eta"], state["mu"] = wrap(Tensor, number(lr)), wrap(Tensor, number(1))
                state["ax"] = zeros_for(p)
            t = advanced(state)
            eta, mu = float(state["eta"].value), float(state["mu"].value)

            def rule(
                p: Any, g: Any, mean: Any, eta: float = eta, mu: float = mu
            ) -> tuple[Any, ...]:
                p *= 1 - lambd * eta
                p -= eta * g
                mean += (p - mean) if mu == 1 else mu * (p - mean)
                return p, g, mean

            mean = state["ax"]
            value, _, mean.value = in_pieces(rule, p.value, self.gradient(group, p), mean.value)
            if mu == 1:  # before t0 the average is the parameter itself, to the last bit
                mean.value = np.array(value) if type(value) is np.ndarray else value
            put(p, value)
            state["eta"] = wrap(Tensor, number(lr / (1 + lambd * lr * t) ** group["alpha"]))
            state["mu"] = wrap(Tensor, number(1 / max(1, t - group["t0"])))
