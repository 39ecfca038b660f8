"""`keras.utils`."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ...core.missing import missing_attribute
from ...core.tracing import not_while_compiling
from ..convert import as_tensor
from ..creation import one_hot
from ..random import streams
from ..random_keras import set_python_and_numpy_seed
from ..tensor import EagerTensor
from .initializers import seeds
from .progress import Progbar as Progbar


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's, TensorFlow's and Keras's generators.

    Raises:
        ValueError: `seed` is no integer from 0 to 2**32 - 1.
    """
    not_while_compiling("random numbers are seeded")
    set_python_and_numpy_seed(seed)
    streams.set_seed(seed)
    seeds.reset()


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Return rows with a one at the class; arrays stay arrays, in double precision.

    Args:
        x: Integers, whose last axis is dropped if it has length 1.
        num_classes: By default the largest plus one.
    """
    if isinstance(x, EagerTensor):
        n = int(np.max(x.value)) + 1 if num_classes is None else num_classes
        return one_hot(x, n)
    labels = np.array(x, dtype="int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = labels.reshape(-1)
    n = int(flat.max()) + 1 if num_classes is None else num_classes
    out = np.zeros((flat.size, n))
    out[np.arange(flat.size), flat] = 1
    return out.reshape((*shape, n))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Return rows divided by their norm; rows of zeros stay."""
    array = np.asarray(as_tensor(x).value) if isinstance(x, EagerTensor) else np.asarray(x)
    size = np.atleast_1d(np.linalg.norm(array, order, axis))
    size[size == 0] = 1
    return array / np.expand_dims(size, axis)


def plot_model(*args: Any, **kwargs: Any) -> NoReturn:
    """Not supported.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError("keras.utils.plot_model: use model.summary()")


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as `train_step` gets it: the inputs alone, or a tuple without what is not there."""
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The inputs, targets and weights of a batch, None for what it lacks."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    filled = (*data, None, None, None)
    return filled[0], filled[1], filled[2]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
