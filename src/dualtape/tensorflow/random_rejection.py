"""Gamma and Poisson samples, drawn by rejection as TensorFlow draws them.

Each output has a stretch of the stream of its own and takes from it until a candidate is accepted;
here all outputs that are not done yet take a step together. Poisson samples equal those of
TensorFlow 2.21's CPU kernels; gamma samples too in float16 and float32, in float64 to the rounding
of `log` and `pow`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import philox
from .philox import RESERVED_PER_OUTPUT, Array, Position
from .random_stateless import checked_dtype, element_count, seed_position

__all__ = [
    "GAMMA_DTYPES",
    "POISSON_DTYPES",
    "floored",
    "gamma_at",
    "poisson_at",
    "stateless_gamma",
    "stateless_poisson",
]

Shape = Sequence[int]

GAMMA_DTYPES = ("float16", "float32", "float64")
POISSON_DTYPES = ("float16", "float32", "float64", "int32", "int64")
_lgamma = np.frompyfunc(math.lgamma, 1, 1)


class _Lanes:
    """One stream per output, each at a block of its own."""

    def __init__(self, at: Position, count: int) -> None:
        self._at = at
        self._next = np.arange(count, dtype=np.uint64) * np.uint64(RESERVED_PER_OUTPUT)

    def block(self, lanes: Array) -> Array:
        """Draw the next block of the given lanes: uint32, shape (lanes, 4)."""
        words = philox.blocks(self._at, self._next[lanes])
        self._next[lanes] += np.uint64(1)
        return words


class _Source:
    """Float64 samples of one distribution; a block gives two, handed out from the last one."""

    def __init__(self, streams: _Lanes, count: int, convert: Callable[[Array], Array]) -> None:
        self._streams, self._convert = streams, convert
        self._held = np.empty((count, 2))
        self._left = np.zeros(count, np.intp)

    def take(self, lanes: Array) -> Array:
        """Return one sample for each of the given lanes."""
        empty = lanes[self._left[lanes] == 0]
        if len(empty):
            self._held[empty] = self._convert(self._streams.block(empty))
            self._left[empty] = 2
        self._left[lanes] -= 1
        return self._held[lanes, self._left[lanes]]


def _spread(name: str, parameter: Array, per: int) -> Array:
    """Return a checked parameter as float64, repeated `per` times for each of its elements."""
    wide = parameter.reshape(-1).astype(np.float64)
    if not (np.isfinite(wide) & (wide >= 0)).all():
        raise ValueError(
            f"{name} must be finite and not negative, got {wide.min()} to {wide.max()}"
        )
    return np.repeat(wide, per)


def _arrange(out: Array, parameter: Array, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Bring samples, those of one parameter after another, into shape `shape + parameter.shape`."""
    if dtype == np.float16:
        out = out.astype(np.float32)  # rounded twice, as TensorFlow's conversion does
    per = element_count(shape)
    return out.reshape(parameter.size, per).T.reshape((*shape, *parameter.shape)).astype(dtype)


def gamma_at(at: Position, shape: Shape, alpha: Array, dtype: np.dtype[Any]) -> Array:
    """Return gamma samples of rate 1, shape `shape + alpha.shape`.

    Args:
        at: Where the stream begins; `RESERVED_PER_OUTPUT` blocks belong to each output.
        shape: How many samples for each `alpha`.
        alpha: Finite and not negative, any shape.
        dtype: Of the result; candidates are computed in float64.

    Raises:
        ValueError: An `alpha` is negative, infinite or NaN.

    Method: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26
    (2000).
    """
    of = _spread("alpha", alpha, element_count(shape))
    streams = _Lanes(at, len(of))
    normals = _Source(streams, len(of), philox.pairs_double)
    uniforms = _Source(streams, len(of), philox.unit_doubles)
    out = np.empty(len(of))

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
        with np.errstate(divide="ignore"):  # alpha = 0 gives u**inf = 0
            out[low] *= uniforms.take(low) ** (1 / of[low])
        todo = np.setdiff1d(todo, done, assume_unique=True)
    return _arrange(out, alpha, shape, dtype)


