"""`keras.callbacks`: what runs at the steps of training."""

from __future__ import annotations

import math
from collections.abc import Callable as Function
from typing import Any, NoReturn

import numpy as np

from ...core.missing import missing_attribute
from .progress import Progbar

_STEPS = (
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end",
    "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_begin",
    "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip


class Callback:
    """Base: each method does nothing until a subclass says what.

    Attributes:
        model: The model in training.
        params: Epochs, steps and verbosity.
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Learn the model."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Learn the parameters."""
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """After training."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch, with its losses and metrics."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch, by an older name."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch, by an older name."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction."""


class History(Callback):
    """Keeps the losses and metrics of all epochs.

    Attributes:
        history: A list per name.
        epoch: The epochs' numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the numbers of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgbarLogger(Callback):
    """Prints a progress bar, or with verbosity 2 a line per epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Progbar | None = None
        self._seen = 0

    def set_params(self, params: dict[str, Any]) -> None:
        """Learn the parameters."""
        super().set_params(params)
        self._verbose = params["verbose"]

    def _open(self) -> None:
        self._seen = 0
        self._bar = Progbar(self.params["steps"], self._verbose)

    def _step(self, batch: int, logs: Any) -> None:
        assert self._bar is not None
        self._seen = batch + 1
        if self._verbose == 1:
            self._bar.update(self._seen, list((logs or {}).items()), finalize=False)

    def _close(self, logs: Any) -> None:
        assert self._bar is not None
        self._bar.target = self._bar.target or self._seen
        self._bar.update(self._bar.target, list((logs or {}).items()), finalize=True)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Announce the epoch."""
        if self.params["epochs"] > 1:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._open()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move on."""
        self._step(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Finish the line."""
        self._close(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Start a bar."""
        self._open()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move on."""
        self._step(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Finish the line."""
        self._close(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start a bar."""
        self._open()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move on."""
        self._step(batch, None)

    def on_predict_end(self, logs: Any = None) -> None:
        """Finish the line."""
        self._close(logs)


class CallbackList:
    """The callbacks of a run: the user's, the history, the progress bar."""

    def __init__(
        self, callbacks: Any, model: Any, verbose: Any, epochs: int, steps: int | None
    ) -> None:
        self.history = History()
        given = (
            []
            if callbacks is None
            else list(callbacks)
            if isinstance(callbacks, (list, tuple))
            else [callbacks]
        )
        verbose = 1 if verbose in ("auto", True) else int(verbose)
        self.callbacks: list[Callback] = [self.history, *given]
        if verbose:
            self.callbacks.append(ProgbarLogger())
        for c in self.callbacks:
            c.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
            c.set_model(model)

    def __getattr__(self, name: str) -> Function[..., None]:
        if name not in _STEPS:
            raise AttributeError(name)

        def call(*args: Any) -> None:
            for c in self.callbacks:
                getattr(c, name)(*args)

        return call


class LambdaCallback(Callback):
    """Functions as a callback: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`."""

    def __init__(self, **functions: Any) -> None:
        super().__init__()
        for name, function in functions.items():
            if function is not None:
                setattr(self, name, function)


class EarlyStopping(Callback):
    """Stops training when a number no longer gets better.

    Args:
        monitor: Its name.
        min_delta: How much counts as better.
        patience: How many epochs without betterment to wait.
        verbose: Whether to say so.
        mode: "min", "max", or "auto" by the name.
        baseline: What it has to be better than at first.
        restore_best_weights: Whether to put back the weights of the best epoch.
        start_from_epoch: Epochs to leave out at the start.
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.monitor, self.min_delta, self.patience, self.verbose = (
            monitor,
            abs(min_delta),
            patience,
            verbose,
        )
        self.baseline, self.restore_best_weights, self.start_from_epoch = (
            baseline,
            restore_best_weights,
            start_from_epoch,
        )
        upward = mode == "max" or (mode == "auto" and ("acc" in monitor or "auc" in monitor))
        self._sign = 1.0 if upward else -1.0
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Start again."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def _better(self, value: float, reference: float) -> bool:
        return (value - reference) * self._sign > self.min_delta

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look whether it got better."""
        value = (logs or {}).get(self.monitor)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.best is None or self._better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Say when it stopped, and put the best weights back if asked."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(
                    f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to schedule(epoch, learning rate)."""

    def __init__(self, schedule: Function[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        now = float(np.asarray(self.model.optimizer.learning_rate))
        try:
            rate = self.schedule(epoch, now)
        except TypeError:
            rate = self.schedule(epoch)
        self.model.optimizer.learning_rate = rate
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")


class TerminateOnNaN(Callback):
    """Stops training when the loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
