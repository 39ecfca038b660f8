"""`torch.FloatTensor` and its like: constructors, and types that `isinstance` and `type()` understand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import modes
from ..core.saved import mark_inference
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from . import dtypes
from ._tensor import Tensor
from .arguments import invalid_combination, is_integer
from .data_arrays import inferred
from .filled import checked_size
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
    if args and isinstance(args[0], CoreTensor) and args[0].value.dtype != dtype.dtype:
        raise TypeError(
            f"expected a tensor of {dtype!r} (got {dtypes.from_numpy_dtype(args[0].value.dtype)!r})"
        )
    return legacy_new(Tensor, args, kwargs, dtype.dtype)


def legacy_new(
    cls: type[Tensor], args: tuple[Any, ...], kwargs: dict[str, Any], dtype: Any = None
) -> Tensor:
    """The constructor `torch.Tensor(...)`: sizes, a sequence, an array or a tensor.

    Args:
        cls: The class to make an instance of.
        args, kwargs: The constructor's.
        dtype: Of the elements, NumPy's; the default dtype for None.

    Raises:
        TypeError: Data that are no sequence, no numbers, or sizes that are no ints.
        RuntimeError: A negative size; another device than the CPU.
    """
    dev = kwargs.pop("device", None)
    if dev is not None:
        device(dev)
    if kwargs:
        raise TypeError(
            "new() received an invalid combination of arguments - got "
            f"({', '.join(f'{k}={type(v).__name__}' for k, v in kwargs.items())}, )"
        )
    dtype = dtypes.default_numpy if dtype is None else dtype
    if not args:
        return made(cls, np.zeros((0,), dtype))
    (first, *rest) = args
    if isinstance(first, Size) and not rest:
        return made(cls, np.zeros(checked_size(first), dtype))
    if is_integer(first) and not isinstance(first, CoreTensor):
        for i, n in enumerate(rest, 2):
            if not is_integer(n):
                raise TypeError(
                    f"new(): argument 'size' failed to unpack the object at pos {i} with error \"type must be "
                    f'tuple of ints,but got {type(n).__name__}"'
                )
        return made(cls, np.zeros(checked_size(tuple([int(n) for n in args])), dtype))
    if rest:
        raise invalid_combination("new", args)
    if isinstance(first, CoreTensor):
        return made(cls, first.buffer())
    return made(cls, legacy_data(first, dtype))


def legacy_data(data: Any, dtype: Any) -> Any:
    """What `torch.Tensor(data)` makes of a sequence or an array: an array of `dtype`.

    Raises:
        TypeError: No sequence, or something in it is no number.
        ValueError: The sequences are ragged.
    """
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if isinstance(data, np.ndarray):
        return np.array(data, dtype)
    if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")) or isinstance(
        data, (dict, np.generic)
    ):
        kind = type(data)
        name = f"numpy.{kind.__name__}" if isinstance(data, np.generic) else kind.__name__
        raise TypeError(f"new(): data must be a sequence (got {name})")
    listed = list(data)
    for x in listed:
        if isinstance(x, (str, bytes)) or x is None:
            raise TypeError(f"must be real number, not {type(x).__name__}")
    return inferred(listed, dtype)


def made(cls: type[Tensor], array: Any) -> Tensor:
    """An instance of a tensor class on an array."""
    t: Tensor = wrap(cls, array)  # type: ignore[assignment]
    if modes.current() & modes.INFERENCE:
        mark_inference(t)
    return t


Tensor.legacy_new = staticmethod(legacy_new)


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
