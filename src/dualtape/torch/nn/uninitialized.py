"""Parameters and buffers whose shape is not known yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import wrap
from .. import dtypes
from .._tensor import Tensor
from ..filled import empty
from .parameter import Parameter


def _no_shape() -> RuntimeError:
    return RuntimeError(
        "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
        "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters "
        "before accessing their attributes."
    )


# What such a tensor may be asked for. Not its value: so whatever computes with it raises.
_KNOWN = frozenset(
    (
        "cls_to_become", "cpu", "data", "device", "dtype", "edge", "grad", "grad_fn", "half", "float", "double", "bfloat16", "is_leaf",
        "is_complex", "is_floating_point", "leaf", "materialize", "requires_grad", "requires_grad_", "to", "version", "shape",
        "share_memory_", "retains_grad", "persistent", "current_edge", "accumulator", "view_of",
    )
)  # fmt: skip


class UninitializedTensorMixin:
    """What uninitialized parameters and buffers share."""

    __slots__ = ()
    cls_to_become: Any

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary one of this shape, with undefined values."""
        made = empty(tuple(shape), dtype=self.dtype if dtype is None else dtype)
        self.__class__ = self.cls_to_become
        self.data = made  # the ordinary class's: it tells the leaf, too

    @property
    def dtype(self) -> Any:
        """The one that the values will have."""
        return dtypes.from_numpy_dtype(object.__getattribute__(self, "value").dtype)

    @property
    def device(self) -> Any:
        """The CPU."""
        return empty(0).device

    @property
    def data(self) -> Any:
        """Nothing yet."""
        return empty(0, dtype=self.dtype)

    @data.setter
    def data(self, other: Any) -> None:
        value = object.__getattribute__(other, "value")
        object.__setattr__(self, "value", value)
        leaf = object.__getattribute__(self, "leaf")
        if leaf is not None:
            leaf.dtype = value.dtype

    def is_floating_point(self) -> bool:
        """Whether the values will be."""
        return self.dtype.is_floating_point  # type: ignore[no-any-return]

    def is_complex(self) -> bool:
        """Whether the values will be."""
        return self.dtype.is_complex  # type: ignore[no-any-return]

    @property
    def shape(self) -> Any:
        """Not known yet.

        Raises:
            RuntimeError: Always.
        """
        raise _no_shape()

    def share_memory_(self) -> Any:
        """There is no memory.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters before "
            "calling `module.share_memory()`."
        )

    def __getattribute__(self, name: str) -> Any:
        if name[:1] == "_" or name in _KNOWN:
            return object.__getattribute__(self, name)
        raise self._unusable(name)

    def _unusable(self, name: str) -> ValueError:
        return ValueError(
            f"Attempted to use an uninitialized parameter in {name}. This error happens when you are using a `LazyModule` or "
            f"explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When using LazyModules Call `forward` "
            "with a dummy batch to initialize the parameters before calling torch functions"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = self._again(self.dtype)
        memo[id(self)] = made
        return made

    def _again(self, dtype: Any) -> Any:
        return type(self)(dtype=dtype)  # type: ignore[call-arg]

    def _to(self, dtype: Any) -> Any:
        return self if dtype is None or dtype == self.dtype else self._again(dtype)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Another dtype."""
        found = kwargs.get("dtype") or next((a for a in args if isinstance(a, dtypes.dtype)), None)
        return self._to(found)

    def double(self) -> Any:
        """To float64."""
        return self._to(dtypes.float64)

    def float(self) -> Any:
        """To float32."""
        return self._to(dtypes.float32)

    def half(self) -> Any:
        """To float16."""
        return self._to(dtypes.float16)

    def bfloat16(self) -> Any:
        """To bfloat16."""
        return self._to(dtypes.bfloat16)


def _refusing(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise self._unusable(name)

    return method


# Operators are looked up on the class.
for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "matmul", "rmatmul", "pow", "rpow", "neg", "len", "getitem",
    "setitem", "iter", "bool", "float", "int", "iadd", "isub", "imul", "itruediv", "lt", "le", "gt", "ge",
):  # fmt: skip
    setattr(UninitializedTensorMixin, f"__{_name}__", _refusing(f"__{_name}__"))


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]  # __repr__
    """A parameter that gets its shape later, by `materialize`."""

    __slots__ = ()
    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> UninitializedParameter:
        """See the class."""
        made: Any = Parameter(empty(0, dtype=dtype), requires_grad)
        made.__class__ = cls
        return made  # type: ignore[no-any-return]

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        """Everything is done in `__new__`."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]  # __repr__
    """A buffer that gets its shape later, by `materialize`."""

    __slots__ = ()
    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:  # fmt: skip
        """See the class."""
        return wrap(cls, np.asarray(empty(0, dtype=dtype).value))  # type: ignore[return-value]

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> None:  # fmt: skip
        """Everything is done in `__new__`."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (False, None, self.dtype)


def is_lazy(param: Any) -> bool:
    """Whether it is an uninitialized parameter or buffer."""
    return isinstance(param, UninitializedTensorMixin)
