"""The common base of everything that primitives compute on besides arrays: tensors and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class Value:
    """Something with a shape and a dtype that primitives accept.

    The arithmetic operators are added by `dualtape.ops.operators`: they belong to the operations, and
    every `Value` answers them, so that a rule reads `d * cos(x)` whatever it is computed on.
    """

    __slots__ = ()

    # NumPy must hand `array * value` over to us instead of trying element by element.
    __array_priority__ = 1000.0
    __array_ufunc__: Any = None

    shape: Any
    dtype: Any

    if TYPE_CHECKING:  # given by `ops.operators`, and by front ends for their own tensors

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size_(self) -> int:
        """Number of elements (PyTorch's and NumPy's `size` differ, so neither name is taken here)."""
        n = 1
        for s in self.shape:
            n *= s
        return n
