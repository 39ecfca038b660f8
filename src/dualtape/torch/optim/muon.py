"""Muon: momentum whose matrix is made nearly orthogonal before the step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.vocabulary import vocabulary
from ...ops.exponential import sqrt
from ...ops.matmul import matmul
from ...ops.reduce import sum as total
from ...ops.select import maximum
from ...ops.views import swapaxes
from .._tensor import Tensor
from .optimizer import Optimizer, Params, fitted, number, put_value, zeros_for

_ADJUSTED = (None, "original", "match_rms_adamw")


def _bf16(x: Any) -> Any:
    """float32 values rounded to bfloat16's 8 bits, by Veltkamp's splitting: in any kind of value, without its dtype."""
    c = x * np.float32(65537)
    return c - (c - x)


def orthogonalized(g: Any, coefficients: Any, steps: int, eps: float) -> Any:
    """Newton-Schulz iterations (K. Jordan, 2024), rounded to bfloat16 after each product as PyTorch does.

    Args:
        g: A matrix.
        coefficients: a, b, c of x -> a x + (b x x^T + c (x x^T)^2) x.
        steps: How many.
        eps: The least norm to divide by.
    """
    a, b, c = (np.float32(v) for v in coefficients)
    x = _bf16(vocabulary.cast(g, np.dtype(np.float32)))
    tall = g.shape[0] > g.shape[1]
    if tall:
        x = swapaxes(x, 0, 1)
    norm = _bf16(sqrt(total(x * x)))
    x = _bf16(x / maximum(norm, np.float32(eps)))
    for _ in range(steps):
        gram = _bf16(matmul(x, swapaxes(x, 0, 1)))
        change = _bf16(b * gram + c * matmul(gram, gram))
        x = _bf16(a * x + matmul(change, x))
    return swapaxes(x, 0, 1) if tall else x


class Muon(Optimizer):
    """Muon (K. Jordan, 2024), for matrices.

    Args:
        params: Matrices, or groups of them.
        lr: Learning rate.
        weight_decay: Shrinks the weights directly.
        momentum: Decay of the average of gradients.
        nesterov: Look ahead.
        ns_coefficients, eps, ns_steps: See `orthogonalized`.
        adjust_lr_fn: How the rate depends on the shape: "original" (or None) or "match_rms_adamw".

    Raises:
        ValueError: An option out of range, or a parameter that is no matrix.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315), eps: float = 1e-7, ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:  # fmt: skip
        if isinstance(lr, Tensor) and lr.value.size != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in (("Learning rate", lr), ("momentum", momentum), ("weight decay", weight_decay)):  # fmt: skip
            if not value >= 0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in _ADJUSTED:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.shape}"
                    )

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`.

        Raises:
            RuntimeError: A complex parameter.
        """
        lr, keep = number(group, "lr"), group["momentum"]
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        for p in params:
            if p.value.dtype.kind == "c":
                raise RuntimeError("Muon does not support complex parameters")
            g, state = p.leaf.grad.value, self.state[p]  # type: ignore[union-attr]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = zeros_for(p)
            buffer = state["momentum_buffer"]
            m = buffer.value = buffer.value + (1 - keep) * (g - buffer.value)
            ahead = g + keep * (m - g) if group["nesterov"] else m
            step = orthogonalized(ahead, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = p.value.shape
            rate = lr * (
                0.2 * math.sqrt(max(rows, columns))
                if group["adjust_lr_fn"] == "match_rms_adamw"
                else math.sqrt(max(1, rows / columns))
            )
            value = p.value * fitted(1 - lr * group["weight_decay"], p.value)
            change = vocabulary.cast(step, value.dtype)
            put_value(p, value - fitted(rate, value) * change)
