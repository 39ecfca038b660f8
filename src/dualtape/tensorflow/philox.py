"""The counter-based generator behind TensorFlow's random numbers, and its words made into samples.

Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
maps a 64-bit key and a 128-bit counter to four 32-bit words. A kernel of TensorFlow's takes a key
and a first counter, and fills its output block by block; `random_streams.py` says which key and
counter that is.

Uniform and integer samples equal TensorFlow's bit for bit. So do float16, bfloat16 and float32
normals where TensorFlow runs on glibc, since `_log` and `_sin_cos` round as its `logf` and
`sincosf` do; float64 normals agree to rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

_LOW = 0xFFFFFFFF
_MASK64 = 2**64 - 1

RESERVED_PER_OUTPUT = 256
"""How many blocks TensorFlow sets aside for each output of a kernel, used or not."""


class Position(NamedTuple):
    """A place in a Philox stream: a key below 2**64 and a counter below 2**128."""

    key: int
    counter: int

    def skip(self, blocks: int) -> Position:
        """Return the position `blocks` blocks further on."""
        return Position(self.key, (self.counter + blocks) % 2**128)


def blocks(at: Position, offsets: Array) -> Array:
    """Return the four words at `at.counter + offset` for each offset.

    Args:
        at: Key and first counter.
        offsets: uint64, any shape.

    Returns:
        uint32, shape `offsets.shape + (4,)`.
    """
    low, high = np.uint64(at.counter & _MASK64), np.uint64(at.counter >> 64)
    first = low + offsets  # wraps around; the carry goes to the upper half
    second = high + (first < low)
    mask, half = np.uint64(_LOW), np.uint64(32)
    c0, c1, c2, c3 = first & mask, first >> half, second & mask, second >> half
    k0, k1 = at.key & _LOW, at.key >> 32
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1 = (p1 >> half) ^ c1 ^ np.uint64(k0), p1 & mask
        c2, c3 = (p0 >> half) ^ c3 ^ np.uint64(k1), p0 & mask
        k0, k1 = (k0 + 0x9E3779B9) & _LOW, (k1 + 0xBB67AE85) & _LOW
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def words(at: Position, count: int) -> Array:
    """Return the first `count` words from a position on, uint32."""
    return blocks(at, np.arange(-(-count // 4), dtype=np.uint64)).reshape(-1)[:count]


def words64(at: Position, count: int) -> Array:
    """Return the first `count` 64-bit words: pairs of 32-bit ones, the lower half first."""
    pairs = words(at, 2 * count).astype(np.uint64).reshape(-1, 2)
    return pairs[:, 0] | pairs[:, 1] << np.uint64(32)


# --- samples -------------------------------------------------------------------------------------


def unit_floats(word: Array) -> Array:
    """Return a float32 in [0, 1) for each word: 23 of its bits as the mantissa of 1.x, less 1."""
    bits = word & np.uint32(0x7FFFFF) | np.uint32(127 << 23)
    return bits.view(np.float32) - np.float32(1)


def _unit_double(high: Array, low: Array) -> Array:
    """Return float64 in [0, 1): 20 mantissa bits from `high`, 32 from `low`."""
    upper = (high & np.uint32(0xFFFFF)).astype(np.uint64) << np.uint64(32)
    bits = upper | low.astype(np.uint64) | np.uint64(1023 << 52)
    return bits.view(np.float64) - 1.0


def unit_doubles(word: Array) -> Array:
    """Return a float64 in [0, 1) for each pair of words: (..., 2 n) to (..., n)."""
    return _unit_double(word[..., 0::2], word[..., 1::2])


def uniform(at: Position, count: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` uniform samples in [0, 1) of a float dtype."""
    if dtype == np.float64:
        return unit_doubles(words(at, 2 * count))
    drawn = words(at, count)
    if dtype == np.float32:
        return unit_floats(drawn)
    # float16 keeps 10 of a word's bits, bfloat16 7.
    mantissa, one = (0x3FF, 15 << 10) if dtype == np.float16 else (0x7F, 127 << 7)
    bits = (drawn & np.uint32(mantissa) | np.uint32(one)).astype(np.uint16)
    return bits.view(dtype) - np.ones((), dtype)


