"""The arithmetic under PyTorch's CPU random numbers, bit for bit, on NumPy arrays.

PyTorch's x86-64 builds run their distributions in code compiled for AVX2 and FMA. Two things follow
that a plain NumPy formula would miss in the last bit, and both are reproduced here:

- `x * scale + shift` is a fused multiply-add: one rounding instead of two;
- float32 normals come from the single-precision logarithm, sine and cosine of the Cephes library
  (S. L. Moshier, `logf.c` and `sincosf.c`) with each multiply-add fused.

On a processor without AVX2 PyTorch itself gives other last bits.
`random_streams.py` decides what is drawn; this file only computes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[Any]

_PAIRS_AT_ONCE = 4096  # about a dozen float64 temporaries of this length stay in the L2 cache
_TWO_PI_32 = np.float32(2.0 * np.pi)

# Cephes logf: log(1 + x) = x - x^2/2 + x^3 P(x) on sqrt(1/2) - 1 <= x <= sqrt(2) - 1, highest power first.
_LOG_POLYNOMIAL = tuple(
    float(np.float32(c))
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
)
# log 2 in two parts; the first has so few bits that its product with an exponent is exact.
_LOG2_HIGH, _LOG2_LOW = 0.693359375, float(np.float32(-2.12194440e-4))
# Cephes sinf and cosf on |x| <= pi/4, in powers of x^2, highest first.
_SIN_POLYNOMIAL = tuple(
    float(np.float32(c)) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
)
_COS_POLYNOMIAL = tuple(
    float(np.float32(c)) for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
)
# pi/4 in three parts, for the exact subtraction of whole octants (Cody and Waite).
_QUARTER_PI_PARTS = tuple(
    float(np.float32(c)) for c in (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
)


def affine(x: FloatArray, scale: float, shift: float) -> FloatArray:
    """Return `x * scale + shift` rounded once, as a fused multiply-add does.

    Args:
        x: float32 or float64, any shape; `scale` and `shift` are first rounded to its dtype.
        scale: Factor.
        shift: Summand.

    Returns:
        An array of x's shape and dtype. Correctly rounded unless the product under- or overflows.
    """
    dtype = x.dtype.type
    factor, summand = float(dtype(scale)), float(dtype(shift))
    if summand == 0.0 or factor == 1.0:  # one of the two operations is exact, so two roundings are one
        return x * dtype(factor) + dtype(summand)
    if dtype is np.float32:  # the product of two float32 is exact in float64
        return _sum_rounded_to_odd(x.astype(np.float64) * factor, summand).astype(np.float32)
    # Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
    # rounding to odd", IEEE Trans. Computers 57 (2008), section 5.
    product = x * factor
    x_high, x_low = _halves(x)
    f_high, f_low = _halves(np.float64(factor))
    product_error = ((x_high * f_high - product) + x_high * f_low + x_low * f_high) + x_low * f_low
    high, low = _sum_with_error(summand, product_error)
    total, error = _sum_with_error(product, high)
    return total + _sum_rounded_to_odd(low, error)


def box_muller(uniforms: FloatArray, mean: float, std: float) -> FloatArray:
    """Turn uniforms into normals in PyTorch's blocks of 16.

    In each block entries 0-7 are radii and 8-15 angles; the cosines come out in 0-7, the sines in
    8-15 (Box and Muller 1958). float32 repeats PyTorch's bits, float64 its rounding errors up to one unit
    in the last place of NumPy's log, sin and cos.

    Args:
        uniforms: float32 or float64, size a multiple of 16, values in [0, 1).
        mean: Mean of the result.
        std: Its standard deviation.

    Returns:
        A 1-d array of as many normals, same dtype.
    """
    blocks = uniforms.reshape(-1, 2, 8)
    out = np.empty_like(blocks)
    step = _PAIRS_AT_ONCE // 8
    for start in range(0, len(blocks), step):
        part = slice(start, start + step)
        u = blocks[part]
        to_log = 1 - u[:, 0]  # (0, 1]: its logarithm is finite
        if uniforms.dtype == np.float32:
            radius = np.sqrt(np.float32(-2) * _log32(to_log))
            sine, cosine = _sincos32(_TWO_PI_32 * u[:, 1])
        else:
            radius = np.sqrt(-2 * np.log(to_log))
            angle = (2 * np.pi) * u[:, 1]
            sine, cosine = np.sin(angle), np.cos(angle)
        np.multiply(radius, cosine, out=out[part, 0])
        np.multiply(radius, sine, out=out[part, 1])
    return affine(out.reshape(-1), std, mean)


def _log32(x: FloatArray) -> FloatArray:
    """Return Cephes' single-precision log of positive normal float32 numbers."""
    bits = x.view(np.int32) if x.flags.c_contiguous else np.ascontiguousarray(x).view(np.int32)
    exponent = (bits >> 23) - 126
    fraction = ((bits & 0x007FFFFF) | 0x3F000000).view(np.float32)  # in [1/2, 1)
    small = fraction < np.float32(0.5**0.5)
    exponent -= small
    reduced = (fraction - np.float32(1)) + np.where(small, fraction, np.float32(0))
    wide = reduced.astype(np.float64)
    square = _rounded(wide * wide)
    tail = _rounded(_horner(wide, _LOG_POLYNOMIAL) * wide)
    tail = _rounded(tail * square + _rounded(exponent * _LOG2_LOW))
    tail = _rounded(tail - square * 0.5)
    total = _rounded(wide + tail) + exponent * _LOG2_HIGH
    return total.astype(np.float32)


