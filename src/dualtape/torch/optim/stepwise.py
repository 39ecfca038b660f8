"""The loop that optimizers share which keep tensors for each parameter and write to them in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.tensor import wrap
from .._tensor import Tensor
from .optimizer import (
    Optimizer,
    advanced,
    check_betas,
    check_positive,
    fitted,
    in_pieces,
    put,
    zeros_for,
)

Rule = Callable[..., tuple[Any, ...]]


def decoupled(group: dict[str, Any], lr: Any) -> Callable[[Any], Any]:
    """What weight decay that is apart from the gradient does to a parameter: nothing, where there is none."""
    decay = group["weight_decay"] if group["decoupled_weight_decay"] else 0
    if not decay:
        return lambda p: p
    shrink = 1 - lr * decay

    def shrunk(p: Any) -> Any:
        p *= fitted(shrink, p)
        return p

    return shrunk


def averages(m: Any, v: Any, g: Any, betas: tuple[float, float]) -> tuple[Any, Any]:
    """The decaying averages of gradients and of their squares, with a new gradient in them."""
    m += (1 - betas[0]) * (g - m)
    v *= betas[1]
    v += (1 - betas[1]) * (g * g)
    return m, v


class Stepwise(Optimizer):
    """Base of optimizers that update one parameter after the other from its gradient and what is kept for it.

    Attributes:
        names: What is kept: tensors of the parameter's shape, zeros at first.
    """

    names: Sequence[str] = ()

    def kept(self, group: dict[str, Any]) -> Sequence[str]:
        """The names of what is kept under a group's options."""
        return self.names

    def fresh(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """The state of a parameter before its first step."""
        return {"step": zero_steps(), **{name: zeros_for(p) for name in self.kept(group)}}

    def rule(self, group: dict[str, Any], state: dict[str, Any], t: Any) -> Rule:
        """Return the update of step `t`: a function for `in_pieces`, of parameter, gradient and what is kept."""
        raise NotImplementedError

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """See `Optimizer.update`."""
        names = self.kept(group)
        for p in params:
            self.take_step(group, p, names)

    def take_step(self, group: dict[str, Any], p: Tensor, names: Sequence[str]) -> None:
        """Update one parameter."""
        state = self.state[p]
        if not state:
            state.update(self.fresh(group, p))
        rule = self.rule(group, state, advanced(state))
        kept = [state[name] for name in names]
        value, _, *changed = in_pieces(
            rule, p.value, self.gradient(group, p), *[t.value for t in kept]
        )
        for t, new in zip(kept, changed, strict=True):
            t.value = new
        put(p, value)


class Averaging(Stepwise):
    """Base of Adam's relatives: averages of the gradient and of its square, and decay that may be decoupled."""

    names = ("exp_avg", "exp_avg_sq")

    @staticmethod
    def gradient(group: dict[str, Any], p: Tensor) -> Any:
        """See `Optimizer.gradient`; decoupled decay is the rule's."""
        if group["decoupled_weight_decay"]:
            group = {**group, "weight_decay": 0}
        return Optimizer.gradient(group, p)


def zero_steps() -> Tensor:
    """The count of steps before the first."""
    return wrap(Tensor, np.float32(0))  # type: ignore[return-value]


def check_averaging(lr: Any, eps: float, betas: Any, **more: float) -> None:
    """Raise for an option of Adam and its relatives that is none.

    Raises:
        ValueError: A decay that is not in [0, 1), or another option that is negative.
    """
    check_positive(**{"learning rate": lr, "epsilon value": eps})
    check_betas(betas)
    check_positive(**{f"{name} value": value for name, value in more.items()})
