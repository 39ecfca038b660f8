"""Where the pointers of a call's table come from; see `plan.py`."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from ...core.tensor import Tensor

Array = np.ndarray[Any, Any]
Dtype = np.dtype[Any]
Shape = tuple[int, ...]


def type_numbers(dtype: Dtype) -> tuple[int, ...]:
    """NumPy's numbers for the types that are this one: C's long and long long are two, of one size."""
    if dtype.kind not in "iu":
        return (dtype.num,)
    letters = "bhilq" if dtype.kind == "i" else "BHILQ"
    return tuple(d.num for d in map(np.dtype, letters) if d.itemsize == dtype.itemsize)


@dataclass(frozen=True, slots=True, eq=False)
class ArgArray:
    """Argument `k`, an array."""

    k: int
    dtype: Dtype
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class ArgTensor:
    """The value of argument `k`, exactly of class `cls`.

    It views no other tensor if it is written, otherwise none that has got another history since. With
    `requires_edge_none` it has no history, with `requires_edge` it has one.
    """

    k: int
    cls: type[Tensor]
    dtype: Dtype
    shape: Shape
    requires_edge_none: bool = True
    requires_edge: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ArgFloat:
    """Argument `k`, exactly a float; the slot points to a double that holds until the core returns."""

    k: int


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The value that a tensor of the plan has at the time of the call."""

    tensor: Tensor
    dtype: Dtype
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The value of the tensor that a field of `__slots__` holds at the time of the call (a leaf's gradient).

    The tensor is exactly of class `cls`, views no other one and has no history.
    """

    object: Any
    descriptor: types.MemberDescriptorType
    cls: type[Tensor]
    dtype: Dtype
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The array that is an object's attribute `value` at the time of the call (a variable's).

    If it is written, nobody else has it, and the attribute `reader` is None.
    """

    object: Any
    dtype: Dtype
    shape: Shape
    value: str = "_value"
    reader: str = "_snapshot"


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """An array that belongs to the plan: a constant, or memory to work in. Any dtype, and contiguous."""

    array: Array


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """What `callable` returns at each call (random numbers); slots of this kind are fetched in their order.

    Its exceptions are the call's. If it returns anything but an array as planned, the call raises NativeError:
    the slow callable would draw once more.
    """

    callable: Callable[[], Any]
    dtype: Dtype
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A Python number that a dict holds at the time of the call (a learning rate).

    Attributes:
        container: The dict.
        key: A str or an int.
        kind: "float": exactly a float, as a double. "number": a float or an int, as a double. "int":
            an int, as an i64. A bool is neither.
    """

    container: dict[Any, Any]
    key: Any
    kind: Literal["float", "number", "int"] = "number"


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A fresh array, whose contents are what the core writes; with `scalar` and no axes, a NumPy scalar."""

    dtype: Dtype
    shape: Shape
    scalar: bool = False


Slot = ArgArray | ArgTensor | ArgFloat | State | Held | Kept | Buffer | Fetch | Live | Output


def nbytes(slot: Slot) -> int:
    """The memory that a slot may share with another: not a fresh array's, nor a number's."""
    match slot:
        case Buffer(array):
            return array.nbytes
        case ArgArray() | ArgTensor() | State() | Held() | Kept() | Fetch():
            return slot.dtype.itemsize * prod(slot.shape)
        case _:
            return 0