def integers(at: Position, count: int, low: int, high: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` int32 or int64 samples in [low, high): words modulo the size of the range."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    drawn = words(at, count) if dtype.itemsize == 4 else words64(at, count)
    start = np.array(low, dtype).view(unsigned)
    return np.asarray(start + drawn % unsigned.type(high - low)).view(dtype)


def full_integers(at: Position, count: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` samples over the whole range of a 32- or 64-bit integer dtype."""
    drawn = words(at, count) if dtype.itemsize == 4 else words64(at, count)
    return drawn.view(dtype)


def normal(at: Position, count: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` standard normal samples of a float dtype, in pairs by Box and Muller."""
    even = count + count % 2
    if dtype == np.float64:
        return pairs_double(words(at, 2 * even).reshape(-1, 4)).reshape(-1)[:count]
    pairs = _pairs_float(words(at, even).reshape(-1, 2))
    return pairs.reshape(-1)[:count].astype(dtype, copy=False)


def truncated_normal(at: Position, count: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` normal samples of which those outside (-2, 2) were drawn again.

    A group of four outputs (two for float64) has a stretch of the stream of its own and takes from
    it, in order, the samples that lie inside.
    """
    double = dtype == np.float64
    size = 2 if double else 4
    groups = -(-count // size)
    out = np.empty((groups, size), np.float64 if double else np.float32)
    stride = np.uint64(size * RESERVED_PER_OUTPUT // 4)
    todo = np.arange(groups, dtype=np.uint64)
    # Nearly every group is done within 12 samples; 60 times as many are out of reach of chance.
    for length in (6 if double else 3, 64):
        offsets = (todo * stride)[:, None] + np.arange(length, dtype=np.uint64)
        drawn = blocks(at, offsets)
        pairs = pairs_double(drawn) if double else _pairs_float(drawn.reshape(-1, 2))
        candidates = pairs.reshape(len(todo), length * size)
        inside = np.abs(candidates) < 2
        rank = np.cumsum(inside, axis=1)
        row, column = np.nonzero(inside & (rank <= size))
        out[todo[row].astype(np.intp), rank[row, column] - 1] = candidates[row, column]
        todo = todo[rank[:, -1] < size]
        if not len(todo):
            break
    return out.reshape(-1)[:count].astype(dtype, copy=False)


def _pairs_float(word: Array) -> Array:
    """Box and Muller 1958 on float32: words (..., 2) to samples (..., 2), sine first."""
    # TensorFlow keeps the logarithm's argument above 1e-7, and rounds the angle from a double
    # product.
    radius = np.sqrt(np.float32(-2) * _log(np.maximum(unit_floats(word[..., 0]), np.float32(1e-7))))
    angle = (2 * np.pi * unit_floats(word[..., 1]).astype(np.float64)).astype(np.float32)
    sine, cosine = _sin_cos(angle)
    return np.stack([sine * radius, cosine * radius], axis=-1)


def pairs_double(word: Array) -> Array:
    """Box and Muller 1958 on float64: words (..., 4) to samples (..., 2), sine first."""
    radius = np.sqrt(-2 * np.log(np.maximum(_unit_double(word[..., 0], word[..., 1]), 1e-7)))
    angle = 2 * np.pi * _unit_double(word[..., 2], word[..., 3])
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=-1)


# --- float32 log, sin and cos as glibc rounds them ------------------------------------------------

# NOTE [rounding]: NumPy's float32 functions are as accurate but round elsewhere, which would change
# one normal sample in five. glibc (2.28 and later) uses the methods of Arm's optimized-routines,
# made up of double arithmetic; the constants are the coefficients of those. For each of the 2**23
# arguments that a sample can have, the results are glibc's.

_TABLE_START, _TABLE_STEP = 0x3F330000, 0x80000


def _log_table() -> tuple[Array, Array]:
    """Return 1/c and log(c) for a point c in each of 16 intervals from 0.699 to 1.398."""
    bits = (_TABLE_START + np.arange(17) * _TABLE_STEP).astype(np.uint32)
    edges = bits.view(np.float32).astype(np.float64)
    inverse = 2 / (edges[1:] + edges[:-1])
    # Two are not the middle: 1 itself, so that the logarithm near it is exact, and its neighbour.
    inverse[9] = 1.0
    inverse[10] = float.fromhex("0x1.e608cfd9a47acp-1")
    return inverse, -np.log(inverse)


_INVERSE, _LOG = _log_table()
_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_LOG_POLY = [
    float.fromhex(c)
    for c in ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")
]
_SIN_POLY = [
    float.fromhex(c)
    for c in ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")
]
_COS_POLY = [
    float.fromhex(c)
    for c in (
        "-0x1.ffffffd0c621cp-2",
        "0x1.55553e1068f19p-5",
        "-0x1.6c087e89a359dp-10",
        "0x1.99343027bf8c3p-16",
    )
]


def _log(x: Array) -> Array:
    """Return the logarithm of normal, positive float32.

    For x = 2**k z and c near z, log x = k ln 2 + log c + log(1 + r) with r = z/c - 1.
    """
    bits = x.view(np.uint32).astype(np.int64)
    shifted = bits - _TABLE_START
    power = shifted >> 23
    z = (bits - (power << 23)).astype(np.uint32).view(np.float32).astype(np.float64)
    i = (shifted >> 19) & 15
    r = z * _INVERSE[i] - 1
    a0, a1, a2 = _LOG_POLY
    r2 = r * r
    y = (a0 * r2 + (a1 * r + a2)) * r2 + (_LOG[i] + power * _LN2 + r)
    return np.asarray(y, np.float32)


def _sin_cos(x: Array) -> tuple[Array, Array]:
    """Return sine and cosine of float32 in [0, 2 pi]: quarter turns off, then polynomials."""
    wide = x.astype(np.float64)
    # The quotient is held with 24 fractional bits; half a quarter turn is added before they are cut
    # off.
    scaled = wide * float.fromhex("0x1.45F306DC9C883p+23")
    quarter = (scaled.astype(np.int64) + 0x800000) >> 24
    quarter[x < np.float32(np.pi / 4)] = 0
    r = wide - quarter * float.fromhex("0x1.921FB54442D18p0")
    r2 = r * r
    r3, r4 = r * r2, r2 * r2
    s1, s2, s3 = _SIN_POLY
    c1, c2, c3, c4 = _COS_POLY
    s = (r + r3 * s1 + (r3 * r2) * (s2 + r2 * s3)).astype(np.float32)
    c = (1 + r2 * c1 + r4 * c2 + (r4 * r2) * (c3 + r2 * c4)).astype(np.float32)
    odd = (quarter & 1).astype(bool)
    sine, cosine = np.where(odd, c, s), np.where(odd, s, c)
    turn = quarter & 3
    return np.where(turn >= 2, -sine, sine), np.where((turn == 1) | (turn == 2), -cosine, cosine)
