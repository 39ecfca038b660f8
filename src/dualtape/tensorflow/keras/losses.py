"""`keras.losses`: functions (one loss per example) and classes (reduced over the batch)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ...core.boxes import Box
from ...core.missing import missing_attribute
from ...ops.compare import eq, logical_or
from ...ops.reduce import all as all_of
from .. import elementwise as e
from ..activations import softplus
from ..arithmetic import absolute
from ..convert import as_tensor, converted
from ..cross_entropies import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from ..gather import where
from ..kernels import FLOATING
from ..nn_norms import clip_by_value, l2_normalize, maximum
from ..reductions import reduce_mean, reduce_sum
from ..shaping import expand_dims, reshape, squeeze
from ..special import squared_difference, xlogy
from ..tensor import EagerTensor, tensor
from .variables import auto_name

EPSILON = 1e-7
FLOAT32 = np.dtype(np.float32)

Function = Callable[..., Any]


def _pair(y_true: Any, y_pred: Any) -> tuple[EagerTensor, EagerTensor]:
    """Predictions in a floating dtype and targets in the same, of the same rank if one axis is missing."""
    p = as_tensor(y_pred)
    if p.value.dtype.kind not in FLOATING.kinds:
        p = e.cast(p, FLOAT32)
    t = e.cast(as_tensor(y_true), p.dtype)
    return _same_rank(t, p)


def _same_rank(t: EagerTensor, p: EagerTensor) -> tuple[EagerTensor, EagerTensor]:
    n, m = len(t.value.shape), len(p.value.shape)
    if m == n + 1 and p.value.shape[-1] == 1:
        return (expand_dims(t, -1), p) if n == 1 else (t, squeeze(p, -1))
    if n == m + 1 and t.value.shape[-1] == 1:
        return (t, expand_dims(p, -1)) if m == 1 else (squeeze(t, -1), p)
    return t, p


def _mean(x: Any) -> EagerTensor:
    return reduce_mean(x, -1) if x.value.shape else x


def mean_squared_error(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of (y_true - y_pred) ** 2 over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(e.square(t - p))


def mean_absolute_error(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of |y_true - y_pred| over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(absolute(t - p))


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of 100 |y_true - y_pred| / |y_true| over the last axis."""
    t, p = _pair(y_true, y_pred)
    return 100.0 * _mean(absolute((t - p) / maximum(absolute(t), EPSILON)))  # type: ignore[no-any-return]


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean squared difference of log(1 + y) over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(
        squared_difference(e.log(maximum(t, EPSILON) + 1.0), e.log(maximum(p, EPSILON) + 1.0))
    )


def _smoothed(t: EagerTensor, label_smoothing: float, towards: float) -> EagerTensor:
    if not label_smoothing:
        return t
    return t * (1.0 - label_smoothing) + towards * label_smoothing  # type: ignore[no-any-return]


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> EagerTensor:
    """Return the mean cross entropy of independent classes over `axis`.

    Args:
        y_true: Numbers in [0, 1].
        y_pred: Probabilities, or with `from_logits` log-odds.
        from_logits: Which.
        label_smoothing: How far the targets are moved towards 1/2.
        axis: Over which to average.
    """
    t, p = _pair(y_true, y_pred)
    t = _smoothed(t, label_smoothing, 0.5)
    if from_logits:
        loss = sigmoid_cross_entropy_with_logits(t, p)
    else:
        p = clip_by_value(p, EPSILON, 1.0 - EPSILON)
        loss = -(t * e.log(p) + (1.0 - t) * e.log(1.0 - p))
    return reduce_mean(loss, axis) if loss.value.shape else loss


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> EagerTensor:
    """Return the cross entropy of exclusive classes along `axis`.

    Args:
        y_true: A row of probabilities for each example.
        y_pred: Probabilities, or with `from_logits` log-probabilities up to a constant.
        from_logits: Which.
        label_smoothing: How far the targets are moved towards equal probabilities.
        axis: That of the classes.

    Raises:
        ValueError: The shapes differ.
    """
    p = as_tensor(y_pred)
    t = e.cast(as_tensor(y_true), p.dtype)
    t = _smoothed(t, label_smoothing, 1.0 / p.value.shape[axis])
    if t.value.shape != p.value.shape:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape. Received: "
            f"target.shape={t.shape}, output.shape={p.shape}"
        )
    if from_logits:
        return softmax_cross_entropy_with_logits(t, p, axis)
    p = p / reduce_sum(p, axis, True)
    p = clip_by_value(p, EPSILON, 1.0 - EPSILON)
    return -reduce_sum(t * e.log(p), axis)  # type: ignore[no-any-return]


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> EagerTensor:
    """Return the cross entropy of exclusive classes that are given by number.

    Args:
        y_true: Integers.
        y_pred: Probabilities, or with `from_logits` log-probabilities up to a constant; the classes in the last
            axis.
        from_logits: Which.
        ignore_class: Not supported.
        axis: The last one.

    Raises:
        ValueError: The shapes do not fit.
        NotImplementedError: `ignore_class` or another axis.
    """
    p = as_tensor(y_pred)
    if ignore_class is not None or axis not in (-1, len(p.value.shape) - 1):
        raise NotImplementedError(
            "sparse_categorical_crossentropy with ignore_class or an axis other than the last"
        )
    t = as_tensor(y_true)
    if t.value.dtype.kind not in "iu":
        t = e.cast(t, np.dtype(np.int64))
    if len(t.value.shape) == len(p.value.shape) and t.value.shape[-1] == 1:
        t = squeeze(t, -1)
    if t.value.shape != p.value.shape[:-1]:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape up until the last dimension: "
            f"target.shape={tuple(t.value.shape)}, output.shape={tuple(p.value.shape)}"
        )
    if not from_logits:
        p = e.log(clip_by_value(p, EPSILON, 1.0 - EPSILON))
    return sparse_softmax_cross_entropy_with_logits(t, p)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> EagerTensor:
    """Return the mean over the last axis of d ** 2 / 2 for |d| <= delta, else delta * (|d| - delta / 2)."""
    t, p = _pair(y_true, y_pred)
    size = absolute(t - p)
    bound = converted(delta, size.value.dtype)
    return _mean(where(size <= bound, 0.5 * e.square(size), bound * size - 0.5 * e.square(bound)))


