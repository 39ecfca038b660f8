"""Averages of the weights along a training: averaged models, their schedule, their batch norm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, NoReturn

from ...core import modes
from ...core.missing import missing_attribute
from .. import dtypes
from ..creation import tensor
from ..nn.module import Module
from ..nn.normalization import _BatchNorm
from .optimizer import Optimizer
from .schedules import LRScheduler

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """The step of an exponential average: decay * average + (1 - decay) * new."""
    _check_decay(decay)

    def update(average: Any, new: Any, count: Any) -> Any:
        return decay * average + (1 - decay) * new

    return update


def get_swa_avg_fn() -> Callable[..., Any]:
    """The step of an equal average (Izmailov et al., 2018)."""

    def update(average: Any, new: Any, count: Any) -> Any:
        return average + (new - average) / (count + 1)

    return update


def _several(update: Callable[..., Any]) -> Callable[..., None]:
    def update_all(averages: Any, news: Any, count: Any) -> None:
        with modes.switched(on=modes.NO_GRAD):
            for average, new in zip(averages, news, strict=True):
                average.copy_(update(average, new, count))

    return update_all


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """`get_ema_avg_fn` for lists of tensors, in place."""
    return _several(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """`get_swa_avg_fn` for lists of tensors, in place."""
    return _several(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose parameters are averages.

    Args:
        model: What is copied.
        device: The CPU.
        avg_fn: The average from (average, new, count); the equal one by default.
        multi_avg_fn: The same for lists, in place.
        use_buffers: Whether buffers are averaged too, rather than copied.

    Raises:
        AssertionError: Both functions.
    """

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Any = None, multi_avg_fn: Any = None, use_buffers: bool = False
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", tensor(0, dtype=dtypes.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's present parameters into the average."""
        own, new = (
            [*m.parameters(), *(m.buffers() if self.use_buffers else ())]
            for m in (self.module, model)
        )
        with modes.switched(on=modes.NO_GRAD):
            news = [t.detach() for t in new]
            if int(self.n_averaged) == 0:
                for average, value in zip(own, news, strict=True):
                    average.copy_(value)
            elif self.avg_fn is not None:
                for average, value in zip(own, news, strict=True):
                    average.copy_(self.avg_fn(average.detach(), value, self.n_averaged))
            else:
                update = self.multi_avg_fn or get_swa_multi_avg_fn()
                update([t.detach() for t in own], news, self.n_averaged)
            if not self.use_buffers:
                for kept, b in zip(self.module.buffers(), model.buffers(), strict=True):
                    kept.copy_(b.detach())
            self.n_averaged.add_(1)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of batch norm anew, as plain means over the batches of `loader`."""
    momenta: dict[Any, Any] = {}
    for m in model.modules():
        if isinstance(m, _BatchNorm):
            m.reset_running_stats()
            momenta[m] = m.momentum
    if not momenta:
        return
    training = model.training
    model.train()
    for m in momenta:
        m.momentum = None
    with modes.switched(on=modes.NO_GRAD):
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x)
    for m, momentum in momenta.items():
        m.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """Anneals the learning rate to a constant.

    Args:
        optimizer: What to schedule.
        swa_lr: The constant, or one per group.
        anneal_epochs: In how many epochs.
        anneal_strategy: "cos" or "linear".
        last_epoch: The number of steps already made, -1 at the start.

    Raises:
        ValueError: An argument that is none.
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: Any, anneal_epochs: Any = 10, anneal_strategy: str = "cos", last_epoch: int = -1
    ) -> None:  # fmt: skip
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(
                "swa_lr must have the same length as optimizer.param_groups: swa_lr has "
                f"{len(rates)}, optimizer.param_groups has {len(groups)}"
            )
        for rate, group in zip(rates, groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must by one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self._strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the constant there is after so many steps."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        """See `LRScheduler.get_lr`."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            last, goal = group["lr"], group["swa_lr"]
            first = goal if before == 1 else (last - before * goal) / (1 - before)
            rates.append(goal * now + first * (1 - now))
        return rates


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
