"""Losses that compare input and target element by element, reduction included.

One node for elementwise loss and mean, as PyTorch has it, and few Python calls: training loops end
here.
`reduction` is "mean" (the default, which needs no parameter), "sum" or "none".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.batching import aligned
from ..core.errors import ArgumentError
from ..core.kinds import broadcast_shapes, general
from ..core.summation import add_up
from .arithmetic import mul
from .axes import max_reduce, min_reduce, size_of
from .exponential import log, log1p
from .logistic import log_sigmoid, sigmoid
from .reduce import mean_all_p, mean_p, sum_all_p, sum_p
from .select import clamp_p
from .shape import broadcast_to
from .twice import fast_on_arrays, real_floating

REDUCTIONS = ("mean", "sum", "none")


def reduced(x: Any, reduction: str) -> Any:
    """The mean or the sum of all elements, or the elements themselves.

    Raises:
        ArgumentError: `reduction` is none of "mean", "sum" and "none".
    """
    if reduction == "mean":
        return mean_all_p(x)
    if reduction == "sum":
        return sum_all_p(x)
    check_reduction(reduction)
    return x


def check_reduction(reduction: str) -> None:
    """Raise ArgumentError for a reduction that is none of the three."""
    if reduction not in REDUCTIONS:
        raise ArgumentError(f"{reduction} is not a valid value for reduction")


def _reduced_eval(v: Any, reduction: str) -> Any:
    if reduction == "none":
        return v
    total = add_up(v, None, False)
    return total / v.size if reduction == "mean" else total


def _share(ct: Any, reduction: str, size: int) -> Any:
    """What each element gets of the cotangent: a factor that broadcasts."""
    return ct * (1 / (size or 1)) if reduction == "mean" else ct


Slope = Callable[..., Any]


def pointwise_loss(
    name: str,
    value: Callable[..., Any],
    slope: Slope,
    target_slope: Slope | None = None,
    *,
    eval: Callable[..., Any] | None = None,
    pulled: Callable[..., Any] | None = None,
    **rest: Any,
) -> Any:
    """Declare a loss of input x and target y, of one shape.

    Args:
        name: Its name.
        value: On NumPy values (x, y, *, params): the loss of each element.
        slope: In operations, (x, y, *, params): its derivative by x.
        target_slope: The one by y; None: minus that by x.
        eval: (x, y, *, reduction, params): value and reduction at once, if that can be done better.
        pulled: (ct, needs, x, y, *, reduction, params): the pullback on arrays, if it can be done
            better.
        rest: See `Primitive`.
    """

    @real_floating(name)
    def evaluate(x: Any, y: Any, *, reduction: str = "mean", **params: Any) -> Any:
        return _reduced_eval(value(x, y, **params), reduction)

    def shape_rule(x: Aval, y: Aval, *, reduction: str = "mean", **_: Any) -> Aval:
        return Aval(
            broadcast_shapes(name, x.shape, y.shape) if reduction == "none" else (), x.dtype
        )

    def by_target(x: Any, y: Any, **params: Any) -> Any:
        return target_slope(x, y, **params) if target_slope is not None else -slope(x, y, **params)

    def jvp_x(d: Any, x: Any, y: Any, *, reduction: str = "mean", **params: Any) -> Any:
        return reduced(slope(x, y, **params) * d, reduction)

    def jvp_y(d: Any, x: Any, y: Any, *, reduction: str = "mean", **params: Any) -> Any:
        return reduced(by_target(x, y, **params) * d, reduction)

    def pullback(
        ct: Any, needs: tuple[bool, ...], x: Any, y: Any, *, reduction: str = "mean", **params: Any
    ) -> list[Any]:
        share = _share(
            ct, reduction, size_of(broadcast_shapes(name, tuple(x.shape), tuple(y.shape)))
        )
        if target_slope is None:
            by_x = share * slope(x, y, **params)
            return [by_x, -by_x if needs[1] else None]
        return [
            share * slope(x, y, **params) if needs[0] else None,
            share * target_slope(x, y, **params) if needs[1] else None,
        ]

    def batch(
        values: list[Any],
        where: list[int | None],
        size: int,
        *,
        reduction: str = "mean",
        **params: Any,
    ) -> tuple[Any, int]:
        x, y = aligned(values, where)
        out = primitive(x, y, reduction="none", **params)
        if reduction != "none":
            axes = tuple(range(1, len(out.shape)))
            out = (mean_p if reduction == "mean" else sum_p)(out, axes=axes, keepdims=False)
        return out, 0

    primitive = general(
        name, eval or evaluate, aval=shape_rule, jvp=(jvp_x, jvp_y), batch=batch,
        joint_vjp=fast_on_arrays(pulled)(pullback) if pulled is not None else pullback, **rest,
    )  # fmt: skip
    return primitive


def losses(primitive: Any, x: Any, y: Any, reduction: str, **params: Any) -> Any:
    """Call a pointwise loss on values that broadcast.

    Raises:
        ArgumentError: The reduction does not exist.
        ShapeError: The shapes do not broadcast.
    """
    if x.shape != y.shape:
        shape = broadcast_shapes(primitive.name, tuple(x.shape), tuple(y.shape))
        x, y = broadcast_to(x, shape), broadcast_to(y, shape)
    if reduction == "mean":
        return primitive(x, y, **params)
    check_reduction(reduction)
    return primitive(x, y, reduction=reduction, **params)


# Squared errors: the commonest loss, worth every NumPy call.


@real_floating("mse_loss")
def _mse_eval(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    d = x - y
    if reduction == "none":
        return d * d
    if d.__class__ is np.ndarray:
        if d.flags.c_contiguous:
            row = d if d.ndim == 1 else d.reshape(-1)
            total = row.dot(row)
        else:
            total = add_up(np.square(d, d), None, False)
        return total / d.size if reduction == "mean" else total
    return d * d


def _mse_pulled(
    ct: Any, needs: tuple[bool, ...], x: Any, y: Any, *, reduction: str = "mean"
) -> list[Any]:
    d = x - y
    if d.dtype.itemsize == 2:
        d, ct = d.astype(np.float32), ct.astype(np.float32)
    g = d * (ct * (2 / (d.size or 1)) if reduction == "mean" else ct * 2)
    return [g, -g if needs[1] else None]


mse_loss_p: Any = pointwise_loss(
    "mse_loss",
    lambda x, y: np.square(x - y),
    lambda x, y: (x - y) * 2,
    eval=_mse_eval,
    pulled=_mse_pulled,
)


def mse_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    """(x - y)^2, its mean or its sum.

    Args:
        x: Input, real.
        y: Target, real; broadcasts with `x`.
        reduction: "mean", "sum" or "none".
    """
    return (
        mse_loss_p(x, y)
        if reduction == "mean" and x.shape == y.shape
        else losses(mse_loss_p, x, y, reduction)
    )


def _smooth_l1(x: Any, y: Any, *, beta: float = 1.0) -> Any:
    z = np.abs(x - y)
    return np.where(z < beta, z * z * (0.5 / beta), z - 0.5 * beta).astype(x.dtype, copy=False)


smooth_l1_loss_p: Any = pointwise_loss(
    "smooth_l1_loss",
    _smooth_l1,
    lambda x, y, *, beta=1.0: clamp_p(x - y, low=-beta, high=beta) / beta,
    grad_name="SmoothL1LossBackward0",
)


def _huber(x: Any, y: Any, *, delta: float = 1.0) -> Any:
    z = np.abs(x - y)
    return np.where(z <= delta, z * z * 0.5, (z - 0.5 * delta) * delta).astype(x.dtype, copy=False)


huber_loss_p: Any = pointwise_loss(
    "huber_loss", _huber, lambda x, y, *, delta=1.0: clamp_p(x - y, low=-delta, high=delta)
)


def huber_loss(x: Any, y: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Half the squared error, and beyond `delta` the tangent line's continuation of it.

    Raises:
        ArgumentError: `delta` is not positive.
    """
    if delta <= 0:
        raise ArgumentError("huber_loss does not support non-positive values for delta.")
    return losses(huber_loss_p, x, y, reduction, delta=float(delta))


