"""`torch.FloatTensor` and its like: constructors, and types that `isinstance` and `type()` understand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from . import dtypes
from ._tensor import Tensor
from .sizes import Size, device


class TensorType(type):
    """The type of the legacy tensor types: their instances are tensors of one dtype."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a tensor from sizes, a sequence, an array or a tensor of the same dtype."""
        return construct(cls.dtype, args, kwargs)

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def construct(dtype: dtypes.dtype, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What a legacy type makes of its arguments.

    Raises:
        TypeError: A tensor of another dtype.
        RuntimeError: Another device than the CPU.
    """
    dev = kwargs.pop("device", None)
    if dev is not None:
        device(dev)
    if kwargs:
        raise TypeError(
            f"new() received an invalid combination of arguments - got {sorted(kwargs)}"
        )
    numpy = dtype.dtype
    if not args:
        return wrap(Tensor, np.zeros((0,), numpy))  # type: ignore[return-value]
    (first, *rest) = args
    if isinstance(first, int) or (isinstance(first, Size) and not rest):
        sizes = first if isinstance(first, Size) else args
        return wrap(Tensor, np.zeros(tuple([int(n) for n in sizes]), numpy))  # type: ignore[return-value]
    if isinstance(first, CoreTensor):
        if first.value.dtype != numpy:
            raise TypeError(
                f"expected a tensor of {dtype!r} (got {dtypes.from_numpy_dtype(first.value.dtype)!r})"
            )
        return wrap(Tensor, first.buffer())  # type: ignore[return-value]
    return wrap(Tensor, np.array(first, numpy))  # type: ignore[return-value]


def _type(name: str, dtype: dtypes.dtype) -> TensorType:
    body = {
        "dtype": dtype,
        "__module__": "torch",
        "__doc__": f"Tensors of {dtype!r}.",
        "is_cuda": False,
    }
    return TensorType(name, (), body)


FloatTensor = _type("FloatTensor", dtypes.float32)
DoubleTensor = _type("DoubleTensor", dtypes.float64)
HalfTensor = _type("HalfTensor", dtypes.float16)
BFloat16Tensor = _type("BFloat16Tensor", dtypes.bfloat16)
LongTensor = _type("LongTensor", dtypes.int64)
IntTensor = _type("IntTensor", dtypes.int32)
ShortTensor = _type("ShortTensor", dtypes.int16)
CharTensor = _type("CharTensor", dtypes.int8)
ByteTensor = _type("ByteTensor", dtypes.uint8)
BoolTensor = _type("BoolTensor", dtypes.bool_)


def by_name(name: str) -> TensorType:
    """The type called `torch.FloatTensor` or the like.

    Raises:
        TypeError: There is none.
    """
    found = globals().get(name.removeprefix("torch."))
    if not isinstance(found, TensorType):
        raise TypeError(f"invalid type name: {name}")
    return found


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by a type such as `torch.DoubleTensor` or its name.

    Raises:
        TypeError: Not a floating type.
    """
    dtypes.set_default_dtype((by_name(t) if isinstance(t, str) else t).dtype)


__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "set_default_tensor_type",
]  # fmt: skip
