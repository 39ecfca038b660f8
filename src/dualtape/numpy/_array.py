"""`Array`: the engine's tensor with NumPy's attributes and NumPy's protocols.

NumPy hands its functions over to an array that answers `__array_ufunc__` and `__array_function__`, so
that code written for NumPy runs on it as it stands. The tables of what NumPy's functions mean are large,
and are loaded at the first call that needs them. Read on in `operators`, `ufuncs` and `functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..core.aval import FLOATS
from ..core.boxes import Box
from ..core.tensor import Tensor
from .concrete import concrete, is_concrete, number_of, taken
from .journal import Journal

_STACK = "join values with np.stack, np.concatenate or dt.numpy.array"
_MATH = "use NumPy's functions (np.sin rather than math.sin), which are followed"

UNARY: dict[np.ufunc, Callable[[Any], Any]] = {}
"""What NumPy's functions of one argument compute on an array of a floating dtype; filled by `ufuncs`."""
BINARY: dict[np.ufunc, Callable[[Any, Any], Any]] = {}
"""Likewise of two arguments of one floating dtype."""


class Array(Tensor):
    """A multi-dimensional array as NumPy's, whose history can be differentiated.

    A result without axes holds a NumPy scalar where NumPy would give one, and is as immutable.
    """

    __slots__ = ()

    result_class: ClassVar[type[Tensor]]
    mutable: ClassVar[bool] = True
    joins_batches: ClassVar[bool] = True
    journals: ClassVar[bool] = True

    if TYPE_CHECKING:  # given by `operators`

        def __matmul__(self, other: Any) -> Any: ...
        def __invert__(self) -> Any: ...

    # What the tables replace when they are loaded; `__getattr__` goes, since all names are there then.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "__getattr__" not in vars(Array):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        load()
        return getattr(self, name)

    def __getitem__(self, key: Any) -> Any:
        load()
        return self[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        load()
        self[key] = value

    def __iter__(self) -> Iterator[Any]:
        load()
        return iter(self)

    def __init__(self, value: Any, edge: Any = None) -> None:
        super().__init__(value if isinstance(value, (Box, np.generic)) else np.asarray(value), edge)

    def overwriting(self, memory: Any, at: Any = None) -> None:
        """See `Tensor.overwriting`: what was there is kept."""
        version = self.shared_version()
        journal = getattr(version, "journal", None)
        if journal is None:
            journal = version.journal = Journal(version)
        journal.note(version, memory, at)

    # --- NumPy's protocols ------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            x = inputs[0]
            if len(inputs) == 1:
                compute = UNARY.get(ufunc)
                if compute is not None and x.value.dtype in FLOATS:
                    return compute(x)
            elif len(inputs) == 2:
                combine = BINARY.get(ufunc)
                y = inputs[1]
                if combine is not None and type(x) is type(y) is Array:
                    dtype = x.value.dtype
                    if dtype is y.value.dtype and dtype in FLOATS:
                        return combine(x, y)
        return ufunc_call(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function_call(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        value = taken(
            self, "np.array, np.asarray or another function that NumPy does not hand over", _STACK
        )
        if copy is False:
            value = self.buffer().view()
            if dtype is not None and value.dtype != dtype:
                raise ValueError("unable to avoid copy while converting the Array to another dtype")
            value.flags.writeable = False  # a write past the array would go unnoticed
            return value  # type: ignore[no-any-return]
        return np.array(value, dtype)

    # --- plain numbers ----------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(concrete(self, "a truth value (if, and, or, not, while)"))

    def __int__(self) -> int:
        return int(number_of(concrete(self, "int(x)")))

    def __index__(self) -> int:
        value = concrete(self, "an index")
        if value.dtype.kind not in "iu" or value.ndim:
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(value)

    def __float__(self) -> float:
        return float(number_of(taken(self, "float(x), or a function of math", _MATH)))

    def __complex__(self) -> complex:
        return complex(number_of(taken(self, "complex(x), or a function of cmath", _MATH)))

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None:
            return round(number_of(concrete(self, "round(x)")).item())
        return np.round(self, ndigits)

    def __trunc__(self) -> int:
        return int(self)

    def __floor__(self) -> int:
        return int(np.floor(concrete(self, "math.floor(x)")))

    def __ceil__(self) -> int:
        return int(np.ceil(concrete(self, "math.ceil(x)")))

    def __len__(self) -> int:
        shape = self.value.shape
        if not shape:
            raise TypeError("len() of unsized object")
        return int(shape[0])

    def __contains__(self, x: Any) -> bool:
        return bool((self == x).any())

    __hash__ = object.__hash__

    # --- how it looks -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        if not is_concrete(self):
            return described(self)
        value = concrete(self)
        if not value.ndim:
            text = (
                str(value)
                if value.dtype in (np.float64, np.int64, np.bool_, np.complex128)
                else f"{value}, dtype={value.dtype}"
            )
            return f"Array({text})"
        return "Array" + repr(np.asarray(value)).removeprefix("array")

    def __str__(self) -> str:
        return str(concrete(self)) if is_concrete(self) else described(self)

    def __format__(self, spec: str) -> str:
        return format(number_of(concrete(self)), spec) if is_concrete(self) else described(self)

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return np.copy(self)

    def __reduce__(self) -> Any:
        return restored, (np.asarray(self),)


Array.result_class = Array


def restored(value: Any) -> Array:
    """An array from its numbers: what `pickle` calls."""
    return Array(value)


def described(x: Array) -> str:
    """What can be said of an array that has no numbers."""
    box = x.value
    return f"Array(shape={tuple(box.shape)}, dtype={box.dtype}, inside a {box.interpreter.name})"


def ufunc_call(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer for a ufunc; `tables` puts `ufuncs.call` here when it is loaded."""
    load()
    return ufunc_call(ufunc, method, inputs, kwargs)


def function_call(func: Any, args: Any, kwargs: Any) -> Any:
    """Answer for another function of NumPy; `tables` puts `functions.call` here when it is loaded."""
    load()
    return function_call(func, args, kwargs)


def load() -> None:
    """Load the tables, which also give `Array` its methods and its brackets."""
    import_module(f"{__package__}.tables")
