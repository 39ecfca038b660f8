"""Draws with parameters that may be tensors: coins, normal numbers, choices, counts.

What is drawn in the place of a recorded tensor, or with recorded parameters, is recorded too, and its gradient
is zero, as PyTorch's is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.batching import open_batches
from ..core.boxes import Box
from ..core.kinds import broadcast_shapes
from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..core.tracing import Traced, asked
from ..core.vocabulary import vocabulary
from ..ops.compare import lt
from ..ops.extrema import argmax
from ..ops.random import drawn_from
from ..ops.reduce import sum as total
from ..ops.scan import cumsum
from ..ops.sorting import argsort
from ..ops.views import narrow
from . import dtypes
from ._tensor import Tensor
from .arguments import (
    dtype_argument,
    integer,
    invalid_combination,
    known,
    number,
    tensor_argument,
)
from .batched_draws import by_examples, is_traced, memory_of
from .creation import finished
from .dtypes import NumpyDtype, scalar_name
from .filled import size_argument
from .generator import stream_of
from .random_counts import binomial as draw_binomial
from .random_counts import poisson as draw_poisson
from .random_dtypes import require_kernel
from .random_sampling import check_multinomial, race_times
from .random_sampling import multinomial as draw_multinomial
from .random_streams import Stream
from .registry import method, printed_as, store
from .sampling import Shape, made, scalar_of


@method()
@by_examples
def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Tensor:
    """Draw zeros and ones, of the probabilities in `input`, or all of the probability `p`.

    Raises:
        RuntimeError: A probability is not between 0 and 1.
        NotImplementedError: Not a floating dtype.
    """
    t = tensor_argument("bernoulli", input)
    stream = stream_of(generator, "bernoulli")
    if is_traced(t):
        return store(
            out, recorded("BernoulliBackward0", _traced_bernoulli(t, p, stream), t), "bernoulli"
        )
    probabilities = known("bernoulli", t)
    if p is not None:
        values = stream.bernoulli(
            probabilities.shape, probabilities.dtype, float(number("bernoulli", p, "p", 2))
        )
    else:
        values = stream.bernoulli_each(probabilities)
    return store(out, recorded("BernoulliBackward0", values, t), "bernoulli")


def _traced_bernoulli(t: Tensor, p: Any, stream: Stream) -> Any:
    shape, dtype = tuple(t.value.shape), t.value.dtype
    if p is not None:
        chance = float(number("bernoulli", p, "p", 2))
        return asked(lambda s: stream.bernoulli(s, dtype, chance), shape)
    return bernoulli_each(stream, t.value, shape, dtype)


def bernoulli_each(stream: Stream, p: Any, shape: Shape, dtype: NumpyDtype) -> Any:
    """`Stream.bernoulli_each` in a function being compiled, where the probabilities cannot be checked."""
    require_kernel("bernoulli_tensor_cpu_self_", dtype)
    require_kernel("bernoulli_tensor_cpu_p_", p.dtype)
    wide = p.dtype if p.dtype == np.float64 else np.dtype(np.float32)
    units = asked(lambda s: stream.uniform(s, wide), shape)
    return vocabulary.cast(lt(units, vocabulary.cast(p, wide)), dtype)


def recorded(name: str, values: Any, *parameters: Any) -> Tensor:
    """Draws as a tensor, recorded as having been drawn with those of the parameters that are tensors.

    Args:
        name: What PyTorch's node is called.
        values: The draws.
        parameters: What they were drawn with, or in the place of.
    """
    if not isinstance(values, Box):
        values = scalar_of(np.asarray(values))
    draw: Tensor = wrap(Tensor, values)  # type: ignore[assignment]
    mattering = [p for p in parameters if isinstance(p, CoreTensor) and _matters(p)]
    return printed_as(drawn_from(draw, *mattering), name)  # type: ignore[no-any-return]


def _matters(p: CoreTensor) -> bool:
    """Whether a derivative by `p` may be asked for."""
    return p.current_edge() is not None or (
        isinstance(p.value, Box) and not isinstance(p.value, Traced)
    )


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw normals of the given means and standard deviations, numbers or tensors that broadcast.

    Two numbers need a `size`.

    Raises:
        TypeError: Two numbers without a size.
        RuntimeError: A standard deviation is negative.
    """
    stream = stream_of(generator, "normal")
    by_mean, by_std = isinstance(mean, CoreTensor), isinstance(std, CoreTensor)
    if not (by_mean or by_std):
        if size is None:
            raise invalid_combination("normal", (mean, std))
        m, s = float(number("normal", mean, "mean", 1)), float(number("normal", std, "std", 2))
        shape = size_argument("normal", (size,), 3)
        d = dtypes.default_numpy if dtype is None else dtype_argument("normal", dtype)
        return made(shape, d, lambda sh, t: stream.normal(sh, t, m, s), out, requires_grad, device)
    return _normal_each(mean, std, stream, out)


