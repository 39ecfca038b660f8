"""Adafactor: steps scaled by a factored average of squared gradients, relative to the size of the parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.boxes import Box
from ...core.tensor import wrap
from ...core.vocabulary import vocabulary
from ...ops.exponential import sqrt
from ...ops.matmul import matmul
from ...ops.reduce import mean
from ...ops.select import maximum
from .._tensor import Tensor
from .optimizer import Optimizer, Params, advanced, fitted, number, put_value
from .stepwise import zero_steps


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern, 2018).

    Args:
        params: Parameters or groups.
        lr: Learning rate, an upper bound of the relative step.
        beta2_decay: Exponent of the step by which the average of squares forgets.
        eps: The least square (by default the dtype's epsilon), and the least size of a parameter.
        d: Where updates are clipped.
        weight_decay: Shrinks the weights directly.
        foreach: Accepted.
        maximize: Climb instead of descending.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-2, beta2_decay: float = -0.8, eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0, weight_decay: float = 0.0, *, foreach: Any = None, maximize: bool = False,
    ) -> None:  # fmt: skip
        if isinstance(lr, Tensor) and lr.value.size != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value, good, least in (
            ("Learning rate", lr, lr >= 0, ">= 0"),
            ("beta2_decay", beta2_decay, beta2_decay <= 0, "<= 0"),
            ("epsilon1", eps[0], eps[0] is None or eps[0] >= 0, ">= 0"),
            ("epsilon2", eps[1], eps[1] >= 0, ">= 0"),
            ("Clipping threshold d", d, d >= 1, ">= 1"),
            ("weight_decay", weight_decay, weight_decay >= 0, ">= 0"),
        ):
            if not good:
                raise ValueError(f"{name} should be {least} but is: {value}")
        super().__init__(params, {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        })  # fmt: skip

    def _fresh(self, p: Tensor) -> dict[str, Any]:
        shape = tuple(p.value.shape)
        sizes = {"variance": shape}
        if len(shape) > 1:
            sizes = {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}
        dtype = p.leaf.grad.value.dtype  # type: ignore[union-attr]
        kept = {name: wrap(Tensor, np.zeros(size, dtype)) for name, size in sizes.items()}
        return {"step": zero_steps(), **kept}

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`.

        Raises:
            RuntimeError: A complex parameter.
        """
        for p in params:
            if p.value.dtype.kind == "c":
                raise RuntimeError("Adafactor does not support complex parameters")
            state = self.state[p]
            if not state:
                state.update(self._fresh(p))
            self._take_step(group, p, state)

    @staticmethod
    def _take_step(group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        value, g = p.value, p.leaf.grad.value  # type: ignore[union-attr]
        t, lr, (eps1, eps2) = advanced(state), number(group, "lr"), group["eps"]
        if group["maximize"]:
            g = -g
        fresh = fitted(t ** group["beta2_decay"], g)
        eps1 = float(np.finfo(value.dtype).eps) if eps1 is None else eps1
        least = value.dtype.type
        relative = _smaller(lr, t**-0.5)
        alpha = maximum(sqrt(mean(value * value)), least(eps2)) * fitted(relative, value)
        if group["weight_decay"]:
            value = value * fitted(1 - lr * group["weight_decay"], value)
        square = g * g
        parts = (
            {"row_var": mean(square, -1, True), "col_var": mean(square, -2, True)}
            if len(value.shape) > 1
            else {"variance": square}
        )
        for name, new in parts.items():
            old = state[name].value
            parts[name] = state[name].value = old + fresh * (new - old)
        if len(value.shape) > 1:
            row = parts["row_var"]
            whole = maximum(mean(row, -2, True), least(eps1))
            spread = matmul(row, parts["col_var"]) / whole
        else:
            spread = parts["variance"]
        change = g / sqrt(maximum(spread, least(eps1 * eps1)))
        clip = maximum(sqrt(mean(change * change)) / least(group["d"]), least(1))
        put_value(p, value - alpha / clip * change)


def _smaller(x: Any, y: Any) -> Any:
    if isinstance(x, Box) or isinstance(y, Box):
        double = np.dtype(np.float64)
        x, y = (vocabulary.cast(v, double) if isinstance(v, Box) else np.float64(v) for v in (x, y))
        return -maximum(-x, -y)
    return min(x, y)
