"""What the functions of the namespace ask of their arguments, and PyTorch's words when they do not get it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.forward import Dual
from ..core.lengths import whole
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import retyped
from . import dtypes
from ._tensor import Tensor, concrete
from .dtypes import NumpyDtype, scalar_name
from .promotion import Number, wrapped


def type_name(x: Any) -> str:
    """How PyTorch's messages call the type of an argument."""
    return type(x).__name__


def wrong_type(function: str, name: str, position: int | None, wanted: str, got: Any) -> TypeError:
    """The error for an argument of the wrong type; `position` counts from 1, None for a keyword."""
    place = "" if position is None else f" (position {position})"
    return TypeError(
        f"{function}(): argument '{name}'{place} must be {wanted}, not {type(got).__name__}"
    )


def invalid_combination(
    function: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> TypeError:
    """The error for arguments that fit none of a function's forms."""
    got = [type_name(a) for a in args]
    got += [f"{k}={type_name(v)}" for k, v in (kwargs or {}).items()]
    return TypeError(
        f"{function}() received an invalid combination of arguments - got ({', '.join(got)})"
    )


def tensor_argument(function: str, x: Any, name: str = "input", position: int | None = 1) -> Tensor:
    """The argument as a tensor of this front end.

    Raises:
        TypeError: It is no tensor.
    """
    if isinstance(x, Tensor):
        return x
    if isinstance(x, CoreTensor):
        return retyped(x, Tensor)  # type: ignore[return-value]
    raise wrong_type(function, name, position, "Tensor", x)


def not_implemented(kernel: str, dtype: NumpyDtype) -> NotImplementedError:
    """The error for a dtype that a kernel does not take."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(dtype)}'")


def is_integer(x: Any) -> bool:
    """Whether `x` may be an int argument: an int, a NumPy integer or a tensor of one integer, no bool."""
    if isinstance(x, (int, np.integer)):
        return not isinstance(x, bool)
    return isinstance(x, CoreTensor) and x.value.dtype.kind in "iu" and not x.value.shape


def integer(function: str, x: Any, name: str, position: int | None = None) -> int:
    """An int argument.

    Raises:
        TypeError: It is none.
    """
    if type(x) is int:
        return x
    if not is_integer(x):
        raise wrong_type(function, name, position, "int", x)
    return whole(x)  # type: ignore[no-any-return]


def is_number(x: Any) -> bool:
    """Whether `x` may be a Number argument: a Python number, a NumPy scalar or a 0-d tensor."""
    if isinstance(x, (*Number, np.generic)):
        return True
    return isinstance(x, CoreTensor) and not x.value.shape


def number(function: str, x: Any, name: str, position: int | None = None) -> Any:
    """A Number argument as a Python number.

    Raises:
        TypeError: It is none.
    """
    if isinstance(x, Number):
        return x
    if isinstance(x, np.generic):
        return x.item()
    if isinstance(x, CoreTensor) and not x.value.shape:
        return tensor_argument(function, x).item()
    raise wrong_type(function, name, position, "Number", x)


def known(function: str, x: Any) -> Any:
    """The numbers of a tensor as an array; inside a forward-mode level the primal ones.

    Raises:
        TransformError: It is inside another transformation and has none.
    """
    value = x.value if isinstance(x, CoreTensor) else x
    if isinstance(value, Dual):
        return known(function, value.primal)
    return np.asarray(concrete(value, f"{function}()"))


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front; a 0-d tensor counts as having one.

    Raises:
        IndexError: Out of range.
    """
    rank = ndim or 1
    if not -rank <= dim < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})"
        )
    return dim + rank if dim < 0 else dim


def dims_argument(function: str, dim: Any, ndim: int) -> tuple[int, ...] | None:
    """The `dim=` of a reduction as sorted dimensions; None where it means all of them.

    PyTorch reads an empty sequence as all dimensions too.

    Raises:
        TypeError: Not an int or a sequence of ints.
        IndexError: Out of range.
        RuntimeError: A dimension is named twice.
    """
    if dim is None:
        return None
    found: tuple[int, ...]
    if type(dim) is int:
        found = (wrap_dim(dim, ndim),)
    elif isinstance(dim, Iterable) and not isinstance(dim, (str, CoreTensor)):
        listed = [integer(function, d, "dim") for d in dim]
        if not listed:
            return None
        found = tuple(sorted([wrap_dim(d, ndim) for d in listed]))
        for a, b in itertools.pairwise(found):
            if a == b:
                raise RuntimeError(f"dim {a} appears multiple times in the list of dims")
    else:
        found = (wrap_dim(integer(function, dim, "dim"), ndim),)
    return found if ndim else ()


def dtype_argument(function: str, dtype: Any) -> NumpyDtype:
    """The `dtype=` of a call as NumPy's.

    Raises:
        TypeError: It is no torch dtype (nor one of Python's types float, int, bool, complex).
    """
    if isinstance(dtype, dtypes.dtype):
        return dtype.dtype
    if dtype in (float, int, bool, complex):
        return dtypes.to_numpy_dtype(dtype)
    raise wrong_type(function, "dtype", None, "torch.dtype", dtype)


_CPP_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
    "uint16": "uint16_t", "uint32": "uint32_t", "uint64": "uint64_t", "float16": "c10::Half",
    "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
}  # fmt: skip


def fits(value: Any, dtype: NumpyDtype) -> bool:
    """Whether a Python number may be converted to `dtype`: a negative one to unsigned may wrap around."""
    if dtype.kind == "b":
        return True
    if isinstance(value, complex):
        if dtype.kind == "c":
            return True
        if value.imag:
            return False
        value = value.real
    if isinstance(value, float) and (value != value or value in (np.inf, -np.inf)):
        return dtype.kind not in "iu"
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        least = -int(info.max) if dtype.kind == "u" else int(info.min)
        return bool(least <= value <= info.max)
    if dtype.kind == "c":
        return True
    most = 3.3895313892515355e38 if dtype.kind == "V" else float(np.finfo(dtype).max)
    return bool(-most <= value <= most)


def number_as(value: Any, dtype: NumpyDtype, names: dict[str, str] | None = None) -> Any:
    """A Python number as a NumPy scalar of `dtype`.

    Raises:
        RuntimeError: It does not fit.
        OverflowError: It needs more than 64 bits.
    """
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError("int too big to convert")
    if not fits(value, dtype):
        name = _CPP_NAMES[dtype.name] if names is None else names.get(dtype.name, dtype.name)
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    if dtype.kind in "iu":
        return dtype.type(wrapped(value.real, dtype))
    if isinstance(value, complex) and dtype.kind != "c":
        value = bool(value) if dtype.kind == "b" else value.real
    return np.array(value).astype(dtype)[()]


def numpy_names(function: str, names: dict[str, Any], dim: Any, keepdim: Any) -> tuple[Any, Any]:
    """The `axis=` and `keepdims=` that PyTorch accepts for `dim=` and `keepdim=`.

    Raises:
        TypeError: Another keyword.
    """
    for name, value in names.items():
        if name == "axis":
            dim = value
        elif name == "keepdims":
            keepdim = value
        else:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")
    return dim, keepdim


def check_keepdim(function: str, keepdim: Any, position: int = 3) -> None:
    """Raise TypeError unless `keepdim` is a bool."""
    if not isinstance(keepdim, (bool, np.bool_)):
        raise wrong_type(function, "keepdim", position, "bool", keepdim)
