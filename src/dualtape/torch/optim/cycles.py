"""Schedules that go in cycles, and schedules made of schedules."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from .optimizer import Optimizer
from .schedules import LRScheduler


def _check_same(kind: str, schedulers: Sequence[LRScheduler], optimizer: Optimizer) -> None:
    for i, s in enumerate(schedulers):
        if not hasattr(s, "optimizer"):
            raise TypeError(f"{kind} at index {i} should have `optimizer` as its attribute.")
        if s.optimizer is not optimizer:
            raise ValueError(
                f"{kind} expects all schedulers to belong to the same optimizer, but got scheduler {type(s).__name__} at "
                f"index {i} has {s.optimizer}, which is different from {type(optimizer).__name__}."
            )


def _state_with(scheduler: Any) -> dict[str, Any]:
    """The state of a schedule that holds others, theirs included."""
    own = {k: v for k, v in scheduler.__dict__.items() if k not in ("optimizer", "_schedulers")}
    return {**own, "_schedulers": [s.state_dict() for s in scheduler._schedulers]}


def _load_with(scheduler: Any, state: dict[str, Any]) -> None:
    scheduler.__dict__.update({k: v for k, v in state.items() if k != "_schedulers"})
    for s, saved in zip(scheduler._schedulers, state["_schedulers"], strict=True):
        s.load_state_dict(saved)


class SequentialLR(LRScheduler):
    """Several schedules, one after the other, changing at `milestones`."""

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        _check_same("SequentialLR", schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, "
                f"but got number of schedulers {len(schedulers)} and the number of milestones to be equal to {len(milestones)}"
            )
        self.optimizer = optimizer
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for s in schedulers:
            s.last_epoch -= 1
        schedulers[0].step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Advance the schedule whose turn it is."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            self._schedulers[i].step(0)
        else:
            self._schedulers[i].step()
        self._last_lr = self._schedulers[i].get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return _state_with(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        _load_with(self, state_dict)


class ChainedScheduler(LRScheduler):
    """Several schedules at once, each applied to what the one before made.

    Args:
        schedulers: Of one optimizer.
        optimizer: Theirs, by default the first one's.

    Raises:
        ValueError: No schedules, or schedules of different optimizers.
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError(
                "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler."
            )
        self.optimizer = optimizer or schedulers[0].optimizer
        _check_same("ChainedScheduler", schedulers, self.optimizer)
        self._schedulers = schedulers
        self._last_lr = [g["lr"] for g in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Advance all of them."""
        for s in self._schedulers:
            s.step()
        self._last_lr = [g["lr"] for g in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return _state_with(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        _load_with(self, state_dict)


def _per_group(optimizer: Optimizer, name: str, value: Any) -> list[Any]:
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {count}."
        )
    return list(value)


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Set what plays the part of momentum: `momentum`, or the first of `betas`."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _check_momentum(optimizer: Optimizer) -> bool:
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        )
    return "betas" in optimizer.defaults


class CyclicLR(LRScheduler):
    """The rate goes up and down between two bounds, momentum the other way (Smith, 2017).

    Args:
        optimizer: What to schedule.
        base_lr, max_lr: The bounds, one or per group.
        step_size_up, step_size_down: Steps up and down; the same by default.
        mode: "triangular", "triangular2" (half as high each cycle) or "exp_range" (gamma**step as high).
        gamma: Of "exp_range".
        scale_fn: Height as a function of the cycle or the step, instead of `mode`.
        scale_mode: "cycle" or "iterations": what `scale_fn` is given.
        cycle_momentum, base_momentum, max_momentum: Whether momentum cycles, and its bounds.
        last_epoch: The number of steps already made, -1 at the start.

    Raises:
        ValueError: An unknown mode; bounds that do not fit the groups; an optimizer without momentum.
    """

    def __init__(
        self, optimizer: Optimizer, base_lr: Any, max_lr: Any, step_size_up: int = 2000, step_size_down: int | None = None,
        mode: str = "triangular", gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle", cycle_momentum: bool = True, base_momentum: Any = 0.8, max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        lows = _per_group(optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows, strict=True):
                group["lr"] = low
        self.max_lrs = _per_group(optimizer, "max_lr", max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = (
            scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        )
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _check_momentum(optimizer)
            self.base_momentums = _per_group(optimizer, "base_momentum", base_momentum)
            self.max_momentums = _per_group(optimizer, "max_momentum", max_momentum)
            for group, low, high in zip(
                optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                _set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """The height of a cycle."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        height: float = 1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x
        return height

    def get_lr(self) -> list[Any]:
        """See the base class."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        r = self.step_ratio
        height = (x / r if x <= r else (x - 1) / (r - 1)) * self.scale_fn(
            cycle if self.scale_mode == "cycle" else self.last_epoch
        )
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                _set_momentum(group, high - (high - low) * height)
        return [
            low + (high - low) * height
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and a height function that is not an object with state."""
        state = super().state_dict()
        custom = state["_scale_fn_custom"]
        state["_scale_fn_custom"] = (
            None if custom is None or not hasattr(custom, "__dict__") else vars(custom).copy()
        )
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        state = dict(state_dict)
        custom = state.pop("_scale_fn_custom", None)
        super().load_state_dict(state)
        if custom is not None:
            vars(self._scale_fn_custom).update(custom)


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


def _line(start: float, end: float, share: float) -> float:
    return (end - start) * share + start


class OneCycleLR(LRScheduler):
    """One rise to `max_lr` and one long fall far below the start, momentum the other way (Smith, 2018).

    Args:
        optimizer: What to schedule.
        max_lr: The highest rate, one or per group.
        total_steps: Steps of the cycle; or give `epochs` and `steps_per_epoch`.
        epochs, steps_per_epoch: Their product is the number of steps.
        pct_start: The share of the rise.
        anneal_strategy: "cos" or "linear".
        cycle_momentum, base_momentum, max_momentum: Whether momentum cycles, and its bounds.
        div_factor: max_lr / div_factor is the first rate.
        final_div_factor: The first rate / final_div_factor is the last one.
        three_phase: Fall to the first rate as fast as it rose, then to the last one.
        last_epoch: The number of steps already made, -1 at the start.

    Raises:
        ValueError: An option out of range; no number of steps; more steps than that.
    """

    def __init__(
        self, optimizer: Optimizer, max_lr: Any, total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos", cycle_momentum: bool = True,
        base_momentum: Any = 0.85, max_momentum: Any = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
        three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        if total_steps is not None:
            given: dict[str, Any] = {"total_steps": total_steps}
        elif epochs is not None and steps_per_epoch is not None:
            given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        for name, value in given.items():
            if value <= 0 or not isinstance(value, int):
                raise ValueError(f"Expected positive integer {name}, but got {value}")
        self.total_steps = math.prod(given.values())
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        peak, end = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        first, last = (
            ("initial_lr", "max_lr", "max_momentum", "base_momentum"),
            ("max_momentum", "max_momentum"),
        )
        phases = [(peak, *first)]
        if three_phase:
            phases.append(
                (2 * float(pct_start * self.total_steps) - 2, "max_lr", "initial_lr", *first[:1:-1])
            )
            phases.append((end, "initial_lr", "min_lr", *last))
        else:
            phases.append((end, "max_lr", "min_lr", *first[:1:-1]))
        names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
        self._schedule_phases: list[dict[str, Any]] = [
            dict(zip(names, phase, strict=True)) for phase in phases
        ]
        self._anneal_func_type = anneal_strategy
        for group, high in zip(
            optimizer.param_groups, _per_group(optimizer, "max_lr", max_lr), strict=True
        ):
            if last_epoch == -1:
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _check_momentum(optimizer)
            if last_epoch == -1:
                highs = _per_group(optimizer, "max_momentum", max_momentum)
                lows = _per_group(optimizer, "base_momentum", base_momentum)
                for group, high, low in zip(optimizer.param_groups, highs, lows, strict=True):
                    _set_momentum(group, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """See the base class."""
        n = self.last_epoch
        if n > self.total_steps:
            raise ValueError(
                f"Tried to step {n} times. The specified number of total steps is {self.total_steps}"
            )
        between = _cosine if self._anneal_func_type == "cos" else _line
        start: Any = 0
        for phase in self._schedule_phases:
            if n <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        share = (n - start) / (phase["end_step"] - start)
        for group in self.optimizer.param_groups:
            if self.cycle_momentum:
                _set_momentum(
                    group,
                    between(group[phase["start_momentum"]], group[phase["end_momentum"]], share),
                )
        return [
            between(g[phase["start_lr"]], g[phase["end_lr"]], share)
            for g in self.optimizer.param_groups
        ]
