"""What the variables of a converted function hold while a condition or a loop is traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ...core.aval import aval_of
from ...core.tracing import StagingError
from ...transforms import tree
from ...transforms.loops import is_traced
from ..convert import as_tensor
from ..tensor import EagerTensor, Readable
from ..tensor_array import TensorArray


class AutographError(StagingError):
    """The program cannot be a graph, as TensorFlow says it."""


class UndefinedError(AutographError, ValueError):
    """A variable is not defined on every way."""


class DifferentDtypeError(AutographError, TypeError):
    """A variable has another dtype on another way."""


class DifferentShapeError(AutographError, ValueError):
    """A variable has another shape after a step."""


class Undefined:
    """Stands in a variable that has no value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def _missing(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnboundLocalError(
            f"cannot access local variable {self.name!r} where it is not associated with a value"
        )

    __call__ = __iter__ = __len__ = __bool__ = __getitem__ = __setitem__ = __contains__ = _missing
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _missing
    )
    __neg__ = __abs__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __floordiv__ = __mod__ = (
        _missing
    )
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __invert__ = __int__ = __float__ = (
        _missing
    )
    __array__ = __index__ = __str__ = __format__ = __enter__ = _missing

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._missing()


NUMBERS = (bool, int, float, complex, np.ndarray, np.generic)


def is_value(x: Any) -> bool:
    """Whether a leaf is something that can be part of a program."""
    return isinstance(x, (EagerTensor, *NUMBERS))


def traced(x: Any) -> bool:
    """Whether `x` is a tensor without a number."""
    if isinstance(x, Readable):
        x = x._read()
    return isinstance(x, EagerTensor) and is_traced(x)


class Parts:
    """The value of one variable, taken apart: tensors, and what is not one and has to stay the same."""

    def __init__(self, value: Any) -> None:
        self.whole = value
        self.leaves, self.structure = tree.flatten(value)
        self.tensors = [tensor_in(x) for x in self.leaves]

    @property
    def values(self) -> list[EagerTensor]:
        """The tensors."""
        return [t for t in self.tensors if t is not None]

    @property
    def missing(self) -> bool:
        """Whether it is no value at all."""
        x = self.whole
        return (
            x is None
            or isinstance(x, Undefined)
            or (isinstance(x, TensorArray) and not self.values)
        )

    def rebuilt(self, tensors: Sequence[Any]) -> Any:
        """The value with other tensors."""
        rest = iter(tensors)
        return self.structure.unflatten(
            [
                x if t is None else in_place_of(x, next(rest))
                for x, t in zip(self.leaves, self.tensors, strict=True)
            ]
        )

    def like(self, other: Parts) -> bool:
        """Whether another value is of the same form, with the same objects that are no tensors."""
        return self.structure == other.structure and all(
            (a is None) == (b is None) and (a is not None or same(x, y))
            for a, b, x, y in zip(
                self.tensors, other.tensors, self.leaves, other.leaves, strict=True
            )
        )


def tensor_in(x: Any) -> EagerTensor | None:
    """The tensor that a leaf is; None if it is none."""
    if isinstance(x, TensorArray):
        return x.together() if x.is_settled else None
    return as_tensor(x) if is_value(x) else None


def in_place_of(x: Any, t: Any) -> Any:
    """What stands for a leaf when its tensor is another one."""
    return x.holding(t) if isinstance(x, TensorArray) else t


def same(x: Any, y: Any) -> bool:
    """Whether two objects are one."""
    return x is y or (isinstance(x, (str, bytes)) and type(x) is type(y) and x == y)


def dtype_name(x: Any) -> str:
    """The name of a tensor's dtype."""
    return str(x.dtype.name)


def shape_text(x: Any) -> str:
    """A tensor's shape."""
    return str(aval_of(x).shape)
