"""Rprop: a step size for each element, from the signs of its gradients alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import Optimizer, Params, advanced, check_positive, in_pieces, put, zeros_for


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993).

    Args:
        params: Parameters or groups.
        lr: Step size at the start.
        etas: Factors of the step size when the sign changes and when it stays.
        step_sizes: The smallest and the largest.
        maximize: Climb instead of descending.
        capturable, foreach, differentiable: Accepted.

    Raises:
        ValueError: An option out of range.
    """

    def __init__(
        self, params: Params, lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: Any = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        check_positive(**{"learning rate": lr})
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        (less, more), (smallest, largest) = group["etas"], group["step_sizes"]
        sign = -1 if group["maximize"] else 1

        def rule(p: Any, g: Any, before: Any, size: Any) -> tuple[Any, ...]:
            given, g = g, sign * g
            agreement = g * before
            size *= np.where(agreement > 0, more, np.where(agreement < 0, less, 1)).astype(p.dtype)
            size = np.clip(size, smallest, largest, out=size if type(size) is np.ndarray else None)
            g = np.where(agreement < 0, 0, g)  # no step, and no memory, where the sign changed
            p -= np.sign(g) * size
            before *= 0
            before += g
            return p, given, before, size

        for p in params:
            state = self.state[p]
            if not state:
                state["step"] = wrap(Tensor, np.float32(0))
                state["prev"] = zeros_for(p)
                lr: Any = float(group["lr"])
                if p.value.dtype.kind == "c":  # real and imaginary parts have sizes of their own
                    lr = complex(lr, lr)
                state["step_size"] = wrap(Tensor, np.full(p.value.shape, lr, p.value.dtype))
            advanced(state)
            before, size = state["prev"], state["step_size"]
            g = p.leaf.grad.value  # type: ignore[union-attr]
            value, _, before.value, size.value = in_pieces(
                rule, p.value, g, before.value, size.value
            )
            put(p, value)