def poisson_at(at: Position, shape: Shape, rate: Array, dtype: np.dtype[Any]) -> Array:
    """Return Poisson samples, shape `shape + rate.shape`.

    Args:
        at: Where the stream begins; `RESERVED_PER_OUTPUT` blocks belong to each output.
        shape: How many samples for each rate.
        rate: Finite and not negative, any shape.
        dtype: Of the result.

    Raises:
        ValueError: A rate is negative, infinite or NaN.

    Methods: below a rate of 10 Knuth's product of uniforms (The Art of Computer Programming
    3.4.1); from there on PTRS of Hörmann, "The transformed rejection method for generating
    Poisson random variables", Insurance: Mathematics and Economics 12 (1993).
    """
    of = _spread("lam", rate, element_count(shape))
    uniforms = _Source(_Lanes(at, len(of)), len(of), philox.unit_doubles)
    out = np.zeros(len(of))
    _multiply_up(of, uniforms, out)
    _transform_and_reject(of, uniforms, out)
    return _arrange(out, rate, shape, dtype)


def _multiply_up(of: Array, uniforms: _Source, out: Array) -> None:
    """For rates below 10, count the uniforms it takes until their product is exp(-rate) or less."""
    todo = np.nonzero(of < 10)[0]
    product = np.ones(len(of))
    goal = np.exp(-of)
    while len(todo):
        product[todo] *= uniforms.take(todo)
        todo = todo[product[todo] > goal[todo]]
        out[todo] += 1


def _transform_and_reject(of: Array, uniforms: _Source, out: Array) -> None:
    """For rates from 10 on, Hörmann's method in his names."""
    b = 0.931 + 2.53 * np.sqrt(of)
    a = -0.059 + 0.02483 * b
    todo = np.nonzero(of >= 10)[0]
    while len(todo):
        mu, bt, at = of[todo], b[todo], a[todo]
        inverse_alpha = 1.1239 + 1.1328 / (bt - 3.4)
        u = uniforms.take(todo) - 0.5
        v = uniforms.take(todo)
        shifted = 0.5 - np.abs(u)
        with np.errstate(divide="ignore", invalid="ignore"):  # u = -0.5 or v = 0 is rejected below
            k = np.floor((2 * at / shifted + bt) * u + mu + 0.43)
            easy = (shifted >= 0.07) & (v <= 0.9277 - 3.6224 / (bt - 2))
            hopeless = ~(k >= 0) | ((shifted < 0.013) & (v > shifted))
            s = np.log(v * inverse_alpha / (at / (shifted * shifted) + bt))
        count = np.where(hopeless, 0, k)
        t = -mu + count * np.log(mu) - _lgamma(count + 1).astype(np.float64)
        accepted = easy | (~hopeless & (s <= t))
        out[todo[accepted]] = k[accepted]
        todo = todo[~accepted]


# --- stateless -----------------------------------------------------------------------------------


def _leading(shape: Shape, parameter: Array) -> Shape:
    lead = len(shape) - parameter.ndim
    if lead < 0 or tuple(shape[lead:]) != parameter.shape:
        raise ValueError(
            f"Shape passed in must end with broadcasted shape: {tuple(shape)} does not end "
            f"with {parameter.shape}."
        )
    return shape[:lead]


def stateless_gamma(
    shape: Shape, seed: Any, alpha: Any, beta: Any = None, dtype: Any = np.float32
) -> Array:
    """Return `tf.random.stateless_gamma`.

    Args:
        shape: Of the result; ends with the shape `alpha` and `beta` broadcast to.
        seed: Two integers.
        alpha: Shape parameter of the distribution.
        beta: Rate, 1 if None.
        dtype: float16, float32 or float64.

    Raises:
        ValueError: A shape, seed, dtype or parameter is outside what is said above.
    """
    resolved = checked_dtype(dtype, GAMMA_DTYPES)
    rate = np.asarray(1 if beta is None else beta, resolved)
    alphas = np.asarray(np.asarray(alpha, resolved) + np.zeros_like(rate))
    unit = gamma_at(seed_position(seed), _leading(shape, alphas), alphas, resolved)
    return floored(unit / rate)


def stateless_poisson(shape: Shape, seed: Any, lam: Any, dtype: Any = np.int32) -> Array:
    """Return `tf.random.stateless_poisson`; `shape` ends with the shape of `lam`.

    Raises:
        ValueError: A shape, seed, dtype or rate is outside what is said above.
    """
    resolved = checked_dtype(dtype, POISSON_DTYPES)
    rates = np.asarray(lam)
    return poisson_at(seed_position(seed), _leading(shape, rates), rates, resolved)


def floored(gamma: Array) -> Array:
    """Lift gamma samples that came out as zero to the smallest normal number of their dtype."""
    return np.asarray(np.maximum(gamma, np.finfo(gamma.dtype).tiny))
