"""`torch.finfo` and `torch.iinfo`: the limits of number types."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .arguments import wrong_type
from .dtypes import dtype


class finfo:
    """The limits of a floating dtype; of a complex one, those of its parts.

    Attributes:
        bits: Bits of one number.
        eps: Distance from 1 to the next number.
        max, min: Greatest and least finite number.
        tiny, smallest_normal: Least positive normal number.
        resolution: About 10 to the power of minus the decimal digits that are sure.
        dtype: The dtype's name.

    Args:
        type: The dtype; the default dtype when left out.

    Raises:
        TypeError: Not a floating or complex dtype.
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type: Any = None) -> None:
        if type is None:
            type = dtypes.get_default_dtype()
        elif type in (float, complex):
            type = dtypes.float64
        if not isinstance(type, dtype):
            raise wrong_type("finfo", "type", 1, "torch.dtype", type)
        if not (type.is_floating_point or type.is_complex):
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        real = type.to_real()
        self.dtype = real.name
        self.bits = real.itemsize * 8
        if real is dtypes.bfloat16:
            # Known without ml_dtypes: float32's exponents, and 8 bits of mantissa.
            self.eps, self.max = 2.0**-7, (2 - 2.0**-7) * 2.0**127
            self.tiny, self.resolution = 2.0**-126, 0.01
        else:
            info = np.finfo(real.dtype)
            self.eps, self.max, self.tiny = float(info.eps), float(info.max), float(info.tiny)
            self.resolution = 10.0**-info.precision
        self.min = -self.max
        self.smallest_normal = self.tiny

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype.

    Attributes:
        bits: Bits of one number.
        max, min: Greatest and least number.
        dtype: The dtype's name.

    Args:
        type: The dtype.

    Raises:
        TypeError: Not an integer dtype.
    """

    __slots__ = ("bits", "dtype", "max", "min")

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type: Any) -> None:
        if type is int:
            type = dtypes.int64
        if not isinstance(type, dtype):
            raise wrong_type("iinfo", "type", 1, "torch.dtype", type)
        if type is dtypes.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if type.is_floating_point or type.is_complex:
            raise TypeError(
                "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"
            )
        info = np.iinfo(type.dtype)
        self.bits, self.min, self.max = info.bits, int(info.min), int(info.max)
        self.dtype = type.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


__all__ = ["finfo", "iinfo"]
