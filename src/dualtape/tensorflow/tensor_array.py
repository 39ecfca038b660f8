"""`tf.TensorArray`: tensors by number, written once and stacked."""

from __future__ import annotations

from typing import Any

import numpy as np

from .convert import as_tensor, converted, static
from .dtype import DType, as_dtype
from .joining import concat, stack, unstack
from .shapes import TensorShape
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
        return tensor(np.int32(len(self._items)))

    def __len__(self) -> int:
        return len(self._items)

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put a tensor at a place and return the array.

        Raises:
            IndexError: There is no such place.
            ValueError: The tensor has another shape than the others.
        """
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
        return stack([self._filled(i) for i in range(len(self._items))])

    def concat(self, name: str | None = None) -> EagerTensor:
        """All tensors along their first axis."""
        return concat([self._filled(i) for i in range(len(self._items))], 0)

    def gather(self, indices: Any, name: str | None = None) -> EagerTensor:
        """The tensors at some places, along a new first axis."""
        return stack([self._filled(int(i)) for i in static(indices)])

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Put the slices along the first axis in and return the array."""
        self._items = list(unstack(as_tensor(value)))
        if self._items:
            self._element = self._items[0].shape  # type: ignore[union-attr]
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the slices along the first axis at places and return the array."""
        for i, x in zip(static(indices), unstack(as_tensor(value)), strict=True):
            self.write(i, x)
        return self

    def close(self, name: str | None = None) -> None:
        """Forget the tensors."""
        self._items = []
