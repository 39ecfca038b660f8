"""Rprop: a step size for each element, from the signs of its gradients alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from ...ops.compare import exceeds, less_than
from ...ops.numbers import sign
from ...ops.select import clamp, where
from .._tensor import Tensor
from .optimizer import Params, check_positive, number
from .stepwise import Rule, Stepwise


class Rprop(Stepwise):
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

    names = ("prev", "step_size")

    def fresh(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """See `Stepwise.fresh`."""
        lr: Any = float(group["lr"])
        if p.value.dtype.kind == "c":  # real and imaginary parts have sizes of their own
            lr = complex(lr, lr)
        sizes = wrap(Tensor, np.full(p.value.shape, lr, p.value.dtype))
        return {**super().fresh(group, p), "step_size": sizes}

    @staticmethod
    def gradient(group: dict[str, Any], p: Tensor) -> Any:
        """The gradient as it is; `maximize` is the rule's."""
        return p.leaf.grad.value  # type: ignore[union-attr]

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """See `Stepwise.rule`."""
        (less, more), (smallest, largest) = group["etas"], group["step_sizes"]
        upwards = group["maximize"]
        # Of no effect after the start: read so that a change is no reason to compile again.
        number(group, "lr")

        def rule(p: Any, g: Any, before: Any, size: Any) -> tuple[Any, ...]:
            given, g = g, -g if upwards else g
            agreement = g * before
            changed, of_dtype = less_than(agreement, bound=0), p.dtype.type
            size *= where(
                exceeds(agreement, bound=0),
                of_dtype(more),
                where(changed, of_dtype(less), of_dtype(1)),
            )
            if type(size) is np.ndarray:
                np.clip(size, smallest, largest, out=size)
            else:
                size = clamp(size, float(smallest), float(largest))
            g = where(changed, of_dtype(0), g)  # no step, and no memory, where the sign changed
            p -= sign(g) * size
            before *= 0
            before += g
            return p, given, before, size

        return rule
