"""`tf.IndexedSlices`: the gradient of a gather, as the rows that were taken and where from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.tensor import Tensor
from ..ops.picking import deposit_p, position_p
from ..ops.shape import reshape
from . import printing
from .convert import as_tensor
from .dtype import DType
from .raising import kernel_error
from .shapes import TensorShape
from .tensor import DEVICE, EagerTensor


class IndexedSlices:
    """Rows of a tensor that is zero elsewhere; rows that are named twice add up.

    Args:
        values: The rows, shape [n, ...].
        indices: Where each belongs, shape [n].
        dense_shape: The shape of the tensor they are rows of; needed to make it.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = as_tensor(values)
        self._indices = as_tensor(indices)
        self._dense_shape = (
            None if dense_shape is None else as_tensor(dense_shape, np.dtype(np.int32))
        )

    @property
    def values(self) -> EagerTensor:
        """The rows."""
        return self._values

    @property
    def indices(self) -> EagerTensor:
        """Where each row belongs."""
        return self._indices

    @property
    def dense_shape(self) -> EagerTensor | None:
        """The shape of the whole tensor, if known."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole tensor."""
        return TensorShape(None if self._dense_shape is None else self._dense_shape.numpy())

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._values.dtype

    @property
    def device(self) -> str:
        """The CPU's name."""
        return DEVICE

    name = op = graph = None

    def _as_dense(self) -> EagerTensor:
        """The whole tensor.

        Raises:
            ValueError: `dense_shape` is not known.
        """
        if self._dense_shape is None:
            raise ValueError(
                "Tensor conversion requested for IndexedSlices without dense_shape, which is needed to "
                "know how many rows there are"
            )
        shape = tuple(self._dense_shape.numpy().tolist())
        count = math.prod(self._indices.value.shape)
        flat = reshape(self._indices.value, (count,))
        if isinstance(flat, Box):
            message = "segment_ids = {index} is out of range [0, {size})"
            flat = position_p(flat, size=shape[0], wrap=False, message=message)
        elif count and (flat.min() < 0 or flat.max() >= shape[0]):
            raise kernel_error(
                "UnsortedSegmentSum",
                f"segment_ids = {flat.tolist()} is out of range [0, {shape[0]})",
            )
        values = reshape(self._values, (count, *shape[1:]))
        return deposit_p(values, flat, axis=0, depth=1, shape=shape)  # type: ignore[no-any-return]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._as_dense(), dtype)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __str__(self) -> str:
        dense = None if self._dense_shape is None else np.asarray(self._dense_shape)
        return printing.indexed_slices_str(
            np.asarray(self._indices), np.asarray(self._values), dense
        )


IndexedSlices.__module__ = "tensorflow.python.framework.indexed_slices"


def as_dense(x: Any) -> Any:
    """A gradient as a tensor; anything else as it is."""
    return x._as_dense() if isinstance(x, IndexedSlices) else x


def is_sparse(x: Any) -> bool:
    """Whether `x` is an `IndexedSlices`."""
    return isinstance(x, IndexedSlices) and not isinstance(x, Tensor)
