"""Assigning to a `tf.Variable`: whole values, and differences."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.bind import BinaryPrimitive
from ..core.boxes import Box
from ..core.single import add_into, subtract_from
from ..ops import arithmetic as a
from .convert import converted
from .raising import dims, kernel_error
from .tensor import EagerTensor

# How often an array is held when only a variable's dict and `_updated`'s own variable hold it, counting
# the argument of getrefcount.
_ALONE = 3


class Assigning:
    """The methods that put in a new value."""

    if TYPE_CHECKING:  # the variable's
        name: Any
        shape: Any
        _value: Any
        _snapshot: Any

        def _unread(self) -> Any: ...

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Put in a new value.

        Args:
            value: A tensor of the variable's dtype, or what one can be made of.
            use_locking: Not used.
            name: Not used.
            read_value: Whether to return the variable.

        Raises:
            TypeError: Python numbers that do not fit the dtype.
            ValueError: A tensor of another dtype, or another shape.
        """
        new = self._fitting(value)
        mine = self._value
        if new.shape != mine.shape and not self.shape.is_compatible_with(new.shape):
            raise ValueError(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch.The variable shape "
                f"{self.shape}, and the assigned value shape {tuple(new.shape)} are incompatible."
            )
        return self._put(new.copy() if type(new) is np.ndarray else new, read_value)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add `delta`, which has the variable's shape; see `assign`.

        Raises:
            InvalidArgumentError: `delta` has another shape.
        """
        return self._updated("AssignAddVariableOp", a.add, delta, read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract `delta`, which has the variable's shape; see `assign`.

        Raises:
            InvalidArgumentError: `delta` has another shape.
        """
        return self._updated("AssignSubVariableOp", a.sub, delta, read_value)

    def _fitting(self, value: Any) -> Any:
        """The value to assign, in the variable's dtype."""
        dtype = self._value.dtype
        if value.__class__ is EagerTensor and value.value.dtype is dtype:
            return value.value
        return converted(value, dtype).value

    def _updated(self, op: str, primitive: BinaryPrimitive, delta: Any, read_value: bool) -> Any:
        change = self._fitting(delta)
        value = self._value
        if change.shape != value.shape:
            raise kernel_error(
                op,
                f"Cannot update variable with shape {dims(value.shape)} using a Tensor with shape "
                f"{dims(change.shape)}, shapes must be equal.",
            )
        self._snapshot = None
        if (
            type(value) is np.ndarray
            and type(change) is np.ndarray
            and sys.getrefcount(value) <= _ALONE
        ):
            # Nobody else sees this memory: no snapshot that a graph holds, no view.
            (add_into if primitive is a.add else subtract_from)(value, change)
            return self if not read_value else self._unread()
        return self._put(primitive(value, change), read_value)

    def _put(self, value: Any, read_value: bool) -> Any:
        if isinstance(value, Box) and not isinstance(self._value, Box):
            raise TypeError(
                "a value of an open transformation was assigned to a tf.Variable, which lives on after it. "
                "Return it from the transformed function and assign it outside."
            )
        self._value = value
        self._snapshot = None
        return self._unread() if read_value else None