def hinge(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of max(1 - y_true * y_pred, 0) over the last axis; targets 0 and 1 become -1 and 1."""
    t, p = _pair(y_true, y_pred)
    return _mean(maximum(1.0 - _signs(t) * p, 0.0))


def squared_hinge(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of max(1 - y_true * y_pred, 0) ** 2 over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(e.square(maximum(1.0 - _signs(t) * p, 0.0)))


def _signs(t: EagerTensor) -> EagerTensor:
    zero, one = t.value.dtype.type(0), t.value.dtype.type(1)
    binary = all_of(logical_or(eq(t.value, zero), eq(t.value, one)))
    if isinstance(binary, Box):
        return where(tensor(binary), 2.0 * t - 1.0, t)
    return 2.0 * t - 1.0 if binary else t


def kl_divergence(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the sum of y_true * log(y_true / y_pred) over the last axis."""
    t, p = _pair(y_true, y_pred)
    t, p = clip_by_value(t, EPSILON, 1.0), clip_by_value(p, EPSILON, 1.0)
    return reduce_sum(t * e.log(t / p), -1)


def poisson(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of y_pred - y_true * log(y_pred) over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(p - xlogy(t, p + EPSILON))


def log_cosh(y_true: Any, y_pred: Any) -> EagerTensor:
    """Return the mean of log(cosh(y_pred - y_true)) over the last axis."""
    t, p = _pair(y_true, y_pred)
    d = p - t
    return _mean(d + softplus(d * -2.0) - math.log(2.0))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> EagerTensor:
    """Return the cosine of the angle between the rows."""
    t, p = _pair(y_true, y_pred)
    return reduce_sum(l2_normalize(t, axis) * l2_normalize(p, axis), axis)


mse, mae, mape, msle = (
    mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error,
)  # fmt: skip
MSE, MAE, MAPE, MSLE, KLD = mse, mae, mape, msle, kl_divergence


class Reduction:
    """Names of reductions."""

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"


_REDUCTIONS = (
    "sum_over_batch_size",
    "sum",
    "mean",
    "mean_with_sample_weight",
    "none",
    None,
    "auto",
)


class Loss:
    """Base: `call` gives a loss per example, calling the object their reduction.

    Args:
        name: By default the class's in snake case.
        reduction: "sum_over_batch_size" (the mean), "sum", "none" or None.
        dtype: Not used.

    Raises:
        ValueError: Another reduction.
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"Invalid value for argument `reduction`. Expected one of {set(_REDUCTIONS) - {'auto'}}. Received: "
                f"reduction={reduction}"
            )
        self.name = auto_name(type(self).__name__) if name is None else name
        self.reduction = "sum_over_batch_size" if reduction == "auto" else reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return a loss per example.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call() method")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the reduced loss, each example weighted if asked."""
        t = e.cast(as_tensor(y_true), FLOAT32)
        p = e.cast(as_tensor(y_pred), FLOAT32)
        return reduced(self.call(t, p), sample_weight, self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {"name": self.name, "reduction": self.reduction}


def reduced(losses: Any, sample_weight: Any, reduction: str | None) -> Any:
    """Weigh losses per example and reduce them."""
    x = as_tensor(losses)
    if sample_weight is not None:
        weight = e.cast(as_tensor(sample_weight), x.dtype)
        n, m = len(weight.value.shape), len(x.value.shape)
        if n == m + 1 and weight.value.shape[-1] == 1:
            weight = squeeze(weight, -1)
        elif 0 < n < m:
            weight = reshape(weight, (*weight.value.shape, *(1,) * (m - n)))
        x = x * weight
    if reduction in (None, "none"):
        return x
    if reduction == "sum":
        return reduce_sum(x)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return reduce_sum(x) / reduce_sum(weight)
    return reduce_mean(x)


class _FunctionLoss(Loss):
    function: Function
    options: tuple[str, ...] = ()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See `Loss.call`."""
        return type(self).function(y_true, y_pred, **{k: getattr(self, k) for k in self.options})


def _loss(
    cls_name: str, function: Function, default_name: str, sign: float = 1.0, **options: Any
) -> type[Loss]:
    """Make the class of a loss function; `options` are its further arguments with their defaults."""

    def __init__(self: _FunctionLoss, *args: Any, **kwargs: Any) -> None:
        given = dict(zip((*options, "reduction", "name"), args, strict=False)) | kwargs
        for key, default in options.items():
            setattr(self, key, given.pop(key, default))
        given.pop("dtype", None)
        Loss.__init__(
            self, given.pop("name", default_name), given.pop("reduction", "sum_over_batch_size")
        )
        if given:
            raise TypeError(
                f"{cls_name}.__init__() got an unexpected keyword argument {next(iter(given))!r}"
            )

    def signed(y_true: Any, y_pred: Any, **kw: Any) -> Any:
        out = function(y_true, y_pred, **kw)
        return out if sign == 1.0 else out * sign

    return type(
        cls_name, (_FunctionLoss,),
        {
            "__init__": __init__, "function": staticmethod(signed), "options": tuple(options),
            "__doc__": f"`{function.__name__}`, reduced over the batch.", "__module__": __name__,
        },
    )  # fmt: skip


MeanSquaredError = _loss("MeanSquaredError", mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _loss("MeanAbsoluteError", mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _loss(
    "MeanAbsolutePercentageError", mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _loss(
    "MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
BinaryCrossentropy = _loss(
    "BinaryCrossentropy",
    binary_crossentropy,
    "binary_crossentropy",
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
)
CategoricalCrossentropy = _loss(
    "CategoricalCrossentropy", categorical_crossentropy, "categorical_crossentropy", from_logits=False,
    label_smoothing=0.0, axis=-1,
)  # fmt: skip
SparseCategoricalCrossentropy = _loss(
    "SparseCategoricalCrossentropy", sparse_categorical_crossentropy, "sparse_categorical_crossentropy",
    from_logits=False, ignore_class=None,
)  # fmt: skip
Huber = _loss("Huber", huber, "huber_loss", delta=1.0)
Hinge = _loss("Hinge", hinge, "hinge")
SquaredHinge = _loss("SquaredHinge", squared_hinge, "squared_hinge")
KLDivergence = _loss("KLDivergence", kl_divergence, "kl_divergence")
Poisson = _loss("Poisson", poisson, "poisson")
LogCosh = _loss("LogCosh", log_cosh, "log_cosh")
CosineSimilarity = _loss(
    "CosineSimilarity", cosine_similarity, "cosine_similarity", sign=-1.0, axis=-1
)

_CLASSES = (
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError,
    BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy, Huber, Hinge, SquaredHinge,
    KLDivergence, Poisson, LogCosh, CosineSimilarity,
)  # fmt: skip
_FUNCTIONS = (
    mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error,
    binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, huber, hinge, squared_hinge,
    kl_divergence, poisson, log_cosh, cosine_similarity,
)  # fmt: skip
_BY_NAME: dict[str, Any] = {f.__name__: f for f in _FUNCTIONS} | {c.__name__: c for c in _CLASSES}
_BY_NAME |= {
    "mse": mse,
    "mae": mae,
    "mape": mape,
    "msle": msle,
    "MSE": mse,
    "MAE": mae,
    "kld": kl_divergence,
    "bce": binary_crossentropy,
}


def get(identifier: Any) -> Any:
    """Return the loss that a name, a function or a loss stands for; None for None.

    Raises:
        ValueError: There is none.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    found = _BY_NAME.get(identifier) if isinstance(identifier, str) else identifier
    if found is None:
        raise ValueError(f"Could not interpret loss identifier: {identifier}")
    return found() if isinstance(found, type) else found


def class_for(function: Function) -> Loss | None:
    """The reduced loss of one of the functions above; None for another function."""
    for f, cls in zip(_FUNCTIONS, _CLASSES, strict=True):
        if f is function:
            return cls()
    return None


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
