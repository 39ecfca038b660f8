"""New tensors that are made like a tensor inside `vmap`: each example has one of its own to write to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.batching import Batched
from ..core.inplace import batches
from ..core.tensor import Tensor as CoreTensor


def example_of(t: CoreTensor, array: Any) -> Any:
    """A new array as a value that may differ from example to example, where `t` does."""
    levels = sorted(batches(t.value), key=lambda level: level.level)
    if not levels:
        return array
    shape = (*[level.size for level in levels], *array.shape)
    value: Any = np.array(np.broadcast_to(array, shape))
    for level in levels:
        value = Batched(level, value, 0)
    return value
