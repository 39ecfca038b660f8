"""Softmax and its logarithm, stable for numbers of any size."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.kinds import general
from ..core.summation import reduce_over
from .axes import axis_from_end, batch_in_front, same_aval, vecdot
from .exponential import exp
from .reduce import sum_p
from .shape import reshape
from .twice import fast_on_arrays, in_blocks, real_floating


def total(x: Any, axis: int) -> Any:
    """The sums along an axis (negative), kept."""
    return sum_p(x, axes=(axis + len(x.shape),), keepdims=True)


@real_floating("softmax")
def _softmax_eval(x: Any, *, axis: int = -1) -> Any:
    def kernel(t: Any, x: Any) -> None:
        np.subtract(x, reduce_over(np.maximum, x, axis, True, -np.inf), t)
        np.exp(t, t)
        np.divide(t, reduce_over(np.add, t, axis, True), t)

    return in_blocks(kernel, np.empty(x.shape, x.dtype), x, axis=axis)


@real_floating("softmax")
def _softmax_pulled(d: Any, out: Any, *, axis: int = -1) -> Any:
    def kernel(t: Any, d: Any, out: Any) -> None:
        np.subtract(d, vecdot(d, out, axis=axis, keepdims=True), t)
        np.multiply(t, out, t)

    return in_blocks(kernel, np.empty(d.shape, d.dtype), d, out, axis=axis)


# The Jacobian diag(p) - p p^T is symmetric: one rule for both directions.
@fast_on_arrays(_softmax_pulled)
def _softmax_rule(d: Any, out: Any, *, axis: int = -1) -> Any:
    return out * (d - total(d * out, axis))


softmax_p: Any = general(
    "softmax", _softmax_eval, aval=same_aval, batch=batch_in_front(lambda: softmax_p),
    jvp=_softmax_rule, vjp=_softmax_rule,
)  # fmt: skip


@real_floating("log_softmax")
def _log_softmax_eval(x: Any, *, axis: int = -1) -> Any:
    def kernel(t: Any, x: Any) -> None:
        np.subtract(x, reduce_over(np.maximum, x, axis, True, -np.inf), t)
        np.subtract(t, np.log(reduce_over(np.add, np.exp(t), axis, True)), t)

    return in_blocks(kernel, np.empty(x.shape, x.dtype), x, axis=axis)


@real_floating("log_softmax")
def _log_softmax_pulled(ct: Any, out: Any, *, axis: int = -1) -> Any:
    def kernel(t: Any, ct: Any, out: Any) -> None:
        np.exp(out, t)
        np.multiply(t, reduce_over(np.add, ct, axis, True), t)
        np.subtract(ct, t, t)

    return in_blocks(kernel, np.empty(ct.shape, ct.dtype), ct, out, axis=axis)


@fast_on_arrays(_log_softmax_pulled)
def _log_softmax_vjp(ct: Any, out: Any, *, axis: int = -1) -> Any:
    return ct - exp(out) * total(ct, axis)


log_softmax_p: Any = general(
    "log_softmax", _log_softmax_eval, aval=same_aval, batch=batch_in_front(lambda: log_softmax_p),
    jvp=lambda d, out, *, axis=-1: d - total(exp(out) * d, axis),
    vjp=_log_softmax_vjp,
)  # fmt: skip


def _run(primitive: Any, x: Any, axis: int) -> Any:
    rank = len(x.shape)
    axis = axis_from_end(axis, rank)
    if not rank:
        return reshape(primitive(reshape(x, (1,))), ())
    return primitive(x) if axis == -1 else primitive(x, axis=axis)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`: positive numbers with sum 1.

    A row whose largest element is infinite is NaN, as in PyTorch.
    """
    return _run(softmax_p, x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, exact also where the softmax underflows to 0."""
    return _run(log_softmax_p, x, axis)


def softmin(x: Any, axis: int = -1) -> Any:
    """`softmax` of -x."""
    return softmax(-x, axis)
