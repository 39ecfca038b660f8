"""The arithmetic under PyTorch's CPU random numbers, bit for bit, on NumPy arrays.

PyTorch's x86-64 builds run their distributions in code compiled for AVX2 and FMA. Two things follow
that a plain NumPy formula would miss in the last bit, and both are repeated here:

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

_PAIRS_AT_ONCE = 8192  # float64 temporaries of this length stay in the L2 cache
_TWO_PI_32 = np.float32(2.0 * np.pi)
_FOUR_OVER_PI_32 = np.float32(4.0 / np.pi)
_MINUS_TWO_32 = np.float32(-2)
_ROOT_HALF_32 = np.float32(0.5**0.5)


def _single(*coefficients: float) -> tuple[float, ...]:
    """Round to float32; Python numbers, for they multiply float64 arrays."""
    return tuple(float(np.float32(c)) for c in coefficients)


# Cephes logf: log(1 + x) = x - x^2/2 + x^3 P(x) for x from sqrt(1/2) - 1 to sqrt(2) - 1; P's
# highest power first.
_LOG_POLYNOMIAL = _single(
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
# log 2 in two parts; the first has so few bits that its product with an exponent is exact.
_LOG2_HIGH, _LOG2_LOW = _single(0.693359375, -2.12194440e-4)
# Cephes cosf and sinf on |x| <= pi/4, in powers of x^2, highest first: a column for the two rows.
_COS_SIN_POLYNOMIAL = tuple(
    np.array([_single(cosine, sine)]).T
    for cosine, sine in (
        (2.443315711809948e-5, -1.9515295891e-4),
        (-1.388731625493765e-3, 8.3321608736e-3),
        (4.166664568298827e-2, -1.6666654611e-1),
    )
)
# pi/4 in three parts, for the exact subtraction of whole octants (Cody and Waite).
_QUARTER_PI_PARTS = _single(0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)


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
    if summand == 0.0 or factor == 1.0:  # one operation is exact, so two roundings are one
        return np.asarray(x * dtype(factor) + dtype(summand))
    if dtype is np.float32:  # the product of two float32 is exact in float64
        return _sum_rounded_to_odd(x.astype(np.float64) * factor, summand).astype(np.float32)
    # Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
    # rounding to odd", IEEE Trans. Computers 57 (2008), section 5.
    product = x * factor
    x_high, x_low = _halves(x)
    f_high, f_low = _halves(np.float64(factor))
    product_error = x_high * f_high - product
    product_error = ((product_error + x_high * f_low) + x_low * f_high) + x_low * f_low
    high, low = _sum_with_error(summand, product_error)
    total, error = _sum_with_error(product, high)
    return total + _sum_rounded_to_odd(low, error)


def between(uniforms: FloatArray, low: float, scale: float) -> FloatArray:
    """Return `uniforms * scale + low` rounded once: `affine` for the numbers that a stream gives.

    Args:
        uniforms: float32 multiples of 2^-24, or float64 multiples of 2^-53, in [0, 1).
        low: Summand, of their dtype.
        scale: Factor, of their dtype, not negative.
    """
    if uniforms.dtype == np.float32 and 2.0**-24 * scale <= abs(low) <= 8.0 * scale:
        # both terms are multiples of scale's power of two times 2^-47 (or a little less), so that
        # the sum fits float64's 53 bits: converting it is the only rounding
        return (uniforms.astype(np.float64) * float(scale) + float(low)).astype(np.float32)
    return affine(uniforms, scale, low)


def box_muller(uniforms: FloatArray, mean: float, std: float) -> FloatArray:
    """Turn uniforms into normals in PyTorch's blocks of 16.

    In each block entries 0-7 are radii and 8-15 angles; the cosines come out in 0-7, the sines in
    8-15 (Box and Muller 1958). float32 repeats PyTorch's bits; float64 agrees as far as NumPy's
    log, sin and cos agree with the C library's.

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
        u = blocks[start : start + step]
        to_log = 1 - u[:, 0]  # (0, 1]: its logarithm is finite
        if uniforms.dtype == np.float32:
            radius = np.sqrt(_MINUS_TWO_32 * _log32(to_log))
            cosine, sine = _cosine_sine32(_TWO_PI_32 * u[:, 1])
        else:
            radius = np.sqrt(-2 * np.log(to_log))
            angle = (2 * np.pi) * u[:, 1]
            cosine, sine = np.cos(angle), np.sin(angle)
        np.multiply(radius, cosine, out=out[start : start + step, 0])
        np.multiply(radius, sine, out=out[start : start + step, 1])
    return affine(out.reshape(-1), std, mean)


