"""What dtype an operation of several operands computes in: PyTorch's three ranks of operands.

Tensors with axes outrank 0-d tensors, which outrank Python numbers; a lower rank only matters where it
is of a higher category (bool < integer < float < complex).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import constant, retyped, wrap
from ..ops.complex import cast
from . import dtypes
from .dtypes import NumpyDtype, category, promote_numpy

Number = (bool, int, float, complex)


def fits_exactly(x: Any, dtype: NumpyDtype) -> bool:
    """Whether an integer lies in the range of an integer dtype."""
    if type(x) is int and -128 <= x < 128 and dtype.kind == "i":
        return True
    bits = dtype.itemsize * 8
    return bool(
        0 <= x < 1 << bits if dtype.kind == "u" else -(1 << (bits - 1)) <= x < 1 << (bits - 1)
    )


def wrapped(value: Any, dtype: NumpyDtype) -> int:
    """An integer reduced to the range of an integer dtype, as C converts and PyTorch's operators do.

    Raises:
        OverflowError: It needs more than 64 bits.
    """
    number = int(value)
    if not -(2**63) <= number < 2**64:
        raise OverflowError("int too big to convert")
    bits = dtype.itemsize * 8
    number &= (1 << bits) - 1
    return number - (1 << bits) if dtype.kind == "i" and number >> (bits - 1) else number


def number_dtype(x: Any) -> NumpyDtype:
    """The dtype that a Python number has on its own."""
    if isinstance(x, bool):
        return dtypes.bool_.dtype
    if isinstance(x, int):
        return dtypes.int64.dtype
    if isinstance(x, float):
        return dtypes.default_numpy
    return dtypes.default_complex_numpy


def _combine(higher: NumpyDtype | None, lower: NumpyDtype | None) -> NumpyDtype | None:
    if higher is None or lower is None:
        return lower if higher is None else higher
    h, low = category(higher), category(lower)
    if h == 3:
        return higher
    if h == 2:
        return dtypes.from_numpy_dtype(higher).to_complex().dtype if low == 3 else higher
    if h == 0 or low >= 2:
        return promote_numpy(higher, lower)
    return higher


def result_numpy(*operands: Any) -> NumpyDtype:
    """The NumPy dtype in which an operation on tensors and Python numbers computes."""
    ranks: list[NumpyDtype | None] = [None, None, None]
    for x in operands:
        if isinstance(x, CoreTensor):
            value = x.value
            rank, d = (0 if value.shape else 1), value.dtype
        elif isinstance(x, Number):
            rank, d = 2, number_dtype(x)
        elif isinstance(x, np.generic):
            rank, d = 2, number_dtype(x.item())
        elif isinstance(x, np.ndarray):
            rank, d = (0 if x.shape else 1), x.dtype
        else:
            continue
        old = ranks[rank]
        ranks[rank] = d if old is None else promote_numpy(old, d)
    found = _combine(ranks[0], _combine(ranks[1], ranks[2]))
    if found is None:
        raise TypeError("at least one tensor or number is needed")
    return found


def as_operand(x: Any, dtype: NumpyDtype, cls: type[CoreTensor], like: Any = None) -> CoreTensor:
    """An operand as a tensor of the given dtype.

    Args:
        x: A tensor (of any front end), a Python number, a NumPy scalar or array.
        dtype: What to compute in.
        cls: The class a constant gets.
        like: A value beside which a constant is used (decides between scalar and array).
    """
    if isinstance(x, CoreTensor):
        if x.value.dtype is not dtype and x.value.dtype != dtype:
            x = cast(x, dtype)
        return x if issubclass(type(x), cls) else retyped(x, cls)
    if isinstance(x, np.ndarray):
        return wrap(cls, x if x.dtype == dtype else x.astype(dtype))
    if isinstance(x, np.generic):
        x = x.item()
    if dtype.kind in "iu" and not fits_exactly(x, dtype):
        x = wrapped(x, dtype)
    return wrap(cls, constant(x, dtype, like))


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype that an arithmetic operation on two tensors or numbers computes in."""
    return dtypes.from_numpy_dtype(result_numpy(tensor1, tensor2))
