"""Basic indexing: `t[1, ..., 2:5, tf.newaxis]`, and boolean masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.lengths import is_open
from ..core.tensor import Tensor
from ..core.tracing import known_elements
from ..ops.picking import index_p, position_p
from ..ops.shape import slice_p
from .convert import as_tensor
from .raising import kernel_error
from .tensor import EagerTensor, Readable, tensor


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
        known = known_elements(value)
        return int(value) if known is None else known[()]
    if isinstance(index, bool):
        raise _refused(index)
    if is_open(index):
        return index  # type: ignore[no-any-return]
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
    for place, item in enumerate(items):
        if item is None:
            out.append(None)
        elif item is Ellipsis:
            out.append(Ellipsis)
            axis += rank - used
        elif isinstance(item, slice):
            step = _bound(item.step)
            if step == 0:
                raise kernel_error(
                    "StridedSlice", f"strides[{place}] must be non-zero", name="strided_slice/"
                )
            out.append(slice(_bound(item.start), _bound(item.stop), step))
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
    items = index if isinstance(index, (tuple, list)) else (index,)
    if any([_is_traced(i) for i in items]):  # noqa: C419
        return _picked(self, list(items))
    return slice_p(self, index=basic_index(index, self.value.shape))  # type: ignore[no-any-return]


def _is_traced(item: Any) -> bool:
    """Whether an index is an integer that is not known yet."""
    return isinstance(item, Tensor) and isinstance(item.value, Box) and not item.value.shape


def _picked(x: EagerTensor, items: list[Any]) -> EagerTensor:
    """`getitem` with integers that are not known yet: they pick from what the others leave, the last axis first."""
    rank = len(x.value.shape)
    used = sum(1 for i in items if i is not None and i is not Ellipsis)
    axis, picks = 0, []
    rest: list[Any] = []
    for item in items:
        if _is_traced(item):
            picks.append((axis, item.value))
            rest.append(slice(None))
            axis += 1
        else:
            rest.append(item)
            if item is Ellipsis:
                axis += rank - used
            elif item is None or isinstance(item, slice):
                axis += 1
    out: Any = slice_p(x, index=basic_index(tuple(rest), x.value.shape))
    for axis, i in reversed(picks):
        size = out.value.shape[axis]
        message = f"slice index {{index}} of dimension {axis} out of bounds."
        at = position_p(i, size=size, wrap=True, message=message)
        out = index_p(out, tensor(at), axis=axis, depth=1)
    return out  # type: ignore[no-any-return]


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