def _sincos32(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Cephes' single-precision sine and cosine of non-negative float32 angles."""
    octant = ((x * np.float32(4 / np.pi)).astype(np.int32) + 1) & ~1
    reduced = x.astype(np.float64)
    for part in _QUARTER_PI_PARTS:
        reduced = _rounded(reduced - octant * part)
    square = _rounded(reduced * reduced)
    cosine = _rounded(_horner(square, _COS_POLYNOMIAL) * square)
    cosine = _rounded(cosine * square - square * 0.5) + 1.0
    sine = _rounded(_horner(square, _SIN_POLYNOMIAL) * square) * reduced + reduced
    swap = (octant & 2) != 0
    sine_out = np.where(swap, cosine, sine).astype(np.float32)
    cosine_out = np.where(swap, sine, cosine).astype(np.float32)
    np.negative(sine_out, out=sine_out, where=(octant & 4) != 0)
    np.negative(cosine_out, out=cosine_out, where=((octant + 2) & 4) != 0)
    return sine_out, cosine_out


def _horner(x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
    """Evaluate a polynomial by fused float32 steps; float64 arrays hold the float32 values.

    The sum below is rounded to float64 before float32, which differs from one rounding about once
    in 2^29 steps.
    """
    value = _rounded(x * coefficients[0] + coefficients[1])
    for coefficient in coefficients[2:]:
        value *= x
        value += coefficient
        value = _rounded(value)
    return value


def _rounded(x: FloatArray) -> FloatArray:
    """Round float64 values to float32, kept in float64."""
    return x.astype(np.float32).astype(np.float64)


def _sum_with_error(a: Any, b: Any) -> tuple[FloatArray, FloatArray]:
    """Return the rounded sum and its exact error (Knuth's two-sum)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _halves(x: Any) -> tuple[Any, Any]:
    """Split float64 into two numbers of 26 bits each, so that products are exact (Veltkamp)."""
    scaled = 134217729.0 * x  # 2^27 + 1
    high = scaled - (scaled - x)
    return high, x - high


def _sum_rounded_to_odd(a: FloatArray, b: Any) -> FloatArray:
    """Return a + b, where an inexact sum becomes the neighbouring float64 with an odd last bit.

    Such a sum can be rounded again, to float32 or in a further sum, as if it had been exact.
    """
    total, error = _sum_with_error(a, b)
    to_fix = (error != 0) & ((total.view(np.int64) & 1) == 0)
    if to_fix.any():
        toward = np.where(error > 0, np.inf, -np.inf)
        np.nextafter(total, toward, out=total, where=to_fix)
    return total
