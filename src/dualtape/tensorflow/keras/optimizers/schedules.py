"""`keras.optimizers.schedules`: learning rates as functions of the step.

They compute in float32 by operators and the engine's operations, and choose by `where` where the step is not known
yet, so that they compile.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from ....core.boxes import Box
from ....core.missing import missing_attribute
from ....core.vocabulary import vocabulary
from ....ops.arithmetic import pow as power
from ....ops.compare import exceeds, less_than
from ....ops.numbers import ceil, floor
from ....ops.select import clamp, where
from ....ops.trigonometric import cos
from ...convert import as_tensor
from ...tensor import EagerTensor, tensor


class LearningRateSchedule:
    """Base: called with a step, gives the learning rate of that step."""

    name: str | None = None

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at `step`.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return dict(vars(self))


FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)


def _step(step: Any) -> Any:
    """A step as a float32 number, or in compiled code what stands for it."""
    given = as_tensor(step)
    if isinstance(given.value, Box):
        return vocabulary.cast(given.value, FLOAT32)
    return np.float32(given.numpy())


def _rate(value: Any) -> EagerTensor:
    return tensor(value if isinstance(value, Box) else np.float32(value))


def _chosen(first: Any, x: Any, y: Any) -> Any:
    """One of two float32 numbers."""
    if not isinstance(first, Box):
        return x if first else y
    return where(first, *[v if isinstance(v, Box) else np.float32(v) for v in (x, y)])


def _at_most(x: Any, bound: np.float32) -> Any:
    return clamp(x, high=float(bound)) if isinstance(x, Box) else min(x, bound)


class _Decay(LearningRateSchedule):
    """What decays with step / decay_steps, or with `staircase` with whole units of it."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool, name: str
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase, self.name = staircase, name
        if decay_steps <= 0:
            raise ValueError(
                f"Argument `decay_steps` must be > 0. Received: decay_steps={decay_steps}"
            )

    def _elapsed(self, step: Any) -> Any:
        units = _step(step) / np.float32(self.decay_steps)
        return floor(units) if self.staircase else units


class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate ** (step / decay_steps); with `staircase` whole powers only."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> EagerTensor:
        """See `LearningRateSchedule.__call__`."""
        factor = power(np.float32(self.decay_rate), self._elapsed(step))
        return _rate(np.float32(self.initial_learning_rate) * factor)


class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> EagerTensor:
        """See `LearningRateSchedule.__call__`."""
        divisor = 1 + np.float32(self.decay_rate) * self._elapsed(step)
        return _rate(np.float32(self.initial_learning_rate) / divisor)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and including step boundaries[i], the last value after them.

    Raises:
        ValueError: There is not one value more than boundaries.
    """

    def __init__(self, boundaries: Any, values: Any, name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. Received: "
                f"boundaries={boundaries} of length {len(boundaries)}, and values={values} of length {len(values)}."
            )
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: Any) -> EagerTensor:
        """See `LearningRateSchedule.__call__`."""
        now = _step(step)
        now = vocabulary.cast(now, FLOAT64) if isinstance(now, Box) else np.float64(now)
        rate = np.float32(self.values[-1])
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            rate = _chosen(exceeds(now, bound=boundary), rate, np.float32(value))
        return _rate(rate)


class PolynomialDecay(LearningRateSchedule):
    """From the initial to the end learning rate along (1 - step / decay_steps) ** power."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps, self.end_learning_rate = (
            initial_learning_rate,
            decay_steps,
            end_learning_rate,
        )
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: Any) -> EagerTensor:
        """See `LearningRateSchedule.__call__`."""
        now, steps = _step(step), np.float32(self.decay_steps)
        if self.cycle:
            cycles = ceil(now / steps)
            steps = steps * _chosen(less_than(cycles, bound=1.0), np.float32(1), cycles)
        else:
            now = _at_most(now, steps)
        share = power(1 - now / steps, np.float32(self.power))
        low = np.float32(self.end_learning_rate)
        return _rate((np.float32(self.initial_learning_rate) - low) * share + low)


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial learning rate to alpha times it, after a linear warm-up if asked."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = (
            initial_learning_rate,
            decay_steps,
            alpha,
            name,
        )
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> EagerTensor:
        """See `LearningRateSchedule.__call__`."""
        now = _step(step)
        start = np.float32(self.initial_learning_rate)
        if self.warmup_target is not None:
            target = np.float32(self.warmup_target)
            warm = less_than(now, bound=self.warmup_steps)
            if not isinstance(warm, Box) and not warm:
                return _rate(self._after(now - np.float32(self.warmup_steps), target))
            steps = np.float32(self.warmup_steps or 1)
            rate = start + (target - start) * now / steps
            if not isinstance(warm, Box):
                return _rate(rate)
            return _rate(
                where(warm, rate, self._after(now - np.float32(self.warmup_steps), target))
            )
        return _rate(self._after(now, start))

    def _after(self, now: Any, start: np.float32) -> Any:
        """The rate `now` steps after the warm-up."""
        share = _at_most(now, np.float32(self.decay_steps)) / np.float32(self.decay_steps)
        cosine = np.float32(0.5) * (1 + cos(np.float32(math.pi) * share))
        return start * ((1 - np.float32(self.alpha)) * cosine + np.float32(self.alpha))


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
