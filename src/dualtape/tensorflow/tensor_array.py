"""`tf.TensorArray`: tensors by number, written once and stacked.

Where a function is traced and a number is a tensor, the tensors are kept in one, of a fixed number of places (`_all`):
a write then gives another array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import TransformError
from ..ops.slices import index_copy
from ..transforms.loops import is_traced
from .convert import as_tensor, converted, static
from .dtype import DType, as_dtype
from .elementwise import cast
from .gather import gather
from .joining import concat, stack, unstack
from .shapes import TensorShape
from .shaping import reshape
from .tensor import EagerTensor, tensor


class TensorArray:
    """Tensors of one dtype by number; `write` gives back the array, as graphs need it.

    Args:
        dtype: Of the tensors.
        size: How many there are.
        dynamic_size: Whether writing past the end makes it longer.
        clear_after_read: Whether a tensor is forgotten when it is read (by default).
        tensor_array_name, handle, flow, infer_shape, colocate_with_first_write_call, name: Not used.
        element_shape: What the tensors have in common.
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self._dtype = as_dtype(dtype)
        self._items: list[EagerTensor | None] = [None] * int(static(size) or 0)
        self._all: EagerTensor | None = None
        self._dynamic = bool(dynamic_size)
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._element = TensorShape(element_shape)

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        """Whether writing past the end makes it longer."""
        return self._dynamic

    @property
    def element_shape(self) -> TensorShape:
        """What the tensors' shapes have in common."""
        return self._element

    def size(self, name: str | None = None) -> EagerTensor:
        """How many places there are."""
        return tensor(np.int32(len(self)))

    def __len__(self) -> int:
        return len(self._items) if self._all is None else int(self._all.value.shape[0])

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put a tensor at a place and return the array.

        Raises:
            IndexError: There is no such place.
            ValueError: The tensor has another shape than the others.
        """
        if self._all is not None or is_traced(index):
            return self._written(index, value)
        at = int(static(index))
        if at < 0:
            raise IndexError(f"Reading from negative indices (index {at}) is not allowed.")
        if at >= len(self._items):
            if not self._dynamic:
                raise IndexError(
                    f"Tried to write to index {at} but array is not resizeable and size is: {len(self._items)} "
                )
            self._items.extend([None] * (at + 1 - len(self._items)))
        x = converted(value, self._dtype.numpy_dtype)
        self._element = self._element.merge_with(x.shape)
        self._items[at] = x
        return self

    def read(self, index: Any, name: str | None = None) -> EagerTensor:
        """Return the tensor at a place; zeros where nothing was written.

        Raises:
            IndexError: There is no such place.
        """
        if self._all is not None or is_traced(index):
            return gather(self.together(), index)
        at = int(static(index))
        if not 0 <= at < len(self._items):
            raise IndexError(
                f"Tried to read from index {at} but array size is: {len(self._items)} "
            )
        found = self._filled(at)
        if self._clear:
            self._items[at] = None
        return found

    def _filled(self, at: int) -> EagerTensor:
        found = self._items[at]
        if found is not None:
            return found
        if not self._element.is_fully_defined():
            raise ValueError(
                f"Cannot convert a partially known TensorShape {self._element} to a Tensor."
            )
        return tensor(np.zeros(tuple(self._element), self._dtype.numpy_dtype)[()])

    def stack(self, name: str | None = None) -> EagerTensor:
        """All tensors along a new first axis."""
        return (
            stack([self._filled(i) for i in range(len(self._items))])
            if self._all is None
            else self._all
        )

    def concat(self, name: str | None = None) -> EagerTensor:
        """All tensors along their first axis."""
        return concat(
            unstack(self.stack())
            if self._all is not None
            else [self._filled(i) for i in range(len(self))],
            0,
        )

    def gather(self, indices: Any, name: str | None = None) -> EagerTensor:
        """The tensors at some places, along a new first axis."""
        if self._all is not None or is_traced(indices):
            return gather(self.together(), indices)
        return stack([self._filled(int(i)) for i in static(indices)])

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Put the slices along the first axis in and return the array."""
        self._all = None
        self._items = list(unstack(as_tensor(value)))
        if self._items:
            self._element = self._items[0].shape  # type: ignore[union-attr]
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the slices along the first axis at places and return the array."""
        for i, x in zip(static(indices), unstack(as_tensor(value)), strict=True):
            self.write(i, x)
        return self

    def together(self) -> EagerTensor:
        """All tensors in one.

        Raises:
            TransformError: Their shape is not known, or their number is open.
        """
        if self._all is not None:
            return self._all
        if self._dynamic or not self._element.is_fully_defined():
            raise TransformError(
                "a tf.TensorArray whose number of places or shape of elements is open, at a place that is a tensor"
            )
        return self.stack()

    @property
    def is_settled(self) -> bool:
        """Whether the number of places and their shape are known."""
        return self._all is not None or (not self._dynamic and self._element.is_fully_defined())

    def holding(self, tensors: EagerTensor) -> TensorArray:
        """Another array like this one, with all its tensors in one."""
        made = TensorArray(self._dtype, element_shape=tuple(tensors.value.shape)[1:])
        made._all = tensors
        return made

    def _written(self, index: Any, value: Any) -> TensorArray:
        """`write` at a place that is a tensor."""
        x = converted(value, self._dtype.numpy_dtype)
        if self._all is None and not self._element.is_fully_defined():
            self._element.merge_with(x.shape)
            if self._dynamic:
                self.together()
            places = tensor(np.zeros((len(self), *x.value.shape), x.value.dtype))
        else:
            places = self.together()
        at = cast(reshape(as_tensor(index), (1,)), np.dtype(np.int64))
        return self.holding(index_copy(places, 0, at, reshape(x, (1, *x.value.shape))))

    def close(self, name: str | None = None) -> None:
        """Forget the tensors."""
        self._items = []
