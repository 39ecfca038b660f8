"""`keras.metrics`: numbers that are collected over batches.

They compute on values by operators and the engine's operations, which are NumPy's on arrays, so that they compile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ...core.boxes import Box
from ...core.missing import missing_attribute
from ...core.vocabulary import vocabulary
from ...ops import arithmetic as a
from ...ops.compare import eq, exceeds, logical_and, logical_not, ne
from ...ops.exponential import sqrt
from ...ops.extrema import argmax
from ...ops.reduce import mean
from ...ops.reduce import sum as total
from ...ops.select import where
from ..convert import as_tensor
from ..tensor import EagerTensor, tensor
from . import losses
from .variables import Variable, auto_name, names

FLOAT32 = np.dtype(np.float32)


class Metric:
    """Base: `update_state` takes a batch, `result` gives the number so far, `reset_state` starts again.

    Args:
        dtype: Not used: states are float32.
        name: By default the class's in snake case.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = auto_name(type(self).__name__) if name is None else name
        self._variables: list[Variable] = []

    compiled_unwatched = frozenset({"name"})

    def compiled_keepers(self) -> list[Variable]:
        """What compiled programs read at each call: see `compiler.reach`."""
        return self._variables

    def add_variable(
        self,
        shape: Any,
        initializer: Any = None,
        dtype: Any = None,
        aggregation: Any = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a state of zeros."""
        with names.scope(self.name):
            v = Variable(
                np.zeros(tuple(shape), FLOAT32)[()], trainable=False, name=name, dtype="float32"
            )
        self._variables.append(v)
        return v

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Variable:
        """Make a state of zeros."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The states."""
        return list(self._variables)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch in.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError

    def result(self) -> Any:
        """Return the number so far.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError

    def reset_state(self) -> None:
        """Start again."""
        for v in self._variables:
            v.assign(np.zeros(v.shape, FLOAT32)[()])

    reset_states = reset_state

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch in and return the number so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _value(x: Any) -> Any:
    """The numbers of what a tensor can be made of: an array, or in compiled code what stands for one."""
    value = x if isinstance(x, Box) else as_tensor(x).value
    return value if isinstance(value, Box) else np.asarray(value)


def _float32(x: Any) -> Any:
    return vocabulary.cast(x, FLOAT32)


def _with_axis(x: Any) -> Any:
    return vocabulary.reshape(x, (*x.shape, 1))


def _without_axis(x: Any) -> Any:
    return vocabulary.reshape(x, x.shape[:-1])


def _values(values: Any, sample_weight: Any) -> tuple[Any, Any]:
    x = _float32(_value(values))
    if sample_weight is None:
        return x, np.float32(math.prod(x.shape))
    weight = _float32(_value(sample_weight))
    while 0 < len(weight.shape) < len(x.shape):
        weight = _with_axis(weight)
    weight = vocabulary.broadcast_to(weight, tuple(x.shape))
    return x * weight, total(weight)


def _ratio(part: Any, whole: Any) -> EagerTensor:
    """Part / whole, 0 of nothing."""
    if not isinstance(whole, Box):
        return tensor(np.float32(part / whole) if whole else np.float32(0))
    known = ne(whole, np.float32(0))
    return tensor(where(known, part / where(known, whole, np.float32(1)), np.float32(0)))


class Mean(Metric):
    """The (weighted) mean of all values."""

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values in."""
        x, count = _values(values, sample_weight)
        self.total.assign_add(tensor(total(x)))
        self.count.assign_add(tensor(count))

    def result(self) -> EagerTensor:
        """Return the mean, 0 of nothing."""
        return _ratio(self.total._read().value, self.count._read().value)


class Sum(Metric):
    """The (weighted) sum of all values."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values in."""
        self.total.assign_add(tensor(total(_values(values, sample_weight)[0])))

    def result(self) -> EagerTensor:
        """Return the sum."""
        return tensor(self.total._read().value)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions.

    Args:
        fn: (y_true, y_pred, **kwargs) -> a number per example.
        name: Of the metric.
        dtype: Not used.
        kwargs: Further arguments of `fn`.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name or fn.__name__, dtype)
        self._fn = fn
        self._options = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch in."""
        super().update_state(self._fn(y_true, y_pred, **self._options), sample_weight)


def _arrays(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    t, p = _value(y_true), _value(y_pred)
    more = len(t.shape) - len(p.shape)
    if more == 1 and t.shape[-1] == 1:
        t = _without_axis(t)
    elif more == -1 and p.shape[-1] == 1:
        p = _without_axis(p)
    return t, p


def _equal(x: Any, y: Any) -> Any:
    """Where two arrays of any dtypes are equal, as 1 and 0."""
    if x.dtype != y.dtype:
        common = np.result_type(x.dtype, y.dtype)
        x, y = vocabulary.cast(x, common), vocabulary.cast(y, common)
    return _float32(eq(x, y))


def _share(hit: Any) -> Any:
    return mean(hit, -1) if len(hit.shape) > 1 else hit


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return the share of equal elements along the last axis."""
    return _share(_equal(*_arrays(y_true, y_pred)))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Return the share of predictions on the right side of `threshold` along the last axis."""
    t, p = _value(y_true), _value(y_pred)
    if len(t.shape) + 1 == len(p.shape) and p.shape[-1] == 1:
        t = _with_axis(t)
    return _share(_equal(exceeds(p, bound=threshold), t))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return where the largest probability is at the target's largest."""
    return _equal(argmax(_value(y_true), -1), argmax(_value(y_pred), -1))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return where the largest probability is at the class of that number."""
    t, p = _value(y_true), _value(y_pred)
    if len(t.shape) == len(p.shape) and t.shape[-1] == 1:
        t = _without_axis(t)
    return _equal(t, argmax(p, -1))


def _wrapped(
    cls_name: str, function: Callable[..., Any], default_name: str, **options: Any
) -> type[MeanMetricWrapper]:
    def __init__(self: MeanMetricWrapper, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("name", "dtype", *options), args, strict=False)) | kwargs
        own = {key: given.pop(key, default) for key, default in options.items()}
        MeanMetricWrapper.__init__(
            self, function, given.pop("name", default_name), given.pop("dtype", None), **own
        )
        if given:
            raise TypeError(
                f"{cls_name}.__init__() got an unexpected keyword argument {next(iter(given))!r}"
            )

    return type(
        cls_name, (MeanMetricWrapper,),
        {"__init__": __init__, "__doc__": f"The mean of `{function.__name__}`.", "__module__": __name__},
    )  # fmt: skip


Accuracy = _wrapped("Accuracy", accuracy, "accuracy")
BinaryAccuracy = _wrapped("BinaryAccuracy", binary_accuracy, "binary_accuracy", threshold=0.5)
CategoricalAccuracy = _wrapped("CategoricalAccuracy", categorical_accuracy, "categorical_accuracy")
SparseCategoricalAccuracy = _wrapped(
    "SparseCategoricalAccuracy", sparse_categorical_accuracy, "sparse_categorical_accuracy"
)
MeanSquaredError = _wrapped("MeanSquaredError", losses.mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _wrapped("MeanAbsoluteError", losses.mean_absolute_error, "mean_absolute_error")
BinaryCrossentropy = _wrapped(
    "BinaryCrossentropy",
    losses.binary_crossentropy,
    "binary_crossentropy",
    from_logits=False,
    label_smoothing=0.0,
)
CategoricalCrossentropy = _wrapped(
    "CategoricalCrossentropy", losses.categorical_crossentropy, "categorical_crossentropy", from_logits=False,
    label_smoothing=0.0,
)  # fmt: skip
SparseCategoricalCrossentropy = _wrapped(
    "SparseCategoricalCrossentropy", losses.sparse_categorical_crossentropy, "sparse_categorical_crossentropy",
    from_logits=False,
)  # fmt: skip


class RootMeanSquaredError(Mean):
    """The square root of the mean squared error."""

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch in."""
        t, p = _arrays(y_true, y_pred)
        super().update_state(tensor(a.square(t - p)), sample_weight)

    def result(self) -> EagerTensor:
        """Return the root."""
        return tensor(sqrt(super().result().value))


