"""Basic indexing: `t[1, ..., 2:5, tf.newaxis]`, and boolean masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..ops.shape import slice_p
from .convert import as_tensor
from .raising import kernel_error
from .tensor import EagerTensor, Readable


def _refused(index: Any) -> TypeError:
    return TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
        f"tf.int32/tf.int64 tensors are valid indices, got {index!r}"
    )


def _integer(index: Any) -> int:
    """An index or slice bound as an int, from an int, an array or a tensor of one."""
    if isinstance(index, (Tensor, Readable)):
        value = as_tensor(index).value
        if value.shape or value.dtype.kind not in "iu":
            raise _refused(index)
        return int(value)
    if isinstance(index, bool):
        raise _refused(index)
    try:
        return operator.index(index)
    except TypeError:
        raise _refused(index) from None


def _bound(index: Any) -> int | None:
    return None if index is None else _integer(index)


def basic_index(index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index as ints, slices, None and Ellipsis.

    Args:
        index: What stands in the brackets.
        shape: The tensor's.

    Raises:
        InvalidArgumentError: An int is out of range, or there are more indices than axes.
        TypeError: Something else stands there.
    """
    items = index if isinstance(index, (tuple, list)) else (index,)
    out: list[Any] = []
    used = sum(1 for i in items if i is not None and i is not Ellipsis)
    rank = len(shape)
    if used > rank:
        raise kernel_error(
            "StridedSlice", f"Index out of range using input dim {rank}; input has only {rank} dims",
            name="strided_slice/",
        )  # fmt: skip
    axis = 0
    for item in items:
        if item is None:
            out.append(None)
        elif item is Ellipsis:
            out.append(Ellipsis)
            axis += rank - used
        elif isinstance(item, slice):
            out.append(slice(_bound(item.start), _bound(item.stop), _bound(item.step)))
            axis += 1
        else:
            i = _integer(item)
            if not -shape[axis] <= i < shape[axis]:
                raise kernel_error(
                    "StridedSlice",
                    f"slice index {i if i >= 0 else i + shape[axis]} of dimension {axis} "
                    "out of bounds.",
                    name="strided_slice/",
                )
            out.append(i)
            axis += 1
    return tuple(out)


def getitem(self: EagerTensor, index: Any) -> EagerTensor:
    """`self[index]`: basic indexing, or the elements where a boolean tensor is true.

    Raises:
        InvalidArgumentError: An index is out of range, or there are too many.
        TypeError: An index is no int, slice, ellipsis, None or mask.
    """
    if index.__class__ is int and self.value.shape:
        n = self.value.shape[0]
        if -n <= index < n:
            return slice_p(self, index=(index,))  # type: ignore[no-any-return]
    mask = mask_of(index)
    if mask is not None:
        return masked(self, mask)
    return slice_p(self, index=basic_index(index, self.value.shape))  # type: ignore[no-any-return]


def mask_of(index: Any) -> Any:
    """The boolean tensor or array that `index` is, else None."""
    if isinstance(index, bool):
        raise ValueError("mask cannot be scalar.")
    if isinstance(index, Readable):
        index = index._read()
    value = index.value if isinstance(index, Tensor) else index
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "b":
        return value
    return None


def masked(x: EagerTensor, mask: Any, /) -> EagerTensor:
    """`tf.boolean_mask`; `array_ops` puts it here, since it needs more than indexing does."""
    raise NotImplementedError


EagerTensor.__getitem__ = getitem  # type: ignore[method-assign]
