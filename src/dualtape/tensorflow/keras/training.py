"""Training of models: `compile`, `fit`, `evaluate`, `predict` and what they do on a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nest
from ..convert import as_tensor
from ..joining import concat
from ..tape import GradientTape
from . import losses as loss_module
from . import metrics as metric_module
from . import optimizers
from .batches import Batches, class_weights, split_off
from .callbacks import CallbackList, History
from .utils import unpack_x_y_sample_weight

FLOAT32 = np.dtype(np.float32)


class Trainer:
    """What a model adds to a layer."""

    optimizer: Any
    stop_training: bool
    name: str

    def _start_training(self) -> None:
        self.optimizer = None
        self.stop_training = False
        self._loss: Any = None
        self._loss_mean: metric_module.Mean | None = None
        self._metric_args: list[Any] = []
        self._metrics: list[Any] | None = None
        self.history: History | None = None

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True,
    ) -> None:  # fmt: skip
        """Say how to train.

        Args:
            optimizer: An optimizer or its name.
            loss: A loss, its name, or a function (y_true, y_pred).
            loss_weights: Not supported.
            metrics: Metrics or their names.
            weighted_metrics: Not supported.
            run_eagerly: Not used.
            steps_per_execution: Not used.
            jit_compile: Not used.
            auto_scale_loss: Not used.

        Raises:
            ValueError: A name is unknown.
            NotImplementedError: `loss_weights`, or several losses.
        """
        if loss_weights is not None or weighted_metrics is not None:
            raise NotImplementedError("compile with loss_weights or weighted_metrics")
        if isinstance(loss, (list, dict)) and len(loss) > 1:
            raise NotImplementedError(
                "compile with several losses: write a training step with tf.GradientTape"
            )
        self.optimizer = optimizers.get(optimizer)
        found = loss_module.get(nest.flatten(loss)[0] if isinstance(loss, (list, dict)) else loss)
        if found is not None and not isinstance(found, loss_module.Loss):
            found = loss_module.class_for(found) or _function_loss(found)
        self._loss = found
        self._loss_mean = metric_module.Mean(name="loss")
        self._metric_args = [] if metrics is None else nest.flatten(metrics)
        self._metrics = None

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self.optimizer is not None

    @property
    def loss(self) -> Any:
        """The loss given to `compile`."""
        return self._loss

    @property
    def metrics(self) -> list[Any]:
        """The mean loss and the metrics."""
        own = [] if self._loss_mean is None else [self._loss_mean]
        return [*own, *(self._metrics or [])]

    @property
    def metrics_names(self) -> list[str]:
        """Their names."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Start all metrics again."""
        for m in self.metrics:
            m.reset_state()

    def _check_compiled(self) -> None:
        if not self.compiled:
            raise ValueError("You must call `compile()` before using the model.")

    # --- one batch ----------------------------------------------------------------------------

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of a batch, regularizers included."""
        extra = self.losses  # type: ignore[attr-defined]
        if self._loss is None and not extra:
            raise ValueError(
                "No loss to compute. Provide a `loss` argument in `compile()`, or add a loss with `add_loss`."
            )
        total = None if self._loss is None else self._loss(y, y_pred, sample_weight)
        for value in extra:
            total = value if total is None else total + value
        return total

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on a batch; a subclass may do it differently."""
        x, y, weight = unpack_x_y_sample_weight(data)
        self._clear_losses()  # type: ignore[attr-defined]
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x, y, y_pred, weight, True)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            grads = tape.gradient(loss, variables)
            self.optimizer.apply(grads, variables)
        return self._collect(loss, x, y, y_pred, weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate a batch; a subclass may do it differently."""
        x, y, weight = unpack_x_y_sample_weight(data)
        self._clear_losses()  # type: ignore[attr-defined]
        y_pred = self(x, training=False)  # type: ignore[operator]
        return self._collect(self.compute_loss(x, y, y_pred, weight, False), x, y, y_pred, weight)

    def predict_step(self, data: Any) -> Any:
        """Predict for a batch; a subclass may do it differently."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def _collect(self, loss: Any, x: Any, y: Any, y_pred: Any, weight: Any) -> dict[str, Any]:
        assert self._loss_mean is not None
        self._loss_mean.update_state(loss, sample_weight=np.float32(batch_size(x)))
        return self.compute_metrics(x, y, y_pred, weight)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Take a batch into the metrics and return all numbers so far."""
        if self._metrics is None:
            self._metrics = [_metric_for(m, y, y_pred, self._loss) for m in self._metric_args]
        for m in self._metrics:
            m.update_state(y, y_pred)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The numbers so far, by name."""
        return {m.name: m.result() for m in self.metrics}

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch and return the loss, or loss and metrics."""
        self._check_compiled()
        self.reset_metrics()
        return self._numbers(self.train_step((x, y, sample_weight)), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate one batch and return the loss, or loss and metrics."""
        self._check_compiled()
        self.reset_metrics()
        return self._numbers(self.test_step((x, y, sample_weight)), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the predictions for one batch as an array."""
        return nest.map_structure(lambda t: t.numpy(), self.predict_step((x,)))

    def _numbers(self, logs: dict[str, Any], return_dict: bool) -> Any:
        values = {k: float(v) for k, v in logs.items()}
        if return_dict:
            return values
        ordered = [values[n] for n in self.metrics_names if n in values]
        return ordered[0] if len(ordered) == 1 else ordered

    # --- epochs -------------------------------------------------------------------------------

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: int | None = None,
        validation_steps: int | None = None, validation_batch_size: int | None = None, validation_freq: int = 1,
    ) -> History:  # fmt: skip
        """Train for a number of epochs.

        Args:
            x, y: Arrays or tensors, nested; or a dataset of batches as `x`.
            batch_size: 32 by default.
            epochs: The number of the last epoch.
            verbose: 0 for silence, 1 or "auto" for a progress bar, 2 for a line per epoch.
            callbacks: Called at each step.
            validation_split: The share of the data, from its end, to evaluate on.
            validation_data: A pair, or a dataset, to evaluate on.
            shuffle: Whether to shuffle arrays before each epoch.
            class_weight: A weight for each class number.
            sample_weight: A weight for each example.
            initial_epoch: The number of the first epoch, less one.
            steps_per_epoch: How many batches at most.
            validation_steps, validation_batch_size: For the evaluation.
            validation_freq: After how many epochs to evaluate.

        Returns:
            The history of losses and metrics.

        Raises:
            ValueError: The model is not compiled, or arrays have different lengths.
        """
        self._check_compiled()
        if validation_split and validation_data is None:
            x, y, sample_weight, validation_data = split_off(x, y, sample_weight, validation_split)
        if class_weight is not None:
            sample_weight = class_weights(y, class_weight, sample_weight)
        source = Batches(x, y, sample_weight, batch_size or 32, shuffle, steps_per_epoch)
        run = CallbackList(callbacks, self, verbose, epochs=epochs, steps=source.steps)
        self.stop_training = False
        run.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            self.reset_metrics()
            run.on_epoch_begin(epoch)
            logs: dict[str, Any] = {}
            for step, data in enumerate(source):
                run.on_train_batch_begin(step)
                logs = _python_logs(self.train_step(data))
                run.on_train_batch_end(step, logs)
                if self.stop_training:
                    break
            logs = dict(logs)
            if validation_data is not None and (epoch + 1) % validation_freq == 0:
                logs.update(
                    self._validate(
                        validation_data, validation_batch_size or batch_size, validation_steps
                    )
                )
            run.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        run.on_train_end(logs if epochs > initial_epoch else None)
        self.history = run.history
        return run.history

    def _validate(self, data: Any, batch_size: int | None, steps: int | None) -> dict[str, Any]:
        if isinstance(data, (tuple, list)):
            x, y, weight = unpack_x_y_sample_weight(tuple(data))
        else:
            x, y, weight = data, None, None
        found = self.evaluate(
            x, y, batch_size, verbose=0, sample_weight=weight, steps=steps, return_dict=True
        )
        return {f"val_{k}": v for k, v in found.items()}

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto", sample_weight: Any = None,
        steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """Return the loss, or loss and metrics, on data; arguments as for `fit`.

        Raises:
            ValueError: The model is not compiled.
        """
        self._check_compiled()
        source = Batches(x, y, sample_weight, batch_size or 32, False, steps)
        run = CallbackList(callbacks, self, verbose, epochs=1, steps=source.steps)
        self.reset_metrics()
        run.on_test_begin()
        logs: dict[str, Any] = {}
        for step, data in enumerate(source):
            run.on_test_batch_begin(step)
            logs = _python_logs(self.test_step(data))
            run.on_test_batch_end(step, logs)
        run.on_test_end(logs)
        if return_dict:
            return logs
        ordered = [logs[n] for n in self.metrics_names if n in logs]
        return ordered[0] if len(ordered) == 1 else ordered

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the predictions for data as arrays."""
        source = Batches(x, None, None, batch_size or 32, False, steps)
        run = CallbackList(callbacks, self, verbose, epochs=1, steps=source.steps)
        run.on_predict_begin()
        parts: list[list[Any]] = []
        form: Any = None
        for step, data in enumerate(source):
            run.on_predict_batch_begin(step)
            form = self.predict_step(data)
            parts.append([as_tensor(t) for t in nest.flatten(form)])
            run.on_predict_batch_end(step)
        run.on_predict_end()
        if not parts:
            raise ValueError("Expected input data to be non-empty.")
        joined = [concat(list(column), 0).numpy() for column in zip(*parts, strict=True)]
        return nest.pack_sequence_as(form, joined)


def batch_size(x: Any) -> int:
    """The length of the first axis."""
    first = nest.flatten(x)[0]
    return int(first.shape[0]) if len(first.shape) else 1


def _python_logs(logs: dict[str, Any]) -> dict[str, Any]:
    return {k: float(logs[k]) for k in sorted(logs)}


def _function_loss(function: Any) -> loss_module.Loss:
    class FunctionLoss(loss_module.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    return FunctionLoss(name=getattr(function, "__name__", "loss"))


def _metric_for(identifier: Any, y: Any, y_pred: Any, loss: Any) -> Any:
    """A metric for the targets and predictions at hand: "accuracy" means another one for each kind."""
    if identifier not in ("accuracy", "acc", "crossentropy", "ce"):
        found = metric_module.get(identifier)
        if not isinstance(found, metric_module.Metric):
            return metric_module.MeanMetricWrapper(found)
        if isinstance(identifier, str):
            found.name = {"MSE": "mse", "MAE": "mae"}.get(identifier, identifier)
        return found
    binary = y_pred.shape[-1] == 1 if len(y_pred.shape) else True
    sparse = len(y.shape) < len(y_pred.shape) or (y.shape[-1] == 1 and not binary)
    kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
    word = "Accuracy" if identifier in ("accuracy", "acc") else "Crossentropy"
    return getattr(metric_module, kind + word)(name=identifier)