@by_examples
def _normal_each(mean: Any, std: Any, stream: Stream, out: Any) -> Tensor:
    by_mean, by_std = isinstance(mean, CoreTensor), isinstance(std, CoreTensor)
    if is_traced(*[t for t in (mean, std) if isinstance(t, CoreTensor)]):
        values = _traced_normal(mean, std, stream)
        kind = (1 if not by_std else 3) if by_mean else 2
        given = [t for t in (mean, std) if isinstance(t, CoreTensor)]
        return store(out, recorded(f"NormalBackward{kind}", values, *given), "normal")
    means = known("normal", tensor_argument("normal", mean, "mean", 1)) if by_mean else None
    if not by_std:
        assert means is not None
        values = (
            stream.normal(means.shape, means.dtype, 0.0, float(number("normal", std, "std", 2)))
            + means
        )
        return store(out, recorded("NormalBackward1", values, mean), "normal")
    stds = known("normal", tensor_argument("normal", std, "std", 2))
    if stds.dtype.kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if (stds < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    if means is None:
        values = stream.normal(stds.shape, stds.dtype) * stds + stds.dtype.type(
            number("normal", mean, "mean", 1)
        )
    else:
        shape = broadcast_shapes("normal", means.shape, stds.shape)
        values = (stream.normal(shape, means.dtype) * stds + means).astype(means.dtype)
    return store(out, recorded(f"NormalBackward{3 if by_mean else 2}", values, mean, std), "normal")


def _traced_normal(mean: Any, std: Any, stream: Stream) -> Any:
    """`_normal_each` in a function being compiled, where the deviations cannot be checked."""
    m = mean.value if isinstance(mean, CoreTensor) else None
    s = std.value if isinstance(std, CoreTensor) else None
    if s is None:
        assert m is not None
        deviation, shape, d = float(number("normal", std, "std", 2)), tuple(m.shape), m.dtype
        return asked(lambda s: stream.normal(s, d, 0.0, deviation), shape) + m
    if s.dtype.kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if m is None:
        shape, d = tuple(s.shape), s.dtype
        return asked(lambda s: stream.normal(s, d), shape) * s + d.type(
            number("normal", mean, "mean", 1)
        )
    shape, d = broadcast_shapes("normal", tuple(m.shape), tuple(s.shape)), m.dtype
    return vocabulary.cast(
        asked(lambda s: stream.normal(s, d), shape) * vocabulary.cast(s, d) + m, d
    )


@method()
def multinomial(
    input: Any,
    num_samples: Any,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Any = None,
) -> Tensor:
    """Draw `num_samples` category numbers per row of weights, int64.

    Raises:
        RuntimeError: The weights make no distribution, or too many draws are asked of it.
    """
    t = tensor_argument("multinomial", input)
    count = integer("multinomial", num_samples, "num_samples", 2)
    stream = stream_of(generator, "multinomial")
    if open_batches.get():
        return _multinomial_each(t, count, replacement, stream)
    if out is not None and out.value.dtype != np.int64:
        raise RuntimeError(
            f"multinomial expects Long tensor out, got: {scalar_name(out.value.dtype)}"
        )
    if is_traced(t):
        return store(
            out, finished(_traced_multinomial(t, count, replacement, stream)), "multinomial"
        )
    return store(
        out,
        finished(draw_multinomial(stream, known("multinomial", t), count, replacement)),
        "multinomial",
    )


def _traced_multinomial(t: Tensor, count: int, replacement: bool, stream: Stream) -> Any:
    """`draw_multinomial` in a function being compiled, where the weights cannot be checked."""
    weights, memory = t.value, memory_of(t)
    shape, dtype = tuple(weights.shape), weights.dtype
    check_multinomial(shape, dtype, count, replacement)
    if math.prod(shape[:-1]) == 0:
        return np.empty((*shape[:-1], count), np.int64)
    last = len(shape) - 1
    if not replacement or count == 1:
        keys = weights / asked(lambda: race_times(stream, memory))
        if count == 1:
            return argmax(keys, last, True)
        return narrow(argsort(-keys, last), last, 0, count)
    wide = vocabulary.cast(weights, np.dtype(np.float64 if dtype == np.float64 else np.float32))
    ends = cumsum(wide, last)
    ends = ends / vocabulary.reshape(
        vocabulary.take_slice(ends, last, shape[-1] - 1), (*shape[:-1], 1)
    )
    places = asked(lambda s: stream.unit64(s[0]), (math.prod(shape[:-1]) * count,))
    beyond = lt(
        vocabulary.reshape(
            vocabulary.cast(ends, np.dtype(np.float64)), (*shape[:-1], 1, shape[-1])
        ),
        vocabulary.reshape(places, (*shape[:-1], count, 1)),
    )
    return total(vocabulary.cast(beyond, np.dtype(np.int64)), last + 1)


@by_examples
def _multinomial_each(t: Tensor, count: int, replacement: bool, stream: Stream) -> Tensor:
    weights = known("multinomial", t)
    rows = draw_multinomial(stream, weights.reshape(-1, weights.shape[-1]), count, replacement)
    return finished(rows.reshape(*weights.shape[:-1], count))


@by_examples
def poisson(input: Any, generator: Any = None) -> Tensor:
    """Draw Poisson counts with the means in `input`.

    Raises:
        RuntimeError: A mean is negative.
        NotImplementedError: Not a floating dtype.
    """
    t = tensor_argument("poisson", input)
    rates = known("poisson", t)
    if rates.dtype.kind in "biuc":
        raise NotImplementedError(
            f"\"poisson_cpu\" not implemented for '{scalar_name(rates.dtype)}'"
        )
    return recorded("PoissonBackward0", draw_poisson(stream_of(generator, "poisson"), rates), t)


@by_examples
def binomial(count: Any, prob: Any, generator: Any = None) -> Tensor:
    """Draw numbers of successes in `count` trials of probability `prob`, tensors that broadcast.

    Raises:
        ValueError: Not floating dtypes.
        RuntimeError: Different dtypes.
    """
    n, p = (
        tensor_argument("binomial", count, "count", 1),
        tensor_argument("binomial", prob, "prob", 2),
    )
    for name, t in (("count", n), ("prob", p)):
        if t.value.dtype.kind in "biuc":
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {scalar_name(t.value.dtype)}"
            )
    if n.value.dtype != p.value.dtype:
        raise RuntimeError(
            f"Found dtype {scalar_name(p.value.dtype)} but expected {scalar_name(n.value.dtype)}"
        )
    broadcast_shapes("binomial", tuple(n.value.shape), tuple(p.value.shape))
    values = draw_binomial(
        stream_of(generator, "binomial"), known("binomial", n), known("binomial", p)
    )
    return recorded("BinomialBackward0", values, n, p)


__all__ = ["bernoulli", "binomial", "multinomial", "normal", "poisson"]