def _soft_margin(x: Any, y: Any) -> Any:
    z = x * y
    return np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z)))


soft_margin_loss_p: Any = pointwise_loss(
    "soft_margin_loss",
    _soft_margin,
    lambda x, y: -y * sigmoid(-(x * y)),
    lambda x, y: -x * sigmoid(-(x * y)),
)


def soft_margin_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    """log(1 + exp(-x y)) for targets y of -1 and 1, without overflow."""
    return losses(soft_margin_loss_p, x, y, reduction)


def _check_unit(v: Any, what: str) -> None:
    if v.size and not (min_reduce(v, None) >= 0 and max_reduce(v, None) <= 1):
        raise ArgumentError(f"all elements of {what} should be between 0 and 1")


def _binary_cross_entropy(x: Any, y: Any) -> Any:
    _check_unit(x, "input")
    _check_unit(y, "target")
    with np.errstate(divide="ignore"):  # log(0) = -inf is cut off at -100
        return (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)


# The logarithms are cut off at -100 and x (1 - x) at 1e-12, so that sure and wrong costs and pulls
# much, but not infinitely: PyTorch's numbers.
binary_cross_entropy_p: Any = pointwise_loss(
    "binary_cross_entropy", _binary_cross_entropy,
    lambda x, y: (x - y) / clamp_p(x * (1 - x), low=1e-12, high=None),
    lambda x, y: clamp_p(log1p(-x), low=-100, high=None) - clamp_p(log(x), low=-100, high=None),
)  # fmt: skip


def binary_cross_entropy(x: Any, y: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """-(y log(x) + (1 - y) log(1 - x)) for probabilities, the logarithms being -100 at least.

    Args:
        x: Probabilities, in [0, 1].
        y: Targets, in [0, 1], of the same shape.
        weight: Multiplies the elements' losses; broadcasts.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: Shapes that do not fit.
        ArgumentError: Elements outside [0, 1].
    """
    return _weighted(binary_cross_entropy_p, x, y, weight, reduction)


def _weighted(primitive: Any, x: Any, y: Any, weight: Any, reduction: str) -> Any:
    if weight is None:
        return losses(primitive, x, y, reduction)
    return reduced(mul(losses(primitive, x, y, "none"), weight), reduction)


def _with_logits(x: Any, y: Any) -> Any:
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


bce_with_logits_p: Any = pointwise_loss(
    "binary_cross_entropy_with_logits", _with_logits, lambda x, y: sigmoid(x) - y, lambda x, y: -x
)


def binary_cross_entropy_with_logits(
    x: Any, y: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """`binary_cross_entropy` of sigmoid(x), exact for x of any size.

    Args:
        x: Logits.
        y: Targets, of the same shape; any numbers, though in [0, 1] by their meaning.
        weight: Multiplies the elements' losses; broadcasts.
        reduction: "mean", "sum" or "none".
        pos_weight: Multiplies the share of the positive class; broadcasts.

    Raises:
        ShapeError: Shapes that do not fit.
    """
    if pos_weight is None:
        return _weighted(bce_with_logits_p, x, y, weight, reduction)
    check_reduction(reduction)
    out = (1 - y) * x - ((pos_weight - 1) * y + 1) * log_sigmoid(x)
    return reduced(out if weight is None else mul(out, weight), reduction)