class _Counted(Metric):
    """Share of true positives among predicted (or actual) positives."""

    other = ""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: Any = None,
        class_id: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if top_k is not None or class_id is not None or isinstance(thresholds, (list, tuple)):
            raise NotImplementedError(
                f"{type(self).__name__} with top_k, class_id or several thresholds"
            )
        super().__init__(dtype, name or type(self).__name__.lower())
        self.threshold = 0.5 if thresholds is None else float(thresholds)
        self.true_positives = self.add_variable((), name="true_positives")
        self.rest = self.add_variable((), name=self.other)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in."""
        t, p = _arrays(y_true, y_pred)
        actual = vocabulary.cast(t, np.dtype(bool))
        predicted = exceeds(p, bound=self.threshold)
        weight = None if sample_weight is None else _value(sample_weight)

        def counted(chosen: Any) -> EagerTensor:
            share = _float32(chosen)
            return tensor(_float32(total(share if weight is None else weight * share)))

        self.true_positives.assign_add(counted(logical_and(actual, predicted)))
        pair = (
            (logical_not(actual), predicted)
            if self.other == "false_positives"
            else (actual, logical_not(predicted))
        )
        self.rest.assign_add(counted(logical_and(*pair)))

    def result(self) -> EagerTensor:
        """Return the share, 0 of nothing."""
        hits, rest = self.true_positives._read().value, self.rest._read().value
        return _ratio(hits, hits + rest)


class Precision(_Counted):
    """Which share of the predicted positives is positive."""

    other = "false_positives"


class Recall(_Counted):
    """Which share of the positives is predicted."""

    other = "false_negatives"


_BY_NAME: dict[str, Any] = {
    "mse": MeanSquaredError, "mae": MeanAbsoluteError, "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError, "accuracy": Accuracy, "acc": Accuracy,
    "binary_accuracy": BinaryAccuracy, "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy, "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "root_mean_squared_error": RootMeanSquaredError, "precision": Precision, "recall": Recall, "mean": Mean,
}  # fmt: skip
_BY_NAME |= {cls.__name__: cls for cls in list(_BY_NAME.values())}


def get(identifier: Any) -> Any:
    """Return the metric that a name, a class, a function or a metric stands for; None for None.

    Raises:
        ValueError: There is none.
    """
    if identifier is None or isinstance(identifier, Metric):
        return identifier
    found = _BY_NAME.get(identifier) if isinstance(identifier, str) else identifier
    if found is None or not callable(found):
        raise ValueError(f"Could not interpret metric identifier: {identifier}")
    return found() if isinstance(found, type) else found


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
