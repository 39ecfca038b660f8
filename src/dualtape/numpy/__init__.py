"""NumPy under differentiation: `import dualtape.numpy as np`.

The same functions as NumPy's, by the same names; they take anything that NumPy takes and give `Array`s,
which may be assigned into, differentiably. A program that keeps to `import numpy as np` gets the same
from functions that are handed an `Array`, which answers NumPy's protocols; only what makes an array out of
nothing (`np.zeros`, `np.array`) has to come from here, where values under differentiation are to be
written into it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as _numpy

from ..core.missing import missing_attribute
from ..transforms.surface import set_native as _set_native
from . import operators as operators  # gives `Array` its operators
from ._array import Array as Array

_set_native(Array)

ndarray = Array


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Written here, because NumPy would ask the arrays for their numbers.
_OWN = {
    "array": "array", "asarray": "asarray", "asanyarray": "asarray", "ascontiguousarray": "asarray", "full": "full"
}  # fmt: skip

# Settings, text, files, types: NumPy's own, unchanged.
_UNCHANGED = _words(
    "array2string array_repr array_str base_repr binary_repr broadcast_shapes busday_count busday_offset can_cast "
    "common_type datetime_as_string datetime_data einsum_path finfo format_float_positional format_float_scientific "
    "get_include get_printoptions getbufsize geterr geterrcall iinfo info is_busday isdtype iscomplexobj isfortran "
    "isrealobj isscalar issubdtype iterable may_share_memory min_scalar_type mintypecode ndim printoptions "
    "promote_types result_type save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall "
    "errstate shape shares_memory show_config show_runtime size test typename"
)

# Made for another purpose than arrays of numbers.
_NOT_HERE = _words(
    "asmatrix bmat matrix memmap char rec chararray recarray ma random ctypeslib testing"
)


def _returning_arrays(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy whose results are made `Array`s."""

    @wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        return wrapped(f(*args, **kwargs))

    return function


class _Ufunc:
    """A ufunc of NumPy whose results, and those of its methods, are made `Array`s."""

    def __init__(self, ufunc: _numpy.ufunc) -> None:
        self._ufunc = ufunc
        self.__name__ = ufunc.__name__
        self.__doc__ = ufunc.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return wrapped(self._ufunc(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ufunc, name)
        return _returning_arrays(found) if callable(found) else found

    def __repr__(self) -> str:
        return repr(self._ufunc)


def wrapped(out: Any) -> Any:
    """Results of NumPy as arrays; what is one already stays so."""
    operands = import_module(f"{__name__}.operands")
    return operands.wrapped(out)


def _translated(found: Any) -> Any:
    if isinstance(found, _numpy.ufunc):
        return _Ufunc(found)
    if isinstance(found, (type, ModuleType)) or not callable(found):
        return found
    return _returning_arrays(found)


class _Part(ModuleType):
    """`linalg` or `fft`: a module of NumPy whose functions give `Array`s."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{__name__}.{name}", getattr(_numpy, name).__doc__)
        self._original = getattr(_numpy, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(self._original, name):
            raise missing_attribute(self.__name__, name, dir(self._original))
        found = _translated(getattr(self._original, name))
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return [n for n in dir(self._original) if not n.startswith("_")]


linalg = _Part("linalg")
fft = _Part("fft")


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name in _NOT_HERE or not hasattr(_numpy, name):
        raise missing_attribute(__name__, name, __dir__())
    if name in _OWN:
        found = getattr(import_module(f"{__name__}.creation"), _OWN[name])
    else:
        found = getattr(_numpy, name)
        if name not in _UNCHANGED:
            found = _translated(found)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({n for n in dir(_numpy) if not n.startswith("_")} - _NOT_HERE | {"Array"})
