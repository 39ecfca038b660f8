"""What PyTorch's random functions accept of each dtype, and what they call it in errors."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

# dtype -> PyTorch's name of it, the C++ type in its errors, bits of the mantissa (0: not floating)
_DTYPES: dict[str, tuple[str, str, int]] = {
    "bool": ("Bool", "bool", 0),
    "uint8": ("Byte", "unsigned char", 0),
    "int8": ("Char", "signed char", 0),
    "int16": ("Short", "short int", 0),
    "int32": ("Int", "int", 0),
    "int64": ("Long", "long int", 0),
    "uint16": ("UInt16", "short unsigned int", 0),
    "uint32": ("UInt32", "unsigned int", 0),
    "uint64": ("UInt64", "long unsigned int", 0),
    "float16": ("Half", "c10::Half", 11),
    "bfloat16": ("BFloat16", "c10::BFloat16", 8),
    "float32": ("Float", "float", 24),
    "float64": ("Double", "double", 53),
    "complex64": ("ComplexFloat", "c10::complex<float>", 0),
    "complex128": ("ComplexDouble", "c10::complex<double>", 0),
}
_FLOATING = frozenset(name for name, row in _DTYPES.items() if row[2])
_SIGNED = frozenset({"uint8", "int8", "int16", "int32", "int64"})
_KERNELS: dict[str, frozenset[str]] = {
    "check_uniform_bounds": _FLOATING,
    "normal_kernel_cpu": _FLOATING,
    "log_normal_cpu": _FLOATING,
    "bernoulli_tensor_cpu_p_": _FLOATING,
    "bernoulli_tensor_cpu_self_": _FLOATING | _SIGNED | {"bool"},
    "bernoulli_scalar_cpu_": _FLOATING | _SIGNED | {"bool"},
    "geometric_cpu": _FLOATING | _SIGNED,
    "randperm": _FLOATING | _SIGNED,
    "random_kernel_cpu": _FLOATING | _SIGNED | {"bool"},
    "random_full_64_bits_range_kernel_cpu": (_FLOATING - {"float16"}) | _SIGNED,
}


@functools.cache  # dtype.name takes a microsecond
def _row(dtype: np.dtype[Any]) -> tuple[str, str, int]:
    return _DTYPES[dtype.name]


@functools.cache
def _has_kernel(kernel: str, dtype: np.dtype[Any]) -> bool:
    return dtype.name in _KERNELS[kernel]


def scalar_name(dtype: np.dtype[Any], *, cpp: bool = False) -> str:
    """Return PyTorch's name of a dtype, `Float`, or with `cpp` the C++ type, `float`."""
    name, cpp_name, _ = _row(dtype)
    return cpp_name if cpp else name


def digits(dtype: np.dtype[Any]) -> int:
    """Return a floating dtype's mantissa bits: it has all integers up to 2**digits. Else 0."""
    return _row(dtype)[2]


@functools.cache  # numpy.finfo takes microseconds
def greatest(dtype: np.dtype[Any]) -> float:
    """Return the greatest finite number of a floating dtype."""
    return 3.3895313892515355e38 if dtype.name == "bfloat16" else float(np.finfo(dtype).max)


def require_kernel(kernel: str, dtype: np.dtype[Any]) -> None:
    """Raise NotImplementedError, in PyTorch's words, unless it has that kernel for the dtype."""
    if not _has_kernel(kernel, dtype):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(dtype)}'")


def integer_range(low: int, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the least integer that `Tensor.random_(low, high)` draws, and how many there are.

    Args:
        low: Least integer.
        high: Bound, not included; None for the dtype's greatest (if floating, of the consecutive
            ones), included.
        dtype: Of the result. For a floating dtype the bounds move inwards to integers it has, so
            that rounding cannot leave the range.

    Raises:
        RuntimeError: The range is empty, or does not fit the dtype.

    Warns when the range goes beyond the dtype's consecutive integers.
    """
    if dtype.kind == "c":
        raise RuntimeError(
            "check_random_bounds handles only integral, floating-point and boolean types"
        )
    precision = digits(dtype)
    if high is None:
        last = 2**precision if precision else 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)
        if precision:
            low = _next_from(low, dtype)
            if low >= last:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' "
                    f"casted to dtype, but got from={low} > to_inc={last}"
                )
    else:
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        if precision:
            low, high = _next_from(low, dtype), _last_before(high, dtype)
            if low >= high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                    f"but got from={low} >= to={high}"
                )
        last = high - 1
    _check_fits("from", low, dtype)
    _check_fits("to - 1", last, dtype)
    return low, last - low + 1


def _check_fits(name: str, value: int, dtype: np.dtype[Any]) -> None:
    precision = digits(dtype)
    if precision:
        most = greatest(dtype)
        least: float = -most
    elif dtype.kind == "b":
        least, most = 0, 1
    else:
        least, most = int(np.iinfo(dtype).min), min(int(np.iinfo(dtype).max), _INT64_MAX)
    if not least <= value <= most:
        raise RuntimeError(f"{name} is out of bounds for {scalar_name(dtype, cpp=True)}")
    if precision and not -(2**precision) <= value <= 2**precision:
        warnings.warn(
            f"{name} is out of bounds [-(2^{precision}), 2^{precision}]. Due to precision "
            f"limitations {scalar_name(dtype, cpp=True)} can support discrete uniform distribution "
            "only within this range.",
            UserWarning,
            stacklevel=4,
        )


def _next_from(low: int, dtype: np.dtype[Any]) -> int:
    """Move a lower bound up to the dtype's next integer where rounding would go below it."""
    rounded = _round(low + 1, dtype)
    return rounded + _spacing(low + 1, dtype) if rounded < low else low


def _last_before(high: int, dtype: np.dtype[Any]) -> int:
    """Move an upper bound down where rounding would reach it."""
    rounded = _round(high - 1, dtype)
    return rounded - _spacing(high - 1, dtype) if rounded >= high else high


def _round(value: int, dtype: np.dtype[Any]) -> int:
    """Round an integer to a floating dtype; what overflows is the least int64, as on x86-64."""
    with np.errstate(over="ignore"):
        wide = np.array(value, np.int64).astype(np.float32 if dtype.itemsize == 2 else dtype)
        result = float(wide.astype(dtype))
    return int(result) if -(2.0**63) <= result < 2.0**63 else _INT64_MIN


def _spacing(value: int, dtype: np.dtype[Any]) -> int:
    """Return the distance between a floating dtype's neighbours near an integer."""
    return 1 << max(abs(value).bit_length() - digits(dtype), 0)
