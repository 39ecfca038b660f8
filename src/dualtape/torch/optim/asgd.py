"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.boxes import Box
from ...core.tensor import wrap
from ...core.vocabulary import vocabulary
from ...ops.compare import eq
from ...ops.select import clamp, where
from .. import dtypes
from .._tensor import Tensor
from .optimizer import Params, check_positive, fitted, number, put
from .stepwise import Rule, Stepwise


class ASGD(Stepwise):
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

    names = ("ax",)

    def fresh(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """See `Stepwise.fresh`."""
        state = super().fresh(group, p)
        eta, mu = _setting(float(group["lr"])), _setting(1)
        return {"step": state["step"], "eta": eta, "mu": mu, "ax": state["ax"]}

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        lambd, eta, mu = group["lambd"], _number(state["eta"]), _number(state["mu"])

        def rule(p: Any, g: Any, mean: Any) -> tuple[Any, ...]:
            p *= fitted(1 - lambd * eta, p)
            p -= fitted(eta, p) * g
            whole = not isinstance(mu, Box) and mu == 1
            mean += (p - mean) if whole else fitted(mu, p) * (p - mean)
            return p, g, mean

        return rule

    def take_step(self, group: dict[str, Any], p: Tensor, names: Sequence[str]) -> None:
        """See `Stepwise.take_step`."""
        super().take_step(group, p, names)
        state = self.state[p]
        mean, share = state["ax"], state["mu"].value
        lr, t = number(group, "lr"), _number(state["step"])
        late = t - group["t0"]
        # Before t0 the average is the parameter itself, to the last bit.
        if isinstance(share, Box):
            mean.value = where(eq(share, share.dtype.type(1)), p.value, mean.value)
            late = clamp(late, low=1.0)
        else:
            if share == 1:
                mean.value = np.array(p.value) if type(p.value) is np.ndarray else p.value
            late = max(1, late)
        _keep(state["eta"], lr / (1 + group["lambd"] * lr * t) ** group["alpha"])
        _keep(state["mu"], 1 / late)


def _number(t: Tensor) -> Any:
    """What a tensor holds as a float, or what stands for that."""
    value = t.value
    return vocabulary.cast(value, np.dtype(np.float64)) if isinstance(value, Box) else float(value)


def _keep(t: Tensor, x: Any) -> None:
    """Put a number into a setting."""
    put(t, fitted(x, t.value) if isinstance(x, Box) else t.value.dtype.type(x))


def _setting(x: float) -> Tensor:
    """A setting that is kept in the state, in the dtype that PyTorch keeps it in."""
    return wrap(Tensor, dtypes.default_numpy.type(x))  # type: ignore[return-value]
