"""Gamma and Poisson samples, drawn by rejection as TensorFlow draws them.

Each output has a stretch of the stream of its own and takes from it until a candidate is accepted;
here all outputs that are not done yet take a step together. Integers and float16 to float64 samples
equal those of TensorFlow 2.21's CPU kernels up to the rounding of `log`, `exp` and `pow`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.tensorflow import philox
from dualtape.tensorflow.philox import RESERVED_PER_OUTPUT, Array, Position
from dualtape.tensorflow.random_stateless import element_count

__all__ = ["gamma_at", "poisson_at"]

Shape = Sequence[int]

_LGAMMA = np.frompyfunc(math.lgamma, 1, 1)


class _Lanes:
    """One stream per output, each with samples left over from the last block it drew."""

    def __init__(self, at: Position, count: int) -> None:
        self._at = at
        self._next = np.arange(count, dtype=np.uint64) * np.uint64(RESERVED_PER_OUTPUT)

    def block(self, lanes: Array) -> Array:
        """Draw the next block of the given lanes: uint32, shape (lanes, 4)."""
        words = philox.blocks(self._at, self._next[lanes])
        self._next[lanes] += np.uint64(1)
        return words


class _Source:
    """Samples of one distribution; a block gives several, which are handed out from the last one."""

    def __init__(self, streams: _Lanes, count: int, per_block: int, convert: Any) -> None:
        self._streams, self._convert = streams, convert
        self._held = np.empty((count, per_block))
        self._left = np.zeros(count, np.intp)

    def take(self, lanes: Array) -> Array:
        """Return one sample for each of the given lanes."""
        empty = lanes[self._left[lanes] == 0]
        if len(empty):
            self._held[empty] = self._convert(self._streams.block(empty))
            self._left[empty] = self._held.shape[1]
        self._left[lanes] -= 1
        return self._held[lanes, self._left[lanes]]


def gamma_at(at: Position, shape: Shape, alpha: Any, dtype: np.dtype[Any]) -> Array:
    """Return gamma samples of rate 1, shape `shape + alpha.shape`.

    Args:
        at: Where the stream begins; `RESERVED_PER_OUTPUT` blocks belong to each output.
        shape: How many samples for each `alpha`.
        alpha: Positive, any shape.
        dtype: float16, float32 or float64; candidates are computed in float64.

    Method: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
    """
    shapes = np.asarray(alpha)
    per_alpha = element_count(shape)
    count = per_alpha * shapes.size
    of = np.repeat(shapes.reshape(-1).astype(np.float64), per_alpha)
    streams = _Lanes(at, count)
    normals = _Source(streams, count, 2, philox.pairs_double)
    uniforms = _Source(streams, count, 2, philox.unit_doubles)
    out = np.empty(count)

    is_one = np.nonzero(of == 1)[0]
    out[is_one] = -np.log1p(-uniforms.take(is_one))
    small = of < 1
    d = of + np.where(small, 2 / 3, -1 / 3)
    c = 1 / 3 / np.sqrt(d)
    todo = np.nonzero(of != 1)[0]
    while len(todo):
        x = normals.take(todo)
        v = 1 + c[todo] * x
        possible = v > 0
        lanes, x, v = todo[possible], x[possible], v[possible] ** 3
        u = uniforms.take(lanes)
        squared = x * x
        with np.errstate(divide="ignore"):  # log(0) = -inf accepts, as it should
            accepted = (u < 1 - 0.0331 * squared * squared) | (
                np.log(u) < 0.5 * squared + d[lanes] * (1 - v + np.log(v))
            )
        done = lanes[accepted]
        out[done] = d[done] * v[accepted]
        low = done[small[done]]
        out[low] *= uniforms.take(low) ** (1 / of[low])
        todo = np.setdiff1d(todo, done, assume_unique=True)
    samples = out.reshape(shapes.size, per_alpha).T.reshape(*shape, *shapes.shape)
    return samples.astype(dtype)


def poisson_at(at: Position, shape: Shape, rate: Any, dtype: np.dtype[Any]) -> Array:
    """Return Poisson samples, shape `shape + rate.shape`.

    Args:
        at: Where the stream begins; `RESERVED_PER_OUTPUT` blocks belong to each output.
        shape: How many samples for each rate.
        rate: Not negative, any shape; float32 rates are worked with in float32, others in float64.
        dtype: Any real dtype.

    Methods: below a rate of 10 Knuth's product of uniforms (The Art of Computer Programming 3.4.1);
    from there on PTRS of Hörmann, "The transformed rejection method for generating Poisson random
    variables", Insurance: Mathematics and Economics 12 (1993).
    """
    rates = np.asarray(rate)
    per_rate = element_count(shape)
    count = per_rate * rates.size
    work = np.dtype(np.float64)
    of = np.repeat(rates.reshape(-1).astype(work), per_rate)
    streams = _Lanes(at, count)
    uniforms = _Source(streams, count, 2, philox.unit_doubles)
    out = np.zeros(count, work)
    _multiply_up(of, uniforms, out)
    _transform_and_reject(of, uniforms, out)
    samples = out.reshape(rates.size, per_rate).T.reshape(*shape, *rates.shape)
    return samples.astype(dtype)


def _multiply_up(of: Array, uniforms: _Source, out: Array) -> None:
    """Count how many uniforms it takes for their product to fall to exp(-rate), for rates below 10."""
    todo = np.nonzero(of < 10)[0]
    product = np.ones(len(of), of.dtype)
    goal = np.exp(-of)
    while len(todo):
        product[todo] *= uniforms.take(todo).astype(of.dtype)
        todo = todo[product[todo] > goal[todo]]
        out[todo] += 1


def _transform_and_reject(of: Array, uniforms: _Source, out: Array) -> None:
    """Hörmann's method, in his names, for rates from 10 on."""
    real = of.dtype.type
    todo = np.nonzero(of >= 10)[0]
    b = real(0.931) + real(2.53) * np.sqrt(of)
    a = real(-0.059) + real(0.02483) * b
    inverse_alpha = real(1.1239) + real(1.1328) / (b - real(3.4))
    while len(todo):
        mu, bt, at = of[todo], b[todo], a[todo]
        u = uniforms.take(todo).astype(real) - real(0.5)
        v = uniforms.take(todo).astype(real)
        shifted = real(0.5) - np.abs(u)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.floor((real(2) * at / shifted + bt) * u + mu + real(0.43))
            easy = (shifted >= real(0.07)) & (v <= real(0.9277) - real(3.6224) / (bt - real(2)))
            hopeless = (k < 0) | ((shifted < real(0.013)) & (v > shifted)) | ~np.isfinite(k)
            s = np.log(v * inverse_alpha[todo] / (at / (shifted * shifted) + bt))
            safe = np.where(hopeless, real(0), k)
            t = -mu + safe * np.log(mu) - _LGAMMA(safe + real(1)).astype(real)
        accepted = easy | (~hopeless & (s <= t))
        out[todo[accepted]] = k[accepted]
        todo = todo[~accepted]
