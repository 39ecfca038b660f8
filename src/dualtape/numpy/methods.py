"""The attributes and methods of `numpy.ndarray`, on `Array`. Loaded with the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops.axes import size_of
from . import joining, products, reductions, selection, shaping
from ._array import Array
from .calculus import round as rounded
from .concrete import concrete, taken
from .functions import call
from .indexing import elements
from .operands import as_array

_TOLIST = "use np.stack, or the array itself"


def _item(self: Array, *args: Any) -> Any:
    """One element as a Python number.

    Raises:
        ConcreteError: A derivative depends on it.
    """
    value = taken(self, "x.item()", "leave it an array of one element, x[i] or x.sum()")
    return value.item(*args)


def _tolist(self: Array) -> Any:
    """The elements as nested lists of Python numbers.

    Raises:
        ConcreteError: A derivative depends on them.
    """
    return taken(self, "x.tolist()", _TOLIST).tolist()


def _tobytes(self: Array, order: Any = "C") -> bytes:
    """The elements' bytes."""
    return bytes(taken(self, "x.tobytes()", _TOLIST).tobytes(order))


def _reshape(self: Array, *given: Any, order: str = "C", copy: bool | None = None) -> Any:
    """As `np.reshape`; the lengths may stand apart."""
    return shaping.reshape(self, given[0] if len(given) == 1 else given, order, copy=copy)


def _transpose(self: Array, *axes: Any) -> Any:
    """As `np.transpose`; the axes may stand apart."""
    if not axes or axes == (None,):
        return shaping.transpose(self)
    return shaping.transpose(self, axes[0] if isinstance(axes[0], (tuple, list)) else axes)


def _astype(
    self: Array, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True,
    copy: bool = True,
) -> Any:  # fmt: skip
    """As `ndarray.astype`."""
    return shaping.astype(self, dtype, copy=copy)


def _fill(self: Array, value: Any) -> None:
    """Write one value everywhere."""
    self[...] = value


def _copy(self: Array, order: str = "C") -> Any:
    """A copy, in row-major order unless another is asked for."""
    return shaping.copy(self, order)


def _flatten(self: Array, order: str = "C") -> Any:
    """A copy in one axis."""
    return shaping.copy(shaping.ravel(self, order))


def _sort(
    self: Array, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> None:
    """Sort in place."""
    self[...] = selection.sort(self, axis, kind, order)


def _partition(
    self: Array, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    """Partition in place."""
    self[...] = selection.partition(self, kth, axis, kind)


def _conj(self: Array) -> Any:
    """The complex conjugate; a real array itself."""
    return shaping.conj(self)


def _to_device(self: Array, device: str, /, *, stream: Any = None) -> Any:
    """The array itself: there is one device."""
    if device != "cpu":
        raise ValueError(f"unsupported device {device!r}; there is only 'cpu'")
    return self


def _by_function(name: str) -> Callable[..., Any]:
    func = getattr(np, name)

    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return call(func, (self, *args), kwargs)

    method.__doc__ = f"As `np.{name}`."
    return method


def _by_implementation(f: Callable[..., Any], func: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        if kwargs or self.edge is None:
            return call(func, (self, *args), kwargs)
        return f(self, *args)

    method.__doc__ = f"As `np.{func.__name__}`."
    return method


METHODS: dict[str, Callable[..., Any]] = {
    "item": _item, "tolist": _tolist, "tobytes": _tobytes, "reshape": _reshape,
    "transpose": _transpose, "astype": _astype, "fill": _fill, "flatten": _flatten, "sort": _sort,
    "partition": _partition, "conj": _conj, "conjugate": _conj, "copy": _copy,
    "ravel": shaping.ravel, "squeeze": shaping.squeeze, "swapaxes": shaping.swapaxes,
    "diagonal": shaping.diagonal, "to_device": _to_device, "put": selection.put,
}  # fmt: skip

for _name, _f in {
    "sum": reductions.sum, "mean": reductions.mean, "prod": reductions.prod, "max": reductions.max,
    "min": reductions.min, "var": reductions.var, "std": reductions.std, "cumsum": reductions.cumsum,
    "cumprod": reductions.cumprod, "clip": selection.clip, "take": selection.take,
    "repeat": joining.repeat, "round": rounded, "trace": shaping.trace, "dot": products.dot,
}.items():  # fmt: skip
    METHODS[_name] = _by_implementation(_f, getattr(np, _name))

for _name in [
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "argpartition",
    "nonzero",
    "searchsorted",
    "choose",
]:
    METHODS[_name] = _by_function(_name)


def _compress(self: Array, condition: Any, axis: Any = None, out: Any = None) -> Any:
    """As `np.compress`."""
    return call(np.compress, (condition, self, axis), {} if out is None else {"out": out})


METHODS["compress"] = _compress

PROPERTIES: dict[str, Callable[[Array], Any]] = {
    "T": shaping.transpose,
    "mT": shaping.matrix_transpose,
    "size": lambda x: size_of(x.value.shape),
    "itemsize": lambda x: x.value.dtype.itemsize,
    "nbytes": lambda x: x.value.dtype.itemsize * size_of(x.value.shape),
    "device": lambda x: "cpu",
    "base": lambda x: None if x.view_of is None else x.view_of.base,
    "flags": lambda x: number_array(x).flags,
    "strides": lambda x: number_array(x).strides,
}

PARTS = {"real": shaping.real_part, "imag": shaping.imaginary_part}


def number_array(x: Array) -> Any:
    """The memory of an array that has one."""
    return np.asarray(concrete(x))


def _part(name: str) -> property:
    def get(self: Array) -> Any:
        return PARTS[name](self)

    def set_(self: Array, value: Any) -> None:
        v = as_array(value)
        if self.value.dtype.kind == "c":
            self[...] = v + 1j * self.imag if name == "real" else self.real + 1j * v
        elif name == "real":
            self[...] = v
        else:
            raise TypeError("array does not have imaginary part to set")

    return property(get, set_, doc=f"The {name} part; a copy for complex arrays.")


class Flat:
    """`x.flat`: the elements in row-major order, to read, to write and to iterate over."""

    __slots__ = ("_array",)

    def __init__(self, array: Array) -> None:
        self._array = array

    def __iter__(self) -> Any:
        return elements(shaping.ravel(self._array))

    def __len__(self) -> int:
        return size_of(self._array.value.shape)

    def __getitem__(self, key: Any) -> Any:
        return shaping.copy(shaping.ravel(self._array)[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        x = self._array
        places = np.ravel(np.arange(len(self))[key])
        x[np.unravel_index(places, x.value.shape)] = np.resize(
            np.ravel(as_array(value)), len(places)
        )


def install() -> None:
    """Give `Array` its methods and attributes."""
    for name, f in METHODS.items():
        setattr(Array, name, f)
    for name, get in PROPERTIES.items():
        setattr(Array, name, property(get))
    for name in PARTS:
        setattr(Array, name, _part(name))
    Array.flat = property(Flat, lambda x, v: Flat(x).__setitem__(slice(None), v))  # type: ignore[attr-defined]
    del Array.__getattr__  # all names are there now


__all__ = ["install"]
