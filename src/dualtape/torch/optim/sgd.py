"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.boxes import Box
from ...core.single import subtract_from
from ...core.tensor import constant, wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, check_positive, fitted, in_pieces, number, put


def _descend(p: Any, g: Any, lr: Any) -> tuple[Any, ...]:
    p -= lr * g
    return p, g


class SGD(Optimizer):
    """Gradient descent with momentum.

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        momentum: Of the moving sum of gradients.
        dampening: Of the gradient that enters it.
        weight_decay: L2 penalty.
        nesterov: Look ahead along the momentum (Sutskever et al., 2013).
        maximize: Climb instead of descending.
        foreach, differentiable, fused: Accepted.

    Raises:
        ValueError: A negative option; Nesterov without momentum.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: Any = None, differentiable: bool = False, fused: Any = None,
    ) -> None:  # fmt: skip
        check_positive(
            **{"learning rate": lr, "momentum value": momentum, "weight_decay value": weight_decay}
        )
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        lr = number(group, "lr")
        if group["momentum"]:
            for p in params:
                self._with_momentum(group, lr, p)
            return
        plain = not (group["maximize"] or group["weight_decay"])
        for p in params:
            g = p.leaf.grad.value if plain else self.gradient(group, p)  # type: ignore[union-attr]
            value = p.value
            if isinstance(lr, Box):
                rate = fitted(lr, value)
            elif value.dtype.kind == "f":
                rate = constant(lr, value.dtype, value)
            else:
                rate = lr
            # A few numbers, or one: what `_descend` does, without a call.
            if isinstance(value, (np.ndarray, np.generic)) and value.size < 4096:
                put(p, subtract_from(value, rate * g))
            else:
                put(p, in_pieces(lambda v, g, rate=rate: _descend(v, g, rate), value, g)[0])

    def _with_momentum(self, group: dict[str, Any], lr: Any, p: Tensor) -> None:
        momentum, fresh, nesterov = group["momentum"], 1 - group["dampening"], group["nesterov"]
        decay, maximize = group["weight_decay"], group["maximize"]
        state = self.state[p]
        buffer = state.get("momentum_buffer")
        first = buffer is None
        if first:
            buffer = state["momentum_buffer"] = wrap(Tensor, np.zeros(p.value.shape, p.value.dtype))

        def rule(p: Any, velocity: Any, g: Any) -> tuple[Any, ...]:
            if maximize:
                g = -g
            if decay:
                g = g + decay * p
            velocity *= momentum
            velocity += g if first or fresh == 1 else fresh * g  # the first gradient is taken whole
            p -= fitted(lr, p) * (g + momentum * velocity if nesterov else velocity)
            return p, velocity, g

        value, buffer.value, _ = in_pieces(rule, p.value, buffer.value, p.leaf.grad.value)  # type: ignore[union-attr]
        put(p, value)
