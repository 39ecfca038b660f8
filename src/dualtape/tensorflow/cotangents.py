"""What `gradient`, `jacobian` and `tf.gradients` share around the engine's backward pass."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..core.callsite import Site, describe
from ..core.errors import ShapeError
from ..core.tensor import Tensor, wrap
from ..ops.shape import broadcast_to
from . import nest
from .convert import as_tensor, converted
from .enums import UnconnectedGradients
from .indexed_slices import IndexedSlices
from .raising import incompatible_shapes
from .tensor import EagerTensor, Readable, tensor

USED_UP = (
    "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
)


def used_up(site: Site | None) -> RuntimeError:
    """The error for asking a tape that has nothing to say; `site` is the line that used it up, if any did."""
    error = RuntimeError(USED_UP)
    if site is None:
        error.add_note(
            "this tape has recorded nothing: compute inside `with tf.GradientTape() as tape:`"
        )
    else:
        error.add_note(f"the tape was used up at {describe(site)}")
        error.add_note(
            "Ask for all gradients at once, or make it with GradientTape(persistent=True)."
        )
    return error


@functools.cache
def _one(dtype: np.dtype[Any]) -> Any:
    return dtype.type(1)


def initial_cotangent(edge: Any, weight: Any, graph: bool) -> Any:
    """The cotangent that a pass starts with at `edge`: a value, or with `graph` a tensor.

    Args:
        edge: The target's.
        weight: What broadcasts to the target, or None for ones.
        graph: Whether the pass is recorded.

    Raises:
        InvalidArgumentError: `weight` does not broadcast.
    """
    if weight is None:
        shape = edge.shape
        ones = np.ones(shape, edge.dtype) if shape else _one(edge.dtype)
        return wrap(Tensor, ones) if graph else ones
    given = converted(weight, edge.dtype)
    try:
        ct = broadcast_to(wrap(Tensor, given.value, given.edge), edge.shape)
    except ShapeError as error:
        raise incompatible_shapes("Mul", given.value.shape, edge.shape) from error
    return ct if graph else ct.value


def checked_sources(sources: Any) -> list[Any]:
    """The flattened sources, each a tensor or variable (for an `IndexedSlices` its values).

    Raises:
        TypeError: One is None.
        AttributeError: One is something else, without a dtype.
    """
    if sources.__class__ is list:
        for x in sources:
            if not isinstance(x, Readable):
                break
        else:
            return sources
    flat = []
    for x in nest.flatten(sources):
        if isinstance(x, IndexedSlices):
            x = x.values
        if x is None:
            raise TypeError("Cannot convert the argument `type_value`: None to a TensorFlow DType.")
        if not isinstance(x, (Tensor, Readable)):
            raise AttributeError(f"{type(x).__name__!r} object has no attribute 'dtype'")
        flat.append(x)
    return flat


def wants_zeros(unconnected_gradients: Any) -> bool:
    """Whether an independent source gets zeros rather than None.

    Raises:
        ValueError: It is neither "none" nor "zero".
    """
    try:
        return UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}"
        ) from None


def zeros_for(x: Any, shape: tuple[int, ...] = ()) -> EagerTensor:
    """Zeros of `shape` followed by the shape of a tensor or variable, in its dtype."""
    value = as_tensor(x).value
    return tensor(np.zeros((*shape, *value.shape), value.dtype)[()])