# NOTE [single precision steps]
# The float64 arrays below hold float32 values. A product of two such is exact, so multiply, add
# and `_round` make a fused float32 multiply-add. (The sum is rounded to float64 first, which
# differs from rounding once in about one step of 2^29.) `_round` follows every float32 operation
# that rounds.


def _round(values: FloatArray, scratch: FloatArray) -> FloatArray:
    """Round float64 values to float32 in place, by way of a float32 array of their shape."""
    scratch[...] = values
    values[...] = scratch
    return values


def _log32(x: FloatArray) -> FloatArray:
    """Return Cephes' single-precision logarithm of positive normal float32 numbers."""
    bits = x.view(np.int32)
    exponent = bits >> 23
    exponent -= 126
    bits = bits & 0x007FFFFF
    bits |= 0x3F000000
    scratch = bits.view(np.float32)  # the fraction, in [1/2, 1)
    small = (scratch < _ROOT_HALF_32).astype(np.int32)
    exponent -= small
    small <<= 23
    bits += small  # doubles the fraction
    reduced = scratch.astype(np.float64)
    reduced -= 1.0
    # NOTE [single precision steps]
    value = reduced * _LOG_POLYNOMIAL[0]
    for coefficient in _LOG_POLYNOMIAL[1:]:
        value += coefficient
        _round(value, scratch)
        value *= reduced
    _round(value, scratch)
    square = reduced * reduced
    _round(square, scratch)
    value *= square
    low_part = exponent * _LOG2_LOW
    value += _round(low_part, scratch)
    _round(value, scratch)
    square *= 0.5
    value -= square
    _round(value, scratch)
    value += reduced
    _round(value, scratch)
    value += exponent * _LOG2_HIGH
    scratch[...] = value
    return scratch


def _cosine_sine32(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Cephes' single-precision cosine and sine of non-negative float32 angles."""
    octant = (x * _FOUR_OVER_PI_32).astype(np.int32)
    octant += 1
    octant &= ~1
    scratch = np.empty((2, *x.shape), np.float32)
    reduced = x.astype(np.float64)
    for part in _QUARTER_PI_PARTS:
        reduced -= octant * part
        _round(reduced, scratch[0])
    square = reduced * reduced
    _round(square, scratch[0])
    # the cosine's and the sine's polynomial side by side
    first, second, third = (c.reshape(2, *(1,) * x.ndim) for c in _COS_SIN_POLYNOMIAL)
    both = square * first
    both += second
    _round(both, scratch)
    both *= square
    both += third
    _round(both, scratch)
    both *= square
    _round(both, scratch)
    both[0] *= square
    square *= 0.5
    both[0] -= square
    _round(both[0], scratch[0])
    both[0] += 1.0
    both[1] *= reduced
    both[1] += reduced
    scratch[...] = both
    # In odd quadrants the two change places, and each changes its sign in two of the four. On the
    # bits, for selecting elements is many times slower.
    cosine, sine = scratch
    cosine_bits, sine_bits = scratch.view(np.int32)
    difference = (cosine_bits ^ sine_bits) & -((octant >> 1) & 1)
    cosine_bits ^= difference
    sine_bits ^= difference
    sine_bits ^= (octant & 4) << 29
    octant += 2
    cosine_bits ^= (octant & 4) << 29
    return cosine, sine


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
