"""Poisson and binomial draws as PyTorch's CPU kernels make them, one element after the other.

Sources: W. Hoermann, "The transformed rejection method for generating Poisson random variables" (1993, PTRS)
and "The generation of binomial random variates" (1993, BTRS); D. Knuth, TAOCP 2, 3.4.1, for small means. Each
uniform takes two words of the stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .random_streams import Stream, narrowed

Array = npt.NDArray[Any]
Uniform = Callable[[], float]


def _uniform(stream: Stream) -> Uniform:
    unit = stream.unit64
    return lambda: float(unit(1)[0])


def _poisson(rate: float, uniform: Uniform) -> float:
    if not rate > 0:
        return 0.0
    if rate < 10:  # count uniforms until their product falls below exp(-rate)
        bound, product, count = math.exp(-rate), 1.0, 0
        while True:
            product *= uniform()
            if product <= bound:
                return float(count)
            count += 1
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= quick:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= (
            -rate + k * log_rate - math.lgamma(k + 1)
        ):
            return float(k)


def poisson(stream: Stream, rate: Array) -> Array:
    """Draw counts, each with its own mean, as `torch.poisson`.

    Args:
        stream: Where the uniforms come from.
        rate: Means, floating.

    Raises:
        RuntimeError: A mean is negative.
    """
    if (rate < 0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    uniform = _uniform(stream)
    counts = [_poisson(float(r), uniform) for r in rate.astype(np.float64).ravel()]
    return narrowed(np.array(counts, np.float64), rate.dtype).reshape(rate.shape)


# log(k!) less Stirling's formula without its tail, for k from 0 to 9.
_TAILS = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


# What PyTorch's kernel computes in the dtype and what in float64 follows C's promotion: a floating constant
# makes an expression float64, an integer one does not, and each result is rounded to the dtype. `f` rounds.
Rounding = Callable[[float], Any]


def _tail(k: Any, f: Rounding) -> Any:
    if k <= 9:
        return f(_TAILS[int(k)])
    square = f((k + 1) * (k + 1))
    return f((1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / float(square)) / float(square)) / float(k + 1))


def _binomial_waiting(count: Any, p: Any, uniform: Uniform, f: Rounding) -> Any:
    """Add up waiting times for a success until the trials are used up."""
    total, successes = f(0.0), 0
    log_q = np.log1p(-p)
    while True:
        u = f(uniform())
        total = total + (np.ceil(np.log(u) / log_q) if u > 0 else f(math.inf))
        if total > count:
            return successes
        successes += 1


def _binomial_rejection(count: Any, p: Any, uniform: Uniform, f: Rounding) -> Any:
    spread = np.sqrt(count * p * (1 - p))
    b = f(1.15 + 2.53 * float(spread))
    a = f(-0.0873 + 0.0248 * float(b) + 0.01 * float(p))
    c = f(float(count * p) + 0.5)
    quick = f(0.92 - 4.2 / float(b))
    odds = p / (1 - p)
    alpha = f((2.83 + 5.1 / float(b)) * float(spread))
    m = np.floor((count + 1) * p)
    while True:
        u, v = f(uniform() - 0.5), f(uniform())
        us = f(0.5 - float(abs(u)))
        k = np.floor((2 * a / us + b) * u + c)
        if k < 0 or k > count:
            continue
        if float(us) >= 0.07 and v <= quick:
            return k
        v = np.log(v * alpha / (a / (us * us) + b))
        bound = f(
            (float(m) + 0.5) * float(np.log((m + 1) / (odds * (count - m + 1))))
            + float((count + 1) * np.log((count - m + 1) / (count - k + 1)))
            + (float(k) + 0.5) * float(np.log(odds * (count - k + 1) / (k + 1)))
            + float(_tail(m, f)) + float(_tail(count - m, f))
            - float(_tail(k, f)) - float(_tail(count - k, f))
        )  # fmt: skip
        if v <= bound:
            return k


def _binomial(count: Any, p: Any, uniform: Uniform, f: Rounding) -> Any:
    if math.isnan(p) or math.isnan(count):
        return math.nan
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return count
    q = p if p <= 0.5 else 1 - p
    draw = _binomial_rejection if float(count * q) >= 10.0 else _binomial_waiting
    successes = draw(count, q, uniform, f)
    return successes if p <= 0.5 else count - successes


def binomial(stream: Stream, count: Array, p: Array) -> Array:
    """Draw numbers of successes, each element with its own trials and probability, as `torch.binomial`.

    Args:
        stream: Where the uniforms come from.
        count: Numbers of trials, floating.
        p: Probabilities of a success, of the same dtype; broadcast against `count`.
    """
    uniform = _uniform(stream)
    wide = np.dtype(np.float64 if count.dtype == np.float64 else np.float32)
    f = wide.type
    pairs = np.broadcast_arrays(count.astype(wide), p.astype(wide))
    drawn = [_binomial(n, q, uniform, f) for n, q in zip(*(x.ravel() for x in pairs), strict=True)]
    return narrowed(np.array(drawn, np.float64), count.dtype).reshape(pairs[0].shape)
