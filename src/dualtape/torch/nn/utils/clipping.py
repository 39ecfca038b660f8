"""Gradients scaled down to a norm, or clipped to an interval."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from ....core import modes
from ....ops.norms import vector_norm
from ..._tensor import Tensor
from ...creation import tensor
from ...joints import stack

Tensors = Tensor | Iterable[Tensor]


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Tensors) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of tensors taken together as one vector.

    Args:
        tensors: One or several.
        norm_type: The order; infinity for the largest magnitude.
        error_if_nonfinite: Whether infinity or NaN is an error.
        foreach: Accepted.

    Returns:
        A 0-d tensor.

    Raises:
        RuntimeError: The norm is not finite, if that is an error.
    """
    norm_type = float(norm_type)
    norms = [vector_norm(t, norm_type) for t in _listed(tensors)]
    if not norms:
        return tensor(0.0)
    total: Tensor = vector_norm(stack(norms), norm_type)
    if error_if_nonfinite and not np.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply gradients by max_norm / total_norm where that is less than one, in place."""
    with modes.switched(on=modes.NO_GRAD):
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for g in _gradients(parameters):
            g.mul_(factor)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale gradients down, in place, so that their total norm is at most `max_norm`.

    Args:
        parameters: Whose gradients; those without one are left out.
        max_norm: The largest norm allowed.
        norm_type, error_if_nonfinite, foreach: As for `get_total_norm`.

    Returns:
        The total norm before, a 0-d tensor.

    Raises:
        RuntimeError: The norm is not finite, if that is an error.
    """
    parameters = _listed(parameters)
    if not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    with modes.switched(on=modes.NO_GRAD):
        total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


clip_grad_norm = clip_grad_norm_


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clip every element of the gradients to [-clip_value, clip_value], in place."""
    bound = float(clip_value)
    with modes.switched(on=modes.NO_GRAD):
        for g in _gradients(parameters):
            g.clamp_(min=-bound, max=bound)


__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]
