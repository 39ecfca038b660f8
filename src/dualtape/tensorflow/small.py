"""Small functions of the top level that few programs use."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tracing import Traced, capture
from .convert import as_tensor, static
from .dtype import as_dtype
from .errors import InvalidArgumentError
from .hosted import on_numbers
from .joining import stack
from .raising import dims, kernel_error
from .shapes import TensorShape
from .shaping import identity
from .tensor import EagerTensor, tensor


class version:
    """`tf.version`: that of the TensorFlow which is stood in for."""

    VERSION = "2.21.0"
    GIT_VERSION = "v2.21.0"
    COMPILER_VERSION = "none"


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> EagerTensor:
    """Return x, checked to be of `shape`, which may have None for any length.

    Raises:
        InvalidArgumentError: It is not.
    """
    out = as_tensor(x)
    want = TensorShape(shape)
    if not want.is_compatible_with(out.shape):
        lengths = [] if want.rank is None else [-1 if n is None else n for n in want]
        shown = dims(lengths).replace("-1", "?")
        raise InvalidArgumentError(
            None, None,
            "{{function_node __wrapped__EnsureShape_device_/job:localhost/replica:0/task:0/device:CPU:0}} "
            f"Shape of tensor input {dims(out.value.shape)} is not compatible with expected shape "
            f"{shown}. [Op:EnsureShape]",
        )  # fmt: skip
    return identity(out)


def identity_n(input: Any, name: str | None = None) -> list[EagerTensor]:
    """Return tensors with the values of several."""
    return [identity(x) for x in input]


def no_op(name: str | None = None) -> None:
    """Do nothing."""


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Return the value of a tensor as an array; None for one that has none yet, in a `tf.function`."""
    if is_symbolic_tensor(tensor):
        return None
    return as_tensor(tensor).numpy() if isinstance(tensor, EagerTensor) else np.asarray(tensor)


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether a tensor has no value yet, being inside a `tf.function` that is traced."""
    return isinstance(tensor, EagerTensor) and isinstance(tensor.value, Traced)


def inside_function() -> bool:
    """Whether a `tf.function` is being traced."""
    return capture.get() is not None


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> EagerTensor:
    """Return the places, one per column, that flat indices have in an array of shape `dims`.

    Raises:
        InvalidArgumentError: An index is out of range.
    """
    flat = as_tensor(indices).value
    shape = tuple(int(n) for n in np.asarray(static(dims)).reshape(-1))
    try:
        places = np.unravel_index(flat, shape)
    except ValueError as error:
        raise kernel_error("UnravelIndex", "index is out of bound as with dims") from error
    return stack([tensor(np.asarray(p).astype(flat.dtype)) for p in places])


def bitcast(input: Any, type: Any, name: str | None = None) -> EagerTensor:
    """Read the bytes of a tensor as another dtype.

    Elements of a smaller dtype become a last axis, and a last axis of them one larger element.

    Raises:
        InvalidArgumentError: The last axis does not hold one larger element.
    """
    x = as_tensor(input).value
    to = as_dtype(type).numpy_dtype
    have = x.dtype.itemsize
    if to.itemsize < have:
        shape = (*x.shape, have // to.itemsize)
        return tensor(on_numbers(lambda v: np.array(_packed(v)[..., None].view(to)), shape, to, x))
    if to.itemsize == have:
        return tensor(on_numbers(lambda v: np.array(_packed(v).view(to))[()], x.shape, to, x))
    if not x.shape or x.shape[-1] * have != to.itemsize:
        raise kernel_error(
            "Bitcast",
            f"Cannot bitcast from {x.dtype} to {to}: last dimension of {dims(x.shape)} is not "
            f"{to.itemsize // x.dtype.itemsize}",
        )
    shape = tuple(x.shape[:-1])
    return tensor(on_numbers(lambda v: np.array(_packed(v).view(to)[..., 0])[()], shape, to, x))


def _packed(x: Any) -> Any:
    return np.ascontiguousarray(x).reshape(x.shape)
